import { SessionError } from '../../../protocol/errors.js';
import { isJsonObject, type JsonObject } from '../../../protocol/json.js';
import type { Json } from '../../../protocol/messages.js';
import { sameJson } from '../../../protocol/same-json.js';
import { inBatches } from '../../core/batches.js';
import { isExpired } from '../../core/expiry.js';
import { isId } from '../../core/ids.js';
import { throughJson } from '../../core/json.js';
import { callable, endOfTime, invalidOption, wholeNumber } from '../../core/options.js';
import { demand } from '../../core/sessions-options.js';
import type { SessionRecord, SessionStore } from '../../core/store.js';
import { longestWait, nodeTimers, type Timers } from '../../core/timers.js';
import { uidOf } from '../../core/user.js';
import { answering } from './calls.js';
import { lifetimeOf } from './cookie.js';
import type { ExpressSessionData, ExpressSessionModule, ExpressStoreMethods } from './types.js';

export interface ToExpressStoreOptions {
  /**
   * Milliseconds a session lives after each request when its cookie has no lifetime of its own (no `maxAge`). 0 = for ever,
   * at most 8.64e15. Default: one day.
   */
  readonly timeToLive?: number;
  /** Whose session it is, 1 to 256 characters: what our lists by user go by. Default: nobody's. */
  uidOf?(session: ExpressSessionData & { readonly [key: string]: unknown }): string | null | undefined;
  /**
   * Milliseconds after a touch during which the next ones are not written down. The end of a session lags behind by as
   * much. 0 to 8.64e15. Default 0: all are written.
   */
  readonly touchInterval?: number;
  /**
   * Milliseconds between sweeps of what has expired, 0 to 2^31 - 1. 0 = none: when other sessions on the same store sweep,
   * or somebody calls `prune`. Default: one minute, and 0 for a store that cannot sweep.
   */
  readonly sweepInterval?: number;
  /** Hears why a sweep failed. Default: name and code on standard error. */
  readonly onError?: (error: unknown) => void;
  /** The present, in milliseconds since the epoch. express-session itself goes by `Date.now`, the default. */
  readonly now?: () => number;
  readonly timers?: Timers;
}

const day = 86_400_000;
const minute = 60_000;
/** express-session reads the clock twice, and so loses a millisecond of a lifetime now and then: that is no change. */
const smallestChange = 1000;
/** Each lost race is another writer's success; after so many something else is wrong. */
const mostAttempts = 16;

/**
 * One of our stores as a store for express-session, whose module is handed in: `session({ store: toExpressStore(session,
 * store) })`. express-session's own rules hold, not those of our sessions: a `set` writes the whole session, the last one
 * wins, and one that comes after a `destroy` makes the session anew. Give it a store that nothing else keeps sessions in.
 * Throws `config/invalid` when an option has a value it cannot have, `store/unsupported` when the store cannot do what one asks.
 */
