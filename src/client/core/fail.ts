import { type ErrorCode, SessionError, type SessionErrorDetails } from '../../protocol/errors.js';
import { problems } from '../../protocol/problems.js';

/** An error of the browser half. Its sentence is left out of production builds, where the code says it all. */
export function fail(code: ErrorCode, details?: SessionErrorDetails): SessionError {
  if (process.env.NODE_ENV !== 'production') {
    return new SessionError(code, { message: problems[code]?.title, ...details });
  }
  return new SessionError(code, details);
}

/** Throws the error of this code unless the condition holds. */
export function demand(condition: unknown, code: ErrorCode): asserts condition {
  if (!condition) throw fail(code);
}
