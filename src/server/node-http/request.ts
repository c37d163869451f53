import type { IncomingMessage } from 'node:http';
import { URL } from 'node:url';
import type { HttpRequest } from '../http/exchange.js';
import { readBody } from './body.js';

/** A request of node:http. A class, since getters on a prototype cost a request nothing. */
export class NodeRequest implements HttpRequest {
  readonly #request: IncomingMessage;
  readonly url: string;

  /** `url`: where a framework has changed `request.url`, the one that was sent. */
  constructor(request: IncomingMessage, url = request.url ?? '') {
    this.#request = request;
    this.url = originForm(url);
  }

  get method(): string {
    return this.#request.method ?? '';
  }

  get secure(): boolean {
    return 'encrypted' in this.#request.socket;
  }

  get address(): string | undefined {
    return this.#request.socket.remoteAddress;
  }

  get connection(): object {
    return this.#request.socket;
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return typeof value === 'string' ? value : value?.join(', ');
  }

  body(limit: number): Promise<Uint8Array> {
    return readBody(this.#request, limit);
  }
}

/** A request line may hold a whole URL (RFC 9112 §3.2.2); what counts is its path. */
function originForm(target: string): string {
  if (target.startsWith('/') || !URL.canParse(target)) return target;
  const { pathname, search } = new URL(target);
  return pathname + search;
}
