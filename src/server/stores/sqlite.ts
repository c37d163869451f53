import { setImmediate as nextTurn } from 'node:timers/promises';
import { accessedAt, isExpired } from '../core/expiry.js';
import { oneOf, wholeNumber } from '../core/options.js';
import type { SessionRecord, SessionStore } from '../core/store.js';
import { endedQueue } from './sqlite/ended.js';
import { attempts, databaseOf, query, type SqliteDatabase } from './sqlite/port.js';
import {
  endOf,
  type Head,
  instantFor,
  jsonFor,
  lastAccessOf,
  lifeOf,
  placeFrom,
  placeOf,
  type Row,
  recordOf,
  textFor,
  uidFor,
  uidOf,
  updatedRow,
  valuesOf,
  versionOf,
} from './sqlite/rows.js';
import { configure, createTables, namesOf } from './sqlite/schema.js';
import { sessionStatements } from './sqlite/statements.js';

export type { SqliteDatabase, SqliteStatement, SqliteValue } from './sqlite/port.js';

export interface SqliteStoreOptions {
  /**
   * Begins the names of the tables, indexes and the trigger. 1 to 40 small letters, digits and `_`, no digit first.
   * Default `can_connect_`.
   */
  readonly prefix?: string;
  /**
   * What a committed step survives. `normal` (the default): the end of the process, also by `kill -9`; a power failure may
   * take back the last moments, sign-outs too, and damages nothing. `full`: a power failure too, for one wait for the disk
   * at each write. Holds for all of the handle; `unchanged` leaves it as it is.
   */
  readonly synchronous?: 'normal' | 'full' | 'unchanged';
  /**
   * Milliseconds that a step waits, in all, while another process writes. 0 to 60000. Default 5000. Then it rejects. SQLite
   * itself waits as long as the handle says, which blocks the process; a handle that says 0 is set to 25 at most.
   */
  readonly busyTimeout?: number;
  /** How many ended sessions are kept for those who were not told yet. 1000 to 1000000. Default 10000. */
  readonly endedLimit?: number;
}

const never = Number.POSITIVE_INFINITY;

/**
 * So many sessions end in one statement, a third of what the engine sweeps at once; then the event loop turns. That blocks it
 * for 3 ms, 250 at once for 7, and costs little more: what expires lies far apart and shares few pages. Fewer than these
 * would each time pay the disk for a few pages.
 */
const endsAtOnce = 84;

/**
 * Sessions in a SQLite database, 3.38 or newer: for one machine, with as many processes on the file as it likes. The
 * handle comes from libsql, better-sqlite3 or node:sqlite; it stays the caller's, who closes it after the store. The store
 * makes its tables and sets the database to WAL. Throws `config/invalid` when an option has a value it cannot have or the
 * tables are of another version, and what the driver throws when the file is no database.
 */
