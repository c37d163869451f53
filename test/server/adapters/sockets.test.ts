import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import express from 'express';
import fastify from 'fastify';
import QUnit from 'qunit';
import { sessionSockets } from '../../../src/server/adapters/sockets.js';
import type { SocketEvents, SocketPort } from '../../../src/server/live/sockets/socket-port.js';
import { codeOf } from '../fixture.js';
import { changesOf, patch, replace } from '../live/channel/live-fixture.js';
import { Room, turn } from '../live/sockets/socket-fixture.js';
import { Client, handshake, protocol, raw, SocketHost, withHost } from './socket-host.js';

const rename = (n: number, name: string) => patch(n, 1, replace('/name$', name));
const quiet: SocketEvents = { message() {}, pong() {}, drained() {}, closed() {} };

QUnit.module('server/adapters/sockets', () => {
  QUnit.module('a live session', () => {
    QUnit.test('SC-81 is pushed right after the upgrade', async (assert) => {
      await withHost(async ({ client, room }) => {
        const { messages, opened, socket } = client();
        const first = await messages.next();
        await opened;
        assert.deepEqual([socket.protocol, first.binary], ['', false]);
        assert.deepEqual(changesOf(first.text)[0]?.path, '');
        room.set('text', 'hello');
        assert.deepEqual(changesOf((await messages.next()).text), [replace('/text', 'hello')]);
      });
    });

    QUnit.test('selects our subprotocol, and lets the client speak first', async (assert) => {
      await withHost(async ({ client, room }) => {
        const { socket, opened, messages } = client([protocol, 'bearer.abc']);
        await opened;
        assert.equal(socket.protocol, protocol);
        room.set('text', 'before');
        socket.send('[]');
        const { text } = await messages.next();
        assert.true(text.includes('"before"'), text);
        assert.equal(messages.all.length, 1);
      });
    });

    QUnit.test('SC-82 answers in order, in the kind of frame that was sent', async (assert) => {
      await withHost(async ({ client }) => {
        const { socket, messages } = client();
        await messages.next();
        const kinds: boolean[] = [];
        for (let n = 1; n <= 30; n += 1) {
          socket.send(JSON.stringify(rename(n, `${n}`)), { binary: n % 3 === 0 });
          if (n % 10 === 0) socket.send('[]', { binary: true });
        }
        for (let count = 0; count < 33; count += 1) {
          const { text, binary } = await messages.next();
          if (text !== '[]') assert.true(text.includes(`/_ver#c$","value":${kinds.push(binary)}}`), text);
        }
        assert.deepEqual(
          kinds,
          Array.from({ length: 30 }, (_, index) => (index + 1) % 3 === 0),
        );
      });
    });

    QUnit.test('is told to others', async (assert) => {
      await withHost(async ({ client }) => {
        const [one, two] = [client(), client()];
        await Promise.all([one.messages.next(), two.messages.next()]);
        one.say(rename(1, 'Grace'));
        assert.deepEqual(changesOf((await two.messages.next()).text), [replace('/name$', 'Grace')]);
      });
    });

    QUnit.test('keeps what a client sends before it was let in', async (assert) => {
      await withHost(async ({ host, port, room }) => {
        let admit = (): void => undefined;
        host.gate = new Promise((resolve) => {
          admit = resolve;
        });
        // A text frame with a mask of zeros: in the same packet as the handshake, and again soon after.
        const frame = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x5b, 0x5d]);
        const hello = Buffer.from(handshake('/live', { 'sec-websocket-protocol': protocol }));
        const { socket } = raw(port, Buffer.concat([hello, frame]));
        await host.requests.next();
        socket.write(frame);
        const answered = new Promise<string>((resolve) => {
          let all = '';
          socket.on('data', (data) => {
            all += data;
            if (all.endsWith('[]')) resolve(all);
          });
        });
        admit();
        const all = await answered;
        assert.true(all.startsWith('HTTP/1.1 101 '), all);
        assert.true(all.includes('"name$":"Ada"'), 'the first frame began');
        assert.equal(room.followers.size, 1);
      });
    });

    QUnit.test('SC-84 is left when the connection is gone', async (assert) => {
      await withHost(async ({ client, host, room, sockets }) => {
        const { socket, messages } = client();
        await messages.next();
        assert.deepEqual([sockets.size, room.followers.size], [1, 1]);
        const { closed } = await host.ends.next();
        socket.terminate();
        await closed;
        assert.deepEqual([sockets.size, room.followers.size], [0, 0]);
      });
    });
  });

  QUnit.module('closes', () => {
    const cases: readonly (readonly [what: string, message: string | Uint8Array, closed: string])[] = [
      ['1011 after binary rubbish', Buffer.from([0, 255, 1, 254]), '1011 patch/malformed: no UTF-8'],
      ['1011 after what is no JSON', 'hello', '1011 patch/malformed: no JSON'],
      ['1009 after a message beyond maxPayload', `["${'x'.repeat(65_536)}"]`, '1009'],
      [
        '1009 after 100,000 operations',
        JSON.stringify(patch(1, 1, ...Array(100_000).fill(replace('/name$', 'x')))),
        '1009',
      ],
    ];
    for (const [what, message, closed] of cases) {
      QUnit.test(what, async (assert) => {
        await withHost(async ({ client, room, host }) => {
          const bad = client();
          const { messages } = bad;
          await messages.next();
          bad.socket.send(message);
          assert.equal(await bad.closed, closed);
          const end = await host.ends.next();
          await end.closed;
          assert.deepEqual(room.document.root, { name$: 'Ada', text: '' });
          assert.deepEqual([room.followers.size, host.failures], [0, []]);
          await client().messages.next();
        });
      });
    }

    QUnit.test('1009 after 100,000 operations that maxPayload would let in', async (assert) => {
      await withHost(
        async ({ client }) => {
          const bad = client();
          await bad.messages.next();
          bad.say(patch(1, 1, ...Array(100_000).fill(replace('/name$', 'x'))));
          const closed = await bad.closed;
          assert.true(closed.startsWith('1009 patch/size'), closed);
        },
        { maxPayload: 10_000_000 },
      );
    });

    QUnit.test('SC-83 1011 after a place that is not there, with a reason of 123 bytes', async (assert) => {
      await withHost(async ({ client }) => {
        const bad = client();
        await bad.messages.next();
        bad.say(patch(1, 1, replace(`/${'é'.repeat(150)}/name$`, 'x')));
        const closed = await bad.closed;
        assert.true(closed.startsWith('1011 patch/conflict: no such place (change 0: /é'), closed);
        assert.equal(Buffer.byteLength(closed), '1011 '.length + 122, 'the 123rd would be half a character');
      });
    });

    QUnit.test('1007 after a text frame that is no UTF-8', async (assert) => {
      await withHost(async ({ client, room, host }) => {
        const bad = client();
        await bad.messages.next();
        bad.socket.send(Buffer.from([0x5b, 0xff, 0x5d]), { binary: false });
        assert.equal(await bad.closed, '1007');
        await (await host.ends.next()).closed;
        assert.equal(room.followers.size, 0);
      });
    });

    QUnit.test('1008 when a client sends more than it may', async (assert) => {
      await withHost(
        async ({ client }) => {
          const fast = client();
          await fast.messages.next();
          for (let i = 0; i < 11; i += 1) fast.say([]);
          assert.equal(await fast.closed, '1008 request/rate');
        },
        { room: new Room({}, { burst: 10 }) },
      );
    });

    QUnit.test('S49 a session that is over, with its reason', async (assert) => {
      await withHost(async ({ client, room }) => {
        const { messages, closed } = client();
        await messages.next();
        for (const follower of room.followers) follower.end(4401, 'revoked');
        assert.equal(await closed, '4401 revoked');
        assert.equal(room.followers.size, 0);
      });
    });
  });

  QUnit.module('a connection', () => {
    QUnit.test('is dropped when nobody answers its pings', async (assert) => {
      await withHost(async ({ client, room, host }) => {
        const { messages, pings, closed } = client([], { autoPong: false });
        await messages.next();
        room.tick();
        await pings.next();
        assert.equal(room.followers.size, 1);
        room.tick();
        assert.equal(await closed, '1006');
        await (await host.ends.next()).closed;
      });
    });

    QUnit.test('is kept when somebody does', async (assert) => {
      await withHost(async ({ client, room, host }) => {
        const { messages } = client();
        await messages.next();
        const { pongs } = await host.ends.next();
        for (let i = 0; i < 3; i += 1) {
          room.tick();
          await pongs.next();
        }
        assert.equal(room.followers.size, 1);
      });
    });

    /** A client that does not read, and for which too much waits. Gives how many messages it was sent. */
    async function stuck({ client, host, room }: Parameters<Parameters<typeof withHost>[0]>[0]) {
      const reader = client();
      await reader.messages.next();
      const { port, closed } = await host.ends.next();
      reader.socket.pause();
      let sent = 1;
      while (port.buffered <= room.rules.bufferLimit && sent < 5000) {
        room.set('text', `${sent}${'x'.repeat(100_000)}`);
        sent += 1;
      }
      return { reader, port, closed, sent };
    }

    QUnit.test('that is not read gets one whole document when it is read again', async (assert) => {
      await withHost(async (running) => {
        const { reader, sent } = await stuck(running);
        for (let i = 0; i < 50; i += 1) running.room.set('text', `missed ${i}`);
        assert.true(sent < 5000, `${sent} messages`);
        reader.socket.resume();
        for (let count = 1; count < sent; count += 1) {
          const { text } = await reader.messages.next();
          assert.true(text.length > 100_000);
        }
        const last = await reader.messages.next();
        const [change] = changesOf(last.text);
        assert.equal(change?.path, '');
        assert.true(last.text.includes('"text":"missed 49"'), last.text.slice(-99));
        assert.true(
          last.text.startsWith(`[{"op":"replace","path":"/_ver#s","value":${sent + 1}}`),
          last.text.slice(0, 99),
        );
        reader.say([]);
        assert.equal((await reader.messages.next()).text, '[]', 'and nothing else');
        running.room.set('text', 'short');
        assert.deepEqual(changesOf((await reader.messages.next()).text), [replace('/text', 'short')]);
      });
    });

    QUnit.test('that is never read is dropped', async (assert) => {
      await withHost(async (running) => {
        const { closed, port } = await stuck(running);
        let isClosed = false;
        closed.then(() => {
          isClosed = true;
        });
        // The system takes some more of it at first.
        for (let i = 0; i < 100 && !isClosed; i += 1) {
          running.room.tick();
          await turn();
        }
        assert.true(isClosed);
        assert.deepEqual([running.room.followers.size, running.sockets.size], [0, 0]);
        port.send('x', false);
        port.ping();
        port.tellDrained();
        port.close(1000, '');
        port.terminate();
      });
    });

    QUnit.test('may break at any time', async (assert) => {
      await withHost(async ({ host, port, room, client }) => {
        let admit = (): void => undefined;
        host.gate = new Promise((resolve) => {
          admit = resolve;
        });
        const early = raw(port, handshake('/live'));
        await host.requests.next();
        early.socket.resetAndDestroy();
        const refused = raw(port, handshake('/live', { origin: 'https://evil.example' }));
        await host.requests.next();
        refused.socket.resetAndDestroy();
        const foreign = raw(port, handshake('/other'));
        await host.requests.next();
        foreign.socket.resetAndDestroy();
        await Promise.all([early.answer, refused.answer, foreign.answer]);
        await turn();
        admit();
        const late = raw(port, handshake('/live'));
        await new Promise((resolve) => late.socket.once('data', resolve));
        const ends = host.ends.all.length;
        late.socket.resetAndDestroy();
        await Promise.all(host.ends.all.map(({ closed }) => closed));
        assert.true(ends >= 1);
        assert.deepEqual([room.followers.size, host.failures], [0, []]);
        await client().messages.next();
      });
    });
  });

  QUnit.module('before the handshake', () => {
    QUnit.test('S49 a refusal is a plain answer of HTTP', async (assert) => {
      await withHost(async ({ port, host }) => {
        const answer = await raw(port, handshake('/live', { origin: 'https://evil.example' })).answer;
        assert.deepEqual(answer.split('\r\n'), [
          'HTTP/1.1 403 Forbidden',
          'content-type: application/problem+json',
          'set-cookie: a=1',
          'set-cookie: b=2',
          'connection: close',
          'content-length: 32',
          '',
          '{"code":"request/origin","é":1}',
        ]);
        assert.equal(host.ends.all.length, 0);
      });
    });

    QUnit.test('a refused connection ends, whatever the client does', async (assert) => {
      await withHost(async ({ port, http, host }) => {
        const over = () =>
          new Promise<void>((resolve) =>
            http.once('connection', (socket: Socket) => socket.once('close', () => resolve())),
          );
        const open = over();
        const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
        client.write(handshake('/live', { origin: 'https://evil.example' }));
        await open;
        client.destroy();
        // An answer that is not read, by a client that breaks off.
        const body = 'x'.repeat(20_000_000);
        host.verdict = () => ({ refused: { status: 403, headers: {}, body } });
        const broken = over();
        const { socket } = raw(port, handshake('/live'));
        socket.pause();
        await host.requests.next();
        await host.requests.next();
        await turn();
        socket.resetAndDestroy();
        await broken;
        assert.deepEqual([host.ends.all.length, host.failures], [0, []]);
      });
    });

    QUnit.test('a handshake that is wrong is refused', async (assert) => {
      await withHost(async ({ port, host }) => {
        const wrong: readonly (readonly [string, { readonly [name: string]: string | undefined }])[] = [
          ['400', { 'sec-websocket-key': 'short' }],
          ['400', { 'sec-websocket-key': undefined }],
          ['400', { 'sec-websocket-version': '7' }],
          ['400', { upgrade: 'h2c' }],
          ['400', { 'sec-websocket-protocol': 'a,,b' }],
        ];
        for (const [status, headers] of wrong) {
          const answer = await raw(port, handshake('/live', headers)).answer;
          assert.true(answer.startsWith(`HTTP/1.1 ${status} `), answer);
        }
        assert.equal(host.ends.all.length, 0);
      });
    });

    QUnit.test('a path that is nobody’s gets 404', async (assert) => {
      await withHost(async ({ port }) => {
        const answer = await raw(port, handshake('/other')).answer;
        assert.true(answer.startsWith('HTTP/1.1 404 Not Found\r\n'), answer);
      });
    });

    QUnit.test('a path that is another’s is left to it', async (assert) => {
      await withHost(
        async ({ port, host }) => {
          const { answer } = raw(port, handshake('/other'));
          assert.equal(await answer, 'mine');
          assert.equal(host.requests.all.length, 1);
        },
        {
          others: [
            (request, socket) => {
              if (request.url === '/other') setImmediate(() => setImmediate(() => socket.end('mine')));
            },
          ],
        },
      );
    });

    QUnit.test('a judgement that fails is answered with 500, and reported', async (assert) => {
      await withHost(async ({ port, host }) => {
        host.verdict = () => {
          throw new Error('mine');
        };
        const answer = await raw(port, handshake('/live')).answer;
        assert.true(answer.startsWith('HTTP/1.1 500 '), answer);
        assert.false(answer.includes('mine'));
        assert.deepEqual(
          host.failures.map((error) => (error as Error).message),
          ['mine'],
        );
      });
    });

    QUnit.test('a refusal with a header that cannot be sent breaks off, and is reported', async (assert) => {
      await withHost(async ({ port, host }) => {
        host.verdict = () => ({
          refused: { status: 403, headers: { 'x-a': 'b\r\nset-cookie: c' }, body: '' },
        });
        assert.equal(await raw(port, handshake('/live')).answer, '');
        assert.equal(host.failures.length, 1);
      });
    });
  });

  QUnit.test('closes with 1011 when the socket cannot be spoken for, and reports why', async (assert) => {
    await withHost(async ({ host, client, sockets }) => {
      host.verdict = () => ({
        protocol: undefined,
        accept() {
          throw new Error('mine');
        },
      });
      assert.equal(await client().closed, '1011');
      assert.equal(host.failures.length, 1);
      assert.true(sockets.size <= 1);
    });
  });

  QUnit.test('a socket may be closed at once', async (assert) => {
    await withHost(async ({ host, client }) => {
      host.verdict = () => ({
        protocol,
        accept(port: SocketPort) {
          port.close(4401, 'token/expired');
          return quiet;
        },
      });
      assert.equal(await client([protocol]).closed, '4401 token/expired');
    });
  });

  QUnit.module('close', () => {
    /** Timers that only the test lets go off. */
    function heldTimers() {
      const work = new Set<() => void>();
      return {
        waiting: work,
        set(what: () => void) {
          work.add(what);
          return what;
        },
        clear: (handle: unknown) => work.delete(handle as () => void),
      };
    }

    QUnit.test('closes all with 1001, and takes no more', async (assert) => {
      const timers = heldTimers();
      await withHost(
        async ({ client, sockets, room, port }) => {
          const clients = [client(), client(), client([protocol])];
          await Promise.all(clients.map(({ opened }) => opened));
          assert.equal(sockets.size, 3);
          const over = sockets.close();
          assert.equal(sockets.close(), over);
          assert.deepEqual(await Promise.all(clients.map(({ closed }) => closed)), ['1001', '1001', '1001']);
          await over;
          assert.deepEqual([sockets.size, room.followers.size, timers.waiting.size], [0, 0, 0]);
          const answer = await raw(port, handshake('/live')).answer;
          assert.true(answer.startsWith('HTTP/1.1 503 '), answer);
        },
        { timers },
      );
    });

    QUnit.test('drops those that do not answer in time', async (assert) => {
      const timers = heldTimers();
      await withHost(
        async ({ port, sockets, host }) => {
          const { socket, answer } = raw(port, handshake('/live'));
          await new Promise((resolve) => socket.once('data', resolve));
          const over = sockets.close();
          assert.equal(timers.waiting.size, 1);
          for (const work of timers.waiting) work();
          await over;
          await answer;
          await (await host.ends.next()).closed;
          assert.equal(sockets.size, 0);
        },
        { timers },
      );
    });

    QUnit.test('is done at once when there is none', async (assert) => {
      await withHost(async ({ sockets }) => {
        await sockets.close();
        assert.equal(sockets.size, 0);
      });
    });
  });

  QUnit.test('serves the server of Express', async (assert) => {
    const host = new SocketHost(new Room({ name$: 'Ada' }));
    const app = express();
    app.get('/plain', (_, response) => response.send('plain'));
    const server = app.listen(0, '127.0.0.1');
    server.on('upgrade', sessionSockets(host));
    await new Promise((resolve) => server.once('listening', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const client = new Client(`${url}/live`);
    assert.true((await client.messages.next()).text.includes('Ada'));
    assert.equal(await (await fetch(`${url}/plain`, { headers: { connection: 'close' } })).text(), 'plain');
    client.socket.terminate();
    await new Promise((resolve) => server.close(resolve));
  });

  QUnit.test('serves the server of Fastify', async (assert) => {
    const host = new SocketHost(new Room({ name$: 'Ada' }));
    const app = fastify();
    app.get('/plain', () => 'plain');
    app.server.on('upgrade', sessionSockets(host));
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    const client = new Client(`${url}/live`);
    assert.true((await client.messages.next()).text.includes('Ada'));
    assert.equal(await (await fetch(`${url}/plain`)).text(), 'plain');
    client.socket.terminate();
    await app.close();
  });

  QUnit.test('refuses options that cannot be', async (assert) => {
    const host = new SocketHost(new Room({}));
    for (const options of [{ maxPayload: 0 }, { closeWait: -1 }, { onError: 5 as never }]) {
      assert.equal(await codeOf(() => sessionSockets(host, options)), 'config/invalid');
    }
    const server = createServer();
    assert.equal(server.on('upgrade', sessionSockets(host)).listenerCount('upgrade'), 1);
  });
});
