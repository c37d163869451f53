import QUnit from 'qunit';
import { SessionNotFound } from '../../../src/server/core/errors.js';
import { createListeners } from '../../../src/server/core/listeners.js';
import { createSessions } from '../../../src/server/core/sessions.js';
import type { SessionsOptions } from '../../../src/server/core/sessions-options.js';
import { createRoutes } from '../../../src/server/http/routes.js';
import { starcounter } from '../../../src/server/presets.js';
import { memoryStore } from '../../../src/server/stores/memory.js';
import { simpleStore } from '../../../src/server/stores/simple.js';
import { codeOf, testClock } from '../fixture.js';
import { watchedStore } from '../http/visits.js';
import { minimal } from '../stores/three-methods.js';

type Data = { [key: string]: number };

function fixture(options: Partial<SessionsOptions> = {}) {
  const clock = testClock();
  const { store, calls, broken } = watchedStore(options.store ?? memoryStore());
  const failures: unknown[] = [];
  const all: SessionsOptions = {
    timeToLive: 10_000,
    ttlType: 'lastAccess',
    sweepInterval: 0,
    now: clock.now,
    onError: (error) => failures.push(error),
    ...options,
    store,
  };
  return {
    clock,
    store,
    calls,
    broken,
    failures,
    sessions: createSessions<Data>(all),
    other: createSessions<Data>(all),
  };
}

