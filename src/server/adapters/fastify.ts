import type { FastifyInstance, FastifyPluginCallback } from 'fastify';
import type { CurrentSession, SessionData } from '../http/current-session.js';
import { serve } from '../node-http/serve.js';
import type { SessionServer } from '../session-server.js';

declare module 'fastify' {
  interface FastifyRequest {
    session: CurrentSession<SessionData>;
  }
}

/**
 * The session server as a plugin of Fastify 5: it answers its own paths, and every other request gets its `session`, before
 * any other hook that is added after it. A `SessionError` that a route throws carries its status, as Fastify wants it.
 */
export function fastifySession(server: SessionServer<SessionData>): FastifyPluginCallback {
  const plugin = (instance: FastifyInstance, _: object, done: () => void): void => {
    // Fastify wants to know the shape of a request beforehand; the value comes with each.
    instance.decorateRequest('session');
    instance.addHook('onRequest', (request, reply, next) => {
      serve(server, { request: request.raw, response: reply.raw }, (session) => {
        request.session = session;
        next();
      });
    });
    done();
  };
  // For the whole application, not for a part of it, as fastify-plugin marks it.
  return Object.assign(plugin, { [Symbol.for('skip-override')]: true });
}
