import type { CurrentSession } from './current-session.js';
import type { HttpAnswer, HttpRequest } from './exchange.js';

/** What each method of a URL does. */
export type Methods<Act> = ReadonlyMap<string, Act>;

/** One of our URLs, for whoever the request comes from. `name`: what stands in the place of `:id`. */
export type Resource<Data> = Methods<
  (request: HttpRequest, current: CurrentSession<Data>, name: string) => Promise<HttpAnswer>
>;

/** A URL that is the same for everybody: no session is looked for. */
export type PublicResource = Methods<(request: HttpRequest) => Promise<HttpAnswer>>;

/** What a method does; `undefined` = the URL does not know it. HEAD is GET without the body (RFC 9110 §9.3.2). */
export function actOf<Act>(methods: Methods<Act>, method: string): Act | undefined {
  return methods.get(method === 'HEAD' ? 'GET' : method);
}

/** For `Allow`. */
export function methodsOf(resource: Methods<unknown>): string {
  const methods = [...resource.keys()];
  return [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
}
