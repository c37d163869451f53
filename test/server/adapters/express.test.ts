import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import express, { type Express } from 'express';
import QUnit from 'qunit';
import { expressProblems, expressSession, sessionOf } from '../../../src/server/adapters/express.js';
import { memoryStore } from '../../../src/server/stores/memory.js';
import { controlledStore } from '../../../src/testing/endpoint.js';
import { password, sessionServerFixture } from '../fixture.js';
import { sendTo } from './endpoint-behaviour.js';
import { hostServer, type Server } from './host-app.js';
import { listen } from './hosts.js';

const json = { 'content-type': 'application/json' };
const credentials = JSON.stringify({ username: 'ada', password });
const portOf = (url: string) => Number(new URL(url).port);

/** An app that runs, and is ended. */
async function withApp<T>(app: Express, use: (port: number, url: string) => Promise<T>): Promise<T> {
  const running = await listen(createServer(app));
  try {
    return await use(portOf(running.url), running.url);
  } finally {
    await running.stop();
  }
}

QUnit.module('server/adapters/express', () => {
  for (const [what, parser] of [
    ['express.json', express.json({ limit: '1mb' })],
    ['express.text', express.text({ type: '*/*', limit: '1mb' })],
    ['express.raw', express.raw({ type: '*/*', limit: '1mb' })],
  ] as const) {
    QUnit.test(`signs in although ${what} has read the body before`, async (assert) => {
      const app = express();
      app.use(parser, expressSession(sessionServerFixture().server as unknown as Server));
      await withApp(app, async (port) => {
        const signIn = { method: 'POST', headers: json };
        assert.equal((await sendTo(port, { ...signIn, body: credentials })).status, 201);
        const wrong = JSON.stringify({ username: 'ada', password: 'wrong' });
        assert.equal((await sendTo(port, { ...signIn, body: wrong })).status, 401);
        const large = JSON.stringify({ username: 'ada', password, more: 'x'.repeat(20_000) });
        assert.equal(
          (await sendTo(port, { ...signIn, body: [large] })).status,
          413,
          'the limit still counts',
        );
      });
    });
  }

  QUnit.test('answers 400 when somebody has read the body and kept nothing of it', async (assert) => {
    const app = express();
    app.use(
      (request, _, next) => {
        request.resume().once('end', () => next());
      },
      expressSession(sessionServerFixture().server as unknown as Server),
    );
    await withApp(app, async (port) => {
      const answer = await sendTo(port, { method: 'POST', headers: json, body: credentials });
      assert.equal(answer.status, 400);
    });
  });

  QUnit.test('answers at the path that the client asks for, wherever it is mounted', async (assert) => {
    const { server } = sessionServerFixture({ server: { url: '/api/session' } });
    const app = express();
    app.use('/api', expressSession(server as unknown as Server));
    app.use('/api', (request, response) => {
      response.send(`${request.url} ${sessionOf(request) !== undefined}`);
    });
    app.use((request, response) => {
      response.send(`${request.url} ${sessionOf(request) !== undefined}`);
    });
    await withApp(app, async (port) => {
      assert.equal((await sendTo(port, { method: 'GET', path: '/api/session' })).status, 401);
      assert.equal((await sendTo(port, { method: 'GET', path: '/api/other' })).text, '/other true');
      assert.equal((await sendTo(port, { method: 'GET', path: '/session' })).text, '/session false');
    });
  });

  QUnit.module('keeps back until the store has the session', () => {
    const file = fileURLToPath(new URL('../../../LICENSE', import.meta.url));
    const ways: readonly (readonly [way: string, send: (response: express.Response) => unknown])[] = [
      ['json', (response) => response.json({ a: 1 })],
      ['jsonp', (response) => response.jsonp({ a: 1 })],
      ['send', (response) => response.send('a')],
      ['send with bytes', (response) => response.send(Buffer.from('a'))],
      ['sendStatus', (response) => response.sendStatus(202)],
      ['sendFile', (response) => response.sendFile(file)],
      ['download', (response) => response.download(file)],
      ['redirect', (response) => response.redirect('/')],
      ['end', (response) => response.end('a')],
      ['end alone', (response) => response.end()],
      ['writeHead', (response) => response.writeHead(200, { 'x-a': '1' }).end('a')],
      ['write', (response) => response.write('a') || response.end()],
    ];
    for (const [way, send] of ways) {
      QUnit.test(way, async (assert) => {
        const control = controlledStore(memoryStore());
        const { server, close } = hostServer(control.store);
        const app = express();
        app.use(expressSession(server));
        app.get('/plain', (_, response) => response.end('plain'));
        app.use((request, response) => {
          request.session.save({ value: way });
          send(response);
        });
        await withApp(app, async (port) => {
          const hold = control.hold('create');
          let answered = false;
          const answer = sendTo(port, { method: 'GET', path: '/x' }).finally(() => {
            answered = true;
          });
          await hold.reached;
          await sendTo(port, { method: 'GET', path: '/plain' });
          await sendTo(port, { method: 'GET', path: '/plain' });
          assert.false(answered);
          hold.release();
          const { headers, status } = await answer;
          assert.true(status < 400, `${status}`);
          assert.equal(headers.getSetCookie().length, 1);
          assert.equal(headers.get('cache-control'), 'no-store');
        });
        await close();
      });
    }
  });

  QUnit.module('expressProblems', () => {
    const app = (act: (request: express.Request, response: express.Response) => void) => {
      const { server } = hostServer(memoryStore());
      const made = express();
      made.set('env', 'test');
      made.use(expressSession(server));
      made.get('/', act);
      made.use(expressProblems(server));
      made.use(((error, _request, response, _next) => {
        response.status(418).send(`another: ${error.message}`);
      }) as express.ErrorRequestHandler);
      return made;
    };

    QUnit.test('S70 answers the error of a session as a problem', async (assert) => {
      const throwing = app((request) => {
        request.session.get();
      });
      await withApp(throwing, async (port) => {
        const { status, headers, text } = await sendTo(port, { method: 'GET', path: '/' });
        assert.deepEqual([status, JSON.parse(text).code], [401, 'token/missing']);
        assert.equal(headers.get('content-type'), 'application/problem+json');
        assert.equal(headers.get('www-authenticate'), 'Bearer realm="session"');
      });
    });

    QUnit.test('leaves other errors to the next', async (assert) => {
      const throwing = app(() => {
        throw new Error('mine');
      });
      await withApp(throwing, async (port) => {
        const { status, text } = await sendTo(port, { method: 'GET', path: '/' });
        assert.deepEqual([status, text], [418, 'another: mine']);
      });
    });
  });

  QUnit.test('gives errors the status that Express itself looks for', async (assert) => {
    const { server } = hostServer(memoryStore());
    const app = express();
    app.set('env', 'test');
    app.use(expressSession(server));
    app.get('/', (request) => {
      request.session.get();
    });
    await withApp(app, async (port) => {
      assert.equal((await sendTo(port, { method: 'GET', path: '/' })).status, 401);
    });
  });
});
