import type { EndedSession, SessionStore } from '../server/core/store.js';
import { equal, ok } from './assert.js';
import { atOnce, type Draft, record, start, until } from './store-kit.js';

const lease = 1000;
const idsOf = (ended: readonly EndedSession[]): string[] => ended.map((each) => each.record.id);
const entriesOf = (ended: readonly EndedSession[]): string[] => ended.map(({ entry }) => entry);

async function end(store: SessionStore, ...ids: string[]): Promise<void> {
  for (const id of ids) {
    await store.create(record({ id }));
    await store.destroy(id, 'signed-out', start);
  }
}

/** The queue of ended sessions. */
export const endedCases: readonly Draft[] = [
  {
    name: 'queues the record, the reason and the instant of a destroyed session',
    needs: ['ended'],
    async act(store) {
      await store.create(record());
      const last = await store.get('one', start + 3);
      await store.destroy('one', 'revoked', start + 7);
      await store.destroy('one', 'signed-out', start + 8);
      const claimed = await store.ended.claim('me', 10, lease, start);
      equal(claimed.length, 1, 'one end');
      equal(
        [claimed[0]?.record, claimed[0]?.reason, claimed[0]?.at],
        [last, 'revoked', start + 7],
        'as it was',
      );
    },
  },
  {
    name: 'queues swept sessions in the order of their ends, with idle or absolute as reason',
    needs: ['ended', 'sweep'],
    async act(store) {
      await store.create(record({ id: 'idle' }));
      await store.create(record({ id: 'absolute', expiresAt: start + 80_000 }));
      await store.create(until('fixed', start + 20_000));
      await store.create(record({ id: 'unsaved', ttlType: 'lastUpdate', expiresAt: start + 30_000 }));
      await store.sweep(10, start + 90_000);
      const claimed = await store.ended.claim('me', 10, lease, start);
      equal(
        claimed.map((each) => [each.record.id, each.reason, each.at]),
        [
          ['fixed', 'absolute', start + 90_000],
          ['unsaved', 'idle', start + 90_000],
          ['idle', 'idle', start + 90_000],
          ['absolute', 'absolute', start + 90_000],
        ],
        'each for its reason',
      );
    },
  },
  {
    name: 'queues cleared sessions as cleared',
    needs: ['ended', 'clear'],
    async act(store) {
      await store.create(record());
      await store.create(record({ id: 'two' }));
      await store.clear(10, start);
      const claimed = await store.ended.claim('me', 10, lease, start);
      equal(idsOf(claimed).sort(), ['one', 'two'], 'both');
      ok(
        claimed.every(({ reason }) => reason === 'cleared'),
        'for that reason',
      );
    },
  },
  {
    name: 'gives an end to one claimant at a time, oldest first, in batches',
    needs: ['ended'],
    async act(store, { peer }) {
      await end(store, 'a', 'b', 'c', 'd', 'e');
      const other = await peer();
      equal(idsOf(await store.ended.claim('me', 2, lease, start)), ['a', 'b'], 'the first two');
      equal(
        idsOf(await other.ended.claim('you', 2, lease, start)),
        ['c', 'd'],
        'the next two, for somebody else',
      );
      equal(idsOf(await store.ended.claim('me', 2, lease, start)), ['e'], 'the last');
      equal(await store.ended.claim('me', 2, lease, start), [], 'what one holds is not given again');
    },
  },
  {
    name: 'gives each end once to ten simultaneous claimants',
    needs: ['ended'],
    async act(store, { peer }) {
      await end(store, ...Array.from({ length: 30 }, (_, index) => `s-${index}`));
      const stores = [store, await peer()];
      const claims = await atOnce(10, (index) =>
        (stores[index % 2] ?? store).ended.claim(`owner-${index}`, 5, lease, start),
      );
      const rest = await store.ended.claim('last', 100, lease, start);
      const all = [...claims.flatMap(idsOf), ...idsOf(rest)];
      equal([all.length, new Set(all).size], [30, 30], 'thirty ends for all together');
    },
  },
  ...([-1, 0, 1] as const).map(
    (offset): Draft => ({
      name: `${offset < 0 ? 'keeps an end for its claimant' : 'gives an end away again'} ${offset} ms from the end of the lease`,
      needs: ['ended'],
      async act(store) {
        await end(store, 'a');
        await store.ended.claim('me', 10, lease, start);
        const again = await store.ended.claim('you', 10, lease, start + lease + offset);
        equal(idsOf(again), offset < 0 ? [] : ['a'], 'the second claimant');
      },
    }),
  ),
  {
    name: 'forgets what its claimant acknowledged, and nothing else',
    needs: ['ended'],
    async act(store) {
      await end(store, 'a', 'b', 'c');
      const claimed = await store.ended.claim('me', 10, lease, start);
      await store.ended.ack('me', [claimed[1]?.entry ?? 'none']);
      await store.ended.ack('me', [claimed[1]?.entry ?? 'none', 'unknown', '']);
      equal(
        idsOf(await store.ended.claim('you', 10, lease, start + lease)),
        ['a', 'c'],
        'the others come again',
      );
    },
  },
  {
    name: 'lets nobody acknowledge what somebody else holds',
    needs: ['ended'],
    async act(store) {
      await end(store, 'a');
      const entries = entriesOf(await store.ended.claim('slow', 10, lease, start));
      await store.ended.ack('stranger', entries);
      equal(idsOf(await store.ended.claim('quick', 10, lease, start + lease)), ['a'], 'a stranger cannot');
      await store.ended.ack('slow', entries);
      equal(
        idsOf(await store.ended.claim('third', 10, lease, start + 2 * lease)),
        ['a'],
        'nor can the one whose lease ran out',
      );
      await store.ended.ack('third', entries);
      equal(await store.ended.claim('me', 10, lease, start + 9 * lease), [], 'the one who holds it can');
    },
  },
  {
    name: 'tells every follower of every end once, in order, in batches',
    needs: ['ended'],
    async act(store, { peer }) {
      await end(store, 'before');
      const other = await peer();
      const followers = [store, other, store];
      const cursors = await Promise.all(
        followers.map(async ({ ended }) => {
          const news = await ended.since(undefined, 10);
          equal([news.ended, news.lost], [[], false], 'nothing at first');
          return news.cursor;
        }),
      );
      await end(store, 'a', 'b', 'c');
      await store.ended.ack('me', entriesOf(await store.ended.claim('me', 10, lease, start)));
      for (const [index, follower] of followers.entries()) {
        const first = await follower.ended.since(cursors[index], 2);
        equal(
          [idsOf(first.ended), first.lost],
          [['a', 'b'], false],
          'the first batch, although acknowledged',
        );
        const second = await follower.ended.since(first.cursor, 2);
        equal(idsOf(second.ended), ['c'], 'the second');
        equal((await follower.ended.since(second.cursor, 2)).ended, [], 'and no more');
        await follower.ended.since(second.cursor, 2);
      }
      const [cursor] = cursors;
      equal(idsOf((await store.ended.since(cursor, 10)).ended), ['a', 'b', 'c'], 'an old cursor reads again');
    },
  },
  {
    name: 'keeps as many ends as it says',
    needs: ['ended'],
    async act(store) {
      ok(store.ended.keeps >= 1000, 'at least a thousand');
      const { cursor } = await store.ended.since(undefined, 1);
      await end(store, ...Array.from({ length: 1000 }, (_, index) => `s-${index}`));
      const claimed = await store.ended.claim('me', 2000, lease, start);
      equal([claimed.length, claimed[0]?.record.id], [1000, 's-0'], 'for a claimant');
      const news = await store.ended.since(cursor, 2000);
      equal([news.ended.length, news.lost], [1000, false], 'for a follower');
    },
  },
];
