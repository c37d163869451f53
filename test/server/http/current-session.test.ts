import QUnit from 'qunit';
import { codeOf } from '../fixture.js';
import { type Data, settled, visitsFixture, wireOf } from './visits.js';

QUnit.module('server/http/current-session', () => {
  QUnit.module('what it shows', () => {
    QUnit.test('is nothing for a request that carries nothing, and no store is asked', async (assert) => {
      const { visit, calls } = visitsFixture();
      const { session, answer } = await visit();
      assert.deepEqual(
        [session.id, session.user, session.data, session.session, session.carrier],
        [undefined, null, undefined, undefined, undefined],
      );
      assert.equal(await codeOf(() => session.get()), 'token/missing');
      assert.deepEqual([calls, await answer()], [[], {}], 'S38');
    });

    QUnit.test('is the session, its user and how it came', async (assert) => {
      const { visit, sessions } = visitsFixture();
      const { id, wire } = await sessions.create({ a: 1 }, { id: 'ada', userData: { name: 'Ada' } });
      const { session } = await visit({ cookie: wire ?? '' });
      assert.deepEqual(
        [session.id, session.user, session.data, session.carrier, session.get().id],
        [id, { id: 'ada', userData: { name: 'Ada' } }, { a: 1 }, 'cookie', id],
      );
      assert.strictEqual(session.data, session.data);
      assert.strictEqual(session.get(), session.session);
    });

    QUnit.test('says why there is no session', async (assert) => {
      const { visit, begun, clock, sessions } = visitsFixture({ sessions: { timeToLive: 1000 } });
      const [ended, expired] = [await begun(), await begun()];
      await sessions.destroy(ended.id);
      assert.equal(
        await codeOf(async () => (await visit({ cookie: ended.wire })).session.get()),
        'session/not-found',
      );
      clock.time += 1000;
      const late = await visit({ cookie: expired.wire });
      assert.equal(await codeOf(() => late.session.get()), 'session/expired');
      assert.deepEqual([late.session.id, late.session.carrier], [undefined, 'cookie']);
    });

    for (const read of ['id', 'user', 'data', 'session', 'carrier'] as const) {
      QUnit.test(`S36 tells the host once that the answer depends on it: ${read}`, async (assert) => {
        const { visit, begun } = visitsFixture();
        const { session, seen } = await visit({ cookie: (await begun()).wire });
        assert.deepEqual(seen, { looked: 0, changed: 0 });
        assert.true(session[read] !== undefined);
        assert.true(session[read] !== undefined);
        assert.deepEqual(seen, { looked: 1, changed: 0 });
      });
    }

    for (const change of ['save', 'resave', 'destroy', 'logout'] as const) {
      QUnit.test(`tells the host once, and before it happens, that it changes: ${change}`, async (assert) => {
        const { visit, calls } = visitsFixture();
        const { session, seen } = await visit();
        const done = session[change]();
        assert.deepEqual([seen, calls.filter((call) => call !== 'create')], [{ looked: 1, changed: 1 }, []]);
        await done;
        await session[change]();
        assert.deepEqual(seen, { looked: 1, changed: 1 });
      });
    }
  });

  QUnit.module('save', () => {
    QUnit.test('FOXX-72 stores nothing that was not saved', async (assert) => {
      const { visit, begun, stored } = visitsFixture();
      const { id, wire } = await begun({ a: 1 });
      const { session, answer, seen } = await visit({ cookie: wire });
      Object.assign(session.data ?? {}, { a: 2 });
      assert.deepEqual([await answer(), await stored(id), seen.changed], [{}, { a: 1 }, 0]);
      await session.save();
      assert.deepEqual(await stored(id), { a: 2 });
    });

    QUnit.test('keeps a copy: what becomes of the object that was given does not matter', async (assert) => {
      const { visit, begun, stored } = visitsFixture();
      for (const cookie of [undefined, (await begun({ a: 0 })).wire]) {
        const { session } = await visit({ cookie });
        const given: Data = { a: 1 };
        const saved = session.save(given);
        given.a = 2;
        await saved;
        assert.deepEqual([session.data, await stored(session.id ?? '')], [{ a: 1 }, { a: 1 }]);
        given.a = 3;
        await session.save();
        assert.deepEqual(await stored(session.id ?? ''), { a: 1 });
      }
    });

    QUnit.test('begins and keeps a session with no data for undefined and null', async (assert) => {
      const { visit, stored } = visitsFixture();
      for (const data of [undefined, null] as unknown as readonly Data[]) {
        const { session } = await visit();
        await session.save(data);
        assert.deepEqual([session.data, await stored(session.id ?? '')], [{}, {}]);
        await session.save({ a: 1 });
        await session.save(data);
        assert.deepEqual(session.data, data === undefined ? { a: 1 } : {});
      }
    });

    for (const [what, data] of [
      ['what no JSON can hold', { a: 1n }],
      ['too much', { a: 'x'.repeat(300_000) }],
    ] as const) {
      QUnit.test(`V-47 refuses ${what}, and the data is what it was`, async (assert) => {
        const { visit, begun, stored } = visitsFixture();
        const { id, wire } = await begun({ a: 1 });
        const { session, answer } = await visit({ cookie: wire });
        const before = session.data;
        const failed = await session.save(data as unknown as Data).catch((error: unknown) => error);
        assert.true(failed instanceof Error);
        assert.strictEqual(session.data, before);
        assert.deepEqual([session.data, await stored(id)], [{ a: 1 }, { a: 1 }]);
        const again = await session.resave(data as unknown as Data).catch((error: unknown) => error);
        assert.true(again instanceof Error);
        assert.deepEqual(
          [session.id, await stored(id), await answer()],
          [id, { a: 1 }, {}],
          'nothing has ended',
        );
      });
    }

    QUnit.test('V-47 leaves what the handler put there while it failed', async (assert) => {
      const { visit, begun, broken } = visitsFixture();
      const { session } = await visit({ cookie: (await begun({ a: 1 })).wire });
      broken.add('update');
      const saved = session.save({ a: 2 });
      const other = { a: 3 };
      session.get().data = other;
      assert.equal(await codeOf(() => saved), 'store/unavailable');
      assert.strictEqual(session.data, other);
    });

    QUnit.test('can be tried again after it failed', async (assert) => {
      const { visit, begun, broken, stored } = visitsFixture();
      const { id, wire } = await begun({ a: 1 });
      const { session, answer } = await visit({ cookie: wire });
      broken.add('update');
      await session.save({ a: 2 }).catch(() => {});
      broken.clear();
      await session.save({ a: 3 });
      assert.deepEqual([await stored(id), session.data, await answer()], [{ a: 3 }, { a: 3 }, {}]);
    });

    QUnit.test('S20 revives no session that ended meanwhile, and sends no cookie', async (assert) => {
      const { visit, begun, sessions } = visitsFixture();
      const { id, wire } = await begun({ a: 1 });
      const { session, answer } = await visit({ cookie: wire });
      await sessions.destroy(id);
      for (const again of [1, 2]) {
        assert.equal(await codeOf(() => session.save({ a: again })), 'session/not-found');
        assert.equal(await codeOf(() => session.resave({ a: again })), 'session/not-found');
        assert.equal(await codeOf(() => session.resave(undefined, null)), 'session/not-found');
      }
      assert.deepEqual([await sessions.count(), await answer()], [0, {}]);
    });

    QUnit.test('S18 revives no session that expired meanwhile, and sends no cookie', async (assert) => {
      const { visit, begun, sessions, clock } = visitsFixture({ sessions: { timeToLive: 1000 } });
      const { session, answer } = await visit({ cookie: (await begun({ a: 1 })).wire });
      clock.time += 1000;
      assert.equal(await codeOf(() => session.save({ a: 2 })), 'session/expired');
      assert.equal(await codeOf(() => session.resave({ a: 2 })), 'session/expired');
      assert.deepEqual([await sessions.count(), await answer()], [0, {}]);
    });

    QUnit.test(
      'S20 sends no cookie for a session that it began and that ended before the answer',
      async (assert) => {
        const { visit, sessions } = visitsFixture();
        const { session, answer } = await visit();
        await session.save({ a: 1 });
        await sessions.destroy(session.id ?? '');
        assert.equal(await codeOf(() => session.save({ a: 2 })), 'session/not-found');
        assert.deepEqual(await answer(), {});
      },
    );
  });

  QUnit.module('the order of changes', () => {
    QUnit.test('is that of the calls, whether somebody waits or not', async (assert) => {
      const { visit, sessions } = visitsFixture();
      const { session, answer } = await visit();
      session.save({ a: 1 });
      session.resave({ a: 2 });
      session.logout();
      session.save({ a: 3 });
      assert.equal(session.id, undefined, 'not yet');
      const headers = await answer();
      assert.deepEqual([session.data, await sessions.count()], [{ a: 3 }, 1]);
      assert.equal(sessions.idOf(wireOf(headers)), session.id);
    });

    QUnit.test('goes on after one that fails', async (assert) => {
      const { visit, begun, broken, stored } = visitsFixture();
      const { id, wire } = await begun({ a: 1 });
      const { session } = await visit({ cookie: wire });
      broken.add('update');
      const first = session.save({ a: 2 });
      const second = first.catch(() => broken.clear());
      const third = second.then(() => session.save({ a: 3 }));
      await third;
      assert.deepEqual(await stored(id), { a: 3 });
    });

    QUnit.test('keeps the answer until the last is done', async (assert) => {
      const { session, pending } = await visitsFixture().visit();
      assert.equal(pending(), undefined);
      session.save({ a: 1 });
      const wait = pending();
      session.resave({ a: 2 });
      await wait;
      assert.deepEqual([pending(), session.data], [undefined, { a: 2 }]);
    });

    QUnit.test(
      'fails the answer with a change that nobody waited for, also long after it failed',
      async (assert) => {
        const { visit, broken } = visitsFixture();
        const { session, pending, answer } = await visit();
        broken.add('create');
        session.save({ a: 1 });
        await settled();
        assert.equal(await codeOf(() => pending()), 'store/unavailable');
        broken.clear();
        session.save({ a: 2 });
        assert.equal(await codeOf(answer), 'store/unavailable', 'a later one mends nothing');
      },
    );

    QUnit.test('leaves to the handler a failure that it hears of', async (assert) => {
      const { visit, broken } = visitsFixture();
      for (const hear of [
        async (saved: Promise<void>) => saved.catch(() => {}),
        async (saved: Promise<void>) => Promise.allSettled([saved]),
        async (saved: Promise<void>) => {
          try {
            await saved;
          } catch {}
        },
        // It may be late.
        async (saved: Promise<void>) => settled().then(() => saved.catch(() => {})),
      ]) {
        const { session, answer } = await visit();
        broken.add('create');
        await hear(session.save({ a: 1 }));
        broken.clear();
        assert.deepEqual(await answer(), {});
      }
    });

    QUnit.test('raises no unhandled rejection', async (assert) => {
      const { visit, broken } = visitsFixture();
      const unhandled: unknown[] = [];
      const listen = (error: unknown): void => void unhandled.push(error);
      process.on('unhandledRejection', listen);
      broken.add('create');
      const { session } = await visit();
      for (const change of [() => session.save(), () => session.resave(), () => session.save({ a: 1 })])
        change();
      await settled();
      process.off('unhandledRejection', listen);
      assert.deepEqual(unhandled, []);
    });
  });
});