QUnit.module('server/core: what live sessions build on', () => {
  QUnit.module('peek', () => {
    QUnit.test('gives a session, and is no access', async (assert) => {
      const { sessions, clock } = fixture();
      const { id, lastAccess, expiresAt } = await sessions.create({ a: 1 });
      clock.time += 5000;
      const seen = await sessions.peek(id);
      assert.deepEqual([seen?.data, seen?.lastAccess, seen?.expiresAt], [{ a: 1 }, lastAccess, expiresAt]);
      assert.equal((await sessions.peek(id))?.lastAccess, lastAccess);
    });

    QUnit.test('gives nothing for what has expired, and does not end it', async (assert) => {
      const { sessions, clock, store } = fixture({ onExpiredRead: 'purge' });
      const { id } = await sessions.create();
      clock.time += 9999;
      assert.equal((await sessions.peek(id))?.id, id);
      clock.time += 1;
      assert.equal(await sessions.peek(id), undefined);
      assert.notEqual(await store.get(id), undefined);
    });

    QUnit.test('gives nothing for what is no id, without asking the store', async (assert) => {
      const { sessions, calls } = fixture();
      for (const id of ['', 'ü', 'x'.repeat(257), 5 as never])
        assert.equal(await sessions.peek(id), undefined);
      assert.deepEqual(calls, []);
      assert.equal(await sessions.peek('nobody'), undefined);
    });

    QUnit.test('rejects with store/unavailable', async (assert) => {
      const { sessions, broken } = fixture();
      broken.add('get');
      assert.equal(await codeOf(() => sessions.peek('nobody')), 'store/unavailable');
    });
  });

  QUnit.module('onSave', () => {
    QUnit.test(
      'hears of each save of this process, while the session is in use, and not of others',
      async (assert) => {
        const { sessions, other } = fixture();
        const heard: unknown[] = [];
        const stop = sessions.onSave((saved) => {
          heard.push([saved.id === session.id, saved.data, saved.version, sessions.exclusive.size]);
        });
        const session = await sessions.create({ a: 1 });
        assert.deepEqual(heard, [], 'a new one is no save');
        session.data.a = 2;
        await session.save();
        await session.touch();
        const theirs = await other.get(session.id);
        await theirs.save();
        assert.deepEqual(heard, [[true, { a: 2 }, 2, 1]]);
        stop();
        await session.save();
        assert.equal(heard.length, 1);
      },
    );

    QUnit.test('hears what was stored, with what was merged in, and each its own copy', async (assert) => {
      const { sessions, other } = fixture();
      const session = await sessions.create({ a: 1 });
      const theirs = await other.get(session.id);
      theirs.data.b = 1;
      await theirs.save();
      const heard: unknown[] = [];
      for (let listener = 0; listener < 2; listener += 1) {
        sessions.onSave((saved) => {
          heard.push({ ...saved.data });
          saved.data.c = 3;
        });
      }
      session.data.a = 2;
      await session.save();
      assert.deepEqual(heard, [
        { a: 2, b: 1 },
        { a: 2, b: 1 },
      ]);
      assert.deepEqual(session.data, { a: 2, b: 1 });
    });

    QUnit.test('does not hear of a save that failed', async (assert) => {
      const { sessions, broken } = fixture();
      const session = await sessions.create();
      let heard = 0;
      sessions.onSave(() => {
        heard += 1;
      });
      broken.add('update');
      await assert.rejects(session.save());
      broken.clear();
      await session.delete();
      await assert.rejects(session.save());
      assert.equal(heard, 0);
    });

    QUnit.test('keeps what a listener throws from the save and from the others', async (assert) => {
      const { sessions, failures } = fixture();
      const session = await sessions.create();
      const heard: string[] = [];
      sessions.onSave(() => {
        throw new Error('no');
      });
      sessions.onSave(() => void heard.push('second'));
      await session.save();
      assert.deepEqual([heard, failures.map(String)], [['second'], ['Error: no']]);
    });
  });

  QUnit.module('save with access: false', () => {
    QUnit.test('is no access: the end does not move', async (assert) => {
      const { sessions, clock } = fixture();
      const session = await sessions.create({ a: 1 });
      const { lastAccess, expiresAt } = session;
      clock.time += 5000;
      session.data.a = 2;
      await session.save({ access: false });
      const after = await sessions.peek(session.id);
      assert.deepEqual(
        [after?.data, after?.lastAccess, after?.lastUpdate, after?.expiresAt],
        [{ a: 2 }, lastAccess, clock.time, expiresAt],
      );
      await session.save();
      assert.equal((await sessions.peek(session.id))?.expiresAt, clock.time + 10_000);
    });

    QUnit.test('moves an end that counts from updates', async (assert) => {
      const { sessions, clock } = fixture({ ttlType: 'lastUpdate' });
      const session = await sessions.create();
      clock.time += 5000;
      await session.save({ access: false });
      assert.equal(session.expiresAt, clock.time + 10_000);
    });
  });

  QUnit.module('save with conflicts', () => {
    QUnit.test('goes before the option of all sessions', async (assert) => {
      for (const [conflicts, own, code, data] of [
        ['last-writer-wins', 'merge', 'no error', { a: 1, b: 1, c: 1 }],
        ['merge', 'reject', 'session/conflict', { a: 1, b: 1 }],
        ['reject', 'last-writer-wins', 'no error', { a: 1, c: 1 }],
      ] as const) {
        const { sessions, other } = fixture({ conflicts });
        const session = await sessions.create({ a: 1 });
        const theirs = await other.get(session.id);
        theirs.data.b = 1;
        await theirs.save();
        session.data.c = 1;
        assert.equal(await codeOf(() => session.save({ conflicts: own })), code);
        assert.deepEqual((await sessions.peek(session.id))?.data, data);
      }
    });
  });

  QUnit.module('hearEnds', () => {
    QUnit.test('tells here what ended in another process, once', async (assert) => {
      const { sessions, other, calls } = fixture();
      const session = await sessions.create();
      const log: string[] = [];
      await session.onDestroy(({ reason }) => void log.push(reason));
      await sessions.hearEnds();
      await other.destroy(session.id, 'reuse');
      assert.deepEqual(log, []);
      await sessions.hearEnds();
      await sessions.hearEnds();
      assert.deepEqual(log, ['reuse']);
      assert.ok(calls.length);
    });

    QUnit.test('does not reject when the store is away', async (assert) => {
      const { sessions, failures, store } = fixture();
      const session = await sessions.create();
      await session.onDestroy(() => undefined);
      const { since } = store.ended;
      store.ended.since = () => Promise.reject(new Error('away'));
      await sessions.hearEnds();
      store.ended.since = since;
      assert.deepEqual(failures.length, 1);
    });
  });

  QUnit.module('what takes a destroy callback back', () => {
    QUnit.test('takes back that one, once', async (assert) => {
      const { sessions } = fixture();
      const session = await sessions.create();
      const log: string[] = [];
      const same = () => void log.push('same');
      const takeBack = await session.onDestroy(same);
      await session.onDestroy(same);
      await session.onDestroy(() => void log.push('other'));
      takeBack();
      takeBack();
      await session.delete();
      assert.deepEqual(log, ['same', 'other']);
      takeBack();
    });

    QUnit.test('may be called by the callback itself: those after it are called', async (assert) => {
      const { sessions } = fixture();
      const session = await sessions.create();
      const log: string[] = [];
      const takeBack = await session.onDestroy(() => {
        takeBack();
        log.push('first');
      });
      await session.onDestroy(() => void log.push('second'));
      await session.delete();
      assert.deepEqual(log, ['first', 'second']);
    });

    QUnit.test('leaves nobody waiting: then no end is asked for', async (assert) => {
      const { sessions, store } = fixture();
      let asked = 0;
      const { since } = store.ended;
      store.ended.since = (...all) => {
        asked += 1;
        return since.apply(store.ended, all);
      };
      const session = await sessions.create();
      const takeBack = await session.onDestroy(() => undefined);
      await sessions.hearEnds();
      const before = asked;
      takeBack();
      await sessions.hearEnds();
      assert.equal(asked, before);
    });

    QUnit.test('is not needed after a store that was away: the callback is not kept', async (assert) => {
      const { sessions, broken } = fixture();
      const session = await sessions.create();
      const log: string[] = [];
      broken.add('get');
      assert.equal(await codeOf(() => session.onDestroy(() => void log.push('lost'))), 'store/unavailable');
      broken.clear();
      await session.onDestroy(() => void log.push('kept'));
      await session.delete();
      assert.deepEqual(log, ['kept']);
      const late = await session.onDestroy(() => undefined).catch((error) => error);
      assert.true(late instanceof SessionNotFound);
    });
  });

  QUnit.test('isHeld says whether this is within a use of an id', async (assert) => {
    const { sessions } = fixture();
    const { exclusive } = sessions;
    await exclusive.run('a', async () => {
      assert.deepEqual([exclusive.isHeld('a'), exclusive.isHeld('b')], [true, false]);
      await exclusive.run('b', async () =>
        assert.deepEqual([exclusive.isHeld('a'), exclusive.isHeld('b')], [true, true]),
      );
      await undefined;
      assert.true(exclusive.isHeld('a'));
    });
    assert.false(exclusive.isHeld('a'));
  });

  QUnit.test('supports says what the store can do', (assert) => {
    assert.true(fixture().sessions.supports('ended'));
    const few = createSessions({ store: simpleStore(minimal()), sweepInterval: 0 });
    assert.deepEqual([few.supports('ended'), few.supports('all')], [false, false]);
  });

  QUnit.module('tick (SC-07)', () => {
    const minute = 60_000;

    QUnit.test(
      'a session is over with the first tick that is more than its time after that of its last use',
      async (assert) => {
        const { sessions, clock } = fixture({ ...starcounter, sweepInterval: 0, timeToLive: 2 * minute });
        const whole = Math.ceil(clock.time / minute) * minute;
        for (const used of [0, 1, 59_999]) {
          clock.time = whole + used;
          const { id, created } = await sessions.create();
          assert.equal(created, whole, 'times are those of the tick');
          clock.time = whole + 3 * minute - 1;
          assert.notEqual(await sessions.peek(id), undefined, `${used}`);
          clock.time = whole + 3 * minute;
          assert.equal(await sessions.peek(id), undefined, `${used}`);
        }
      },
    );

    QUnit.test('with 0 it is over with the next tick, and not never', async (assert) => {
      const { sessions, clock } = fixture({ ...starcounter, sweepInterval: 0, timeToLive: 0 });
      const whole = Math.ceil(clock.time / minute) * minute;
      clock.time = whole + 10;
      const session = await sessions.create();
      assert.equal(session.timeToLive, 0);
      clock.time = whole + minute - 1;
      assert.notEqual(await sessions.peek(session.id), undefined);
      clock.time = whole + minute;
      assert.equal(await sessions.peek(session.id), undefined);
    });

    QUnit.test('is refused together with validAtExpiry, and out of range', async (assert) => {
      for (const options of [
        { tick: minute, validAtExpiry: true },
        { tick: -1 },
        { tick: 2 ** 31 },
        { tick: 0.5 },
      ]) {
        assert.equal(await codeOf(() => fixture(options)), 'config/invalid');
      }
    });
  });

  QUnit.module('listeners', () => {
    QUnit.test('are told in their order, each what was made for it', (assert) => {
      const { add, tell } = createListeners<{ n: number }>(() => undefined);
      const heard: unknown[] = [];
      add((one) => heard.push(one));
      const stop = add((two) => heard.push(two));
      tell(() => ({ n: 1 }));
      assert.deepEqual([heard, heard[0] === heard[1]], [[{ n: 1 }, { n: 1 }], false]);
      stop();
      stop();
      tell(() => ({ n: 2 }));
      assert.equal(heard.length, 3);
    });

    QUnit.test('may be the same function twice, and leave one by one', (assert) => {
      const { add, tell } = createListeners<number>(() => undefined);
      let heard = 0;
      const same = () => {
        heard += 1;
      };
      const stop = add(same);
      add(same);
      stop();
      tell(() => 1);
      assert.equal(heard, 1);
    });
  });

  QUnit.module('routes with /*', () => {
    QUnit.test('lead to all below, as it came, after paths and names', (assert) => {
      const routes = createRoutes([
        ['/a/*', 'below'],
        ['/a/exact', 'exact'],
        ['/a/b/:id', 'named'],
      ]);
      const found = (url: string) => {
        const route = routes.find(url);
        return route && `${route.resource} ${route.name}`;
      };
      assert.deepEqual(
        ['/a/x', '/a/x/y%20z?q=/1', '/a/exact', '/a/b/c%20d', '/a/b/c/d', '/a/', '/a', '/b/x'].map(found),
        ['below x', 'below x/y%20z', 'exact ', 'named c d', 'below b/c/d', undefined, undefined, undefined],
      );
    });

    QUnit.test('are refused twice', async (assert) => {
      for (const pattern of ['/a/*', '/a/:id', '/a']) {
        const twice = [
          [pattern, 1],
          [pattern, 2],
        ] as const;
        assert.equal(await codeOf(() => createRoutes(twice)), 'config/invalid');
      }
      assert.ok(
        createRoutes([
          ['/a/*', 1],
          ['/a/:id', 2],
          ['/a', 3],
        ]),
      );
    });
  });
});
