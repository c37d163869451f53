import QUnit from 'qunit';
import { anyEdit } from '../../../src/server/live/channel/policy.js';
import { type Json, type Operation, ProtocolDocument, valueAt } from './protocol-client.js';
import { board, chance, clientEdit, editBoth, serverEdit } from './protocol-edits.js';
import { withProtocol } from './protocol-host.js';

/*
 * docs/protocol.md is enough to write a client: protocol-client.ts knows nothing else, and talks to a real server here.
 * `LIVE_SEED=… LIVE_RUNS=2000 node scripts/test.mjs node test/server/live/protocol.test.ts` makes the same choices again; how
 * they cross on the way is up to the connection.
 */

const seed = Number(process.env.LIVE_SEED ?? Math.floor(Math.random() * 2 ** 31));
const edits = Number(process.env.LIVE_RUNS ?? 300);

const name = (value: string): Operation => ({ op: 'replace', path: '/name$', value });

QUnit.module('server/live: a client made from docs/protocol.md', () => {
  QUnit.test('shows the document, and what tasks change, over a socket', async (assert) => {
    await withProtocol({ data: board() }, async ({ socket, change, whole }) => {
      const one = socket('one');
      await one.begun();
      assert.deepEqual(one.document.view, board());
      await change((data) => (data.items as Json[]).unshift({ text$: 'new' }));
      await one.until(() => one.frames.length === 2);
      assert.deepEqual(one.document.view, await whole());
      assert.deepEqual(one.frames[1]?.slice(2), [{ op: 'add', path: '/items/0', value: { text$: 'new' } }]);
    });
  });

  QUnit.test('is answered the two versions for what it sends', async (assert) => {
    await withProtocol({ data: board() }, async ({ socket, whole }) => {
      const one = socket('one');
      await one.begun();
      one.edit(name('Bob'), { op: 'replace', path: '/items/2/text$', value: 'z' });
      await one.until(() => one.document.pending === 0);
      assert.deepEqual(
        one.frames.at(-1)?.map(({ path }) => path),
        ['/_ver#s', '/_ver#c$'],
      );
      assert.deepEqual(one.document.view, await whole());
    });
  });

  for (const [what, live] of Object.entries({
    'while both sides edit': {},
    'with a history of two changes': { history: { changes: 2 } },
  })) {
    QUnit.test(`converges over a socket ${what}`, async (assert) => {
      await withProtocol({ data: board(), live }, async ({ socket, change, whole }) => {
        const one = socket('one');
        await one.begun();
        await editBoth(edits, chance(seed), change, one);
        await one.until(() => valueAt(one.document.view, '/end') === true && one.document.pending === 0);
        assert.deepEqual(one.document.view, await whole(), `seed ${seed}`);
      });
    });

    QUnit.test(`converges over HTTP ${what}`, async (assert) => {
      await withProtocol({ data: board(), live }, async ({ http, change, whole }) => {
        const one = http('one');
        await one.begin();
        let last: Promise<unknown> = Promise.resolve();
        await editBoth(edits, chance(seed), change, {
          document: one.document,
          edit(...operations) {
            // One request at a time, and what the user does meanwhile waits with the version that it was made at.
            const frame = one.document.edit(...operations);
            last = last.then(() => one.send(frame));
          },
          async barrier() {
            await last;
            await one.look();
          },
        });
        await last;
        await one.look();
        assert.deepEqual([one.document.view, one.document.pending], [await whole(), 0], `seed ${seed}`);
      });
    });
  }

  QUnit.test('converges though its connection breaks again and again', async (assert) => {
    await withProtocol({ data: board() }, async ({ socket, change, whole }) => {
      const random = chance(seed);
      const document = new ProtocolDocument();
      let one = socket('one', document);
      await one.begun();
      for (let round = 0; round < 10; round += 1) {
        const tasks: Promise<unknown>[] = [];
        for (let step = 0; step < 10; step += 1) {
          if (random(2) === 0) one.edit(...clientEdit(document.view, random, step));
          else tasks.push(change((data) => serverEdit(data, random, step)));
        }
        await one.cut();
        one.edit(...clientEdit(document.view, random, 100 + round));
        await Promise.all(tasks);
        one = socket('one', document);
        await one.begun();
        assert.deepEqual(
          [document.view, document.pending],
          [await whole(), 0],
          `round ${round}, seed ${seed}`,
        );
      }
    });
  });

  QUnit.test('has what it did without a connection carried out, once', async (assert) => {
    await withProtocol({ data: board() }, async ({ socket, change, whole }) => {
      const document = new ProtocolDocument();
      const one = socket('one', document);
      await one.begun();
      one.edit(name('sent'));
      await one.cut();
      one.edit({ op: 'replace', path: '/items/2/text$', value: 'mine' });
      one.edit(name('mine'));
      await change((data) => (data.items as Json[]).unshift({ text$: 'theirs' }));
      await socket('one', document).begun();
      assert.deepEqual(document.view, await whole());
      assert.equal(valueAt(document.view, '/items/3/text$'), 'mine');
      assert.equal(valueAt(document.view, '/name$'), 'mine');
      assert.equal(document.pending, 0);
    });
  });

  QUnit.test('has what it did without a connection carried out over HTTP, once', async (assert) => {
    await withProtocol({ data: board() }, async ({ http, whole }) => {
      const one = http('one');
      await one.begin();
      // The answer to the first is lost.
      await one.ask('PATCH', one.document.edit(name('sent')));
      one.document.edit({ op: 'replace', path: '/count$', value: 7 });
      await one.reconnect();
      assert.deepEqual([one.document.view, one.document.pending], [await whole(), 0]);
      assert.equal(valueAt(one.document.view, '/count$'), 7);
    });
  });

  QUnit.test('sees that a server which does not know it has left its edit out', async (assert) => {
    await withProtocol({ data: board() }, async ({ socket, whole }) => {
      const document = new ProtocolDocument();
      await socket('one', document).begun();
      document.edit(name('mine'));
      const other = socket('another-name', document);
      await other.begun();
      assert.deepEqual([document.view, document.pending], [board(), 0]);
      other.edit(name('mine'));
      await other.until(() => document.pending === 0);
      assert.equal(valueAt(await whole(), '/name$'), 'mine');
    });
  });

  QUnit.test('takes a whole document in the middle, and is told what became of its edit', async (assert) => {
    await withProtocol({ data: board() }, async ({ socket, live, id, whole }) => {
      const one = socket('one');
      await one.begun();
      for (const value of ['first', 'second', 'third']) {
        const replaced = live.run(id, (session) => {
          if (session) session.data = { ...board(), items: [{ text$: value }] };
        });
        one.edit(name(value), { op: 'replace', path: '/items/0/text$', value });
        await replaced;
        await one.until(() => one.document.pending === 0);
        await one.barrier();
        assert.deepEqual(one.document.view, await whole());
      }
      const wholes = one.frames.slice(1).filter((frame) => frame.some(({ path }) => path === ''));
      assert.equal(wholes.length, 3);
    });
  });

  QUnit.test('shows its own edit where the item is by then, while it is under way', async (assert) => {
    await withProtocol({ data: board() }, async ({ http, change, whole }) => {
      const one = http('one');
      await one.begin();
      const frame = one.document.edit({ op: 'replace', path: '/items/1/text$', value: 'mine' });
      await change((data) => (data.items as Json[]).splice(1, 0, { text$: 'theirs' }));
      await one.look();
      assert.equal(valueAt(one.document.view, '/items/2/text$'), 'mine');
      await change((data) => (data.items as Json[]).shift());
      await one.look();
      assert.equal(valueAt(one.document.view, '/items/1/text$'), 'mine');
      assert.equal(one.document.pending, 1);
      await one.send(frame);
      assert.deepEqual([one.document.view, one.document.pending], [await whole(), 0]);
    });
  });

  QUnit.test('leaves out its own edit of an item that is gone', async (assert) => {
    await withProtocol({ data: board() }, async ({ http, change, whole }) => {
      const one = http('one');
      await one.begin();
      const frame = one.document.edit({ op: 'replace', path: '/items/0/text$', value: 'mine' }, name('mine'));
      await change((data) => Object.assign(data, { name$: 'theirs', items: [] }));
      await one.look();
      assert.deepEqual(valueAt(one.document.view, '/items'), []);
      await one.send(frame);
      assert.deepEqual(one.document.view, await whole());
      assert.equal(
        valueAt(one.document.view, '/name$'),
        'mine',
        'a key that was set again is the same place',
      );
    });
  });

  QUnit.test(
    'may add and remove where the policy lets it, behind what was added there before',
    async (assert) => {
      await withProtocol({ data: board(), live: { policy: anyEdit } }, async ({ http, change, whole }) => {
        const one = http('one');
        await one.begin();
        await change((data) => (data.items as Json[]).splice(1, 0, { text$: 'theirs' }));
        const status = await one.edit({ op: 'add', path: '/items/1', value: { text$: 'mine' } });
        assert.equal(status, 200);
        assert.deepEqual(valueAt(await whole(), '/items'), [
          { text$: 'a' },
          { text$: 'theirs' },
          { text$: 'mine' },
          { text$: 'b' },
          { text$: 'c' },
        ]);
        assert.deepEqual(one.document.view, await whole());
      });
    },
  );
});
