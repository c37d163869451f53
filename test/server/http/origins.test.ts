import QUnit from 'qunit';
import { SessionError } from '../../../src/protocol/errors.js';
import { headerCarrier } from '../../../src/server/http/carriers/header.js';
import { createOrigins } from '../../../src/server/http/origins.js';
import { codeOf } from '../fixture.js';
import { requestOf, type Visit, visitsFixture } from './visits.js';

const listed = 'https://partner.example';

type Headers = { readonly [name: string]: string };

/** What a browser or a program says of where an unsafe request comes from, and whether it may use a cookie. */
const table: readonly (readonly [
  number: string,
  what: string,
  headers: Headers,
  withCookie: boolean,
  without: boolean,
])[] = [
  ['S42', 'the same origin', { 'sec-fetch-site': 'same-origin' }, true, true],
  ['S42', 'the user', { 'sec-fetch-site': 'none' }, true, true],
  ['S42', 'another site', { 'sec-fetch-site': 'cross-site' }, false, false],
  ['S42', 'the same site', { 'sec-fetch-site': 'same-site' }, false, false],
  ['S42', 'a value of the future', { 'sec-fetch-site': 'same-party' }, false, false],
  ['S42', 'two values', { 'sec-fetch-site': 'same-origin, cross-site' }, false, false],
  [
    'S42',
    'another site that claims our origin',
    { 'sec-fetch-site': 'cross-site', origin: 'https://app.example' },
    false,
    false,
  ],
  ['S42', 'a listed origin, cross-site', { 'sec-fetch-site': 'cross-site', origin: listed }, true, true],
  ['S42', 'a listed origin, same-site', { 'sec-fetch-site': 'same-site', origin: listed }, true, true],
  ['S42', 'our page that hides its origin', { 'sec-fetch-site': 'same-origin', origin: 'null' }, true, true],
  ['S43', 'our origin', { origin: 'https://app.example' }, true, true],
  [
    'S43',
    'our origin with a port',
    { origin: 'https://app.example:8443', host: 'app.example:8443' },
    true,
    true,
  ],
  ['S43', 'another port of ours', { origin: 'https://app.example:8443' }, false, false],
  [
    'S43',
    'our host, unencrypted, on an encrypted connection',
    { origin: 'http://app.example' },
    false,
    false,
  ],
  ['S43', 'a listed origin', { origin: listed }, true, true],
  ['S43', 'another origin', { origin: 'https://evil.example' }, false, false],
  ['S43', 'an origin that begins like ours', { origin: 'https://app.example.evil.example' }, false, false],
  ['S43', 'an origin that ends like ours', { origin: 'https://evilapp.example' }, false, false],
  ['S43', 'a subdomain of ours', { origin: 'https://sub.app.example' }, false, false],
  ['S43', 'no origin to speak of', { origin: 'null' }, false, false],
  ['S43', 'an empty origin', { origin: '' }, false, false],
  ['S43', 'a Referer of ours', { referer: 'https://app.example/page?x' }, true, true],
  ['S43', 'a Referer of a listed origin', { referer: `${listed}/page` }, true, true],
  ['S43', 'a Referer of another', { referer: 'https://evil.example/app.example' }, false, false],
  ['S43', 'a Referer with us as its user', { referer: 'https://app.example@evil.example/' }, false, false],
  ['S43', 'a Referer that is no address', { referer: 'app.example' }, false, false],
  [
    'S43',
    'a good Referer and a bad Origin',
    { referer: 'https://app.example/', origin: 'null' },
    false,
    false,
  ],
  ['S43', 'nobody who says anything', {}, false, true],
];

