import QUnit from 'qunit';
import { SessionError } from '../../src/protocol/errors.js';
import type { HttpRequest } from '../../src/server/http/exchange.js';
import { createSessionServer } from '../../src/server/session-server.js';
import type { SessionServerOptions } from '../../src/server/session-server-options.js';
import { password, sessionServerFixture } from './fixture.js';
import { plainRequest } from './http/resources/plain.js';

const request = (method: string, url = '/session', body = '', headers = {}): HttpRequest =>
  plainRequest(method, url, { headers, body });

const signIn = request('POST', '/session', JSON.stringify({ username: 'ada', password }), {
  'content-type': 'application/json',
});

QUnit.module('server/session-server', () => {
  QUnit.test('owns its paths, with any query, and no other', (assert) => {
    const { server } = sessionServerFixture();
    assert.deepEqual(
      ['/session', '/session?x=/y', '/session/', '/sessions', '/', ''].map((url) => server.owns(url)),
      [true, true, false, true, false, false],
    );
  });

  QUnit.test('answers at another url when told so', async (assert) => {
    const { server } = sessionServerFixture({ server: { url: '/api/v1/my-session' } });
    assert.equal((await server.handle(request('DELETE', '/api/v1/my-session'))).status, 204);
    assert.equal((await server.handle(request('DELETE', '/session'))).status, 404);
  });

  QUnit.test('reads a header before the body: no type, no reading', async (assert) => {
    const { server } = sessionServerFixture();
    const unreadable = { ...request('POST'), body: () => Promise.reject(new Error('was read')) };
    assert.equal((await server.handle(unreadable)).status, 415);
  });

  QUnit.test('hands authenticate the name and the password and nothing else', async (assert) => {
    const seen: unknown[] = [];
    const { server } = sessionServerFixture({
      server: {
        authenticate(credentials) {
          seen.push(credentials);
          return null;
        },
      },
    });
    const body = JSON.stringify({ username: 'ada', password, admin: true });
    await server.handle(request('POST', '/session', body, { 'content-type': 'application/json' }));
    assert.deepEqual(seen, [{ username: 'ada', password }]);
  });

  QUnit.test('S72 reports a failure by place and code, without its message', async (assert) => {
    const lines: string[] = [];
    const { error } = console;
    console.error = (...args: unknown[]) => lines.push(args.join(' '));
    try {
      const { sessions, tokens } = sessionServerFixture();
      const server = createSessionServer({
        sessions,
        tokens,
        authenticate({ password }) {
          throw new TypeError(`cannot look up\n    at ${password}`);
        },
      });
      assert.equal((await server.handle(signIn)).status, 500);
    } finally {
      console.error = error;
    }
    assert.equal(lines.length, 1);
    assert.true(lines[0]?.includes('TypeError'));
    assert.true(lines[0]?.includes('session-server.test'), 'the place');
    assert.false(lines[0]?.includes(password));
  });

  QUnit.test('answers although onError itself fails', async (assert) => {
    const { server } = sessionServerFixture({
      server: {
        authenticate: () => Promise.reject(new Error('down')),
        onError() {
          throw new Error('also down');
        },
      },
    });
    assert.equal((await server.handle(signIn)).status, 500);
  });

  QUnit.test('tells no code that belongs to no server', async (assert) => {
    const { server } = sessionServerFixture({
      server: { authenticate: () => Promise.reject(new SessionError('config/invalid')) },
    });
    const { status, body = '' } = await server.handle(signIn);
    assert.deepEqual([status, JSON.parse(body).code], [500, 'server/failed']);
  });

  QUnit.module('options', () => {
    for (const [option, value] of [
      ['sessions', undefined],
      ['sessions', {}],
      ['tokens', {}],
      ['signInBy', 'body'],
      ['carriers', []],
      ['carriers', [{}]],
      ['cookie', { name: 'a b' }],
      ['clearSiteData', ['everything']],
      ['proxies', 11],
      ['proxies', true],
      ['saveUninitialized', 1],
      ['ambient', 'yes'],
      ['labels', {}],
      ['now', 1],
      ['authenticate', undefined],
      ['url', ''],
      ['url', 'session'],
      ['url', '/session/'],
      ['url', '/session?x'],
      ['url', 'https://own.example/session'],
      ['bodyLimit', 0],
      ['bodyLimit', 1.5],
      ['bodyLimit', 1_048_577],
      ['origins', ['*']],
      ['origins', ['null']],
      ['origins', ['https://app.example/']],
      ['origins', ['https://app.example/path']],
      ['origins', ['https://app.example:443']],
      ['origins', ['https://APP.example']],
      ['origins', ['app.example']],
      ['origins', ['file://']],
      ['origins', ['https://*.example']],
    ] as const) {
      QUnit.test(`refuses ${option} ${JSON.stringify(value)} and names it`, (assert) => {
        const { sessions, tokens } = sessionServerFixture();
        const options = { sessions, tokens, authenticate: () => null, [option]: value };
        assert.throws(
          () => createSessionServer(options as unknown as SessionServerOptions<unknown>),
          (error: unknown) =>
            error instanceof SessionError &&
            error.code === 'config/invalid' &&
            error.message.includes(option),
        );
      });
    }
  });
});
