import type { SessionStore } from '../server/core/store.js';
import { equal, ok } from './assert.js';
import { atOnce, change, type Draft, idsOf, never, record, start, until } from './store-kit.js';

async function fill(store: SessionStore, count: number, uid: string | null = 'ada'): Promise<string[]> {
  const ids = Array.from(
    { length: count },
    (_, index) => `${uid}-${String((index * 7) % count).padStart(4, '0')}`,
  );
  for (const id of ids) await store.create(record({ id, uid }));
  return ids.sort();
}

/** The ids of all pages, one after the other. */
async function paged(
  store: SessionStore,
  uid: string,
  limit: number,
  between = async () => {},
): Promise<string[]> {
  const ids: string[] = [];
  let after: string | undefined;
  let pages = 0;
  do {
    pages += 1;
    ok(pages <= 1000, 'the pages come to an end');
    const { records, next } = await store.list(uid, start, limit, after);
    ok(records.length <= limit, 'no page is longer than asked for');
    ids.push(...records.map(({ id }) => id));
    after = next;
    await between();
  } while (after !== undefined);
  return ids;
}

/** Lists, numbers and everything at once. */
export const manyCases: readonly Draft[] = [
  {
    name: 'lists the sessions of a user in pages, each exactly once',
    needs: ['list'],
    async act(store) {
      const ids = await fill(store, 23);
      await fill(store, 5, 'bob');
      await fill(store, 5, null);
      for (const limit of [1, 5, 22, 23, 24, 1000]) {
        equal((await paged(store, 'ada', limit)).sort(), ids, `in pages of ${limit}`);
      }
      equal(await store.list('nobody', start, 10), { records: [], next: undefined }, 'none for a stranger');
    },
  },
  {
    name: 'loses none from its pages while others come and go',
    needs: ['list'],
    async act(store) {
      const ids = await fill(store, 20);
      let round = 0;
      const seen = await paged(store, 'ada', 3, async () => {
        round += 1;
        await store.create(record({ id: `zz-new-${round}` }));
        await store.create(record({ id: `a-new-${round}` }));
        await store.destroy(`zz-new-${round}`, 'signed-out', start);
        await store.destroy(ids[0] ?? '', 'signed-out', start);
        await store.touch(ids[9] ?? '', start + round);
      });
      const stayed = seen.filter((id) => id.startsWith('ada-') && id !== ids[0]);
      equal(stayed.sort(), ids.slice(1), 'each that stayed came exactly once');
    },
  },
  {
    name: 'lists and counts up to the last millisecond of a session, and no further',
    needs: ['list', 'count'],
    async act(store) {
      await store.create(until('one', start + 50));
      await store.create(until('endless', never));
      await store.create(until('nobodys', start + 50, { uid: null }));
      for (const [at, count] of [
        [49, 2],
        [50, 1],
        [51, 1],
      ] as const) {
        equal((await store.list('ada', start + at, 10)).records.length, count, `listed at ${at}`);
        equal(await store.count(start + at, 'ada'), count, `counted for the user at ${at}`);
      }
      equal([await store.count(start + 49), await store.count(start + 50)], [3, 1], 'counted in all');
    },
  },
  {
    name: 'lists a session with the user it belongs to now, and not when it is gone',
    needs: ['list', 'count'],
    async act(store) {
      await store.create(record({ uid: null }));
      await store.update('one', 1, change(record(), { uid: 'ada' }), start);
      equal((await store.list('ada', start, 10)).records.length, 1, 'signed in');
      await store.update('one', 2, change(record(), { uid: 'bob' }), start);
      equal((await store.list('ada', start, 10)).records.length, 0, 'somebody else now');
      equal(await store.count(start, 'bob'), 1, 'who has it');
      await store.destroy('one', 'signed-out', start);
      equal(await store.count(start, 'bob'), 0, 'and then has not');
    },
  },
  {
    name: 'lists by the end that touches and updates moved',
    needs: ['list', 'count'],
    async act(store) {
      await store.create(record());
      await store.touch('one', start + 20_000);
      equal(await store.count(start + 60_000), 1, 'after a touch');
      await store.update('one', 1, change(record(), { expiresAt: start + 10_000 }), start);
      equal(await store.count(start + 10_000), 0, 'after an update');
      equal((await store.list('ada', start + 10_000, 10)).records.length, 0, 'in the list');
    },
  },
  {
    name: 'goes through all records, expired ones too, each once',
    needs: ['all'],
    async act(store) {
      const ids = await fill(store, 30);
      await store.create(until('expired', start - 1000));
      equal(await idsOf(store.all()), [...ids, 'expired'].sort(), 'all of them');
      const seen: string[] = [];
      for await (const { id } of store.all()) {
        seen.push(id);
        if (seen.length === 5) await store.destroy('expired', 'signed-out', start);
      }
      equal(seen.filter((id) => id !== 'expired').sort(), ids, 'also while one goes');
    },
  },
  {
    name: 'clears in batches until nothing is left',
    needs: ['clear', 'count', 'all'],
    async act(store) {
      await fill(store, 25);
      await store.create(until('expired', start - 1000));
      await store.create(until('endless', never, { uid: null }));
      equal(await store.clear(20, start), 20, 'the first batch');
      equal((await store.count(start, 'ada')) <= 7, true, 'is gone');
      equal(await store.clear(20, start), 7, 'the rest');
      equal(await store.clear(20, start), 0, 'nothing is left');
      equal([await store.count(start), await idsOf(store.all())], [0, []], 'indeed');
      ok(await store.create(record()), 'and it can be used again');
    },
  },
  {
    name: 'sweeps what has expired, up to the millisecond, and nothing else',
    needs: ['sweep'],
    async act(store) {
      await store.create(until('before', start + 999));
      await store.create(until('at', start + 1000));
      await store.create(until('after', start + 1001));
      await store.create(until('endless', never));
      equal(await store.sweep(10, start + 998), 0, 'nothing has expired yet');
      equal(await store.sweep(10, start + 1000), 2, 'two have');
      equal([await store.get('before'), await store.get('at')], [undefined, undefined], 'and are gone');
      equal((await store.get('after'))?.id, 'after', 'the third is not');
      equal(await store.sweep(10, start + 9e9), 1, 'until it has');
      equal((await store.get('endless'))?.id, 'endless', 'what never ends stays');
    },
  },
  {
    name: 'sweeps in bounded batches, the longest expired first',
    needs: ['sweep'],
    async act(store) {
      const order = [7, 3, 9, 1, 8, 2, 6, 4, 0, 5];
      for (const at of order) await store.create(until(`at-${at}`, start + at * 5000));
      const now = start + 100_000;
      for (const gone of [3, 6, 9]) {
        equal(await store.sweep(3, now), 3, 'no more than asked for');
        for (const at of order) {
          const there = (await store.get(`at-${at}`)) !== undefined;
          equal(there, at >= gone, `after ${gone}: at-${at}`);
        }
      }
      equal([await store.sweep(3, now), await store.sweep(3, now)], [1, 0], 'the rest');
    },
  },
  {
    name: 'sweeps by the end that touches and updates moved',
    needs: ['sweep'],
    async act(store) {
      for (const id of ['touched', 'got', 'longer', 'shorter', 'plain']) await store.create(record({ id }));
      await store.touch('touched', start + 25_000);
      await store.get('got', start + 25_000);
      await store.update('longer', 1, change(record(), { expiresAt: start + 70_000 }), start);
      await store.update('shorter', 1, change(record(), { expiresAt: start + 10_000 }), start);
      equal(await store.sweep(10, start + 10_000), 1, 'the shorter one');
      equal(await store.sweep(10, start + 50_000), 1, 'the plain one');
      equal(await store.sweep(10, start + 69_999), 0, 'nothing else yet');
      equal(await store.sweep(10, start + 75_000), 3, 'the moved ones');
    },
  },
  {
    name: 'ends each session once when two sweep at the same time',
    needs: ['sweep'],
    async act(store, { peer }) {
      for (let index = 0; index < 60; index += 1) await store.create(until(`at-${index}`, start + index));
      const stores = [store, await peer()];
      const ended = await atOnce(10, (index) => (stores[index % 2] ?? store).sweep(10, start + 1000));
      const total = ended.reduce((sum, count) => sum + count, await store.sweep(100, start + 1000));
      equal(total, 60, 'sixty in all');
    },
  },
];
