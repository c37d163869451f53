import { SessionError } from '../../protocol/errors.js';
import { storeWithin } from './deadline.js';
import type { EventListener } from './events.js';
import type { TtlType } from './expiry.js';
import { digestIds, type IdScheme } from './ids.js';
import { callable, endOfTime, harmless, invalidOption, oneOf, wholeNumber, yesOrNo } from './options.js';
import type { Secret } from './signed-ids.js';
import type { SessionStore, StoreFeature } from './store.js';
import { longestWait, nodeTimers, type Timers } from './timers.js';

/** What becomes of two saves that began with the same state. */
export type Conflicts = 'merge' | 'reject' | 'last-writer-wins';

export interface SessionsOptions {
  /** Where sessions rest. Nothing is chosen for you. */
  readonly store: SessionStore;
  /**
   * Milliseconds the store gets for one call, 0 to 2^31 - 1. Then what needs it rejects with `store/unavailable`, and a late
   * answer is dropped (S76). 0 = it may take for ever. Default: five seconds.
   */
  readonly storeDeadline?: number;
  /**
   * Bytes of JSON that `data` and `userData` of a session may have together, 1 to 2^30. More is refused with `session/size`,
   * and nothing is written (S79). Default 262144 (256 KiB).
   */
  readonly dataLimit?: number;
  /** Levels of objects and lists in each of them, 1 to 1000; `{}` is one. More: `session/size`. Default 100. */
  readonly dataDepth?: number;
  /**
   * Milliseconds a session lives after the time that `ttlType` names, 0 to 8.64e15. 0 = no such limit. Default: one week
   * (FOXX-01).
   */
  readonly timeToLive?: number;
  /** What `timeToLive` counts from. Default: `created` (FOXX-04). With another one, set `absoluteTimeToLive` too. */
  readonly ttlType?: TtlType;
  /** Milliseconds a session lives after its creation, whatever is done with it (S15). Same range. Default: 0 = no limit. */
  readonly absoluteTimeToLive?: number;
  /** Whether a session is still good at the very instant at which its time is over (V-23, X-02). Default false (FOXX-57). */
  readonly validAtExpiry?: boolean;
  /**
   * Milliseconds between the ticks of a clock by which sessions live, 0 to 2^31 - 1: all their times are those of the last
   * tick, and one is over at the first tick that is more than `timeToLive` after the tick of its last use (SC-07), which with
   * 0 is the next one. Not with `validAtExpiry`. Default 0: to the millisecond.
   */
  readonly tick?: number;
  /** What a read does with an expired record: `keep` leaves it to the sweep, `purge` ends it at once. Default keep. */
  readonly onExpiredRead?: 'keep' | 'purge';
  /** Whether `get` and `find` count as an access (FOXX-24); V's do not. Default true. */
  readonly touchOnGet?: boolean;
  /**
   * Milliseconds after an access during which the next ones are not written down: what saves a database most of its writes
   * lets `lastAccess`, and an end that counts from it, lag behind by as much. 0 to 8.64e15. Default 0: all are written.
   */
  readonly touchInterval?: number;
  /**
   * What becomes of two saves that began with the same state. `merge` (default): changes of different keys go together,
   * a contradiction is a `SessionConflict`. `reject`: the second is a `SessionConflict`. `last-writer-wins`: the second
   * replaces the first (FOXX-26).
   */
  readonly conflicts?: Conflicts;
  /** Milliseconds a save waits for others of the same session, 0 to 2^31 - 1. Then `session/busy`. Default 5 minutes. */
  readonly waitMs?: number;
  /**
   * Milliseconds between sweeps, 0 to 2^31 - 1. 0 = none: call `prune`. Default: one minute, and 0 for a store that cannot
   * sweep. The timer does not keep the process alive.
   */
  readonly sweepInterval?: number;
  /** How ids are made, or how they are made with the option `secrets`. Default: `digestIds()`. */
  readonly ids?: IdScheme | ((secrets: readonly Secret[]) => IdScheme);
  /** For an id scheme that signs: 1 to 8, the first signs, all verify. Default: none. */
  readonly secrets?: readonly Secret[];
  /** The id of a user given to `setUser` as a Foxx model. Default: `user.get('_key')` (FOXX-53). */
  readonly userIdFrom?: (user: FoxxUser) => unknown;
  /**
   * Hears of each event: see `SessionEvent`. Each end is told once among all processes that share the store and listen or
   * have an `onDestroy` callback, if the store supports `ended`; otherwise only ends that this process brings about by
   * `delete`, `destroy` and their kin are told. Default: nobody listens, and nothing is computed for it.
   */
  readonly onEvent?: EventListener;
  /** Hears what a destroy callback or `onEvent` threw, and why a sweep failed. Default: name and code on standard error. */
  readonly onError?: (error: unknown) => void;
  /** The present, in milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: () => number;
  /** Default: those of Node. */
  readonly timers?: Timers;
}

/** A user as a Foxx model shows it. */
export interface FoxxUser {
  get(name: string): unknown;
}