export function toExpressStore<Base extends object>(
  session: ExpressSessionModule<Base>,
  store: SessionStore,
  options: ToExpressStoreOptions = {},
): Base & ExpressStoreMethods {
  if (typeof session?.Store !== 'function')
    throw invalidOption('The module express-session must be handed in.');
  if (typeof store?.update !== 'function') throw invalidOption('The store must be a session store.');
  const { now = Date.now, onError = report, timers = nodeTimers } = options;
  callable('uidOf', options.uidOf);
  callable('onError', onError);
  callable('now', now);
  const timeToLive = wholeNumber('timeToLive', options.timeToLive ?? day, 0, endOfTime, 'milliseconds');
  const touchInterval = wholeNumber(
    'touchInterval',
    options.touchInterval ?? 0,
    0,
    endOfTime,
    'milliseconds',
  );
  const canSweep = !store.cannot.includes('sweep');
  const sweepInterval = wholeNumber(
    'sweepInterval',
    options.sweepInterval ?? (canSweep ? minute : 0),
    0,
    longestWait,
    'milliseconds',
  );

  function changeOf(session: ExpressSessionData, at: number) {
    const data = contentOf(session);
    const owner = options.uidOf?.({ ...session });
    return {
      uid: owner === undefined || owner === null ? null : uidOf(owner),
      userData: {},
      data,
      labels: {},
      lastAccess: at,
      lastUpdate: at,
      ...lifetimeOf(session.cookie, at, timeToLive),
    };
  }

  async function set(id: string, session: ExpressSessionData): Promise<void> {
    if (!isId(id)) throw new SessionError('session/not-found', { status: 401 });
    const at = now();
    const change = changeOf(session, at);
    for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
      const { outcome } = await store.update(id, undefined, change, at);
      if (outcome === 'updated') return;
      if (outcome === 'expired') await store.destroy(id, 'idle', at);
      if (await store.create(newRecord(id, change, at))) return;
    }
    throw new SessionError('session/busy', { status: 503 });
  }

  async function get(id: string): Promise<ExpressSessionData | undefined> {
    const record = isId(id) ? await store.get(id) : undefined;
    return record === undefined || isExpired(record, now()) ? undefined : sessionOf(record);
  }

  async function destroy(id: string): Promise<void> {
    if (isId(id)) await store.destroy(id, 'signed-out', now());
  }

  async function touch(id: string, session: ExpressSessionData): Promise<void> {
    if (!isId(id)) return;
    const at = now();
    const since = touchInterval === 0 ? undefined : at - touchInterval + 1;
    const record = await store.get(id, at, since);
    if (record === undefined || isExpired(record, at)) return;
    const kept = record.data;
    if (!isContent(kept)) return;
    // express-session counts a new lifetime of the cookie as no change of the session: it arrives here, and only here.
    const { cookie } = contentOf(session);
    const lifetime = lifetimeOf(session.cookie, at, timeToLive);
    const drift = Math.abs(lifetime.timeToLive - record.timeToLive);
    if (drift < smallestChange && sameJson(withoutLifetime(cookie), withoutLifetime(kept.cookie))) return;
    const { uid, userData, labels, lastUpdate, version } = record;
    const data = { ...kept, cookie };
    const change = { uid, userData, labels, lastUpdate, data, lastAccess: at, ...lifetime };
    // Nothing is written when somebody saved the whole session meanwhile, cookie included: the last writer wins.
    await store.update(id, version, change, at);
  }

  async function all(): Promise<Record<string, ExpressSessionData>> {
    const at = now();
    const sessions: Record<string, ExpressSessionData> = Object.create(null);
    for await (const record of store.all()) {
      const session = isExpired(record, at) ? undefined : sessionOf(record);
      if (session !== undefined) sessions[record.id] = session;
    }
    return sessions;
  }

  async function clear(): Promise<void> {
    await inBatches((limit) => store.clear(limit, now()));
  }

  async function prune(): Promise<number> {
    const at = now();
    return inBatches((limit) => store.sweep(limit, at));
  }

  let timer: unknown;
  const schedule = () => {
    timer = timers.set(() => {
      prune()
        .catch(onError)
        .catch(() => undefined)
        .finally(() => timer !== undefined && schedule());
    }, sweepInterval);
  };
  if (sweepInterval > 0) {
    demand(store, 'sweep', 'The option sweepInterval');
    schedule();
  }

  const methods: ExpressStoreMethods = {
    get: (id, callback) => answering(get(id), callback),
    set: (id, session, callback) => answering(set(id, session), callback),
    touch: (id, session, callback) => answering(touch(id, session), callback),
    destroy: (id, callback) => answering(destroy(id), callback),
    all: (callback) => answering(all(), callback),
    length: (callback) => answering(store.count(now()), callback),
    clear: (callback) => answering(clear(), callback),
    prune: (callback) => answering(prune(), callback),
    stop() {
      timers.clear(timer);
      timer = undefined;
    },
  };
  // The class is an EventEmitter with four methods of its own, which call these.
  return Object.assign(Reflect.construct(session.Store, []) as Base, methods);
}

type Change = Parameters<SessionStore['update']>[2];

function newRecord(id: string, change: Change, now: number): SessionRecord {
  return {
    id,
    version: 1,
    created: now,
    ttlType: 'lastAccess',
    notAfter: Number.POSITIVE_INFINITY,
    ...change,
  };
}

type Content = JsonObject & { readonly cookie: JsonObject };

/** What is kept of a session; of the end of its cookie only whether there is one: a touch moves it without writing this. */
function contentOf(session: ExpressSessionData): Content {
  const data = throughJson(session);
  if (!isJsonObject(data) || !isJsonObject(data.cookie)) throw new TypeError('A session needs a cookie.');
  const { expires, maxAge, ...cookie } = data.cookie;
  const ends = (expires !== undefined && expires !== null) || typeof maxAge === 'number';
  return { ...data, cookie: { ...cookie, expires: ends } };
}

const withoutLifetime = (cookie: JsonObject): JsonObject => ({ ...cookie, originalMaxAge: null });

function isContent(data: Json): data is Content {
  return isJsonObject(data) && isJsonObject(data.cookie);
}

/** A copy of the caller's own, since it is changed at will. */
function sessionOf(record: SessionRecord): ExpressSessionData | undefined {
  if (!isContent(record.data)) return undefined;
  const data = structuredClone(record.data) as { cookie: { [key: string]: Json } };
  data.cookie.expires = data.cookie.expires === true ? new Date(record.expiresAt).toISOString() : null;
  return data as ExpressSessionData;
}

/** Never the message of somebody else's error: it may hold anything. */
function report(error: unknown): void {
  const name = error instanceof Error ? error.name : typeof error;
  const code = error instanceof SessionError ? ` ${error.code}` : '';
  console.error(`can-connect-session: sweeping failed: ${name}${code}`);
}