export function sqliteStore(db: SqliteDatabase, options: SqliteStoreOptions = {}): SessionStore {
  databaseOf(db);
  const prefix = options.prefix ?? 'can_connect_';
  const names = namesOf(prefix);
  const synchronous = oneOf('synchronous', options.synchronous ?? 'normal', ['normal', 'full', 'unchanged']);
  const busyTimeout = wholeNumber('busyTimeout', options.busyTimeout ?? 5000, 0, 60_000, 'milliseconds');
  const endedLimit = wholeNumber('endedLimit', options.endedLimit ?? 10_000, 1000, 1_000_000, 'entries');

  const attempt = attempts(db, configure(db, synchronous, busyTimeout), busyTimeout);
  createTables(db, prefix, names, busyTimeout);
  const sql = sessionStatements(db, names);
  const ended = endedQueue(db, names, endedLimit, attempt);
  const checkpoint = query<[number, number, number]>(db, 'PRAGMA wal_checkpoint(PASSIVE)');

  /** Writes an access to what was read; `undefined` = it is not so any more. */
  function access(key: string, read: Row, at: number): ReturnType<typeof accessedAt> | undefined {
    const life = lifeOf(read);
    const next = accessedAt(life, at);
    const guard = [placeOf(read), key, versionOf(read), endOf(read), life.lastAccess] as const;
    const written =
      next.expiresAt === life.expiresAt
        ? sql.setAccess(next.lastAccess, ...guard)
        : sql.setAccessAndEnd(next.lastAccess, instantFor(next.expiresAt), ...guard);
    return written === 1 ? next : undefined;
  }

  function hasEnded(count: number): number {
    if (count > 0) ended.grown(count);
    return count;
  }

  /** Moves the log into the database as far as nobody else is in the way, and waits for nobody. */
  function shortenLog(): void {
    try {
      checkpoint.all();
    } catch {
      // What ended has ended; the next commit of a long log tries again.
    }
  }

  /**
   * Ends up to `limit`, some at a time; each time is a transaction of its own. In between, the log moves into the database
   * while it is short: SQLite itself would wait for a thousand pages and then block the event loop for all of them.
   */
  async function endInSteps(limit: number, end: (most: number) => number): Promise<number> {
    let count = 0;
    while (count < limit) {
      const most = Math.min(endsAtOnce, limit - count);
      const found = await attempt(() => hasEnded(end(most)));
      count += found;
      if (found < most) break;
      await nextTurn();
      shortenLog();
      await nextTurn();
    }
    return count;
  }

  // A step that writes what it has read begins again when another process came between: then that one has got on.
  return {
    cannot: [],
    ended,

    async create(record) {
      const values = valuesOf(record);
      return attempt(() => sql.insert(...values) === 1);
    },

    async get(id, touchAt, unlessSince = never) {
      const key = textFor(id);
      return attempt(() => {
        for (;;) {
          const read = sql.rowById.first(key);
          if (read === undefined) return undefined;
          if (touchAt === undefined || isOver(read, touchAt) || lastAccessOf(read) >= unlessSince) {
            return recordOf(read);
          }
          const touched = access(key, read, touchAt);
          if (touched !== undefined) return recordOf(read, touched.lastAccess, touched.expiresAt);
        }
      });
    },

    async touch(id, touchAt, unlessSince = never) {
      const key = textFor(id);
      return attempt(() => {
        // Who spares touches spares most of them: then looking first saves the lock.
        for (let looks = unlessSince < never; ; looks = true) {
          if (looks) {
            const read = sql.headById.first(key);
            if (read === undefined) return 'missing';
            if (isOver(read, touchAt)) return 'expired';
            if (lastAccessOf(read) >= unlessSince) return 'recent';
          }
          if (sql.touch(touchAt, touchAt, key, touchAt, unlessSince) === 1) return 'touched';
        }
      });
    },

    async update(id, expected, change, now) {
      const key = textFor(id);
      const { lastAccess, lastUpdate, timeToLive } = change;
      const texts = [jsonFor(change.labels), jsonFor(change.userData), jsonFor(change.data)] as const;
      const content = [...texts, lastAccess, lastUpdate, timeToLive] as const;
      const uid = uidFor(change.uid);
      const expiresAt = instantFor(change.expiresAt);
      return attempt(() => {
        for (;;) {
          const read = sql.headById.first(key);
          if (read === undefined) return { outcome: 'missing' };
          if (isOver(read, now)) return { outcome: 'expired' };
          if (expected !== undefined && expected !== versionOf(read)) {
            const current = sql.rowById.first(key);
            // Else it has just ended, or was written once more.
            if (current !== undefined && versionOf(current) === versionOf(read)) {
              return { outcome: 'conflict', record: recordOf(current) };
            }
            continue;
          }
          const guard = [placeOf(read), key, versionOf(read), endOf(read)] as const;
          const written =
            uid !== uidOf(read)
              ? sql.setAll(...content, expiresAt, uid, ...guard)
              : expiresAt !== endOf(read)
                ? sql.setContentAndEnd(...content, expiresAt, ...guard)
                : sql.setContent(...content, ...guard);
          if (written === 1) {
            return { outcome: 'updated', record: recordOf(updatedRow(read, key, content, uid, expiresAt)) };
          }
        }
      });
    },

    async destroy(id, reason, now) {
      const key = textFor(id);
      return attempt(() => {
        const [gone] = sql.endOne.all(reason, now, key);
        if (gone === undefined) return undefined;
        hasEnded(1);
        return recordOf(gone);
      });
    },

    async sweep(limit, now) {
      // Who finds nothing due, as most sweeps do, takes no lock.
      return endInSteps(limit, (most) =>
        sql.anyDue.first(now) === undefined ? 0 : sql.endDue(null, now, now, most),
      );
    },

    async clear(limit, now) {
      return endInSteps(limit, (most) => sql.endAny('cleared', now, most));
    },

    async list(uid, now, limit, after) {
      const user = textFor(uid);
      const from = after === undefined ? 0 : placeFrom(after);
      if (from === undefined) return { records: [], next: undefined };
      return attempt(() => {
        const found = sql.ofUser.all(user, from, now, limit + 1);
        const page = found.slice(0, limit);
        const last = found.length > limit ? page.at(-1) : undefined;
        return { records: page.map((each) => recordOf(each)), next: last && String(placeOf(last)) };
      });
    },

    async count(now, uid) {
      const user = uid === undefined ? undefined : textFor(uid);
      return attempt(
        () => (user === undefined ? sql.count.first(now) : sql.countOfUser.first(user, now))?.[0] ?? 0,
      );
    },

    async *all(): AsyncGenerator<SessionRecord> {
      let from = 0;
      for (;;) {
        const page = await attempt(() => sql.page.all(from));
        for (const each of page) {
          from = placeOf(each);
          yield recordOf(each);
        }
        if (page.length === 0) return;
      }
    },

    async close() {},
  };
}

function isOver(read: Head | Row, now: number): boolean {
  return isExpired({ expiresAt: endOf(read) ?? never }, now);
}
