import type { HttpRequest } from './exchange.js';

/**
 * The request as the client sent it to the first of our own proxies: whether it was encrypted, and from which address. What
 * proxies say stands at the end of their headers; what stands before it, anybody can have written. `proxies` = how many
 * of them are ours; 0 = believe nobody (S41).
 */
export function throughProxies(request: HttpRequest, proxies: number): HttpRequest {
  if (proxies === 0) return request;
  const address = said(request, 'x-forwarded-for', proxies) ?? request.address;
  const proto = said(request, 'x-forwarded-proto', proxies);
  return {
    method: request.method,
    url: request.url,
    // It is the proxy's, which sends the requests of many over it.
    connection: undefined,
    address,
    secure: proto === undefined ? request.secure : proto === 'https',
    header: (name) => request.header(name),
    body: (limit) => request.body(limit),
  };
}

/** What the first of our proxies added. Some proxies replace the header instead of adding to it: then it has one entry. */
function said(request: HttpRequest, header: string, proxies: number): string | undefined {
  const entries = request.header(header)?.split(',');
  return entries?.[Math.max(0, entries.length - proxies)]?.trim() || undefined;
}
