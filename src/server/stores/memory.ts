import { accessedAt, isExpired } from '../core/expiry.js';
import type { SessionRecord, SessionStore } from '../core/store.js';

/**
 * Sessions in the memory of this process: gone when it ends, seen by no other. For development, tests and one process
 * that may forget. It does not remove what has expired by itself: that is left to `destroy`.
 */
export function memoryStore(): SessionStore {
  const records = new Map<string, SessionRecord>();

  return {
    async create(record) {
      if (records.has(record.id)) return false;
      records.set(record.id, frozenCopy(record));
      return true;
    },

    async get(id, touchAt) {
      const record = records.get(id);
      if (record === undefined || touchAt === undefined || isExpired(record, touchAt)) return record;
      const touched = Object.freeze({ ...record, ...accessedAt(record, touchAt) });
      records.set(id, touched);
      return touched;
    },

    async update(id, expected, change, now) {
      const record = records.get(id);
      if (record === undefined) return { outcome: 'missing' };
      if (isExpired(record, now)) return { outcome: 'expired' };
      if (record.version !== expected) return { outcome: 'conflict', record };
      const updated = frozenCopy({ ...record, ...change, version: record.version + 1 });
      records.set(id, updated);
      return { outcome: 'updated', record: updated };
    },

    async destroy(id) {
      const record = records.get(id);
      records.delete(id);
      return record;
    },

    async count(now) {
      let live = 0;
      for (const record of records.values()) if (!isExpired(record, now)) live += 1;
      return live;
    },

    async close() {
      records.clear();
    },
  };
}

/** The content takes the way through JSON that it would take into a database, so that no store keeps more than another. */
function frozenCopy(record: SessionRecord): SessionRecord {
  const { userData, data, labels } = record;
  const content = JSON.parse(JSON.stringify({ userData, data, labels }), (_key, value) =>
    Object.freeze(value),
  );
  return Object.freeze({ ...record, ...content });
}
