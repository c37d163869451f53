import type { ErrorCode } from '../../protocol/errors.js';
import type { Sessions } from '../core/sessions.js';
import { type AttemptLimits, retryAfter } from './attempts.js';
import type { HttpRequest } from './exchange.js';
import type { Found } from './found.js';
import { Refusal } from './problem.js';

/** Looks at what requests show and is no proof. */
export interface Refusals {
  /** Reports it (S71), and throws `request/rate` when the address has guessed too often (S75). */
  note(found: Found<unknown>, request: HttpRequest): void;
}

/** What was good once is no guess; nor is a session that a token names, since we have signed it. */
const known: readonly ErrorCode[] = ['token/expired', 'session/expired'];
const signed = 'bearer';

export function createRefusals(
  sessions: Pick<Sessions<never>, 'report'>,
  limits: AttemptLimits | undefined,
): Refusals {
  return {
    note({ reason, carrier }, request) {
      if (reason === undefined) return;
      const { address } = request;
      const from = { address, agent: request.header('user-agent') };
      sessions.report({ type: 'refused', code: reason.code, carrier, ...from });
      const wasGood = known.includes(reason.code) || carrier === signed;
      const waitMs = wasGood ? 0 : (limits?.guessed(address) ?? 0);
      if (waitMs === 0) return;
      sessions.report({ type: 'limited', waitMs, ...from });
      throw new Refusal('request/rate', retryAfter(waitMs));
    },
  };
}
