/**
 * One request as the session server sees it. Plain on purpose: building a native Request costs more than all the rest of
 * the work, so each adapter fills this in as cheaply as its host allows.
 */
export interface HttpRequest {
  /** As sent; methods are case-sensitive. */
  readonly method: string;
  /** Path and query, as in the request line: `/session?x=1`. */
  readonly url: string;
  /** Whether the connection to this process is encrypted. */
  readonly secure: boolean;
  /** The address at the other end of the connection; `undefined` where the host does not tell. */
  readonly address: string | undefined;
  /** The connection, as an identity and nothing else; `undefined` where the host does not show it. */
  readonly connection: object | undefined;
  /** A header by its lower-case name; `undefined` = not sent. `host` is what the client believes it talks to. */
  header(name: string): string | undefined;
  /** The whole body. Rejects with `request/size` as soon as it is known to exceed `limit` bytes, and reads no further. */
  body(limit: number): Promise<Uint8Array>;
}

/** Header names of answers are lower-case. A list is sent as several headers of the same name, as Set-Cookie must be. */
export type HttpHeaders = { readonly [name: string]: string | readonly string[] };

/** The answer to one request. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: HttpHeaders;
  /** `undefined` = there is none. */
  readonly body: string | undefined;
}

/** What answers requests for paths of its own: the session server, and others like it. */
export interface Endpoint {
  /** Whether this path (a query may follow) is one of its own. The rest is left to the host. */
  owns(url: string): boolean;
  /** Answers one request. Never rejects. */
  handle(request: HttpRequest): Promise<HttpAnswer>;
}

/** An answer with a JSON body. */
export function jsonAnswer(status: number, body: object, headers: HttpHeaders = {}): HttpAnswer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}

/** An answer without a body. */
export function emptyAnswer(status: number, headers: HttpHeaders = {}): HttpAnswer {
  return { status, headers, body: undefined };
}

/** The path of a URL as requests have it, without the query. */
export function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

/** Methods that change nothing (RFC 9110 §9.2.1). */
export function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || method === 'TRACE';
}
