import { SessionError } from '../../protocol/errors.js';
import type { EndReason } from '../../protocol/messages.js';
import { EndedRing } from '../core/ended-ring.js';
import { createExclusive, type Exclusive } from '../core/exclusive.js';
import { accessedAt, expiryReason, isExpired } from '../core/expiry.js';
import type { EndedQueue, SessionRecord, SessionStore, StoreFeature } from '../core/store.js';
import { copyOf, recordIfAny, recordOf, type StoredSession, stored } from './record.js';

type Awaitable<T> = T | PromiseLike<T>;

/**
 * The least that can keep sessions (V-20). Each method may answer at once or with a promise, and fails by throwing or
 * rejecting. None has to be atomic, and none has to copy: what `set` gets is its own, what `get` and `all` give is copied.
 */
export interface ThreeMethods {
  /**
   * What `set` last put down under this id; `undefined` or `null` = nothing. `maxAge` is always 0, which in V means: do not
   * judge its age (V-23). When a session is over is said in it, and judged above.
   */
  get(id: string, maxAge?: number): Awaitable<StoredSession | null | undefined>;
  /** Puts plain JSON down under this id, whatever was there. */
  set(id: string, session: StoredSession): unknown;
  /** Removes what is there. Nothing there is no error (V-27). */
  destroy(id: string): unknown;
  /** Everything that was put down, expired or not (V-28). Without it sessions cannot be listed, counted, cleared or swept. */
  all?(): Awaitable<Iterable<StoredSession> | AsyncIterable<StoredSession>>;
  /** V has it. It is not called: sessions are removed one by one, since each end is told. */
  clear?(): unknown;
}

/** What lies below, as whoever wraps it knows it. */
export interface Below {
  readonly three: ThreeMethods;
  /** The object whose wraps share their turns: two wraps of it are as atomic as one. */
  readonly shared: object;
  /** Whether the queue of ended sessions is kept, in the memory of this process. */
  readonly ended: boolean;
  readonly cannot: readonly StoreFeature[];
}

/** What two wraps of one store have in common. */
interface Room {
  readonly turns: Exclusive;
  readonly ended: EndedRing;
}

/** As many ends as the memory store keeps. */
const endedKept = 10_000;

const rooms = new WeakMap<object, Room>();

function roomOf(shared: object): Room {
  const room = rooms.get(shared) ?? { turns: createExclusive(), ended: new EndedRing(endedKept) };
  rooms.set(shared, room);
  return room;
}

const scanning: readonly StoreFeature[] = ['list', 'count', 'all', 'clear', 'sweep'];

/**
 * The whole contract over three methods. Steps that read and then write take turns, one id at a time: that makes them atomic
 * within this process, and no more than that.
 */
