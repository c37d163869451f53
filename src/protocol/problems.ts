import type { ErrorCode } from './errors.js';

/** What one code says on the wire: RFC 9457 `title` and `status`. */
export interface Problem {
  readonly title: string;
  /** HTTP status with which a server answers; 0 where no server says it. */
  readonly status: number;
}

/** The manual of all codes. The browser half carries it in development builds only. */
export const problems: { readonly [Code in ErrorCode]: Problem } = {
  'token/missing': { status: 401, title: 'There is no token.' },
  'token/malformed': { status: 401, title: 'The token does not have three parts.' },
  'token/not-base64url': { status: 401, title: 'A part of the token is not base64url.' },
  'token/not-json': { status: 401, title: 'The payload of the token is not JSON.' },
  'token/not-object': { status: 401, title: 'The payload of the token is not a JSON object.' },
  'token/exp-missing': { status: 401, title: 'The token does not say when it expires.' },
  'token/exp-invalid': { status: 401, title: 'The claim exp is not a finite number.' },
  'token/exp-milliseconds': {
    status: 401,
    title: 'The claim exp is in milliseconds; it must be in seconds.',
  },
  'token/expired': { status: 401, title: 'The token has expired.' },
  'token/not-yet-valid': { status: 401, title: 'The token is not valid yet.' },
  'token/issuer': { status: 401, title: 'The token was made by another issuer.' },
  'token/audience': { status: 401, title: 'The token was made for another audience.' },
  'token/size': { status: 401, title: 'The token is too long.' },
  'token/type': { status: 401, title: 'The token is of another kind.' },
  'token/signature': { status: 401, title: 'The token is not signed by this server.' },
  'session/not-found': { status: 401, title: 'There is no such session.' },
  'session/expired': { status: 401, title: 'The session has expired.' },
  'session/ended': { status: 401, title: 'The session has ended.' },
  'session/conflict': { status: 409, title: 'The session was changed by someone else meanwhile.' },
  'session/busy': { status: 503, title: 'The session is in use; the wait for it was given up.' },
  'session/superseded': { status: 0, title: 'A later call took the place of this one.' },
  'session/malformed': { status: 0, title: 'The answer of the server holds no session.' },
  'session/active': { status: 0, title: 'Another session is current already.' },
  'session/not-fresh': { status: 401, title: 'The sign-in is too long ago for this; sign in again.' },
  'session/size': { status: 413, title: 'The data of the session is too large.' },
  'credentials/wrong': { status: 401, title: 'The user name or the password is wrong.' },
  'credentials/missing': { status: 400, title: 'There is nothing to sign in with.' },
  'request/malformed': { status: 400, title: 'The request is not what this resource expects.' },
  'request/type': { status: 415, title: 'The content type is not one that this resource reads.' },
  'request/size': { status: 413, title: 'The body is too large.' },
  'request/origin': { status: 403, title: 'Requests from this origin are not allowed.' },
  'request/rate': { status: 429, title: 'Too many requests.' },
  'request/method': { status: 405, title: 'This resource does not know the method.' },
  'request/not-found': { status: 404, title: 'There is no such resource.' },
  'request/not-acceptable': { status: 406, title: 'There is nothing of a type that the request accepts.' },
  'request/refused': { status: 0, title: 'The server refused the request.' },
  'request/ambiguous': { status: 400, title: 'The request names more than one session.' },
  'request/forbidden': { status: 403, title: 'This is not allowed.' },
  'request/precondition': { status: 412, title: 'The state is no longer the one that If-Match names.' },
  'request/precondition-required': {
    status: 428,
    title: 'The request must say which state it changes: If-Match.',
  },
  'patch/malformed': { status: 400, title: 'The patch is not a JSON Patch that this resource applies.' },
  'patch/conflict': { status: 409, title: 'The patch does not fit the present state.' },
  'patch/size': { status: 413, title: 'The patch is too large, or would make the document too large.' },
  'network/failed': { status: 0, title: 'The server could not be reached.' },
  'server/failed': { status: 500, title: 'The server failed.' },
  'store/unavailable': { status: 503, title: 'The session store cannot be reached.' },
  'store/unsupported': { status: 501, title: 'The session store cannot do this.' },
  'config/behaviors': {
    status: 0,
    title: 'A session connection needs the behaviors constructor and can/map.',
  },
  'config/type': { status: 0, title: 'A session connection needs a Map or an ObjectType.' },
  'config/invalid': { status: 0, title: 'An option has a value it cannot have.' },
  'config/insecure': { status: 0, title: 'A secret would travel unencrypted.' },
};