QUnit.module('server/http/origins', () => {
  QUnit.module('an unsafe request', () => {
    for (const [number, what, headers, withCookie, without] of table) {
      QUnit.test(
        `${number} from ${what}: ${withCookie} with a cookie, ${without} without`,
        async (assert) => {
          const { visit, begun } = visitsFixture({ server: { origins: [listed] } });
          const { id, wire } = await begun();
          const codes = { true: 'no error', false: 'request/origin' } as const;
          for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'post', 'PROPFIND']) {
            const cookie = await codeOf(async () => {
              assert.equal((await visit({ method, headers, cookie: wire })).session.id, id);
            });
            assert.equal(cookie, codes[`${withCookie}`], method);
          }
          const begins = await codeOf(async () => {
            const { session } = await visit({ method: 'POST', headers });
            await session.save({});
          });
          assert.equal(begins, codes[`${without}`], 'S46 a session that begins');
        },
      );
    }

    QUnit.test('S43 from our host on a plain connection may come over either', async (assert) => {
      const { visit, begun } = visitsFixture({
        server: { cookie: { secure: false, name: '__x' } },
        cookieName: '__x',
      });
      const { id, wire } = await begun();
      for (const scheme of ['http', 'https']) {
        const headers = { origin: `${scheme}://app.example` };
        const { session } = await visit({ method: 'POST', secure: false, cookie: wire, headers });
        assert.equal(session.id, id, scheme);
      }
    });

    QUnit.test('S42 with what no browser adds by itself may come from anywhere', async (assert) => {
      const { visit, begun } = visitsFixture({ server: { carriers: [headerCarrier()] } });
      const { id, wire } = await begun();
      const headers = {
        'x-session-id': wire,
        'sec-fetch-site': 'cross-site',
        origin: 'https://evil.example',
      };
      assert.equal((await visit({ method: 'POST', headers })).session.id, id);
    });

    QUnit.test('S46 to our own paths is refused before anything is read', async (assert) => {
      const { server, calls } = visitsFixture();
      for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }]) {
        for (const method of ['POST', 'DELETE']) {
          const request = requestOf({ method, url: '/session', headers });
          const unread = { ...request, body: () => Promise.reject(new Error('was read')) };
          assert.equal((await server.handle(unread)).status, 403);
        }
      }
      assert.deepEqual(calls, []);
    });
  });

  for (const method of ['GET', 'HEAD', 'OPTIONS', 'TRACE']) {
    QUnit.test(`S42 a ${method} may come from anywhere: it changes nothing`, async (assert) => {
      const { visit, begun } = visitsFixture();
      const { id, wire } = await begun();
      const headers = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
      assert.equal((await visit({ method, headers, cookie: wire })).session.id, id);
    });
  }

  QUnit.module('S47 CORS', () => {
    const preflight = (visit: Visit) =>
      requestOf({
        method: 'OPTIONS',
        url: '/session',
        ...visit,
        headers: { 'access-control-request-method': 'DELETE', ...visit.headers },
      });
    const granted = (headers: { readonly [name: string]: unknown }) =>
      Object.keys(headers).filter((name) => name.startsWith('access-control-'));

    for (const origin of [
      'https://evil.example',
      'null',
      '*',
      `${listed}.evil.example`,
      listed.toUpperCase(),
      'http://partner.example',
    ]) {
      QUnit.test(`S47 grants nothing to ${origin}`, async (assert) => {
        const { server } = visitsFixture({ server: { origins: [listed] } });
        for (const request of [
          preflight({ headers: { origin } }),
          requestOf({ url: '/session', headers: { origin } }),
        ]) {
          const { headers } = await server.handle(request);
          assert.deepEqual(granted(headers), []);
          assert.true(String(headers.vary).includes('Origin'));
        }
        assert.equal((await server.handle(preflight({ headers: { origin } }))).status, 403);
      });
    }

    QUnit.test(
      'S47 names the listed origin, never a star, and says that its cookies may come',
      async (assert) => {
        const { server } = visitsFixture({ server: { origins: [listed] } });
        const { status, headers } = await server.handle(preflight({ headers: { origin: listed } }));
        assert.equal(status, 204);
        assert.equal(headers['access-control-allow-origin'], listed);
        assert.equal(headers['access-control-allow-credentials'], 'true');
        assert.false(JSON.stringify(headers).includes('*'));
      },
    );

    QUnit.test('S47 asks for no cookies where none can hold a session', async (assert) => {
      const { server } = visitsFixture({ server: { origins: [listed], carriers: [headerCarrier()] } });
      const { headers } = await server.handle(preflight({ headers: { origin: listed } }));
      assert.equal(headers['access-control-allow-credentials'], undefined);
    });

    QUnit.test('admits and shows the headers of the carriers', async (assert) => {
      const { server } = visitsFixture({
        server: { origins: [listed], carriers: [headerCarrier({ name: 'X-My-Session' })] },
      });
      const { headers } = await server.handle(preflight({ headers: { origin: listed } }));
      assert.true(String(headers['access-control-allow-headers']).endsWith(', x-my-session'));
      assert.true(String(headers['access-control-expose-headers']).endsWith(', x-my-session'));
    });
  });

  QUnit.test('refuses what is no origin', (assert) => {
    for (const origin of [
      '*',
      'null',
      '',
      'https://*.example',
      'https://app.example/',
      'app.example',
      'file://',
    ]) {
      assert.throws(
        () => createOrigins({ listed: [origin], credentials: true }),
        (error: unknown) => error instanceof SessionError && error.code === 'config/invalid',
        origin,
      );
    }
  });
});
