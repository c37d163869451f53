import { callable, endOfTime, invalidOption, wholeNumber, yesOrNo } from '../../core/options.js';
import type { SessionStore, StoreFeature } from '../../core/store.js';
import type { StoredSession } from '../../three-methods/record.js';
import { overThreeMethods, type ThreeMethods } from '../../three-methods/store.js';
import { answered } from './calls.js';
import type { ExpressStore } from './types.js';

export interface FromExpressStoreOptions {
  /**
   * Whether this process is the only one that uses the store. Default false. `true` makes its steps atomic and, where the
   * store has `all`, lets it sweep and keep the queue of ended sessions in the memory of this process: the newest 10000
   * ends, lost when the process ends.
   */
  readonly oneProcess?: boolean;
  /**
   * Milliseconds the store keeps a session after its end. Only within them an expired session is told from an unknown
   * one, and only within them a sweep finds it: sweep more often. 0 to one year. Default: one hour.
   */
  readonly keepExpired?: number;
  /** The present of the store, in milliseconds since the epoch: these stores read the clock. Default: `Date.now`. */
  readonly now?: () => number;
}

const hour = 3_600_000;
const year = 365 * 24 * hour;
/** What these stores can hold; a session that never ends is kept for so long after it was last written. */
const longest = 100 * year;
/** Some stores count in seconds and cut off what is over. */
const second = 1000;

/**
 * A store that was written for express-session as one of ours. The record travels in the session object as one text, so
 * that nothing is lost whatever the store does with nested values; beside it lies a cookie that makes the store keep the
 * session at least until its end. What the store cannot do is in `cannot`: steps are atomic within this process only, and
 * since it drops expired sessions by itself and tells nobody, there is no sweep and no queue of ended sessions; see
 * `oneProcess`. Sessions in the store that are not ours are neither read, listed nor removed; an id that one of them has is
 * taken. Throws `config/invalid` when a method is missing or an option has a value it cannot have.
 */
export function fromExpressStore(store: ExpressStore, options: FromExpressStoreOptions = {}): SessionStore {
  const complete = (['get', 'set', 'destroy'] as const).every((name) => typeof store?.[name] === 'function');
  if (!complete) throw invalidOption('An express-session store needs the methods get, set and destroy.');
  const { now = Date.now } = options;
  callable('now', now);
  const keepExpired = wholeNumber('keepExpired', options.keepExpired ?? hour, 0, year, 'milliseconds');
  const oneProcess = yesOrNo('oneProcess', options.oneProcess ?? false);
  const listing = typeof store.all === 'function';
  const cannot: StoreFeature[] = [];
  if (!oneProcess) cannot.push('atomic');
  if (!oneProcess || !listing) cannot.push('ended', 'sweep');

  const three: ThreeMethods = {
    async get(id) {
      const found = await answered((callback) => store.get(id, callback)).catch(undefinedIfMissing);
      if (found === undefined || found === null) return undefined;
      const session = sessionIn(found);
      // Not ours; the wrap refuses what is no record.
      return session ?? (false as never);
    },
    async set(id, session) {
      const cookie = cookieFor(session, now(), keepExpired);
      await answered((callback) =>
        store.set(id, { cookie, [member]: JSON.stringify(session) } as never, callback),
      );
    },
    async destroy(id) {
      await answered((callback) => store.destroy(id, callback));
    },
    ...(listing && { all: async () => allOf(await answered((callback) => store.all?.(callback))) }),
  };
  return overThreeMethods({ three, shared: store, ended: !cannot.includes('ended'), cannot });
}

/** Where our record lies in the session object. */
const member = 'canConnectSession';

/** A store of files says so of a session that is not there, and express-session takes it for that. */
function undefinedIfMissing(error: unknown): undefined {
  if ((error as { code?: unknown } | null)?.code === 'ENOENT') return undefined;
  throw error;
}

/**
 * Lets the store drop the session `keepExpired` after its end, or later. What counts is how long it has still to live by the
 * clock of the sessions, which need not be the clock that the store reads.
 */
function cookieFor(session: StoredSession, now: number, keepExpired: number) {
  const left = session.expiresAt === null ? longest : Math.max(0, session.expiresAt - session.lastAccess);
  const maxAge = Math.min(longest, Math.ceil(left / second) * second + second + keepExpired);
  const expires = new Date(Math.min(endOfTime, now + maxAge));
  return { originalMaxAge: maxAge, maxAge, expires, httpOnly: true, path: '/' };
}

/** The session in what a store gave: the object that `set` got, its JSON, or a row that holds one of them. */
function sessionIn(found: unknown): StoredSession | undefined {
  if (typeof found === 'string') return sessionIn(parsed(found));
  if (typeof found !== 'object' || found === null) return undefined;
  const text = (found as { readonly [member]?: unknown })[member];
  if (typeof text === 'string') return parsed(text) as StoredSession | undefined;
  // Every session has a cookie; what has none is a row around one.
  return 'cookie' in found ? undefined : sessionIn((found as { readonly sess?: unknown }).sess);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Some stores list, some give an object whose keys are ids. */
function allOf(found: unknown): StoredSession[] {
  return Object.values(found ?? {}).flatMap((each) => sessionIn(each) ?? []);
}
