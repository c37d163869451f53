import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import QUnit from 'qunit';
import { nodeHandler } from '../../../src/server/adapters/node.js';
import { password, sessionServerFixture } from '../fixture.js';
import { endpointBehaviour, sendTo } from './endpoint-behaviour.js';

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Writes to a socket and gives everything that comes back until the other side closes. */
function talk(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let received = '';
    socket.on('error', reject);
    socket.on('data', (data) => {
      received += data;
    });
    socket.on('end', () => {
      socket.end();
      resolve(received);
    });
  });
}

QUnit.module('server/adapters/node', () => {
  endpointBehaviour(async (sessionServer) => {
    const server = createServer(nodeHandler(sessionServer));
    const port = await listening(server);
    return { send: (request) => sendTo(port, request), close: () => closed(server) };
  });

  QUnit.test('hands on what is not its own when there is a next', async (assert) => {
    const handle = nodeHandler(sessionServerFixture().server);
    const server = createServer((request, response) =>
      handle(request, response, () => response.end(`next ${request.url}`)),
    );
    const port = await listening(server);
    assert.equal((await sendTo(port, { method: 'GET', path: '/index.html' })).text, 'next /index.html');
    assert.equal((await sendTo(port, { method: 'GET', path: '/session?x' })).status, 401);
    await closed(server);
  });

  QUnit.test('understands a request line that holds a whole URL', async (assert) => {
    const server = createServer(nodeHandler(sessionServerFixture().server));
    const port = await listening(server);
    const answer = await talk(port, 'GET http://h/session HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
    assert.true(answer.startsWith('HTTP/1.1 401 '), answer);
    await closed(server);
  });

  QUnit.test('keeps the connection after an answer', async (assert) => {
    const server = createServer(nodeHandler(sessionServerFixture().server));
    const port = await listening(server);
    const get = 'GET /session HTTP/1.1\r\nHost: h\r\n';
    const answers = await talk(port, `${get}\r\n${get}Connection: close\r\n\r\n`);
    assert.equal(answers.match(/HTTP\/1\.1 401 /g)?.length, 2);
    await closed(server);
  });

  QUnit.test('answers before a body that is announced too large has arrived, and closes', async (assert) => {
    const server = createServer(nodeHandler(sessionServerFixture().server));
    const port = await listening(server);
    const head = 'POST /session HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n';
    const answer = await talk(port, `${head}Content-Length: 999999999\r\n\r\n{"username":`);
    assert.true(answer.startsWith('HTTP/1.1 413 '), answer);
    assert.true(/^connection: close\r$/im.test(answer));
    assert.true(answer.endsWith('"code":"request/size"}'));
    await closed(server);
  });

  QUnit.test('closes the connection instead of reading a body that it does not want', async (assert) => {
    const server = createServer(nodeHandler(sessionServerFixture().server));
    const port = await listening(server);
    const head = 'DELETE /session HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n';
    const answer = await talk(port, `${head}5\r\nhello\r\n`);
    assert.true(answer.startsWith('HTTP/1.1 204 '), answer);
    assert.true(/^connection: close\r$/im.test(answer));
    await closed(server);
  });

  QUnit.test('survives a client that goes away in the middle of its body', async (assert) => {
    const { server: sessionServer, failures } = sessionServerFixture();
    const server = createServer(nodeHandler(sessionServer));
    const port = await listening(server);
    const gone = new Promise<void>((resolve) => {
      server.once('connection', (socket) => socket.once('close', () => resolve()));
    });
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(
        'POST /session HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{',
      );
    });
    await new Promise<void>((resolve) => server.once('request', () => resolve()));
    socket.destroy();
    await gone;
    const body = JSON.stringify({ username: 'ada', password });
    const answer = await sendTo(port, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    assert.equal(answer.status, 201);
    assert.deepEqual(failures, []);
    await closed(server);
  });
});
