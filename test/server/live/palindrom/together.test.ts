import QUnit from 'qunit';
import { anyEdit } from '../../../../src/server/live/channel/policy.js';
import { httpPlain, httpVersioned, journey, modes, pageHooks, socketPlain, socketVersioned } from './kit.js';

const data = { name$: 'Ann', items: [{ n$: 'a' }, { n$: 'b' }, { n$: 'c' }] };
const names = (items: readonly { readonly n$: string }[]) => items.map(({ n$ }) => n$).join(' ');

/** What the server does while an edit is on its way, and what becomes of both. */
const cases = {
  'inserts before the item that it edits': {
    server: (items: Item[]) => items.unshift({ n$: 'x' }, { n$: 'y' }),
    edit: { path: '/items/1/n$', value: 'B' },
    after: 'x y a B c',
  },
  'inserts behind the item that it edits': {
    server: (items: Item[]) => items.splice(2, 0, { n$: 'x' }),
    edit: { path: '/items/1/n$', value: 'B' },
    after: 'a B x c',
  },
  'removes what is before the item that it edits': {
    server: (items: Item[]) => items.splice(0, 2),
    edit: { path: '/items/2/n$', value: 'C' },
    after: 'C',
  },
  'removes the item that it edits': {
    server: (items: Item[]) => items.splice(1, 1),
    edit: { path: '/items/1/n$', value: 'B' },
    after: 'a c',
  },
  'puts another item in the place of the one that it edits': {
    server: (items: Item[]) => items.splice(1, 1, { n$: 'new' }),
    edit: { path: '/items/1/n$', value: 'B' },
    after: 'a new c',
  },
  'empties the list that it edits': {
    server: (items: Item[]) => items.splice(0),
    edit: { path: '/items/1/n$', value: 'B' },
    after: '',
  },
  'inserts and removes around the item that it edits': {
    server(items: Item[]) {
      items.unshift({ n$: 'x' });
      items.splice(1, 1);
      items.push({ n$: 'z' });
      items.splice(2, 0, { n$: 'y' });
    },
    edit: { path: '/items/2/n$', value: 'C' },
    after: 'x b y C z',
  },
  'sorts the list that it edits': {
    server: (items: Item[]) => items.reverse(),
    edit: { path: '/items/2/n$', value: 'C' },
    after: 'c b a',
  },
} as const;
interface Item {
  n$: string;
}

