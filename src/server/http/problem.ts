import { type ErrorCode, SessionError } from '../../protocol/errors.js';
import type { ProblemBody } from '../../protocol/messages.js';
import { problems } from '../../protocol/problems.js';
import type { HttpAnswer, HttpHeaders } from './exchange.js';

/** `type` of a problem (RFC 9457 §3.1.1) is this and the code. It names, and resolves to nothing. */
export const typePrefix = 'urn:can-connect-session:problem:';

/** Codes of a 401 that no token was shown for: RFC 6750 §3.1 wants no error code in the challenge then. */
const withoutToken: readonly ErrorCode[] = ['token/missing', 'credentials/wrong'];

/** An error whose answer says more in its headers: what to send instead, for example. */
export class Refusal extends SessionError {
  readonly headers: HttpHeaders;

  constructor(code: ErrorCode, headers: HttpHeaders) {
    super(code, { status: problems[code].status });
    this.headers = headers;
  }
}

/**
 * An error on the wire (RFC 9457). Nothing of it but the code is told: messages and causes stay inside (S70). What has no
 * code, or one that no server says, is `server/failed`.
 */
export function problemAnswer(error: unknown, headers: HttpHeaders = {}): HttpAnswer {
  const code = tellableCode(error);
  const { status, title } = problems[code];
  const body: ProblemBody = { type: typePrefix + code, title, status, code };
  return {
    status,
    headers: {
      'content-type': 'application/problem+json',
      ...challenge(status, code),
      ...(error instanceof Refusal ? error.headers : undefined),
      ...headers,
    },
    body: JSON.stringify(body),
  };
}

function tellableCode(error: unknown): ErrorCode {
  if (!(error instanceof SessionError) || !Object.hasOwn(problems, error.code)) return 'server/failed';
  return problems[error.code].status === 0 ? 'server/failed' : error.code;
}

/** Every 401 says how to do better (RFC 9110 §15.5.2, RFC 6750 §3; S66). */
function challenge(status: number, code: ErrorCode): HttpHeaders {
  if (status !== 401) return {};
  const error = withoutToken.includes(code) ? '' : ', error="invalid_token"';
  return { 'www-authenticate': `Bearer realm="session"${error}` };
}
