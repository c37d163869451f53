import { inspect } from 'node:util';
import QUnit from 'qunit';
import { SessionError } from '../../../src/protocol/errors.js';
import { SessionExpired, SessionNotFound } from '../../../src/server/core/errors.js';
import { createSessions, type SessionsOptions } from '../../../src/server/core/sessions.js';
import type { SessionStore } from '../../../src/server/core/store.js';
import { memoryStore } from '../../../src/server/stores/memory.js';
import { codeOf, start, testClock } from '../fixture.js';

const week = 604_800_000;

function fixture(options: Partial<SessionsOptions> = {}) {
  const clock = testClock();
  const store = options.store ?? memoryStore();
  return { clock, store, sessions: createSessions({ store, now: clock.now, ...options }) };
}

QUnit.module('server/core/sessions', () => {
  QUnit.module('create', () => {
    QUnit.test('FOXX-21 stores a session at once, all three times the same instant', async (assert) => {
      const { sessions, store } = fixture();
      const session = await sessions.create();
      assert.deepEqual([session.created, session.lastAccess, session.lastUpdate], [start, start, start]);
      assert.deepEqual([session.data, session.userData, session.version], [{}, {}, 1]);
      assert.equal((await store.get(session.id))?.id, session.id);
    });

    QUnit.test('FOXX-22 knows no user unless it is told one', async (assert) => {
      const { sessions } = fixture();
      assert.strictEqual((await sessions.create()).uid, null);
      const session = await sessions.create({}, { id: 'ada', userData: { name: 'Ada' } });
      assert.deepEqual([session.uid, session.userData], ['ada', { name: 'Ada' }]);
    });

    QUnit.test('FOXX-01 gives a session one week from its creation', async (assert) => {
      const { sessions } = fixture();
      assert.equal((await sessions.create()).expiresAt, start + week);
    });

    QUnit.test('FOXX-02 gives a session without timeToLive no end', async (assert) => {
      const { sessions, clock } = fixture({ timeToLive: 0 });
      const session = await sessions.create();
      assert.equal(session.expiresAt, Number.POSITIVE_INFINITY);
      assert.strictEqual(session.toJSON().expiresAt, null);
      clock.time += 1000 * week;
      assert.equal((await sessions.get(session.id)).id, session.id);
    });

    QUnit.test('S7 keeps the secret that travels out of the store and out of print', async (assert) => {
      const { sessions, store } = fixture();
      const session = await sessions.create();
      const wire = session.wire ?? 'none';
      assert.equal(wire.length, 43);
      const printed = JSON.stringify([session, await store.get(session.id)]) + inspect(session, { depth: 9 });
      assert.false(printed.includes(wire));
      assert.strictEqual((await sessions.get(session.id)).wire, undefined);
      assert.equal(await codeOf(() => sessions.get(wire)), 'session/not-found');
    });

    QUnit.test('S5 takes over no session when an id is taken', async (assert) => {
      const ids = { issue: () => ({ wire: 'w', id: 'same' }), read: () => undefined };
      const { sessions } = fixture({ ids });
      await sessions.create({ first: true });
      assert.equal(await codeOf(() => sessions.create({ second: true })), 'server/failed');
      assert.deepEqual((await sessions.get('same')).data, { first: true });
    });
  });

  QUnit.module('get', () => {
    QUnit.test('FOXX-44 tells a session that expired from one that never was', async (assert) => {
      const { sessions, clock } = fixture({ timeToLive: 1000 });
      const { id } = await sessions.create();
      clock.time += 1000;
      await assert.rejects(sessions.get(id), (error: unknown) => error instanceof SessionExpired);
      await assert.rejects(
        sessions.get('unknown'),
        (error: unknown) => error instanceof SessionNotFound && !(error instanceof SessionExpired),
      );
    });

    for (const [offset, code] of [
      [-1, 'no error'],
      [0, 'session/expired'],
      [1, 'session/expired'],
    ] as const) {
      QUnit.test(`FOXX-57 judges a session ${offset} ms from its end: ${code}`, async (assert) => {
        const { sessions, clock } = fixture({ timeToLive: 1000 });
        const { id } = await sessions.create();
        clock.time += 1000 + offset;
        assert.equal(await codeOf(() => sessions.get(id)), code);
      });
    }

    QUnit.test(
      'FOXX-24 moves lastAccess in the store and on the session, and no other time',
      async (assert) => {
        const { sessions, store, clock } = fixture();
        const { id } = await sessions.create();
        clock.time += 5;
        const session = await sessions.get(id);
        assert.deepEqual(
          [session.lastAccess, session.created, session.lastUpdate],
          [start + 5, start, start],
        );
        assert.equal((await store.get(id))?.lastAccess, start + 5);
      },
    );

    QUnit.test('FOXX-24 slides the end while lastAccess counts', async (assert) => {
      const { sessions, clock } = fixture({ timeToLive: 1000, ttlType: 'lastAccess' });
      const { id } = await sessions.create();
      for (let i = 0; i < 5; i += 1) {
        clock.time += 999;
        assert.equal((await sessions.get(id)).expiresAt, clock.time + 1000);
      }
    });

    QUnit.test('FOXX-25, S17 judges before it touches: idle past the limit stays expired', async (assert) => {
      const { sessions, clock } = fixture({ timeToLive: 1000, ttlType: 'lastAccess' });
      const { id } = await sessions.create();
      clock.time += 1000;
      assert.equal(await codeOf(() => sessions.get(id)), 'session/expired');
      assert.equal(await codeOf(() => sessions.get(id)), 'session/expired');
    });

    QUnit.test('S15 ends a busy session at the absolute limit', async (assert) => {
      const { sessions, clock } = fixture({
        timeToLive: 1000,
        ttlType: 'lastAccess',
        absoluteTimeToLive: 2500,
      });
      const { id } = await sessions.create();
      for (const at of [900, 1800, 2499]) {
        clock.time = start + at;
        await sessions.get(id);
      }
      clock.time = start + 2500;
      assert.equal(await codeOf(() => sessions.get(id)), 'session/expired');
    });

    QUnit.test('FOXX-30 leaves an expired record where it is', async (assert) => {
      const { sessions, store, clock } = fixture({ timeToLive: 1000 });
      const { id } = await sessions.create();
      clock.time += 2000;
      await codeOf(() => sessions.get(id));
      assert.equal((await store.get(id))?.id, id);
      assert.equal(await sessions.count(), 0);
    });

    QUnit.test('S6 asks no store for what cannot be an id', async (assert) => {
      const asked: string[] = [];
      const store: SessionStore = { ...memoryStore(), get: async (id) => void asked.push(id) };
      const { sessions } = fixture({ store });
      for (const id of ['', 'x'.repeat(257), undefined, null, 7, {}, ['x']]) {
        assert.equal(await codeOf(() => sessions.get(id as string)), 'session/not-found');
        assert.equal(await codeOf(() => sessions.delete(id as string)), 'session/not-found');
      }
      assert.deepEqual(asked, []);
    });

    QUnit.test('gives each caller a copy of its own', async (assert) => {
      const { sessions } = fixture();
      const { id } = await sessions.create({ cart: { items: 1 } });
      const [mine, other] = [await sessions.get(id), await sessions.get(id)];
      mine.data = { ...mine.data, cart: 'mine' };
      assert.deepEqual(other.data, { cart: { items: 1 } });
    });
  });

  QUnit.module('save', () => {
    QUnit.test(
      'FOXX-26 replaces the content, moves both times and gives the session itself',
      async (assert) => {
        const { sessions, clock } = fixture();
        const session = await sessions.create({ old: 1 });
        clock.time += 7;
        session.data = { fresh: 2 };
        session.uid = 'ada';
        session.labels = { device: 'phone' };
        assert.strictEqual(await session.save(), session);
        assert.deepEqual(
          [session.lastAccess, session.lastUpdate, session.created],
          [start + 7, start + 7, start],
        );
        const read = await sessions.get(session.id);
        assert.deepEqual([read.data, read.uid, read.labels], [{ fresh: 2 }, 'ada', { device: 'phone' }]);
        assert.equal(read.version, 2);
      },
    );

    QUnit.test('saves what was changed in place', async (assert) => {
      const clock = testClock();
      const sessions = createSessions<{ list: number[] }>({ store: memoryStore(), now: clock.now });
      const session = await sessions.get((await sessions.create({ list: [1] })).id);
      session.data.list.push(2);
      await session.save();
      assert.deepEqual((await sessions.get(session.id)).data, { list: [1, 2] });
    });

    QUnit.test('refuses to overwrite what somebody else saved', async (assert) => {
      const { sessions } = fixture();
      const { id } = await sessions.create();
      const [first, second] = [await sessions.get(id), await sessions.get(id)];
      first.data = { by: 'first' };
      second.data = { by: 'second' };
      await first.save();
      assert.equal(await codeOf(() => second.save()), 'session/conflict');
      assert.deepEqual((await sessions.get(id)).data, { by: 'first' });
    });

    QUnit.test('lets a touch between reading and saving pass', async (assert) => {
      const { sessions } = fixture();
      const session = await sessions.create();
      await sessions.get(session.id);
      assert.equal(await codeOf(() => session.save()), 'no error');
    });

    QUnit.test('FOXX-27, S18, S20 revives no session that is over', async (assert) => {
      const { sessions, clock } = fixture({ timeToLive: 1000 });
      const [deleted, expired] = [await sessions.create(), await sessions.create()];
      await sessions.delete(deleted.id);
      assert.equal(await codeOf(() => deleted.save()), 'session/not-found');
      clock.time += 1000;
      assert.equal(await codeOf(() => expired.save()), 'session/expired');
      assert.equal(await sessions.count(), 0);
    });

    QUnit.test('FOXX-04 moves the end where lastUpdate counts, up to the absolute limit', async (assert) => {
      const { sessions, clock } = fixture({
        timeToLive: 1000,
        ttlType: 'lastUpdate',
        absoluteTimeToLive: 1800,
      });
      const session = await sessions.create();
      clock.time = start + 700;
      assert.equal((await sessions.get(session.id)).expiresAt, start + 1000);
      assert.equal((await session.save()).expiresAt, start + 1700);
      clock.time = start + 1600;
      assert.equal((await session.save()).expiresAt, start + 1800);
    });
  });

  QUnit.module('delete', () => {
    QUnit.test('FOXX-50 gives null once, and then there is no such session', async (assert) => {
      const { sessions } = fixture();
      const { id } = await sessions.create();
      assert.strictEqual(await sessions.delete(id), null);
      assert.equal(await codeOf(() => sessions.delete(id)), 'session/not-found');
      assert.equal(await codeOf(() => sessions.get(id)), 'session/not-found');
    });

    QUnit.test('FOXX-50 deletes an expired session too', async (assert) => {
      const { sessions, clock } = fixture({ timeToLive: 1000 });
      const { id } = await sessions.create();
      clock.time += 5000;
      assert.strictEqual(await sessions.delete(id), null);
    });

    QUnit.test('FOXX-51 says on the session whether it was still there', async (assert) => {
      const { sessions } = fixture();
      const session = await sessions.create();
      assert.true(await session.delete());
      assert.false(await session.delete());
    });
  });

  QUnit.module('the store', () => {
    QUnit.test(
      'S76 turns each of its failures into store/unavailable and keeps the cause',
      async (assert) => {
        const cause = new Error('connection refused');
        const fail = () => Promise.reject(cause);
        const working = memoryStore();
        const session = await fixture({ store: working }).sessions.create();
        const store = { create: fail, get: fail, update: fail, destroy: fail, count: fail, close: fail };
        const { sessions } = fixture({ store });
        for (const work of [
          () => sessions.create(),
          () => sessions.get(session.id),
          () => sessions.delete(session.id),
          () => sessions.count(),
          () => sessions.close(),
        ]) {
          assert.equal(await codeOf(work), 'store/unavailable');
        }
        await assert.rejects(
          sessions.count(),
          (error: unknown) => error instanceof SessionError && error.cause === cause,
        );
      },
    );
  });

  QUnit.module('options', () => {
    for (const [option, value] of [
      ['timeToLive', -1],
      ['timeToLive', 1.5],
      ['timeToLive', Number.NaN],
      ['timeToLive', '1000'],
      ['absoluteTimeToLive', -1],
      ['absoluteTimeToLive', Number.POSITIVE_INFINITY],
      ['ttlType', 'bogus'],
      ['ttlType', 'toString'],
      ['store', undefined],
    ] as const) {
      QUnit.test(`refuses ${option} ${String(value)} and names it`, (assert) => {
        const options = { store: memoryStore(), [option]: value } as unknown as SessionsOptions;
        assert.throws(
          () => createSessions(options),
          (error: unknown) =>
            error instanceof SessionError &&
            error.code === 'config/invalid' &&
            error.message.includes(option),
        );
      });
    }
  });
});