QUnit.module('server/live: palindrom@5.1.0, together with tasks', pageHooks, () => {
  for (const mode of modes.filter((one) => one.versions || !one.socket)) {
    for (const [what, { server, edit, after }] of Object.entries(cases)) {
      QUnit.test(
        `edits what it means ${mode.name}, while the server ${what} (SC-91, SC-98, SC-99)`,
        (assert) =>
          journey(assert, mode, async ({ host, follow }) => {
            const { id, client } = await follow(data);
            const { run, release } = await host.occupy(id);
            await client.change(edit);
            await run((session) => void server(session.data.items));
            await release();
            await client.until(
              ({ pending, received }) => pending === 0 && received.length > Number(mode.socket) * 2,
            );
            assert.equal(names((await host.data(id)).items), after);
            await client.until(({ document }) => names(document.items) === after);
            // Both know what they have.
            const last = client.document.items.length - 1;
            if (last < 0) return;
            await client.set(`/items/${last}/n$`, 'last');
            await host.until(id, ({ items }) => items[last].n$ === 'last');
          }),
      );
    }
  }

  const structural = {
    'inserts before the item that it removes (PAL-17)': {
      server: (items: Item[]) => items.unshift({ n$: 'x' }),
      edit: { path: '/items', call: 'pop', value: [] },
      after: 'x a b',
    },
    'removes the item that it removes (PAL-17)': {
      server: (items: Item[]) => items.pop(),
      edit: { path: '/items', call: 'pop', value: [] },
      after: 'a b',
    },
    'adds to the list to which it adds (PAL-17)': {
      server: (items: Item[]) => items.unshift({ n$: 'x' }),
      edit: { path: '/items', call: 'push', value: [{ n$: 'd' }] },
      after: 'x a b c d',
    },
    'edits an item of the list that it replaces (PAL-17)': {
      server: (items: Item[]) => items.splice(0, 1, { n$: 'A' }),
      edit: { path: '/items', value: [{ n$: 'only' }] },
      after: 'only',
    },
  } as const;
  for (const mode of [httpVersioned, socketVersioned]) {
    for (const [what, { server, edit, after }] of Object.entries(structural)) {
      QUnit.test(`agrees with the server ${mode.name}, which ${what}`, (assert) =>
        journey(assert, { ...mode, live: { policy: anyEdit } }, async ({ host, follow }) => {
          const { id, client } = await follow(data);
          const { run, release } = await host.occupy(id);
          await client.change(edit);
          await run((session) => void server(session.data.items));
          await release();
          await client.until(({ pending, document }) => pending === 0 && names(document.items) === after);
          assert.equal(names((await host.data(id)).items), after);
        }),
      );
    }
  }

  QUnit.test('loses its edits of a document that another took the place of (SC-16, SC-99)', (assert) =>
    journey(assert, socketVersioned, async ({ host, follow }) => {
      const { id, client } = await follow(data);
      const { run, release } = await host.occupy(id);
      await client.change({ path: '/items/0/n$', value: 'A' }, { path: '/name$', value: 'Bob' });
      await run((session) => {
        session.data = { name$: 'New', items: [{ n$: 'x' }] };
      });
      await release();
      await client.until(({ pending, loads }) => pending === 0 && loads > 1);
      assert.deepEqual(await host.data(id), { name$: 'New', items: [{ n$: 'x' }] });
      await client.until(({ document }) => document.name$ === 'New' && names(document.items) === 'x');
    }),
  );

  // No more than three: with more, the client sends them all again (PAL-14).
  const texts = ['a', 'ab', 'abc'];
  for (const order of ['shortest', 'longest'] as const) {
    QUnit.test(
      `counts requests in the order of their numbers, the ${order} of them come first (SC-65, SC-97, PAL-07)`,
      (assert) =>
        journey(assert, { ...httpVersioned, live: { policy: anyEdit } }, async ({ host, follow }) => {
          const { id, client } = await follow({ list: [''] });
          const release = host.hold();
          await client.change(
            ...texts.map((text) => ({ path: '/list', call: 'push', value: [text] }) as const),
          );
          await host.held(texts.length);
          await release(order);
          await client.until(
            ({ pending, sent, received }) => pending === 0 && received.length === sent.length - 1,
          );
          assert.deepEqual(await host.data(id), { list: ['', ...texts] });
          assert.deepEqual(client.document, await host.data(id));
          const early = host.told.filter(({ status }) => status === 202);
          assert.equal(early.length > 0, order === 'longest', 'some were early');
        }),
    );
  }

  QUnit.test(
    'without versions, may leave behind what it sent before, as requests overtake each other',
    (assert) =>
      journey(assert, httpPlain, async ({ host, follow }) => {
        const { id, client } = await follow({ text$: '' });
        const release = host.hold();
        await client.change(...texts.map((value) => ({ path: '/text$', value })));
        await host.held(texts.length);
        await release('longest');
        await client.until(({ received }) => received.length === texts.length);
        assert.deepEqual(await host.data(id), { text$: 'a' });
        assert.deepEqual(client.document, { text$: 'abc' });
      }),
  );

  QUnit.test('without versions, may edit another item than it means over a socket', (assert) =>
    journey(assert, socketPlain, async ({ host, follow }) => {
      const { id, client } = await follow(data);
      const { run, release } = await host.occupy(id);
      await client.set('/items/0/n$', 'A');
      await run((session) => session.data.items.unshift({ n$: 'x' }));
      await release();
      await host.until(id, ({ items }) => names(items) === 'A a b c');
      await client.until(({ document }) => names(document.items) === 'x A b c');
      assert.notDeepEqual(client.document, await host.data(id));
    }),
  );
});
