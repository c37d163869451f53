import { SessionError } from '../../protocol/errors.js';
import { invalidOption } from '../core/options.js';
import { emptyAnswer, type HttpAnswer, type HttpHeaders, type HttpRequest, isSafe } from './exchange.js';

/** Who may call from a page: pages of our own host, and those of the listed origins. */
export interface Origins {
  /** Headers that let the page at a listed origin read the answer; none for any other (S47). */
  headersFor(request: HttpRequest): HttpHeaders;
  /**
   * Throws `request/origin` when a page from elsewhere asks for a change (S42, S43, S46). `ambient` = what the request proves
   * itself with was added by the browser: then somebody must have said where the request comes from.
   */
  admit(request: HttpRequest, ambient: boolean): void;
  /** Answers OPTIONS; to a browser's preflight (Fetch §3.2.2), for listed origins only. Throws `request/origin`. */
  preflight(request: HttpRequest, methods: string): HttpAnswer;
}

/** How long a browser may remember a preflight: seconds. */
const preflightAge = '600';
/** What the browser half of this package sends, and the headers of the resources and carriers. */
const requestHeaders =
  'authorization, content-type, if-match, if-none-match, x-requested-with, x-session-id, x-referer'.split(
    ', ',
  );
const exposedHeaders = 'etag, location, retry-after, x-location, x-session-id'.split(', ');
/** Headers of carriers that no script can set (Fetch §2.2.2), or that are in the list already and in no answer. */
const others: readonly string[] = ['cookie', 'referer', 'authorization', 'x-referer'];

export interface OriginsOptions {
  readonly listed: readonly string[];
  /** Whether a session may travel in a cookie, so that pages of listed origins must be allowed to send theirs. */
  readonly credentials: boolean;
  /** Names of the headers in which a session can travel. Default: none. */
  readonly headers?: readonly string[];
}

/** Throws `config/invalid` unless each origin is written as a browser writes it: `https://app.example:8443`. */
export function createOrigins({ listed, credentials, headers = [] }: OriginsOptions): Origins {
  for (const origin of listed) {
    if (!isOrigin(origin)) {
      throw invalidOption(
        'The option origins must hold origins such as https://app.example: scheme, host and port, no path, no *.',
      );
    }
  }
  const known = new Set(listed);
  const own = headers.map((name) => name.toLowerCase()).filter((name) => !others.includes(name));
  const sent = [...new Set([...requestHeaders, ...own])].join(', ');
  const always: HttpHeaders = {
    'access-control-expose-headers': [...new Set([...exposedHeaders, ...own])].join(', '),
    ...(credentials ? { 'access-control-allow-credentials': 'true' } : undefined),
  };
  const nothing: HttpHeaders = {};

  function admit(request: HttpRequest, ambient: boolean): void {
    const origin = request.header('origin');
    if (origin !== undefined && known.has(origin)) return;
    // No page can forge it (Fetch Metadata §2.3), and it stands where a proxy changes the host. `none` = the user's doing.
    const site = request.header('sec-fetch-site');
    if (site === 'same-origin' || site === 'none') return;
    if (site !== undefined) throw refused();
    const source = origin ?? refererOrigin(request);
    if (source !== undefined) {
      if (known.has(source) || isOwn(source, request)) return;
      throw refused();
    }
    // Programs that are no browsers say nothing, and need not: only a browser can be made to act for somebody else.
    if (ambient) throw refused();
  }

  return {
    headersFor(request) {
      const origin = request.header('origin');
      return origin !== undefined && known.has(origin)
        ? { 'access-control-allow-origin': origin, ...always }
        : nothing;
    },
    admit(request, ambient) {
      if (!isSafe(request.method)) admit(request, ambient);
    },
    preflight(request, methods) {
      if (request.header('access-control-request-method') === undefined) {
        return emptyAnswer(204, { allow: methods });
      }
      admit(request, false);
      return emptyAnswer(204, {
        allow: methods,
        'access-control-allow-methods': methods,
        'access-control-allow-headers': sent,
        'access-control-max-age': preflightAge,
      });
    },
  };
}

function refused(): SessionError {
  return new SessionError('request/origin', { status: 403 });
}

function isOrigin(text: string): boolean {
  try {
    const { origin, protocol } = new URL(text);
    // A host may hold a star as far as URLs go; here it could only be meant as a pattern.
    return origin === text && !text.includes('*') && (protocol === 'https:' || protocol === 'http:');
  } catch {
    return false;
  }
}

function refererOrigin(request: HttpRequest): string | undefined {
  const referer = request.header('referer');
  if (referer === undefined) return undefined;
  // What is no address comes from nowhere that we know.
  return URL.canParse(referer) ? new URL(referer).origin : 'null';
}

/**
 * The host decides. The scheme does where this connection is encrypted: a page of the same host that is not, anybody on the
 * way can have written. Where it is not, a proxy may have decrypted it.
 */
function isOwn(origin: string, request: HttpRequest): boolean {
  const host = request.header('host');
  if (host === undefined) return false;
  return origin === `https://${host}` || (!request.secure && origin === `http://${host}`);
}
