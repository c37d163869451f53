import QUnit from 'qunit';
import { codeOf, start } from '../fixture.js';
import { cookiesOf, visitsFixture, wireOf } from './visits.js';

const secondsOf = (cookie = '') => Number(/Max-Age=(\d+)/.exec(cookie)?.[1]);

QUnit.module('server/http/current-session, its id', () => {
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
});
