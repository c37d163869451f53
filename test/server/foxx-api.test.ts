import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import QUnit from 'qunit';
import { SessionError } from '../../src/protocol/errors.js';
import { fetchHandler } from '../../src/server/adapters/fetch.js';
import { nodeHandler } from '../../src/server/adapters/node.js';
import { createSessions } from '../../src/server/core/sessions.js';
import type { SessionsOptions } from '../../src/server/core/sessions-options.js';
import { signedIds } from '../../src/server/core/signed-ids.js';
import { type FoxxApiOptions, foxxApi } from '../../src/server/foxx-api.js';
import { foxx } from '../../src/server/presets.js';
import { memoryStore } from '../../src/server/stores/memory.js';
import { codeOf, start, testClock } from './fixture.js';
import { answered, plainRequest, type Sent } from './http/resources/plain.js';

const base = '/foxx-sessions';
const json = { 'content-type': 'application/json' };

function fixture(options: Partial<FoxxApiOptions> = {}, own: Partial<SessionsOptions> = foxx) {
  const clock = testClock();
  const sessions = createSessions({ store: memoryStore(), now: clock.now, ...own });
  const failures: unknown[] = [];
  const api = foxxApi(sessions, {
    admit: () => true,
    onError: (error) => failures.push(error),
    ...options,
  });
  const send = async (method: string, url = base, sent?: Sent) =>
    answered(await api.handle(plainRequest(method, url, sent)));
  const create = async (data: object = { colour: 'red' }): Promise<string> =>
    (await send('POST', base, { headers: json, body: JSON.stringify(data) })).json._key;
  return { api, clock, sessions, failures, send, create };
}

