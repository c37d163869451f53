import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createAdaptorServer } from '@hono/node-server';
import express from 'express';
import fastify, { type FastifyInstance } from 'fastify';
import { Hono } from 'hono';
import { expressProblems, expressSession } from '../../../src/server/adapters/express.js';
import { fastifyProblems, fastifySession } from '../../../src/server/adapters/fastify.js';
import { fetchSession, honoSession } from '../../../src/server/adapters/fetch.js';
import { nodeHandler } from '../../../src/server/adapters/node.js';
import { acts, type Current, keep, type Listening, routeOf, type Server } from './host-app.js';

export async function listen(server: HttpServer): Promise<Listening> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const parts = ['one,', 'two,', 'three'];

/** The app on bare node:http. */
function onNode(server: Server): Promise<Listening> {
  const handle = nodeHandler(server, async (request, response) => {
    const { session } = request;
    const { name, query } = routeOf(request.url ?? '');
    const act = acts[name];
    if (act !== undefined) {
      const result = act(session, query, server);
      const body = JSON.stringify(result instanceof Promise ? await result : result);
      response.writeHead(200, { 'content-type': 'application/json' }).end(body);
    } else if (name === 'stream') {
      keep(session, query);
      response.writeHead(200, 'Fine', ['content-type', 'text/plain']);
      for (const part of parts) response.write(part);
      response.end();
    } else if (name === 'redirect') {
      keep(session, query);
      response.writeHead(303, { location: '/app/me' }).end();
    } else if (name === 'own') {
      keep(session, query);
      response.statusCode = 202;
      response.setHeader('x-own', 'own');
      response.writeHead(202, {
        'content-type': 'text/plain',
        'cache-control': 'max-age=60',
        'set-cookie': 'theme=dark',
        vary: 'Accept-Language',
      });
      response.end('own');
    } else if (name === 'echo') response.end(await text(request));
    else response.end('plain');
  });
  return listen(createServer(handle));
}

function onExpress(server: Server): Promise<Listening> {
  const app = express();
  app.disable('x-powered-by');
  app.use(expressSession(server));
  const router = express.Router();
  router.all('/stream', (request, response) => {
    keep(request.session, routeOf(request.originalUrl).query);
    Readable.from(parts).pipe(response);
  });
  router.all('/redirect', (request, response) => {
    keep(request.session, routeOf(request.originalUrl).query);
    response.redirect(303, '/app/me');
  });
  router.all('/own', (request, response) => {
    keep(request.session, routeOf(request.originalUrl).query);
    response.set({ 'X-Own': 'own', 'Cache-Control': 'max-age=60' }).vary('Accept-Language');
    response.cookie('theme', 'dark').status(202).type('text/plain').send('own');
  });
  router.all('/echo', express.json({ limit: '1mb' }), (request, response) => {
    response.json(request.body);
  });
  router.all('/plain', (_, response) => {
    response.send('plain');
  });
  router.all('/:name', async (request, response) => {
    const { name, query } = routeOf(request.originalUrl);
    response.json(await acts[name]?.(request.session, query, server));
  });
  app.use('/app', router);
  app.use(expressProblems(server));
  return listen(createServer(app));
}

async function onFastify(server: Server): Promise<Listening> {
  const app = fastify();
  await app.register(fastifySession(server));
  app.setErrorHandler(fastifyProblems(server));
  // A part of its own, so that the plugin has to reach into it.
  await app.register(async (part: FastifyInstance) => {
    part.all('/app/stream', (request, reply) => {
      keep(request.session, routeOf(request.url).query);
      return reply.type('text/plain').send(Readable.from(parts));
    });
    part.all('/app/redirect', (request, reply) => {
      keep(request.session, routeOf(request.url).query);
      return reply.redirect('/app/me', 303);
    });
    part.all('/app/own', (request, reply) => {
      keep(request.session, routeOf(request.url).query);
      const own = { 'x-own': 'own', 'cache-control': 'max-age=60', 'set-cookie': 'theme=dark' };
      reply
        .code(202)
        .headers({ ...own, vary: 'Accept-Language' })
        .type('text/plain')
        .send('own');
    });
    part.all('/app/echo', (request) => request.body);
    part.all('/app/plain', () => 'plain');
    part.all('/app/:name', (request) => {
      const { name, query } = routeOf(request.url);
      return acts[name]?.(request.session, query, server);
    });
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return { url, stop: () => app.close() };
}

const own = {
  'x-own': 'own',
  'cache-control': 'max-age=60',
  'set-cookie': 'theme=dark',
  vary: 'Accept-Language',
};

const streamed = () => {
  const stream = Readable.from(parts.map((part) => Buffer.from(part)));
  return Readable.toWeb(stream) as ReadableStream;
};

/** The Fetch standard as Node itself has it: native Request and Response. */
async function onFetch(server: Server): Promise<Listening> {
  const withSession = fetchSession(server);
  const answer = async (session: Current, request: Request): Promise<Response> => {
    const { name, query } = routeOf(request.url);
    const act = acts[name];
    if (act !== undefined) return Response.json(await act(session, query, server));
    if (name === 'echo') return new Response(await request.text());
    if (name === 'plain') return new Response('plain');
    keep(session, query);
    if (name === 'stream') return new Response(streamed());
    if (name === 'own') {
      return new Response('own', { status: 202, headers: { ...own, 'content-type': 'text/plain' } });
    }
    // Its headers cannot be changed.
    const elsewhere = Response.redirect('http://app/app/me', 303);
    return new Response(null, {
      status: 303,
      headers: { location: new URL(elsewhere.headers.get('location') ?? '').pathname },
    });
  };
  return listen(
    createAdaptorServer({
      fetch: (request: Request) => withSession(request, answer),
      overrideGlobalObjects: false,
    }) as HttpServer,
  );
}

/** Hono on its own server for Node, with the lighter Request and Response that it brings. */
async function onHono(server: Server): Promise<Listening> {
  const { Request: NativeRequest, Response: NativeResponse } = globalThis;
  const app = new Hono<{ Variables: { session: Current } }>();
  app.use(honoSession(server));
  app.all('/app/stream', (context) => {
    keep(context.get('session'), routeOf(context.req.url).query);
    return context.body(streamed());
  });
  app.all('/app/redirect', (context) => {
    keep(context.get('session'), routeOf(context.req.url).query);
    return context.redirect('/app/me', 303);
  });
  app.all('/app/own', (context) => {
    keep(context.get('session'), routeOf(context.req.url).query);
    for (const [name, value] of Object.entries(own)) {
      context.header(name, value, { append: name === 'vary' });
    }
    return context.text('own', 202);
  });
  app.all('/app/echo', async (context) => context.json(await context.req.json()));
  app.all('/app/plain', (context) => context.text('plain'));
  app.all('/app/:name', async (context) => {
    const { name, query } = routeOf(context.req.url);
    return context.json(await acts[name]?.(context.get('session'), query, server));
  });
  app.onError((error, context) => context.text(`Failed: ${error.name}`, 500));
  const running = await listen(createAdaptorServer({ fetch: app.fetch }) as HttpServer);
  return {
    url: running.url,
    async stop() {
      await running.stop();
      Object.assign(globalThis, { Request: NativeRequest, Response: NativeResponse });
    },
  };
}

export type Host = (server: Server) => Promise<Listening>;

export const hosts: readonly (readonly [name: string, start: Host])[] = [
  ['node:http', onNode],
  ['Express', onExpress],
  ['Fastify', onFastify],
  ['Fetch', onFetch],
  ['Hono', onHono],
];