export function overThreeMethods({ three, shared, ended, cannot: declared }: Below): SessionStore {
  const room = roomOf(shared);
  const cannot = [...new Set([...declared, ...(three.all === undefined ? scanning : [])])];
  /** Expired sessions that a sweep found and did not get to: most sweeps are called again for the same instant. */
  let due: { readonly now: number; readonly ids: string[] } = { now: Number.NaN, ids: [] };

  async function read(id: string): Promise<SessionRecord | undefined> {
    const found = await three.get(id, 0);
    if (found == null) return undefined;
    const record = recordOf(found);
    // What lies below may take two ids for one, as a file system does that ignores case.
    return record.id === id ? record : undefined;
  }

  async function write(record: StoredSession): Promise<SessionRecord> {
    const kept = recordOf(record);
    await three.set(record.id, record);
    return kept;
  }

  /** Ends one session if there is a reason to, and gives its record. */
  function end(
    id: string,
    now: number,
    reasonOf: (record: SessionRecord) => EndReason | undefined,
  ): Promise<SessionRecord | undefined> {
    return room.turns.step(id, async () => {
      const record = await read(id);
      const reason = record && reasonOf(record);
      if (record === undefined || reason === undefined) return undefined;
      await three.destroy(id);
      if (ended) room.ended.push(record, reason, now);
      return record;
    });
  }

  async function* scan(): AsyncGenerator<SessionRecord> {
    // What is no record is not ours: it is neither shown nor touched.
    for await (const found of (await three.all?.()) ?? []) {
      const record = recordIfAny(found);
      if (record !== undefined) yield record;
    }
  }

  async function gather(wanted: (record: SessionRecord) => boolean): Promise<SessionRecord[]> {
    const records: SessionRecord[] = [];
    for await (const record of scan()) if (wanted(record)) records.push(record);
    return records;
  }

  async function access(id: string, at: number, unlessSince: number) {
    const record = await read(id);
    if (record === undefined) return { outcome: 'missing' } as const;
    if (isExpired(record, at)) return { outcome: 'expired', record } as const;
    if (record.lastAccess >= unlessSince) return { outcome: 'recent', record } as const;
    const touched = await write(stored({ ...record, ...accessedAt(record, at) }));
    return { outcome: 'touched', record: touched } as const;
  }

  /** Reads first without waiting for a turn when it may well be that nothing is to be written. */
  async function touch(id: string, at: number, unlessSince: number) {
    if (unlessSince !== Number.POSITIVE_INFINITY) {
      const record = await read(id);
      if (record !== undefined && !isExpired(record, at) && record.lastAccess >= unlessSince) {
        return { outcome: 'recent', record } as const;
      }
    }
    return room.turns.step(id, () => access(id, at, unlessSince));
  }

  function can(feature: StoreFeature): void {
    if (cannot.includes(feature)) throw unsupported();
  }

  return {
    cannot,
    ended: ended ? room.ended : noEndedQueue,

    async create(record) {
      const copy = stored(record);
      return room.turns.step(copy.id, async () => {
        // Whatever lies there, a session record or not, is not overwritten.
        if ((await three.get(copy.id, 0)) != null) return false;
        await three.set(copy.id, copy);
        return true;
      });
    },

    async get(id, touchAt, unlessSince = Number.POSITIVE_INFINITY) {
      if (touchAt === undefined) return read(id);
      const access = await touch(id, touchAt, unlessSince);
      return access.outcome === 'missing' ? undefined : access.record;
    },

    async touch(id, touchAt, unlessSince = Number.POSITIVE_INFINITY) {
      return (await touch(id, touchAt, unlessSince)).outcome;
    },

    async update(id, expected, change, now) {
      const copy = copyOf(change);
      return room.turns.step(id, async () => {
        const record = await read(id);
        if (record === undefined) return { outcome: 'missing' };
        if (isExpired(record, now)) return { outcome: 'expired' };
        if (expected !== undefined && expected !== record.version) return { outcome: 'conflict', record };
        const updated = stored({ ...record, ...copy, id, version: record.version + 1 });
        return { outcome: 'updated', record: await write(updated) };
      });
    },

    destroy: (id, reason, now) => end(id, now, () => reason),

    async sweep(limit, now) {
      can('sweep');
      let removed = 0;
      let fresh = false;
      while (removed < limit) {
        const id = due.now === now ? due.ids.pop() : undefined;
        if (id !== undefined) {
          const reasonOf = (found: SessionRecord) =>
            isExpired(found, now) ? expiryReason(found) : undefined;
          if ((await end(id, now, reasonOf)) !== undefined) removed += 1;
        } else if (fresh) break;
        else {
          const found = await gather((record) => isExpired(record, now));
          found.sort((one, other) => other.expiresAt - one.expiresAt);
          due = { now, ids: found.map((record) => record.id) };
          fresh = true;
        }
      }
      return removed;
    },

    async clear(limit, now) {
      can('clear');
      let removed = 0;
      for await (const { id } of scan()) {
        if (removed === limit) break;
        if ((await end(id, now, () => 'cleared')) !== undefined) removed += 1;
      }
      return removed;
    },

    async list(uid, now, limit, after) {
      can('list');
      const records = await gather(
        (record) =>
          record.uid === uid && !isExpired(record, now) && (after === undefined || record.id > after),
      );
      records.sort((one, other) => (one.id < other.id ? -1 : 1));
      const page = records.slice(0, limit);
      return { records: page, next: records.length > limit ? page.at(-1)?.id : undefined };
    },

    async count(now, uid) {
      can('count');
      let live = 0;
      for await (const record of scan()) {
        if (!isExpired(record, now) && (uid === undefined || record.uid === uid)) live += 1;
      }
      return live;
    },

    async *all() {
      can('all');
      yield* scan();
    },

    async close() {},
  };
}

const noEndedQueue: EndedQueue = {
  keeps: 0,
  claim: refuse,
  ack: refuse,
  since: refuse,
};

async function refuse(): Promise<never> {
  throw unsupported();
}

function unsupported(): SessionError {
  return new SessionError('store/unsupported', { status: 501 });
}
