import type { Json } from '../../protocol/messages.js';
import type { Clocks, Lifetime } from './expiry.js';

/** Up to eight short strings that describe a session to its owner, such as its device. No store looks inside. */
export type Labels = { readonly [name: string]: string };

/**
 * A session at rest. It explains itself: a store can touch it without knowing any option. Instants are integer
 * milliseconds since the epoch; where one may be `Infinity`, a database writes NULL.
 */
export interface SessionRecord extends Clocks, Lifetime {
  /** Names the session and signs nobody in by itself: see `IdScheme`. */
  readonly id: string;
  /** 1 at creation, one more after each update. A touch does not count: it changes no content. */
  readonly version: number;
  /** Whose session it is; `null` = nobody's yet. */
  readonly uid: string | null;
  /** What is known of the user. JSON. */
  readonly userData: Json;
  /** What the application keeps. JSON. */
  readonly data: Json;
  readonly labels: Labels;
  /** The first instant at which the session is over; `Infinity` = never. The only number a store judges by. */
  readonly expiresAt: number;
}

/** What an update writes, all of it. The rest of a record never changes. */
export type SessionChange = Pick<
  SessionRecord,
  'uid' | 'userData' | 'data' | 'labels' | 'lastAccess' | 'lastUpdate' | 'expiresAt'
>;

/** How an update ended. Only `updated` wrote anything; a `conflict` hands over what somebody else wrote. */
export type UpdateResult =
  | { readonly outcome: 'updated'; readonly record: SessionRecord }
  | { readonly outcome: 'conflict'; readonly record: SessionRecord }
  | { readonly outcome: 'expired' }
  | { readonly outcome: 'missing' };

/**
 * Where sessions rest. Each call is one atomic step: whatever else happens at the same time, in this process or in
 * another, happens wholly before or wholly after it. A store keeps JSON: whatever JSON cannot hold is lost on the way
 * in, alike on all stores. It keeps no reference to what it was given, and what it hands out is read-only for the
 * caller (a copy or deeply frozen). It has no clock: every instant comes with the call. It judges ids by nothing but
 * equality.
 *
 * A store that cannot answer rejects, with any error; the sessions above turn it into `store/unavailable`.
 */
export interface SessionStore {
  /** Puts a new record down. `false` = the id is taken, also by an expired record, and nothing was written. */
  create(record: SessionRecord): Promise<boolean>;

  /**
   * The record, expired or not; `undefined` = there is none. A store may forget expired records at any time.
   *
   * With `touchAt` (an instant) reading and touching are one step: a record that has not expired by then comes back, and
   * stays behind, as `accessedAt` says, with the same version. An expired one comes back as it was.
   */
  get(id: string, touchAt?: number): Promise<SessionRecord | undefined>;

  /** Compare and set: writes only if the record exists, has not expired at `now` and has the version `expected`. */
  update(id: string, expected: number, change: SessionChange, now: number): Promise<UpdateResult>;

  /** Removes a record, expired or not, and hands it to exactly one caller; `undefined` to everyone else. */
  destroy(id: string): Promise<SessionRecord | undefined>;

  /** How many records have not expired at `now`. */
  count(now: number): Promise<number>;

  /** Lets go of what the store itself opened. Not called twice; nothing is called after it. */
  close(): Promise<void>;
}
