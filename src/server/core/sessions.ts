import { SessionError } from '../../protocol/errors.js';
import type { EndReason, Json } from '../../protocol/messages.js';
import { inBatches } from './batches.js';
import { dataAdmission } from './data-limits.js';
import { createEnds, type DestroyCallback } from './ends.js';
import { SessionConflict, SessionExpired, SessionNotFound } from './errors.js';
import { createReport, type SessionNotice } from './events.js';
import { createExclusive, type Exclusive } from './exclusive.js';
import { expiryOf, expiryReason, isExpired } from './expiry.js';
import { isId } from './ids.js';
import { throughJson } from './json.js';
import { checkedLabels } from './labels.js';
import { createListeners } from './listeners.js';
import { oneOf, wholeNumber } from './options.js';
import { Session, type SessionKeeper } from './session.js';
import { demand, duration, type FoxxUser, policyOf, type SessionsOptions } from './sessions-options.js';
import type { Labels, SessionRecord, StoreFeature } from './store.js';
import { createSweeper } from './sweeper.js';
import { type SessionUser, uidOf, userOf } from './user.js';
import { createWriter } from './writer.js';

/** What one session has of its own. */
export interface CreateOptions {
  /** Up to eight texts of at most 256 characters, with names of 1 to 32. Default: none. */
  readonly labels?: Labels;
  /** Instead of the option of all sessions. Same unit and range. */
  readonly timeToLive?: number;
  /** Instead of the option of all sessions. Same unit and range. */
  readonly absoluteTimeToLive?: number;
  /**
   * When it counts as created, in milliseconds since the epoch, from 0 to now: of a session that goes on under a new id, since
   * nobody has proved anew who they are. Default: now.
   */
  readonly created?: number;
}

/** Some sessions of one user. */
export interface SessionList<Data> {
  readonly sessions: readonly Session<Data>[];
  /** For the option `after`: where the next page begins. `undefined` = this was the last. */
  readonly next: string | undefined;
}

/**
 * All sessions of one store. Every method rejects with `store/unavailable` when the store does not answer, and with
 * `store/unsupported` when it cannot do such a thing.
 */
export interface Sessions<Data = { [key: string]: Json }> {
  /** The classes of errors, as Foxx has them (FOXX-40). */
  readonly errors: typeof errors;
  /**
   * A new session, stored at once, with this data (default `{}`) and this user (default: nobody). FOXX-21. Rejects with
   * `session/size` for too much data.
   */
  create(
    sessionData?: Data,
    user?: SessionUser | FoxxUser | null,
    options?: CreateOptions,
  ): Promise<Session<Data>>;
  /** The session, accessed now (FOXX-24). Rejects with `SessionNotFound` or `SessionExpired`. */
  get(id: string): Promise<Session<Data>>;
  /** The same; `undefined` when there is none or it has expired (V-21). */
  find(id: string): Promise<Session<Data> | undefined>;
  /** The same without counting as an access, and without ending what has expired. */
  peek(id: string): Promise<Session<Data> | undefined>;
  /** The id that a wire form stands for: for `get`. `undefined` = nothing we ever issued; no store is asked (S6). */
  idOf(wire: string): string | undefined;
  /** Ends a session, expired or not, and gives `null`. Rejects with `SessionNotFound` (FOXX-50). */
  delete(id: string, reason?: EndReason): Promise<null>;
  /** Ends a session, expired or not; `false` = there was none (V-27). `reason`: default `signed-out`. */
  destroy(id: string, reason?: EndReason): Promise<boolean>;
  /** Ends the sessions of a user, all but `except` (an id). How many. `reason`: default `revoked` (S21, S22, S24). */
  destroyByUser(
    uid: string,
    options?: { readonly except?: string; readonly reason?: EndReason },
  ): Promise<number>;
  /** Up to `limit` (1 to 1000, default 100) sessions of a user that have not expired. Counts as no access. */
  list(
    uid: string,
    options?: { readonly limit?: number; readonly after?: string },
  ): Promise<SessionList<Data>>;
  /** How many sessions have not expired: all, or those of one user. */
  count(uid?: string): Promise<number>;
  /** Every session, those too that have expired (V-28), one by one. Counts as no access. */
  all(): AsyncIterable<Session<Data>>;
  /** Ends every session, a batch at a time, with the reason `cleared`. How many. One created meanwhile may stay. */
  clear(): Promise<number>;
  /** Ends what has expired, and calls back for all ends since the last time. How many sessions it ended. */
  prune(): Promise<number>;
  /**
   * Calls back for each session that is over, whoever ended it: once among all processes that share the store, and again
   * only where a process died over it. In the order of registration, each whatever the others do. Gives what takes it
   * back. Throws `store/unsupported`.
   */
  onDestroy(callback: DestroyCallback): () => void;
  /**
   * Calls back for each save of this process, at once and before the next one of the same session begins: for whoever holds a
   * copy of what is stored. What it throws goes to `onError`. Gives what takes it back.
   */
  onSave(callback: (session: Session<Data>) => void): () => void;
  /** Calls back for what other processes have ended, without waiting for the next sweep. Never rejects. */
  hearEnds(): Promise<void>;
  /** Tells `onEvent` of what happened at a door built on these sessions. Never throws; nothing happens without a listener. */
  report(notice: SessionNotice): void;
  /** Whether the store can do this. */
  supports(feature: StoreFeature): boolean;
  /** One use of a session at a time, in this process: what saves wait for, and tasks build on. */
  readonly exclusive: Exclusive;
  /** Sweeps no more and closes the store, once. */
  close(): Promise<void>;
}

