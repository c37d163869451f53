import { SessionError } from '../../../protocol/errors.js';
import type { HttpRequest } from '../../http/exchange.js';

/** What only the host knows of a request. */
export interface FetchOrigin {
  /** The address at the other end of the connection, for limits and labels. */
  readonly address?: string | undefined;
  /** The connection, as an identity and nothing else, for `socketCarrier`. */
  readonly connection?: object | undefined;
}

/** A request of the Fetch standard. A class, since getters on a prototype cost a request nothing. */
export class FetchRequest implements HttpRequest {
  readonly #request: Request;
  readonly #host: string;
  readonly url: string;
  readonly secure: boolean;
  readonly address: string | undefined;
  readonly connection: object | undefined;

  constructor(request: Request, { address, connection }: FetchOrigin = {}) {
    this.#request = request;
    this.address = address;
    this.connection = connection;
    // A Request's URL is absolute and in normal form, so it need not be parsed again: scheme, host, path.
    const { url } = request;
    const host = url.indexOf('://') + 3;
    const path = url.indexOf('/', host);
    const fragment = url.indexOf('#', path);
    this.secure = url.startsWith('https:');
    this.#host = url.slice(host, path);
    this.url = fragment === -1 ? url.slice(path) : url.slice(path, fragment);
  }

  get method(): string {
    return this.#request.method;
  }

  header(name: string): string | undefined {
    const value = this.#request.headers.get(name);
    if (value !== null) return value;
    // Hosts differ in whether they pass the header on; all of them put it into the URL.
    return name === 'host' ? this.#host : undefined;
  }

  body(limit: number): Promise<Uint8Array> {
    return readBody(this.#request, limit);
  }
}

async function readBody(request: Request, limit: number): Promise<Uint8Array> {
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw tooLarge();
  // Somebody has read it before us, and kept it to himself.
  if (request.bodyUsed) throw brokenOff();
  const reader = request.body?.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const next = await reader?.read().catch(() => Promise.reject(brokenOff()));
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

function brokenOff(): SessionError {
  return new SessionError('request/malformed', { status: 400 });
}

function tooLarge(): SessionError {
  return new SessionError('request/size', { status: 413 });
}
