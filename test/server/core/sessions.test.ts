import { inspect } from 'node:util';
import QUnit from 'qunit';
import { SessionError } from '../../../src/protocol/errors.js';
import type { Json } from '../../../src/protocol/messages.js';
import { SessionExpired, SessionNotFound } from '../../../src/server/core/errors.js';
import { createSessions, type Sessions } from '../../../src/server/core/sessions.js';
import type { SessionsOptions } from '../../../src/server/core/sessions-options.js';
import type { Labels, SessionStore } from '../../../src/server/core/store.js';
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
      const errors = [];
      for (const each of [id, 'unknown'])
        errors.push(await sessions.get(each).catch((error: unknown) => error));
      assert.true(errors[0] instanceof SessionExpired);
      assert.true(errors[1] instanceof SessionNotFound && !(errors[1] instanceof SessionExpired));
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

    QUnit.test('refuses to overwrite the key that somebody else saved', async (assert) => {
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
    QUnit.test('is closed once, however often the sessions are', async (assert) => {
      let closed = 0;
      const close = async () => {
        closed += 1;
      };
      const store = { ...memoryStore(), close };
      const { sessions } = fixture({ store });
      await Promise.all([sessions.close(), sessions.close()]);
      await sessions.close();
      assert.equal(closed, 1);
    });

    QUnit.test('gets no secrets that nobody uses', async (assert) => {
      const secrets = ['a secret of more than thirty-two bytes'];
      assert.equal(await codeOf(async () => fixture({ secrets })), 'config/invalid');
    });

    QUnit.test(
      'S76 turns each of its failures into store/unavailable and keeps the cause',
      async (assert) => {
        const cause = new Error('connection refused');
        const fail = () => Promise.reject(cause);
        const working = memoryStore();
        const session = await fixture({ store: working }).sessions.create();
        const store = { ...working, create: fail, get: fail, destroy: fail, count: fail, close: fail };
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
        const error = await sessions.count().catch((error: unknown) => error);
        assert.true(error instanceof SessionError && error.cause === cause);
      },
    );
  });

  QUnit.module('find', () => {
    QUnit.test(
      'V-21 gives the session, or undefined where get throws, and lets failures through',
      async (assert) => {
        const { sessions, clock } = fixture({ timeToLive: 1000 });
        const { id } = await sessions.create();
        assert.equal((await sessions.find(id))?.id, id);
        assert.strictEqual(await sessions.find('unknown'), undefined);
        clock.time += 1000;
        assert.strictEqual(await sessions.find(id), undefined);
        const down = { ...memoryStore(), get: () => Promise.reject(new Error('down')) };
        assert.equal(await codeOf(() => fixture({ store: down }).sessions.find(id)), 'store/unavailable');
      },
    );
  });

  QUnit.module('lifetimes', () => {
    QUnit.test('gives a session a lifetime of its own', async (assert) => {
      const { sessions } = fixture({ ttlType: 'lastAccess' });
      const session = await sessions.create({}, null, { timeToLive: 50, absoluteTimeToLive: 70 });
      assert.deepEqual([session.timeToLive, session.expiresAt], [50, start + 50]);
      assert.equal((await sessions.create({}, null, { timeToLive: 0 })).expiresAt, Number.POSITIVE_INFINITY);
      assert.equal(await codeOf(() => sessions.create({}, null, { timeToLive: -1 })), 'config/invalid');
    });

    QUnit.test('changes the lifetime of a session with its next save', async (assert) => {
      const { sessions } = fixture({ absoluteTimeToLive: 5000 });
      const session = await sessions.create();
      session.timeToLive = 1000;
      assert.equal(session.getExpiry(), start + 1000);
      assert.equal(session.expiresAt, start + 5000, 'not before');
      await session.save();
      assert.equal((await sessions.get(session.id)).expiresAt, start + 1000);
      session.timeToLive = 0;
      assert.equal((await session.save()).expiresAt, start + 5000, 'the absolute limit stays');
    });

    QUnit.test('writes no access within touchInterval of the last', async (assert) => {
      const { sessions, store, clock } = fixture({ touchInterval: 100 });
      const { id } = await sessions.create();
      clock.time += 100;
      assert.equal((await sessions.get(id)).lastAccess, start);
      clock.time += 1;
      await sessions.get(id);
      assert.equal((await store.get(id))?.lastAccess, start + 101);
    });

    QUnit.test('S18 touches a session, and none that is over', async (assert) => {
      const { sessions, clock } = fixture({ ttlType: 'lastAccess', timeToLive: 1000 });
      const session = await sessions.create();
      clock.time += 900;
      assert.equal((await session.touch()).expiresAt, start + 1900);
      clock.time += 1000;
      assert.equal(await codeOf(() => session.touch()), 'session/expired');
      await session.delete();
      assert.equal(await codeOf(() => session.touch()), 'session/not-found');
    });

    QUnit.test('X-06 keeps what expired or ends it when it is read', async (assert) => {
      for (const [onExpiredRead, second] of [
        ['keep', 'session/expired'],
        ['purge', 'session/not-found'],
      ] as const) {
        const { sessions, clock } = fixture({ onExpiredRead, timeToLive: 1000 });
        const { id } = await sessions.create();
        clock.time += 1000;
        const codes = [await codeOf(() => sessions.get(id)), await codeOf(() => sessions.get(id))];
        assert.deepEqual(codes, ['session/expired', second]);
      }
    });
  });

  QUnit.module('labels', () => {
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`label-${index}`, 'x']));

    QUnit.test('keeps up to eight short texts', async (assert) => {
      const { sessions } = fixture();
      const { id } = await sessions.create({}, null, { labels: { ...many(7), device: 'x'.repeat(256) } });
      assert.equal(Object.keys((await sessions.get(id)).labels).length, 8);
    });

    for (const [what, labels] of [
      ['nine', many(9)],
      ['a long text', { device: 'x'.repeat(257) }],
      ['a long name', { ['x'.repeat(33)]: '' }],
      ['no name', { '': 'x' }],
      ['a number', { device: 7 }],
      ['null', null],
    ] as const) {
      QUnit.test(`refuses ${what}`, async (assert) => {
        const { sessions } = fixture();
        const session = await sessions.create();
        session.labels = labels as Labels;
        assert.true((await codeOf(() => session.save())).includes('TypeError'));
        const created = () => sessions.create({}, null, { labels: labels as unknown as Labels });
        if (labels !== null) assert.true((await codeOf(created)).includes('TypeError'));
      });
    }
  });

  QUnit.module('many sessions', () => {
    QUnit.test(
      'S15 counts a session as created when it is told so, and no later than now',
      async (assert) => {
        const clock = testClock();
        const sessions = createSessions({
          store: memoryStore(),
          timeToLive: 1000,
          absoluteTimeToLive: 5000,
          now: clock.now,
          sweepInterval: 0,
        });
        const session = await sessions.create({}, null, { created: start - 400 });
        assert.deepEqual(
          [session.created, session.lastAccess, session.expiresAt, session.absoluteTimeToLive],
          [start - 400, start, start + 600, 5000],
        );
        for (const created of [start + 1, -1, 0.5]) {
          assert.equal(await codeOf(() => sessions.create({}, null, { created })), 'config/invalid');
        }
      },
    );

    QUnit.test('S21 ends a session of the user that begins while the list is read', async (assert) => {
      const store = memoryStore();
      let late = 3;
      const sessions: Sessions = createSessions({
        store: {
          ...store,
          async list(uid, now, limit, after) {
            const page = await store.list(uid, now, limit, after);
            if (late > 0) await sessions.create({}, { id: uid });
            late -= 1;
            return page;
          },
        },
        sweepInterval: 0,
      });
      await sessions.create({}, { id: 'ada' });
      assert.equal(await sessions.destroyByUser('ada'), 4);
      assert.equal(await sessions.count('ada'), 0);
    });

    QUnit.test('S21 gives up with session/busy when there is no end of new ones', async (assert) => {
      const store = memoryStore();
      const sessions: Sessions = createSessions({
        store: {
          ...store,
          async list(uid, now, limit, after) {
            await sessions.create({}, { id: uid });
            return store.list(uid, now, limit, after);
          },
        },
        sweepInterval: 0,
      });
      assert.equal(await codeOf(() => sessions.destroyByUser('ada')), 'session/busy');
    });

    QUnit.test('S21, S22, S24 ends all sessions of a user, or all others', async (assert) => {
      const { sessions } = fixture();
      const [mine] = [await sessions.create({}, { id: 'ada' })];
      for (const id of ['ada', 'ada', 'bob']) await sessions.create({}, { id });
      await sessions.create();
      assert.deepEqual([await sessions.count('ada'), await sessions.count()], [3, 5]);
      assert.equal(await mine?.deleteOthers(), 2);
      assert.equal((await sessions.list('ada')).sessions[0]?.id, mine?.id);
      assert.equal(await sessions.destroyByUser('ada'), 1);
      assert.equal(await sessions.destroyByUser('ada'), 0);
      assert.equal(await sessions.count(), 2);
      assert.equal(await (await sessions.create()).deleteOthers(), 0, 'nobody has no others');
    });

    QUnit.test('lists a user’s sessions in pages, without an access', async (assert) => {
      const { sessions, clock } = fixture();
      for (let index = 0; index < 5; index += 1) await sessions.create({}, { id: 'ada' });
      clock.time += 50;
      const first = await sessions.list('ada', { limit: 3 });
      const second = await sessions.list('ada', { limit: 3, after: first.next ?? 'none' });
      const all = [...first.sessions, ...second.sessions];
      assert.equal(new Set(all.map(({ id }) => id)).size, 5);
      assert.true(all.every(({ lastAccess }) => lastAccess === start));
      assert.strictEqual(second.next, undefined);
      assert.equal(await codeOf(() => sessions.list('ada', { limit: 1001 })), 'config/invalid');
    });

    QUnit.test('V-28 goes through all sessions, expired ones too, and clears them', async (assert) => {
      const { sessions, clock } = fixture({ timeToLive: 1000 });
      for (let index = 0; index < 600; index += 1) await sessions.create({ index });
      clock.time += 1000;
      await sessions.create({ index: 600 });
      const seen: unknown[] = [];
      for await (const { data } of sessions.all()) seen.push(data.index);
      assert.equal(new Set(seen).size, 601);
      assert.equal(await sessions.clear(), 601);
      assert.equal(await sessions.clear(), 0);
    });

    QUnit.test('prunes what has expired, in batches', async (assert) => {
      const { sessions, clock } = fixture({ timeToLive: 1000 });
      for (let index = 0; index < 600; index += 1) await sessions.create();
      clock.time += 1000;
      const { id } = await sessions.create();
      assert.deepEqual([await sessions.prune(), await sessions.prune()], [600, 0]);
      assert.equal((await sessions.get(id)).id, id);
    });

    QUnit.test('V-27 destroys what is not there in silence', async (assert) => {
      const { sessions } = fixture();
      assert.false(await sessions.destroy('unknown'));
      assert.true(await sessions.destroy((await sessions.create()).id));
      assert.equal(await codeOf(() => sessions.destroy('x', 'bored' as 'idle')), 'config/invalid');
    });
  });

  QUnit.module('content', () => {
    QUnit.test('keeps no reference to the data it was created with', async (assert) => {
      const { sessions } = fixture();
      const data = { cart: [1] };
      const session = await sessions.create(data);
      data.cart.push(2);
      assert.deepEqual(session.data, { cart: [1] });
    });

    QUnit.test('says it plainly when no JSON can hold the data', async (assert) => {
      const { sessions } = fixture();
      const circle: { [key: string]: Json } = {};
      circle.self = circle;
      assert.true((await codeOf(() => sessions.create(circle))).includes('TypeError'));
      const session = await sessions.create();
      session.data = circle;
      assert.true((await codeOf(() => session.save())).includes('TypeError'));
      session.data = undefined as unknown as { [key: string]: Json };
      assert.deepEqual((await (await session.save()).touch()).data ?? {}, {});
    });
  });

  QUnit.module('a store that cannot do everything', () => {
    const refuse = () => Promise.reject(new SessionError('store/unsupported'));
    const poor: SessionStore = {
      ...memoryStore(),
      cannot: ['sweep', 'list', 'all', 'ended'],
      sweep: refuse,
      list: refuse,
    };

    QUnit.test('is enough to begin with', async (assert) => {
      const { sessions } = fixture({ store: poor });
      const { id } = await sessions.create();
      assert.equal((await sessions.get(id)).id, id);
      assert.deepEqual([sessions.supports('list'), sessions.supports('count')], [false, true]);
    });

    QUnit.test('is refused at once where an option needs more', async (assert) => {
      const code = await codeOf(() => fixture({ store: poor, sweepInterval: 1000 }));
      assert.equal(code, 'store/unsupported');
    });

    QUnit.test('says so when it is asked for more', async (assert) => {
      const { sessions } = fixture({ store: poor });
      const session = await sessions.create({}, { id: 'ada' });
      for (const work of [
        () => sessions.list('ada'),
        () => sessions.destroyByUser('ada'),
        () => sessions.prune(),
        () => sessions.onDestroy(() => undefined),
        () => session.onDestroy(() => undefined),
        () => sessions.all()[Symbol.asyncIterator]().next(),
      ]) {
        assert.equal(await codeOf(work), 'store/unsupported');
      }
    });
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
      ['validAtExpiry', 1],
      ['onExpiredRead', 'drop'],
      ['touchOnGet', 'yes'],
      ['touchInterval', -1],
      ['conflicts', 'ignore'],
      ['waitMs', Number.POSITIVE_INFINITY],
      ['sweepInterval', 2 ** 31],
      ['ids', {}],
      ['userIdFrom', 'id'],
      ['onError', 'log'],
      ['now', 1000],
      ['store', undefined],
      ['store', {}],
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
