import QUnit from 'qunit';
import type { Json } from '../../../src/protocol/messages.js';
import { sameJson } from '../../../src/protocol/same-json.js';
import { SessionConflict, SessionExpired, SessionNotFound } from '../../../src/server/core/errors.js';
import { merge } from '../../../src/server/core/merge.js';
import { createSessions } from '../../../src/server/core/sessions.js';
import type { Conflicts } from '../../../src/server/core/sessions-options.js';
import { memoryStore } from '../../../src/server/stores/memory.js';
import { codeOf, testClock } from '../fixture.js';

type Data = { [key: string]: Json };

/** Two processes that share a store. */
function fixture(conflicts?: Conflicts) {
  const clock = testClock();
  const options = { store: memoryStore(), now: clock.now, sweepInterval: 0, ...(conflicts && { conflicts }) };
  return { clock, one: createSessions<Data>(options), other: createSessions<Data>(options) };
}

const pathsOf = async (work: Promise<unknown>) => {
  const error = await work.catch((error: unknown) => error);
  return error instanceof SessionConflict ? error.paths : String(error);
};

QUnit.module('server/core/conflicts', () => {
  QUnit.module('merge', () => {
    const deep = (a: Json, b: Json) => ({ deep: { a, b } });
    const cases: readonly (readonly [what: string, base: Json, mine: Json, theirs: Json, merged: Json])[] = [
      ['what only one changed', { a: 1 }, { a: 2 }, { a: 1 }, { a: 2 }],
      ['different keys', { a: 1, b: 1 }, { a: 2, b: 1 }, { a: 1, b: 2 }, { a: 2, b: 2 }],
      ['different keys far down', deep(1, 1), deep(2, 1), deep(1, 2), deep(2, 2)],
      ['new keys', {}, { a: 1 }, { b: 2 }, { a: 1, b: 2 }],
      ['new objects under the same key', {}, { o: { a: 1 } }, { o: { b: 2 } }, { o: { a: 1, b: 2 } }],
      ['a removal and a change elsewhere', { a: 1, b: 1 }, { b: 1 }, { a: 1, b: 2 }, { b: 2 }],
      ['the same change twice', { a: 1 }, { a: [2] }, { a: [2] }, { a: [2] }],
      ['hostile keys', {}, JSON.parse('{"__proto__":1}'), { b: 1 }, JSON.parse('{"b":1,"__proto__":1}')],
    ];
    for (const [what, base, mine, theirs, merged] of cases) {
      QUnit.test(`puts together ${what}`, (assert) => {
        const outcome = merge(base, mine, theirs);
        assert.true('value' in outcome && sameJson(outcome.value, merged), JSON.stringify(outcome));
      });
    }

    QUnit.test('names every contradiction by its JSON Pointer', (assert) => {
      const base = { 'a/b': 1, 'c~d': 1, list: [1], gone: 1, same: 1 };
      const mine = { 'a/b': 2, 'c~d': 2, list: [1, 2], same: 2 };
      const theirs = { 'a/b': 3, 'c~d': 3, list: [0, 1], gone: 2, same: 2 };
      assert.deepEqual(merge(base, mine, theirs), { clashes: ['/a~1b', '/c~0d', '/list', '/gone'] });
    });
  });

  QUnit.test('keeps the keys of ten simultaneous writers, in one process and in two', async (assert) => {
    for (const processes of [1, 2]) {
      const { one, other } = fixture();
      const { id } = await one.create();
      await Promise.all(
        Array.from({ length: 10 }, async (_, index) => {
          const session = await (index % processes === 0 ? one : other).get(id);
          session.data[`key-${index}`] = index;
          await session.save();
        }),
      );
      assert.equal(Object.keys((await one.get(id)).data).length, 10);
    }
  });

  QUnit.test('gives the session what the others saved', async (assert) => {
    const { one, other } = fixture();
    const mine = await one.create({ cart: { a: 1 } }, { id: 'ada' });
    const theirs = await other.get(mine.id);
    theirs.data.cart = { a: 1, b: 2 };
    theirs.labels = { device: 'phone' };
    await theirs.save();
    (mine.data.cart as { c?: number }).c = 3;
    await mine.save();
    assert.deepEqual(
      [mine.data, mine.labels, mine.version],
      [{ cart: { a: 1, b: 2, c: 3 } }, { device: 'phone' }, 3],
    );
  });

  QUnit.test(
    'reports a contradiction by its place and not by its value, and writes nothing',
    async (assert) => {
      const { one, other } = fixture();
      const mine = await one.create({ cart: { a: 1 }, other: 1 });
      const theirs = await other.get(mine.id);
      theirs.data.cart = { a: 'their secret' };
      await theirs.save();
      mine.data.cart = { a: 'my secret' };
      mine.data.other = 2;
      const error = await mine.save().catch((error: unknown) => error);
      assert.true(error instanceof SessionConflict);
      if (!(error instanceof SessionConflict)) return;
      assert.deepEqual([error.code, error.status, error.paths], ['session/conflict', 409, ['/data/cart/a']]);
      assert.false(error.message.includes('secret'));
      assert.deepEqual((await one.get(mine.id)).data, { cart: { a: 'their secret' }, other: 1 });
    },
  );

  QUnit.test('calls a change of the user by two a contradiction', async (assert) => {
    const { one, other } = fixture();
    const mine = await one.create();
    await (await other.get(mine.id)).setUser({ id: 'bob' }).save();
    assert.deepEqual(await pathsOf(mine.setUser({ id: 'ada' }).save()), ['/uid']);
  });

  QUnit.test('refuses to merge labels to more than eight', async (assert) => {
    const { one, other } = fixture();
    const labels = (name: string) =>
      Object.fromEntries(Array.from({ length: 5 }, (_, index) => [`${name}-${index}`, 'x']));
    const mine = await one.create();
    const theirs = await other.get(mine.id);
    theirs.labels = labels('theirs');
    mine.labels = labels('mine');
    await theirs.save();
    assert.deepEqual(await pathsOf(mine.save()), ['/labels']);
  });

  QUnit.test('reject: refuses the second of two saves', async (assert) => {
    const { one, other } = fixture('reject');
    const mine = await one.create();
    const theirs = await other.get(mine.id);
    theirs.data.a = 1;
    mine.data.b = 2;
    await theirs.save();
    assert.equal(await codeOf(() => mine.save()), 'session/conflict');
  });

  QUnit.test('FOXX-26, FOXX-29 last-writer-wins: replaces what the first saved', async (assert) => {
    const { one, other } = fixture('last-writer-wins');
    const mine = await one.create({ old: 1 });
    const theirs = await other.get(mine.id);
    theirs.data = { by: 'them' };
    mine.data = { by: 'me' };
    await theirs.save();
    await mine.save();
    assert.deepEqual((await one.get(mine.id)).data, { by: 'me' });
  });

  QUnit.test('S20 lets no slow request bring a session back after log-out', async (assert) => {
    for (const conflicts of ['merge', 'reject', 'last-writer-wins'] as const) {
      const { one, other, clock } = fixture(conflicts);
      const slow = await one.create();
      slow.data.late = true;
      await (await other.get(slow.id)).delete();
      const error = await slow.save().catch((error: unknown) => error);
      assert.true(error instanceof SessionNotFound && !(error instanceof SessionExpired), conflicts);
      assert.equal(await codeOf(() => slow.touch()), 'session/not-found');
      assert.strictEqual(await one.find(slow.id), undefined);
      const expiring = await one.create({}, null, { timeToLive: 1000 });
      clock.time += 1000;
      assert.true((await expiring.save().catch((error: unknown) => error)) instanceof SessionExpired);
      assert.equal(await one.count(), 0);
    }
  });

  QUnit.test('a conflict without a contradiction names no place', (assert) => {
    assert.equal(new SessionConflict([]).message, 'The session was changed by someone else meanwhile.');
    assert.true(new SessionConflict(['/data/a', '/uid']).message.endsWith(', at /data/a, /uid.'));
  });
});
