import QUnit from 'qunit';
import type { SessionRecord } from '../../../src/server/core/store.js';
import { memoryStore } from '../../../src/server/stores/memory.js';

const record: SessionRecord = {
  id: 'one',
  version: 1,
  uid: 'ada',
  userData: { name: 'Ada' },
  data: { list: [1, { deep: true }] },
  labels: {},
  created: 100,
  lastAccess: 100,
  lastUpdate: 100,
  timeToLive: 50,
  ttlType: 'lastAccess',
  notAfter: 180,
  expiresAt: 150,
};
const { uid, userData, data, labels, lastAccess, lastUpdate, expiresAt } = record;
const unchanged = { uid, userData, data, labels, lastAccess, lastUpdate, expiresAt };

QUnit.module('server/stores/memory', () => {
  QUnit.test('creates a record once, also when the first has expired', async (assert) => {
    const store = memoryStore();
    assert.true(await store.create(record));
    assert.false(await store.create({ ...record, data: 'other', created: 1000 }));
    assert.deepEqual(await store.get('one'), record);
  });

  QUnit.test('keeps no reference to what it was given', async (assert) => {
    const store = memoryStore();
    const list = [1];
    await store.create({ ...record, data: { list } });
    list.push(2);
    assert.deepEqual((await store.get('one'))?.data, { list: [1] });
    const next = { list: [1, 2] };
    await store.update('one', 1, { ...unchanged, data: next }, 120);
    next.list.push(3);
    assert.deepEqual((await store.get('one'))?.data, { list: [1, 2] });
  });

  QUnit.test('hands out nothing through which its own can be changed', async (assert) => {
    const store = memoryStore();
    await store.create(record);
    const read = (await store.get('one')) as unknown as { uid: string; data: { list: unknown[] } };
    assert.throws(() => {
      read.uid = 'eve';
    }, TypeError);
    assert.throws(() => read.data.list.push('x'), TypeError);
    assert.throws(() => Object.assign(read.data.list[1] as object, { deep: false }), TypeError);
    assert.deepEqual(await store.get('one'), record);
  });

  QUnit.test('keeps hostile keys and texts as they are', async (assert) => {
    const store = memoryStore();
    const hostile = JSON.parse('{"__proto__":{"admin":true},"constructor":"c","nul":"\\u0000","emoji":"😀"}');
    await store.create({ ...record, data: hostile });
    await store.create({ ...record, id: '__proto__' });
    const read = (await store.get('one'))?.data as { admin?: boolean };
    assert.equal(JSON.stringify(read), JSON.stringify(hostile));
    assert.strictEqual(read.admin, undefined);
    assert.equal((await store.get('__proto__'))?.uid, 'ada');
    assert.strictEqual(await store.get('constructor'), undefined);
  });

  QUnit.test('touches in the same step as it reads, up to the absolute limit', async (assert) => {
    const store = memoryStore();
    await store.create(record);
    const touched = await store.get('one', 120);
    assert.deepEqual(touched, { ...record, lastAccess: 120, expiresAt: 170 });
    assert.deepEqual(await store.get('one'), touched);
    assert.equal((await store.get('one', 169))?.expiresAt, 180);
  });

  QUnit.test('touches no record that has expired', async (assert) => {
    const store = memoryStore();
    await store.create(record);
    assert.deepEqual(await store.get('one', 150), record);
    assert.deepEqual(await store.get('one'), record);
  });

  QUnit.test('updates only the version that was expected', async (assert) => {
    const store = memoryStore();
    await store.create(record);
    const updated = { ...record, version: 2, data: 'new' };
    assert.deepEqual(await store.update('one', 1, { ...unchanged, data: 'new' }, 120), {
      outcome: 'updated',
      record: updated,
    });
    assert.deepEqual(await store.update('one', 1, { ...unchanged, data: 'late' }, 120), {
      outcome: 'conflict',
      record: updated,
    });
    assert.deepEqual(await store.get('one'), updated);
  });

  QUnit.test('updates nothing that is expired or gone', async (assert) => {
    const store = memoryStore();
    await store.create(record);
    assert.deepEqual(await store.update('one', 1, unchanged, 150), { outcome: 'expired' });
    assert.deepEqual(await store.update('two', 1, unchanged, 120), { outcome: 'missing' });
    assert.deepEqual(await store.get('one'), record);
  });

  QUnit.test('lets one of ten simultaneous updates win', async (assert) => {
    const store = memoryStore();
    await store.create(record);
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, data) => store.update('one', 1, { ...unchanged, data }, 120)),
    );
    assert.equal(results.filter(({ outcome }) => outcome === 'updated').length, 1);
  });

  QUnit.test('hands a destroyed record to exactly one caller', async (assert) => {
    const store = memoryStore();
    await store.create(record);
    const handed = await Promise.all([1, 2, 3].map(() => store.destroy('one')));
    assert.deepEqual(
      handed.filter((each) => each !== undefined),
      [record],
    );
    assert.strictEqual(await store.get('one'), undefined);
  });

  QUnit.test('counts what has not expired', async (assert) => {
    const store = memoryStore();
    await store.create(record);
    await store.create({ ...record, id: 'never', expiresAt: Number.POSITIVE_INFINITY });
    assert.deepEqual(await Promise.all([149, 150, 9e15].map((now) => store.count(now))), [2, 1, 1]);
  });
});
