import type { EndReason } from '../../protocol/messages.js';
import { EndedRing } from '../core/ended-ring.js';
import { expiryReason, isExpired } from '../core/expiry.js';
import { frozenJson } from '../core/json.js';
import { wholeNumber } from '../core/options.js';
import type { SessionPage, SessionRecord, SessionStore } from '../core/store.js';
import { ExpiryIndex } from './memory-expiry.js';
import { Rows } from './memory-rows.js';

export interface MemoryStoreOptions {
  /** How many ended sessions are kept for those who were not told yet. 1000 to 1000000. Default 10000. */
  readonly endedLimit?: number;
}

/**
 * Sessions in the memory of this process: gone when it ends, seen by no other. For development, tests and one process
 * that may forget. What it hands out is deeply frozen, and content is shared between callers instead of copied. Throws
 * `config/invalid` when an option has a value it cannot have.
 */
export function memoryStore(options: MemoryStoreOptions = {}): SessionStore {
  const ended = new EndedRing(
    wholeNumber('endedLimit', options.endedLimit ?? 10_000, 1000, 1_000_000, 'entries'),
  );
  const rows = new Rows();
  const expiry = new ExpiryIndex((row) => rows.expiresAt(row));
  const byId = new Map<string, number>();
  /** Most users have one session: a set is made for the second. */
  const byUser = new Map<string, number | Set<number>>();

  function rowsOf(uid: string): Iterable<number> {
    const found = byUser.get(uid);
    if (found === undefined) return [];
    return typeof found === 'number' ? [found] : found;
  }

  function addToUser(uid: string | null, row: number): void {
    if (uid === null) return;
    const found = byUser.get(uid);
    if (found === undefined) byUser.set(uid, row);
    else if (typeof found === 'number') byUser.set(uid, new Set([found, row]));
    else found.add(row);
  }

  function removeFromUser(uid: string | null, row: number): void {
    if (uid === null) return;
    const found = byUser.get(uid);
    if (typeof found === 'object' && found.delete(row) && found.size > 0) return;
    byUser.delete(uid);
  }

  function end(row: number, reason: EndReason | undefined, now: number): SessionRecord {
    const record = rows.get(row);
    byId.delete(record.id);
    removeFromUser(record.uid, row);
    expiry.remove(row, record.expiresAt);
    rows.remove(row);
    ended.push(record, reason ?? expiryReason(record), now);
    return record;
  }

  function access(row: number, at: number): void {
    const before = rows.access(row, at);
    expiry.move(row, before, rows.expiresAt(row));
  }

  return {
    cannot: [],
    volatile: true,
    ended,

    async create(record) {
      if (byId.has(record.id)) return false;
      const row = rows.add(withFrozenContent(record));
      byId.set(record.id, row);
      addToUser(record.uid, row);
      expiry.add(row, record.expiresAt);
      return true;
    },

    async get(id, touchAt, unlessSince = Number.POSITIVE_INFINITY) {
      const row = byId.get(id);
      if (row === undefined) return undefined;
      if (touchAt !== undefined && rows.expiresAt(row) > touchAt && rows.lastAccess(row) < unlessSince) {
        access(row, touchAt);
      }
      return rows.get(row);
    },

    async touch(id, touchAt, unlessSince = Number.POSITIVE_INFINITY) {
      const row = byId.get(id);
      if (row === undefined) return 'missing';
      if (rows.expiresAt(row) <= touchAt) return 'expired';
      if (rows.lastAccess(row) >= unlessSince) return 'recent';
      access(row, touchAt);
      return 'touched';
    },

    async update(id, expected, change, now) {
      const row = byId.get(id);
      if (row === undefined) return { outcome: 'missing' };
      const record = rows.get(row);
      if (isExpired(record, now)) return { outcome: 'expired' };
      if (expected !== undefined && expected !== record.version) return { outcome: 'conflict', record };
      const updated = withFrozenContent({ ...record, ...change, version: record.version + 1 });
      if (record.uid !== updated.uid) {
        removeFromUser(record.uid, row);
        addToUser(updated.uid, row);
      }
      expiry.move(row, record.expiresAt, updated.expiresAt);
      rows.set(row, updated);
      return { outcome: 'updated', record: rows.get(row) };
    },

    async destroy(id, reason, now) {
      const row = byId.get(id);
      return row === undefined ? undefined : end(row, reason, now);
    },

    async sweep(limit, now) {
      let removed = 0;
      expiry.visitDue(now, (row) => {
        if (removed === limit) return false;
        if (rows.expiresAt(row) <= now) {
          end(row, undefined, now);
          removed += 1;
        }
        return true;
      });
      return removed;
    },

    async clear(limit, now) {
      let removed = 0;
      for (const row of byId.values()) {
        if (removed === limit) break;
        end(row, 'cleared', now);
        removed += 1;
      }
      return removed;
    },

    async list(uid, now, limit, after) {
      const records: SessionRecord[] = [];
      for (const row of rowsOf(uid)) if (rows.expiresAt(row) > now) records.push(rows.get(row));
      return pageOf(records, limit, after);
    },

    async count(now, uid) {
      if (uid !== undefined) {
        let live = 0;
        for (const row of rowsOf(uid)) if (rows.expiresAt(row) > now) live += 1;
        return live;
      }
      let dead = 0;
      expiry.visitDue(now, (row) => {
        if (rows.expiresAt(row) <= now) dead += 1;
        return true;
      });
      return byId.size - dead;
    },

    async *all() {
      for (const row of byId.values()) yield rows.get(row);
    },

    async close() {
      byId.clear();
      byUser.clear();
    },
  };
}

/** By id, so that a page can begin after the last id of the one before, whatever came and went meanwhile. */
function pageOf(records: SessionRecord[], limit: number, after: string | undefined): SessionPage {
  records.sort((one, other) => (one.id < other.id ? -1 : 1));
  const rest = after === undefined ? records : records.filter(({ id }) => id > after);
  const page = rest.slice(0, limit);
  return { records: page, next: rest.length > limit ? page.at(-1)?.id : undefined };
}

/** The content takes the way through JSON that it would take into a database, so that no store keeps more than another. */
function withFrozenContent(record: SessionRecord): SessionRecord {
  const { userData, data, labels } = record;
  const content = frozenJson({ userData, data, labels }) as Pick<
    SessionRecord,
    'userData' | 'data' | 'labels'
  >;
  return { ...record, ...content };
}
