import { Hono } from 'hono';
import QUnit from 'qunit';
import { fetchSession, honoSession } from '../../../src/server/adapters/fetch.js';
import { memoryStore } from '../../../src/server/stores/memory.js';
import { controlledStore } from '../../../src/testing/endpoint.js';
import { type Current, hostServer, type Server } from './host-app.js';

function app(store = memoryStore()) {
  const made = new Hono<{ Variables: { session: Current } }>();
  made.use(honoSession(hostServer(store).server));
  return made;
}

function assertNobody(id: string | undefined): void {
  if (id !== undefined) throw new Error('There should be no session.');
}

const varyOf = (response: Response) => response.headers.get('vary');

QUnit.module('server/adapters/fetch in Hono', () => {
  QUnit.test('works without a server below: app.request', async (assert) => {
    const made = app();
    made.get('/', async (context) => {
      await context.get('session').save({ value: 'a' });
      return context.json(context.get('session').data);
    });
    made.get('/me', (context) => context.json(context.get('session').data ?? null));
    const first = await made.request('/');
    assert.deepEqual(await first.json(), { value: 'a' });
    assert.equal(first.headers.getSetCookie().length, 1);
    assert.equal(varyOf(first), 'Cookie');
    const cookie = first.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    assert.deepEqual(await (await made.request('/me', { headers: { cookie } })).json(), { value: 'a' });
    assert.equal((await made.request('/session')).status, 401);
    assert.equal((await made.request('/nowhere')).status, 404);
  });

  QUnit.test('S66, S70 answers the error of a session as a problem', async (assert) => {
    const made = app();
    made.get('/', (context) => context.text(String(context.get('session').get().uid)));
    const { error } = console;
    console.error = () => {};
    const answer = await made.request('/');
    console.error = error;
    assert.deepEqual([answer.status, (await answer.json()).code], [401, 'token/missing']);
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer realm="session"');
  });

  QUnit.test('leaves it to onError, where that makes something of it', async (assert) => {
    const made = app();
    made.get('/', (context) => context.text(String(context.get('session').get().uid)));
    made.onError((_, context) => context.text('sign in first', 403));
    const answer = await made.request('/');
    assert.deepEqual([answer.status, await answer.text()], [403, 'sign in first']);
  });

  QUnit.test('S76 answers 503 when the store fails', async (assert) => {
    const control = controlledStore(memoryStore());
    const made = app(control.store);
    made.get('/', (context) => {
      context.get('session').save({ value: 'a' });
      return context.text('done');
    });
    control.failNext('create');
    const answer = await made.request('/');
    assert.deepEqual([answer.status, answer.headers.getSetCookie()], [503, []]);
  });

  QUnit.test('keeps the headers of other middleware, before it and after it', async (assert) => {
    const made = new Hono<{ Variables: { session: Current } }>();
    made.use(async (context, next) => {
      context.header('x-before', '1');
      await next();
      context.header('x-outer', '1');
    });
    made.use(honoSession(hostServer(memoryStore()).server));
    made.use(async (context, next) => {
      await next();
      context.header('x-inner', '1');
    });
    made.get('/', async (context) => {
      await context.get('session').save({ value: 'a' });
      context.header('set-cookie', 'theme=dark', { append: true });
      return context.text('a', 201);
    });
    const { status, headers } = await made.request('/');
    assert.equal(status, 201);
    for (const name of ['x-before', 'x-outer', 'x-inner']) assert.equal(headers.get(name), '1', name);
    assert.deepEqual(
      headers
        .getSetCookie()
        .map((line) => line.split('=')[0])
        .sort(),
      ['__Host-session', 'theme'],
    );
  });
});

QUnit.module('server/adapters/fetch, as middleware', () => {
  const request = () => new Request('https://own.example/x');
  const run = (
    answer: (session: Current) => Response | Promise<Response>,
    server: Server = hostServer(memoryStore()).server,
  ) => fetchSession(server)(request(), answer);

  const look = (answer: Response) => (session: Current) => {
    assertNobody(session.id);
    return answer;
  };

  QUnit.test('gives back what the handler made, unless there is something to tell', async (assert) => {
    const own = new Response('a');
    assert.strictEqual(await run(() => own), own);
    assert.strictEqual(varyOf(own), null);
    const looking = new Response('a');
    assert.strictEqual(await run(look(looking)), looking);
    assert.equal(varyOf(looking), 'Cookie');
  });

  QUnit.test('S38 tells a client nothing in an object that others get too', async (assert) => {
    const everybodys = new Response(null, { status: 204 });
    const answer = await run(async (session) => {
      await session.save({ value: 'a' });
      return everybodys;
    });
    assert.equal(answer.headers.getSetCookie().length, 1);
    assert.deepEqual(everybodys.headers.getSetCookie(), []);
    for (let i = 0; i < 3; i++) await run(look(everybodys));
    assert.equal(varyOf(everybodys), 'Cookie', 'and that once');
  });

  QUnit.test('adds to answers that cannot be changed', async (assert) => {
    const redirect = await run(async (session) => {
      await session.save({ value: 'a' });
      return Response.redirect('https://own.example/y', 303);
    });
    assert.deepEqual([redirect.status, redirect.headers.get('location')], [303, 'https://own.example/y']);
    assert.equal(redirect.headers.getSetCookie().length, 1);
    assert.equal(varyOf(await run(look(Response.redirect('https://own.example/y')))), 'Cookie');
  });

  QUnit.test('leaves alone what switches protocols, and what is no answer', async (assert) => {
    // Node makes no Response of that status.
    const upgrade = Object.defineProperty(new Response(null), 'status', { value: 101 });
    const change = (answer: Response) =>
      run(async (session) => {
        await session.save({ value: 'a' });
        return answer;
      });
    assert.strictEqual(await change(upgrade), upgrade);
    assert.deepEqual(upgrade.headers.getSetCookie(), []);
    const failed = Response.error();
    assert.strictEqual(await change(failed), failed);
    // As Bun wants it.
    assert.strictEqual(await change(undefined as unknown as Response), undefined);
  });

  QUnit.test('tells what has happened before a handler that then fails', async (assert) => {
    const answer = await run(async (session) => {
      await session.logout();
      session.get();
      return new Response('never');
    });
    assert.deepEqual([answer.status, (await answer.json()).code], [401, 'token/missing']);
    assert.true(answer.headers.getSetCookie()[0]?.startsWith('__Host-session=;'));
    assert.equal(answer.headers.get('cache-control'), 'no-store');
  });

  QUnit.test('leaves other errors to the host', async (assert) => {
    await assert.rejects(
      run(() => {
        throw new Error('mine');
      }),
      /mine/,
    );
  });

  QUnit.test('hands on the address that the host knows', async (assert) => {
    const { server } = hostServer(memoryStore());
    const seen: unknown[] = [];
    const spy: Server = {
      ...server,
      open(exchange, watch) {
        seen.push(exchange.address, exchange.connection, exchange.url, exchange.secure);
        return server.open(exchange, watch);
      },
    };
    const connection = {};
    await fetchSession(spy)(new Request('http://own.example:81/x?y#z'), () => new Response(), {
      address: '::1',
      connection,
    });
    assert.deepEqual(seen, ['::1', connection, '/x?y', false]);
  });
});
