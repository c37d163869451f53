import QUnit from 'qunit';
import type { Json } from '../../../src/protocol/messages.js';
import { SessionConflict } from '../../../src/server/core/errors.js';
import type { LiveSession } from '../../../src/server/live/live-session.js';
import { memoryStore } from '../../../src/server/stores/memory.js';
import { codeOf } from '../fixture.js';
import { watchedStore } from '../http/visits.js';
import { replace } from './channel/live-fixture.js';
import { type Doc, gate, interrupted, settled, world } from './live-world.js';

/** For tasks whose session is there. */
const having =
  <Result>(task: (session: LiveSession<Doc>) => Result) =>
  (session: LiveSession<Doc> | null): Result => {
    if (session === null) throw new Error('There is no session.');
    return task(session);
  };

const setting = (key: string, value: Json) =>
  having(({ data }) => {
    data[key] = value;
  });

const push = (list: Json | undefined, value: Json) => (list as Json[]).push(value);

const counting = having(({ data }) => {
  data.n = Number(data.n) + 1;
});

QUnit.module('server/live/uses', () => {
  QUnit.module('a task', () => {
    QUnit.test('gives what it gives, and has the session with all it keeps', async (assert) => {
      const { sessions, live, clock } = world();
      const { id, expiresAt } = await sessions.create({ a: 1 }, { id: 'ann', userData: { name: 'Ann' } });
      const seen = await live.run(
        id,
        having((session) => [
          session.id === id,
          session.uid,
          session.userData,
          session.created,
          session.lastAccess,
          session.expiresAt === expiresAt,
          session.labels,
          session.isAlive,
          session.isFollowed,
        ]),
      );
      assert.deepEqual(seen, [true, 'ann', { name: 'Ann' }, clock.time, clock.time, true, {}, true, false]);
    });

    QUnit.test('that fails leaves nothing, in the store, the document and with followers', async (assert) => {
      const { sessions, live, follow, stored } = world();
      const { id } = await sessions.create({ a: 1, list: [1], deep: { x: 1 } });
      const browser = await follow(id);
      const failure = await live
        .run(
          id,
          having(async (session) => {
            session.data.a = 2;
            push(session.data.list, 2);
            (session.data.deep as { x: number }).x = 2;
            session.labels = { l: 'l' };
            await settled();
            throw new Error('no');
          }),
        )
        .catch(String);
      assert.equal(failure, 'Error: no');
      const before = { a: 1, list: [1], deep: { x: 1 } };
      assert.deepEqual([await stored(id), browser.tree, browser.server], [before, before, 1]);
      assert.deepEqual(
        await live.run(
          id,
          having(({ data, labels }) => [{ ...data }, labels]),
        ),
        [before, {}],
      );
    });

    QUnit.test('that replaces the document and fails leaves the old one', async (assert) => {
      const { sessions, live, follow, stored } = world();
      const { id } = await sessions.create({ a: 1 });
      const browser = await follow(id);
      const failing = live.run(
        id,
        having((session) => {
          session.data = { b: 2 };
          throw new Error('no');
        }),
      );
      await assert.rejects(failing);
      await live.run(
        id,
        having((session) => {
          session.data.c = 3;
        }),
      );
      assert.deepEqual(
        [await stored(id), browser.tree],
        [
          { a: 1, c: 3 },
          { a: 1, c: 3 },
        ],
      );
    });

    QUnit.test('that changes nothing stores nothing, and tells nobody', async (assert) => {
      const { store, calls } = watchedStore();
      const { sessions, live, follow } = world({ store });
      const { id } = await sessions.create({ a: 1 });
      const browser = await follow(id);
      await live.run(
        id,
        having((session) => {
          session.data.a = 2;
          session.data.a = 1;
        }),
      );
      assert.deepEqual([calls.includes('update'), browser.server], [false, 1]);
    });

    QUnit.test('stores labels and the lifetime, once', async (assert) => {
      const { store, calls } = watchedStore();
      const { sessions, live, clock } = world({ store });
      const { id } = await sessions.create({ a: 1 });
      const during = await live.run(
        id,
        having(async (session) => {
          session.labels = { device: 'phone' };
          session.timeToLive = 1000;
          await session.push();
          return [session.labels, session.timeToLive, session.expiresAt];
        }),
      );
      assert.deepEqual(during, [{ device: 'phone' }, 1000, clock.time + 1000]);
      const session = await sessions.get(id);
      assert.deepEqual([session.labels, session.timeToLive], [{ device: 'phone' }, 1000]);
      assert.equal(calls.filter((name) => name === 'update').length, 1);
    });

    QUnit.test(
      'replaces the document: its followers get it as a whole, with their versions (SC-16)',
      async (assert) => {
        const { sessions, live, follow, stored } = world();
        const { id } = await sessions.create({ a$: 1 });
        const browser = await follow(id);
        browser.edit(replace('/a$', 2));
        await settled();
        await live.run(
          id,
          having((session) => {
            session.data = { b$: 1 };
            session.data.c = 2;
          }),
        );
        assert.deepEqual(JSON.parse(browser.port.texts.at(-1) ?? ''), [
          replace('/_ver#s', 3),
          { op: 'test', path: '/_ver#c$', value: 1 },
          replace('', { '_ver#c$': 1, '_ver#s': 3, b$: 1, c: 2 }),
        ]);
        browser.edit(replace('/b$', 2));
        await settled();
        assert.deepEqual([await stored(id), browser.goodbye], [{ b$: 2, c: 2 }, undefined]);
      },
    );

    QUnit.test(
      'keeps nothing of use: data throws afterwards, and what was kept of it changes nothing',
      async (assert) => {
        const { sessions, live, follow, stored } = world();
        const { id } = await sessions.create({ a: 1, list: [] });
        const browser = await follow(id);
        const kept = await live.run(
          id,
          having((session) => ({ session, data: session.data })),
        );
        for (const use of [
          () => kept.session.data,
          () => kept.session.push(),
          () => {
            kept.session.data = {};
          },
          () => {
            kept.session.labels = {};
          },
          () => {
            kept.session.timeToLive = 1;
          },
        ]) {
          assert.equal(await codeOf(use), 'session/not-found');
        }
        kept.data.a = 2;
        push(kept.data.list, 1);
        const other = await sessions.get(id);
        other.data.b = 1;
        await other.save();
        const expected = { a: 1, list: [], b: 1 };
        assert.deepEqual([browser.tree, await stored(id)], [expected, expected]);
        kept.data.a = 3;
        assert.deepEqual(
          await live.run(
            id,
            having(({ data }) => ({ ...data })),
          ),
          expected,
        );
        kept.data.a = 4;
        assert.deepEqual((await follow(id)).tree, expected);
      },
    );

    QUnit.test('refuses what no document holds, and what is too large (S79)', async (assert) => {
      const { sessions, live, follow, stored } = world({ sessions: { dataLimit: 100 } });
      const { id } = await sessions.create({ a: 1 });
      const browser = await follow(id);
      for (const value of [5, null, 'text', undefined]) {
        const failure = await live
          .run(
            id,
            having((session) => {
              session.data = value as unknown as Doc;
            }),
          )
          .catch((error) => error.name);
        assert.equal(failure, 'DocumentTypeError');
      }
      const large = live.run(
        id,
        having((session) => {
          session.data.a = 'x'.repeat(100);
        }),
      );
      assert.equal(await codeOf(() => large), 'session/size');
      assert.deepEqual([await stored(id), browser.tree, browser.goodbye], [{ a: 1 }, { a: 1 }, undefined]);
      assert.deepEqual(
        await live.run(
          id,
          having(({ data }) => ({ ...data })),
        ),
        { a: 1 },
      );
    });
  });

  QUnit.module('push (SC-85)', () => {
    QUnit.test('stores and tells at once what changed so far', async (assert) => {
      const { sessions, live, follow, stored } = world();
      const { id } = await sessions.create({ n: 0 });
      const browser = await follow(id);
      await live.run(
        id,
        having(async (session) => {
          for (const n of [1, 2]) {
            session.data.n = n;
            await session.push();
            assert.deepEqual([await stored(id), browser.tree], [{ n }, { n }]);
          }
          await session.push();
          assert.true(session.isFollowed);
        }),
      );
      assert.equal(browser.server, 3, 'nothing is told that is no news');
    });

    QUnit.test('stays when the task fails afterwards; what comes after it does not', async (assert) => {
      const { sessions, live, follow, stored } = world();
      const { id } = await sessions.create({ n: 0 });
      const browser = await follow(id);
      const failing = live.run(
        id,
        having(async (session) => {
          session.data.n = 1;
          await session.push();
          session.data.n = 2;
          throw new Error('no');
        }),
      );
      await assert.rejects(failing, /no/);
      assert.deepEqual([await stored(id), browser.tree], [{ n: 1 }, { n: 1 }]);
      assert.deepEqual(
        await live.run(
          id,
          having(({ data }) => ({ ...data })),
        ),
        { n: 1 },
      );
    });

    QUnit.test('that nobody waits for loses nothing of what changes meanwhile', async (assert) => {
      const { sessions, live, follow, stored } = world();
      const { id } = await sessions.create({});
      const browser = await follow(id);
      await live.run(
        id,
        having(async (session) => {
          session.data.a = 1;
          const pushes = [session.push(), session.push()];
          await undefined;
          session.data.b = 2;
          pushes.push(session.push());
          await Promise.resolve();
          session.data.c = 3;
          await Promise.all(pushes);
          session.data.d = 4;
          session.push();
        }),
      );
      const all = { a: 1, b: 2, c: 3, d: 4 };
      assert.deepEqual([await stored(id), browser.tree], [all, all]);
    });

    QUnit.test(
      'shows followers nothing that changed while it was stored, if the task fails then',
      async (assert) => {
        const { store, next } = interrupted();
        const { sessions, live, follow, stored } = world({ store });
        const { id } = await sessions.create({});
        const browser = await follow(id);
        const { passed, open } = gate();
        next(() => passed);
        const failing = live.run(
          id,
          having(async (session) => {
            session.data.a = 1;
            session.push();
            await settled();
            session.data.b = 2;
            open();
            throw new Error('no');
          }),
        );
        await assert.rejects(failing, /no/);
        assert.deepEqual([await stored(id), browser.tree], [{ a: 1 }, { a: 1 }]);
        assert.deepEqual(
          await live.run(
            id,
            having(({ data }) => ({ ...data })),
          ),
          { a: 1 },
        );
      },
    );

    QUnit.test('that goes on when the task fails ends first: then all is as it is stored', async (assert) => {
      const { store, next } = interrupted();
      const { sessions, live, follow, stored } = world({ store });
      const { id } = await sessions.create({});
      const browser = await follow(id);
      const { passed, open } = gate();
      next(() => passed);
      let isOver = false;
      const failing = live
        .run(
          id,
          having(async (session) => {
            session.data.a = 1;
            session.push();
            await settled();
            throw new Error('no');
          }),
        )
        .finally(() => {
          isOver = true;
        });
      const failed = assert.rejects(failing, /no/);
      await settled();
      assert.false(isOver);
      open();
      await failed;
      assert.deepEqual([await stored(id), browser.tree], [{ a: 1 }, { a: 1 }]);
      assert.deepEqual(
        await live.run(
          id,
          having(({ data }) => ({ ...data })),
        ),
        { a: 1 },
      );
    });

    QUnit.test('that fails while nobody waits for it makes the task fail at its end', async (assert) => {
      const { sessions, live } = world({ sessions: { dataLimit: 50 } });
      const { id } = await sessions.create({ a: 1 });
      let isAtEnd = false;
      const failing = live.run(
        id,
        having(async (session) => {
          session.data.big = 'x'.repeat(50);
          session.push();
          // Long enough for a rejection that nobody has handled to be noticed.
          await settled();
          isAtEnd = true;
        }),
      );
      assert.equal(await codeOf(() => failing), 'session/size');
      assert.true(isAtEnd);
    });

    QUnit.test('that fails makes the task fail, whatever it does then', async (assert) => {
      const { sessions, live, follow, stored } = world({ sessions: { dataLimit: 50 } });
      const { id } = await sessions.create({ a: 1 });
      const browser = await follow(id);
      const failing = live.run(
        id,
        having(async (session) => {
          session.data.big = 'x'.repeat(50);
          assert.equal(await codeOf(() => session.push()), 'session/size');
          delete session.data.big;
          session.data.b = 1;
        }),
      );
      assert.equal(await codeOf(() => failing), 'session/size');
      assert.deepEqual([await stored(id), browser.tree], [{ a: 1 }, { a: 1 }]);
    });
  });

  QUnit.module('within a task', () => {
    QUnit.test('a run for the same session is part of it', async (assert) => {
      const { sessions, live, follow, stored } = world();
      const { id } = await sessions.create({ a: 1 });
      const browser = await follow(id);
      const failing = live.run(
        id,
        having(async (outer) => {
          outer.data.a = 2;
          const result = await live.run(
            id,
            having((inner) => {
              assert.equal(inner.data.a, 2);
              inner.data.b = 1;
              return 'inner';
            }),
          );
          await live.scheduleTask(
            id,
            having((inner) => {
              inner.data.c = 1;
            }),
            true,
          );
          assert.deepEqual([result, { ...outer.data }], ['inner', { a: 2, b: 1, c: 1 }]);
          assert.deepEqual([await stored(id), browser.tree], [{ a: 1 }, { a: 1 }]);
          throw new Error('no');
        }),
      );
      await assert.rejects(failing, /no/);
      assert.deepEqual([await stored(id), browser.tree], [{ a: 1 }, { a: 1 }]);
    });

    QUnit.test('two runs at once, one of which pushes, lose nothing', async (assert) => {
      const { sessions, live, follow, stored } = world();
      const { id } = await sessions.create({ list: [] });
      const browser = await follow(id);
      await live.run(id, () =>
        Promise.all(
          [1, 2, 3].map((value) =>
            live.run(
              id,
              having(async (session) => {
                for (let turn = 0; turn < value; turn += 1) await undefined;
                push(session.data.list, value);
                if (value > 1) await session.push();
                push(session.data.list, -value);
              }),
            ),
          ),
        ),
      );
      const { list } = (await stored(id)) as { list: number[] };
      assert.deepEqual(
        [...list].sort((a, b) => a - b),
        [-3, -2, -1, 1, 2, 3],
      );
      assert.deepEqual(browser.tree, { list });
    });

    QUnit.test('another session is used beside it', async (assert) => {
      const { sessions, live, stored } = world();
      const [one, two] = [await sessions.create({ a: 1 }), await sessions.create({ a: 1 })];
      await live.run(
        one.id,
        having(async (first) => {
          await live.run(
            two.id,
            having((second) => {
              second.data.a = 2;
            }),
          );
          first.data.a = ((await stored(two.id)) as { a: number }).a + 1;
        }),
      );
      assert.deepEqual([await stored(one.id), await stored(two.id)], [{ a: 3 }, { a: 2 }]);
    });

    QUnit.test('a save of the same session goes together with what the task does, once', async (assert) => {
      const { sessions, live, follow, stored } = world();
      const { id } = await sessions.create({ a: 1 });
      const browser = await follow(id);
      let runs = 0;
      await live.run(
        id,
        having(async (session) => {
          runs += 1;
          session.data.a = 2;
          const copy = await sessions.get(id);
          copy.data.b = 1;
          await copy.save();
        }),
      );
      assert.deepEqual([runs, await stored(id), browser.tree], [1, { a: 2, b: 1 }, { a: 2, b: 1 }]);
    });

    QUnit.test('a save of the same session is shown when the task does nothing, or fails', async (assert) => {
      const { sessions, live, follow } = world();
      const { id } = await sessions.create({ a: 1 });
      const browser = await follow(id);
      const save = async (value: number) => {
        const copy = await sessions.get(id);
        copy.data.a = value;
        await copy.save();
      };
      await live.run(id, () => save(2));
      assert.deepEqual(browser.tree, { a: 2 });
      const failing = live.run(
        id,
        having(async (session) => {
          await save(3);
          session.data.b = 1;
          throw new Error('no');
        }),
      );
      await assert.rejects(failing, /no/);
      assert.deepEqual(browser.tree, { a: 3 });
    });

    QUnit.test(
      'a save of what is no document closes the sockets, and the task has its result',
      async (assert) => {
        const { sessions, live, follow, failures } = world();
        const { id } = await sessions.create({ a: 1 });
        for (const fails of [false, true]) {
          const browser = await follow(id);
          const work = live.run(
            id,
            having(async (session) => {
              if (fails) session.data.b = 1;
              const copy = await sessions.get(id);
              copy.data = 5 as never;
              await copy.save();
              if (fails) throw new Error('no');
              return 'done';
            }),
          );
          assert.equal(await work.catch(String), fails ? 'Error: no' : 'done');
          assert.deepEqual(
            [browser.goodbye, live.size, failures.splice(0).length],
            ['1011 config/type', 0, 1],
          );
          const copy = await sessions.get(id);
          copy.data = { a: 1 };
          await copy.save();
        }
      },
    );

    QUnit.test('a save that contradicts the task makes it fail, once', async (assert) => {
      const { sessions, live, follow } = world();
      const { id } = await sessions.create({ a: 1 });
      const browser = await follow(id);
      let runs = 0;
      const failing = live.run(
        id,
        having(async (session) => {
          runs += 1;
          session.data.a = 2;
          const copy = await sessions.get(id);
          copy.data.a = 3;
          await copy.save();
        }),
      );
      assert.equal(await codeOf(() => failing), 'session/conflict');
      assert.deepEqual([runs, browser.tree], [1, { a: 3 }]);
    });
  });

  QUnit.module('waiting', () => {
    QUnit.test('tasks of one session take turns; those of others do not wait (SC-13)', async (assert) => {
      const { sessions, live } = world();
      const [one, two] = [await sessions.create({}), await sessions.create({})];
      const order: string[] = [];
      const { passed, open } = gate();
      const task = (name: string, wait?: Promise<void>) => async () => {
        order.push(`${name} begins`);
        await wait;
        order.push(`${name} ends`);
      };
      const work = [
        live.run(one.id, task('first', passed)),
        live.run(one.id, task('second')),
        live.run(two.id, task('other')),
      ];
      await settled();
      assert.deepEqual(order, ['first begins', 'other begins', 'other ends']);
      open();
      await Promise.all(work);
      assert.deepEqual(order.slice(3), ['first ends', 'second begins', 'second ends']);
    });

    QUnit.test('is bounded: session/busy, for tasks, patches and the document (SC-13)', async (assert) => {
      const { sessions, live, waits, follow, clock } = world({ live: { waitMs: 1234 } });
      const { id } = await sessions.create({ a$: 1 });
      const browser = await follow(id);
      const { passed, open } = gate();
      const work = live.run(id, () => passed);
      await settled();
      const waiting = [
        codeOf(() => live.run(id, () => assert.true(false, 'never called'))),
        codeOf(() => live.scheduleTask(id, () => undefined, true)),
        codeOf(() => live.documentOf(id)),
        codeOf(() => live.followers.reconnect(id, '', [])),
      ];
      browser.edit(replace('/a$', 2));
      await settled();
      assert.deepEqual(
        [...waits.waiting.values()].map(({ ms }) => ms),
        Array(5).fill(1234),
      );
      clock.time += 1234;
      waits.fire();
      assert.deepEqual(await Promise.all(waiting), Array(4).fill('session/busy'));
      await settled();
      assert.equal(browser.goodbye, '1013 session/busy');
      open();
      await work;
      assert.deepEqual(
        await live.run(
          id,
          having(({ data }) => ({ ...data })),
        ),
        { a$: 1 },
      );
      assert.equal(sessions.exclusive.size, 0);
    });

    QUnit.test('a task that waits for itself over another session gets session/busy', async (assert) => {
      const { sessions, live, waits } = world();
      const [one, two] = [await sessions.create({}), await sessions.create({})];
      const crossed = (own: string, other: string) =>
        codeOf(() =>
          live.run(own, async () => {
            await settled();
            await live.run(other, () => undefined);
          }),
        );
      const both = Promise.all([crossed(one.id, two.id), crossed(two.id, one.id)]);
      await settled();
      await settled();
      assert.equal(waits.waiting.size, 2);
      const [first] = waits.waiting.values();
      first?.work();
      assert.deepEqual((await both).sort(), ['no error', 'session/busy']);
    });
  });

  QUnit.module('a session that is over', () => {
    QUnit.test(
      'ends in the task: its sockets close, nothing is stored, and the task goes on',
      async (assert) => {
        const { sessions, live, follow, stored } = world();
        const { id } = await sessions.create({ a: 1 });
        const browser = await follow(id);
        const log: string[] = [];
        const result = await live.run(
          id,
          having(async (session) => {
            await session.onDestroy(({ reason }) => void log.push(`${reason} after ${browser.goodbye}`));
            session.data.a = 2;
            assert.true(await session.delete('revoked'));
            assert.deepEqual(
              [session.isAlive, await codeOf(() => session.data)],
              [false, 'session/not-found'],
            );
            assert.false(await session.delete());
            return 'done';
          }),
        );
        assert.deepEqual(
          [result, log, browser.goodbye],
          ['done', ['revoked after 4401 revoked'], '4401 revoked'],
        );
        assert.deepEqual([await stored(id), live.size], [undefined, 0]);
      },
    );

    QUnit.test('ends outside while a task is at work: it fails if it changed something', async (assert) => {
      for (const [changes, code] of [
        [true, 'session/not-found'],
        [false, 'no error'],
      ] as const) {
        const { sessions, live, follow } = world();
        const { id } = await sessions.create({ a: 1 });
        const browser = await follow(id);
        const work = live.run(
          id,
          having(async (session) => {
            if (changes) session.data.a = 2;
            await sessions.destroy(id, 'idle');
          }),
        );
        assert.equal(await codeOf(() => work), code);
        assert.deepEqual([browser.goodbye, live.size], ['4401 idle', 0]);
      }
    });

    QUnit.test(
      'is null for a task that comes then, even when it ends as its document is opened',
      async (assert) => {
        for (const gets of [1, 2]) {
          const store = memoryStore();
          const { get } = store;
          const { sessions, live, process } = world({ store });
          const other = process();
          const { id } = await sessions.create({ a: 1 });
          let left = gets;
          // Between the look at the session and the wish to hear of its end; and when that is known.
          store.get = async (...all) => {
            const record = await get(...all);
            left -= 1;
            if (left === 0) {
              await other.sessions.destroy(id);
              await sessions.hearEnds();
            }
            return record;
          };
          assert.equal(await live.run(id, (session) => session), null);
          assert.deepEqual([left <= 0, live.size], [true, 0]);
        }
      },
    );
  });

  QUnit.module('two processes', () => {
    QUnit.test('a task runs again with what the other stored', async (assert) => {
      const { store, next } = interrupted();
      const { sessions, live, process, follow, stored } = world({ store });
      const other = process();
      const { id } = await sessions.create({ list: [1] });
      const browser = await follow(id);
      const seen: Json[] = [];
      next(async () => {
        const theirs = await other.sessions.get(id);
        push(theirs.data.list, 2);
        await theirs.save();
      });
      await live.run(
        id,
        having((session) => {
          seen.push(JSON.parse(JSON.stringify(session.data.list)));
          push(session.data.list, 3);
        }),
      );
      assert.deepEqual(seen, [[1], [1, 2]]);
      assert.deepEqual([await stored(id), browser.tree], [{ list: [1, 2, 3] }, { list: [1, 2, 3] }]);
    });

    QUnit.test('a task runs again, too, when it catches the conflict of its push', async (assert) => {
      const { store, next } = interrupted();
      const { sessions, live, process, stored } = world({ store });
      const other = process();
      const { id } = await sessions.create({ a: 1 });
      const codes: string[] = [];
      next(() => other.live.run(id, setting('a', 2)));
      await live.run(
        id,
        having(async (session) => {
          session.data.b = Number(session.data.a) + 1;
          codes.push(await codeOf(() => session.push()));
        }),
      );
      assert.deepEqual([codes, await stored(id)], [['session/conflict', 'no error'], { a: 2, b: 3 }]);
    });

    QUnit.test(
      'a task that has told something does not run again: both go together, or it fails',
      async (assert) => {
        for (const [key, code, data] of [
          ['theirs', 'no error', { a: 1, b: 2, theirs: 0 }],
          ['b', 'session/conflict', { a: 1, b: 0 }],
        ] as const) {
          const { store, next } = interrupted();
          const { sessions, live, process, follow, stored } = world({ store });
          const other = process();
          const { id } = await sessions.create({});
          const browser = await follow(id);
          let runs = 0;
          next(async () => undefined);
          next(() => other.live.run(id, setting(key, 0)));
          const work = live.run(
            id,
            having(async (session) => {
              runs += 1;
              session.data.a = 1;
              await session.push();
              session.data.b = 2;
            }),
          );
          assert.equal(await codeOf(() => work), code);
          assert.deepEqual([runs, await stored(id)], [1, data]);
          assert.deepEqual(
            await live.run(
              id,
              having((session) => ({ ...session.data })),
            ),
            data,
          );
          assert.deepEqual(browser.tree, data);
        }
      },
    );

    QUnit.test(
      'a task fails when it changes something while a push is merged: what is stored stays',
      async (assert) => {
        const { store, next } = interrupted();
        const { sessions, live, process, follow, stored } = world({ store });
        const other = process();
        const { id } = await sessions.create({});
        const browser = await follow(id);
        const { passed, open } = gate();
        next(async () => undefined);
        next(async () => {
          await other.live.run(id, setting('theirs', 1));
          await passed;
        });
        const work = live.run(
          id,
          having(async (session) => {
            session.data.a = 1;
            await session.push();
            session.data.b = 2;
            const pushing = session.push();
            await settled();
            session.data.c = 3;
            open();
            await pushing;
          }),
        );
        assert.equal(await codeOf(() => work), 'session/conflict');
        const all = { a: 1, b: 2, theirs: 1 };
        assert.deepEqual([await stored(id), browser.tree], [all, all]);
        assert.deepEqual(
          await live.run(
            id,
            having(({ data }) => ({ ...data })),
          ),
          all,
        );
      },
    );

    QUnit.test('a conflict of the task’s own making does not make it run again', async (assert) => {
      const { sessions, live } = world();
      const { id } = await sessions.create({ a: 1 });
      let runs = 0;
      const work = live.run(id, () => {
        runs += 1;
        throw new SessionConflict([]);
      });
      assert.deepEqual([await codeOf(() => work), runs], ['session/conflict', 1]);
    });

    QUnit.test('a task that loses every time gives up: session/busy', async (assert) => {
      const { store, next } = interrupted();
      const { sessions, live, process, stored } = world({ store });
      const other = process();
      const { id } = await sessions.create({ n: 0 });
      // Each of their own updates takes one, too.
      for (let turn = 0; turn < 20; turn += 1) {
        next(() => other.live.run(id, counting));
        next(async () => undefined);
      }
      let runs = 0;
      const work = live.run(
        id,
        having((session) => {
          runs += 1;
          session.data.mine = 1;
        }),
      );
      assert.deepEqual([await codeOf(() => work), runs, await stored(id)], ['session/busy', 20, { n: 20 }]);
    });

    QUnit.test(
      'a patch of a client is merged with what the other stored, and both are told',
      async (assert) => {
        const { store, next } = interrupted();
        const { sessions, live, process, follow, stored } = world({ store });
        const other = process();
        const { id } = await sessions.create({ a$: 1, b: 1 });
        const [one, two] = [await follow(id), await follow(id)];
        next(() => other.live.run(id, setting('b', 2)));
        one.edit(replace('/a$', 2));
        await settled();
        const both = { a$: 2, b: 2 };
        assert.deepEqual([await stored(id), one.tree, two.tree, one.confirmed], [both, both, both, 1]);
        assert.deepEqual(
          await live.run(
            id,
            having(({ data }) => ({ ...data })),
          ),
          both,
        );
      },
    );

    QUnit.test(
      'a patch that contradicts the other is given back: 1013 on a socket, 409 over HTTP',
      async (assert) => {
        const { store, next } = interrupted();
        const { sessions, live, process, follow, stored, failures } = world({ store });
        const other = process();
        const { id } = await sessions.create({ a$: 1 });
        const [one, two] = [await follow(id), await follow(id)];
        next(() => other.live.run(id, setting('a$', 3)));
        one.edit(replace('/a$', 2));
        await settled();
        assert.deepEqual([one.goodbye, failures], ['1013 session/conflict', []]);
        await live.followers.start(id, 'http');
        next(() => other.live.run(id, setting('a$', 4)));
        const patch = [replace('/_ver#c$', 1), { op: 'test', path: '/_ver#s', value: 0 }, replace('/a$', 2)];
        const work = live.followers.patch(id, 'http', patch, false);
        assert.equal(await codeOf(() => work), 'session/conflict');
        await live.run(id, () => undefined);
        assert.deepEqual([await stored(id), two.tree], [{ a$: 4 }, { a$: 4 }]);
      },
    );
  });

  QUnit.module('a store that is away', () => {
    QUnit.test('makes a task fail, and leaves the document as it was', async (assert) => {
      const { store, broken } = watchedStore();
      const { sessions, live, follow, stored } = world({ store });
      const { id } = await sessions.create({ a: 1, list: [1] });
      const browser = await follow(id);
      broken.add('update');
      const work = live.run(
        id,
        having((session) => {
          session.data.a = 2;
          push(session.data.list, 2);
        }),
      );
      assert.equal(await codeOf(() => work), 'store/unavailable');
      broken.clear();
      const before = { a: 1, list: [1] };
      assert.deepEqual([await stored(id), browser.tree, browser.goodbye], [before, before, undefined]);
      await live.run(
        id,
        having((session) => {
          session.data.b = 1;
        }),
      );
      assert.deepEqual(
        [await stored(id), browser.tree],
        [
          { ...before, b: 1 },
          { ...before, b: 1 },
        ],
      );
    });

    QUnit.test('makes a task fail before it begins', async (assert) => {
      const { store, broken } = watchedStore();
      const { sessions, live } = world({ store });
      const { id } = await sessions.create({});
      broken.add('get');
      assert.equal(
        await codeOf(() => live.run(id, () => assert.true(false, 'never called'))),
        'store/unavailable',
      );
      broken.clear();
      assert.deepEqual([sessions.exclusive.size, live.size], [0, 0]);
    });

    QUnit.test('gives a client its patch back: 1013, and all others see what was before', async (assert) => {
      const { store, broken } = watchedStore();
      const { sessions, live, follow, stored } = world({ store });
      const { id } = await sessions.create({ a$: 1 });
      const [one, two] = [await follow(id, 'one'), await follow(id, 'two')];
      await live.followers.start(id, 'http');
      broken.add('update');
      one.edit(replace('/a$', 2));
      await settled();
      assert.equal(one.goodbye, '1013 store/unavailable');
      const patch = [replace('/_ver#c$', 1), { op: 'test', path: '/_ver#s', value: 0 }, replace('/a$', 2)];
      const work = live.followers.patch(id, 'http', patch, false);
      assert.equal(await codeOf(() => work), 'store/unavailable');
      broken.clear();
      assert.deepEqual([await stored(id), two.tree], [{ a$: 1 }, { a$: 1 }]);
      const { body } = await live.followers.patch(id, 'http', [], true);
      assert.deepEqual(JSON.parse(body).a$, 1);
    });

    QUnit.test('and stored a patch all the same: the next use shows it', async (assert) => {
      const { store } = watchedStore();
      const { update } = store;
      const { sessions, live, follow, stored } = world({ store });
      const { id } = await sessions.create({ a: 1 });
      const browser = await follow(id);
      store.update = async (...all) => {
        await update(...all);
        throw new Error('gone');
      };
      const work = live.run(
        id,
        having((session) => {
          session.data.a = 2;
        }),
      );
      assert.equal(await codeOf(() => work), 'store/unavailable');
      store.update = update;
      assert.deepEqual([await stored(id), browser.tree], [{ a: 2 }, { a: 1 }]);
      await live.run(id, () => undefined);
      assert.deepEqual(browser.tree, { a: 2 });
    });
  });

  QUnit.test(
    'a patch that makes the data too large changes nothing: 1009, and session/size (S79)',
    async (assert) => {
      const { sessions, live, follow, stored } = world({ sessions: { dataLimit: 60 } });
      const { id } = await sessions.create({ a$: 'a' });
      const [one, two] = [await follow(id), await follow(id)];
      await live.followers.start(id, 'http');
      one.edit(replace('/a$', 'x'.repeat(80)));
      await settled();
      const patch = [
        replace('/_ver#c$', 1),
        { op: 'test', path: '/_ver#s', value: 0 },
        replace('/a$', 'x'.repeat(80)),
      ];
      assert.equal(await codeOf(() => live.followers.patch(id, 'http', patch, false)), 'session/size');
      assert.deepEqual(
        [one.goodbye, await stored(id), two.tree],
        ['1009 session/size', { a$: 'a' }, { a$: 'a' }],
      );
      two.edit(replace('/a$', 'b'));
      await settled();
      assert.deepEqual(await stored(id), { a$: 'b' });
    },
  );
});
