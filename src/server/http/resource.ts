import type { CurrentSession } from './current-session.js';
import type { HttpAnswer, HttpRequest } from './exchange.js';

/** One of our URLs: what each method does there, for whoever the request comes from. */
export type Resource<Data> = ReadonlyMap<
  string,
  (request: HttpRequest, current: CurrentSession<Data>) => Promise<HttpAnswer>
>;

/** For `Allow`. HEAD is GET without the body (RFC 9110 §9.3.2). */
export function methodsOf(resource: Resource<never>): string {
  const methods = [...resource.keys()];
  return [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
}
