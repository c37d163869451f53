import { randomBytes } from 'node:crypto';
import fastifyCookie from '@fastify/cookie';
import fastifySession, { type FastifySessionObject } from '@fastify/session';
import fastify from 'fastify';
import { type Data, dataOf, firstUser } from '../content.js';
import { noSessions, type Stack, type Stacks } from '../stack.js';

declare module 'fastify' {
  interface Session {
    account: Data;
  }
}

/** Ours, in the same program, says otherwise what a request's session is. */
const requestOf = (request: object) => request as { session: FastifySessionObject };

interface SignIn {
  readonly Body: { readonly user: string };
}

async function bare(): Promise<Stack> {
  const app = fastify();
  const data = dataOf(firstUser);
  app.get('/me', async () => data);
  app.post<SignIn>('/sign-in', async ({ body }) => dataOf(body.user));
  await app.ready();
  return { server: app.server, dialect: noSessions };
}

async function withSession(): Promise<Stack> {
  const app = fastify();
  await app.register(fastifyCookie);
  await app.register(fastifySession, {
    secret: randomBytes(32).toString('hex'),
    cookie: { secure: false },
    rolling: false,
    saveUninitialized: false,
  });
  app.get('/me', async (request) => requestOf(request).session.account);
  app.post<SignIn>('/sign-in', async (request) => {
    const held = requestOf(request);
    await held.session.regenerate();
    // Another one now.
    held.session.account = dataOf(request.body.user);
    return held.session.account;
  });
  await app.ready();
  return { server: app.server };
}

export const stacks: Stacks = { 'bare Fastify': bare, '@fastify/session': withSession };
