import QUnit from 'qunit';
import { type ErrorCode, SessionError } from '../../../src/protocol/errors.js';
import { problems } from '../../../src/protocol/problems.js';
import { hashPassword } from '../../../src/server/passwords.js';
import { authenticateWith, parseUsers } from '../../../src/server/users.js';
import { password } from '../fixture.js';
import { bearer, bodyOf, cookieOf, watched } from './watched.js';

const hidden = 'hunter2-in-a-message';
/** So that no test waits for it. */
const small = { ln: 10, r: 1, p: 1 };

QUnit.module('server/security › answers', () => {
  QUnit.test('S33 shows the secret in Set-Cookie and nowhere else', async (assert) => {
    const { signIn, send, store } = watched({ server: { signInBy: 'carriers', dataAccess: 'read' } });
    const answer = await signIn('ada', password, { headers: { referer: 'https://app.example/start' } });
    const wire = cookieOf(answer);
    const headers = { cookie: `__Host-session=${wire}`, origin: 'https://app.example' };
    const answers = [answer];
    for (const [method, url] of [
      ['GET', '/session'],
      ['GET', '/session/data'],
      ['GET', '/sessions'],
      ['HEAD', '/session'],
      ['PUT', '/session'],
      ['DELETE', '/session'],
    ] as const) {
      answers.push(await send(method, url, { headers }));
    }
    assert.deepEqual(
      answers.map(({ status }) => status),
      [201, 200, 200, 200, 200, 405, 204],
    );
    for (const { headers: told, body = '' } of answers) {
      const { 'set-cookie': cookies, ...others } = told;
      assert.false(JSON.stringify([others, body]).includes(wire));
    }
    assert.false(JSON.stringify(await store.list('ada', 0, 10)).includes(wire));
    assert.false('token' in bodyOf(answer));
  });

  for (const [what, ask] of [
    ['the query', (token: string) => ({ url: `/session?access_token=${token}&token=${token}` })],
    ['a form', (token: string) => ({ body: `access_token=${token}` })],
    ['JSON', (token: string) => ({ body: JSON.stringify({ access_token: token, token }) })],
    ['a cookie', (token: string) => ({ headers: { cookie: `__Host-session=${token}; token=${token}` } })],
    ['another header', (token: string) => ({ headers: { 'x-session-id': token, 'x-access-token': token } })],
    ['another scheme', (token: string) => ({ headers: { authorization: `Token ${token}` } })],
  ] as const) {
    QUnit.test(`S65 reads no bearer token from ${what}`, async (assert) => {
      const { signIn, send } = watched();
      const { token } = bodyOf(await signIn());
      const { url = '/session', ...asked } = ask(token) as {
        url?: string;
        body?: string;
        headers?: { [name: string]: string };
      };
      const answer = await send('GET', url, asked);
      assert.deepEqual([answer.status, bodyOf(answer).code], [401, 'token/missing']);
      assert.equal((await send('GET', '/session', { headers: bearer(token) })).status, 200);
    });
  }

  for (const signInBy of ['token', 'carriers'] as const) {
    QUnit.test(`S66 answers alike whether there is such a user or not: ${signInBy}`, async (assert) => {
      const users = parseUsers(`ada:${await hashPassword(password, small)}`);
      const { signIn } = watched({ server: { signInBy, authenticate: authenticateWith(users) } });
      const [wrong, nobody] = [await signIn('ada', 'wrong'), await signIn('nobody', 'wrong')];
      assert.equal(wrong.status, 401);
      assert.deepEqual(nobody, wrong);
      assert.equal(wrong.headers['www-authenticate'], 'Bearer realm="session"');
      assert.equal((await signIn()).status, 201);
    });

    QUnit.test(`S66 limits alike whether there is such a user or not: ${signInBy}`, async (assert) => {
      const { signIn } = watched({ server: { signInBy } });
      const tried = async (name: string, address: string) => {
        const answers = [];
        for (let time = 0; time < 15; time += 1) answers.push(await signIn(name, 'wrong', { address }));
        return answers;
      };
      assert.deepEqual(await tried('nobody', '192.0.2.1'), await tried('ada', '192.0.2.2'));
    });
  }

  QUnit.test('S66 says with every 401 how to do better', async (assert) => {
    const { get } = watched();
    const missing = await get({});
    assert.equal(missing.headers['www-authenticate'], 'Bearer realm="session"');
    const wrong = await get(bearer('a.b.c'));
    assert.equal(wrong.headers['www-authenticate'], 'Bearer realm="session", error="invalid_token"');
  });

  for (const [code, { status, title }] of Object.entries(problems)) {
    QUnit.test(`S70 leaks nothing with the code ${code}`, async (assert) => {
      const { signIn, failures } = watched({
        server: {
          authenticate() {
            const cause = new Error(hidden);
            throw Object.assign(
              new SessionError(code as ErrorCode, { message: hidden, cause, status: status || 500 }),
              { secret: hidden },
            );
          },
        },
      });
      const answer = await signIn('ada', hidden, { headers: { 'user-agent': hidden } });
      const body = bodyOf(answer);
      assert.equal(answer.headers['content-type'], 'application/problem+json');
      assert.deepEqual(Object.keys(body).sort(), ['code', 'status', 'title', 'type']);
      const told = status === 0 ? 'server/failed' : code;
      const expected = status === 0 ? 500 : status;
      assert.deepEqual([answer.status, body.status, body.code], [expected, expected, told]);
      assert.equal(body.type, `urn:can-connect-session:problem:${told}`);
      if (status !== 0) assert.equal(body.title, title);
      assert.false(/hunter2|\bat .*:\d+:\d+|node_modules|\.ts\b/.test(JSON.stringify(answer)));
      assert.equal(failures.length, expected >= 500 ? 1 : 0, 'who runs the server hears of its own failures');
    });
  }

  for (const thrown of [new TypeError(hidden), hidden, { status: 200, body: hidden }, null, undefined]) {
    QUnit.test(
      `S70 answers 500 and no more to a thrown ${thrown === null ? 'null' : typeof thrown}`,
      async (assert) => {
        const { signIn } = watched({
          server: {
            authenticate() {
              throw thrown;
            },
          },
        });
        const answer = await signIn();
        assert.deepEqual([answer.status, bodyOf(answer).code], [500, 'server/failed']);
        assert.false(JSON.stringify(answer).includes(hidden));
      },
    );
  }

  QUnit.test('S70 repeats nothing of the address that was asked for', async (assert) => {
    const { send } = watched();
    for (const [method, url] of [
      ['GET', `/session?token=${hidden}`],
      ['PUT', `/session?token=${hidden}`],
      ['GET', `/sessions/${hidden}`],
      ['GET', `/nowhere/${hidden}?${hidden}`],
      [hidden, '/session'],
    ] as const) {
      const answer = await send(method, url, { headers: { 'x-anything': hidden } });
      assert.true(answer.status >= 400);
      assert.false(JSON.stringify(answer).includes(hidden), `${method} ${url}`);
    }
  });
});
