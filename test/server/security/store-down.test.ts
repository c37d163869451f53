import QUnit from 'qunit';
import type { SessionStore } from '../../../src/server/core/store.js';
import type { HttpAnswer } from '../../../src/server/http/exchange.js';
import { memoryStore } from '../../../src/server/stores/memory.js';
import { handTimers } from '../core/hand-timers.js';
import { type Ask, bearer, bodyOf, cookieOf, watched } from './watched.js';

const writing: readonly string[] = ['create', 'update', 'touch', 'destroy', 'sweep', 'clear'];

type Fault = (call: string) => Promise<never> | undefined;

const hang = () => new Promise<never>(() => {});
const fail = () => Promise.reject(new Error('redis://user:hunter2@store'));

const faults: readonly (readonly [string, Fault])[] = [
  ['hangs', hang],
  ['fails', fail],
  ['answers reads and hangs in writes', (call) => (writing.includes(call) ? hang() : undefined)],
  ['answers reads and fails in writes', (call) => (writing.includes(call) ? fail() : undefined)],
];

/** A store that can be cut off. */
function fragileStore() {
  const inner = memoryStore();
  const state: { fault: Fault | undefined } = { fault: undefined };
  const store: SessionStore = new Proxy(inner, {
    get(target, name: string) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => state.fault?.(name) ?? Reflect.apply(value, target, args);
    },
  });
  return { store, state, inner };
}

async function fixture(signInBy: 'token' | 'carriers') {
  const { store, state, inner } = fragileStore();
  const { timers, waiting, fire } = handTimers();
  const parts = watched({
    store,
    sessions: { timers, storeDeadline: 700, touchOnGet: false },
    server: { signInBy, dataAccess: 'read-write', requireIfMatch: false, healthUrl: '/health' },
  });
  const answer = await parts.signIn();
  const proof: { readonly [name: string]: string } =
    signInBy === 'token'
      ? bearer(bodyOf(answer).token)
      : { cookie: `__Host-session=${cookieOf(answer)}`, origin: 'https://app.example' };

  /** What becomes of it when every deadline passes, one after the other; how many passed. */
  async function outlast<T>(work: Promise<T>): Promise<{ readonly result: T; readonly deadlines: number[] }> {
    let result: { readonly value: T } | undefined;
    work.then((value) => {
      result = { value };
    });
    const deadlines: number[] = [];
    for (let turn = 0; turn < 20; turn += 1) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (result !== undefined) return { result: result.value, deadlines };
      deadlines.push(...[...waiting.values()].map(({ ms }) => ms));
      fire();
    }
    throw new Error('No deadline helps.');
  }
  return { ...parts, state, inner, proof, outlast, waiting, id: bodyOf(answer).session.id as string };
}

const json = { 'content-type': 'application/json' };
/** Whether it needs a write: then it fails where reads work, too. */
const requests: readonly (readonly [
  method: string,
  url: string,
  ask: Pick<Ask, 'headers' | 'body'>,
  writes: boolean,
])[] = [
  ['GET', '/session', {}, false],
  ['HEAD', '/session', {}, false],
  ['DELETE', '/session', {}, true],
  ['GET', '/session/data', {}, false],
  ['PUT', '/session/data', { headers: json, body: '{"a":"1"}' }, true],
  [
    'PATCH',
    '/session/data',
    { headers: { 'content-type': 'application/merge-patch+json' }, body: '{"a":"1"}' },
    true,
  ],
  ['GET', '/sessions', {}, false],
  ['DELETE', '/sessions', {}, true],
];

/** S76: says that the server is down, and nothing that ends a session in the browser. */
function isDown(assert: Assert, { status, headers, body }: HttpAnswer, what: string): void {
  assert.equal(status, 503, `${what}: status`);
  assert.equal(bodyOf({ status, headers, body }).code, 'store/unavailable', what);
  for (const name of ['set-cookie', 'clear-site-data', 'www-authenticate']) {
    assert.false(name in headers, `${what}: ${name}`);
  }
  assert.false(JSON.stringify([headers, body]).includes('hunter2'), what);
}

QUnit.module('server/security › store down', () => {
  for (const signInBy of ['token', 'carriers'] as const) {
    for (const [what, fault] of faults) {
      QUnit.test(
        `S76 answers 503 within the deadline when the store ${what}: ${signInBy}`,
        async (assert) => {
          const { state, send, signIn, proof, outlast, get, waiting } = await fixture(signInBy);
          const isWhole = fault === hang || fault === fail;
          state.fault = fault;
          for (const [method, url, ask, writes] of requests) {
            const headers = { ...proof, ...ask.headers };
            const { result, deadlines } = await outlast(send(method, url, { ...ask, headers }));
            const title = `${method} ${url}`;
            if (isWhole || writes) isDown(assert, result, title);
            else assert.equal(result.status, 200, title);
            assert.true(
              deadlines.length <= 1 && deadlines.every((ms) => ms === 700),
              `${title}: ${deadlines}`,
            );
          }
          // The sign-in of somebody else, which needs nothing but to write.
          isDown(assert, (await outlast(signIn())).result, 'POST /session');
          state.fault = undefined;
          assert.equal((await get(proof)).status, 200, 'nobody was signed out');
          assert.equal(waiting.size, 0, 'no timer is left');
        },
      );
    }

    QUnit.test(`S76 answers the host in the same way: ${signInBy}`, async (assert) => {
      const { state, server, requestOf, proof, outlast } = await fixture(signInBy);
      for (const [what, fault] of faults.slice(0, 2)) {
        state.fault = fault;
        const request = requestOf('GET', '/', { headers: proof });
        const opened = server.open(request).then(
          () => 'it was let in',
          (error: unknown) => error,
        );
        isDown(assert, server.refuse((await outlast(opened)).result, request), what);
      }
    });
  }

  QUnit.test('S76 S19 keeps the cookie of a sign-out that the store did not hear of', async (assert) => {
    const { state, send, proof, outlast, inner, id } = await fixture('carriers');
    state.fault = (call) => (call === 'destroy' ? hang() : undefined);
    isDown(assert, (await outlast(send('DELETE', '/session', { headers: proof }))).result, 'DELETE');
    assert.notEqual(await inner.get(id), undefined, 'it lives');
    state.fault = undefined;
    const again = await send('DELETE', '/session', { headers: proof });
    assert.equal(again.status, 204);
    assert.true('set-cookie' in again.headers);
    assert.equal(await inner.get(id), undefined);
  });

  QUnit.test('S76 counts a store that is down against nobody', async (assert) => {
    const { state, send, proof, outlast, signIn, events } = await fixture('token');
    events.length = 0;
    state.fault = fail;
    for (let time = 0; time < 1100; time += 1) await send('GET', '/session', { headers: proof });
    for (let time = 0; time < 12; time += 1) await outlast(signIn());
    assert.deepEqual(events, [], 'nothing was refused');
    state.fault = undefined;
    assert.equal((await signIn()).status, 201);
  });

  QUnit.test('S76 tells whoever runs the server why, and how it is', async (assert) => {
    const { state, send, failures, proof } = await fixture('token');
    state.fault = fail;
    await send('GET', '/session', { headers: proof });
    assert.equal(failures.length, 1);
    assert.equal((failures[0] as Error & { code: string }).code, 'store/unavailable');
    const health = await send('GET', '/health');
    assert.deepEqual([health.status, bodyOf(health)], [503, { status: 'failing' }]);
    state.fault = undefined;
    assert.equal((await send('GET', '/health')).status, 200);
  });
});
