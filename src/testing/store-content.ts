import type { Json } from '../protocol/messages.js';
import type { SessionStore } from '../server/core/store.js';
import { equal, ok } from './assert.js';
import { atOnce, change, type Draft, never, record, start } from './store-kit.js';

/** Texts that have broken stores before: as ids, as users, as keys and as values. */
const hostileTexts = [
  '__proto__',
  'constructor',
  "'; DROP TABLE x; --",
  '%',
  '*',
  '../x',
  'A',
  'a',
  '0',
  'null',
];

/** Tries every way to write into a value; a frozen one throws, a copy lets it happen. */
function vandalize(value: object | undefined): void {
  if (value === undefined) return;
  for (const key of Object.keys(value)) {
    const child: unknown = Reflect.get(value, key);
    if (typeof child === 'object' && child !== null) vandalize(child);
    Reflect.set(value, key, 'vandalized');
  }
  Reflect.set(value, 'added', 'vandalized');
}

async function keeps(store: SessionStore, id: string, data: Json): Promise<void> {
  await store.create(record({ id, data }));
  const read = await store.get(id);
  equal(JSON.stringify(read?.data), JSON.stringify(data), 'what was created comes back');
  await store.update(id, 1, change(record({ id }), { data: { inside: data } }), start);
  equal(
    JSON.stringify((await store.get(id))?.data),
    JSON.stringify({ inside: data }),
    'what was updated comes back',
  );
}

