import type { IncomingMessage, ServerResponse } from 'node:http';
import { SessionError } from '../../protocol/errors.js';
import type { CurrentSession, SessionData } from '../http/current-session.js';
import { sendAnswer } from '../node-http/answer.js';
import { NodeRequest } from '../node-http/request.js';
import { serve } from '../node-http/serve.js';
import type { SessionServer } from '../session-server.js';

declare global {
  namespace Express {
    interface Request {
      session: CurrentSession<SessionData>;
    }
  }
}

/** As much of Express's request as is needed here. */
interface ExpressRequest extends IncomingMessage {
  readonly originalUrl: string;
}

/** Middleware of Express 5. */
export type ExpressMiddleware = (
  request: ExpressRequest,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/** Middleware of Express 5 that hears of errors. */
export type ExpressErrorMiddleware = (
  error: unknown,
  request: ExpressRequest,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * The session server in Express: it answers its own paths, and every other request gets its `session`. Wherever it is
 * mounted, its paths are those that the client asks for.
 */
export function expressSession(server: SessionServer<SessionData>): ExpressMiddleware {
  return (request, response, next) => {
    const go = (session: CurrentSession<SessionData>): void => {
      (request as { session?: CurrentSession<SessionData> }).session = session;
      next();
    };
    serve(server, { request, response }, go, { url: request.originalUrl });
  };
}

/**
 * `request.session`, in a program that also holds the types of express-session, which say that it is something else.
 * `undefined` = `expressSession` has not seen the request.
 */
export function sessionOf(request: object): CurrentSession<SessionData> | undefined {
  return (request as { readonly session?: CurrentSession<SessionData> }).session;
}

/**
 * Answers every `SessionError` that a route threw with problem details: the 401 of `request.session.get()` for example. Put
 * it after the routes; other errors go on to the next.
 */
export function expressProblems(server: Pick<SessionServer<SessionData>, 'refuse'>): ExpressErrorMiddleware {
  return (error, request, response, next) => {
    if (!(error instanceof SessionError) || response.headersSent) next(error);
    else
      sendAnswer(server.refuse(error, new NodeRequest(request, request.originalUrl)), { request, response });
  };
}
