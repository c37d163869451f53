import QUnit from 'qunit';
import { fetchHandler } from '../../../src/server/adapters/fetch.js';
import { sessionServerFixture } from '../fixture.js';
import { endpointBehaviour, type Sent } from './endpoint-behaviour.js';

function requestOf(
  { method, path = '/session', headers = {}, body }: Sent,
  origin = 'http://own.example',
): Request {
  const stream = typeof body === 'object' ? new Blob([...body]).stream() : body;
  const init = { method, headers, body: stream ?? null, duplex: 'half' };
  return new Request(origin + path, init);
}

QUnit.module('server/adapters/fetch', () => {
  endpointBehaviour(async (sessionServer) => {
    const handle = fetchHandler(sessionServer);
    return {
      async send(request) {
        const { status, headers, body } = await handle(requestOf(request)).then(async (response) => ({
          status: response.status,
          headers: response.headers,
          body: await response.text(),
        }));
        return { status, headers, text: body };
      },
      close: async () => {},
    };
  });

  QUnit.test('takes the host from the URL when no header says it', async (assert) => {
    const handle = fetchHandler(sessionServerFixture().server);
    const headers = { origin: 'http://own.example' };
    assert.equal((await handle(requestOf({ method: 'DELETE', headers }))).status, 204);
    assert.equal(
      (await handle(requestOf({ method: 'DELETE', headers }, 'http://other.example'))).status,
      403,
    );
  });

  QUnit.test('S40 sends Strict-Transport-Security on an encrypted connection', async (assert) => {
    const handle = fetchHandler(sessionServerFixture().server);
    const answer = await handle(requestOf({ method: 'GET' }, 'https://own.example'));
    assert.equal(answer.headers.get('strict-transport-security'), 'max-age=31536000');
  });

  QUnit.test('reads no further than the limit', async (assert) => {
    const handle = fetchHandler(sessionServerFixture().server);
    let pulled = 0;
    let cancelled = false;
    const body = new ReadableStream({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(4096));
      },
      cancel() {
        cancelled = true;
      },
    });
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body, duplex: 'half' };
    assert.equal((await handle(new Request('http://own.example/session', init))).status, 413);
    assert.true(cancelled);
    assert.true(pulled <= 7, `${pulled} chunks of 4096 bytes`);
  });

  QUnit.test('answers 400 when the body breaks off', async (assert) => {
    const { server, failures } = sessionServerFixture();
    const body = new ReadableStream({
      pull(controller) {
        controller.error(new Error('connection reset'));
      },
    });
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body, duplex: 'half' };
    assert.equal((await fetchHandler(server)(new Request('http://own.example/session', init))).status, 400);
    assert.deepEqual(failures, []);
  });
});
