import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpAnswer, HttpHeaders, HttpRequest } from '../http/exchange.js';
import type { SessionServer } from '../session-server.js';
import { discardRest, readBody } from './node-body.js';

/**
 * What `http.createServer` calls. With `next`, as middleware: requests for paths that are not the session server's are
 * passed on; without, they are answered with 404.
 */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse, next?: () => void) => void;

/** The session server on node:http. */
export function nodeHandler(server: SessionServer): NodeHandler {
  return (request, response, next) => {
    const exchange = exchangeOf(request);
    if (next !== undefined && !server.owns(exchange.url)) {
      next();
      return;
    }
    // Only a connection that broke can make this fail, and then nobody is left to be told.
    answer(server, exchange, request, response).catch(() => response.destroy());
  };
}

async function answer(
  server: SessionServer,
  exchange: HttpRequest,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { status, headers, body } = await server.handle(exchange);
  if (request.complete) {
    response.writeHead(status, withLength(headers, body)).end(body);
    return;
  }
  // Part of the body was not wanted, so the connection cannot be used again. Node would read all the rest to keep it.
  response.writeHead(status, { ...withLength(headers, body), connection: 'close' });
  if (body === undefined) response.flushHeaders();
  else response.write(body);
  await discardRest(request);
  response.end();
}

function withLength(headers: HttpHeaders, body: HttpAnswer['body']): Record<string, string | number> {
  return body === undefined ? { ...headers } : { ...headers, 'content-length': Buffer.byteLength(body) };
}

function exchangeOf(request: IncomingMessage): HttpRequest {
  return {
    method: request.method ?? '',
    url: originForm(request.url ?? ''),
    secure: 'encrypted' in request.socket,
    header(name) {
      const value = request.headers[name];
      return typeof value === 'string' ? value : value?.join(', ');
    },
    body: (limit) => readBody(request, limit),
  };
}

/** A request line may hold a whole URL (RFC 9112 §3.2.2); what counts is its path. */
function originForm(target: string): string {
  if (target.startsWith('/') || !URL.canParse(target)) return target;
  const { pathname, search } = new URL(target);
  return pathname + search;
}
