import type { HttpRequest } from '../http/exchange.js';
import { doubtful, type Finding } from './finding.js';

export interface ProxyFacts {
  /** The option of the session server. */
  readonly proxies: number;
  /** Whether this process encrypts by itself. */
  readonly https: boolean;
  readonly production: boolean;
  /** A request as it came to this process; `undefined` = none is known. */
  readonly request: Pick<HttpRequest, 'header' | 'secure'> | undefined;
}

const howMany = 'say with the option proxies (serve: --behind-tls) how many of your proxies stand in front.';

/** Whether what stands in front is believed as it should be (S41). */
export function proxyFindings({ proxies, https, production, request }: ProxyFacts): readonly Finding[] {
  if (request !== undefined) return ofRequest(proxies, request);
  if (proxies > 0 || https || !production) return [];
  const sentence =
    'No proxy is believed, and this process does not encrypt by itself: if a proxy ends https, sign-ins by cookie ' +
    `fail, and all clients count as one address; ${howMany}`;
  return [doubtful('proxy-missing', sentence)];
}

function ofRequest(proxies: number, request: Pick<HttpRequest, 'header' | 'secure'>): readonly Finding[] {
  const addresses = request.header('x-forwarded-for');
  const proto = request.header('x-forwarded-proto');
  if (proxies === 0) {
    if (addresses === undefined && proto === undefined && request.header('forwarded') === undefined)
      return [];
    const sentence = `Requests come through a proxy that is not believed, so the client's address and its https are unknown; ${howMany}`;
    return [doubtful('proxy-unbelieved', sentence)];
  }
  const found: Finding[] = [];
  if ((addresses?.split(',').length ?? 0) < proxies) {
    found.push(
      doubtful(
        'proxy-too-many',
        'The request came through fewer proxies than the option proxies says: a client that is let in directly can ' +
          'write its own address.',
      ),
    );
  }
  if (proto === undefined && !request.secure) {
    found.push(
      doubtful(
        'proxy-silent',
        'The proxy does not say whether the client used https: let it set X-Forwarded-Proto, or no Secure cookie is sent.',
      ),
    );
  }
  return found;
}
