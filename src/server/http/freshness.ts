import type { Session } from '../core/session.js';
import { Refusal } from './problem.js';

/**
 * The user of a session, who signed in lately (S23, ASVS 7.5.2). Throws `session/not-fresh` when that was too long ago, or
 * never: then the answer says how to do better (RFC 9470 §3).
 */
export type FreshUser = (session: Session<unknown>) => string;

export interface FreshnessOptions {
  /** Milliseconds since the sign-in; 0 = it does not matter when. */
  readonly freshFor: number;
  readonly now: () => number;
}

/** A sign-in always gives a new session (S11), so the time of it is `created`. */
export function createFreshness({ freshFor, now }: FreshnessOptions): FreshUser {
  const age = freshFor === 0 ? '' : `, max_age=${Math.floor(freshFor / 1000)}`;
  const challenge = `Bearer realm="session", error="insufficient_user_authentication"${age}`;

  return ({ uid, created }) => {
    if (uid !== null && (freshFor === 0 || now() - created <= freshFor)) return uid;
    throw new Refusal('session/not-fresh', { 'www-authenticate': challenge });
  };
}
