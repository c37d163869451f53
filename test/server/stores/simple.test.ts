import QUnit from 'qunit';
import { createSessions } from '../../../src/server/core/sessions.js';
import type { StoreFeature } from '../../../src/server/core/store.js';
import { type StoredSession, simpleStore, type ThreeMethods } from '../../../src/server/stores/simple.js';
import { storeConformance } from '../../../src/testing/store.js';
import { change, never, record, start } from '../../../src/testing/store-kit.js';
import { codeOf } from '../fixture.js';
import { conforms } from './conforms.js';
import { listing, minimal, slow, watched } from './three-methods.js';

const scanning: readonly StoreFeature[] = ['list', 'count', 'all', 'clear', 'sweep'];

/** The wraps of one object, made one after the other: a peer shares it. */
function wraps(make: () => ThreeMethods, options: { oneProcess?: boolean } = {}) {
  let last: ThreeMethods = make();
  return {
    first() {
      last = make();
      return simpleStore(last, options);
    },
    another: () => simpleStore(last, options),
  };
}

QUnit.module('server/stores/simple', () => {
  const quick = wraps(listing, { oneProcess: true });
  conforms('simple (in one process)', quick.first, { peer: quick.another });
  const late = wraps(slow, { oneProcess: true });
  conforms('simple (slow, in one process)', late.first, { peer: late.another });

  const cases: readonly (readonly [string, () => ThreeMethods, readonly StoreFeature[]])[] = [
    ['three methods', minimal, ['atomic', 'ended', ...scanning]],
    ['three methods and all', listing, ['atomic', 'ended']],
    ['three slow methods and all', slow, ['atomic', 'ended']],
  ];
  for (const [name, make, exceptions] of cases) {
    QUnit.module(`${name} conform`, () => {
      const { first, another } = wraps(make);
      for (const { name, run } of storeConformance(first, { peer: another, exceptions })) {
        QUnit.test(name, async (assert) => {
          await run();
          assert.true(true);
        });
      }
    });
  }

  QUnit.test('keeps sessions in a minimal store (V-20)', async (assert) => {
    let now = start;
    const sessions = createSessions({ store: simpleStore(minimal()), timeToLive: 1000, now: () => now });
    const session = await sessions.create({ cart: ['tea'] }, { id: 'ada' });
    session.data.cart = ['tea', 'milk'];
    await session.save();
    assert.deepEqual((await sessions.get(session.id)).data, { cart: ['tea', 'milk'] });
    now += 1000;
    assert.equal(await codeOf(() => sessions.get(session.id)), 'session/expired');
    assert.equal(await codeOf(() => sessions.count()), 'store/unsupported');
    assert.equal(await codeOf(() => sessions.prune()), 'store/unsupported');
    assert.equal(await codeOf(() => sessions.onDestroy(() => undefined)), 'store/unsupported');
    await sessions.close();
  });

  QUnit.test('calls destroy callbacks where this process is the only one', async (assert) => {
    let now = start;
    const store = simpleStore(listing(), { oneProcess: true });
    const sessions = createSessions({ store, timeToLive: 1000, sweepInterval: 0, now: () => now });
    const told: string[] = [];
    sessions.onDestroy(({ uid, reason }) => void told.push(`${uid} ${reason}`));
    const session = await sessions.create({}, { id: 'ada' });
    await sessions.create({}, { id: 'bob' });
    await session.delete();
    now += 1000;
    await sessions.prune();
    assert.deepEqual(told, ['ada signed-out', 'bob absolute']);
    await sessions.close();
  });

  QUnit.test('asks for a session of any age (V-23)', async (assert) => {
    const { three, calls } = watched(minimal());
    await simpleStore(three).get('one');
    assert.deepEqual(calls, [{ name: 'get', given: ['one', 0] }]);
  });

  QUnit.test('keeps created as it was first inserted (V-25)', async (assert) => {
    const three = minimal();
    const store = simpleStore(three);
    await store.create(record());
    await store.update('one', 1, change(record(), { data: 'new', lastUpdate: start + 5 }), start + 5);
    const { created, data } = three.kept.get('one') ?? {};
    assert.deepEqual([created, data], [start, 'new']);
  });

  QUnit.test('writes nothing into an expired session that nobody purged (V-26)', async (assert) => {
    const three = minimal();
    const store = simpleStore(three);
    await store.create(record());
    const before = three.kept.get('one');
    const late = change(record(), { data: 'new', expiresAt: start + 900_000 });
    assert.deepEqual(await store.update('one', undefined, late, start + 50_000), { outcome: 'expired' });
    assert.strictEqual(three.kept.get('one'), before);
  });

  QUnit.test('takes the end of what is not there for no error (V-27)', async (assert) => {
    const store = simpleStore(minimal());
    assert.strictEqual(await store.destroy('nobody', 'signed-out', start), undefined);
  });

  QUnit.test('shows every record, expired or not (V-28)', async (assert) => {
    const store = simpleStore(listing());
    await store.create(record());
    await store.create(record({ id: 'two', expiresAt: 0 }));
    const ids: string[] = [];
    for await (const { id } of store.all()) ids.push(id);
    assert.deepEqual(ids, ['one', 'two']);
  });

  QUnit.test('hands plain JSON down, with null for an end that never comes', async (assert) => {
    const three = minimal();
    const data = { when: new Date(0), gone: undefined } as never;
    await simpleStore(three).create(record({ data, timeToLive: 0, notAfter: never, expiresAt: never }));
    const kept = three.kept.get('one');
    assert.deepEqual(kept, JSON.parse(JSON.stringify(kept)));
    assert.deepEqual([kept?.notAfter, kept?.expiresAt], [null, null]);
    assert.deepEqual(kept?.data, { when: '1970-01-01T00:00:00.000Z' });
  });

  QUnit.test('rejects what JSON cannot hold at all, and keeps nothing of it', async (assert) => {
    const three = minimal();
    const store = simpleStore(three);
    await assert.rejects(store.create(record({ data: 1n as never })), TypeError);
    await store.create(record());
    const circle: { self?: unknown } = {};
    circle.self = circle;
    await assert.rejects(
      store.update('one', 1, change(record(), { data: circle as never }), start),
      TypeError,
    );
    assert.deepEqual(await store.get('one'), record());
  });

  QUnit.test('copies a change before it waits for its turn', async (assert) => {
    const store = simpleStore(slow());
    await store.create(record());
    const data = { list: [1] };
    const first = store.touch('one', start + 1);
    const second = store.update('one', 1, change(record(), { data }), start + 1);
    data.list.push(2);
    await Promise.all([first, second]);
    assert.deepEqual((await store.get('one'))?.data, { list: [1] });
  });

  QUnit.test('reads once, and waits for nobody, for a touch that is spared', async (assert) => {
    const { three, calls } = watched(minimal());
    const store = simpleStore(three);
    await store.create(record());
    calls.length = 0;
    await store.get('one', start + 5, start);
    assert.deepEqual(
      calls.map(({ name }) => name),
      ['get'],
    );
  });

  QUnit.test('reads all once for a sweep in many batches', async (assert) => {
    const { three, calls } = watched(listing());
    const scans = () => calls.filter(({ name }) => name === 'all').length;
    const store = simpleStore(three);
    for (let index = 0; index < 10; index += 1) await store.create(record({ id: `s-${index}` }));
    for (let batch = 0; batch < 3; batch += 1) assert.equal(await store.sweep(3, start + 60_000), 3);
    assert.equal(scans(), 1);
    assert.equal(await store.sweep(3, start + 60_000), 1);
    assert.equal(scans(), 2, 'and once more before it says that nothing is left');
  });

  for (const [name, fail] of Object.entries({
    throws: () => {
      throw new Error('down');
    },
    rejects: () => Promise.reject(new Error('down')),
  })) {
    QUnit.test(`rejects when the store ${name}, and goes on when it is back`, async (assert) => {
      let down = false;
      const three = listing();
      const store = simpleStore({
        get: (id) => (down ? fail() : three.get(id)),
        set: (id, session) => (down ? fail() : three.set(id, session)),
        destroy: (id) => (down ? fail() : three.destroy(id)),
        all: () => (down ? fail() : three.all()),
      });
      await store.create(record());
      down = true;
      const calls = [
        () => store.create(record({ id: 'two' })),
        () => store.get('one'),
        () => store.get('one', start),
        () => store.touch('one', start),
        () => store.update('one', 1, change(record()), start),
        () => store.destroy('one', 'revoked', start),
        () => store.count(start),
        () => store.sweep(10, start),
      ];
      for (const call of calls) await assert.rejects(call(), /down/);
      down = false;
      assert.equal(await store.touch('one', start + 1), 'touched');
    });
  }

  QUnit.test('announces no end that the store could not make', async (assert) => {
    const three = listing();
    const destroy = () => Promise.reject(new Error('down'));
    const store = simpleStore({ ...three, destroy }, { oneProcess: true });
    await store.create(record());
    await assert.rejects(store.destroy('one', 'revoked', start), /down/);
    assert.deepEqual(await store.ended.claim('me', 10, 1000, start), []);
  });

  QUnit.module('beside values that are no sessions', () => {
    const foreign = { cookie: {} } as unknown as StoredSession;

    QUnit.test('neither reads nor overwrites one', async (assert) => {
      const three = listing();
      three.kept.set('one', foreign);
      const store = simpleStore(three);
      await assert.rejects(store.get('one'), /not a session record/);
      await assert.rejects(store.update('one', 1, change(record()), start), /not a session record/);
      await assert.rejects(store.destroy('one', 'revoked', start), /not a session record/);
      assert.false(await store.create(record()));
      assert.strictEqual(three.kept.get('one'), foreign);
    });

    QUnit.test('lists, counts, sweeps and clears the others', async (assert) => {
      const three = listing();
      three.kept.set('alien', foreign);
      const store = simpleStore(three);
      await store.create(record());
      assert.equal(await store.count(start), 1);
      assert.equal((await store.list('ada', start, 10)).records.length, 1);
      assert.equal(await store.sweep(10, start + 60_000), 1);
      await store.create(record());
      assert.equal(await store.clear(10, start), 1);
      assert.deepEqual([...three.kept.keys()], ['alien']);
    });

    for (const [what, part] of [
      ['another type of time', { created: 'yesterday' }],
      ['no version', { version: undefined }],
      ['no labels', { labels: null }],
      ['a user that is no text', { uid: 7 }],
    ] as const) {
      QUnit.test(`refuses a record with ${what}`, async (assert) => {
        const three = minimal();
        await simpleStore(three).create(record());
        three.kept.set('one', { ...three.kept.get('one'), ...part } as never);
        await assert.rejects(simpleStore(three).get('one'), /not a session record/);
      });
    }

    QUnit.test('takes two ids for two where the store takes them for one', async (assert) => {
      const three = minimal();
      const store = simpleStore({ ...three, get: (id) => three.get(id.toLowerCase()) });
      await store.create(record());
      assert.strictEqual(await store.get('ONE'), undefined);
      assert.strictEqual(await store.destroy('ONE', 'revoked', start), undefined);
      assert.false(await store.create(record({ id: 'ONE' })));
      assert.deepEqual(await store.get('one'), record());
    });
  });

  for (const [what, three] of [
    ['nothing', undefined],
    ['no destroy', { get: () => undefined, set: () => undefined }],
    ['a set that cannot be called', { ...minimal(), set: 1 }],
  ] as const) {
    QUnit.test(`refuses ${what} as a store`, async (assert) => {
      assert.equal(await codeOf(() => simpleStore(three as never)), 'config/invalid');
    });
  }

  QUnit.test('refuses a oneProcess that is neither true nor false', async (assert) => {
    assert.equal(await codeOf(() => simpleStore(minimal(), { oneProcess: 1 as never })), 'config/invalid');
  });
});
