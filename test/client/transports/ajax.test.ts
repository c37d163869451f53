import QUnit from 'qunit';
import { ajaxTransport } from '../../../src/client/transports/ajax.js';
import { SessionError } from '../../../src/index.js';
import { scriptedServer } from '../../support/scripted-server.js';

const { module, test } = QUnit;

/** The error that a call rejects with. */
const errorOf = (call: Promise<unknown>) =>
  call.then(
    () => undefined,
    (error: unknown) => error as SessionError,
  );

module('the way to the server over can-ajax', () => {
  test('takes cookies to another origin only where the cookie is the session', async (assert) => {
    // biome-ignore lint/suspicious/noDocumentCookie: cookieStore asks for https
    document.cookie = 'probe=1';
    for (const cookie of [true, false]) {
      const server = await scriptedServer();
      for (const method of ['POST', 'GET', 'DELETE']) await server.answer(method, { body: {} });
      const transport = ajaxTransport(server.crossOriginUrl, cookie);
      await transport.create({});
      await transport.get(null);
      await transport.destroy(null);
      const sent = (await server.requests()).map(({ headers }) => (headers.cookie ?? '').includes('probe=1'));
      assert.deepEqual(sent, [cookie, cookie, cookie], `cookie: ${cookie}`);
    }
    // biome-ignore lint/suspicious/noDocumentCookie: as above
    document.cookie = 'probe=; Max-Age=0';
  });

  test('tells of a sign-out by a request that outlives the page, with a limit of time', async (assert) => {
    const server = await scriptedServer();
    await server.answer('DELETE', { status: 204 });
    const { fetch } = globalThis;
    let init: RequestInit | undefined;
    globalThis.fetch = (input, given) => {
      init = given;
      return fetch(input, given);
    };
    try {
      await ajaxTransport(server.url, false).destroy('a.b.c');
    } finally {
      globalThis.fetch = fetch;
    }
    assert.true(init?.keepalive);
    assert.true(init?.signal instanceof AbortSignal);
    assert.notOk(init?.body);
  });

  const failures: readonly (readonly [number, object | string, string, string])[] = [
    [401, '', 'credentials/wrong', 'session/ended'],
    [401, { code: 'token/expired' }, 'token/expired', 'token/expired'],
    [400, { code: 17 }, 'request/refused', 'request/refused'],
    [403, { code: 'NOT_OURS' }, 'request/refused', 'request/refused'],
    [409, '<html>', 'request/refused', 'request/refused'],
    [429, { code: 'request/rate' }, 'request/rate', 'request/rate'],
    [500, '', 'server/failed', 'server/failed'],
    [503, { code: 'store/unavailable', status: 503 }, 'store/unavailable', 'store/unavailable'],
  ];
  for (const [status, body, posted, got] of failures) {
    test(`gives a ${status} with ${JSON.stringify(body)} its code, status and body`, async (assert) => {
      const server = await scriptedServer();
      await server.answer('POST', { status, body });
      await server.answer('GET', { status, body });
      const transport = ajaxTransport(server.url, false);
      for (const [call, code] of [
        [transport.create({}), posted],
        [transport.get('a.b.c'), got],
      ] as const) {
        const error = await errorOf(call);
        assert.true(error instanceof SessionError);
        assert.propContains(error, { code, status });
        assert.deepEqual(error?.body, body);
      }
    });
  }

  test('tells a network failure from every answer', async (assert) => {
    const server = await scriptedServer();
    await server.fail('POST');
    const error = await errorOf(ajaxTransport(server.url, false).create({}));
    assert.propContains(error, { code: 'network/failed', status: 0 });
  });
});