/** What goes in comes out, and nothing else. */
export const contentCases: readonly Draft[] = [
  {
    name: 'keeps every field of a record',
    async act(store) {
      ok(await store.create(record()), 'it is created');
      equal(await store.get('one'), record(), 'it comes back');
      const endless = record({ id: 'endless', uid: null, timeToLive: 0, notAfter: never, expiresAt: never });
      await store.create(endless);
      equal(await store.get('endless'), endless, 'without a user and without an end, too');
      equal(await store.get('other'), undefined, 'there is no other');
    },
  },
  {
    name: 'creates a record once, also when the first has expired',
    async act(store) {
      await store.create(record());
      equal(
        await store.create(record({ created: start + 900_000, data: 'other' })),
        false,
        'the id is taken',
      );
      equal(await store.get('one'), record(), 'and the first is untouched');
    },
  },
  {
    name: 'lets one of ten simultaneous creations win',
    async act(store) {
      const won = await atOnce(10, (index) => store.create(record({ data: index })));
      equal(won.filter(Boolean).length, 1, 'one is told that it created');
      equal((await store.get('one'))?.data, won.indexOf(true), 'and it is the one that is kept');
    },
  },
  {
    name: 'keeps no reference to what it was given',
    async act(store) {
      const given = { list: [1] };
      await store.create(record({ data: given }));
      given.list.push(2);
      equal((await store.get('one'))?.data, { list: [1] }, 'after a creation');
      const next = { list: [5] };
      await store.update('one', 1, change(record(), { data: next }), start);
      next.list.push(6);
      equal((await store.get('one'))?.data, { list: [5] }, 'after an update');
    },
  },
  {
    name: 'hands out nothing through which its own can be changed',
    async act(store) {
      await store.create(record());
      vandalize(await store.get('one'));
      vandalize(await store.get('one', start));
      equal(await store.get('one'), record(), 'after a get');
      const conflict = await store.update('one', 7, change(record()), start);
      if (conflict.outcome === 'conflict') vandalize(conflict.record);
      equal(await store.get('one'), record(), 'after a conflict');
      const updated = await store.update('one', 1, change(record()), start);
      if (updated.outcome === 'updated') vandalize(updated.record);
      equal(await store.get('one'), record({ version: 2 }), 'after an update');
    },
  },
  {
    name: 'hands out nothing from its lists through which its own can be changed',
    needs: ['list', 'all'],
    async act(store) {
      await store.create(record());
      for (const each of (await store.list('ada', start, 10)).records) vandalize(each);
      for await (const each of store.all()) vandalize(each);
      equal(await store.get('one'), record(), 'it is as it was');
    },
  },
  {
    name: 'keeps what JSON keeps, and loses what JSON loses',
    async act(store) {
      const data = { date: new Date(0), gone: undefined, none: [undefined, Number.NaN] };
      await store.create(record({ data: data as unknown as Json }));
      equal(
        (await store.get('one'))?.data,
        { date: '1970-01-01T00:00:00.000Z', none: [null, null] },
        'dates are texts, undefined is nothing',
      );
    },
  },
  {
    name: 'keeps hostile keys, NUL, emoji, lone surrogates and numbers at their limits',
    async act(store) {
      await keeps(
        store,
        'keys',
        JSON.parse('{"__proto__":{"admin":true},"constructor":1,"":2,"a.b":3,"$x":4}'),
      );
      await keeps(store, 'texts', ['\0', 'a\0b', '😀👩‍👩‍👧', '\ud83d', '\u2028', '\'"\\`', '']);
      await keeps(store, 'numbers', [0, -1, 1e21, 5e-324, 2 ** 53 - 1, 1.7976931348623157e308]);
      await keeps(store, 'empty', [{}, [], null, false, '']);
      const read = await store.get('keys');
      ok(!Reflect.has(Object(read?.data), 'admin'), 'no key becomes a prototype');
    },
  },
  {
    name: 'keeps values of every kind as data',
    async act(store) {
      for (const [index, data] of [null, false, 0, '', 'text', [], 7].entries()) {
        await store.create(record({ id: `kind-${index}`, data }));
        equal((await store.get(`kind-${index}`))?.data, data, 'it comes back');
      }
    },
  },
  {
    name: 'keeps a megabyte',
    async act(store) {
      await keeps(store, 'large', { text: 'é'.repeat(524_288) });
    },
  },
  {
    name: 'keeps deep data',
    async act(store) {
      let deep: Json = 'bottom';
      for (let i = 0; i < 200; i += 1) deep = i % 2 === 0 ? [deep] : { deep };
      await keeps(store, 'deep', deep);
    },
  },
  {
    name: 'tells ids apart by every character',
    async act(store) {
      for (const id of [...hostileTexts, 'x'.repeat(256)]) {
        equal(await store.get(id), undefined, `nobody created ${id} yet`);
        ok(await store.create(record({ id, data: id })), `${id} is created`);
      }
      for (const id of hostileTexts) equal((await store.get(id))?.data, id, `${id} comes back`);
    },
  },
  {
    name: 'tells users apart by every character',
    needs: ['list', 'count'],
    async act(store) {
      const users = [...hostileTexts, 'é', '😀', 'u'.repeat(256)];
      for (const [index, uid] of users.entries()) await store.create(record({ id: `of-${index}`, uid }));
      for (const [index, uid] of users.entries()) {
        const { records } = await store.list(uid, start, 100);
        equal(
          records.map(({ id }) => id),
          [`of-${index}`],
          `${uid} has one`,
        );
        equal(await store.count(start, uid), 1, `${uid} counts one`);
      }
    },
  },
  {
    name: 'finds everything again after it was closed and opened',
    durable: true,
    async act(store, { reopen }) {
      await store.create(record());
      await store.create(record({ id: 'two' }));
      await store.update('one', 1, change(record(), { data: 'new' }), start);
      await store.get('one', start + 5);
      await store.destroy('two', 'revoked', start);
      const again = await reopen();
      equal(
        await again.get('one'),
        record({ version: 2, data: 'new', lastAccess: start + 5, expiresAt: start + 50_005 }),
        'what was there',
      );
      equal(await again.get('two'), undefined, 'what was gone is gone');
      if (again.cannot.includes('ended')) return;
      const [end] = await again.ended.claim('me', 10, 1000, start);
      equal([end?.record.id, end?.reason], ['two', 'revoked'], 'and what nobody was told yet');
    },
  },
];
