import { SessionError } from '../../protocol/errors.js';
import type { HttpRequest } from '../http/exchange.js';
import type { SessionServer } from '../session-server.js';

/** What hosts of the Fetch standard call. Paths that are not the session server's are answered with 404. */
export type FetchHandler = (request: Request) => Promise<Response>;

/** The session server on any host that speaks Request and Response. */
export function fetchHandler(server: SessionServer): FetchHandler {
  return async (request) => {
    const { status, headers, body } = await server.handle(exchangeOf(request));
    return new Response(request.method === 'HEAD' ? null : (body ?? null), { status, headers });
  };
}

function exchangeOf(request: Request): HttpRequest {
  const { host, pathname, search, protocol } = new URL(request.url);
  return {
    method: request.method,
    url: pathname + search,
    secure: protocol === 'https:',
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
