import makeSqliteStore from 'better-sqlite3-session-store';
import session from 'express-session';
import Database from 'libsql';
import makeMemoryStore from 'memorystore';
import QUnit from 'qunit';
import type { SessionStore, StoreFeature } from '../../../src/server/core/store.js';
import {
  type ExpressStore,
  type FromExpressStoreOptions,
  fromExpressStore,
} from '../../../src/server/stores/express-session.js';
import { storeConformance } from '../../../src/testing/store.js';
import { change, never, record, start } from '../../../src/testing/store-kit.js';
import { codeOf } from '../fixture.js';
import { conforms } from './conforms.js';

/** Without its timer, which nobody can stop. */
class SqliteStore extends makeSqliteStore(session) {
  override startInterval(): void {}
}

const MemoryStore = makeMemoryStore(session);

const foreign: Readonly<Record<string, () => ExpressStore>> = {
  'express-session MemoryStore': () => new session.MemoryStore(),
  memorystore: () => new MemoryStore({}),
  'better-sqlite3-session-store': () => new SqliteStore({ client: new Database(':memory:') }),
};

type Callback = (error?: unknown, value?: never) => void;
interface SetSession {
  readonly cookie: { readonly expires: Date; readonly maxAge: number; readonly originalMaxAge: number };
}

/** A store of three methods that a test can spoil. */
function scripted(own: Partial<Record<'get' | 'set' | 'destroy' | 'all', unknown>> = {}) {
  const kept = new Map<string, unknown>();
  const store = {
    get: (sid: string, callback: Callback) => callback(null, kept.get(sid) as never),
    set(sid: string, value: unknown, callback: Callback) {
      kept.set(sid, value);
      callback();
    },
    destroy(sid: string, callback: Callback) {
      kept.delete(sid);
      callback();
    },
    ...own,
  };
  return { kept, store: store as ExpressStore };
}

const cookieOf = (kept: Map<string, unknown>) => (kept.get('one') as SetSession).cookie;

