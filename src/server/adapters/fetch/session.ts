import { SessionError } from '../../../protocol/errors.js';
import type { CurrentSession, PendingAnswer } from '../../http/current-session.js';
import type { HttpAnswer, HttpHeaders } from '../../http/exchange.js';
import { joinVary } from '../../http/vary.js';
import type { SessionServer } from '../../session-server.js';
import { type FetchOrigin, FetchRequest } from './request.js';

/** What the host does with what is not the session server's. */
export type FetchSessionHandler<Data> = (
  session: CurrentSession<Data>,
  request: Request,
) => Response | Promise<Response>;

/** What the host knows of a request, and can do for its answer. */
export interface FetchHost extends FetchOrigin {
  /**
   * Adds names to `Vary` of the answer, which may not be made yet. Default: they are added to what the handler answers. Of
   * use where headers can be set beforehand, which costs less than to change them afterwards.
   */
  readonly vary?: ((names: string) => void) | undefined;
}

/**
 * The session server as middleware of such a host: it answers its own paths, and gives every other request its session.
 * `handler` makes the answer; what it throws is the host's, but a `SessionError` is answered as a problem: the 401 of
 * `session.get()` for example. The answer is the handler's own unless the client is to be told something, then a copy; one
 * that switches protocols is always the handler's own.
 */
export function fetchSession<Data>(
  server: SessionServer<Data>,
): (request: Request, handler: FetchSessionHandler<Data>, host?: FetchHost) => Promise<Response> {
  return async (request, handler, host) => {
    const exchange = new FetchRequest(request, host);
    if (server.owns(exchange.url)) return responseOf(await server.handle(exchange), request);
    let varies: string | undefined;
    const depends = (): void => {
      if (varies === undefined) host?.vary?.(server.varies);
      varies = server.varies;
    };
    let answer: PendingAnswer | undefined;
    let response: Response | undefined;
    let refusal: { readonly error: unknown } | undefined;
    try {
      const session = await server.open(exchange, {
        looked: depends,
        changed(pending) {
          answer = pending;
          depends();
        },
      });
      response = await server.run(session, () => handler(session, request));
    } catch (error) {
      if (!(error instanceof SessionError)) throw error;
      refusal = { error };
    }
    for (let pending = answer?.pending(); pending !== undefined; pending = answer?.pending()) {
      try {
        await pending;
      } catch (error) {
        refusal = { error };
        break;
      }
    }
    const told = answer?.headers() ?? nothing;
    // Some hosts want nothing for a WebSocket that they have taken over.
    if (refusal === undefined)
      return completed(response as Response, told, host?.vary === undefined ? varies : undefined);
    // Nobody reads what the handler said: it would tell of something that did not happen.
    response?.body?.cancel().catch(() => {});
    return responseOf(server.refuse(refusal.error, exchange), request, told);
  };
}

const nothing: HttpHeaders = {};

/** An answer of ours, and what a handler that failed has changed before. */
export function responseOf(
  { status, headers, body }: HttpAnswer,
  request: Request,
  told = nothing,
): Response {
  const all = new Headers(pairsOf(headers));
  tell(all, told);
  return new Response(request.method === 'HEAD' ? null : (body ?? null), { status, headers: all });
}

function pairsOf(headers: HttpHeaders): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value]] : value.map((one): [string, string] => [name, one]),
  );
}

function completed(response: Response, told: HttpHeaders, varies: string | undefined): Response {
  if (!canChange(response)) return response;
  // A handler may answer many requests with one object: what one client is told stands in a copy.
  for (const _ in told) {
    const copy = new Response(response.body, response);
    tell(copy.headers, told);
    return varied(copy, varies);
  }
  return varied(response, varies);
}

/** A WebSocket is more than its answer, which has the status 101; that of a network error has none. */
function canChange(response: Response | undefined): response is Response {
  return response !== undefined && response.status >= 200;
}

function varied(response: Response, names: string | undefined): Response {
  if (names === undefined) return response;
  const given = response.headers.get('vary');
  const value = joinVary(given, names);
  if (value === given) return response;
  try {
    response.headers.set('vary', value);
    return response;
  } catch {
    // Answers that were fetched, or made by Response.redirect, cannot be changed.
    const copy = new Response(response.body, response);
    copy.headers.set('vary', value);
    return copy;
  }
}

/** Ours join those of the handler: a header of the same name that it has set wins (SC-53), but its cookies stay beside ours. */
function tell(headers: Headers, told: HttpHeaders): void {
  for (const [name, value] of pairsOf(told)) {
    if (name === 'set-cookie') headers.append(name, value);
    // What must not be cached must not, whoever said otherwise (S35).
    else if (name === 'cache-control' || !headers.has(name)) headers.set(name, value);
  }
}
