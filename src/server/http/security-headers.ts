import type { HttpHeaders } from './exchange.js';

const always: HttpHeaders = {
  // A token may be inside, and a cached 200 would outlive a sign-out (S35).
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-frame-options': 'DENY',
  // Everything an answer may depend on (S36).
  vary: 'Origin, Authorization, Sec-Fetch-Site',
};

/** A year, in seconds. Not for subdomains: they are not ours to decide for. */
const strictTransport: HttpHeaders = { ...always, 'strict-transport-security': 'max-age=31536000' };

/**
 * The headers of every answer (S40). Strict-Transport-Security goes out on encrypted connections only: RFC 6797 §7.2
 * forbids it on others. Where a proxy ends TLS, the proxy is the one to send it.
 */
export function securityHeaders(secure: boolean): HttpHeaders {
  return secure ? strictTransport : always;
}
