import { randomBytes } from 'node:crypto';
import { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { type SessionEnv, useSession } from '@hono/session';
import { type Env, Hono } from 'hono';
import { dataOf, firstUser } from '../content.js';
import { noSessions, type Stack, type Stacks } from '../stack.js';

/** Hono on its own server for Node. */
export function onNode<E extends Env>({ fetch }: Hono<E>): Server {
  const server = createAdaptorServer({ fetch });
  if (!(server instanceof Server)) throw new Error('Hono made a server of another kind.');
  return server;
}

function bare(): Stack {
  const app = new Hono();
  const data = dataOf(firstUser);
  app.get('/me', (context) => context.json(data));
  app.post('/sign-in', async (context) => context.json(dataOf((await context.req.json()).user)));
  return { server: onNode(app), dialect: noSessions };
}

/** Keeps the session in the cookie, encrypted: what it does unless it is given a storage. */
function withSession(): Stack {
  const app = new Hono<SessionEnv>();
  app.use(useSession({ secret: randomBytes(16).toString('hex') }));
  app.get('/me', async (context) => context.json(await context.var.session.get()));
  app.post('/sign-in', async (context) => {
    const data = dataOf((await context.req.json()).user);
    await context.var.session.update({ ...data });
    return context.json(data);
  });
  return { server: onNode(app) };
}

export const stacks: Stacks = { 'bare Hono': bare, '@hono/session': withSession };
