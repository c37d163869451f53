import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CurrentSession, SessionData } from '../http/current-session.js';
import type { Endpoint } from '../http/exchange.js';
import { sendAnswer } from '../node-http/answer.js';
import { NodeRequest } from '../node-http/request.js';
import { serve } from '../node-http/serve.js';
import type { SessionServer } from '../session-server.js';

/** A request with its session. */
export interface SessionRequest<Data = SessionData> extends IncomingMessage {
  session: CurrentSession<Data>;
}

/**
 * What the host does with what is not the session server's. What it throws, or rejects with, is answered as a problem: the
 * 401 of `request.session.get()` for example.
 */
export type SessionHandler<Data = SessionData> = (
  request: SessionRequest<Data>,
  response: ServerResponse,
) => void | Promise<void>;

/**
 * What `http.createServer` calls. With `next`, as middleware of Connect: requests for paths that are not the session
 * server's are passed on, with their `session`.
 */
export type NodeHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => void;

/**
 * The session server on node:http. Without `handler` and `next`, other paths than its own are answered with 404. Whatever
 * else answers paths of its own, such as `foxxApi`, is served alike, but for the session.
 */
export function nodeHandler(endpoint: Endpoint): NodeHandler;
export function nodeHandler<Data>(server: SessionServer<Data>, handler?: SessionHandler<Data>): NodeHandler;
export function nodeHandler<Data>(
  server: SessionServer<Data> | Endpoint,
  handler?: SessionHandler<Data>,
): NodeHandler {
  return 'open' in server ? sessionHandler(server, handler) : endpointHandler(server);
}

function endpointHandler(endpoint: Endpoint): NodeHandler {
  return (request, response, next) => {
    const plain = new NodeRequest(request);
    if (next !== undefined && !endpoint.owns(plain.url)) next();
    else endpoint.handle(plain).then((answer) => sendAnswer(answer, { request, response }));
  };
}

function sessionHandler<Data>(server: SessionServer<Data>, handler?: SessionHandler<Data>): NodeHandler {
  return (request, response, next) => {
    const exchange = { request, response };
    const go = (session: CurrentSession<Data>): void => {
      const withSession = request as SessionRequest<Data>;
      withSession.session = session;
      if (handler === undefined) next?.();
      else handled(handler, withSession, response).catch(fail);
    };
    const fail = (error: unknown): void => {
      const answer = server.refuse(error, new NodeRequest(request));
      if (!response.headersSent) sendAnswer(answer, exchange);
      // What was sent in full is the answer; what breaks off must look like it.
      else if (!response.writableEnded) response.destroy();
    };
    serve(server, exchange, handler === undefined && next === undefined ? undefined : go);
  };
}

/** A rejection, also of what is thrown at once. */
async function handled<Data>(
  handler: SessionHandler<Data>,
  request: SessionRequest<Data>,
  response: ServerResponse,
): Promise<void> {
  await handler(request, response);
}