/** The options, checked and complete. */
export interface Policy
  extends Required<Omit<SessionsOptions, 'secrets' | 'ids' | 'timeToLive' | 'onEvent'>> {
  /** Within its deadline, and with one code for all its failures. */
  readonly store: SessionStore;
  readonly ids: IdScheme;
  readonly timeToLive: number;
  readonly onEvent: EventListener | undefined;
  /** Never throws. */
  readonly onError: (error: unknown) => void;
  /** What `validAtExpiry` (1 ms) or `tick` adds to every lifetime, so that no store knows of them. */
  readonly grace: number;
}

const week = 7 * 24 * 60 * 60 * 1000;
const minute = 60_000;

/** Throws `config/invalid` for a value that cannot be, `store/unsupported` for what the store cannot do. */
export function policyOf(options: SessionsOptions): Policy {
  const { store } = options;
  if (typeof store?.get !== 'function' || !Array.isArray(store.cannot)) {
    throw invalidOption('The option store must be a session store.');
  }
  const canSweep = !store.cannot.includes('sweep');
  const validAtExpiry = yesOrNo('validAtExpiry', options.validAtExpiry ?? false);
  const tick = wait('tick', options.tick ?? 0);
  if (validAtExpiry && tick > 0)
    throw invalidOption('The options tick and validAtExpiry exclude each other.');
  const storeDeadline = wait('storeDeadline', options.storeDeadline ?? 5000);
  const timers = options.timers ?? nodeTimers;
  const policy: Policy = {
    store: storeWithin(store, storeDeadline, timers),
    storeDeadline,
    dataLimit: wholeNumber('dataLimit', options.dataLimit ?? 262_144, 1, 2 ** 30, 'bytes'),
    dataDepth: wholeNumber('dataDepth', options.dataDepth ?? 100, 1, 1000, 'levels'),
    timeToLive: duration('timeToLive', options.timeToLive ?? week),
    ttlType: oneOf('ttlType', options.ttlType ?? 'created', ['created', 'lastAccess', 'lastUpdate']),
    absoluteTimeToLive: duration('absoluteTimeToLive', options.absoluteTimeToLive ?? 0),
    validAtExpiry,
    tick,
    grace: validAtExpiry ? 1 : tick,
    onExpiredRead: oneOf('onExpiredRead', options.onExpiredRead ?? 'keep', ['keep', 'purge']),
    touchOnGet: yesOrNo('touchOnGet', options.touchOnGet ?? true),
    touchInterval: duration('touchInterval', options.touchInterval ?? 0),
    conflicts: oneOf('conflicts', options.conflicts ?? 'merge', ['merge', 'reject', 'last-writer-wins']),
    waitMs: wait('waitMs', options.waitMs ?? 5 * minute),
    sweepInterval: wait('sweepInterval', options.sweepInterval ?? (canSweep ? minute : 0)),
    ids: schemeOf(options),
    userIdFrom: callable('userIdFrom', options.userIdFrom) ?? ((user) => user.get('_key')),
    onEvent: callable('onEvent', options.onEvent),
    onError: harmless(callable('onError', options.onError) ?? report),
    now: ticking(callable('now', options.now) ?? Date.now, tick),
    timers,
  };
  if (policy.sweepInterval > 0) demand(store, 'sweep', 'The option sweepInterval');
  return policy;
}

/** Throws `store/unsupported` when the store cannot do this. */
export function demand(store: SessionStore, feature: StoreFeature, who: string): void {
  if (!store.cannot.includes(feature)) return;
  throw new SessionError('store/unsupported', {
    message: `${who} needs a store that can do this: ${feature}.`,
    status: 501,
  });
}

function ticking(now: () => number, tick: number): () => number {
  return tick === 0 ? now : () => Math.floor(now() / tick) * tick;
}

export function duration(option: string, value: number): number {
  return wholeNumber(option, value, 0, endOfTime, 'milliseconds');
}

function wait(option: string, value: number): number {
  return wholeNumber(option, value, 0, longestWait, 'milliseconds');
}

function schemeOf({ ids, secrets }: SessionsOptions): IdScheme {
  if (secrets !== undefined && typeof ids !== 'function') {
    // Whoever gives secrets means ids that are signed, and must not get others.
    throw invalidOption('The option secrets needs an option ids that uses it, such as signedIds.');
  }
  const scheme = typeof ids === 'function' ? ids(secrets ?? []) : (ids ?? digestIds());
  if (typeof scheme?.issue !== 'function' || typeof scheme.read !== 'function') {
    throw invalidOption('The option ids must be an id scheme.');
  }
  return scheme;
}

/** Without the message: it may quote what a user sent (S72). */
function report(error: unknown): void {
  const name = error instanceof Error ? error.name : typeof error;
  const code = error instanceof SessionError ? ` ${error.code}` : '';
  console.error(`can-connect-session: a sweep, a destroy callback or a listener failed: ${name}${code}`);
}
