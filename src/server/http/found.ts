import type { SessionError } from '../../protocol/errors.js';
import type { Session } from '../core/session.js';

/** What a request came with: its session, or why it has none. */
export interface Found<Data> {
  readonly session: Session<Data> | undefined;
  /** The ids that the request named, of sessions that live or not. */
  readonly ids: readonly string[];
  /** Name of the carrier that decided; `undefined` = none carried anything good in form. */
  readonly carrier: string | undefined;
  /** Why there is no session; `undefined` = the request carries nothing at all. */
  readonly reason: SessionError | undefined;
}

export const none: Found<never> = { session: undefined, ids: [], carrier: undefined, reason: undefined };
