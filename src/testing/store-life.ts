import { equal, ok } from './assert.js';
import { atOnce, change, type Draft, never, record, start, until } from './store-kit.js';

/** Milliseconds around the end of a session, and whether it still lives then. */
const boundary = [
  [-1, true],
  [0, false],
  [1, false],
] as const;

const end = start + 50_000;

/** Reading, touching, writing and ending one session. */
export const lifeCases: readonly Draft[] = [
  ...boundary.map(
    ([offset, lives]): Draft => ({
      name: `${lives ? 'touches and updates' : 'neither touches nor updates'} a session ${offset} ms from its end`,
      async act(store) {
        const now = end + offset;
        for (const id of ['got', 'touched', 'updated', 'overwritten']) await store.create(until(id, end));
        equal((await store.get('got', now))?.lastAccess, lives ? now : start, 'get with touch');
        equal((await store.get('got'))?.lastAccess, lives ? now : start, 'and it stays behind');
        equal(await store.touch('touched', now), lives ? 'touched' : 'expired', 'touch');
        equal((await store.get('touched'))?.lastAccess, lives ? now : start, 'and what it left behind');
        for (const [id, expected] of [
          ['updated', 1],
          ['overwritten', undefined],
        ] as const) {
          const longer = change(until(id, end), { data: 'new', expiresAt: end + 9000 });
          const { outcome } = await store.update(id, expected, longer, now);
          equal(outcome, lives ? 'updated' : 'expired', `${id}: outcome`);
          equal((await store.get(id))?.version, lives ? 2 : 1, `${id}: what it left behind`);
          equal((await store.get(id))?.expiresAt, lives ? end + 9000 : end, `${id}: nothing is revived`);
        }
      },
    }),
  ),
  {
    name: 'reads an expired record as it was, without a touch',
    async act(store) {
      await store.create(record());
      equal(await store.get('one', end), record(), 'it comes back');
      equal(await store.get('one', end + 1_000_000), record(), 'also much later');
      equal(await store.get('one'), record(), 'and nothing moved');
    },
  },
  {
    name: 'touches in the same step as it reads, without counting a version',
    async act(store) {
      await store.create(record());
      const touched = record({ lastAccess: start + 20_000, expiresAt: start + 70_000 });
      equal(await store.get('one', start + 20_000), touched, 'it comes back touched');
      equal(await store.get('one'), touched, 'and stays so');
      equal(await store.touch('one', start + 25_000), 'touched', 'touch alone');
      equal(
        await store.get('one'),
        record({ lastAccess: start + 25_000, expiresAt: start + 75_000 }),
        'does the same',
      );
    },
  },
  {
    name: 'passes no absolute limit with a touch',
    async act(store) {
      await store.create(record());
      equal((await store.get('one', start + 49_999))?.expiresAt, start + 80_000, 'get with touch');
      await store.create(record({ id: 'two' }));
      await store.touch('two', start + 49_999);
      equal((await store.get('two'))?.expiresAt, start + 80_000, 'touch');
      equal(await store.touch('two', start + 80_000), 'expired', 'and it is over there');
    },
  },
  {
    name: 'shortens nothing when a clock runs behind',
    async act(store) {
      await store.create(record());
      await store.get('one', start + 10_000);
      const after = record({ lastAccess: start + 10_000, expiresAt: start + 60_000 });
      equal(await store.get('one', start + 3000), after, 'get with touch');
      equal(await store.touch('one', start - 10_000), 'touched', 'touch');
      equal(await store.get('one'), after, 'nothing went back');
    },
  },
  {
    name: 'moves no end that does not count from the last access',
    async act(store) {
      for (const ttlType of ['created', 'lastUpdate'] as const) {
        await store.create(record({ id: ttlType, ttlType }));
        await store.create(record({ id: `${ttlType}-2`, ttlType }));
        equal((await store.get(ttlType, start + 9))?.expiresAt, end, `${ttlType}: get`);
        await store.touch(`${ttlType}-2`, start + 9);
        equal((await store.get(`${ttlType}-2`))?.lastAccess, start + 9, `${ttlType}: the access is noted`);
        equal((await store.get(`${ttlType}-2`))?.expiresAt, end, `${ttlType}: touch`);
      }
      await store.create(until('endless', never, { ttlType: 'lastAccess' }));
      equal((await store.get('endless', start + 9))?.expiresAt, never, 'without an end');
    },
  },
  {
    name: 'spares a touch that follows the last too soon',
    async act(store) {
      await store.create(record());
      equal(await store.touch('one', start + 5, start), 'recent', 'touch at the limit');
      equal(await store.get('one', start + 5, start), record(), 'get at the limit');
      equal(await store.touch('one', start + 5, start + 1), 'touched', 'beyond it');
      equal((await store.get('one', start + 7, start + 6))?.lastAccess, start + 7, 'get beyond it');
    },
  },
  {
    name: 'finds nothing to touch, update or destroy where nothing is',
    async act(store) {
      equal(await store.touch('one', start), 'missing', 'touch');
      equal(await store.update('one', 1, change(record()), start), { outcome: 'missing' }, 'update');
      equal(
        await store.update('one', undefined, change(record()), start),
        { outcome: 'missing' },
        'overwrite',
      );
      equal(await store.destroy('one', 'signed-out', start), undefined, 'destroy');
      equal(await store.get('one'), undefined, 'and nothing came into being');
    },
  },
  {
    name: 'updates all of the content and nothing else',
    async act(store) {
      await store.create(record());
      const content = {
        uid: 'bob',
        userData: { b: 1 },
        data: [2],
        labels: { x: 'y' },
        lastAccess: start + 1,
        lastUpdate: start + 2,
        timeToLive: 7,
        expiresAt: start + 3000,
      };
      const updated = record({ ...content, version: 2 });
      equal(
        await store.update('one', 1, content, start),
        { outcome: 'updated', record: updated },
        'it says so',
      );
      equal(await store.get('one'), updated, 'and it is so');
    },
  },
  {
    name: 'updates only the version that was expected, and hands over the other',
    async act(store) {
      await store.create(record());
      await store.update('one', 1, change(record(), { data: 'first' }), start);
      equal(
        await store.update('one', 1, change(record(), { data: 'second' }), start),
        { outcome: 'conflict', record: record({ version: 2, data: 'first' }) },
        'the loser hears what the winner wrote',
      );
      equal((await store.get('one'))?.data, 'first', 'which stays');
    },
  },
  {
    name: 'overwrites any version when none is expected',
    async act(store) {
      await store.create(record());
      await store.update('one', 1, change(record(), { data: 'first' }), start);
      const { outcome } = await store.update('one', undefined, change(record(), { data: 'last' }), start);
      equal(outcome, 'updated', 'it is told so');
      equal(await store.get('one'), record({ version: 3, data: 'last' }), 'and counts one more');
    },
  },
  {
    name: 'lets a touch between reading and writing pass',
    async act(store) {
      await store.create(record());
      await store.touch('one', start + 1);
      await store.get('one', start + 2);
      equal((await store.update('one', 1, change(record()), start + 3)).outcome, 'updated', 'no conflict');
    },
  },
  {
    name: 'lets one of ten simultaneous updates win',
    async act(store, { peer }) {
      await store.create(record());
      const stores = [store, await peer()];
      const results = await atOnce(10, (data) =>
        (stores[data % 2] ?? store).update('one', 1, change(record(), { data }), start),
      );
      const won = results.flatMap((result, index) => (result.outcome === 'updated' ? [index] : []));
      equal(won.length, 1, 'one is told that it wrote');
      equal(
        await store.get('one'),
        record({ version: 2, data: won[0] ?? null }),
        'and it is the one that is kept',
      );
    },
  },
  {
    name: 'loses none of ten simultaneous writers that try again',
    async act(store, { peer }) {
      await store.create(record({ data: {} }));
      const stores = [store, await peer()];
      await atOnce(10, async (index) => {
        const mine = stores[index % 2] ?? store;
        // A store that always finds a conflict must not keep the suite for ever.
        for (let attempt = 0; attempt < 100; attempt += 1) {
          const last = await mine.get('one', start + index);
          ok(last !== undefined, 'it is still there');
          const data = { ...(last.data as object), [`key-${index}`]: index };
          if ((await mine.update('one', last.version, change(last, { data }), start)).outcome === 'updated')
            return;
        }
      });
      equal(Object.keys(Object((await store.get('one'))?.data)).length, 10, 'ten keys of ten');
      equal((await store.get('one'))?.version, 11, 'ten versions');
    },
  },
  {
    name: 'hands a destroyed record to exactly one caller',
    async act(store, { peer }) {
      await store.create(record());
      const stores = [store, await peer()];
      const handed = await atOnce(10, (index) =>
        (stores[index % 2] ?? store).destroy('one', 'signed-out', start + 1),
      );
      equal(
        handed.filter((each) => each !== undefined),
        [record()],
        'one record for ten callers',
      );
      equal(await store.get('one'), undefined, 'and it is gone');
    },
  },
  {
    name: 'destroys an expired record too, and frees its id',
    async act(store) {
      await store.create(record());
      equal((await store.destroy('one', 'signed-out', end + 1))?.id, 'one', 'it is handed over');
      ok(await store.create(record({ data: 'next' })), 'the id is free');
      equal((await store.get('one'))?.data, 'next', 'for another record');
    },
  },
  {
    name: 'brings nothing back that is destroyed while it is touched and updated',
    async act(store, { peer }) {
      const other = await peer();
      for (let round = 0; round < 20; round += 1) {
        const id = `round-${round}`;
        await store.create(record({ id }));
        await Promise.all([
          other.get(id, start + 1),
          other.update(id, 1, change(record()), start),
          store.destroy(id, 'signed-out', start),
          other.touch(id, start + 2),
          other.update(id, undefined, change(record()), start),
        ]);
        equal(await store.get(id), undefined, 'it stays away');
        equal(await other.touch(id, start), 'missing', 'for everybody');
      }
    },
  },
];
