import type { FastifyInstance, FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify';
import { SessionError } from '../../protocol/errors.js';
import type { CurrentSession, SessionData } from '../http/current-session.js';
import { NodeRequest } from '../node-http/request.js';
import { serve } from '../node-http/serve.js';
import type { SessionServer } from '../session-server.js';

declare module 'fastify' {
  interface FastifyRequest {
    session: CurrentSession<SessionData>;
  }
}

/** What `setErrorHandler` of Fastify 5 wants. */
export type FastifyErrorHandler = (error: unknown, request: FastifyRequest, reply: FastifyReply) => void;

/**
 * The session server as a plugin of Fastify 5: it answers its own paths, and every other request gets its `session`, before
 * any other hook that is added after it. A `SessionError` that a route throws carries its status, as Fastify wants it.
 */
export function fastifySession(server: SessionServer<SessionData>): FastifyPluginCallback {
  const plugin = (instance: FastifyInstance, _: object, done: (error?: Error) => void): void => {
    try {
      // Fastify wants to know the shape of a request beforehand; the value comes with each.
      instance.decorateRequest('session');
    } catch (error) {
      // There is a session already: another plugin's, or ours.
      done(error as Error);
      return;
    }
    instance.addHook('onRequest', (request, reply, next) => {
      const exchange = { request: request.raw, response: reply.raw };
      serve(
        server,
        exchange,
        (session) => {
          request.session = session;
          next();
        },
        {
          url: request.originalUrl,
          // Else Fastify would wait for its turn.
          answering: () => reply.hijack(),
        },
      );
    });
    done();
  };
  return Object.assign(plugin, {
    // For the whole application, not for a part of it, as fastify-plugin marks it.
    [Symbol.for('skip-override')]: true,
    [Symbol.for('plugin-meta')]: { name: 'can-connect-session', fastify: '5.x' },
  });
}

/**
 * Answers every `SessionError` that a route threw with problem details: the 401 of `request.session.get()` for example.
 * `app.setErrorHandler(fastifyProblems(server))`; other errors are answered as Fastify does.
 */
export function fastifyProblems(server: Pick<SessionServer<SessionData>, 'refuse'>): FastifyErrorHandler {
  return (error, { raw, originalUrl }, reply) => {
    if (!(error instanceof SessionError)) throw error;
    const { status, headers, body } = server.refuse(error, new NodeRequest(raw, originalUrl));
    for (const [name, value] of Object.entries(headers)) {
      reply.header(name, typeof value === 'string' ? value : [...value]);
    }
    // As bytes, since Fastify would add a charset to the type of a text.
    reply.code(status).send(Buffer.from(body ?? ''));
  };
}
