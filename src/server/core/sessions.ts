import { SessionError } from '../../protocol/errors.js';
import type { Json } from '../../protocol/messages.js';
import { SessionExpired, SessionNotFound } from './errors.js';
import { expiryOf, isExpired, type TtlType } from './expiry.js';
import { digestIds, type IdScheme } from './ids.js';
import { invalidOption, wholeNumber } from './options.js';
import { Session, type SessionKeeper, type SessionUser } from './session.js';
import type { SessionRecord, SessionStore } from './store.js';

export interface SessionsOptions {
  /** Where sessions rest. Nothing is chosen for you. */
  readonly store: SessionStore;
  /** Milliseconds a session lives after the time that `ttlType` names. Default: one week (FOXX-01). 0 = no such limit. */
  readonly timeToLive?: number;
  /** Milliseconds a session lives after its creation, whatever is done with it (S15). Default: 0 = no such limit. */
  readonly absoluteTimeToLive?: number;
  /** What `timeToLive` counts from. Default: `created` (FOXX-04). With another one, set `absoluteTimeToLive` too. */
  readonly ttlType?: TtlType;
  /** How ids are made. Default: `digestIds()`. */
  readonly ids?: IdScheme;
  /** The present, in milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: () => number;
}

/** All sessions of one store. Every method rejects with `store/unavailable` when the store does not answer. */
export interface Sessions<Data = { [key: string]: Json }> {
  /** A new session, stored at once, with this data (default `{}`) and this user (default: nobody). FOXX-21. */
  create(sessionData?: Data, user?: SessionUser): Promise<Session<Data>>;
  /** The session, accessed now (FOXX-24). Rejects with `SessionNotFound` or `SessionExpired`. */
  get(id: string): Promise<Session<Data>>;
  /** Ends a session, expired or not, and gives `null`. Rejects with `SessionNotFound` (FOXX-50). */
  delete(id: string): Promise<null>;
  /** How many sessions have not expired. */
  count(): Promise<number>;
  /** Closes the store. */
  close(): Promise<void>;
}

const week = 7 * 24 * 60 * 60 * 1000;
/** The last instant that a Date can hold. */
const endOfTime = 8.64e15;
const ttlTypes: readonly string[] = ['created', 'lastAccess', 'lastUpdate'];
/** No id scheme makes longer ids; whatever is longer never reaches a store (S6). */
const longestId = 256;
const longestUid = 256;

/** Sessions over a store. Throws `config/invalid` when an option has a value it cannot have. */
export function createSessions<Data = { [key: string]: Json }>(options: SessionsOptions): Sessions<Data> {
  const { store, ids = digestIds(), now = Date.now, ttlType = 'created' } = options;
  if (typeof store?.get !== 'function') throw invalidOption('The option store must be a session store.');
  if (!ttlTypes.includes(ttlType)) {
    throw invalidOption('The option ttlType must be created, lastAccess or lastUpdate.');
  }
  const timeToLive = wholeNumber('timeToLive', options.timeToLive ?? week, 0, endOfTime, 'milliseconds');
  const absolute = wholeNumber(
    'absoluteTimeToLive',
    options.absoluteTimeToLive ?? 0,
    0,
    endOfTime,
    'milliseconds',
  );

  const keeper: SessionKeeper = {
    async write(last, content) {
      const at = now();
      const clocks = { lastAccess: at, lastUpdate: at };
      const change = { ...content, ...clocks, expiresAt: expiryOf({ ...last, ...clocks }) };
      const result = await answerOf(store.update(last.id, last.version, change, at));
      if (result.outcome === 'updated') return result.record;
      if (result.outcome === 'expired') throw new SessionExpired(last.id);
      if (result.outcome === 'missing') throw new SessionNotFound(last.id);
      throw new SessionError('session/conflict', { status: 409 });
    },
    async remove(id) {
      return (await answerOf(store.destroy(id))) !== undefined;
    },
  };

  return {
    async create(sessionData, user) {
      const at = now();
      const { id, wire } = ids.issue();
      const record = {
        id,
        version: 1,
        uid: user === undefined ? null : uidOf(user),
        userData: user?.userData ?? {},
        data: (sessionData ?? {}) as Json,
        labels: {},
        created: at,
        lastAccess: at,
        lastUpdate: at,
        timeToLive,
        ttlType,
        notAfter: absolute === 0 ? Number.POSITIVE_INFINITY : at + absolute,
      };
      const complete: SessionRecord = { ...record, expiresAt: expiryOf(record) };
      // Only a broken source of randomness gives an id that is taken. Taking over that session would be worse than failing.
      if (!(await answerOf(store.create(complete)))) throw new SessionError('server/failed', { status: 500 });
      return new Session<Data>(keeper, complete, wire);
    },

    async get(id) {
      if (!isId(id)) throw new SessionNotFound(id);
      const at = now();
      const record = await answerOf(store.get(id, at));
      if (record === undefined) throw new SessionNotFound(id);
      if (isExpired(record, at)) throw new SessionExpired(id);
      return new Session<Data>(keeper, record);
    },

    async delete(id) {
      const record = isId(id) ? await answerOf(store.destroy(id)) : undefined;
      if (record === undefined) throw new SessionNotFound(id);
      return null;
    },

    count: () => answerOf(store.count(now())),
    close: () => answerOf(store.close()),
  };
}

function isId(id: string): boolean {
  return typeof id === 'string' && id.length > 0 && id.length <= longestId;
}

function uidOf(user: SessionUser): string {
  if (typeof user.id === 'string' && user.id.length > 0 && user.id.length <= longestUid) return user.id;
  throw new TypeError(`The id of a user must be a text of 1 to ${longestUid} characters.`);
}

/** What the store answers; its failure, whatever it is, has one code. */
async function answerOf<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    if (cause instanceof SessionError) throw cause;
    throw new SessionError('store/unavailable', { status: 503, cause });
  }
}
