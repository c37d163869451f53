import { AsyncLocalStorage } from 'node:async_hooks';
import QUnit from 'qunit';
import type { SessionStore } from '../../../src/server/core/store.js';
import { starcounterLive } from '../../../src/server/presets.js';
import { memoryStore } from '../../../src/server/stores/memory.js';
import { simpleStore } from '../../../src/server/stores/simple.js';
import { codeOf } from '../fixture.js';
import { watchedStore } from '../http/visits.js';
import { listing } from '../stores/three-methods.js';
import { replace } from './channel/live-fixture.js';
import { gate, hour, settled, type World, world } from './live-world.js';

const minute = 60_000;

QUnit.module('server/live/open-sessions', () => {
  QUnit.module('the end of a session', () => {
    const ends: readonly (readonly [
      how: string,
      reason: string,
      end: (world: World, id: string) => unknown,
    ])[] = [
      ['a revocation', 'revoked', ({ sessions }, id) => sessions.destroy(id, 'revoked')],
      ['a sign-out', 'signed-out', ({ sessions }, id) => sessions.delete(id)],
      ['reuse', 'reuse', ({ sessions }, id) => sessions.destroy(id, 'reuse')],
      ['the end of all of a user', 'revoked', ({ sessions }) => sessions.destroyByUser('ann')],
      ['clear', 'cleared', ({ sessions }) => sessions.clear()],
      [
        'idleness',
        'idle',
        ({ sessions, clock }) => {
          clock.time += hour;
          return sessions.prune();
        },
      ],
      ['idleness, seen by nobody but the timer', 'idle', ({ tick }) => tick(hour)],
      [
        'idleness, met by a task',
        'idle',
        ({ live, clock }, id) => {
          clock.time += hour;
          return live.run(id, () => undefined);
        },
      ],
      [
        'the absolute limit',
        'absolute',
        async ({ sessions, clock, live }, id) => {
          for (let half = 0; half < 4; half += 1) {
            clock.time += hour / 2;
            await live.run(id, () => undefined);
          }
          return sessions.prune();
        },
      ],
      [
        'the absolute limit, seen by nobody but the timer',
        'absolute',
        async ({ clock, live, tick }, id) => {
          for (let half = 0; half < 3; half += 1) {
            clock.time += hour / 2;
            await live.run(id, () => undefined);
          }
          await tick(hour / 2);
        },
      ],
    ];
    for (const [how, reason, end] of ends) {
      QUnit.test(`by ${how} closes its sockets with 4401 ${reason} (SC-10)`, async (assert) => {
        const all = world();
        const { id } = await all.sessions.create({}, { id: 'ann' }, { absoluteTimeToLive: 2 * hour });
        const other = await all.sessions.create({}, { id: 'bob' });
        const browsers = [await all.follow(id), await all.follow(id, 'other')];
        await end(all, id);
        for (const { goodbye } of browsers) assert.equal(goodbye, `4401 ${reason}`);
        assert.equal(await all.live.run(id, (session) => session), null);
        assert.equal(await codeOf(() => all.live.documentOf(id)), 'session/not-found');
        assert.ok(other);
      });
    }

    QUnit.test('by another process is seen with the next tick, of a second', async (assert) => {
      const all = world();
      const { id } = await all.sessions.create({});
      const browser = await all.follow(id);
      await all.process().sessions.destroy(id, 'revoked');
      assert.equal(browser.goodbye, undefined);
      assert.deepEqual(
        [...all.ticks.waiting.values()].map(({ ms }) => ms),
        [1000],
      );
      await all.tick();
      assert.equal(browser.goodbye, '4401 revoked');
      assert.deepEqual([all.live.size, all.ticks.waiting.size], [0, 0], 'and then nothing is left');
    });

    QUnit.test('by another process is seen by a task and a patch at once', async (assert) => {
      const all = world();
      for (const use of [
        (id: string) => all.live.run(id, () => undefined),
        (id: string) => codeOf(() => all.live.followers.patch(id, 'x', [], false)),
      ]) {
        const { id } = await all.sessions.create({});
        const browser = await all.follow(id);
        await all.process().sessions.destroy(id, 'reuse');
        await use(id);
        assert.equal(browser.goodbye, '4401 reuse');
      }
    });

    QUnit.test('does not come when another process has kept the session alive', async (assert) => {
      const all = world();
      const { id } = await all.sessions.create({});
      const browser = await all.follow(id);
      all.clock.time += hour / 2;
      await all.process().sessions.get(id);
      await all.tick(hour / 2);
      assert.equal(browser.goodbye, undefined);
      await all.tick(hour / 2 - 1);
      assert.equal(browser.goodbye, undefined);
      await all.tick(1);
      assert.equal(browser.goodbye, '4401 idle');
    });

    QUnit.test('is 1001 and its sentence in the Starcounter preset (SC-10, SC-83)', async (assert) => {
      const { name: _, ...preset } = starcounterLive({ options: 2 });
      const all = world({ live: preset });
      const { id } = await all.sessions.create({});
      const browser = await all.follow(id);
      await all.sessions.destroy(id);
      assert.equal(browser.goodbye, '1001 Session is expired.');
    });

    QUnit.test(
      'closes sockets, then calls back in order, once; then it is dead (SC-09, SC-10, SC-11)',
      async (assert) => {
        const all = world();
        const { id } = await all.sessions.create({ a: 1 });
        const browser = await all.follow(id);
        const log: string[] = [];
        const kept = await all.live.run(id, async (session) => {
          for (const name of ['one', 'two']) {
            await session?.onDestroy(({ data }) => {
              log.push(`${name} ${JSON.stringify(data)} ${browser.goodbye}`);
              if (name === 'one') throw new Error('no');
            });
          }
          assert.true(session?.isAlive);
          return session;
        });
        assert.true(kept?.isAlive);
        await all.sessions.delete(id);
        assert.deepEqual(log, ['one {"a":1} 4401 signed-out', 'two {"a":1} 4401 signed-out']);
        assert.deepEqual([kept?.isAlive, await all.sessions.destroy(id), log.length], [false, false, 2]);
        assert.deepEqual(all.failures.map(String), ['Error: no']);
      },
    );

    QUnit.test('calls those back, too, that came before the document', async (assert) => {
      const all = world();
      const session = await all.sessions.create({ a: 1 });
      const log: string[] = [];
      await session.onDestroy(() => void log.push('before'));
      await all.follow(session.id);
      await session.onDestroy(() => void log.push('after'));
      await session.delete();
      assert.deepEqual(log, ['before', 'after']);
    });

    QUnit.test('is of use in a callback: it may work with other sessions, and end them', async (assert) => {
      const all = world();
      const [one, two] = [await all.sessions.create({}), await all.sessions.create({})];
      const browser = await all.follow(two.id);
      await one.onDestroy(() =>
        all.live.run(two.id, (session) => session?.delete('revoked')).then(() => undefined),
      );
      await all.sessions.delete(one.id);
      assert.equal(browser.goodbye, '4401 revoked');
    });

    QUnit.test('leaves nothing behind: no watch, no timer, no document', async (assert) => {
      const { store, calls } = watchedStore();
      const all = world({ store });
      const { id } = await all.sessions.create({});
      const browser = await all.follow(id);
      browser.leave();
      await all.sessions.delete(id);
      assert.deepEqual([all.live.size, all.sessions.exclusive.size], [0, 0]);
      await all.tick();
      assert.equal(all.ticks.waiting.size, 0);
      const before = calls.length;
      await all.sessions.hearEnds();
      assert.equal(calls.length, before, 'nobody waits for ends any more');
    });
  });

  QUnit.module('where the store tells nobody of ends', () => {
    const limited = () => world({ store: simpleStore(listing()), live: { pingInterval: 5000 } });

    QUnit.test('each session is looked after with the pings', async (assert) => {
      const all = limited();
      const { id } = await all.sessions.create({});
      const browser = await all.follow(id);
      await all.sessions.destroy(id, 'reuse');
      for (let second = 0; second < 4; second += 1) await all.tick();
      assert.equal(browser.goodbye, undefined);
      await all.tick();
      assert.equal(browser.goodbye, '4401 revoked', 'nobody knows why');
      assert.equal(all.live.size, 0);
    });

    QUnit.test('a task that ends its session closes the sockets at once', async (assert) => {
      const all = limited();
      const { id } = await all.sessions.create({});
      const browser = await all.follow(id);
      await all.live.run(id, async (session) => {
        if (session) session.data.a = 1;
        await session?.delete('revoked');
        assert.false(session?.isAlive);
      });
      assert.deepEqual([browser.goodbye, all.live.size], ['4401 revoked', 0]);
      const other = await all.sessions.create({});
      const second = await all.follow(other.id);
      await all.live.run(other.id, (session) => session?.delete());
      assert.equal(second.goodbye, '4401 signed-out');
    });

    QUnit.test('an idle end is seen with the next tick all the same', async (assert) => {
      const all = limited();
      const { id } = await all.sessions.create({});
      const browser = await all.follow(id);
      await all.tick(hour);
      assert.equal(browser.goodbye, '4401 idle');
    });
  });

  QUnit.module('a session in use', () => {
    QUnit.test('does not die (SC-08)', async (assert) => {
      const all = world();
      const { id } = await all.sessions.create({});
      const { passed, open } = gate();
      const work = all.live.run(id, async (session) => {
        await passed;
        if (session) session.data.a = 1;
      });
      await settled();
      await all.tick(hour - 5001);
      assert.equal(
        (await all.sessions.peek(id))?.expiresAt,
        all.clock.time + 5001,
        'it is touched near its end only',
      );
      await all.tick(1);
      assert.equal((await all.sessions.peek(id))?.expiresAt, all.clock.time + hour);
      await all.tick(hour - 1);
      await all.sessions.prune();
      open();
      await work;
      assert.deepEqual(await all.stored(id), { a: 1 });
    });

    QUnit.test('that cannot be touched is reported, and tried again', async (assert) => {
      const { store, broken } = watchedStore();
      const all = world({ store });
      const { id } = await all.sessions.create({});
      const { passed, open } = gate();
      const work = all.live.run(id, () => passed);
      await settled();
      broken.add('touch');
      await all.tick(hour - 2000);
      assert.equal(all.failures.length, 1);
      broken.clear();
      await all.tick();
      assert.equal((await all.sessions.peek(id))?.expiresAt, all.clock.time + hour);
      open();
      await work;
    });

    QUnit.test('that is given less time ends then', async (assert) => {
      const all = world();
      const { id } = await all.sessions.create({});
      const browser = await all.follow(id);
      await all.live.run(id, (session) => {
        if (session) session.timeToLive = 2000;
      });
      await all.tick(1999);
      assert.equal(browser.goodbye, undefined);
      await all.tick(1);
      assert.equal(browser.goodbye, '4401 idle');
    });

    QUnit.test('does not die in the middle of forAll either', async (assert) => {
      const all = world();
      const { id } = await all.sessions.create({});
      const { passed, open } = gate();
      const work = all.live.forAll(() => passed, true);
      await settled();
      await all.tick(hour - 1000);
      await all.tick(hour - 1000);
      assert.true(await all.sessions.peek(id).then((session) => session !== undefined));
      open();
      await work;
    });

    QUnit.test('ends at its absolute limit: then what it does cannot be stored', async (assert) => {
      const all = world();
      const { id } = await all.sessions.create({}, null, { absoluteTimeToLive: hour });
      const other = await all.sessions.create({});
      const browser = await all.follow(other.id);
      const { passed, open } = gate();
      const work = all.live.run(id, async (session) => {
        await passed;
        if (session) session.data.a = 1;
      });
      await settled();
      all.clock.time += hour;
      await all.tick();
      assert.deepEqual(all.failures, [], 'and its touch is no failure');
      await all.process().sessions.destroy(other.id);
      await all.tick();
      assert.equal(browser.goodbye?.slice(0, 4), '4401', 'others are looked after all the same');
      open();
      assert.equal(await codeOf(() => work), 'session/expired');
    });
  });

  QUnit.module('the timer', () => {
    QUnit.test('pings sockets, and drops those that say nothing', async (assert) => {
      const all = world({ live: { pingInterval: 3000 } });
      const { id } = await all.sessions.create({});
      const browser = await all.follow(id);
      for (const pings of [0, 0, 1, 1, 1]) {
        await all.tick();
        assert.equal(browser.port.pings, pings);
      }
      assert.equal(browser.goodbye, undefined);
      await all.tick();
      assert.equal(browser.goodbye, 'dropped');
      assert.true(await all.live.run(id, (session) => session?.isFollowed === false));
    });

    QUnit.test('goes on when the store is away, pings all the same, and reports it once', async (assert) => {
      const { store, broken } = watchedStore();
      const all = world({ store, live: { pingInterval: 1000 } });
      const [one, two] = [await all.sessions.create({}), await all.sessions.create({})];
      const browsers = [await all.follow(one.id), await all.follow(two.id)];
      broken.add('get');
      await all.tick(hour);
      assert.deepEqual(
        browsers.map(({ port, goodbye }) => [port.pings, goodbye]),
        [
          [1, undefined],
          [1, undefined],
        ],
      );
      assert.equal(all.failures.length, 1);
      broken.clear();
      await all.tick();
      // They had not answered by then, either.
      assert.deepEqual([all.live.size, all.ticks.waiting.size], [0, 0]);
    });

    QUnit.test('is nobody’s: what it sets off does not see the context of the first use', async (assert) => {
      const all = world();
      const context = new AsyncLocalStorage<string>();
      const seen: unknown[] = [];
      const { id } = await all.sessions.create({});
      const ticks: unknown[] = [];
      const { set } = all.ticks.timers;
      all.ticks.timers.set = (work, ms) => {
        ticks.push(context.getStore());
        return set(work, ms);
      };
      await context.run('request', () => all.live.run(id, () => void seen.push(context.getStore())));
      assert.deepEqual([seen, ticks], [['request'], [undefined]]);
    });
  });

  QUnit.module('what is kept', () => {
    QUnit.test('the longest unused documents go when there are too many, and come back', async (assert) => {
      const all = world({ live: { mostIdle: 2 } });
      const ids: string[] = [];
      for (let index = 0; index < 4; index += 1) ids.push((await all.sessions.create({ index })).id);
      const [a = '', b = '', c = '', d = ''] = ids;
      const browser = await all.follow(a);
      for (const id of [b, c, b, d]) await all.live.run(id, () => undefined);
      // With a, which is followed: b and d.
      assert.equal(all.live.size, 3);
      const seat = await all.live.followers.start(b, 'name');
      await all.live.run(c, (session) => {
        if (session) session.data.x = 1;
      });
      assert.equal(all.live.size, 3);
      assert.deepEqual(
        [await all.stored(c), browser.goodbye, seat !== ''],
        [{ index: 2, x: 1 }, undefined, true],
      );
      browser.leave();
      assert.equal(all.live.size, 2, 'who is not followed any more is idle');
    });

    QUnit.test('a document that is expected by a socket stays, though none may be kept', async (assert) => {
      const all = world({ live: { mostIdle: 0, remember: 0 } });
      const { id } = await all.sessions.create({ a$: 1 });
      await all.live.run(id, () => undefined);
      assert.equal(all.live.size, 0);
      const place = await all.live.followers.followable(id);
      await all.tick();
      assert.equal(all.live.size, 1);
      const browser = await all.follow(id);
      assert.equal(browser.goodbye, undefined);
      browser.edit(replace('/a$', 2));
      await settled();
      assert.deepEqual(await all.stored(id), { a$: 2 });
      browser.leave();
      assert.equal(all.live.size, 0);
      assert.ok(place);
      // One that never comes.
      await all.live.followers.followable(id);
      for (let second = 0; second < 11; second += 1) await all.tick();
      assert.deepEqual([all.live.size, all.ticks.waiting.size], [0, 0]);
    });

    QUnit.test(
      'a document is forgotten some time after its last use, and one that is followed is not',
      async (assert) => {
        const all = world({ live: { remember: 10 * minute } });
        const [one, two] = [await all.sessions.create({ a: 1 }), await all.sessions.create({ a: 1 })];
        const browser = await all.follow(one.id);
        await all.live.run(two.id, () => undefined);
        await all.tick(10 * minute - 1);
        assert.equal(all.live.size, 2);
        await all.tick(1);
        assert.equal(all.live.size, 1);
        browser.leave();
        await all.tick(10 * minute);
        assert.deepEqual([all.live.size, all.ticks.waiting.size], [0, 0]);
        assert.deepEqual(await all.live.run(one.id, (session) => ({ ...session?.data })), { a: 1 });
        assert.equal(all.ticks.waiting.size, 1);
        // Each use counts anew.
        await all.tick(9 * minute);
        await all.live.run(one.id, () => undefined);
        await all.tick(9 * minute);
        assert.equal(all.live.size, 1);
      },
    );

    QUnit.test('a document that goes takes its watch for the end along', async (assert) => {
      const store = memoryStore();
      const { since } = store.ended;
      let asked = 0;
      store.ended.since = (...given) => {
        asked += 1;
        return since.apply(store.ended, given);
      };
      const all = world({ store, live: { mostIdle: 0 } });
      const { id } = await all.sessions.create({});
      await all.live.run(id, () => undefined);
      const before = asked;
      await all.sessions.hearEnds();
      assert.deepEqual([before, asked], [1, 1], 'nobody waits for an end');
    });

    QUnit.test('a socket that was expected and never came keeps nothing', async (assert) => {
      const all = world({ live: { mostIdle: 0 } });
      const { id } = await all.sessions.create({});
      await all.live.followers.followable(id);
      assert.equal(all.live.size, 1);
      for (let second = 0; second < 10; second += 1) await all.tick();
      assert.deepEqual([all.live.size, all.ticks.waiting.size], [0, 0]);
    });

    QUnit.test('what is at work stays', async (assert) => {
      const all = world({ live: { mostIdle: 0, remember: 0 } });
      const { id } = await all.sessions.create({});
      const { passed, open } = gate();
      const work = all.live.run(id, () => passed);
      await settled();
      await all.live.run((await all.sessions.create({})).id, () => undefined);
      await all.tick();
      assert.equal(all.live.size, 1);
      open();
      await work;
      assert.equal(all.live.size, 0);
    });
  });

  QUnit.module('data that is no document', () => {
    QUnit.test('is refused with config/type, or as the document refuses it', async (assert) => {
      const all = world();
      for (const data of [5, 'text', null, true]) {
        const { id } = await all.sessions.create(data as never);
        const expected = data === null ? 'no error' : 'config/type';
        assert.equal(await codeOf(() => all.live.run(id, () => undefined)), expected, String(data));
      }
      let deep: unknown = 1;
      for (let level = 0; level < 80; level += 1) deep = [deep];
      const { id } = await all.sessions.create({ deep } as never);
      const failure = await all.live.run(id, () => undefined).catch((error) => error.name);
      assert.equal(failure, 'DocumentTypeError');
      assert.deepEqual([all.sessions.exclusive.size, all.live.size > 1], [0, false]);
    });

    QUnit.test(
      'stored by a handler closes the sockets with 1011, and goes when it is a document again',
      async (assert) => {
        const all = world();
        const session = await all.sessions.create({ a: 1 });
        const browser = await all.follow(session.id);
        session.data = 5 as never;
        await session.save();
        assert.deepEqual([browser.goodbye, all.live.size, all.failures.length], ['1011 config/type', 0, 1]);
        assert.equal(await codeOf(() => all.live.run(session.id, () => undefined)), 'config/type');
        session.data = { b: 1 };
        await session.save();
        assert.deepEqual((await all.follow(session.id)).tree, { b: 1 });
      },
    );

    QUnit.test('stored by another process is met by the next use', async (assert) => {
      const all = world();
      const { id } = await all.sessions.create({ a: 1 });
      const browser = await all.follow(id);
      const theirs = await all.process().sessions.get(id);
      theirs.data = 'text' as never;
      await theirs.save();
      await assert.rejects(all.live.run(id, () => undefined));
      assert.deepEqual([browser.goodbye, all.live.size], ['1011 config/type', 0]);
    });

    QUnit.test('a list is one, for those without versions', async (assert) => {
      const all = world({ live: { versioning: false } });
      const { id } = await all.sessions.create([1] as never);
      await all.live.run(id, (session) => {
        (session as unknown as { data: number[] }).data.push(2);
      });
      assert.equal(await all.live.documentOf(id), '[1,2]');
    });
  });

  QUnit.test(
    'does not come up when the store is away as it is opened, and leaves no watch',
    async (assert) => {
      const inner = memoryStore();
      let gets = 0;
      let fails = true;
      const store: SessionStore = {
        ...inner,
        async get(...all) {
          gets += 1;
          if (fails && gets === 2) throw new Error('away');
          return inner.get(...all);
        },
      };
      const all = world({ store });
      const { id } = await all.sessions.create({});
      assert.equal(await codeOf(() => all.live.run(id, () => undefined)), 'store/unavailable');
      assert.deepEqual([all.live.size, all.sessions.exclusive.size], [0, 0]);
      fails = false;
      const browser = await all.follow(id);
      await all.sessions.delete(id);
      assert.equal(browser.goodbye, '4401 signed-out');
    },
  );
});
