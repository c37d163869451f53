import type { EndReason, Json } from '../../protocol/messages.js';
import type { Clocks, Lifetime } from './expiry.js';

/** Up to eight short strings that describe a session to its owner, such as its device. No store looks inside. */
export type Labels = { readonly [name: string]: string };

/**
 * A session at rest. It explains itself: a store can touch it and say why it expired without knowing any option. Instants
 * are integer milliseconds since the epoch; where one may be `Infinity`, a database writes NULL.
 */
export interface SessionRecord extends Clocks, Lifetime {
  /** Names the session: 1 to 256 printable ASCII characters. What travels is another thing: see `IdScheme`. */
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
  'uid' | 'userData' | 'data' | 'labels' | 'lastAccess' | 'lastUpdate' | 'timeToLive' | 'expiresAt'
>;

/** How an update ended. Only `updated` wrote anything; a `conflict` hands over what somebody else wrote. */
export type UpdateResult =
  | { readonly outcome: 'updated'; readonly record: SessionRecord }
  | { readonly outcome: 'conflict'; readonly record: SessionRecord }
  | { readonly outcome: 'expired' }
  | { readonly outcome: 'missing' };

/** How a touch ended. `recent` = it was touched so lately that nothing was written. */
export type TouchResult = 'touched' | 'recent' | 'expired' | 'missing';

/** Some records of one user. */
export interface SessionPage {
  readonly records: readonly SessionRecord[];
  /** Where the next page begins: for `after`. `undefined` = this was the last one. */
  readonly next: string | undefined;
}

/** A session that is over, in the queue of ended sessions. */
export interface EndedSession {
  /** Names this entry of the queue; opaque. */
  readonly entry: string;
  /** The record as it was when it ended. */
  readonly record: SessionRecord;
  readonly reason: EndReason;
  /** When it was moved here. */
  readonly at: number;
}

/** What a reader of the queue has not seen yet. */
export interface EndedNews {
  readonly ended: readonly EndedSession[];
  /** Where to read on. */
  readonly cursor: string;
  /** Entries between the old cursor and the first of `ended` were forgotten: look after the sessions one by one. */
  readonly lost: boolean;
}

/**
 * The sessions that are over, in the order in which they ended. It is read in two ways. *Claiming* shares the work: each
 * end goes to one claimant among all processes, for clean-up that is to happen once. *Following* tells everybody: each
 * process hears of each end once, to close its sockets. Neither disturbs the other.
 *
 * It is bounded: a store keeps at least the newest `keeps` entries and may forget older ones, claimed or not.
 */
export interface EndedQueue {
  /** How many of the newest entries are never forgotten before they are acknowledged. At least 1000. */
  readonly keeps: number;

  /**
   * Up to `limit` entries, oldest first, that nobody has acknowledged and nobody holds; they are held by `owner` until
   * `now + leaseMs`, exclusively. At that instant whoever asks first gets them again, `owner` included.
   */
  claim(owner: string, limit: number, leaseMs: number, now: number): Promise<readonly EndedSession[]>;

  /** `owner` is done with these, for ever. What somebody else has claimed since stays theirs; unknown entries are ignored. */
  ack(owner: string, entries: readonly string[]): Promise<void>;

  /** Up to `limit` entries after the cursor, oldest first, acknowledged or not. Without a cursor: none, and where now is. */
  since(cursor: string | undefined, limit: number): Promise<EndedNews>;
}

/**
 * What a store may be unable to do. `atomic` = its steps are atomic within one process only, since what lies below knows
 * no compare-and-set: two processes can lose each other's writes. Every other name is the method that rejects with
 * `store/unsupported`, and for `ended` each method of the queue.
 */
export type StoreFeature = 'atomic' | 'list' | 'count' | 'all' | 'clear' | 'sweep' | 'ended';

/**
 * Where sessions rest. Each call is one atomic step: whatever else happens at the same time, in this process or in
 * another, happens wholly before or wholly after it. A store keeps JSON: whatever JSON cannot hold is lost on the way
 * in, alike on all stores. It keeps no reference to what it was given, and what it hands out is read-only for the
 * caller (a copy or deeply frozen). It uses no clock: every instant comes with the call, in milliseconds since the epoch.
 * It judges ids and users by nothing but equality. A session whose `expiresAt` is not after `now` has expired: it is never
 * touched, updated, listed or counted again, and stays until it is destroyed, swept or cleared.
 *
 * Whatever removes a record moves it to the queue of ended sessions in the same step.
 *
 * A store that cannot answer rejects, with any error; the sessions above turn it into `store/unavailable`. Write one and
 * let `can-connect-session/testing/store` judge it.
 */
export interface SessionStore {
  /** What this store cannot do; empty for a complete one. What needs it is refused with `store/unsupported`. */
  readonly cannot: readonly StoreFeature[];

  /** `true` = all is gone when this process ends, and no other one sees it. Only the doctor asks. Default: it stays. */
  readonly volatile?: boolean;

  /**
   * The store's own present, where it has a clock of its own; no other method uses it. Only the doctor asks, to say when the
   * clocks of two machines differ.
   */
  clock?(): Promise<number>;

  /** Puts a new record down. `false` = the id is taken, also by an expired record, and nothing was written. */
  create(record: SessionRecord): Promise<boolean>;

  /**
   * The record, expired or not; `undefined` = there is none.
   *
   * With `touchAt` (an instant) reading and touching are one step: a record that has not expired by then comes back, and
   * stays behind, as `accessedAt` says, with the same version. An expired one comes back as it was, and so does one whose
   * `lastAccess` is not before `unlessSince` (default `Infinity`, which spares nothing: every access is written).
   */
  get(id: string, touchAt?: number, unlessSince?: number): Promise<SessionRecord | undefined>;

  /** `get` with touch, without the reading. Revives nothing, shortens nothing, and passes no absolute limit. */
  touch(id: string, touchAt: number, unlessSince?: number): Promise<TouchResult>;

  /**
   * Compare and set: writes only if the record exists, has not expired at `now` and has the version `expected`.
   * `undefined` expects any version: the last writer wins. The new record has the next version.
   */
  update(id: string, expected: number | undefined, change: SessionChange, now: number): Promise<UpdateResult>;

  /** Ends a session, expired or not, and hands its record to exactly one caller; `undefined` to everyone else. */
  destroy(id: string, reason: EndReason, now: number): Promise<SessionRecord | undefined>;

  /**
   * Ends up to `limit` sessions that have expired at `now`, the longest expired first (those of one second in any order),
   * each for the reason that `expiryReason` gives. How many; fewer than `limit` = nothing expired is left. What it costs
   * grows with what it removes, not with what it keeps.
   */
  sweep(limit: number, now: number): Promise<number>;

  /** Ends up to `limit` sessions, whichever, for the reason `cleared`. How many; fewer than `limit` = none is left. */
  clear(limit: number, now: number): Promise<number>;

  /**
   * Up to `limit` sessions of a user that have not expired at `now`. The order is the store's own; going from page to page,
   * a session that is there all the time comes exactly once.
   */
  list(uid: string, now: number, limit: number, after?: string): Promise<SessionPage>;

  /** How many sessions have not expired at `now`: all, or those of one user. */
  count(now: number, uid?: string): Promise<number>;

  /** Every record, expired or not, in no order. One that is there all the time comes exactly once, any other at most once. */
  all(): AsyncIterable<SessionRecord>;

  readonly ended: EndedQueue;

  /** Lets go of what the store itself opened. Not called twice; nothing is called after it. */
  close(): Promise<void>;
}
