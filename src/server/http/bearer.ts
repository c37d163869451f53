import { SessionError } from '../../protocol/errors.js';
import type { HttpRequest } from './exchange.js';

/** RFC 6750 §2.1; the scheme's name knows no case (RFC 9110 §11.1). */
const bearer = /^bearer +([\w.~+/-]+=*)$/i;

/**
 * The bearer token of a request, from the Authorization header and nowhere else (S65). Throws `token/missing` when there is
 * none, or credentials of another scheme, and `token/malformed` when it is no token.
 */
export function bearerToken(request: HttpRequest): string {
  const header = request.header('authorization');
  if (header === undefined || !/^bearer( |$)/i.test(header)) {
    throw new SessionError('token/missing', { status: 401 });
  }
  const token = bearer.exec(header)?.[1];
  if (token === undefined) throw new SessionError('token/malformed', { status: 401 });
  return token;
}