QUnit.module('server/stores/express-session, from', () => {
  for (const [name, make] of Object.entries(foreign)) {
    let last = make();
    const options: FromExpressStoreOptions = { oneProcess: true };
    const first = () => {
      last = make();
      return fromExpressStore(last, options);
    };
    conforms(`${name} (in one process)`, first, { peer: () => fromExpressStore(last, options) });
  }

  const limited: readonly (readonly [string, () => SessionStore, readonly StoreFeature[]])[] = [
    [
      'a store of any number of processes',
      () => fromExpressStore(new session.MemoryStore()),
      ['atomic', 'ended', 'sweep'],
    ],
    [
      'a store without all',
      () => fromExpressStore(scripted().store),
      ['atomic', 'ended', 'sweep', 'list', 'count', 'all', 'clear'],
    ],
    [
      'a store without all in one process',
      () => fromExpressStore(scripted().store, { oneProcess: true }),
      ['ended', 'sweep', 'list', 'count', 'all', 'clear'],
    ],
  ];
  for (const [name, make, exceptions] of limited) {
    QUnit.module(`${name} conforms`, () => {
      for (const { name, run } of storeConformance(make, { exceptions })) {
        QUnit.test(name, async (assert) => {
          await run();
          assert.true(true);
        });
      }
    });
  }

  QUnit.module('how long the store keeps a session', () => {
    const now = () => 5_000_000;

    QUnit.test('is never less than it lives, in a store that cuts off seconds', async (assert) => {
      for (const life of [1, 999, 1000, 1001, 50_000]) {
        const { kept, store } = scripted();
        await fromExpressStore(store, { keepExpired: 0, now }).create(record({ expiresAt: start + life }));
        const { expires, maxAge, originalMaxAge } = cookieOf(kept);
        assert.equal(expires.getTime() - now(), maxAge);
        assert.equal(originalMaxAge, maxAge);
        assert.true(Math.floor(maxAge / 1000) * 1000 >= life, `${maxAge} for ${life}`);
        assert.true(maxAge < life + 2000, `${maxAge} for ${life}`);
      }
    });

    QUnit.test('goes on for keepExpired, an hour by default', async (assert) => {
      for (const [keepExpired, more] of [
        [0, 0],
        [7000, 7000],
        [undefined, 3_600_000],
      ] as const) {
        const { kept, store } = scripted();
        const options = keepExpired === undefined ? { now } : { keepExpired, now };
        await fromExpressStore(store, options).create(record());
        assert.equal(cookieOf(kept).maxAge, 50_000 + 1000 + more);
      }
    });

    QUnit.test('moves on with a touch and an update', async (assert) => {
      const { kept, store } = scripted();
      let time = 1_000_000;
      const bridge = fromExpressStore(store, { keepExpired: 0, now: () => time });
      await bridge.create(record());
      time += 20_000;
      await bridge.touch('one', start + 20_000);
      assert.equal(cookieOf(kept).expires.getTime(), time + 51_000);
      const longer = change(record(), { lastAccess: start + 30_000, expiresAt: start + 90_000 });
      await bridge.update('one', 1, longer, start + 30_000);
      assert.equal(cookieOf(kept).expires.getTime(), time + 61_000);
    });

    QUnit.test('is a hundred years for one that never ends', async (assert) => {
      const { kept, store } = scripted();
      const bridge = fromExpressStore(store, { now });
      await bridge.create(record({ timeToLive: 0, notAfter: never, expiresAt: never }));
      assert.equal(cookieOf(kept).maxAge, 100 * 365 * 86_400_000);
      assert.equal((await bridge.get('one'))?.expiresAt, never);
    });

    for (const keepExpired of [-1, 0.5, 366 * 86_400_000, '1']) {
      QUnit.test(`refuses keepExpired ${keepExpired}`, async (assert) => {
        const options = { keepExpired } as FromExpressStoreOptions;
        assert.equal(await codeOf(() => fromExpressStore(scripted().store, options)), 'config/invalid');
      });
    }
  });

  QUnit.test('finds nothing where the store dropped an expired session by itself', async (assert) => {
    const { kept, store } = scripted();
    const bridge = fromExpressStore(store);
    await bridge.create(record());
    kept.clear();
    assert.strictEqual(await bridge.get('one', start + 60_000), undefined);
    assert.equal(await bridge.touch('one', start + 60_000), 'missing');
    assert.equal((await bridge.update('one', 1, change(record()), start)).outcome, 'missing');
    assert.strictEqual(await bridge.destroy('one', 'revoked', start), undefined);
  });

  QUnit.module('whose callbacks', () => {
    const down = new Error('down');

    for (const [how, method] of Object.entries({
      'get an error': (...given: unknown[]) => (given.at(-1) as Callback)(down),
      'are not called because the method throws': () => {
        throw down;
      },
      'are not called because the method rejects': () => Promise.reject(down),
    })) {
      QUnit.test(`${how}: every call rejects`, async (assert) => {
        const { store } = scripted({ get: method, set: method, destroy: method, all: method });
        const bridge = fromExpressStore(store);
        const calls = [
          () => bridge.create(record()),
          () => bridge.get('one'),
          () => bridge.touch('one', start),
          () => bridge.update('one', 1, change(record()), start),
          () => bridge.destroy('one', 'revoked', start),
          () => bridge.count(start),
        ];
        for (const call of calls) await assert.rejects(call(), /down/);
      });
    }

    QUnit.test('are called twice: the first time counts', async (assert) => {
      const { store } = scripted({
        get: (_: string, callback: Callback) => {
          callback(null, undefined);
          callback(down);
        },
      });
      assert.strictEqual(await fromExpressStore(store).get('one'), undefined);
    });

    QUnit.test('are called and a promise rejects too: the callback counts', async (assert) => {
      const { store } = scripted({
        get: async (_: string, callback: Callback) => {
          callback(null, undefined);
          throw down;
        },
      });
      assert.strictEqual(await fromExpressStore(store).get('one'), undefined);
    });

    QUnit.test('get ENOENT, as of a store of files: there is no session', async (assert) => {
      const { store } = scripted({
        get: (_: string, callback: Callback) =>
          callback(Object.assign(new Error('no file'), { code: 'ENOENT' })),
      });
      assert.strictEqual(await fromExpressStore(store).get('one'), undefined);
    });
  });

  QUnit.test('reads sessions out of objects, JSON texts and rows', async (assert) => {
    const { kept, store } = scripted();
    await fromExpressStore(store).create(record());
    const object = kept.get('one');
    const text = JSON.stringify(object);
    for (const all of [[object], { one: object }, [text], [{ sid: 'one', sess: text }], [{ sess: object }]]) {
      const listing = { ...store, all: (callback: Callback) => callback(null, all as never) };
      const { records } = await fromExpressStore(listing).list('ada', start, 10);
      assert.deepEqual(records, [record()]);
    }
    const nothing = { ...store, all: (callback: Callback) => callback(null, null as never) };
    assert.equal(await fromExpressStore(nothing).count(start), 0);
  });

  QUnit.test('leaves the sessions of others alone', async (assert) => {
    const store = new session.MemoryStore();
    const theirs = { cookie: { originalMaxAge: null }, user: 'eve' } as unknown as session.SessionData;
    store.set('theirs', theirs);
    const bridge = fromExpressStore(store, { oneProcess: true });
    await bridge.create(record());
    await assert.rejects(bridge.get('theirs'), /not a session record/);
    assert.false(await bridge.create(record({ id: 'theirs' })));
    assert.equal(await bridge.count(start), 1);
    assert.equal(await bridge.clear(10, start), 1);
    const left = await new Promise((resolve) => store.all((_, sessions) => resolve(sessions)));
    assert.deepEqual({ ...(left as object) }, { theirs });
  });

  QUnit.test('refuses options that cannot be', async (assert) => {
    for (const options of [{ oneProcess: 'yes' }, { now: 0 }]) {
      const make = () => fromExpressStore(scripted().store, options as never);
      assert.equal(await codeOf(make), 'config/invalid');
    }
  });

  QUnit.test('refuses what is no store', async (assert) => {
    for (const what of [undefined, {}, { get() {}, set() {} }]) {
      assert.equal(await codeOf(() => fromExpressStore(what as never)), 'config/invalid');
    }
  });
});
