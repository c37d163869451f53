import { request as httpRequest } from 'node:http';
import { decodeJwt } from 'jose';
import QUnit from 'qunit';
import { SessionError } from '../../../src/protocol/errors.js';
import type { SessionStore } from '../../../src/server/core/store.js';
import type { SessionServer } from '../../../src/server/session-server.js';
import { memoryStore } from '../../../src/server/stores/memory.js';
import { type FixtureOptions, password, sessionServerFixture, start } from '../fixture.js';

export interface Sent {
  readonly method: string;
  readonly path?: string;
  readonly headers?: { readonly [name: string]: string };
  /** An array is sent in chunks, without a content-length. */
  readonly body?: string | readonly string[];
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** A session server behind one adapter. */
export interface Host {
  send(request: Sent): Promise<Answered>;
  close(): Promise<void>;
}

export type MakeHost = (server: SessionServer) => Promise<Host>;

const week = 604_800_000;
const json = { 'content-type': 'application/json' };
const credentials = JSON.stringify({ username: 'ada', password });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function fixture(makeHost: MakeHost, options: FixtureOptions = {}) {
  const parts = sessionServerFixture(options);
  const host = await makeHost(parts.server);
  const answers: Answered[] = [];
  const send = async (request: Sent) => {
    const answer = await host.send(request);
    answers.push(answer);
    return answer;
  };
  return {
    ...parts,
    host,
    send,
    answers,
    post: (body: Sent['body'], headers: Sent['headers'] = json) =>
      send({ method: 'POST', headers, ...(body === undefined ? {} : { body }) }),
    get: (token: string) => send({ method: 'GET', headers: bearer(token) }),
    delete: (token: string) => send({ method: 'DELETE', headers: bearer(token) }),
    async signIn(): Promise<string> {
      const { text } = await host.send({ method: 'POST', headers: json, body: credentials });
      return JSON.parse(text).token;
    },
  };
}

function isProblem(assert: Assert, answer: Answered, status: number, code: string): void {
  assert.equal(answer.status, status, `status of ${code}`);
  assert.equal(answer.headers.get('content-type'), 'application/problem+json');
  const { title, ...facts } = JSON.parse(answer.text);
  assert.deepEqual(facts, { type: `urn:can-connect-session:problem:${code}`, status, code });
  assert.equal(typeof title, 'string');
}

/** What a browser sees of the session server, whichever host it runs on. */
export function endpointBehaviour(makeHost: MakeHost): void {
  const test = (
    title: string,
    run: (assert: Assert, parts: Awaited<ReturnType<typeof fixture>>) => Promise<unknown>,
    options?: () => FixtureOptions,
  ) => {
    QUnit.test(title, async (assert) => {
      const parts = await fixture(makeHost, options?.());
      try {
        await run(assert, parts);
      } finally {
        await parts.host.close();
      }
    });
  };

  QUnit.module('POST /session', () => {
    test('answers 201 with the token and the session', async (assert, { post, sessions }) => {
      const answer = await post(credentials);
      const { token, session, ...others } = JSON.parse(answer.text);
      const { sid, sub, exp } = decodeJwt(token);
      assert.equal(answer.status, 201);
      assert.equal(answer.headers.get('content-type'), 'application/json');
      assert.deepEqual(others, {});
      assert.deepEqual(session, {
        id: sid,
        uid: 'ada',
        userData: { name: 'Ada Lovelace' },
        data: {},
        created: start,
        lastAccess: start,
        expiresAt: start + week,
      });
      assert.deepEqual([sub, exp], ['ada', (start + week) / 1000]);
      assert.equal(await sessions.count(), 1);
    });

    test('S59 puts nothing of the user but the id into the token', async (assert, { signIn }) => {
      assert.false(JSON.stringify(decodeJwt(await signIn())).includes('Lovelace'));
    });

    test('S11 gives each sign-in a session of its own', async (assert, { signIn }) => {
      const [one, two] = [decodeJwt(await signIn()), decodeJwt(await signIn())];
      assert.notEqual(one.sid, two.sid);
    });

    test('S66 answers a wrong password and an unknown user alike', async (assert, { post, sessions }) => {
      const wrong = await post(JSON.stringify({ username: 'ada', password: 'wrong' }));
      const unknown = await post(JSON.stringify({ username: 'nobody', password: 'wrong' }));
      isProblem(assert, wrong, 401, 'credentials/wrong');
      assert.equal(wrong.text, unknown.text);
      const comparable = ({ headers }: Answered) => [...headers].filter(([name]) => name !== 'date');
      assert.deepEqual(comparable(wrong), comparable(unknown));
      assert.equal(wrong.headers.get('www-authenticate'), 'Bearer realm="session"');
      assert.equal(await sessions.count(), 0);
    });

    for (const type of ['application/json', 'application/json; charset=utf-8', 'Application/JSON ;x=1']) {
      test(`accepts the content type ${type}`, async (assert, { post }) => {
        assert.equal((await post(credentials, { 'content-type': type })).status, 201);
      });
    }

    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=application/json',
      'application/jsonp',
      'text/plain; application/json',
    ]) {
      test(`S44 refuses the content type ${type}`, async (assert, { post, sessions }) => {
        isProblem(assert, await post(credentials, { 'content-type': type }), 415, 'request/type');
        assert.equal(await sessions.count(), 0);
      });
    }

    test('S44 refuses a body that does not say its type', async (assert, { send }) => {
      isProblem(assert, await send({ method: 'POST' }), 415, 'request/type');
    });

    const malformed: readonly (readonly [string, string])[] = [
      ['nothing', ''],
      ['broken JSON', '{"username":"ada","password":'],
      ['a text', '"ada"'],
      ['null', 'null'],
      ['a list', '["ada","secret"]'],
      ['a number for a name', '{"username":1,"password":"x"}'],
      ['a list for a password', '{"username":"ada","password":["x"]}'],
      ['an object for a password', '{"username":"ada","password":{"$ne":""}}'],
      ['a NUL before JSON', `\0${credentials}`],
    ];
    for (const [what, body] of malformed) {
      test(`answers 400 to ${what}`, async (assert, { post }) => {
        isProblem(assert, await post(body), 400, 'request/malformed');
      });
    }

    for (const body of [
      '{}',
      '{"username":"ada"}',
      '{"username":"","password":"x"}',
      '{"username":"ada","password":""}',
    ]) {
      test(`answers 400 to ${body}: there is nothing to sign in with`, async (assert, { post }) => {
        isProblem(assert, await post(body), 400, 'credentials/missing');
      });
    }

    test('S69 lets no key of the body reach a prototype', async (assert, { post }) => {
      const body = `{"__proto__":{"username":"ada","password":${JSON.stringify(password)}}}`;
      isProblem(assert, await post(body), 400, 'credentials/missing');
      const extra = credentials.replace('{', '{"__proto__":{"admin":true},"constructor":1,');
      assert.equal((await post(extra)).status, 201);
      assert.false('admin' in {});
    });

    test('accepts a body of the limit and not a byte more', async (assert, { post }) => {
      assert.equal((await post(credentials.padEnd(16_384))).status, 201);
      isProblem(assert, await post(credentials.padEnd(16_385)), 413, 'request/size');
    });

    test('answers 413 to a body of 1 MB', async (assert, { post }) => {
      isProblem(assert, await post(credentials.padEnd(1_000_000)), 413, 'request/size');
    });

    test('answers 413 to a body in chunks that passes the limit', async (assert, { post }) => {
      isProblem(
        assert,
        await post([credentials, ' '.repeat(10_000), ' '.repeat(10_000)]),
        413,
        'request/size',
      );
    });

    test('reads a body in chunks', async (assert, { post }) => {
      assert.equal((await post([credentials.slice(0, 9), credentials.slice(9)])).status, 201);
    });
  });

  QUnit.module('GET /session', () => {
    test('answers 200 with the session, accessed now', async (assert, { signIn, get, clock }) => {
      const token = await signIn();
      clock.time += 60_000;
      const answer = await get(token);
      assert.equal(answer.status, 200);
      const { session, ...others } = JSON.parse(answer.text);
      assert.deepEqual(others, {});
      assert.deepEqual([session.uid, session.created, session.lastAccess], ['ada', start, start + 60_000]);
    });

    test('finds the session whatever the query says', async (assert, { signIn, send }) => {
      const token = await signIn();
      const answer = await send({ method: 'GET', path: '/session?a=/x', headers: bearer(token) });
      assert.equal(answer.status, 200);
    });

    test('answers HEAD as GET, without a body', async (assert, { signIn, send }) => {
      const answer = await send({ method: 'HEAD', headers: bearer(await signIn()) });
      assert.deepEqual([answer.status, answer.text], [200, '']);
    });

    test('S66 asks for a token when there is none', async (assert, { send }) => {
      for (const headers of [{}, { authorization: 'Basic YWRhOng=' }, { authorization: '' }]) {
        const answer = await send({ method: 'GET', headers });
        isProblem(assert, answer, 401, 'token/missing');
        assert.equal(answer.headers.get('www-authenticate'), 'Bearer realm="session"');
      }
    });

    test('S65 takes a token from the Authorization header only', async (assert, { signIn, send }) => {
      const token = await signIn();
      const elsewhere: Sent[] = [
        { method: 'GET', path: `/session?access_token=${token}` },
        { method: 'GET', headers: { cookie: `session-jwt=${token}; __Host-session=${token}` } },
        { method: 'GET', headers: { 'x-session-id': token, 'x-authorization': `Bearer ${token}` } },
      ];
      for (const request of elsewhere) isProblem(assert, await send(request), 401, 'token/missing');
    });

    test('S66 calls what is no valid token invalid', async (assert, { signIn, send }) => {
      const token = await signIn();
      for (const [value, code] of [
        ['Bearer', 'token/malformed'],
        ['Bearer a b', 'token/malformed'],
        [`Bearer ${token}, Bearer ${token}`, 'token/malformed'],
        [`Bearer ${token}xx`, 'token/not-base64url'],
        ['Bearer ../../etc/passwd', 'token/malformed'],
        [`Bearer ${'a'.repeat(9000)}`, 'token/size'],
      ] as const) {
        const answer = await send({ method: 'GET', headers: { authorization: value } });
        isProblem(assert, answer, 401, code);
        assert.equal(answer.headers.get('www-authenticate'), 'Bearer realm="session", error="invalid_token"');
      }
    });

    test('knows no case in the name of the scheme', async (assert, { signIn, send }) => {
      const answer = await send({ method: 'GET', headers: { authorization: `bEARER  ${await signIn()}` } });
      assert.equal(answer.status, 200);
    });

    test('S60 refuses a session that was ended, although its token has not expired', async (assert, parts) => {
      const token = await parts.signIn();
      await parts.sessions.delete(String(decodeJwt(token).sid));
      isProblem(assert, await parts.get(token), 401, 'session/not-found');
    });

    test('S54 refuses a token at its exp', async (assert, { signIn, get, clock }) => {
      const token = await signIn();
      clock.time += week - 1;
      assert.equal((await get(token)).status, 200);
      clock.time += 1;
      isProblem(assert, await get(token), 401, 'token/expired');
    });

    test(
      'S14 refuses a session that was idle too long, although its token has not expired',
      async (assert, { sessions, signIn, get, tokens, clock }) => {
        const { sid = '' } = decodeJwt(await signIn()) as { sid?: string };
        const { id, uid } = await sessions.get(sid);
        const lasting = await tokens.issue({ id, uid, expiresAt: start + week });
        clock.time += 1000;
        isProblem(assert, await get(lasting), 401, 'session/expired');
      },
      () => ({ sessions: { timeToLive: 1000, ttlType: 'lastAccess' } }),
    );
  });

  QUnit.module('DELETE /session', () => {
    test('S19 answers 204 and ends the session on the server', async (assert, parts) => {
      const token = await parts.signIn();
      const answer = await parts.delete(token);
      assert.deepEqual([answer.status, answer.text], [204, '']);
      assert.equal(await parts.sessions.count(), 0);
      isProblem(assert, await parts.get(token), 401, 'session/not-found');
    });

    test('answers 204 twice', async (assert, parts) => {
      const token = await parts.signIn();
      assert.deepEqual([(await parts.delete(token)).status, (await parts.delete(token)).status], [204, 204]);
    });

    test('ends one session and no other', async (assert, parts) => {
      const [one, two] = [await parts.signIn(), await parts.signIn()];
      await parts.delete(one);
      assert.equal((await parts.get(two)).status, 200);
    });

    test(
      'ends a session whose token has expired',
      async (assert, parts) => {
        const token = await parts.signIn();
        parts.clock.time += 60_000;
        isProblem(assert, await parts.get(token), 401, 'token/expired');
        assert.equal(await parts.sessions.count(), 1);
        assert.equal((await parts.delete(token)).status, 204);
        assert.equal(await parts.sessions.count(), 0);
      },
      () => ({ tokens: { tokenTimeToLive: 60_000 } }),
    );

    test('answers 204 to a stranger, and ends nothing', async (assert, parts) => {
      const token = await parts.signIn();
      const forged = `${token.slice(0, -4)}AAAA`;
      assert.equal((await parts.send({ method: 'DELETE' })).status, 204);
      assert.equal((await parts.delete('nonsense')).status, 204);
      assert.equal((await parts.delete(forged)).status, 204);
      assert.equal(await parts.sessions.count(), 1);
    });
  });

  QUnit.module('other methods and paths', () => {
    for (const method of ['PUT', 'PATCH', 'PROPFIND']) {
      test(`answers 405 to ${method} and says what is allowed`, async (assert, { send }) => {
        const answer = await send({ method });
        isProblem(assert, answer, 405, 'request/method');
        assert.equal(answer.headers.get('allow'), 'GET, POST, DELETE, HEAD, OPTIONS');
      });
    }

    test('S48 ends no session by a GET', async (assert, { send, signIn, get }) => {
      const token = await signIn();
      for (const path of ['/session?_method=DELETE', '/session/logout', '/logout', '/session/destroy']) {
        await send({
          method: 'GET',
          path,
          headers: { ...bearer(token), 'x-http-method-override': 'DELETE' },
        });
      }
      assert.equal((await get(token)).status, 200);
    });

    for (const path of [
      '/',
      '/session/',
      '/Session',
      '/session/x',
      '//session',
      '/session%2f',
      '/constructor',
    ]) {
      test(`answers 404 at ${path}`, async (assert, { send }) => {
        isProblem(assert, await send({ method: 'GET', path }), 404, 'request/not-found');
      });
    }

    test('tells by OPTIONS what is allowed', async (assert, { send }) => {
      const answer = await send({ method: 'OPTIONS' });
      assert.deepEqual(
        [answer.status, answer.headers.get('allow')],
        [204, 'GET, POST, DELETE, HEAD, OPTIONS'],
      );
    });
  });

  QUnit.module('headers', () => {
    test('S35, S36, S40 protects every answer', async (assert, parts) => {
      const token = await parts.signIn();
      await parts.get(token);
      await parts.get('nonsense');
      await parts.delete(token);
      await parts.post('{');
      await parts.post(credentials);
      await parts.send({ method: 'PUT' });
      await parts.send({ method: 'GET', path: '/nowhere' });
      await parts.send({ method: 'OPTIONS' });
      assert.equal(parts.answers.length, 8);
      for (const { status, headers } of parts.answers) {
        assert.equal(headers.get('cache-control'), 'no-store');
        assert.equal(headers.get('x-content-type-options'), 'nosniff');
        assert.equal(headers.get('referrer-policy'), 'no-referrer');
        assert.equal(headers.get('content-security-policy'), "default-src 'none'; frame-ancestors 'none'");
        assert.equal(headers.get('x-frame-options'), 'DENY');
        assert.equal(headers.get('vary'), 'Origin, Authorization, Cookie, Sec-Fetch-Site');
        const forgets = status === 204 && !headers.has('allow');
        assert.equal(headers.has('set-cookie'), forgets, 'only a sign-out clears a cookie');
        assert.false(headers.has('x-powered-by'));
        assert.false(headers.has('strict-transport-security'), 'RFC 6797 §7.2: not on a plain connection');
      }
    });
  });

  QUnit.module('origins', () => {
    const listed = 'https://app.example:8443';
    const withList = () => ({ server: { origins: [listed] } });
    const preflight = (origin: string) => ({
      origin,
      'access-control-request-method': 'DELETE',
      'access-control-request-headers': 'authorization',
    });

    test(
      'S47 lets the pages of a listed origin read every answer',
      async (assert, { send, post }) => {
        const signIn = await post(credentials, { ...json, origin: listed });
        const refused = await send({ method: 'GET', headers: { origin: listed } });
        assert.deepEqual([signIn.status, refused.status], [201, 401]);
        for (const { headers } of [signIn, refused]) {
          assert.equal(headers.get('access-control-allow-origin'), listed);
          assert.equal(headers.get('access-control-allow-credentials'), 'true');
        }
      },
      withList,
    );

    test(
      'S47 answers the preflight of a listed origin',
      async (assert, { send }) => {
        const { status, headers } = await send({ method: 'OPTIONS', headers: preflight(listed) });
        assert.equal(status, 204);
        assert.equal(headers.get('access-control-allow-origin'), listed);
        assert.equal(headers.get('access-control-allow-methods'), 'GET, POST, DELETE, HEAD, OPTIONS');
        assert.equal(
          headers.get('access-control-allow-headers'),
          'authorization, content-type, if-match, if-none-match, x-requested-with, x-session-id, x-referer',
        );
      },
      withList,
    );

    for (const origin of [
      'https://evil.example',
      'https://app.example',
      'http://app.example:8443',
      'https://app.example:8443.evil.example',
      'https://APP.example:8443',
      'null',
      '',
      '*',
    ]) {
      test(
        `S46, S47 grants nothing to the origin ${JSON.stringify(origin)}`,
        async (assert, { send, post, signIn, sessions }) => {
          const token = await signIn();
          const answers = [
            await post(credentials, { ...json, origin }),
            await send({ method: 'DELETE', headers: { ...bearer(token), origin } }),
            await send({ method: 'OPTIONS', headers: preflight(origin) }),
          ];
          for (const answer of answers) {
            isProblem(assert, answer, 403, 'request/origin');
            assert.false(answer.headers.has('access-control-allow-origin'));
            assert.false(answer.headers.has('access-control-allow-methods'));
          }
          assert.equal(await sessions.count(), 1);
          const read = await send({ method: 'GET', headers: { ...bearer(token), origin } });
          assert.false(read.headers.has('access-control-allow-origin'));
        },
        withList,
      );
    }

    test('serves the pages of its own host', async (assert, { post }) => {
      const headers = { ...json, origin: 'https://own.example', host: 'own.example' };
      assert.equal((await post(credentials, headers)).status, 201);
    });

    test('believes the browser that a page is of the same origin, behind a proxy too', async (assert, {
      post,
    }) => {
      const headers = { ...json, origin: 'http://localhost:5173', 'sec-fetch-site': 'same-origin' };
      assert.equal((await post(credentials, headers)).status, 201);
      const cross = { ...headers, 'sec-fetch-site': 'cross-site' };
      isProblem(assert, await post(credentials, cross), 403, 'request/origin');
    });
  });

  QUnit.module('failures', () => {
    const leak = () => new Error(`no connection for ${password}`);

    test(
      'S70 answers 500 when authenticate throws, tells nothing, and reports it',
      async (assert, { post, failures }) => {
        const answer = await post(credentials);
        isProblem(assert, answer, 500, 'server/failed');
        assert.equal(failures.length, 1);
        assert.true((failures[0] as Error).message.includes(password), 'as it was thrown');
      },
      () => ({
        server: {
          authenticate() {
            throw leak();
          },
        },
      }),
    );

    test(
      'answers with the code of a SessionError that authenticate throws',
      async (assert, { post, failures }) => {
        isProblem(assert, await post(credentials), 429, 'request/rate');
        assert.deepEqual(failures, []);
      },
      () => ({ server: { authenticate: () => Promise.reject(new SessionError('request/rate')) } }),
    );

    for (const id of ['', 7, undefined, 'x'.repeat(257)]) {
      test(
        `answers 500 when authenticate gives the id ${String(id).slice(0, 9)}`,
        async (assert, { post, sessions }) => {
          isProblem(assert, await post(credentials), 500, 'server/failed');
          assert.equal(await sessions.count(), 0);
        },
        () => ({ server: { authenticate: () => ({ id: id as string }) } }),
      );
    }

    test(
      'S76 answers 503 while the store is away, and never that nobody is signed in',
      async (assert, parts) => {
        const token = await parts.signIn();
        broken = true;
        isProblem(assert, await parts.get(token), 503, 'store/unavailable');
        isProblem(assert, await parts.delete(token), 503, 'store/unavailable');
        isProblem(assert, await parts.post(credentials), 503, 'store/unavailable');
        assert.equal(parts.failures.length, 3);
        broken = false;
        assert.equal((await parts.get(token)).status, 200);
      },
      () => {
        broken = false;
        return { store: breakableStore(() => broken) };
      },
    );
    let broken = false;
  });

  test('S70, S72 shows password and token to nobody but who signs in', async (assert, parts) => {
    const logged: string[] = [];
    const { error } = console;
    console.error = (...args: unknown[]) => logged.push(args.join(' '));
    try {
      const token = await parts.signIn();
      const { sid } = decodeJwt(token);
      await parts.post(JSON.stringify({ username: 'ada', password: `${password}!` }));
      await parts.post(`${credentials}}`);
      await parts.post(credentials, { 'content-type': 'text/plain' });
      await parts.get(token);
      await parts.get(`${token}x`);
      await parts.send({ method: 'GET', path: `/${token}`, headers: bearer(token) });
      await parts.delete(token);
      await parts.get(token);
      assert.equal(parts.answers.length, 8);
      for (const answer of parts.answers) {
        const all = answer.text + JSON.stringify([...answer.headers]) + logged.join();
        assert.false(all.includes(password));
        for (const part of token.split('.')) assert.false(all.includes(part));
        if (answer.status !== 200) assert.false(all.includes(String(sid)));
      }
    } finally {
      console.error = error;
    }
  });
}

