import type { Endpoint } from '../http/exchange.js';
import type { SessionServer } from '../session-server.js';
import { FetchRequest } from './fetch/request.js';
import { type FetchSessionHandler, fetchSession, responseOf } from './fetch/session.js';

export { type HonoLikeContext, type HonoLikeMiddleware, honoSession } from './fetch/hono.js';
export type { FetchOrigin } from './fetch/request.js';
export { type FetchHost, type FetchSessionHandler, fetchSession } from './fetch/session.js';

/** What hosts of the Fetch standard call. Paths that are not the session server's are answered with 404. */
export type FetchHandler = (request: Request) => Promise<Response>;

/**
 * The session server on any host that speaks Request and Response. Whatever else answers paths of its own, such as `foxxApi`,
 * is served alike, but for the session.
 */
export function fetchHandler(endpoint: Endpoint): FetchHandler;
export function fetchHandler<Data>(
  server: SessionServer<Data>,
  handler?: FetchSessionHandler<Data>,
): FetchHandler;
export function fetchHandler<Data>(
  server: SessionServer<Data> | Endpoint,
  handler?: FetchSessionHandler<Data>,
): FetchHandler {
  if (handler !== undefined && 'open' in server) {
    const serve = fetchSession(server);
    return (request) => serve(request, handler);
  }
  return async (request) => responseOf(await server.handle(new FetchRequest(request)), request);
}