const errors = { SessionNotFound, SessionExpired, SessionConflict } as const;
const reasons: readonly EndReason[] = ['signed-out', 'revoked', 'idle', 'absolute', 'reuse', 'cleared'];
const pageSize = 100;
const largestPage = 1000;
/** Nobody signs in so often meanwhile. */
const mostPasses = 100;

/**
 * Sessions over a store. Throws `config/invalid` when an option has a value it cannot have, and `store/unsupported` when the
 * store cannot do what an option asks for.
 */
export function createSessions<Data = { [key: string]: Json }>(options: SessionsOptions): Sessions<Data> {
  const policy = policyOf(options);
  const { store, now, ids } = policy;
  const exclusive = createExclusive({ timers: policy.timers });
  const admit = dataAdmission(policy);
  const report = createReport(policy);
  const ends = createEnds(policy);
  const endsAreQueued = !store.cannot.includes('ended');
  if (policy.onEvent !== undefined && endsAreQueued) {
    ends.onAny(({ id, uid, reason, at }) => report({ type: 'ended', id, uid, reason, at }));
  }
  const sweeper = createSweeper(policy, () => ends.tell());
  const saves = createListeners<Session<Data>>(policy.onError);
  let closed: Promise<void> | undefined;

  async function destroy(id: string, reason: EndReason = 'signed-out'): Promise<boolean> {
    oneOf('reason', reason, reasons);
    if (!isId(id) || !(await end(id, reason))) return false;
    await ends.tell();
    return true;
  }

  async function end(id: string, reason: EndReason): Promise<boolean> {
    const record = await store.destroy(id, reason, now());
    if (record === undefined) return false;
    // Where ends are queued, they are told from there, whoever brings them about.
    if (!endsAreQueued) report({ type: 'ended', id, uid: record.uid, reason });
    return true;
  }

  async function destroyByUser(
    uid: string,
    { except, reason = 'revoked' }: { readonly except?: string; readonly reason?: EndReason } = {},
  ): Promise<number> {
    oneOf('reason', reason, reasons);
    const user = uidOf(uid);
    let ended = 0;
    try {
      for (let pass = 0; pass < mostPasses; pass += 1) {
        const found = await endAll(user, except, reason);
        ended += found.ended;
        if (!found.any) return ended;
      }
    } finally {
      await ends.tell();
    }
    throw new SessionError('session/busy', { status: 503 });
  }

  /** Once through the list. A session that gets a new id meanwhile can slip through: so until a pass finds none (S21). */
  async function endAll(
    uid: string,
    except: string | undefined,
    reason: EndReason,
  ): Promise<{ readonly any: boolean; readonly ended: number }> {
    let any = false;
    let ended = 0;
    let after: string | undefined;
    do {
      const page = await store.list(uid, now(), largestPage, after);
      for (const { id } of page.records) {
        if (id === except) continue;
        any = true;
        if (await end(id, reason)) ended += 1;
      }
      after = page.next;
    } while (after !== undefined);
    return { any, ended };
  }

  const keeper: SessionKeeper = {
    write: createWriter(policy, {
      exclusive,
      admit,
      report,
      written: (record) => saves.tell(() => new Session<Data>(keeper, record)),
    }),
    async touch(id) {
      const at = now();
      const outcome = await store.touch(id, at, unlessSince(at));
      if (outcome === 'missing') throw new SessionNotFound(id);
      if (outcome === 'expired') throw new SessionExpired(id);
      return at;
    },
    destroy,
    destroyByUser: (uid, except) => destroyByUser(uid, { except }),
    onDestroy: (id, callback) => ends.onOne(id, callback),
    now,
    grace: policy.grace,
    lifetime,
    userIdFrom: policy.userIdFrom,
  };

  /** Only what was accessed before this is accessed again. */
  function unlessSince(at: number): number {
    return policy.touchInterval === 0 ? Number.POSITIVE_INFINITY : at - policy.touchInterval;
  }

  /** Where there are ticks, 0 is over with the next (SC-07); else it is no limit. */
  function lifetime(ms: number): number {
    return ms === 0 && policy.tick === 0 ? 0 : ms + policy.grace;
  }

  function newRecord(id: string, at: number, content: CreateOptions): Omit<SessionRecord, 'expiresAt'> {
    const { timeToLive = policy.timeToLive, absoluteTimeToLive: most = policy.absoluteTimeToLive } = content;
    const absolute = duration('absoluteTimeToLive', most);
    const created = wholeNumber('created', content.created ?? at, 0, at, 'milliseconds');
    return {
      id,
      version: 1,
      uid: null,
      userData: {},
      data: {},
      labels: checkedLabels(content.labels ?? {}),
      created,
      lastAccess: at,
      lastUpdate: at,
      timeToLive: lifetime(duration('timeToLive', timeToLive)),
      ttlType: policy.ttlType,
      notAfter: absolute === 0 ? Number.POSITIVE_INFINITY : created + absolute + policy.grace,
    };
  }

  async function read(id: string): Promise<SessionRecord> {
    if (!isId(id)) throw new SessionNotFound(id);
    const at = now();
    const record = await (policy.touchOnGet ? store.get(id, at, unlessSince(at)) : store.get(id));
    if (record === undefined) throw new SessionNotFound(id);
    if (!isExpired(record, at)) return record;
    if (policy.onExpiredRead === 'purge') await destroy(id, expiryReason(record));
    throw new SessionExpired(id);
  }

  return {
    errors,
    exclusive,
    prune: sweeper.prune,
    destroy,
    destroyByUser,

    async create(sessionData, user, own = {}) {
      const at = now();
      const { id, wire } = ids.issue(at);
      if (!isId(id)) throw new TypeError('The id scheme made an id that cannot be one.');
      const { id: uid = null, userData } = user ? userOf(user, policy.userIdFrom) : {};
      admit(sessionData, userData);
      const content = { data: throughJson(sessionData) ?? {}, userData: throughJson(userData) ?? {} };
      const record = { ...newRecord(id, at, own), uid, ...content };
      const complete: SessionRecord = { ...record, expiresAt: expiryOf(record) };
      // Only a broken source of randomness gives an id that is taken. Taking over that session would be worse than failing.
      if (!(await store.create(complete))) throw new SessionError('server/failed', { status: 500 });
      report({ type: 'created', id, uid });
      return new Session<Data>(keeper, complete, wire);
    },

    get: async (id) => new Session<Data>(keeper, await read(id)),

    async find(id) {
      try {
        return new Session<Data>(keeper, await read(id));
      } catch (error) {
        if (error instanceof SessionNotFound) return undefined;
        throw error;
      }
    },

    async peek(id) {
      const record = isId(id) ? await store.get(id) : undefined;
      return record === undefined || isExpired(record, now()) ? undefined : new Session<Data>(keeper, record);
    },

    idOf: (wire) => ids.read(wire),

    async delete(id, reason) {
      if (!(await destroy(id, reason))) throw new SessionNotFound(id);
      return null;
    },

    async list(uid, { limit = pageSize, after } = {}) {
      wholeNumber('limit', limit, 1, largestPage, 'sessions');
      const { records, next } = await store.list(uidOf(uid), now(), limit, after);
      return { sessions: records.map((record) => new Session<Data>(keeper, record)), next };
    },

    count: async (uid) => store.count(now(), uid === undefined ? uid : uidOf(uid)),

    async *all() {
      demand(store, 'all', 'all');
      for await (const record of store.all()) yield new Session<Data>(keeper, record);
    },

    async clear() {
      const ended = await inBatches((limit) => store.clear(limit, now()));
      await ends.tell();
      return ended;
    },

    onDestroy: (callback) => ends.onAny(callback),

    onSave: (callback) => saves.add(callback),
    hearEnds: () => ends.tell(),
    report,
    supports: (feature) => !store.cannot.includes(feature),

    close() {
      closed ??= sweeper.stop().then(() => store.close());
      return closed;
    },
  };
}
