/** Ours, as it is published: from `dist`, and on each host as its page shows it. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { type Data, dataOf, isSignIn, readJson, sendJson } from './content.js';
import { type Dialect, Missing, type Stack, type Stacks } from './stack.js';

type Entry = typeof import('../../src/server/index.js');
type OnNode = typeof import('../../src/server/adapters/node.js');
type OnExpress = typeof import('../../src/server/adapters/express.js');
type OnFastify = typeof import('../../src/server/adapters/fastify.js');
type OnFetch = typeof import('../../src/server/adapters/fetch.js');

type CurrentSession<Data> = import('../../src/server/index.js').CurrentSession<Data>;

type Carrier = 'cookie' | 'HS256' | 'EdDSA';

/** Content of a session, as its type wants it: any JSON. */
interface Kept {
  [key: string]: never;
}
const keptOf = (user: string): Kept => ({ ...dataOf(user) }) as object as Kept;

/** A request's session, as much of it as is used here. Peers say otherwise what `request.session` is. */
interface Current {
  readonly data: Data | undefined;
  resave(data: Kept, user: { readonly id: string }): Promise<void>;
}
const currentOf = (request: object): Current => (request as { readonly session: Current }).session;

async function load<Module>(path: string): Promise<Module> {
  try {
    return await import(new URL(`dist/server/${path}`, process.env.BENCH_ROOT).href);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') {
      throw new Missing(`dist/server/${path} is not there`);
    }
    throw error;
  }
}

/** The session server, in memory, with a cookie or with tokens. */
async function serverWith(carrier: Carrier) {
  const { createSessions, createSessionServer, createTokens, memoryStore } = await load<Entry>('index.js');
  const issuer = 'https://bench.example';
  const key =
    carrier === 'EdDSA'
      ? { alg: carrier, privateKey: generateKeyPairSync('ed25519').privateKey }
      : { alg: 'HS256' as const, secret: randomBytes(32) };
  return createSessionServer({
    sessions: createSessions<Kept>({ store: memoryStore(), sweepInterval: 0 }),
    authenticate: ({ username }) => ({ id: username, data: keptOf(username) }),
    cookie: { name: 'session', secure: false },
    ...(carrier === 'cookie' ? {} : { tokens: createTokens({ keys: [key], issuer, audience: 'bench' }) }),
  });
}

/** With a cookie the application signs in, by a route of its own; tokens come from the endpoint. */
const dialectOf = (carrier: Carrier): Partial<Dialect> =>
  carrier === 'cookie'
    ? {}
    : {
        carrier: 'bearer',
        signInPath: '/session',
        credentials: JSON.stringify({ username: '??', password: 'password' }),
      };

async function onNode(carrier: Carrier): Promise<Stack> {
  const { nodeHandler } = await load<OnNode>('adapters/node.js');
  const handler = nodeHandler(await serverWith(carrier), (request, response) => {
    const { session } = request;
    if (!isSignIn(request)) return sendJson(response, session.data);
    readJson(request, async ({ user }) => {
      await session.resave(keptOf(user), { id: user });
      sendJson(response, session.data);
    });
  });
  return { server: createServer(handler), dialect: dialectOf(carrier) };
}

async function onExpress(carrier: Carrier): Promise<Stack> {
  const { default: express } = await import('express');
  const { expressSession } = await load<OnExpress>('adapters/express.js');
  const app = express();
  app.use(expressSession(await serverWith(carrier)));
  app.get('/me', (request, response) => response.json(currentOf(request).data));
  app.post('/sign-in', express.json(), async (request, response) => {
    const { user } = request.body;
    await currentOf(request).resave(keptOf(user), { id: user });
    response.json(currentOf(request).data);
  });
  return { server: createServer(app), dialect: dialectOf(carrier) };
}

async function onFastify(carrier: Carrier): Promise<Stack> {
  const { default: fastify } = await import('fastify');
  const { fastifySession } = await load<OnFastify>('adapters/fastify.js');
  const app = fastify();
  await app.register(fastifySession(await serverWith(carrier)));
  app.get('/me', async (request) => currentOf(request).data);
  app.post<{ Body: { readonly user: string } }>('/sign-in', async (request) => {
    const { user } = request.body;
    await currentOf(request).resave(keptOf(user), { id: user });
    return currentOf(request).data;
  });
  await app.ready();
  return { server: app.server, dialect: dialectOf(carrier) };
}

async function onHono(carrier: Carrier): Promise<Stack> {
  const { Hono } = await import('hono');
  const { onNode: hosted } = await import('./stacks/hono.js');
  const { honoSession } = await load<OnFetch>('adapters/fetch.js');
  const app = new Hono<{ Variables: { session: CurrentSession<Kept> } }>();
  app.use(honoSession(await serverWith(carrier)));
  app.get('/me', (context) => context.json(context.var.session.data));
  app.post('/sign-in', async (context) => {
    const { user } = await context.req.json();
    await context.var.session.resave(keptOf(user), { id: user });
    return context.json(context.var.session.data);
  });
  return { server: hosted(app), dialect: dialectOf(carrier) };
}

export const stacks: Stacks = {
  'ours on node:http': () => onNode('cookie'),
  'ours on Express': () => onExpress('cookie'),
  'ours on Fastify': () => onFastify('cookie'),
  'ours on Hono': () => onHono('cookie'),
  'ours on node:http, bearer HS256': () => onNode('HS256'),
  'ours on Express, bearer HS256': () => onExpress('HS256'),
  'ours on Fastify, bearer HS256': () => onFastify('HS256'),
  'ours on Hono, bearer HS256': () => onHono('HS256'),
  'ours on node:http, bearer EdDSA': () => onNode('EdDSA'),
};
