import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import session from 'express-session';
import QUnit from 'qunit';
import type { SessionStore } from '../../../src/server/core/store.js';
import { type ToExpressStoreOptions, toExpressStore } from '../../../src/server/stores/express-session.js';
import { memoryStore } from '../../../src/server/stores/memory.js';
import { simpleStore } from '../../../src/server/stores/simple.js';
import { codeOf, start } from '../fixture.js';
import { minimal } from './three-methods.js';

type Data = session.SessionData & { [key: string]: unknown };
type Request = IncomingMessage & { session: session.Session & { [key: string]: unknown }; sessionID: string };
type Handler = (request: Request, response: ServerResponse) => void | Promise<void>;

/** A session as express-session hands it to a store, whose cookie lasts so long from now. */
function data(maxAge: number | null, now: number, own: object = {}): Data {
  const expires = maxAge === null ? null : new Date(now + maxAge);
  return { cookie: { originalMaxAge: maxAge, expires, httpOnly: true, path: '/' }, ...own } as Data;
}

/** Our store as theirs, on a clock that the test moves, with promises in place of callbacks. */
function bridge(options: ToExpressStoreOptions = {}, store: SessionStore = memoryStore()) {
  const clock = { time: start };
  const theirs = toExpressStore(session, store, { sweepInterval: 0, now: () => clock.time, ...options });
  const call = <T>(work: (callback: (error: unknown, value?: T) => void) => void) =>
    new Promise<T | undefined>((resolve, reject) => {
      work((error, value) => (error ? reject(error) : resolve(value)));
    });
  return {
    clock,
    store,
    theirs,
    get: (sid: string) => call<unknown>((callback) => theirs.get(sid, callback)) as Promise<Data | undefined>,
    set: (sid: string, session: object) => call((callback) => theirs.set(sid, session as Data, callback)),
    touch: (sid: string, session: object) => call((callback) => theirs.touch(sid, session as Data, callback)),
    destroy: (sid: string) => call((callback) => theirs.destroy(sid, callback)),
    all: () => call<object>((callback) => theirs.all(callback as never)),
    length: () => call<number>((callback) => theirs.length(callback)),
    clear: () => call((callback) => theirs.clear(callback)),
    prune: () => call<number>((callback) => theirs.prune(callback)),
  };
}

