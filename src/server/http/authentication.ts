import { SessionError } from '../../protocol/errors.js';
import type { Sessions } from '../core/sessions.js';
import { type AttemptLimits, retryAfter } from './attempts.js';
import type { CurrentSession } from './current-session.js';
import type { HttpRequest } from './exchange.js';
import { Refusal } from './problem.js';
import type { Authenticate, Credentials, SignedIn } from './resources/session.js';

/**
 * Whose credentials these are, asked no more often than the limits allow (S74). Rejects with `request/rate`, with
 * `credentials/wrong`, and with what `authenticate` rejects with.
 */
export type Authentication<Data> = (
  request: HttpRequest,
  credentials: Credentials,
  current: CurrentSession<Data>,
) => Promise<SignedIn<Data>>;

export interface AuthenticationOptions<Data> {
  readonly sessions: Sessions<Data>;
  readonly authenticate: Authenticate<Data>;
  /** `undefined` = none: somebody else sees to it. */
  readonly limits: AttemptLimits | undefined;
}

export function createAuthentication<Data>(options: AuthenticationOptions<Data>): Authentication<Data> {
  const { sessions, authenticate, limits } = options;

  async function userOf(credentials: Credentials, current: CurrentSession<Data>): Promise<SignedIn<Data>> {
    const user = await authenticate(credentials, current);
    // Unknown user and wrong password are one answer (S66).
    if (user === null) throw new SessionError('credentials/wrong', { status: 401 });
    return user;
  }

  return async (request, credentials, current) => {
    const from = { address: request.address, agent: request.header('user-agent') };
    const attempt = limits?.begin(credentials.username, request.address);
    if (attempt !== undefined && attempt.waitMs > 0) {
      sessions.report({ type: 'limited', waitMs: attempt.waitMs, ...from });
      throw new Refusal('request/rate', retryAfter(attempt.waitMs));
    }
    try {
      const user = await userOf(credentials, current);
      attempt?.succeed();
      return user;
    } catch (error) {
      const wrong = error instanceof SessionError && error.code === 'credentials/wrong';
      if (wrong) attempt?.fail();
      else attempt?.drop();
      // Without the name: people type their password into that field too.
      if (wrong) sessions.report({ type: 'sign-in-failed', code: error.code, ...from });
      throw error;
    }
  };
}
