import {
  accessedAt,
  type EndedSession,
  type EndReason,
  expiryReason,
  isExpired,
  type SessionRecord,
  type SessionStore,
} from '../../src/server/index.js';

/** Sessions in a Map: the whole contract, as short as it can be said. It looks at every session where others have an index. */
export function tinyStore(): SessionStore {
  const records = new Map<string, SessionRecord>();
  const queue: { ended: EndedSession; owner?: string; heldUntil: number; done: boolean }[] = [];

  // The way through JSON is a copy, and loses what a database would lose. JSON knows no Infinity.
  const copy = (record: SessionRecord): SessionRecord => {
    const { notAfter, expiresAt, timeToLive, ...rest } = record;
    return { ...JSON.parse(JSON.stringify(rest)), notAfter, expiresAt, timeToLive };
  };

  function touch(id: string, at: number, unlessSince = Number.POSITIVE_INFINITY) {
    const record = records.get(id);
    if (record === undefined) return 'missing';
    if (isExpired(record, at)) return 'expired';
    if (record.lastAccess >= unlessSince) return 'recent';
    records.set(id, { ...record, ...accessedAt(record, at) });
    return 'touched';
  }

  function end(record: SessionRecord, reason: EndReason, at: number) {
    records.delete(record.id);
    queue.push({ ended: { entry: String(queue.length), record, reason, at }, heldUntil: 0, done: false });
  }

  const live = (now: number, uid?: string) =>
    [...records.values()].filter(
      (record) => !isExpired(record, now) && (uid === undefined || record.uid === uid),
    );

  return {
    cannot: [],

    async create(record) {
      if (records.has(record.id)) return false;
      records.set(record.id, copy(record));
      return true;
    },

    async get(id, touchAt, unlessSince) {
      if (touchAt !== undefined) touch(id, touchAt, unlessSince);
      const record = records.get(id);
      return record && copy(record);
    },

    async touch(id, touchAt, unlessSince) {
      return touch(id, touchAt, unlessSince);
    },

    async update(id, expected, change, now) {
      const record = records.get(id);
      if (record === undefined) return { outcome: 'missing' };
      if (isExpired(record, now)) return { outcome: 'expired' };
      if (expected !== undefined && expected !== record.version) {
        return { outcome: 'conflict', record: copy(record) };
      }
      const updated = copy({ ...record, ...change, version: record.version + 1 });
      records.set(id, updated);
      return { outcome: 'updated', record: copy(updated) };
    },

    async destroy(id, reason, now) {
      const record = records.get(id);
      if (record !== undefined) end(record, reason, now);
      return record && copy(record);
    },

    async sweep(limit, now) {
      const due = [...records.values()].filter((record) => isExpired(record, now));
      due.sort((one, other) => one.expiresAt - other.expiresAt);
      for (const record of due.slice(0, limit)) end(record, expiryReason(record), now);
      return Math.min(limit, due.length);
    },

    async clear(limit, now) {
      const some = [...records.values()].slice(0, limit);
      for (const record of some) end(record, 'cleared', now);
      return some.length;
    },

    async list(uid, now, limit, after = '') {
      const found = live(now, uid).filter(({ id }) => id > after);
      found.sort((one, other) => (one.id < other.id ? -1 : 1));
      const page = found.slice(0, limit).map(copy);
      return { records: page, next: found.length > limit ? page.at(-1)?.id : undefined };
    },

    async count(now, uid) {
      return live(now, uid).length;
    },

    async *all() {
      for (const record of records.values()) yield copy(record);
    },

    ended: {
      // This one forgets nothing; a real store keeps a number of its choice, and drops the oldest.
      keeps: Number.MAX_SAFE_INTEGER,

      async claim(owner, limit, leaseMs, now) {
        const free = queue.filter(({ done, heldUntil }) => !done && heldUntil <= now).slice(0, limit);
        for (const each of free) Object.assign(each, { owner, heldUntil: now + leaseMs });
        return free.map(({ ended }) => ended);
      },

      async ack(owner, entries) {
        for (const each of queue) {
          if (each.owner === owner && entries.includes(each.ended.entry)) each.done = true;
        }
      },

      async since(cursor, limit) {
        const from = cursor === undefined ? queue.length : Number(cursor);
        const news = queue.slice(from, from + limit).map(({ ended }) => ended);
        return { ended: news, cursor: String(from + news.length), lost: false };
      },
    },

    async close() {},
  };
}
