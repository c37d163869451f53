import type { SessionStore } from '../../src/server/core/store.js';
import { memoryStore } from '../../src/server/stores/memory.js';
import { median } from '../harness.js';
import { idOf, ourRecord, theirContent } from './content.js';
import { expressMemoryStore, memorystore } from './sides.js';
import { inTransactions, ourSqlite, theirSqlite } from './sqlite.js';

/** Expired sessions in each sweep. */
export const EXPIRED = 10_000;
/** As many as the sweeper of `createSessions` takes at once. */
const BATCH = 250;

/** A store full of sessions, where a sweep can be made again and again. */
export interface Sweepable {
  readonly name: string;
  addLive(numbers: number): Promise<void>;
  addExpired(from: number): Promise<void>;
  /** Writes down what is still to be written. */
  settle?(): void;
  /** Removes all that has expired; `slice` hears of each stretch that nobody could interrupt, in milliseconds. */
  sweep(slice: (ms: number) => void): Promise<void>;
}

export interface Swept {
  readonly name: string;
  readonly live: number;
  /** Milliseconds for a sweep of 10,000, the median. */
  readonly total: number;
  /** Milliseconds of the longest stretch that blocked the event loop, in any of the sweeps. */
  readonly longest: number;
}

async function timed(slice: (ms: number) => void, work: () => unknown): Promise<unknown> {
  const start = performance.now();
  const answer = await work();
  slice(performance.now() - start);
  return answer;
}

/** A store may let the event loop turn within a call: so a slice is what lies between two turns, and not a call. */
function sweepOurs(store: SessionStore): Sweepable['sweep'] {
  return async (slice) => {
    const now = Date.now();
    let last = performance.now();
    let beating: NodeJS.Immediate;
    function beat() {
      const present = performance.now();
      slice(present - last);
      last = present;
      beating = setImmediate(beat);
    }
    beating = setImmediate(beat);
    while ((await store.sweep(BATCH, now)) === BATCH) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    clearImmediate(beating);
    slice(performance.now() - last);
  };
}

function ourMemory(): Sweepable {
  const store = memoryStore();
  const add = (number: number, expired: boolean) => store.create(ourRecord(number, Date.now(), expired));
  return {
    name: 'ours, memory',
    async addLive(live) {
      for (let number = 0; number < live; number += 1) await add(number, false);
    },
    async addExpired(from) {
      for (let number = from; number < from + EXPIRED; number += 1) await add(number, true);
    },
    sweep: sweepOurs(store),
  };
}

function ourSqliteStore(file: string): Sweepable {
  const { it: store, db } = ourSqlite(file);
  const add = (number: number, expired: boolean) => store.create(ourRecord(number, Date.now(), expired));
  return {
    name: 'ours, SQLite',
    addLive: (live) => inTransactions(db, live, (number) => add(number, false)),
    addExpired: (from) => inTransactions(db, EXPIRED, (number) => add(from + number, true)),
    sweep: sweepOurs(store),
  };
}

type Set = (sid: string, session: never) => unknown;

/** Theirs: one call that cannot be interrupted. Their sessions expire by the clock, a millisecond after they are set. */
function their(name: string, set: Set, sweep: (done: () => void) => void): Sweepable {
  const add = (number: number, maxAge?: number) => set(idOf(number), theirContent(number, maxAge) as never);
  return {
    name,
    async addLive(live) {
      for (let number = 0; number < live; number += 1) add(number);
    },
    async addExpired(from) {
      for (let number = from; number < from + EXPIRED; number += 1) add(number, 1);
      const over = Date.now() + 2;
      while (Date.now() < over) await new Promise((resolve) => setImmediate(resolve));
    },
    sweep: async (slice) => {
      await timed(slice, () => new Promise<void>((resolve) => sweep(resolve)));
    },
  };
}

export const kinds: Readonly<Record<string, (file: (name: string) => string) => Sweepable>> = {
  'ours, memory': ourMemory,
  memorystore: () => {
    const store = memorystore();
    return their(
      'memorystore',
      (sid, session) => store.set(sid, session),
      (done) => {
        store.prune();
        done();
      },
    );
  },
  'express-session MemoryStore': () => {
    const store = expressMemoryStore();
    return their(
      'express-session MemoryStore',
      (sid, session) => store.set(sid, session),
      (done) => store.all(() => done()),
    );
  },
  'ours, SQLite': (file) => ourSqliteStore(file('sweep-ours.db')),
  'better-sqlite3-session-store': (file) => {
    const { it: store, db } = theirSqlite(file('sweep-peer.db'));
    const sweepable = their(
      'better-sqlite3-session-store',
      (sid, session) => store.set(sid, session),
      (done) => {
        store.clearExpiredSessions();
        done();
      },
    );
    const past = new Date(Date.now() - 3_600_000).toISOString();
    const insert = db.prepare('INSERT OR REPLACE INTO sessions VALUES (?, ?, ?)');
    return {
      ...sweepable,
      settle: () => void db.pragma('wal_checkpoint(TRUNCATE)'),
      addLive: (live) =>
        inTransactions(db, live, (number) => {
          const content = theirContent(number);
          insert.run(idOf(number), JSON.stringify(content), content.cookie.expires?.toISOString());
        }),
      addExpired: (from) =>
        inTransactions(db, EXPIRED, (number) =>
          insert.run(idOf(from + number), JSON.stringify(theirContent(number)), past),
        ),
    };
  },
};

/** Sweeps again and again, each time with 10,000 expired among so many live. The first is forgotten: the code is cold. */
export async function measureSweep(one: Sweepable, live: number, rounds: number): Promise<Swept> {
  await one.addLive(live);
  const totals: number[] = [];
  let longest = 0;
  for (let round = 0; round <= rounds; round += 1) {
    await one.addExpired(live + round * EXPIRED);
    // What filling left behind is not for the sweep to clean up.
    globalThis.gc?.();
    one.settle?.();
    let total = 0;
    await one.sweep((ms) => {
      total += ms;
      if (round > 0) longest = Math.max(longest, ms);
    });
    if (round > 0) totals.push(total);
  }
  return { name: one.name, live, total: median(totals), longest };
}
