import { SessionError } from '../protocol/errors.js';
import { invalidOption, wholeNumber } from './core/options.js';
import type { Sessions } from './core/sessions.js';
import type { Tokens } from './core/tokens.js';
import type { HttpAnswer, HttpRequest } from './http/exchange.js';
import { createOrigins } from './http/origins.js';
import { problemAnswer } from './http/problem.js';
import { securityHeaders } from './http/security-headers.js';
import { type Authenticate, type Resource, sessionEndpoint } from './http/session-endpoint.js';

export interface SessionServerOptions<Data> {
  readonly sessions: Sessions<Data>;
  /** Whose credentials these are; `null` = nobody's. */
  readonly authenticate: Authenticate;
  /** Signs what the browser holds: `createTokens(…)`. */
  readonly tokens: Tokens;
  /**
   * Origins, besides our own host, whose pages may call: `https://app.example`. Default: none. Requests that would change
   * something and come from a page elsewhere are refused with 403.
   */
  readonly origins?: readonly string[];
  /** Path of the session. Default `/session`. Begins with `/`, does not end with one, has no query. */
  readonly url?: string;
  /** Bytes of a request's body, at most 1 MiB. Default 16384. More is refused with 413. */
  readonly bodyLimit?: number;
  /**
   * Hears of every failure that was answered with a 5xx: what `authenticate` or the store threw, as it was thrown.
   * Default: name, code and place of it on standard error, without its message, which may quote what the user sent.
   */
  readonly onError?: (error: unknown) => void;
}

/** The session server: framework-free, stateless but for its store. Adapters connect it to a host. */
export interface SessionServer {
  /** Whether this path (a query may follow) is one of ours. The rest is left to the host. */
  owns(url: string): boolean;
  /** Answers one request. Never rejects. */
  handle(request: HttpRequest): Promise<HttpAnswer>;
}

const mebibyte = 1_048_576;

/** Puts the server together. Throws `config/invalid` when an option has a value it cannot have. */
export function createSessionServer<Data>(options: SessionServerOptions<Data>): SessionServer {
  const { sessions, authenticate, tokens, url = '/session', onError = reportFailure } = options;
  if (typeof sessions?.get !== 'function')
    throw invalidOption('The option sessions must be made by createSessions.');
  if (typeof tokens?.verify !== 'function')
    throw invalidOption('The option tokens must be made by createTokens.');
  if (typeof authenticate !== 'function') throw invalidOption('The option authenticate must be a function.');
  if (!/^(\/[\w.~-]+)+$/.test(url)) throw invalidOption('The option url must be a path such as /session.');
  const bodyLimit = wholeNumber('bodyLimit', options.bodyLimit ?? 16_384, 1, mebibyte, 'bytes');
  const origins = createOrigins(options.origins ?? []);
  const resources: ReadonlyMap<string, Resource> = new Map([
    [url, sessionEndpoint({ sessions, tokens, authenticate, bodyLimit })],
  ]);

  async function answer(request: HttpRequest): Promise<HttpAnswer> {
    const resource = resources.get(pathOf(request.url));
    if (resource === undefined) return problemAnswer(new SessionError('request/not-found'));
    if (request.method === 'OPTIONS') return origins.preflight(request, methodsOf(resource));
    // HEAD is GET without the body (RFC 9110 §9.3.2).
    const act = resource.get(request.method === 'HEAD' ? 'GET' : request.method);
    if (act === undefined) {
      return problemAnswer(new SessionError('request/method'), { allow: methodsOf(resource) });
    }
    origins.admit(request);
    return act(request);
  }

  function tell(error: unknown): void {
    try {
      onError(error);
    } catch {
      // Whoever listens badly must not cost the client its answer.
    }
  }

  async function answerOrProblem(request: HttpRequest): Promise<HttpAnswer> {
    try {
      return await answer(request);
    } catch (error) {
      const problem = problemAnswer(error);
      if (problem.status >= 500) tell(error);
      return problem;
    }
  }

  return {
    owns: (path) => resources.has(pathOf(path)),
    async handle(request) {
      const { status, headers, body } = await answerOrProblem(request);
      return {
        status,
        headers: { ...securityHeaders(request.secure), ...origins.headersFor(request), ...headers },
        body,
      };
    },
  };
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

function methodsOf(resource: Resource): string {
  return [...resource.keys(), 'HEAD', 'OPTIONS'].join(', ');
}

/** Where it happened, without what it says (S72). */
function reportFailure(error: unknown): void {
  const code = error instanceof SessionError ? ` ${error.code}` : '';
  const root = error instanceof SessionError && error.cause instanceof Error ? error.cause : error;
  const name = root instanceof Error ? root.name : typeof root;
  const frames =
    root instanceof Error ? (root.stack?.replace(root.message, '').match(/^ {4}at .*$/gm) ?? []) : [];
  console.error(['can-connect-session: a request failed.', `${name}${code}`, ...frames].join('\n'));
}