function breakableStore(isBroken: () => boolean): SessionStore {
  const store = memoryStore();
  const guard =
    <Args extends unknown[], T>(call: (...args: Args) => Promise<T>) =>
    (...args: Args) =>
      isBroken() ? Promise.reject(new Error('connection refused')) : call(...args);
  return {
    ...store,
    create: guard(store.create),
    get: guard(store.get),
    update: guard(store.update),
    destroy: guard(store.destroy),
    count: guard(store.count),
    close: guard(store.close),
  };
}

/** Sends over a real socket with node:http, which sets every header as told, `host` and `origin` included. */
export function sendTo(
  port: number,
  { method, path = '/session', headers = {}, body }: Sent,
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const chunks = typeof body === 'string' || body === undefined ? [body ?? ''] : body;
    const length = typeof body === 'string' ? { 'content-length': String(Buffer.byteLength(body)) } : {};
    const chunked = Array.isArray(body) ? { 'transfer-encoding': 'chunked' } : {};
    const request = httpRequest({ port, host: '127.0.0.1', method, path, agent: false });
    for (const [name, value] of Object.entries({ ...length, ...chunked, ...headers })) {
      request.setHeader(name, value);
    }
    request.on('error', reject);
    request.on('response', (response) => {
      const parts: Buffer[] = [];
      response.on('error', reject);
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => {
        const answered = new Headers();
        for (const [name, value] of Object.entries(response.headersDistinct)) {
          for (const each of value ?? []) answered.append(name, each);
        }
        resolve({
          status: response.statusCode ?? 0,
          headers: answered,
          text: Buffer.concat(parts).toString(),
        });
      });
    });
    for (const chunk of chunks) request.write(chunk);
    request.end();
  });
}