/** The real middleware over a real server. `visit` is a browser: it keeps the cookie it was given. */
async function site(handlers: Record<string, Handler>, options: Partial<session.SessionOptions> = {}) {
  const store = memoryStore();
  const theirs = toExpressStore(session, store, { sweepInterval: 0 });
  const middleware = session({
    store: theirs,
    secret: 'a secret of the tests',
    resave: false,
    saveUninitialized: false,
    ...options,
  }) as unknown as (request: unknown, response: ServerResponse, next: (error?: unknown) => void) => void;
  const server = createServer((request, response) => {
    middleware(request, response, (error) => {
      if (error !== undefined) response.writeHead(500).end(String(error));
      else handlers[request.url ?? '']?.(request as Request, response);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const browser = () => {
    let cookie = '';
    return async (path: string) => {
      const headers = cookie === '' ? {} : { cookie };
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
      const given = response.headers.get('set-cookie');
      if (given !== null) cookie = given.split(';')[0] ?? '';
      return { status: response.status, text: await response.text(), given };
    };
  };
  const close = async () => {
    theirs.stop();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { store, theirs, browser, close };
}

async function onlyRecord(store: SessionStore) {
  for await (const record of store.all()) return record;
  return undefined;
}

/** express-session reads the clock twice for a lifetime, and loses what passes in between. */
const isAbout = (ms: number | undefined, lifetime: number) =>
  ms !== undefined && ms <= lifetime && ms > lifetime - 1000;

const count: Handler = ({ session }, response) => {
  session.visits = Number(session.visits ?? 0) + 1;
  response.end(String(session.visits));
};
const look: Handler = ({ session }, response) => void response.end(JSON.stringify(session.visits ?? null));

QUnit.module('server/stores/express-session, to', () => {
  QUnit.module('under the real middleware', () => {
    QUnit.test('keeps a session from request to request', async (assert) => {
      const { store, browser, close } = await site({ '/count': count, '/look': look });
      const [one, other] = [browser(), browser()];
      assert.deepEqual(
        [await one('/count'), await one('/count'), await other('/look')].map(({ text }) => text),
        ['1', '2', 'null'],
      );
      assert.equal(await store.count(Date.now()), 1);
      await close();
    });

    QUnit.test('moves the end on with each request, and writes no content for it', async (assert) => {
      const { store, browser, close } = await site(
        { '/count': count, '/look': look },
        { cookie: { maxAge: 60_000 } },
      );
      const visit = browser();
      await visit('/count');
      await visit('/look');
      const record = await onlyRecord(store);
      assert.equal(record?.version, 1);
      assert.true(isAbout(record?.timeToLive, 60_000));
      assert.equal(record?.expiresAt, (record?.lastAccess ?? 0) + (record?.timeToLive ?? 0));
      await close();
    });

    QUnit.test('keeps a lifetime that a handler gives to the cookie and nothing else', async (assert) => {
      const remember: Handler = ({ session }, response) => {
        session.cookie.maxAge = 900_000;
        response.end();
      };
      const { store, browser, close } = await site(
        { '/count': count, '/remember': remember, '/look': look },
        { cookie: { maxAge: 60_000 } },
      );
      const visit = browser();
      await visit('/count');
      await visit('/remember');
      assert.true(isAbout((await onlyRecord(store))?.timeToLive, 900_000));
      assert.equal((await visit('/look')).text, '1');
      const record = await onlyRecord(store);
      assert.equal(record?.expiresAt, (record?.lastAccess ?? 0) + (record?.timeToLive ?? 0));
      await close();
    });

    QUnit.test('begins anew after destroy and regenerate, under another id', async (assert) => {
      const ids: string[] = [];
      const { store, browser, close } = await site({
        '/count': (request, response) => {
          ids.push(request.sessionID);
          return count(request, response);
        },
        '/in': (request, response) => {
          request.session.regenerate(() => {
            (request.session as Request['session']).visits = 10;
            response.end();
          });
        },
        '/out': ({ session }, response) => void session.destroy(() => response.end()),
      });
      const visit = browser();
      await visit('/count');
      await visit('/in');
      assert.equal((await visit('/count')).text, '11');
      await visit('/out');
      assert.equal(await store.count(Date.now()), 0);
      assert.equal((await visit('/count')).text, '1');
      assert.equal(new Set(ids).size, 3);
      await close();
    });

    QUnit.test('revives a session that a slow request saves after it was destroyed', async (assert) => {
      // express-session's own rule: a set makes what is not there.
      let arrived = () => {};
      let release = () => {};
      const inside = new Promise<void>((resolve) => {
        arrived = resolve;
      });
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      const { store, browser, close } = await site({
        '/count': count,
        '/slow': async (request, response) => {
          arrived();
          await released;
          await count(request, response);
        },
        '/out': ({ session }, response) => void session.destroy(() => response.end()),
      });
      const visit = browser();
      await visit('/count');
      const late = visit('/slow');
      await inside;
      await visit('/out');
      assert.equal(await store.count(Date.now()), 0);
      release();
      await late;
      assert.equal(await store.count(Date.now()), 1);
      await close();
    });

    QUnit.test('reports a store that fails to the application', async (assert) => {
      const broken = { ...memoryStore(), get: () => Promise.reject(new Error('down')) };
      const down = toExpressStore(session, broken, { sweepInterval: 0 });
      const { theirs, browser, close } = await site({ '/look': look, '/count': count });
      const visit = browser();
      await visit('/count');
      theirs.get = down.get;
      assert.deepEqual(await visit('/look'), { status: 500, text: 'Error: down', given: null });
      await close();
    });
  });

  QUnit.test('is a Store with the methods of its class', (assert) => {
    const { theirs } = bridge();
    assert.true(theirs instanceof session.Store);
    assert.equal(typeof theirs.on, 'function');
    const typed: session.Store = theirs;
    assert.strictEqual(typed, theirs);
  });

  QUnit.test('gives back what was set, with the end of the cookie as it is now', async (assert) => {
    const { get, set, touch, clock } = bridge();
    await set('sid', data(60_000, clock.time, { user: { name: 'Ada' }, when: new Date(0) }));
    const first = await get('sid');
    assert.deepEqual(first, {
      user: { name: 'Ada' },
      when: '1970-01-01T00:00:00.000Z',
      cookie: {
        originalMaxAge: 60_000,
        expires: new Date(start + 60_000).toISOString(),
        httpOnly: true,
        path: '/',
      },
    } as never);
    clock.time += 5000;
    await touch('sid', data(60_000, clock.time));
    assert.equal((await get('sid'))?.cookie.expires, new Date(start + 65_000).toISOString());
    assert.deepEqual((await get('sid'))?.user, { name: 'Ada' }, 'and a touch changes nothing else');
  });

  QUnit.test('gives each caller a copy', async (assert) => {
    const { get, set } = bridge();
    await set('sid', data(60_000, start, { list: [1] }));
    Object.assign((await get('sid')) ?? {}, { list: 'changed' });
    assert.deepEqual((await get('sid'))?.list, [1]);
  });

  QUnit.test('finds nothing at the instant at which the cookie ends', async (assert) => {
    const { get, set, touch, length, all, clock } = bridge();
    await set('sid', data(1000, start));
    clock.time = start + 999;
    assert.equal((await get('sid'))?.cookie.originalMaxAge, 1000);
    clock.time = start + 1000;
    await touch('sid', data(1000, clock.time));
    assert.strictEqual(await get('sid'), undefined);
    assert.equal(await length(), 0);
    assert.deepEqual({ ...(await all()) }, {});
  });

  QUnit.test('sets a session over one that has expired, as a new one', async (assert) => {
    const { get, set, store, clock } = bridge();
    await set('sid', data(1000, start, { user: 'ada' }));
    clock.time += 5000;
    await set('sid', data(1000, clock.time, { user: 'bob' }));
    assert.equal((await get('sid'))?.user, 'bob');
    assert.equal((await store.get('sid'))?.created, start + 5000);
  });

  QUnit.test('lets the last of simultaneous writers win, and loses no session', async (assert) => {
    const { get, set, length } = bridge();
    await Promise.all(Array.from({ length: 10 }, (_, n) => set('sid', data(1000, start, { n }))));
    assert.equal(await length(), 1);
    assert.equal((await get('sid'))?.n, 9);
  });

  QUnit.test('creates with a set after a destroy, but not with a touch', async (assert) => {
    const { get, set, touch, destroy } = bridge();
    await set('sid', data(1000, start));
    await destroy('sid');
    await touch('sid', data(1000, start));
    assert.strictEqual(await get('sid'), undefined);
    await set('sid', data(1000, start, { back: true }));
    assert.true((await get('sid'))?.back);
    await destroy('sid');
    await destroy('sid');
  });

  QUnit.module('a cookie without a lifetime', () => {
    for (const [timeToLive, expiresAt] of [
      [undefined, start + 86_400_000],
      [5000, start + 5000],
      [0, Number.POSITIVE_INFINITY],
    ] as const) {
      QUnit.test(`lets the session live for timeToLive ${timeToLive}`, async (assert) => {
        const { get, set, touch, store } = bridge(timeToLive === undefined ? {} : { timeToLive });
        await set('sid', data(null, start));
        assert.equal((await store.get('sid'))?.expiresAt, expiresAt);
        await touch('sid', data(null, start));
        assert.equal((await store.get('sid'))?.version, 1);
        assert.strictEqual((await get('sid'))?.cookie.expires, null);
      });
    }
  });

  QUnit.module('a cookie', () => {
    for (const [name, cookie, expiresAt, timeToLive] of [
      ['with a date only', { expires: new Date(start + 700) }, start + 700, 700],
      ['with a text as its date', { expires: new Date(start + 700).toISOString() }, start + 700, 700],
      ['with maxAge only', { maxAge: 800.4 }, start + 800, 800],
      ['with a broken date', { expires: new Date(Number.NaN), originalMaxAge: null }, start + 5000, 5000],
      ['that is over at once', { expires: new Date(start), originalMaxAge: 0 }, start, 1],
    ] as const) {
      QUnit.test(`${name} says when the session ends`, async (assert) => {
        const { set, store } = bridge({ timeToLive: 5000 });
        await set('sid', { cookie });
        const record = await store.get('sid');
        assert.equal(record?.expiresAt, expiresAt);
        assert.equal(record?.timeToLive, timeToLive);
      });
    }

    QUnit.test(
      'that was changed is written with the touch, unless somebody saved meanwhile',
      async (assert) => {
        const { get, set, touch, store } = bridge();
        await set('sid', data(1000, start, { user: 'ada' }));
        await touch('sid', data(9000, start));
        assert.equal((await store.get('sid'))?.timeToLive, 9000);
        assert.equal((await get('sid'))?.user, 'ada');
        const both = [set('sid', data(7000, start, { user: 'bob' })), touch('sid', data(3000, start))];
        await Promise.all(both);
        assert.equal((await get('sid'))?.user, 'bob');
      },
    );

    QUnit.test('whose lifetime lost a moment to the clock is no changed cookie', async (assert) => {
      const { set, touch, store } = bridge();
      await set('sid', data(60_000, start));
      await touch('sid', data(59_001, start));
      assert.equal((await store.get('sid'))?.version, 1);
      await touch('sid', data(59_000, start));
      assert.equal((await store.get('sid'))?.version, 2);
    });

    QUnit.test('is what every session has', async (assert) => {
      const { set } = bridge();
      await assert.rejects(set('sid', { user: 'ada' }), TypeError);
    });
  });

  QUnit.test('spares touches that follow each other within touchInterval', async (assert) => {
    const { set, touch, store, clock } = bridge({ touchInterval: 100 });
    await set('sid', data(1000, start));
    for (const [after, lastAccess] of [
      [99, start],
      [100, start + 100],
      [150, start + 100],
    ] as const) {
      clock.time = start + after;
      await touch('sid', data(1000, clock.time));
      assert.equal((await store.get('sid'))?.lastAccess, lastAccess);
    }
  });

  QUnit.test('lists sessions by the user that uidOf finds', async (assert) => {
    const { set, store } = bridge({ uidOf: ({ user }) => (user as string | undefined) ?? null });
    await set('one', data(1000, start, { user: 'ada' }));
    await set('two', data(1000, start));
    assert.equal(await store.count(start, 'ada'), 1);
    await set('two', data(1000, start, { user: 'ada' }));
    assert.equal(await store.count(start, 'ada'), 2);
    await assert.rejects(set('two', data(1000, start, { user: '' })), TypeError);
  });

  QUnit.test('gives all by their ids, counts them and clears them', async (assert) => {
    const { set, all, length, clear } = bridge();
    for (let n = 0; n < 300; n += 1) await set(`s-${n}`, data(1000, start, { n }));
    await set('__proto__', data(1000, start, { n: 300 }));
    assert.equal(await length(), 301);
    const sessions = (await all()) as Record<string, Data>;
    assert.equal(Object.keys(sessions).length, 301);
    assert.equal(sessions['s-7']?.n, 7);
    assert.equal(Object.getOwnPropertyDescriptor(sessions, '__proto__')?.value.n, 300);
    await clear();
    assert.equal(await length(), 0);
  });

  QUnit.test('shows no record that is not of its kind', async (assert) => {
    const { get, all, touch, store } = bridge();
    await store.create({ ...(await recordOf()), id: 'other', data: { no: 'cookie' } });
    assert.strictEqual(await get('other'), undefined);
    await touch('other', data(1000, start));
    assert.deepEqual((await store.get('other'))?.data, { no: 'cookie' });
    assert.deepEqual({ ...(await all()) }, {});
  });

  QUnit.test('asks no store for an id that no session can have', async (assert) => {
    const { get, set, touch, destroy } = bridge();
    for (const id of ['', 'a b', 'é', 'x'.repeat(257)]) {
      assert.strictEqual(await get(id), undefined);
      await touch(id, data(1000, start));
      await destroy(id);
      assert.equal(await codeOf(() => set(id, data(1000, start))), 'session/not-found');
    }
  });

  QUnit.module('sweeping', () => {
    QUnit.test('ends what has expired, with prune', async (assert) => {
      const { set, prune, store, clock } = bridge();
      for (let n = 0; n < 600; n += 1) await set(`s-${n}`, data(n < 550 ? 1000 : 9000, start));
      clock.time += 1000;
      assert.equal(await prune(), 550);
      assert.equal(await store.count(0), 50);
    });

    QUnit.test('goes on from time to time until it is stopped, whatever fails', async (assert) => {
      const due: { work?: (() => void) | undefined; ms?: number } = {};
      const timers = {
        set: (work: () => void, ms: number) => Object.assign(due, { work, ms }),
        clear: () => Object.assign(due, { work: undefined }),
      };
      const failures: unknown[] = [];
      let sweeps = 0;
      const store: SessionStore = {
        ...memoryStore(),
        sweep: async () => {
          sweeps += 1;
          throw new Error('down');
        },
      };
      const { theirs } = bridge(
        { sweepInterval: 5000, timers, onError: (error) => void failures.push(error) },
        store,
      );
      assert.equal(due.ms, 5000);
      for (const round of [1, 2]) {
        const work = due.work;
        due.work = undefined;
        work?.();
        while (due.work === undefined) await new Promise((resolve) => setImmediate(resolve));
        assert.equal(sweeps, round);
        assert.equal(failures.length, round);
      }
      theirs.stop();
      assert.strictEqual(due.work, undefined);
    });

    QUnit.test('is refused for a store that cannot', async (assert) => {
      const make = () => toExpressStore(session, simpleStore(minimal()), { sweepInterval: 1000 });
      assert.equal(await codeOf(make), 'store/unsupported');
    });

    QUnit.test('is left out for a store that cannot', async (assert) => {
      const timers = {
        set: () => assert.true(false, 'no timer is set'),
        clear: () => undefined,
      };
      const theirs = toExpressStore(session, simpleStore(minimal()), { timers });
      theirs.stop();
      const failure = await new Promise((resolve) => theirs.prune(resolve));
      assert.equal((failure as { code?: string }).code, 'store/unsupported');
      const other = await new Promise((resolve) => theirs.length(resolve));
      assert.equal((other as { code?: string }).code, 'store/unsupported');
    });
  });

  QUnit.test('gives up on a store that neither updates nor creates', async (assert) => {
    const stuck: SessionStore = { ...memoryStore(), create: async () => false };
    const { set } = bridge({}, stuck);
    assert.equal(await codeOf(() => set('sid', data(1000, start))), 'session/busy');
  });

  QUnit.test('works without callbacks', async (assert) => {
    const { theirs, get } = bridge();
    const done = () => new Promise((resolve) => setImmediate(resolve));
    theirs.set('sid', data(1000, start) as never);
    await done();
    theirs.touch('sid', data(1000, start) as never);
    assert.equal((await get('sid'))?.cookie.originalMaxAge, 1000);
    theirs.destroy('sid');
    theirs.clear();
    await done();
    assert.strictEqual(await get('sid'), undefined);
  });

  for (const [name, options] of Object.entries({
    timeToLive: { timeToLive: -1 },
    touchInterval: { touchInterval: 0.5 },
    sweepInterval: { sweepInterval: 2 ** 31 },
    uidOf: { uidOf: 'user' },
    onError: { onError: 1 },
    now: { now: 0 },
  })) {
    QUnit.test(`refuses a bad ${name}`, async (assert) => {
      const make = () => toExpressStore(session, memoryStore(), options as never);
      assert.equal(await codeOf(make), 'config/invalid');
    });
  }

  QUnit.test('wants the module and one of our stores', async (assert) => {
    assert.equal(await codeOf(() => toExpressStore({} as never, memoryStore())), 'config/invalid');
    const theirs = new session.MemoryStore() as never;
    assert.equal(await codeOf(() => toExpressStore(session, theirs)), 'config/invalid');
  });
});

async function recordOf() {
  const { set, store } = bridge();
  await set('sid', data(1000, start));
  const record = await store.get('sid');
  if (record === undefined) throw new Error('There is no record.');
  return record;
}
