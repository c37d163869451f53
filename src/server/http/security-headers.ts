import type { HttpHeaders } from './exchange.js';

/**
 * The headers of every answer of ours (S40), by whether the connection is encrypted. Strict-Transport-Security goes out on
 * encrypted connections only: RFC 6797 §7.2 forbids it on others. `varies` = the request headers that answers depend on,
 * besides those that decide on origins (S36).
 */
export function securityHeaders(varies: readonly string[]): (secure: boolean) => HttpHeaders {
  const always: HttpHeaders = {
    // A token may be inside, and a cached 200 would outlive a sign-out (S35).
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'x-frame-options': 'DENY',
    vary: ['Origin', ...varies, 'Sec-Fetch-Site'].join(', '),
  };
  // A year, in seconds. Not for subdomains: they are not ours to decide for.
  const encrypted: HttpHeaders = { ...always, 'strict-transport-security': 'max-age=31536000' };
  return (secure) => (secure ? encrypted : always);
}
