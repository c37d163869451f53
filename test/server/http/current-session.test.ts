import QUnit from 'qunit';
import { SessionError } from '../../../src/protocol/errors.js';
import { SessionExpired, SessionNotFound } from '../../../src/server/core/errors.js';
import { createSessionServer } from '../../../src/server/session-server.js';
import { codeOf, start } from '../fixture.js';
import { site } from './browser.js';
import { cookiesOf, type Data, requestOf, settled, visitsFixture, wireOf } from './visits.js';

const secondsOf = (cookie = '') => Number(/Max-Age=(\d+)/.exec(cookie)?.[1]);

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

  QUnit.module('resave', () => {
    QUnit.test('S11, S12 keeps data and user under a new id', async (assert) => {
      const { visit, sessions } = visitsFixture();
      const { id, wire } = await sessions.create({ a: 1 }, { id: 'ada', userData: { name: 'Ada' } });
      const { session, answer } = await visit({ cookie: wire ?? '' });
      await session.resave();
      assert.notEqual(session.id, id);
      assert.deepEqual([session.data, session.user], [{ a: 1 }, { id: 'ada', userData: { name: 'Ada' } }]);
      const next = await visit({ cookie: wireOf(await answer()) });
      assert.deepEqual([next.session.id, next.session.data], [session.id, { a: 1 }]);
      assert.equal(
        await codeOf(async () => (await visit({ cookie: wire ?? '' })).session.get()),
        'session/not-found',
      );
    });

    QUnit.test('takes what the handler changed and did not save', async (assert) => {
      const { visit, begun, stored } = visitsFixture();
      const { session } = await visit({ cookie: (await begun({ a: 1 })).wire });
      Object.assign(session.data ?? {}, { a: 2 });
      await session.resave();
      assert.deepEqual(await stored(session.id ?? ''), { a: 2 });
    });

    for (const [from, to, kept] of [
      [undefined, 'ada', true],
      ['ada', 'ada', true],
      ['ada', 'bob', false],
      ['ada', null, false],
      [undefined, null, true],
    ] as const) {
      QUnit.test(
        `${kept ? 'keeps' : 'drops'} the data from ${from ?? 'nobody'} to ${to ?? 'nobody'}`,
        async (assert) => {
          const { visit, sessions, stored } = visitsFixture();
          const { wire } = await sessions.create({ a: 1 }, from === undefined ? null : { id: from });
          const { session } = await visit({ cookie: wire ?? '' });
          await session.resave(undefined, to === null ? null : { id: to });
          assert.deepEqual(
            [session.user?.id, await stored(session.id ?? '')],
            [to ?? undefined, kept ? { a: 1 } : {}],
          );
          await session.resave({ b: 2 }, { id: 'eve' });
          assert.deepEqual([session.user?.id, session.data], ['eve', { b: 2 }], 'what is given, is kept');
        },
      );
    }

    QUnit.test(
      'S11 signs in where the session before is over, and brings nothing of it back',
      async (assert) => {
        const { visit, begun, sessions, clock } = visitsFixture({ sessions: { timeToLive: 1000 } });
        const [ended, expired] = [await begun({ cart: 1 }), await begun({ cart: 2 })];
        const later = () => {
          clock.time += 1000;
        };
        for (const [{ wire, id }, end] of [
          [ended, () => sessions.destroy(ended.id)],
          [expired, () => later()],
        ] as const) {
          const { session, answer } = await visit({ cookie: wire });
          await end();
          await session.resave(undefined, { id: 'ada' });
          assert.deepEqual([session.user?.id, session.data], ['ada', {}]);
          assert.notEqual(session.id, id);
          assert.equal(sessions.idOf(wireOf(await answer())), session.id);
        }
      },
    );

    QUnit.test('leaves no session behind when it is refused', async (assert) => {
      const { visit, begun, sessions, broken } = visitsFixture();
      const { id, wire } = await begun({ a: 1 });
      const { session } = await visit({ cookie: wire });
      await sessions.destroy(id);
      assert.equal(await codeOf(() => session.resave({ a: 2 })), 'session/not-found');
      assert.equal(await sessions.count(), 0);
      broken.add('destroy');
      assert.equal(await codeOf(() => session.resave({ a: 2 })), 'store/unavailable');
    });

    QUnit.test(
      'S15 gives whoever is signed in no more time, and whoever signs in the whole of it',
      async (assert) => {
        const { visit, sessions, clock } = visitsFixture({
          sessions: { ttlType: 'lastAccess', timeToLive: 60_000, absoluteTimeToLive: 100_000 },
        });
        const { wire } = await sessions.create({}, { id: 'ada' });
        let cookie = wire ?? '';
        for (let step = 0; step < 9; step += 1) {
          clock.time += 10_000;
          const { session, answer } = await visit({ cookie });
          await session.resave();
          const headers = await answer();
          cookie = wireOf(headers);
          assert.true(session.get().latestEnd <= start + 100_000, `${step}`);
          assert.true(session.get().latestEnd >= start + 99_990, `${step}`);
          assert.true(secondsOf(cookiesOf(headers)[0]) <= (start + 100_000 - clock.time) / 1000);
        }
        const { session } = await visit({ cookie });
        await session.resave({}, { id: 'ada' });
        assert.equal(session.get().latestEnd, clock.time + 100_000);
        clock.time += 10_000;
        assert.equal((await visit({ cookie })).session.id, undefined);
      },
    );

    QUnit.test('V-48 begins the time anew for a session that is nobody’s', async (assert) => {
      const { visit, begun, clock } = visitsFixture();
      const { wire } = await begun({ a: 1 });
      clock.time += 10_000;
      const { session } = await visit({ cookie: wire });
      await session.resave();
      assert.equal(session.get().created, clock.time);
      assert.equal(session.get().expiresAt, clock.time + 604_800_000);
    });
  });

  QUnit.module('destroy and logout', () => {
    QUnit.test('S19 ends the session first: when that fails, nothing is told', async (assert) => {
      const { visit, begun, broken, sessions } = visitsFixture();
      const { id, wire } = await begun({ a: 1 });
      for (const how of ['destroy', 'logout'] as const) {
        const { session, answer } = await visit({ cookie: wire });
        broken.add('destroy');
        assert.equal(await codeOf(() => session[how]()), 'store/unavailable');
        assert.deepEqual([session.id, await answer()], [id, {}]);
        broken.clear();
      }
      assert.equal(await sessions.count(), 1);
    });

    QUnit.test('V-51 what is saved afterwards begins another session', async (assert) => {
      const { visit, begun, sessions } = visitsFixture();
      const { id, wire } = await begun({ a: 1 });
      const { session, answer } = await visit({ cookie: wire });
      await session.destroy();
      assert.deepEqual([session.id, session.data, session.user], [undefined, undefined, null]);
      await session.save();
      assert.notEqual(session.id, id);
      assert.deepEqual([session.data, await sessions.count()], [{}, 1], 'without the old data');
      assert.equal(sessions.idOf(wireOf(await answer())), session.id);
    });

    QUnit.test('S38 a session that begins and ends within one request is told to nobody', async (assert) => {
      const { visit, sessions } = visitsFixture();
      const { session, answer } = await visit();
      await session.save({ a: 1 });
      await session.destroy();
      assert.deepEqual([await answer(), await sessions.count()], [{}, 0]);
    });

    QUnit.test('S37 makes the browser forget what it kept', async (assert) => {
      for (const [clearSiteData, expected] of [
        [undefined, '"cache"'],
        [['cookies', 'storage'], '"cookies", "storage"'],
        [[], undefined],
      ] as const) {
        const { visit } = visitsFixture({ server: clearSiteData === undefined ? {} : { clearSiteData } });
        const { session, answer } = await visit();
        await session.logout();
        assert.equal((await answer())['clear-site-data'], expected);
        await session.save({});
        assert.equal((await answer())['clear-site-data'], undefined, 'not with a new cookie');
      }
    });
  });

  QUnit.module('use', () => {
    QUnit.test('SC-01, SC-12 makes a session current, and tells the client', async (assert) => {
      const { visit, sessions } = visitsFixture();
      const created = await sessions.create({ a: 1 });
      const { session, answer, seen } = await visit();
      session.use(created);
      assert.strictEqual(session.get(), created);
      assert.equal(wireOf(await answer()), created.wire);
      assert.equal(seen.changed, 1);
      await session.save({ a: 2 });
      assert.deepEqual((await sessions.get(created.id)).data, { a: 2 });
    });

    QUnit.test('SC-12 refuses another while one is current', async (assert) => {
      const { visit, begun, sessions } = visitsFixture();
      const { id, wire } = await begun();
      const other = await sessions.create();
      const { session, answer } = await visit({ cookie: wire });
      assert.equal(await codeOf(() => session.use(other)), 'session/active');
      assert.deepEqual([session.id, await answer()], [id, {}]);
    });

    QUnit.test('SC-12, SC-50 takes the current one again, and tells nobody', async (assert) => {
      const { visit, begun, sessions } = visitsFixture();
      const { id, wire } = await begun();
      const { session, answer } = await visit({ cookie: wire });
      session.use(session.get());
      const copy = await sessions.get(id);
      session.use(copy);
      assert.strictEqual(session.get(), copy);
      assert.deepEqual(await answer(), {});
    });

    QUnit.test('SC-12 lets go of the current one, which lives on', async (assert) => {
      const { visit, begun, sessions } = visitsFixture();
      const { id, wire } = await begun({ a: 1 });
      const { session, answer } = await visit({ cookie: wire });
      session.use(null);
      assert.deepEqual([session.id, await codeOf(() => session.get())], [undefined, 'token/missing']);
      assert.deepEqual(await answer(), {});
      assert.deepEqual((await sessions.get(id)).data, { a: 1 });
      session.use(await sessions.create());
      assert.equal(cookiesOf(await answer()).length, 1);
    });

    QUnit.test('SC-50 tells nobody of a session that was let go', async (assert) => {
      const { visit, sessions } = visitsFixture();
      const { session, answer } = await visit();
      await session.save({ a: 1 });
      session.use(null);
      assert.deepEqual([await answer(), await sessions.count()], [{}, 1]);
    });

    QUnit.test('throws a TypeError for a session whose secret nobody knows', async (assert) => {
      const { visit, begun, sessions } = visitsFixture();
      const { session } = await visit();
      const found = await sessions.get((await begun()).id);
      assert.throws(() => session.use(found), TypeError);
      assert.equal(session.id, undefined);
    });

    QUnit.test('refuses to come between changes that go on', async (assert) => {
      const { visit, sessions } = visitsFixture();
      const created = await sessions.create();
      const { session, answer } = await visit();
      session.save({ a: 1 });
      assert.equal(await codeOf(() => session.use(created)), 'session/active');
      assert.equal(await codeOf(() => session.use(null)), 'session/active');
      assert.equal(sessions.idOf(wireOf(await answer())), session.id);
    });
  });

  QUnit.module('where no session may be told of', () => {
    const foreign = { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } };

    QUnit.test('S46 none begins for a page of another site', async (assert) => {
      const { visit, sessions } = visitsFixture();
      const { session, answer } = await visit(foreign);
      for (const change of [() => session.save({}), () => session.resave({}, { id: 'ada' })]) {
        assert.equal(await codeOf(change), 'request/origin');
      }
      const created = await sessions.create();
      assert.equal(await codeOf(() => session.use(created)), 'request/origin');
      assert.deepEqual([await sessions.count(), await answer()], [1, {}]);
    });

    QUnit.test('S46 no pre-session begins there, and the request goes on', async (assert) => {
      const { visit, sessions } = visitsFixture({ server: { saveUninitialized: true } });
      assert.equal((await visit(foreign)).session.id, undefined);
      assert.equal((await visit({ method: 'OPTIONS' })).session.id, undefined, 'a preflight keeps no cookie');
      assert.equal(await sessions.count(), 0);
    });

    QUnit.test(
      'S41 none begins where its Secure cookie would get lost, and the message says what to do',
      async (assert) => {
        const { visit, sessions, begun } = visitsFixture();
        const { wire } = await begun({ a: 1 });
        const { session } = await visit({ secure: false });
        const error = await session.save({}).catch((caught: unknown) => caught);
        assert.true(
          error instanceof SessionError && error.code === 'config/insecure' && error.status === 500,
        );
        assert.true(/https.*proxies.*cookie\.secure/s.test(String(error)), String(error));
        const signedIn = await visit({ secure: false, cookie: wire });
        assert.equal(await codeOf(() => signedIn.session.resave()), 'config/insecure');
        assert.equal(
          await codeOf(() => signedIn.session.save({ a: 2 })),
          'no error',
          'an old one is only saved',
        );
        assert.equal(await sessions.count(), 1);
      },
    );

    QUnit.test('none begins when the head of the answer is gone already', async (assert) => {
      const { visit, begun, sessions } = visitsFixture();
      let isSent = false;
      const sent = () => isSent;
      const old = await begun({ a: 1 });
      const [first, known] = [await visit({ sent }), await visit({ sent, cookie: old.wire })];
      isSent = true;
      for (const change of [() => first.session.save({ a: 1 }), () => known.session.resave({ a: 2 })]) {
        assert.equal(await codeOf(change), 'server/failed');
      }
      await known.session.save({ a: 3 });
      assert.deepEqual([known.session.id, known.session.data, await sessions.count()], [old.id, { a: 3 }, 1]);
      await known.session.logout();
      assert.equal(await sessions.count(), 0, 'S19 a sign-out ends it all the same');
    });
  });

  QUnit.module('current()', () => {
    const ambient = { server: { ambient: true } };

    QUnit.test(
      'SC-12 is the session of the running handler, across waits, one for each request',
      async (assert) => {
        const { visit, begun, server } = visitsFixture(ambient);
        const ids: string[] = [];
        const visits = await Promise.all(
          Array.from({ length: 20 }, async () => {
            const { id, wire } = await begun();
            ids.push(id);
            return visit({ cookie: wire });
          }),
        );
        const seen = await Promise.all(
          visits.map(({ session }) =>
            server.run(session, async () => {
              const early = server.current();
              await settled();
              await session.save({ a: 1 });
              await new Promise<void>((resolve) => process.nextTick(resolve));
              return [early, server.current()];
            }),
          ),
        );
        assert.deepEqual(
          seen.map(([early, late]) => early === late && early?.id),
          visits.map(({ session }) => session.id),
        );
        assert.equal(server.current(), undefined, 'outside of a handler');
      },
    );

    QUnit.test('SC-12 is another one after use', async (assert) => {
      const { visit, sessions, server } = visitsFixture(ambient);
      const { session } = await visit();
      await server.run(session, async () => {
        assert.equal(server.current()?.id, undefined);
        server.current()?.use(await sessions.create({ a: 1 }));
        assert.deepEqual(server.current()?.data, { a: 1 });
        server.current()?.use(null);
        assert.equal(server.current()?.id, undefined);
      });
    });

    QUnit.test('throws config/invalid unless it was asked for', async (assert) => {
      const { server } = visitsFixture();
      assert.equal(await codeOf(() => server.current()), 'config/invalid');
      assert.equal(
        server.run(await server.open(requestOf({})), () => 1),
        1,
      );
    });

    QUnit.test('SC-12 is there in handlers of a real server, in parallel requests', async (assert) => {
      const { server, begun } = visitsFixture({ server: { ambient: true, cookie: { secure: false } } });
      const host = await site(
        server,
        async ({ session }, response) => {
          await settled();
          response.end(`${server.current() === session} ${server.current()?.data?.n}`);
        },
        'http://app.example',
      );
      const answers = await Promise.all(
        Array.from({ length: 10 }, async (_, n) => {
          const { ask, put } = host.browser();
          await put(`session=${(await begun({ n })).wire}; Path=/`);
          return (await ask('/')).text;
        }),
      );
      assert.deepEqual(
        answers,
        Array.from({ length: 10 }, (_, n) => `true ${n}`),
      );
      await host.close();
    });
  });

  QUnit.module('on a real server', () => {
    QUnit.test('answers with the failure of a save that the handler did not wait for', async (assert) => {
      const { server, broken } = visitsFixture({ server: { cookie: { secure: false } } });
      const host = await site(
        server,
        async ({ session, url }, response) => {
          session.save({ a: 1 });
          if (url === '/late') await settled();
          response.end('saved');
        },
        'http://app.example',
      );
      broken.add('create');
      for (const url of ['/at-once', '/late']) {
        const { status, text, setCookies } = await host.browser().ask(url);
        assert.deepEqual([status, JSON.parse(text).code, setCookies], [503, 'store/unavailable', []], url);
      }
      broken.clear();
      const { status, text, setCookies } = await host.browser().ask('/late');
      assert.deepEqual([status, text, setCookies.length], [200, 'saved', 1]);
      await host.close();
    });

    QUnit.test('has the session that authenticate saved and did not wait for', async (assert) => {
      const { sessions } = visitsFixture();
      const server = createSessionServer<Data>({
        sessions,
        cookie: { secure: false },
        authenticate(_, current) {
          current.save({ before: 1 });
          return { id: 'ada', data: { a: 1 } };
        },
      });
      const answer = await server.handle({
        ...requestOf({ method: 'POST', url: '/session', headers: { 'content-type': 'application/json' } }),
        body: async () => Buffer.from('{"username":"ada","password":"x"}'),
      });
      assert.equal(answer.status, 201);
      assert.equal(await sessions.count(), 1);
      assert.deepEqual((await sessions.get(sessions.idOf(wireOf(answer.headers)) ?? '')).data, { a: 1 });
    });
  });

  QUnit.test('SessionExpired and SessionNotFound are what get throws', async (assert) => {
    const { visit, begun, clock } = visitsFixture({ sessions: { timeToLive: 10 } });
    const { wire } = await begun();
    clock.time += 10;
    const { session } = await visit({ cookie: wire });
    assert.throws(() => session.get(), SessionExpired);
    await session.logout();
    assert.throws(() => session.get(), SessionNotFound);
  });
});
