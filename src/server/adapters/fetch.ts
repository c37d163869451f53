import { SessionError } from '../../protocol/errors.js';
import type { CurrentSession, PendingAnswer } from '../http/current-session.js';
import type { HttpAnswer, HttpHeaders, HttpRequest } from '../http/exchange.js';
import type { SessionServer } from '../session-server.js';

/** What hosts of the Fetch standard call. Paths that are not the session server's are answered with 404. */
export type FetchHandler = (request: Request) => Promise<Response>;

/** What the host does with what is not the session server's. */
export type FetchSessionHandler<Data> = (
  session: CurrentSession<Data>,
  request: Request,
) => Response | Promise<Response>;

/** The session server on any host that speaks Request and Response. */
export function fetchHandler<Data>(
  server: SessionServer<Data>,
  handler?: FetchSessionHandler<Data>,
): FetchHandler {
  if (handler !== undefined) {
    const serve = fetchSession(server);
    return (request) => serve(request, handler);
  }
  return async (request) => responseOf(await server.handle(exchangeOf(request)), request);
}

/**
 * The session server as middleware of such a host: it answers its own paths, and gives every other request its session.
 * `handler` makes the answer; what it throws is the host's, but a `SessionError` is answered as a problem: the 401 of
 * `session.get()` for example. `address`: who the request comes from, where the host knows.
 */
export function fetchSession<Data>(
  server: SessionServer<Data>,
): (request: Request, handler: FetchSessionHandler<Data>, address?: string) => Promise<Response> {
  return async (request, handler, address) => {
    const exchange = exchangeOf(request, address);
    if (server.owns(exchange.url)) return responseOf(await server.handle(exchange), request);
    let looked = false;
    let answer: PendingAnswer | undefined;
    try {
      const session = await server.open(exchange, {
        looked() {
          looked = true;
        },
        changed(pending) {
          answer = pending;
        },
      });
      const response = await server.run(session, () => handler(session, request));
      for (;;) {
        const pending = answer?.pending();
        if (pending === undefined) break;
        await pending;
      }
      return looked || answer !== undefined
        ? withHeaders(response, answer?.headers() ?? {}, server.varies)
        : response;
    } catch (error) {
      if (!(error instanceof SessionError)) throw error;
      return responseOf(server.refuse(error, exchange), request);
    }
  };
}

function responseOf({ status, headers, body }: HttpAnswer, request: Request): Response {
  return new Response(request.method === 'HEAD' ? null : (body ?? null), {
    status,
    headers: pairsOf(headers),
  });
}

function pairsOf(headers: HttpHeaders): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value]] : value.map((one): [string, string] => [name, one]),
  );
}

/** Ours join those of the handler: a header of the same name that it has set wins (SC-53), but its cookies stay beside ours. */
function withHeaders(response: Response, told: HttpHeaders, varies: string): Response {
  // Answers that were fetched, or made by Response.redirect, cannot be changed.
  const copy = new Response(response.body, response);
  copy.headers.append('vary', varies);
  for (const [name, value] of pairsOf(told)) {
    if (name === 'set-cookie') copy.headers.append(name, value);
    // What must not be cached must not, whoever said otherwise (S35).
    else if (name === 'cache-control' || !response.headers.has(name)) copy.headers.set(name, value);
  }
  return copy;
}
function exchangeOf(request: Request, address?: string): HttpRequest {
  const { host, pathname, search, protocol } = new URL(request.url);
  return {
    method: request.method,
    url: pathname + search,
    secure: protocol === 'https:',
    address,
    connection: undefined,
    header(name) {
      // Hosts differ in whether they pass the header on; all of them put it into the URL.
      return request.headers.get(name) ?? (name === 'host' ? host : undefined);
    },
    body: (limit) => readBody(request, limit),
  };
}

async function readBody(request: Request, limit: number): Promise<Uint8Array> {
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw tooLarge();
  const reader = request.body?.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const next = await reader?.read().catch(brokenOff);
    if (next === undefined || next.done) return Buffer.concat(chunks);
    size += next.value.length;
    chunks.push(next.value);
    if (size > limit) {
      // Not awaited: the sender may never agree.
      reader?.cancel().catch(() => {});
      throw tooLarge();
    }
  }
}

function brokenOff(): never {
  throw new SessionError('request/malformed', { status: 400 });
}

function tooLarge(): SessionError {
  return new SessionError('request/size', { status: 413 });
}
