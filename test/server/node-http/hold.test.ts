import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import QUnit from 'qunit';
import type { HttpHeaders } from '../../../src/server/http/exchange.js';
import { addVary } from '../../../src/server/node-http/head.js';
import { holdAnswer } from '../../../src/server/node-http/hold.js';

/** A promise that the test settles. */
function gate() {
  let open: () => void = () => {};
  let fail: (error: Error) => void = () => {};
  const promise = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  promise.catch(() => {});
  return { promise, open, fail };
}

interface Scene {
  readonly response: ServerResponse;
  readonly request: IncomingMessage;
  readonly stored: ReturnType<typeof gate>;
  /** From now on the answer waits for `stored`. */
  hold(headers?: HttpHeaders): void;
  readonly refused: unknown[];
}

interface Told {
  readonly status: number;
  readonly message: string;
  readonly raw: readonly string[];
  readonly headers: IncomingMessage['headers'];
  readonly trailers: IncomingMessage['trailers'];
  readonly text: string;
}

const cookie = { 'set-cookie': ['sid=1'], 'cache-control': 'no-store' };

/** One request to a server whose handler is the test. `undefined` = the connection broke. */
async function scene(handler: (scene: Scene) => unknown, method = 'GET'): Promise<Told | undefined> {
  const refused: unknown[] = [];
  const broken: unknown[] = [];
  let handled: Promise<unknown> = Promise.resolve();
  const server = createServer((request, response) => {
    const stored = gate();
    let settled = false;
    const done = () => {
      settled = true;
    };
    stored.promise.then(done, done);
    const hold = (headers: HttpHeaders = cookie) =>
      holdAnswer(
        { request, response },
        { pending: () => (settled ? undefined : stored.promise), headers: () => headers },
        (error) => {
          refused.push(error);
          return { status: 503, headers: { 'content-type': 'application/problem+json' }, body: '{}' };
        },
      );
    handled = Promise.resolve(handler({ request, response, stored, hold, refused })).catch((error) => {
      broken.push(error);
      response.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const told = await new Promise<Told | undefined>((resolve) => {
    const sent = httpRequest({ port, host: '127.0.0.1', method, agent: false }, (answer) => {
      let text = '';
      answer.on('data', (data) => {
        text += data;
      });
      answer.on('error', () => resolve(undefined));
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          message: answer.statusMessage ?? '',
          raw: answer.rawHeaders,
          headers: answer.headers,
          trailers: answer.trailers,
          text,
        }),
      );
    });
    sent.on('error', () => resolve(undefined));
    sent.end();
  });
  await handled;
  await new Promise((resolve) => server.close(resolve));
  if (broken.length > 0) throw broken[0];
  return told;
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

QUnit.module('server/node-http/hold', () => {
  QUnit.test('answers the handler as if all were sent', async (assert) => {
    await scene(({ response, stored, hold }) => {
      hold();
      assert.deepEqual([response.headersSent, response.writableEnded], [false, false], 'nothing yet');
      assert.strictEqual(response.writeHead(201), response);
      assert.true(response.headersSent);
      assert.false(response.write('a'), 'a stream is to wait');
      assert.strictEqual(response.flushHeaders(), undefined);
      assert.false(response.writableEnded);
      assert.strictEqual(response.end('b'), response);
      assert.true(response.writableEnded);
      stored.open();
    });
  });

  QUnit.test('does not hold what needs no waiting', async (assert) => {
    const told = await scene(async ({ response, stored, hold }) => {
      hold();
      stored.open();
      await turn();
      assert.true(response.write('a'));
      assert.true(response.headersSent);
      response.end('b');
    });
    assert.deepEqual([told?.text, told?.headers['set-cookie']], ['ab', ['sid=1']]);
  });

  const heads: readonly (readonly [form: string, ...args: unknown[]])[] = [
    ['an object', 201, { 'X-Own': 'own', 'Set-Cookie': ['a=1', 'b=2'], n: 7 }],
    ['a message and an object', 201, 'Made', { 'X-Own': 'own', 'Set-Cookie': ['a=1', 'b=2'], n: 7 }],
    ['names and values in turn', 201, ['X-Own', 'own', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'n', 7]],
    [
      'pairs',
      201,
      [
        ['X-Own', 'own'],
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
        ['n', 7],
      ],
    ],
    ['no message and an object', 201, undefined, { 'X-Own': 'own', 'Set-Cookie': ['a=1', 'b=2'], n: 7 }],
  ];
  for (const [form, ...args] of heads) {
    for (const late of [true, false]) {
      QUnit.test(
        `SC-53 joins its headers to ${form} of writeHead${late ? ' that waits' : ''}`,
        async (assert) => {
          const told = await scene(async ({ response, stored, hold }) => {
            response.setHeader('x-before', 'before');
            response.setHeader('x-own', 'another');
            hold();
            if (!late) {
              stored.open();
              await turn();
            }
            Reflect.apply(response.writeHead, response, args);
            response.end();
            stored.open();
          });
          assert.deepEqual(
            [told?.status, told?.message, told?.headers['x-own'], told?.headers['x-before'], told?.headers.n],
            [201, args[1] === 'Made' ? 'Made' : 'Created', 'own', 'before', '7'],
          );
          assert.deepEqual(told?.headers['set-cookie'], ['a=1', 'b=2', 'sid=1']);
        },
      );
    }
  }

  QUnit.test('S38 adds its cookie to no list that the handler gives to everybody', async (assert) => {
    const everybodys = ['theme=dark'];
    for (const set of [
      (response: ServerResponse) => response.setHeader('set-cookie', everybodys).end(),
      (response: ServerResponse) => response.writeHead(200, { 'set-cookie': everybodys }).end(),
    ]) {
      const told = await scene(({ response, stored, hold }) => {
        hold();
        set(response);
        stored.open();
      });
      assert.deepEqual([told?.headers['set-cookie'], everybodys], [['theme=dark', 'sid=1'], ['theme=dark']]);
    }
  });

  QUnit.test('S35 lets nobody cache what sets a cookie', async (assert) => {
    for (const set of [
      (response: ServerResponse) => response.setHeader('cache-control', 'max-age=60').end(),
      (response: ServerResponse) => response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end(),
    ]) {
      const told = await scene(({ response, stored, hold }) => {
        hold();
        set(response);
        stored.open();
      });
      assert.equal(told?.headers['cache-control'], 'no-store');
    }
  });

  QUnit.test('keeps the status of the time at which it would have been sent', async (assert) => {
    const told = await scene(({ response, stored, hold }) => {
      hold();
      response.statusCode = 202;
      response.statusMessage = 'Soon';
      response.end('a');
      response.statusCode = 500;
      response.statusMessage = 'Late';
      stored.open();
    });
    assert.deepEqual([told?.status, told?.message], [202, 'Soon']);
  });

  QUnit.test(
    'throws, as node:http does, when headers are changed after they would have been sent',
    async (assert) => {
      const told = await scene(({ response, stored, hold }) => {
        hold();
        response.end('a');
        const sent = (error: unknown) => (error as { code?: string }).code === 'ERR_HTTP_HEADERS_SENT';
        assert.throws(() => response.setHeader('x', '1'), sent);
        assert.throws(() => response.appendHeader('x', '1'), sent);
        assert.throws(() => response.removeHeader('x'), sent);
        stored.open();
      });
      assert.false('x' in (told?.headers ?? {}));
    },
  );

  QUnit.test('calls back when all is written', async (assert) => {
    const calls: string[] = [];
    const told = await scene(({ response, stored, hold }) => {
      hold();
      response.write('a', () => calls.push('write'));
      response.end('b', () => calls.push('end'));
      assert.deepEqual(calls, []);
      stored.open();
    });
    assert.equal(told?.text, 'ab');
    assert.deepEqual(calls, ['write', 'end']);
  });

  QUnit.test('sends trailers', async (assert) => {
    const told = await scene(({ response, stored, hold }) => {
      hold();
      response.writeHead(200, { Trailer: 'x-sum' });
      response.write('a');
      response.addTrailers({ 'x-sum': '1' });
      response.end();
      stored.open();
    });
    assert.deepEqual([told?.text, told?.trailers['x-sum']], ['a', '1']);
  });

  QUnit.test('takes encodings and bytes', async (assert) => {
    const told = await scene(({ response, stored, hold }) => {
      hold();
      response.write('YQ==', 'base64');
      response.write(Buffer.from('b'));
      response.end('63', 'hex');
      stored.open();
    });
    assert.equal(told?.text, 'abc');
  });

  QUnit.test('makes a stream wait instead of keeping all of it in memory', async (assert) => {
    let pulled = 0;
    const told = await scene(async ({ response, stored, hold }) => {
      hold();
      const source = Readable.from(
        (function* () {
          for (; pulled < 200; pulled += 1) yield 'x'.repeat(1000);
        })(),
      );
      const done = pipeline(source, response);
      for (let i = 0; i < 50; i++) await turn();
      assert.true(pulled < 40, `${pulled} of 200 parts were read`);
      stored.open();
      await done;
    });
    assert.equal(told?.text.length, 200_000);
  });

  QUnit.test('waits again when the session is changed while the answer is under way', async (assert) => {
    let second: ReturnType<typeof gate> | undefined;
    const order: string[] = [];
    const server = createServer((request, response) => {
      const gates = [gate(), gate()];
      let pending: Promise<void> | undefined = gates[0]?.promise;
      holdAnswer({ request, response }, { pending: () => pending, headers: () => ({}) }, () => ({
        status: 503,
        headers: {},
        body: undefined,
      }));
      response.write('a');
      pending = undefined;
      gates[0]?.open();
      setImmediate(() => {
        pending = gates[1]?.promise;
        second = gates[1];
        response.end('b', () => order.push('sent'));
        setImmediate(() => {
          order.push('stored');
          pending = undefined;
          second?.open();
        });
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'ab');
    assert.deepEqual(order, ['stored', 'sent']);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  QUnit.module('a store that fails', () => {
    const failure = new Error('away');

    QUnit.test('S76 takes the place of the answer, with nothing of it', async (assert) => {
      const told = await scene(async ({ response, stored, hold, refused }) => {
        response.setHeader('x-own', 'own').setHeader('etag', '"1"').setHeader('set-cookie', 'theme=dark');
        response.statusMessage = 'Fine';
        hold({});
        response.writeHead(201, { 'content-type': 'text/html' });
        response.end('done');
        stored.fail(failure);
        await turn();
        assert.deepEqual(refused, [failure]);
      });
      assert.deepEqual([told?.status, told?.message, told?.text], [503, 'Service Unavailable', '{}']);
      assert.equal(told?.headers['content-type'], 'application/problem+json');
      for (const name of ['x-own', 'etag', 'set-cookie']) assert.false(name in (told?.headers ?? {}), name);
    });

    QUnit.test('still tells of what has happened before it', async (assert) => {
      const told = await scene(({ response, stored, hold }) => {
        hold();
        response.end('done');
        stored.fail(failure);
      });
      assert.deepEqual([told?.status, told?.headers['set-cookie']], [503, ['sid=1']]);
    });

    QUnit.test('drops what the handler still sends, and harms nobody', async (assert) => {
      const errors: unknown[] = [];
      const told = await scene(async ({ response, stored, hold }) => {
        hold({});
        response.write('a', (error) => errors.push(error));
        stored.fail(failure);
        for (let i = 0; i < 3; i++) await turn();
        assert.true(response.write('b', (error) => errors.push(error)));
        assert.strictEqual(
          response.end('c', () => errors.push('end')),
          response,
        );
        response.end('d');
        await turn();
      });
      assert.deepEqual([told?.status, told?.text], [503, '{}']);
      assert.strictEqual(errors[0], failure);
      assert.equal(errors.length, 3);
    });

    QUnit.test('lets a stream run out', async (assert) => {
      const source = Readable.from(['a', 'b', 'c']);
      const closed = new Promise<void>((resolve) => source.once('close', () => resolve()));
      const told = await scene(({ response, stored, hold }) => {
        hold({});
        source.pipe(response);
        source.once('readable', () => setImmediate(() => stored.fail(failure)));
      });
      assert.equal(told?.status, 503);
      source.destroy();
      await closed;
    });

    QUnit.test('breaks off an answer that has begun', async (assert) => {
      const told = await scene(({ response, stored, hold, refused }) => {
        response.write('a');
        hold({});
        response.end('b');
        stored.fail(failure);
        return turn().then(() => assert.deepEqual(refused, [failure]));
      });
      assert.strictEqual(told, undefined);
    });

    QUnit.test('answers a HEAD without a body', async (assert) => {
      const told = await scene(({ response, stored, hold }) => {
        hold({});
        response.end();
        stored.fail(failure);
      }, 'HEAD');
      assert.deepEqual([told?.status, told?.text], [503, '']);
    });
  });

  QUnit.test('breaks off when the client cannot be told any more', async (assert) => {
    const told = await scene(({ response, stored, hold, refused }) => {
      response.write('a');
      hold();
      response.end('b');
      stored.open();
      return turn().then(() => assert.equal(refused.length, 1, 'and somebody hears of it'));
    });
    assert.strictEqual(told, undefined);
  });

  QUnit.test('goes on after the head when there is nothing to tell', async (assert) => {
    const told = await scene(({ response, stored, hold }) => {
      response.write('a');
      hold({});
      response.end('b');
      stored.open();
    });
    assert.equal(told?.text, 'ab');
  });

  QUnit.test('answers 500 to what cannot be sent', async (assert) => {
    const told = await scene(async ({ response, stored, hold, refused }) => {
      hold({});
      response.writeHead(1000);
      response.end('a');
      stored.open();
      await turn();
      assert.true(refused[0] instanceof RangeError, String(refused[0]));
    });
    assert.equal(told?.status, 503, 'what refuse makes of it');
  });

  QUnit.test('survives a client that has gone', async (assert) => {
    const [closed, tried] = [gate(), gate()];
    const server = createServer(async (request, response) => {
      const stored = gate();
      let pending: Promise<void> | undefined = stored.promise;
      holdAnswer({ request, response }, { pending: () => pending, headers: () => cookie }, () => ({
        status: 503,
        headers: {},
        body: undefined,
      }));
      response.write('a');
      response.end('b');
      response.once('close', () => closed.open());
      socket.destroy();
      await closed.promise;
      assert.true(response.destroyed);
      pending = undefined;
      stored.open();
      await turn();
      tried.open();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1', () =>
      socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n'),
    );
    await tried.promise;
    await new Promise((resolve) => server.close(resolve));
  });

  QUnit.module('others that wrap the response', () => {
    /** As compression does: what is written goes through it. */
    function shout(response: ServerResponse): void {
      const { write, end } = response;
      const loud = (text: unknown) => (typeof text === 'string' ? text.toUpperCase() : text);
      Object.assign(response, {
        write: (text: unknown) => Reflect.apply(write, response, [loud(text)]),
        end: (text: unknown) => Reflect.apply(end, response, [loud(text)]),
      });
    }
    /** As on-headers does. */
    function onHead(response: ServerResponse, act: () => void): void {
      const { writeHead } = response;
      Object.assign(response, {
        writeHead(...args: unknown[]) {
          act();
          return Reflect.apply(writeHead, response, args);
        },
      });
    }

    for (const first of [true, false]) {
      QUnit.test(`stay in force when they come ${first ? 'first' : 'last'}`, async (assert) => {
        let heads = 0;
        const told = await scene(({ response, stored, hold }) => {
          const wrap = () => {
            shout(response);
            onHead(response, () => {
              heads += 1;
              response.setHeader('x-head', '1');
            });
          };
          if (first) wrap();
          hold();
          if (!first) wrap();
          response.write('a');
          response.end('b');
          stored.open();
        });
        assert.deepEqual([told?.text, told?.headers['x-head'], heads], ['AB', '1', 1]);
        assert.deepEqual(told?.headers['set-cookie'], ['sid=1']);
      });
    }
  });

  QUnit.module('Vary', () => {
    const varyOf = async (act: (response: ServerResponse) => unknown) =>
      (
        await scene(({ response }) => {
          addVary(response, 'Authorization, Cookie');
          act(response);
        })
      )?.headers.vary;

    const forms: readonly (readonly [
      how: string,
      act: (response: ServerResponse) => unknown,
      expected: string,
    ])[] = [
      ['end', (response) => response.end('a'), 'Authorization, Cookie'],
      ['write', (response) => response.write('a') && response.end(), 'Authorization, Cookie'],
      ['writeHead', (response) => response.writeHead(200).end(), 'Authorization, Cookie'],
      [
        'an object',
        (response) => response.writeHead(200, { Vary: 'Accept' }).end(),
        'Accept, Authorization, Cookie',
      ],
      [
        'a message',
        (response) => response.writeHead(200, 'OK', { vary: 'Accept' }).end(),
        'Accept, Authorization, Cookie',
      ],
      [
        'a list',
        (response) => response.writeHead(200, ['Vary', 'Accept']).end(),
        'Accept, Authorization, Cookie',
      ],
      [
        'setHeader',
        (response) => response.setHeader('Vary', 'Accept').end(),
        'Accept, Authorization, Cookie',
      ],
      [
        'a name that is there',
        (response) => response.setHeader('Vary', 'cookie').end(),
        'cookie, Authorization',
      ],
      ['a star', (response) => response.setHeader('Vary', '*').end(), '*'],
      [
        'twice',
        (response) => {
          addVary(response, 'Authorization, Cookie');
          response.end();
        },
        'Authorization, Cookie',
      ],
    ];
    for (const [how, act, expected] of forms) {
      QUnit.test(`S36 is added to by ${how}`, async (assert) => {
        assert.equal(await varyOf(act), expected);
      });
    }

    QUnit.test('S36 is added to when somebody else has wrapped writeHead before', async (assert) => {
      const told = await scene(({ response }) => {
        const { writeHead } = response;
        Object.assign(response, {
          writeHead: (...args: unknown[]) => Reflect.apply(writeHead, response, args),
        });
        addVary(response, 'Cookie');
        response.end();
      });
      assert.equal(told?.headers.vary, 'Cookie');
    });

    QUnit.test('is left alone after the head', async (assert) => {
      const told = await scene(({ response }) => {
        response.write('a');
        addVary(response, 'Cookie');
        response.end();
      });
      assert.equal(told?.headers.vary, undefined);
    });
  });
});
