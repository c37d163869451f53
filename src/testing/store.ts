/** `can-connect-session/testing/store`: one suite that judges every store, under any test runner. */
import type { SessionStore, StoreFeature } from '../server/core/store.js';
import { codeOf, equal } from './assert.js';
import { contentCases } from './store-content.js';
import { endedCases } from './store-ended.js';
import { type Draft, type Kit, record, type StoreCase, start } from './store-kit.js';
import { lifeCases } from './store-life.js';
import { manyCases } from './store-many.js';

export { AssertionError } from './assert.js';
export type { StoreCase } from './store-kit.js';

export interface StoreConformanceOptions {
  /** What the store cannot do, as its `cannot` says: it is checked that this is so. Default: nothing. */
  readonly exceptions?: readonly StoreFeature[];
  /**
   * A second store over the same data, as another process would have it: some races are run between the two. Closed
   * afterwards. Default: both sides of a race use the same store.
   */
  readonly peer?: (store: SessionStore) => SessionStore | Promise<SessionStore>;
  /** For durable stores: closes the store and opens its data again. Closed afterwards. Default: not checked. */
  readonly reopen?: (store: SessionStore) => SessionStore | Promise<SessionStore>;
}

/**
 * The cases that a store must pass. `makeStore` makes an empty store for each of them, which is closed afterwards. No case
 * waits for a clock.
 *
 *     for (const { name, run } of storeConformance(() => myStore())) test(name, run);
 */
export function storeConformance(
  makeStore: () => SessionStore | Promise<SessionStore>,
  options: StoreConformanceOptions = {},
): readonly StoreCase[] {
  const { exceptions = [] } = options;
  const drafts = [...contentCases, ...lifeCases, ...manyCases, ...endedCases]
    .filter(({ needs = [] }) => !needs.some((feature) => exceptions.includes(feature)))
    .filter(({ durable }) => durable === undefined || options.reopen !== undefined);
  return [declared(exceptions), ...exceptions.flatMap(unsupported), ...drafts].map(({ name, act }) => ({
    name,
    run: () => judge(makeStore, options, act),
  }));
}

async function judge(
  makeStore: () => SessionStore | Promise<SessionStore>,
  { peer, reopen }: StoreConformanceOptions,
  act: Draft['act'],
): Promise<void> {
  const store = await makeStore();
  const open = new Set([store]);
  const kit: Kit = {
    async peer() {
      if (peer === undefined) return store;
      const other = await peer(store);
      open.add(other);
      return other;
    },
    async reopen() {
      open.delete(store);
      const again = reopen === undefined ? store : await reopen(store);
      open.add(again);
      return again;
    },
  };
  try {
    await act(store, kit);
  } finally {
    for (const each of open) await each.close();
  }
}

function declared(exceptions: readonly StoreFeature[]): Draft {
  return {
    name: 'declares what it cannot do',
    async act(store) {
      equal([...store.cannot].sort(), [...exceptions].sort(), 'the exceptions and what the store says agree');
    },
  };
}

/** An exception is honest when the method says so, and does nothing by halves. */
function unsupported(feature: StoreFeature): Draft[] {
  if (feature === 'atomic') return [];
  return [
    {
      name: `refuses what it cannot do: ${feature}`,
      async act(store) {
        await store.create(record());
        for (const work of attempts(store, feature)) {
          equal(await codeOf(work), 'store/unsupported', `${feature} is refused with its code`);
        }
        equal((await store.get('one'))?.id, 'one', 'and changes nothing');
      },
    },
  ];
}

function attempts(
  store: SessionStore,
  feature: Exclude<StoreFeature, 'atomic'>,
): readonly (() => Promise<unknown>)[] {
  const all = {
    list: [() => store.list('ada', start, 10)],
    count: [() => store.count(start), () => store.count(start, 'ada')],
    all: [
      async () => {
        for await (const _ of store.all());
      },
    ],
    clear: [() => store.clear(10, start)],
    sweep: [() => store.sweep(10, start + 1e12)],
    ended: [
      () => store.ended.claim('me', 10, 1000, start),
      () => store.ended.ack('me', ['x']),
      () => store.ended.since(undefined, 10),
    ],
  };
  return all[feature];
}
