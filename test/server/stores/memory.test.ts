import QUnit from 'qunit';
import { memoryStore } from '../../../src/server/stores/memory.js';
import { ExpiryIndex } from '../../../src/server/stores/memory-expiry.js';
import { record, start, until } from '../../../src/testing/store-kit.js';
import { codeOf } from '../fixture.js';
import { conforms } from './conforms.js';

QUnit.module('server/stores/memory', () => {
  conforms('memory', () => memoryStore());

  QUnit.test('shares one frozen content between all callers', async (assert) => {
    const store = memoryStore();
    await store.create(record());
    const [one, other] = [await store.get('one'), await store.get('one')];
    assert.strictEqual(one?.data, other?.data);
    assert.throws(() => Object.assign(one ?? {}, { uid: 'eve' }), TypeError);
    assert.throws(() => Object.assign(Object(one?.data).list[1], { deep: false }), TypeError);
  });

  QUnit.test('tells a follower who stayed away too long, and forgets the oldest ends', async (assert) => {
    const store = memoryStore({ endedLimit: 1000 });
    const { cursor } = await store.ended.since(undefined, 1);
    for (let index = 0; index < 1003; index += 1) {
      await store.create(record({ id: `s-${index}` }));
      await store.destroy(`s-${index}`, 'signed-out', start);
    }
    const news = await store.ended.since(cursor, 5);
    assert.true(news.lost);
    assert.equal(news.ended[0]?.record.id, 's-3');
    assert.false((await store.ended.since(news.cursor, 5)).lost);
    assert.equal((await store.ended.claim('me', 5, 1000, start))[0]?.record.id, 's-3');
  });

  QUnit.test('uses a freed row again for another session', async (assert) => {
    const store = memoryStore();
    for (let round = 0; round < 5000; round += 1) {
      await store.create(record({ id: `s-${round}`, uid: `u-${round}` }));
      if (round % 3 > 0) await store.destroy(`s-${round}`, 'signed-out', start);
    }
    assert.equal(await store.count(start), 1667);
    assert.equal((await store.get('s-4998'))?.uid, 'u-4998');
    assert.equal(await store.count(start, 'u-1'), 0);
  });

  for (const limit of [999, 1_000_001, 1.5, '5000']) {
    QUnit.test(`refuses endedLimit ${limit}`, async (assert) => {
      assert.equal(await codeOf(() => memoryStore({ endedLimit: limit as number })), 'config/invalid');
    });
  }

  QUnit.module('what a sweep visits', () => {
    for (const live of [100, 10_000, 100_000]) {
      QUnit.test(`is what it removes, among ${live} live ones`, (assert) => {
        const ends: number[] = [];
        let looks = 0;
        const index = new ExpiryIndex((row) => {
          looks += 1;
          return ends[row] ?? Number.NaN;
        });
        const put = (row: number, end: number) => {
          if (ends[row] === undefined) index.add(row, end);
          else index.move(row, ends[row], end);
          ends[row] = end;
        };
        for (let row = 0; row < live; row += 1) put(row, start + 60_000 + row);
        for (let row = 0; row < 50; row += 1) put(live + row, start - row * 700);
        // Ends that moved leave nothing behind to be visited.
        for (let row = 0; row < live; row += 1) put(row, start + 900_000 + row);
        const visited: number[] = [];
        index.visitDue(start, (row) => {
          visited.push(row);
          index.remove(row, start - (row - live) * 700);
          return true;
        });
        assert.equal(visited.length, 50);
        assert.equal(looks, 50, 'each is looked at once, and no other');
        assert.true(visited.every((row) => row >= live));
        index.visitDue(start, (row) => visited.push(row) === 0);
        assert.equal(visited.length, 50, 'nothing is visited twice');
      });
    }
  });

  QUnit.test('finds what ends before everything it has seen', async (assert) => {
    const store = memoryStore();
    await store.create(until('late', start + 90_000));
    assert.equal(await store.sweep(10, start + 100_000), 1);
    await store.create(until('early', start + 10_000));
    await store.create(until('later', start + 200_000));
    assert.equal(await store.sweep(10, start + 100_000), 1);
    assert.strictEqual(await store.get('early'), undefined);
  });
});
