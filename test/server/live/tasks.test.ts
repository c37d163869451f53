import QUnit from 'qunit';
import type { SessionStore } from '../../../src/server/core/store.js';
import { simpleStore } from '../../../src/server/stores/simple.js';
import { codeOf } from '../fixture.js';
import { watchedStore } from '../http/visits.js';
import { minimal } from '../stores/three-methods.js';
import { gate, settled, type World, world } from './live-world.js';

const nobody = 'F'.repeat(43);

async function create({ sessions }: World, count: number): Promise<string[]> {
  const made: string[] = [];
  for (let index = 0; index < count; index += 1) made.push((await sessions.create({ index })).id);
  return made;
}

QUnit.module('server/live/tasks', () => {
  QUnit.module('scheduleTask', () => {
    QUnit.test(
      'calls with null and the id for one that is dead, unknown or no id (SC-30)',
      async (assert) => {
        const { sessions, live } = world();
        const { id } = await sessions.create({});
        await sessions.delete(id);
        const strange = [nobody, '', 'ü', 'x'.repeat(1000), 'a b', undefined as unknown as string];
        for (const each of [id, ...strange]) {
          const seen: unknown[] = [];
          await live
            .scheduleTask(each, (session, given) => void seen.push(session, given), true)
            .catch(String);
          await live.scheduleTask([each], (session, given) => void seen.push(session, given), true);
          assert.deepEqual(seen.slice(-2), [null, each]);
        }
        assert.equal(live.size, 0);
      },
    );

    QUnit.test('calls with null for one that has expired', async (assert) => {
      const { sessions, live, clock } = world();
      const { id } = await sessions.create({}, null, { timeToLive: 1000 });
      await live.run(id, () => undefined);
      clock.time += 1000;
      assert.equal(await live.run(id, (session) => session), null);
      assert.equal(live.size, 0);
    });

    QUnit.test(
      'takes any iterable, in its order, and what stands there twice twice (SC-31)',
      async (assert) => {
        const all = world();
        const { live } = all;
        const [a = '', b = '', c = ''] = await create(all, 3);
        const iterables: readonly Iterable<string>[] = [
          [a, b, nobody, a, c],
          new Set([c, b]),
          new Map([[b, 1]]).keys(),
          (function* () {
            yield* [b, a];
          })(),
          [],
        ];
        const expected = [[a, b, nobody, a, c], [c, b], [b], [b, a], []];
        for (const [index, ids] of iterables.entries()) {
          const seen: string[] = [];
          await live.scheduleTask(ids, (session, id) => void seen.push(session?.id ?? id), true);
          // The second of the same session waits for the first.
          if (index === 0) assert.deepEqual(seen.sort(), expected[0]?.sort());
          else assert.deepEqual(seen, expected[index]);
        }
      },
    );

    QUnit.test('reads the iterable at once, whatever becomes of it (SC-31)', async (assert) => {
      const all = world();
      const ids = await create(all, 2);
      const seen: string[] = [];
      const work = all.live.scheduleTask(ids, (_, id) => void seen.push(id), true);
      const first = ids[0];
      ids.length = 1;
      await work;
      assert.deepEqual([seen.length, seen[0]], [2, first]);
    });

    QUnit.test('begins at once: what is scheduled later comes later', async (assert) => {
      const all = world();
      const [id = '', other = ''] = await create(all, 2);
      const order: string[] = [];
      all.live.scheduleTask([id, other, id], () => void order.push('group'));
      await all.live.scheduleTask(id, () => void order.push('one'), true);
      assert.deepEqual(order, ['group', 'group', 'group', 'one']);
    });

    QUnit.test('finishes the group when some fail, and rejects with all of it (SC-32)', async (assert) => {
      const all = world();
      const { live, stored } = all;
      const ids = await create(all, 4);
      const failure = await live
        .scheduleTask(
          ids,
          (session, id) => {
            if (session) session.data.seen = true;
            if (id === ids[0] || id === ids[2]) throw new Error(`no ${ids.indexOf(id)}`);
          },
          true,
        )
        .catch((error) => error);
      assert.true(failure instanceof AggregateError);
      assert.deepEqual(
        [failure.message, failure.errors.map(String)],
        ['2 tasks failed.', ['Error: no 0', 'Error: no 2']],
      );
      assert.deepEqual(await Promise.all(ids.map(stored)), [
        { index: 0 },
        { index: 1, seen: true },
        { index: 2 },
        { index: 3, seen: true },
      ]);
    });

    QUnit.test('rejects with what the task of one id threw, when it has ended (SC-32)', async (assert) => {
      const all = world();
      const [id = ''] = await create(all, 1);
      const work = all.live.scheduleTask(
        id,
        async () => {
          await settled();
          throw new Error('no');
        },
        true,
      );
      await assert.rejects(work, /^Error: no$/);
    });

    QUnit.test('without waiting resolves at once, and onError hears of each failure', async (assert) => {
      const all = world();
      const { live, failures } = all;
      const ids = await create(all, 3);
      const { passed, open } = gate();
      let done = 0;
      const task = async () => {
        await passed;
        done += 1;
        throw new Error(`no ${done}`);
      };
      assert.equal(await live.scheduleTask(ids, task), undefined);
      assert.equal(await live.scheduleTask(ids[0] ?? '', task), undefined);
      assert.deepEqual([done, failures], [0, []]);
      open();
      await settled();
      assert.deepEqual(
        [done, failures.map(String).sort()],
        [4, ['Error: no 1', 'Error: no 2', 'Error: no 3', 'Error: no 4']],
      );
    });

    QUnit.test(
      'from within a task, without waiting, comes after it: for its own session too',
      async (assert) => {
        const all = world();
        const { live, stored } = all;
        const [id = '', other = ''] = await create(all, 2);
        const order: string[] = [];
        await live.run(id, async (session) => {
          live.scheduleTask([id, other], async (inner, given) => {
            order.push(given === id ? `own after ${((await stored(id)) as { x?: number })?.x}` : 'other');
            if (inner) inner.data.y = 1;
          });
          live.scheduleTask(id, () => void order.push('second'));
          await settled();
          order.push('task');
          if (session) session.data.x = 1;
        });
        await settled();
        assert.deepEqual(order, ['other', 'task', 'own after 1', 'second']);
        assert.deepEqual(await stored(id), { index: 0, x: 1, y: 1 });
      },
    );

    QUnit.test('runs as many of a group at once as the option parallel says', async (assert) => {
      const all = world({ live: { parallel: 2 } });
      const ids = await create(all, 5);
      let running = 0;
      let most = 0;
      await all.live.scheduleTask(
        ids,
        async () => {
          running += 1;
          most = Math.max(most, running);
          await settled();
          running -= 1;
        },
        true,
      );
      assert.equal(most, 2);
    });

    QUnit.test('has its later name runTask (SC-34)', (assert) => {
      const { live } = world();
      assert.deepEqual([live.runTask, live.runTaskForAll], [live.scheduleTask, live.forAll]);
    });
  });

  QUnit.module('forAll (SC-33)', () => {
    QUnit.test('runs for all that live, those of other processes too', async (assert) => {
      const all = world();
      const { live, clock, sessions } = all;
      const ids = await create(all, 3);
      await sessions.create({}, null, { timeToLive: 1000 });
      clock.time += 1000;
      ids.push((await all.process().sessions.create({})).id);
      const seen: string[] = [];
      await live.forAll((session, id) => {
        assert.equal(session?.id, id);
        seen.push(id);
      }, true);
      assert.deepEqual(seen.sort(), ids.sort());
    });

    QUnit.test('is no access, though it stores and tells what it did', async (assert) => {
      const { sessions, live, clock, follow } = world();
      const { id, lastAccess, expiresAt } = await sessions.create({});
      const browser = await follow(id);
      clock.time += 1000;
      await live.forAll(async (session) => {
        if (session) session.data.a = 1;
        await session?.push();
        if (session) session.data.b = 2;
      }, true);
      const after = await sessions.peek(id);
      assert.deepEqual(
        [after?.data, browser.tree],
        [
          { a: 1, b: 2 },
          { a: 1, b: 2 },
        ],
      );
      assert.deepEqual([after?.lastAccess, after?.expiresAt], [lastAccess, expiresAt]);
      assert.equal(after?.lastUpdate, clock.time);
    });

    QUnit.test('passes over those in use, its own among them, and does not wait', async (assert) => {
      const all = world();
      const { live } = all;
      const [busy = '', own = '', free = ''] = await create(all, 3);
      const { passed, open } = gate();
      const work = live.run(busy, () => passed);
      await settled();
      const seen: string[] = [];
      await live.run(own, () => live.forAll((_, id) => void seen.push(id), true));
      assert.deepEqual([seen, all.waits.waiting.size], [[free], 0]);
      open();
      await work;
      await live.forAll((_, id) => void seen.push(id), true);
      assert.equal(seen.length, 4);
    });

    QUnit.test('reports a task that fails since another session is busy', async (assert) => {
      const all = world({ live: { waitMs: 0 } });
      const { live } = all;
      const [busy = '', free = ''] = await create(all, 2);
      const { passed, open } = gate();
      const work = live.run(busy, () => passed);
      await settled();
      const failure = await live.forAll(() => live.run(busy, () => undefined), true).catch((error) => error);
      assert.true(failure instanceof AggregateError && failure.errors.length === 1);
      assert.equal(failure.errors[0].code, 'session/busy');
      open();
      await work;
      assert.ok(free);
    });

    QUnit.test('rejects with what tasks threw, when all have ended; or tells onError', async (assert) => {
      const all = world();
      const ids = await create(all, 3);
      const seen: string[] = [];
      const task = (_: unknown, id: string) => {
        seen.push(id);
        if (id === ids[1]) throw new Error('no');
      };
      await assert.rejects(all.live.forAll(task, true), /1 tasks failed/);
      assert.equal(seen.length, 3);
      await all.live.forAll(task);
      await settled();
      assert.deepEqual([seen.length, all.failures.map(String)], [6, ['Error: no']]);
    });

    QUnit.test('passes over a session that ends meanwhile', async (assert) => {
      const all = world({ live: { parallel: 1 } });
      const ids = await create(all, 2);
      const seen: unknown[] = [];
      await all.live.forAll(async (session) => {
        seen.push(session?.id);
        for (const id of ids) if (id !== session?.id) await all.sessions.destroy(id);
      }, true);
      assert.deepEqual(seen.length, 1);
    });

    QUnit.test('tells what the store failed with when all that began have ended', async (assert) => {
      const { store: inner } = watchedStore();
      const store: SessionStore = {
        ...inner,
        cannot: [],
        async *all() {
          for await (const record of inner.all()) {
            yield record;
            throw new Error('away');
          }
        },
      };
      const all = world({ store });
      await create(all, 2);
      let ended = 0;
      const work = all.live.forAll(async () => {
        await settled();
        ended += 1;
      }, true);
      const failure = await work.catch((error) => error);
      assert.deepEqual([ended, failure.errors?.[0]?.code], [1, 'store/unavailable']);
    });

    QUnit.test(
      'rejects with store/unsupported, waiting or not, where the store cannot tell all',
      async (assert) => {
        const { live, failures } = world({ store: simpleStore(minimal()) });
        for (const waits of [true, false]) {
          assert.equal(await codeOf(() => live.forAll(() => undefined, waits)), 'store/unsupported');
        }
        assert.deepEqual(failures, []);
      },
    );

    QUnit.test('goes by the ticks of the sessions', async (assert) => {
      const minute = 60_000;
      const all = world({ sessions: { tick: minute } });
      // Its time is over between two ticks.
      const { id } = await all.sessions.create({}, null, { timeToLive: 1000 });
      const seen: string[] = [];
      all.clock.time = Math.floor(all.clock.time / minute) * minute + minute + 1000;
      await all.live.forAll((_, each) => void seen.push(each), true);
      assert.deepEqual(seen, [id]);
      all.clock.time += minute;
      await all.live.forAll((_, each) => void seen.push(each), true);
      assert.equal(seen.length, 1);
    });
  });
});
