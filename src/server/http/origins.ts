import { SessionError } from '../../protocol/errors.js';
import { invalidOption } from '../core/options.js';
import { emptyAnswer, type HttpAnswer, type HttpHeaders, type HttpRequest } from './exchange.js';

/** Who may call from a page: pages of our own host, and those of the listed origins. */
export interface Origins {
  /** Headers that let the page at a listed origin read the answer; none for any other (S47). */
  headersFor(request: HttpRequest): HttpHeaders;
  /** Throws `request/origin` when a page from elsewhere asks for a change (S46). */
  admit(request: HttpRequest): void;
  /** Answers OPTIONS; to a browser's preflight (Fetch §3.2.2), for listed origins only. Throws `request/origin`. */
  preflight(request: HttpRequest, methods: string): HttpAnswer;
}

const safeMethods: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];
/** How long a browser may remember a preflight: seconds. */
const preflightAge = '600';
/** What the browser half of this package sends. */
const requestHeaders = 'authorization, content-type, x-requested-with';

/** Throws `config/invalid` unless each origin is written as a browser writes it: `https://app.example:8443`. */
export function createOrigins(listed: readonly string[]): Origins {
  for (const origin of listed) {
    if (!isOrigin(origin)) {
      throw invalidOption(
        'The option origins must hold origins such as https://app.example: scheme, host and port, no path, no *.',
      );
    }
  }
  const known = new Set(listed);

  const headersFor = (request: HttpRequest): HttpHeaders => {
    const origin = request.header('origin');
    return origin !== undefined && known.has(origin) ? { 'access-control-allow-origin': origin } : {};
  };

  const admit = (request: HttpRequest): void => {
    const origin = request.header('origin');
    // Programs that are no browsers send no Origin, and need none: only a browser can be made to act for somebody else.
    if (origin === undefined || known.has(origin) || isOwn(origin, request)) return;
    throw new SessionError('request/origin', { status: 403 });
  };

  return {
    headersFor,
    admit(request) {
      if (!safeMethods.includes(request.method)) admit(request);
    },
    preflight(request, methods) {
      if (request.header('access-control-request-method') === undefined) {
        return emptyAnswer(204, { allow: methods });
      }
      admit(request);
      return emptyAnswer(204, {
        allow: methods,
        'access-control-allow-methods': methods,
        'access-control-allow-headers': requestHeaders,
        'access-control-max-age': preflightAge,
      });
    },
  };
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

/**
 * The host decides, not the scheme, which a proxy may have changed. Where a proxy changes the host too, the browser's own
 * word stands (Fetch Metadata §2.3): no page can forge it.
 */
function isOwn(origin: string, request: HttpRequest): boolean {
  if (request.header('sec-fetch-site') === 'same-origin') return true;
  const host = request.header('host');
  return host !== undefined && (origin === `https://${host}` || origin === `http://${host}`);
}
