import { SessionError } from '../../../protocol/errors.js';
import { type Carrier, none } from '../carrier.js';
import type { HttpRequest } from '../exchange.js';

/** RFC 6750 §2.1; the scheme's name knows no case (RFC 9110 §11.1). */
const bearer = /^bearer +([\w.~+/-]+=*)$/i;
/** Anything else is the credentials of another scheme, and somebody else's. */
const ofScheme = /^bearer( |$)/i;

/**
 * The bearer token of a request, from the Authorization header and nowhere else (S65); `undefined` = there is none, or `''`
 * = it has not the form of one.
 */
export function bearerToken(request: HttpRequest): string | undefined {
  const header = request.header('authorization');
  if (header === undefined || !ofScheme.test(header)) return undefined;
  return bearer.exec(header)?.[1] ?? '';
}

/** The JWT of an Authorization header. It is not announced: the body of the sign-in's answer holds it. */
export function bearerCarrier(): Carrier {
  return {
    name: 'bearer',
    ambient: false,
    header: 'Authorization',
    find(request, { sidOf }) {
      const token = bearerToken(request);
      if (token === undefined) return none;
      if (token === '') throw new SessionError('token/malformed', { status: 401 });
      const sid = sidOf(token);
      return typeof sid === 'string' ? [sid] : sid.then((id) => [id]);
    },
  };
}