QUnit.module('server/foxx-api', () => {
  QUnit.test(
    'FOXX-60 POST begins a session with the data and answers 201 with the client view',
    async (assert) => {
      const { send, sessions } = fixture();
      const { status, json: view } = await send('POST', base, { headers: json, body: '{"a":{"b":[1]}}' });
      const { _key, ...rest } = view;
      assert.equal(status, 201);
      assert.deepEqual(rest, {
        uid: null,
        sessionData: { a: { b: [1] } },
        userData: {},
        created: start,
        lastAccess: start,
        lastUpdate: start,
      });
      assert.deepEqual((await sessions.get(_key)).data as object, { a: { b: [1] } });
    },
  );

  QUnit.test('FOXX-60 takes no body for {}, with and without a type', async (assert) => {
    const { send } = fixture();
    for (const headers of [{}, json]) {
      const answer = await send('POST', base, { headers });
      assert.deepEqual([answer.status, answer.json.sessionData], [201, {}]);
    }
  });

  for (const [method, body] of [
    ['POST', '{'],
    ['POST', '[]'],
    ['POST', '7'],
    ['POST', 'null'],
    ['POST', '{"a":{"__proto__":1}}'],
    ['PUT', ''],
    ['PUT', '"x"'],
    ['PATCH', '[{"op":"add","path":"/a","value":1}]'],
    ['PATCH', 'null'],
    ['PATCH', '{'],
  ] as const) {
    QUnit.test(`FOXX-60 FOXX-62 answers 400 to ${method} ${body || 'without a body'}`, async (assert) => {
      const { send, create, sessions } = fixture();
      const key = await create();
      const answer = await send(method, method === 'POST' ? base : `${base}/${key}`, { headers: json, body });
      assert.deepEqual([answer.status, answer.json.code], [400, 'request/malformed']);
      assert.equal(await sessions.count(), 1);
      assert.deepEqual((await sessions.get(key)).data, { colour: 'red' });
    });
  }

  QUnit.test('S44 wants to be told that a body is JSON', async (assert) => {
    const { send, create } = fixture();
    const key = await create();
    for (const [method, url] of [
      ['POST', base],
      ['PUT', `${base}/${key}`],
      ['PATCH', `${base}/${key}`],
    ] as const) {
      for (const headers of [
        {},
        { 'content-type': 'text/plain' },
        { 'content-type': 'application/json-patch+json' },
      ]) {
        const answer = await send(method, url, {
          headers: (headers as Sent['headers']) ?? {},
          body: '{"a":1}',
        });
        assert.deepEqual([answer.status, answer.json.code], [415, 'request/type']);
      }
    }
  });

  QUnit.test('FOXX-61 GET answers with the client view, accessed now', async (assert) => {
    const { send, create, clock } = fixture();
    const key = await create();
    clock.time += 1000;
    const { status, json: view } = await send('GET', `${base}/${key}`);
    assert.equal(status, 200);
    assert.deepEqual(view, {
      _key: key,
      uid: null,
      sessionData: { colour: 'red' },
      userData: {},
      created: start,
      lastAccess: start + 1000,
      lastUpdate: start,
    });
  });

  QUnit.test('FOXX-62 PUT replaces the data, saves and answers with the client view', async (assert) => {
    const { send, create, clock, sessions } = fixture();
    const key = await create();
    clock.time += 1000;
    const { status, json: view } = await send('PUT', `${base}/${key}`, {
      headers: json,
      body: '{"size":"L"}',
    });
    assert.equal(status, 200);
    assert.deepEqual([view.sessionData, view.lastUpdate, view._key], [{ size: 'L' }, start + 1000, key]);
    assert.deepEqual((await sessions.get(key)).data, { size: 'L' });
  });

  QUnit.test('FOXX-62 PATCH merges into the data, one level deep', async (assert) => {
    const { send, create, sessions } = fixture();
    const key = await create({ keep: 1, deep: { a: 1 }, gone: 1 });
    const body = '{"deep":{"b":2},"gone":null}';
    const { status, json: view } = await send('PATCH', `${base}/${key}`, { headers: json, body });
    assert.equal(status, 200);
    assert.deepEqual(view.sessionData, { keep: 1, deep: { b: 2 }, gone: null });
    assert.deepEqual((await sessions.get(key)).data, view.sessionData);
  });

  QUnit.test('FOXX-63 DELETE answers 204, and 404 when there is nothing', async (assert) => {
    const { send, create, sessions } = fixture();
    const key = await create();
    const answer = await send('DELETE', `${base}/${key}`);
    assert.deepEqual([answer.status, answer.json], [204, undefined]);
    assert.equal(await sessions.count(), 0);
    assert.equal((await send('DELETE', `${base}/${key}`)).status, 404);
  });

  QUnit.test('FOXX-63 FOXX-50 DELETE ends an expired session too', async (assert) => {
    const { send, create, clock } = fixture();
    const key = await create();
    clock.time += 604_800_000;
    assert.equal((await send('DELETE', `${base}/${key}`)).status, 204);
  });

  for (const [method, headers, body] of [
    ['GET', {}, ''],
    ['PUT', json, '{}'],
    ['PATCH', json, '{}'],
  ] as const) {
    QUnit.test(
      `FOXX-43 ${method} answers 404 in words to what is unknown, and to what has expired`,
      async (assert) => {
        const { send, create, clock } = fixture();
        const key = await create();
        const nobody = `${base}/${key.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))}`;
        const unknown = await send(method, nobody, { headers, body });
        assert.equal(unknown.headers['content-type'], 'application/problem+json');
        assert.deepEqual(unknown.json, {
          type: 'urn:can-connect-session:problem:session/not-found',
          title: 'Session does not exist',
          status: 404,
          code: 'session/not-found',
        });
        assert.equal(unknown.status, 404);
        clock.time += 604_800_000;
        const expired = await send(method, `${base}/${key}`, { headers, body });
        assert.deepEqual(
          [expired.status, expired.json.title, expired.json.code],
          [404, 'Session has expired', 'session/expired'],
        );
      },
    );
  }

  QUnit.test('S6 asks no store about what can be no id', async (assert) => {
    const store = memoryStore();
    const { send } = fixture(
      {},
      { ...foxx, store: { ...store, get: () => Promise.reject(new Error('asked')) } },
    );
    for (const sid of ['x', '..', '%2e%2e%2f', '__proto__', 'a'.repeat(5000), '%00', 'é']) {
      assert.equal((await send('GET', `${base}/${sid}`)).json.title, 'Session does not exist', sid);
    }
    for (const url of [`${base}/`, `${base}/a/b`, `${base}/%zz`, '/', '/session']) {
      assert.equal((await send('GET', url)).json.code, 'request/not-found', url);
    }
  });

  for (const [name, own] of Object.entries({
    digest: {},
    signed: { ids: signedIds, secrets: ['a secret of 32 bytes, or of more than that'] },
  })) {
    QUnit.test(`S7 names a session by what travels, never by what is stored (${name})`, async (assert) => {
      const { send, create, sessions } = fixture({}, own);
      const key = await create();
      const id = sessions.idOf(key) ?? '';
      assert.notEqual(id, key);
      const { json: view } = await send('GET', `${base}/${key}`);
      assert.equal(view._key, key);
      assert.false(JSON.stringify({ ...view, _key: '' }).includes(id));
      assert.equal((await send('GET', `${base}/${id}`)).status, 404);
      assert.equal((await send('DELETE', `${base}/${id}`)).status, 404);
      assert.equal((await send('DELETE', `${base}/${key}`)).status, 204);
    });
  }

  QUnit.module('admit', () => {
    QUnit.test('must be said: without it, nothing is mounted', async (assert) => {
      const { sessions } = fixture();
      for (const options of [undefined, {}, { admit: true }]) {
        assert.equal(
          await codeOf(() => foxxApi(sessions, options as unknown as FoxxApiOptions)),
          'config/invalid',
        );
      }
    });

    for (const answer of [false, undefined, 1, 'yes', Promise.resolve(false)]) {
      QUnit.test(`is a no when it says ${String(answer)}`, async (assert) => {
        const { send, sessions } = fixture({ admit: () => answer as boolean });
        for (const [method, url] of [
          ['POST', base],
          ['GET', `${base}/x`],
          ['DELETE', `${base}/x`],
          ['PURGE', base],
          ['OPTIONS', base],
        ] as const) {
          const refused = await send(method, url, {
            headers: json,
            body: () => Promise.reject(new Error('was read')),
          });
          assert.deepEqual([refused.status, refused.json.code], [403, 'request/forbidden']);
        }
        assert.equal(await sessions.count(), 0);
      });
    }

    QUnit.test('sees the request, with the address that our proxy says', async (assert) => {
      const seen: unknown[] = [];
      const { send } = fixture({
        proxies: 1,
        admit(request) {
          seen.push([request.address, request.header('x-key')]);
          return true;
        },
      });
      await send('POST', base, { headers: { 'x-forwarded-for': '10.0.0.7', 'x-key': 'k' } });
      assert.deepEqual(seen, [['10.0.0.7', 'k']]);
    });

    QUnit.test('answers with the code that it throws, and 500 to the rest', async (assert) => {
      const known = fixture({ admit: () => Promise.reject(new SessionError('request/rate')) });
      assert.equal((await known.send('POST')).status, 429);
      assert.deepEqual(known.failures, []);
      const broken = fixture({
        admit() {
          throw new TypeError('oh');
        },
      });
      assert.deepEqual([(await broken.send('POST')).json.code, broken.failures.length], ['server/failed', 1]);
    });
  });

  QUnit.test('S42 refuses pages elsewhere, whoever admits them', async (assert) => {
    const { send, create, sessions } = fixture();
    const key = await create();
    for (const headers of [
      { origin: 'https://evil.example', host: 'own.example' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ]) {
      const answer = await send('DELETE', `${base}/${key}`, {
        headers: headers as unknown as { [name: string]: string },
      });
      assert.deepEqual([answer.status, answer.json.code], [403, 'request/origin']);
    }
    assert.equal(await sessions.count(), 1);
  });

  QUnit.test(
    'answers 503 when the store is down, with the security headers of every answer',
    async (assert) => {
      const store = { ...memoryStore(), create: () => Promise.reject(new Error('down')) };
      const { send, failures } = fixture({}, { store });
      const answer = await send('POST');
      assert.deepEqual([answer.status, answer.json.code, failures.length], [503, 'store/unavailable', 1]);
      assert.equal(answer.headers['cache-control'], 'no-store');
      assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    },
  );

  QUnit.test('answers HEAD, OPTIONS and 405', async (assert) => {
    const { send, create } = fixture();
    const key = await create();
    assert.equal((await send('HEAD', `${base}/${key}`)).status, 200);
    assert.deepEqual((await send('OPTIONS', base)).headers.allow, 'POST, OPTIONS');
    const answer = await send('POST', `${base}/${key}`);
    assert.deepEqual([answer.status, answer.headers.allow], [405, 'GET, PUT, PATCH, DELETE, HEAD, OPTIONS']);
  });

  QUnit.test('stands where the option says', (assert) => {
    const { api } = fixture({ path: '/api/sids' });
    assert.deepEqual(
      ['/api/sids', '/api/sids?x', '/api/sids/abc', '/api/sids/', base].map((url) => api.owns(url)),
      [true, true, true, false, false],
    );
  });

  for (const [option, value] of [
    ['path', 'x'],
    ['path', '/x/'],
    ['bodyLimit', 0],
    ['proxies', 11],
    ['onError', 1],
  ] as const) {
    QUnit.test(`refuses ${option} ${value}`, async (assert) => {
      assert.equal(
        await codeOf(() => fixture({ [option]: value } as Partial<FoxxApiOptions>)),
        'config/invalid',
      );
    });
  }

  QUnit.test('is served on node:http, with its own 404 or with a next', async (assert) => {
    const { api } = fixture();
    const handle = nodeHandler(api);
    const server = createServer((request, response) => {
      if (request.headers['x-next'] === undefined) handle(request, response);
      else handle(request, response, () => response.end('next'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const answers = [
      await fetch(url + base, { method: 'POST' }),
      await fetch(`${url}/elsewhere`),
      await fetch(url + base, { method: 'POST', headers: { 'x-next': '' } }),
    ];
    const next = await fetch(`${url}/elsewhere`, { headers: { 'x-next': '' } });
    assert.deepEqual(
      answers.map(({ status }) => status),
      [201, 404, 201],
    );
    assert.equal(await next.text(), 'next');
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  QUnit.test('is served on hosts of the Fetch standard', async (assert) => {
    const handle = fetchHandler(fixture().api);
    const answer = await handle(new Request(`http://h${base}`, { method: 'POST' }));
    assert.equal(answer.status, 201);
  });
});
