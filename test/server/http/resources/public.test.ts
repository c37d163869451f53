import { generateKeyPairSync } from 'node:crypto';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import QUnit from 'qunit';
import { memoryStore } from '../../../../src/server/stores/memory.js';
import { resourceFixture, type Sent } from './plain.js';

const jwksUrl = '/.well-known/jwks.json';
const pair = () => ({
  alg: 'EdDSA' as const,
  privateKey: generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
});
const foreign: Sent = { headers: { origin: 'https://app.example', 'sec-fetch-site': 'cross-site' } };

QUnit.module('server/http/resources/keys', () => {
  QUnit.test('S58 publishes public halves, with which a token verifies', async (assert) => {
    const { send, signIn, sessions, tokens, clock } = resourceFixture({ tokens: { keys: [pair(), pair()] } });
    const answer = await send('GET', jwksUrl);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['content-type'], 'application/jwk-set+json');
    assert.deepEqual(
      answer.json.keys.map((key: object) => Object.keys(key).sort()),
      Array(2).fill(['alg', 'crv', 'kid', 'kty', 'use', 'x']),
    );
    const { id } = await signIn();
    const token = await tokens.issue(await sessions.get(id));
    const options = { currentDate: new Date(clock.time) };
    const { payload } = await jwtVerify(token, createLocalJWKSet(answer.json as JSONWebKeySet), options);
    assert.equal(payload.sid, id);
  });

  QUnit.test('S47 lets every page read it, without credentials, for ten minutes at most', async (assert) => {
    const { send } = resourceFixture({
      tokens: { keys: [pair()] },
      server: { origins: ['https://app.example'] },
    });
    const { status, headers } = await send('GET', jwksUrl, foreign);
    assert.equal(status, 200);
    assert.equal(headers['access-control-allow-origin'], '*');
    assert.equal(headers['access-control-allow-credentials'], undefined);
    assert.equal(headers['cache-control'], 'public, max-age=600');
    assert.equal(headers.vary, undefined);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['set-cookie'], undefined);
  });

  QUnit.test('answers HEAD and OPTIONS, and 405 to anything else', async (assert) => {
    const { send } = resourceFixture({ tokens: { keys: [pair()] } });
    assert.equal((await send('HEAD', jwksUrl)).status, 200);
    assert.deepEqual((await send('OPTIONS', jwksUrl)).headers.allow, 'GET, HEAD, OPTIONS');
    const answer = await send('DELETE', jwksUrl);
    assert.deepEqual([answer.status, answer.headers.allow], [405, 'GET, HEAD, OPTIONS']);
    assert.equal(answer.json.code, 'request/method');
  });

  QUnit.test('is not there when no key has a public half', async (assert) => {
    const { server, send } = resourceFixture();
    assert.false(server.owns(jwksUrl));
    assert.equal((await send('GET', jwksUrl)).status, 404);
  });
});

QUnit.module('server/http/resources/health', () => {
  const server = { healthUrl: '/healthz' };

  QUnit.test('is not there unless asked for', (assert) => {
    assert.false(resourceFixture().server.owns('/healthz'));
    assert.true(resourceFixture({ server }).server.owns('/healthz?verbose'));
  });

  QUnit.test('answers 200 after a call to the store', async (assert) => {
    const store = memoryStore();
    let calls = 0;
    const counting = {
      ...store,
      get: (...args: Parameters<typeof store.get>) => {
        calls += 1;
        return store.get(...args);
      },
    };
    const { send } = resourceFixture({ store: counting, server });
    const answer = await send('GET', '/healthz');
    assert.deepEqual([answer.status, answer.json, calls], [200, { status: 'ok' }, 1]);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.equal(answer.headers['content-type'], 'application/json');
  });

  QUnit.test('S76 answers 503 when the store fails, and does not say why', async (assert) => {
    const store = { ...memoryStore(), get: () => Promise.reject(new Error('secret host is down')) };
    const { send, failures } = resourceFixture({ store, server });
    const answer = await send('GET', '/healthz', foreign);
    assert.deepEqual([answer.status, answer.json], [503, { status: 'failing' }]);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.equal(answer.headers['access-control-allow-origin'], undefined);
    assert.equal(failures.length, 1);
  });

  QUnit.test('S76 answers 503 when the store hangs', async (assert) => {
    const store = { ...memoryStore(), get: () => new Promise<undefined>(() => {}) };
    const timers = {
      set(callback: () => void) {
        queueMicrotask(callback);
        return 0 as never;
      },
      clear() {},
    };
    const { send } = resourceFixture({ store, sessions: { timers, sweepInterval: 0 }, server });
    assert.equal((await send('GET', '/healthz')).status, 503);
  });

  QUnit.test('looks for no session: a cookie that is none costs nothing more', async (assert) => {
    const { send } = resourceFixture({ server });
    const sent = { headers: { cookie: '__Host-session=x', authorization: 'Bearer x' } };
    assert.equal((await send('GET', '/healthz', sent)).status, 200);
  });
});
