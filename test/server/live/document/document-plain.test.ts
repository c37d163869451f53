import QUnit from 'qunit';
import type { Json } from '../../../../src/protocol/messages.js';
import { createDocument } from '../../../../src/server/live/document/document.js';

const { module, test } = QUnit;

interface Tree {
  a: { n: number; list?: number[] };
  b?: { n: number };
  list: { id: number }[];
  rows: Json[];
}

const document = () =>
  createDocument<Tree>(
    { a: { n: 1 }, list: [{ id: 1 }, { id: 2 }, { id: 3 }], rows: [3, 'x', null, [1]] },
    { fresh: false },
  );

module('server/live/document: plain JSON to its user', () => {
  test('shows the same object each time', (assert) => {
    const { root } = document();
    assert.equal(root.a, root.a);
    const [first] = root.list;
    root.list.unshift({ id: 0 });
    root.list.reverse();
    assert.equal(root.list[2], first, 'wherever it moves');
    assert.equal(root.list.at(-2), first);
    assert.equal(root.list.splice(2, 1)[0], first, 'even when it leaves');
  });

  test('reads like any object', (assert) => {
    const { root } = document();
    assert.deepEqual(Object.keys(root), ['a', 'list', 'rows']);
    assert.deepEqual(Object.entries(root.a), [['n', 1]]);
    assert.true('a' in root && !('b' in root) && 'toString' in root && !('toJSON' in root));
    assert.equal(String(root), '[object Object]');
    assert.equal(root.constructor, Object);
    assert.equal(Object.getPrototypeOf(root), Object.prototype);
    assert.equal(Reflect.get(root, '__proto__'), Object.prototype);
    assert.equal({ ...root }.a, root.a);
    assert.equal(Object.getOwnPropertyDescriptor(root, 'a')?.value, root.a);
    const { a: taken, ...rest } = root;
    assert.deepEqual([taken.n, Object.keys(rest)], [1, ['list', 'rows']]);
    assert.false(Object.isFrozen(root));
    assert.true(Object.isExtensible(root));
  });

  test('reads like any array', (assert) => {
    const { root } = document();
    const { list, rows } = root;
    assert.true(Array.isArray(list));
    assert.equal(Object.getPrototypeOf(list), Array.prototype);
    assert.deepEqual(
      list.map(({ id }) => id),
      [1, 2, 3],
    );
    assert.deepEqual([...list].length, 3);
    const seen: number[] = [];
    for (const { id } of list) seen.push(id);
    assert.deepEqual(seen, [1, 2, 3]);
    assert.equal(
      list.find(({ id }) => id === 2),
      list[1],
    );
    assert.equal(list.filter(({ id }) => id > 1)[0], list[1]);
    assert.deepEqual([list.length, list.at(-1)?.id, list.slice(1).length], [3, 3, 2]);
    assert.deepEqual(list.concat(list).length, 6);
    assert.deepEqual(rows.flat(), [3, 'x', null, 1]);
    assert.equal(rows.join(), '3,x,,1');
    assert.deepEqual(Object.keys(list), ['0', '1', '2']);
    assert.equal(list.push, list.push);
  });

  test('finds what it shows, and nothing that only looks like it', (assert) => {
    const { root } = document();
    const [, second] = root.list;
    assert.true(second !== undefined && root.list.includes(second));
    assert.equal(root.list.indexOf(second as { id: number }), 1);
    assert.equal(root.list.lastIndexOf(second as { id: number }), 1);
    assert.equal(root.list.indexOf(second as { id: number }, 2), -1);
    assert.false(root.list.includes({ id: 2 }));
    assert.true(root.rows.includes('x'));
    assert.equal(root.rows.lastIndexOf(3), 0);
  });

  test('answers what the methods of an array answer', (assert) => {
    const { root } = document();
    const { list } = root;
    assert.equal(list.push({ id: 4 }), 4);
    assert.equal(list.unshift({ id: 0 }), 5);
    assert.equal(list.pop()?.id, 4);
    assert.equal(list.shift()?.id, 0);
    assert.deepEqual(
      list.splice(0, 2).map(({ id }) => id),
      [1, 2],
    );
    assert.equal(list.sort(), list);
    assert.equal(list.reverse(), list);
    assert.equal(list.fill({ id: 1 }), list);
    assert.equal(list.copyWithin(0, 1), list);
    assert.deepEqual(Reflect.apply(list.splice, list, []), []);
    list.length = 0;
    assert.equal(list.pop(), undefined);
    assert.equal(list.shift(), undefined);
    assert.equal(list.fill({ id: 1 }).length, 0);
  });

  test('lends its methods to other arrays', (assert) => {
    const other = [1];
    assert.equal(Reflect.apply(document().root.rows.push, other, [2]), 2);
    assert.deepEqual(other, [1, 2]);
  });

  test('understands methods of Array that know nothing of it', (assert) => {
    const one = document();
    Array.prototype.push.call(one.root.rows, 7);
    Object.assign(one.root.a, { n: 5, list: [1] });
    assert.deepEqual(one.take().length, 3);
    assert.deepEqual(one.get(['rows', 4]), 7);
    assert.deepEqual(one.get(['a']), { n: 5, list: [1] });
  });

  test('becomes the JSON that it is', (assert) => {
    const one = document();
    const { root } = one;
    assert.equal(JSON.stringify(root), JSON.stringify(one.toJSON()));
    assert.equal(JSON.stringify({ list: root.list }), '{"list":[{"id":1},{"id":2},{"id":3}]}');
    assert.deepEqual(JSON.parse(JSON.stringify(one)), one.toJSON(), 'the document itself too');
    const named = createDocument<{ toJSON: string }>({ toJSON: 'a member' });
    assert.equal(JSON.stringify(named.root), '{"toJSON":"a member"}');
  });

  test('copies in what is assigned', (assert) => {
    const one = document();
    const address = { n: 2 };
    one.root.b = address;
    address.n = 3;
    assert.equal(one.root.b.n, 2);
    one.root.b = one.root.a;
    assert.notEqual(one.root.b, one.root.a);
    one.root.a.n = 9;
    assert.equal(one.root.b.n, 1);
    one.root.list.fill({ id: 7 });
    const [first, second] = one.root.list;
    assert.notEqual(first, second, 'to each place its own');
    one.root.list.copyWithin(0, 2);
    if (first) one.root.list[2] = { id: 8 };
    assert.notEqual(one.root.list[0], second);
    const [copied] = one.root.list;
    if (copied) copied.id = 9;
    assert.deepEqual(one.get(['list']), [{ id: 9 }, { id: 7 }, { id: 8 }]);
  });

  test('copies in what another document shows, wherever it is inside', (assert) => {
    const one = document();
    const other = document();
    other.root.rows.push({ inside: [one.root.a] } as unknown as Json);
    one.root.a.n = 9;
    assert.deepEqual(other.get(['rows', 4]), { inside: [{ n: 1 }] });
  });

  test('keeps what is put in its own place, with all who hold it', (assert) => {
    const one = document();
    const { a, list } = one.root;
    const [first] = list;
    one.root.a = a;
    if (first) list[0] = first;
    assert.equal(one.root.a, a);
    assert.equal(list[0], first);
    assert.deepEqual(one.take(), []);
  });

  test('gives an object that inherits from it members of its own', (assert) => {
    const one = document();
    const heir = Object.create(one.root.a);
    heir.n = 5;
    assert.deepEqual([heir.n, one.root.a.n], [5, 1]);
    assert.false(one.changed);
  });

  test('takes plain members by definition', (assert) => {
    const one = document();
    Object.defineProperty(one.root.a, 'n', { value: 5 });
    Object.defineProperty(one.root.rows, '0', {
      value: 6,
      writable: true,
      enumerable: true,
      configurable: true,
    });
    assert.deepEqual([one.root.a.n, one.root.rows[0]], [5, 6]);
    assert.equal(one.take().length, 2);
  });

  test('sorts as arrays do, with the objects themselves', (assert) => {
    const numbers = createDocument<number[]>([10, 9, 1]);
    assert.deepEqual([...numbers.root.sort()], [1, 10, 9]);
    const { root } = document();
    const seen = new Set<object>();
    const items = [...root.list];
    root.list.sort((one, other) => {
      seen.add(one).add(other);
      return other.id - one.id;
    });
    assert.deepEqual([...seen].length, 3);
    assert.true(items.every((item) => seen.has(item)));
    assert.throws(() => Reflect.apply(root.list.sort, root.list, [5]), TypeError);
  });

  test('deletes what is not there without a word', (assert) => {
    const one = document();
    assert.true(Reflect.deleteProperty(one.root, 'nothing'));
    assert.true(Reflect.deleteProperty(one.root, Symbol('s')));
    assert.true(Reflect.deleteProperty(one.root.rows, '9'));
    assert.false(Reflect.deleteProperty(one.root.rows, 'length'));
    assert.false(one.changed);
  });
});
