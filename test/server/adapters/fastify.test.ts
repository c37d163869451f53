import { Readable } from 'node:stream';
import fastify, { type FastifyInstance } from 'fastify';
import QUnit from 'qunit';
import { fastifyProblems, fastifySession } from '../../../src/server/adapters/fastify.js';
import { memoryStore } from '../../../src/server/stores/memory.js';
import { controlledStore } from '../../../src/testing/endpoint.js';
import { password, sessionServerFixture } from '../fixture.js';
import { hostServer, type Server } from './host-app.js';

const page = { 'sec-fetch-site': 'same-origin' };

async function app(build: (app: FastifyInstance, server: Server) => unknown, store = memoryStore()) {
  const { server, close } = hostServer(store);
  const made = fastify();
  made.addHook('onClose', close);
  await made.register(fastifySession(server));
  await build(made, server);
  return made;
}

QUnit.module('server/adapters/fastify', () => {
  QUnit.test('works with inject: its own paths, and the session of a route', async (assert) => {
    const { server } = sessionServerFixture({ server: { signInBy: 'carriers' } });
    const made = fastify();
    await made.register(fastifySession(server as unknown as Server));
    made.get('/me', (request) => ({ user: request.session.user?.id ?? null }));
    const payload = { username: 'ada', password };
    const signIn = await made.inject({ method: 'POST', url: '/session', payload, headers: page });
    assert.equal(signIn.statusCode, 201);
    assert.equal(signIn.headers.connection, 'keep-alive', 'nothing breaks the connection');
    const [cookie] = signIn.cookies;
    const cookies = { [cookie?.name ?? '']: cookie?.value ?? '' };
    assert.deepEqual((await made.inject({ url: '/me', cookies })).json(), { user: 'ada' });
    assert.deepEqual((await made.inject('/me')).json(), { user: null });
    assert.equal((await made.inject({ method: 'PUT', url: '/session' })).statusCode, 405);
    await made.close();
  });

  QUnit.test('holds an answer back with inject too', async (assert) => {
    const control = controlledStore(memoryStore());
    const made = await app(
      (routes) =>
        routes.get('/', (request, reply) => {
          request.session.save({ value: 'a' });
          reply.send({ said: 'a' });
        }),
      control.store,
    );
    const hold = control.hold('create');
    let answered = false;
    const answer = made.inject('/').then((got) => {
      answered = true;
      return got;
    });
    await hold.reached;
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    assert.false(answered);
    hold.release();
    const { statusCode, cookies } = await answer;
    assert.deepEqual([statusCode, cookies.length], [200, 1]);
    await made.close();
  });

  QUnit.test('S66 gives errors the status that Fastify looks for', async (assert) => {
    const made = await app((routes) => routes.get('/', (request) => request.session.get().uid));
    const answer = await made.inject('/');
    assert.deepEqual([answer.statusCode, answer.json().code], [401, 'token/missing']);
    await made.close();
  });

  QUnit.test('S70 answers them as problems with fastifyProblems, and leaves the others', async (assert) => {
    const made = await app((routes, server) => {
      routes.setErrorHandler(fastifyProblems(server));
      routes.get('/', (request) => request.session.get().uid);
      routes.get('/other', () => {
        throw Object.assign(new Error('mine'), { statusCode: 418 });
      });
    });
    const problem = await made.inject('/');
    assert.deepEqual(
      [problem.statusCode, problem.headers['content-type'], problem.headers['www-authenticate']],
      [401, 'application/problem+json', 'Bearer realm="session"'],
    );
    assert.equal(problem.json().code, 'token/missing');
    assert.equal((await made.inject('/other')).statusCode, 418);
    await made.close();
  });

  QUnit.test('reaches routes of other plugins, and runs before their hooks', async (assert) => {
    const seen: boolean[] = [];
    const made = await app((routes) =>
      routes.register(async (part) => {
        part.addHook('onRequest', async (request) => {
          seen.push(request.session.user === null);
        });
        part.get('/part', () => 'part');
      }),
    );
    assert.equal((await made.inject('/part')).body, 'part');
    assert.deepEqual(seen, [true]);
    await made.close();
  });

  QUnit.test('lets hooks hear of the answers that it gives itself', async (assert) => {
    const told: number[] = [];
    const made = await app((routes) => {
      routes.addHook('onResponse', async (_, reply) => {
        told.push(reply.statusCode);
      });
    });
    const url = await made.listen({ port: 0, host: '127.0.0.1' });
    assert.equal((await fetch(`${url}/session`)).status, 401);
    await made.close();
    assert.deepEqual(told, [401]);
  });

  QUnit.test('keeps the headers of hooks, and lets onSend change the answer', async (assert) => {
    const made = await app((routes) => {
      routes.addHook('onSend', async (_, reply, payload) => {
        reply.header('x-sent', '1');
        return `${payload}!`;
      });
      routes.get('/', async (request) => {
        await request.session.save({ value: 'a' });
        return 'a';
      });
    });
    const { body, headers, cookies } = await made.inject('/');
    assert.deepEqual([body, headers['x-sent'], cookies.length], ['a!', '1', 1]);
    await made.close();
  });

  QUnit.test('sends streams', async (assert) => {
    const made = await app((routes) =>
      routes.get('/', (request, reply) => {
        request.session.save({ value: 'a' });
        return reply.send(Readable.from(['a', 'b']));
      }),
    );
    const { body, cookies } = await made.inject('/');
    assert.deepEqual([body, cookies.length], ['ab', 1]);
    await made.close();
  });

  QUnit.test('refuses a second registration', async (assert) => {
    const made = await app(() => {});
    const { server, close } = hostServer(memoryStore());
    await assert.rejects(
      Promise.resolve(made.register(fastifySession(server))),
      (error: unknown) => (error as { code?: string }).code === 'FST_ERR_DEC_ALREADY_PRESENT',
    );
    await close();
    await made.close();
  });

  QUnit.test('says which Fastify it is for', (assert) => {
    const plugin = fastifySession(hostServer(memoryStore()).server);
    const meta = Reflect.get(plugin, Symbol.for('plugin-meta'));
    assert.deepEqual(meta, { name: 'can-connect-session', fastify: '5.x' });
  });
});
