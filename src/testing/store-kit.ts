import type { SessionChange, SessionRecord, SessionStore, StoreFeature } from '../server/core/store.js';

/** One statement about a store, and the work that shows it. */
export interface StoreCase {
  /** A sentence in the present: `creates a record once`. */
  readonly name: string;
  /** Rejects with an `AssertionError` when the statement is false. */
  run(): Promise<void>;
}

/** A case while it is written: it gets a fresh store, which is closed after it. */
export interface Draft {
  readonly name: string;
  /** What the store must be able to do for the case to make sense. */
  readonly needs?: readonly StoreFeature[];
  /** Whether it is about a store that keeps its data when it is closed. */
  readonly durable?: true;
  readonly act: (store: SessionStore, kit: Kit) => Promise<void>;
}

export interface Kit {
  /** A second store over the same data; the same one when there can be no second. */
  peer(): Promise<SessionStore>;
  /** Closes the store and opens its data again. For cases about durable stores only. */
  reopen(): Promise<SessionStore>;
}

/** 2026-01-02T03:04:05.000Z, far beyond 32 bits. */
export const start = 1_767_323_045_000;
export const never = Number.POSITIVE_INFINITY;

/** A session of ada's that began at `start` and ends 50 seconds after the last access, 80 seconds after the start at most. */
export function record(own: Partial<SessionRecord> = {}): SessionRecord {
  return {
    id: 'one',
    version: 1,
    uid: 'ada',
    userData: { name: 'Ada' },
    data: { list: [1, { deep: true }] },
    labels: { device: 'phone' },
    created: start,
    lastAccess: start,
    lastUpdate: start,
    timeToLive: 50_000,
    ttlType: 'lastAccess',
    notAfter: start + 80_000,
    expiresAt: start + 50_000,
    ...own,
  };
}

/** A session that lives as long as told, whatever is done with it. */
export function until(id: string, expiresAt: number, own: Partial<SessionRecord> = {}): SessionRecord {
  const timeToLive = expiresAt === never ? 0 : expiresAt - start;
  return record({ id, expiresAt, ttlType: 'created', timeToLive, notAfter: never, ...own });
}

/** An update of this record that changes only what is told. */
export function change(from: SessionRecord, own: Partial<SessionChange> = {}): SessionChange {
  const { uid, userData, data, labels, lastAccess, lastUpdate, timeToLive, expiresAt } = from;
  return { uid, userData, data, labels, lastAccess, lastUpdate, timeToLive, expiresAt, ...own };
}

/** The work this many times at once, and what each gave. */
export function atOnce<T>(times: number, work: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: times }, (_, index) => work(index)));
}

export async function idsOf(records: AsyncIterable<SessionRecord>): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of records) ids.push(id);
  return ids.sort();
}
