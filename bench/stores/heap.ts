import { memoryStore } from '../../src/server/stores/memory.js';
import { idOf, ourContent, ourRecord, theirContent } from './content.js';
import { expressMemoryStore, memorystore } from './sides.js';

/** Each makes a store with so many sessions and gives it back, so that it is not thrown away. */
export const fillings: Readonly<Record<string, (live: number) => Promise<object>>> = {
  async ours(live) {
    const store = memoryStore();
    for (let number = 0; number < live; number += 1) await store.create(ourRecord(number, Date.now()));
    return store;
  },
  async 'express-session MemoryStore'(live) {
    const store = expressMemoryStore();
    for (let number = 0; number < live; number += 1) {
      store.set(idOf(number), theirContent(number));
    }
    return store;
  },
  async memorystore(live) {
    const store = memorystore();
    for (let number = 0; number < live; number += 1) {
      store.set(idOf(number), theirContent(number));
    }
    return store;
  },
  /** No clocks, no expiry, no index by user: content alone. */
  async 'bare Map of objects'(live) {
    const map = new Map<string, unknown>();
    for (let number = 0; number < live; number += 1) map.set(idOf(number), ourContent(number));
    return map;
  },
  async 'Map of JSON'(live) {
    const map = new Map<string, string>();
    for (let number = 0; number < live; number += 1)
      map.set(idOf(number), JSON.stringify(ourContent(number)));
    return map;
  },
};

/** Bytes of heap, and of memory outside of it that belongs to JavaScript, for one session. Needs `--expose-gc`. */
export async function heapPerSession(kind: string, live: number): Promise<number> {
  const filling = fillings[kind];
  if (filling === undefined) throw new Error(`There is no ${kind}.`);
  // Code and pools are paid for once, not by each session.
  await filling(1000);
  const before = used();
  const store = await filling(live);
  const after = used();
  // Read afterwards, so that it is still there until here.
  if (Object.keys(store).length < 0) throw new Error('A store has keys.');
  return (after - before) / live;
}

function used(): number {
  for (let round = 0; round < 3; round += 1) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
