/**
 * Every failure this package reports has one of these codes. A code is part of the public API: it never changes its
 * meaning, and new ones may be added.
 */
export type ErrorCode =
  // the token that the browser holds
  | 'token/missing'
  | 'token/malformed'
  | 'token/not-base64url'
  | 'token/not-json'
  | 'token/not-object'
  | 'token/exp-missing'
  | 'token/exp-invalid'
  | 'token/exp-milliseconds'
  | 'token/expired'
  | 'token/not-yet-valid'
  | 'token/issuer'
  | 'token/audience'
  | 'token/size'
  | 'token/type'
  | 'token/signature'
  // the session behind it
  | 'session/not-found'
  | 'session/expired'
  | 'session/ended'
  | 'session/conflict'
  | 'session/busy'
  | 'session/superseded'
  | 'session/malformed'
  | 'session/active'
  | 'session/not-fresh'
  | 'session/size'
  // signing in
  | 'credentials/wrong'
  | 'credentials/missing'
  // the request itself
  | 'request/malformed'
  | 'request/type'
  | 'request/size'
  | 'request/origin'
  | 'request/rate'
  | 'request/method'
  | 'request/not-found'
  | 'request/not-acceptable'
  | 'request/refused'
  | 'request/ambiguous'
  | 'request/forbidden'
  | 'request/precondition'
  | 'request/precondition-required'
  // JSON Patch
  | 'patch/malformed'
  | 'patch/conflict'
  | 'patch/size'
  // what lies between
  | 'network/failed'
  | 'server/failed'
  | 'store/unavailable'
  | 'store/unsupported'
  // how the package was set up
  | 'config/behaviors'
  | 'config/type'
  | 'config/invalid'
  | 'config/insecure';

/** Facts that travel with an error. None of them may hold a token, a password or the wire form of an id. */
export interface SessionErrorDetails {
  /** A sentence for a developer. Default: the code. */
  readonly message?: string | undefined;
  /** HTTP status of the answer that said so, or with which it is answered. */
  readonly status?: number | undefined;
  /** Body of the answer that said so, as the server sent it (parsed when it is JSON). */
  readonly body?: unknown;
  /** What was caught. */
  readonly cause?: unknown;
}

/** The one error class of this package. Tell errors apart by `code`. */
export class SessionError extends Error {
  declare readonly code: ErrorCode;
  declare readonly status: number | undefined;
  declare readonly body: unknown;

  constructor(code: ErrorCode, { message = code, ...facts }: SessionErrorDetails = {}) {
    super(message);
    Object.assign(this, facts, { name: 'SessionError', code });
  }
}
