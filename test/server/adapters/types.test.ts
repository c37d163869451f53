import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import QUnit from 'qunit';
import { cacheFolder } from '../../../scripts/paths.mjs';
import { typeErrors } from '../../support/consumer.js';
import { ensureBuilt, root } from '../../support/repository.js';

const declared = `
  declare module 'can-connect-session/server' {
    interface SessionTypes {
      data: { cart: string[] };
    }
  }`;

/** Programs of their own, since what is said of a session's data is said for a whole program. */
const programs: { readonly [name: string]: string } = {
  'SessionTypes says what request.session.data is in Express, Fastify and node:http': `
    import type { SessionServer } from 'can-connect-session/server';
    import { expressSession } from 'can-connect-session/server/express';
    import { fastifySession } from 'can-connect-session/server/fastify';
    import { nodeHandler } from 'can-connect-session/server/node';
    import express from 'express';
    import fastify from 'fastify';
    ${declared}
    declare const server: SessionServer<{ cart: string[] }>;
    const app = express();
    app.use(expressSession(server));
    app.get('/', (request) => {
      const cart: string[] | undefined = request.session.data?.cart;
      // @ts-expect-error it is no number
      const wrong: number | undefined = request.session.data?.cart;
      return request.session.save({ cart: [...(cart ?? []), String(wrong)] });
    });
    fastify().register(fastifySession(server)).get('/', (request) => {
      // @ts-expect-error it is no number
      const wrong: number | undefined = request.session.get().data.cart;
      return [request.session.data?.cart.join(), wrong];
    });
    nodeHandler(server, (request) => {
      // @ts-expect-error it is no number
      const wrong: number | undefined = request.session.data?.cart;
      return void wrong;
    });
    declare const another: SessionServer<{ other: string }>;
    // @ts-expect-error its sessions keep something else than SessionTypes says
    expressSession(another);
    // @ts-expect-error its sessions keep something else than SessionTypes says
    fastifySession(another);`,
  'without SessionTypes it is any JSON': `
    import { expressSession } from 'can-connect-session/server/express';
    import { createSessions, createSessionServer, memoryStore, type Json } from 'can-connect-session/server';
    import express from 'express';
    const sessions = createSessions({ store: memoryStore() });
    const app = express();
    app.use(expressSession(createSessionServer({ sessions, authenticate: () => null })));
    app.get('/', async (request, response) => {
      const cart: Json | undefined = request.session.data?.cart;
      await request.session.save({ cart: [1, 'a', null] });
      response.json(cart);
    });`,
  'Hono and Fetch take it from the server': `
    import type { CurrentSession, SessionServer } from 'can-connect-session/server';
    import { fetchHandler, honoSession } from 'can-connect-session/server/fetch';
    import { Hono } from 'hono';
    declare const server: SessionServer<{ cart: string[] }>;
    const app = new Hono<{ Variables: { session: CurrentSession<{ cart: string[] }> } }>();
    app.use(honoSession(server));
    app.get('/', (context) => {
      // @ts-expect-error it is no number
      const wrong: number | undefined = context.get('session').data?.cart;
      return context.json([wrong]);
    });
    fetchHandler(server, (session) => new Response(session.data?.cart.join()));
    new Hono().use(honoSession(server));`,
  'sessionOf is for a program that holds express-session too': `
    import type {} from 'can-connect-session/server';
    import { sessionOf } from 'can-connect-session/server/express';
    import express from 'express';
    import session from 'express-session';
    ${declared}
    const app = express();
    app.use(session());
    app.get('/', async (request, response) => {
      const cart: string[] | undefined = sessionOf(request)?.data?.cart;
      response.json(cart);
    });`,
};

QUnit.module('server/adapters › types', { before: ensureBuilt }, () => {
  for (const [index, [name, source]] of Object.entries(programs).entries()) {
    QUnit.test(name, (assert) => {
      const folder = cacheFolder(`types-${index}`);
      const installed = join(folder, 'node_modules');
      mkdirSync(installed, { recursive: true });
      if (!existsSync(join(installed, 'can-connect-session'))) {
        symlinkSync(root, join(installed, 'can-connect-session'), 'junction');
      }
      writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }');
      writeFileSync(join(folder, 'app.ts'), source);
      const options = {
        module: 'nodenext',
        moduleResolution: 'nodenext',
        // Those of the frameworks are not ours to judge.
        skipLibCheck: true,
        types: ['node'],
        lib: ['es2022'],
      };
      assert.equal(typeErrors(folder, options, ['app.ts']), '');
    });
  }
});
