import type { SessionError } from '../../protocol/errors.js';
import type { BrowserEndReason } from '../../protocol/messages.js';
import { demand } from './fail.js';
import type { SessionClaims } from './token.js';

/** A state that lasts until something happens. */
export type SettledState<C = SessionClaims> =
  /** Nobody has asked yet, or `error` says why the question could not be answered. */
  | { readonly name: 'unknown'; readonly error?: SessionError }
  /** Nobody is signed in. */
  | { readonly name: 'anonymous'; readonly error: SessionError }
  | {
      readonly name: 'authenticated';
      readonly claims: C;
      /** True when the server was asked and could not be reached: the session is kept, but unconfirmed. */
      readonly stale: boolean;
      /** False when the token could not be stored: a reload signs the user out. */
      readonly persisted: boolean;
    }
  /** Somebody was signed in and no longer is. */
  | {
      readonly name: 'ended';
      readonly reason: BrowserEndReason;
      readonly error: SessionError;
      /** After a sign-out, whether the server knows; absent while it is being told. */
      readonly told?: boolean;
    };

/** Everything a session can be, seen from one page. There is no other flag anywhere. */
export type SessionState<C = SessionClaims> =
  | SettledState<C>
  /** A sign-in is under way; `previous` holds until it succeeds, and again if it fails. */
  | { readonly name: 'authenticating'; readonly previous: SettledState<C> };

/**
 * Enters a state, or none to ask only whether it still may.
 *
 * @throws SessionError `session/superseded` when a later attempt has begun
 */
export type Settle = (state?: SettledState) => void;

/**
 * The epoch guard: a counter that each attempt moves on, and that its answers must find where the attempt left it. So
 * only the latest attempt changes the state, in whatever order the answers arrive.
 *
 * @returns begins an attempt, which voids all earlier ones
 */
export function createAttempts(enter: (state: SettledState) => void): () => Settle {
  let epoch = 0;
  return () => {
    epoch += 1;
    const mine = epoch;
    return (state) => {
      demand(mine === epoch, 'session/superseded');
      if (state) enter(state);
    };
  };
}
