import QUnit from 'qunit';
import type { SessionEnd } from '../../../src/server/core/ends.js';
import { createSessions } from '../../../src/server/core/sessions.js';
import type { SessionsOptions } from '../../../src/server/core/sessions-options.js';
import { memoryStore } from '../../../src/server/stores/memory.js';
import { codeOf, start, testClock } from '../fixture.js';
import { handTimers } from './hand-timers.js';

function fixture(options: Partial<SessionsOptions> = {}) {
  const clock = testClock();
  const hand = handTimers();
  const failures: unknown[] = [];
  const all: SessionsOptions = {
    store: memoryStore(),
    now: clock.now,
    timers: hand.timers,
    onError: (error) => failures.push(error),
    ...options,
  };
  return { clock, hand, failures, sessions: createSessions(all), other: createSessions(all) };
}

const collect = (into: string[]) => (end: SessionEnd) => void into.push(`${end.uid} ${end.reason}`);

QUnit.module('server/core/ends', () => {
  QUnit.test(
    'SC-09 calls back in the order of registration, once, before delete resolves',
    async (assert) => {
      const { sessions } = fixture();
      const session = await sessions.create({ cart: 1 }, { id: 'ada' });
      const log: string[] = [];
      await session.onDestroy(() => void log.push('one'));
      await (await sessions.get(session.id)).onDestroy(async () => void log.push('two'));
      await session.onDestroy(({ data, reason, at }) => void log.push(JSON.stringify([data, reason, at])));
      assert.true(await session.delete());
      assert.deepEqual(log, ['one', 'two', `[{"cart":1},"signed-out",${start}]`]);
      assert.false(await session.delete());
      assert.equal(log.length, 3);
    },
  );

  QUnit.test(
    'SC-08, SC-10 isolates callbacks from each other, and reports what they throw',
    async (assert) => {
      const { sessions, failures } = fixture();
      const session = await sessions.create();
      const log: string[] = [];
      await session.onDestroy(() => {
        throw new Error('first');
      });
      await session.onDestroy(() => Promise.reject(new Error('second')));
      await session.onDestroy(() => void log.push('third'));
      sessions.onDestroy(() => void log.push('engine'));
      assert.true(await session.delete());
      assert.deepEqual(log, ['third', 'engine']);
      assert.deepEqual(failures.map(String), ['Error: first', 'Error: second']);
    },
  );

  QUnit.test('tells every way to end by its reason', async (assert) => {
    const { sessions, clock } = fixture({ timeToLive: 1000, ttlType: 'lastAccess', onExpiredRead: 'purge' });
    const log: string[] = [];
    const stop = sessions.onDestroy(collect(log));
    const create = (id: string, own = {}) => sessions.create({}, { id }, own);
    await sessions.delete((await create('deleted')).id);
    await sessions.destroy((await create('reused')).id, 'reuse');
    await create('revoked');
    await sessions.destroyByUser('revoked');
    const read = await create('read');
    clock.time += 1000;
    await codeOf(() => sessions.get(read.id));
    await create('idle');
    await create('capped', { absoluteTimeToLive: 900 });
    clock.time += 1000;
    await sessions.prune();
    await create('cleared');
    await sessions.clear();
    assert.deepEqual(log, [
      'deleted signed-out',
      'reused reuse',
      'revoked revoked',
      'read idle',
      ...(log[4] === 'idle idle' ? ['idle idle', 'capped absolute'] : ['capped absolute', 'idle idle']),
      'cleared cleared',
    ]);
    stop();
    await sessions.delete((await create('later')).id);
    assert.equal(log.length, 7, 'what is taken back is not called');
  });

  QUnit.test('lets a callback end another session without waiting for itself', async (assert) => {
    const { sessions } = fixture();
    const [one, two] = [await sessions.create(), await sessions.create()];
    const log: string[] = [];
    await one.onDestroy(async () => {
      assert.true(await two.delete());
      log.push('one');
    });
    await two.onDestroy(() => void log.push('two'));
    await one.delete();
    assert.deepEqual(log, ['one', 'two']);
  });

  QUnit.test(
    'tells each end to one of two processes, and a session’s own callback where it was set',
    async (assert) => {
      const { sessions, other, clock } = fixture({ timeToLive: 1000 });
      const log: string[] = [];
      sessions.onDestroy(() => void log.push('any, here'));
      other.onDestroy(() => void log.push('any, there'));
      const session = await sessions.create();
      await session.onDestroy(({ reason }) => void log.push(`its own, ${reason}`));
      await other.delete(session.id, 'revoked');
      assert.deepEqual(log, ['any, there']);
      await sessions.prune();
      assert.deepEqual(log, ['any, there', 'its own, revoked']);
      for (let index = 0; index < 300; index += 1) await sessions.create();
      clock.time += 1000;
      await Promise.all([sessions.prune(), other.prune()]);
      assert.equal(log.filter((text) => text.startsWith('any')).length, 301);
    },
  );

  QUnit.test('takes no callback for a session that is over', async (assert) => {
    const { sessions } = fixture();
    const session = await sessions.create();
    await session.delete();
    assert.equal(await codeOf(() => session.onDestroy(() => undefined)), 'session/not-found');
  });

  QUnit.test('looks after its sessions when the queue forgot some ends', async (assert) => {
    const store = memoryStore({ endedLimit: 1000 });
    const { sessions, other } = fixture({ store });
    const [gone, left] = [await sessions.create(), await sessions.create()];
    const log: string[] = [];
    await gone.onDestroy(({ reason }) => void log.push(`gone ${reason}`));
    await left.onDestroy(() => void log.push('left'));
    await other.delete(gone.id);
    for (let index = 0; index < 1001; index += 1) await other.delete((await other.create()).id);
    await sessions.prune();
    assert.deepEqual(log, ['gone revoked']);
  });

  QUnit.module('the sweep', () => {
    QUnit.test('comes every minute, ends what has expired, and stops on close', async (assert) => {
      const { sessions, clock, hand } = fixture({ timeToLive: 1000 });
      const told = new Promise<SessionEnd>((resolve) => sessions.onDestroy(resolve));
      const { id } = await sessions.create();
      assert.deepEqual(new Set([...hand.waiting.values()].map(({ ms }) => ms)), new Set([60_000]));
      clock.time += 1000;
      hand.fire();
      assert.equal((await told).id, id);
      await sessions.close();
    });

    QUnit.test('plans the next one when it is done, and none after close', async (assert) => {
      const clock = testClock();
      const hand = handTimers();
      const sessions = createSessions({
        store: memoryStore(),
        now: clock.now,
        timers: hand.timers,
        sweepInterval: 5,
      });
      for (let round = 0; round < 3; round += 1) {
        assert.equal(hand.waiting.size, 1);
        hand.fire();
        while (hand.waiting.size === 0) await Promise.resolve();
      }
      await sessions.close();
      assert.equal(hand.waiting.size, 0);
    });

    QUnit.test('survives a store that fails, and tells', async (assert) => {
      const clock = testClock();
      const hand = handTimers();
      const failures: string[] = [];
      const store = { ...memoryStore(), sweep: () => Promise.reject(new Error('down')) };
      const onError = (error: unknown) => void failures.push(String(error));
      const sessions = createSessions({ store, now: clock.now, timers: hand.timers, onError });
      hand.fire();
      while (hand.waiting.size === 0) await Promise.resolve();
      assert.equal(failures.length, 1);
      await sessions.close();
    });

    QUnit.test('is off with 0', (assert) => {
      const hand = handTimers();
      createSessions({ store: memoryStore(), timers: hand.timers, sweepInterval: 0 });
      assert.equal(hand.waiting.size, 0);
    });
  });
});
