import QUnit from 'qunit';
import { SessionError } from '../../../src/protocol/errors.js';
import { createSessions } from '../../../src/server/core/sessions.js';
import { createLiveSessions } from '../../../src/server/live/live-sessions.js';
import { memoryStore } from '../../../src/server/stores/memory.js';
import { codeOf } from '../fixture.js';
import { replace } from './channel/live-fixture.js';
import { gate, settled, world } from './live-world.js';

QUnit.module('server/live/live-sessions', () => {
  QUnit.module('one way to write', () => {
    QUnit.test('shows all followers what a request handler saves', async (assert) => {
      const { sessions, follow } = world();
      const { id } = await sessions.create({ list: [1], name$: 'Ann' });
      const browsers = [await follow(id), await follow(id, 'other')];
      const session = await sessions.get(id);
      session.data.list = [0, 1];
      await session.save();
      for (const { tree, port } of browsers) {
        assert.deepEqual(tree, { list: [0, 1], name$: 'Ann' });
        assert.deepEqual(JSON.parse(port.texts[1] ?? '').slice(2), [
          { op: 'add', path: '/list/0', value: 0 },
        ]);
      }
    });

    QUnit.test('shows them what a task does, when it is stored and not before', async (assert) => {
      const { sessions, live, follow, stored } = world();
      const { id } = await sessions.create({ n: 1 });
      const browser = await follow(id);
      await live.run(id, async (session) => {
        if (session) session.data.n = 2;
        await settled();
        assert.deepEqual([browser.tree, await stored(id)], [{ n: 1 }, { n: 1 }]);
      });
      assert.deepEqual([browser.tree, await stored(id)], [{ n: 2 }, { n: 2 }]);
    });

    QUnit.test(
      'shows a patch over HTTP to sockets, and one of a socket to HTTP and sockets',
      async (assert) => {
        const { sessions, live, follow, stored } = world();
        const { id } = await sessions.create({ a$: 1, b$: 1 });
        const one = await follow(id, 'one');
        const two = await follow(id, 'two');
        await live.followers.start(id, 'http');
        const patch = [replace('/_ver#c$', 1), { op: 'test', path: '/_ver#s', value: 0 }, replace('/a$', 2)];
        const { outcome, body } = await live.followers.patch(id, 'http', patch, false);
        assert.equal(outcome.kind, 'applied');
        assert.deepEqual(JSON.parse(body), [
          { op: 'replace', path: '/_ver#s', value: 1 },
          { op: 'test', path: '/_ver#c$', value: 1 },
        ]);
        assert.deepEqual(
          [one.tree, two.tree],
          [
            { a$: 2, b$: 1 },
            { a$: 2, b$: 1 },
          ],
        );
        one.edit(replace('/b$', 2));
        await settled();
        assert.deepEqual(
          [two.tree, one.confirmed, await stored(id)],
          [{ a$: 2, b$: 2 }, 1, { a$: 2, b$: 2 }],
        );
        assert.deepEqual(JSON.parse(await live.followers.changes(id, 'http')).slice(2), [replace('/b$', 2)]);
      },
    );

    QUnit.test('counts an access for a task, a patch, a ping and a push (SC-05)', async (assert) => {
      const { sessions, live, follow, clock } = world();
      const { id } = await sessions.create({ a$: 1 });
      const browser = await follow(id);
      const accessed = async (work: () => unknown) => {
        clock.time += 1000;
        await work();
        await settled();
        assert.equal((await sessions.peek(id))?.lastAccess, clock.time);
      };
      await accessed(() => live.run(id, () => undefined));
      await accessed(() => live.scheduleTask(id, () => undefined));
      await accessed(() => browser.edit(replace('/a$', 2)));
      await accessed(() => browser.say([]));
      await accessed(() => live.documentOf(id));
      await accessed(() =>
        live.run(id, async (session) => {
          clock.time += 1000;
          if (session) session.data.a$ = 3;
          await session?.push();
          assert.equal((await sessions.peek(id))?.lastAccess, clock.time);
        }),
      );
    });
  });

  QUnit.test(
    'answers a handler with the document as a client that begins gets it (SC-60)',
    async (assert) => {
      const { sessions, live } = world();
      const { id } = await sessions.create({ a$: 1 });
      assert.equal(await live.documentOf(id), '{"_ver#c$":0,"_ver#s":0,"a$":1}');
      assert.equal(await codeOf(() => live.documentOf('nobody')), 'session/not-found');
    },
  );

  QUnit.test('refuses the document within a task with the same session, at once', async (assert) => {
    const { sessions, live } = world();
    const { id } = await sessions.create({ a$: 1 });
    const other = await sessions.create({ b$: 1 });
    await live.run(id, async () => {
      assert.equal(await codeOf(() => live.documentOf(id)), 'session/active');
      assert.equal(await live.documentOf(other.id), '{"_ver#c$":0,"_ver#s":0,"b$":1}');
    });
    assert.equal(await live.documentOf(id), '{"_ver#c$":0,"_ver#s":0,"a$":1}');
  });

  QUnit.module('patchFor (SC-69)', () => {
    QUnit.test('gives the patch of the session to whoever asks for one first', async (assert) => {
      const { sessions, live } = world();
      const { id } = await sessions.create({ a$: 1 });
      await live.documentOf(id);
      await live.run(id, (session) => {
        if (session) session.data.a$ = 2;
      });
      const text = await live.patchFor('Application/JSON-Patch+json;q=0.9, text/html', id);
      assert.deepEqual(JSON.parse(text ?? ''), [
        replace('/_ver#s', 1),
        { op: 'test', path: '/_ver#c$', value: 0 },
        replace('/a$', 2),
      ]);
    });

    QUnit.test('gives nothing to whoever wants the page', async (assert) => {
      const { live } = world();
      for (const accept of [undefined, '', 'text/html, application/json-patch+json', '*/*']) {
        assert.equal(await live.patchFor(accept, undefined), undefined);
      }
    });

    QUnit.test('rejects with 406 without a session', async (assert) => {
      const { live } = world();
      const failure = await live.patchFor('application/json-patch+json', undefined).catch((error) => error);
      assert.true(failure instanceof SessionError);
      assert.deepEqual([failure.code, failure.status], ['request/not-acceptable', 406]);
    });
  });

  QUnit.module('input handlers (SC-93)', () => {
    QUnit.test('see the session, change and cancel what a client does', async (assert) => {
      const { sessions, live, follow } = world();
      const { id } = await sessions.create({ age$: 1, name$: 'Ann' }, { id: 'ann' });
      const browser = await follow(id);
      const seen: unknown[] = [];
      const off = live.onInput('/age$', (input, session) => {
        seen.push([session.id === id, session.uid, session.data.age$, session.isAlive, input.value]);
        if (Number(input.value) > 150) input.value = 150;
      });
      live.onInput('/name$', (input) => input.cancel());
      browser.edit(replace('/age$', 200));
      await settled();
      browser.edit(replace('/name$', 'Bob'));
      await settled();
      assert.deepEqual(seen, [[true, 'ann', 1, true, 200]]);
      assert.deepEqual(browser.tree, { age$: 150, name$: 'Ann' });
      off();
      browser.edit(replace('/age$', 200));
      await settled();
      assert.deepEqual([browser.tree, seen.length], [{ age$: 200, name$: 'Ann' }, 1]);
    });

    QUnit.test('may change the document beside it, and the labels', async (assert) => {
      const { sessions, live, follow, stored } = world();
      const { id } = await sessions.create({ a$: 1, log: [] });
      const [one, two] = [await follow(id), await follow(id)];
      live.onInput('/a$', (input, session) => {
        (session.data.log as unknown[]).push(input.value);
        session.labels = { last: String(input.value) };
        input.cancel();
      });
      one.edit(replace('/a$', 2));
      await settled();
      for (const { tree } of [one, two]) assert.deepEqual(tree, { a$: 1, log: [2] });
      assert.deepEqual(await stored(id), { a$: 1, log: [2] });
      assert.deepEqual((await sessions.peek(id))?.labels, { last: '2' });
    });

    QUnit.test('store labels when nothing of the document changes', async (assert) => {
      const { sessions, live, follow } = world();
      const { id } = await sessions.create({ a$: 1 });
      const browser = await follow(id);
      live.onInput('/a$', (input, session) => {
        session.labels = { tried: String(input.value) };
        input.cancel();
      });
      browser.edit(replace('/a$', 2));
      await settled();
      assert.deepEqual((await sessions.peek(id))?.labels, { tried: '2' });
    });

    QUnit.test('lose the session when they take time: it is of use at once only', async (assert) => {
      const { sessions, live, follow, failures } = world();
      const { id } = await sessions.create({ a$: 1 });
      const browser = await follow(id);
      let late: Promise<string> | undefined;
      live.onInput('/a$', (_, session) => {
        late = Promise.resolve().then(() => codeOf(() => session.data));
      });
      browser.edit(replace('/a$', 2));
      await settled();
      assert.equal(await late, 'session/not-found');
      assert.deepEqual([failures, browser.tree], [[], { a$: 2 }]);
    });

    QUnit.test('cannot end the session, nor store it, while the patch is at work', async (assert) => {
      const { sessions, live, follow } = world();
      const { id } = await sessions.create({ a$: 1 });
      const browser = await follow(id);
      const codes: Promise<string>[] = [];
      live.onInput('/a$', (_, session) => {
        const own = session as unknown as { push(): Promise<void>; delete(): Promise<boolean> };
        codes.push(
          codeOf(() => own.push()),
          codeOf(() => own.delete()),
        );
      });
      browser.edit(replace('/a$', 2));
      await settled();
      assert.deepEqual(await Promise.all(codes), ['session/active', 'session/active']);
      assert.deepEqual(
        [await live.run(id, (session) => session?.isAlive), browser.goodbye],
        [true, undefined],
      );
    });

    QUnit.test(
      'schedule tasks that come after the patch: for their session and for others',
      async (assert) => {
        const { sessions, live, follow } = world();
        const { id } = await sessions.create({ a$: 1, later: '' });
        const other = await sessions.create({ told: '' });
        const [one, two] = [await follow(id), await follow(other.id)];
        const order: string[] = [];
        live.onInput('/a$', (input) => {
          const value = String(input.value);
          for (const waits of [false, true]) {
            live.scheduleTask(
              id,
              (session) => {
                order.push(`task sees ${session?.data.a$}`);
                if (session) session.data.later = value;
              },
              waits,
            );
          }
          live.run(other.id, (session) => {
            if (session) session.data.told = value;
          });
          live.documentOf(id).then((text) => order.push(text));
          order.push('handler');
        });
        one.edit(replace('/a$', 2));
        await settled();
        assert.deepEqual(order, [
          'handler',
          'task sees 2',
          'task sees 2',
          '{"_ver#c$":0,"_ver#s":4,"a$":2,"later":"2"}',
        ]);
        assert.deepEqual([one.tree, two.tree], [{ a$: 2, later: '2' }, { told: '2' }]);
      },
    );

    QUnit.test('cancel the input when they throw, and onError hears of it', async (assert) => {
      const { sessions, live, follow, failures } = world();
      const { id } = await sessions.create({ a$: 1 });
      const browser = await follow(id);
      live.onInput('/a$', () => {
        throw new Error('no');
      });
      browser.edit(replace('/a$', 2));
      await settled();
      assert.deepEqual([browser.tree, failures.map(String)], [{ a$: 1 }, ['Error: no']]);
    });
  });

  QUnit.module('close', () => {
    QUnit.test('closes all sockets with 1001, forgets all documents and stops its timer', async (assert) => {
      const { sessions, live, follow, ticks, waits } = world();
      const { id } = await sessions.create({ a: 1 });
      const browser = await follow(id);
      assert.deepEqual([live.size, ticks.waiting.size], [1, 1]);
      live.close();
      assert.equal(browser.goodbye, '1001 The server shuts down.');
      assert.deepEqual([live.size, ticks.waiting.size, waits.waiting.size], [0, 0, 0]);
      assert.deepEqual((await sessions.get(id)).data, { a: 1 }, 'the session lives on');
    });

    QUnit.test('keeps nothing of what is used afterwards', async (assert) => {
      const { sessions, live, ticks, stored } = world();
      const { id } = await sessions.create({ a: 1 });
      live.close();
      await live.run(id, (session) => {
        if (session) session.data.a = 2;
      });
      assert.deepEqual([live.size, ticks.waiting.size, await stored(id)], [0, 0, { a: 2 }]);
      const place = await live.followers.followable(id);
      let goodbye = '';
      const port = {
        send() {},
        ping() {},
        terminate() {},
        tellDrained() {},
        buffered: 0,
        close: (code: number) => {
          goodbye = String(code);
        },
      };
      place.attach('', 'server-first', port);
      assert.equal(goodbye, '1013');
    });

    QUnit.test('lets the task that is at work end, and stores what it did', async (assert) => {
      const { sessions, live, stored, ticks } = world();
      const { id } = await sessions.create({ a: 1 });
      const { passed, open } = gate();
      const work = live.run(id, async (session) => {
        await passed;
        if (session) session.data.a = 2;
        await session?.push();
        if (session) session.data.b = 3;
      });
      await settled();
      live.close();
      open();
      await work;
      assert.deepEqual([await stored(id), live.size, ticks.waiting.size], [{ a: 2, b: 3 }, 0, 0]);
    });
  });

  QUnit.test('says where documents are', (assert) => {
    assert.deepEqual(
      [world().live.prefix, world({ live: { name: 'my.db' } }).live.prefix],
      ['/__default/', '/__my.db/'],
    );
  });

  const wrong: readonly (readonly [option: string, values: readonly unknown[]])[] = [
    ['name', ['', 'a/b', 'a b', 1, 'x'.repeat(65)]],
    ['versioning', [1, 'yes']],
    ['replaces', [0, 'newest']],
    ['mostFollowers', [0, 100_001, 1.5]],
    ['remember', [-1, 2 ** 31, Number.NaN]],
    ['mostIdle', [-1, 1_000_001]],
    ['parallel', [0, 10_001]],
    ['waitMs', [-1, 2 ** 31]],
    ['pingInterval', [999, 2 ** 31]],
    ['closing', [1]],
    ['onError', ['x']],
    ['now', [1]],
    ['strict', [1]],
    ['policy', [true]],
    ['sockets', [{ burst: 0 }]],
  ];
  for (const [option, values] of wrong) {
    QUnit.test(`refuses a wrong ${option}`, async (assert) => {
      const sessions = createSessions({ store: memoryStore(), sweepInterval: 0 });
      for (const value of values) {
        const all = { sessions, [option]: value } as Parameters<typeof createLiveSessions>[0];
        assert.equal(
          await codeOf(() => {
            const live = createLiveSessions(all);
            // Some are read with the first follower.
            return sessions.create({}).then(({ id }) => live.documentOf(id));
          }),
          'config/invalid',
          `${value}`,
        );
      }
    });
  }
});
