import QUnit from 'qunit';
import { SessionError } from '../../../../src/protocol/errors.js';
import type { Json } from '../../../../src/protocol/messages.js';
import { createDocument } from '../../../../src/server/live/document/document.js';

const { module, test } = QUnit;

interface Tree {
  a?: { n: number };
  b?: number;
  list: ({ id: number; name?: string } | number)[];
}

const initial = { a: { n: 1 }, list: [{ id: 1 }, { id: 2 }, 3, 4] };
const open = (fresh = false) => createDocument<Tree>(initial, { fresh });

module('server/live/document: undo, get and apply', () => {
  const works: readonly (readonly [string, (root: Tree) => unknown])[] = [
    ['members', (root) => [Object.assign(root, { b: 1 }), delete root.a]],
    ['items that came', (root) => [root.list.push(5, 6), root.list.unshift(0), root.list.splice(2, 0, 7)]],
    ['items that went', (root) => [root.list.pop(), root.list.shift(), root.list.splice(0, 1)]],
    ['items that came and went', (root) => [root.list.push(5), root.list.pop(), root.list.shift()]],
    ['items in the place of others', (root) => [Reflect.set(root.list, 0, 9), Reflect.set(root.list, 0, 8)]],
    ['another order', (root) => [root.list.reverse(), root.list.pop(), root.list.push(7)]],
    [
      'an item that came before another order and went after it',
      (root) => [root.list.push(5), root.list.reverse(), root.list.pop()],
    ],
    ['a move', (root) => root.list.sort((one, other) => Number(one === 3) - Number(other === 3))],
    ['a list that was emptied', (root) => Reflect.set(root.list, 'length', 0)],
    ['another list', (root) => Object.assign(root, { list: [] })],
  ];
  for (const [what, work] of works) {
    test(`takes back ${what}`, (assert) => {
      const document = open();
      const { root } = document;
      const { a, list } = root;
      const items = [...list];
      work(root);
      assert.true(document.changed);
      document.undo();
      assert.deepEqual(document.toJSON(), initial);
      assert.false(document.changed);
      assert.deepEqual([root.a === a, root.list === list], [true, true], 'the objects are the same');
      assert.deepEqual([...list], items);
      const [first] = list;
      if (typeof first === 'object') first.name = 'again';
      assert.deepEqual(document.take(), [{ op: 'add', path: ['list', 0, 'name'], value: 'again' }]);
    });
  }

  test('takes back what happened to something after it was taken out', (assert) => {
    const document = open();
    const { a, list } = document.root;
    delete document.root.a;
    if (a) a.n = 5;
    const first = list.shift();
    if (typeof first === 'object') first.name = 'gone';
    document.undo();
    assert.deepEqual(document.toJSON(), initial);
  });

  const comings: readonly (readonly [string, (root: Tree) => unknown])[] = [
    ['added', ({ list }) => list[list.push({ id: 9 }) - 1]],
    ['put in the place of another', ({ list }) => Object.assign(list, { 0: { id: 9 } })[0]],
    [
      'added with many',
      ({ list }) => list[list.push(...Array.from({ length: 99 }, (_, id) => ({ id }))) - 1],
    ],
    ['assigned', (root) => Object.assign(root, { a: { n: 9 } }).a],
  ];
  for (const [how, come] of comings) {
    test(`tells nobody of what was ${how} once that was taken back`, (assert) => {
      const document = open();
      const came = come(document.root) as { name: string };
      document.undo();
      came.name = 'nobody';
      assert.false(document.changed);
      assert.deepEqual(document.toJSON(), initial);
    });
  }

  test('keeps another root that was told', (assert) => {
    const document = open();
    document.replace({ list: [1] });
    document.take();
    document.root.b = 1;
    document.undo();
    assert.deepEqual(document.toJSON(), { list: [1] });
    assert.false(document.changed);
  });

  test('takes back another root', (assert) => {
    const document = open();
    const { root } = document;
    root.b = 1;
    document.replace({ list: [] });
    document.root.list.push(1);
    root.b = 2;
    document.undo();
    assert.equal(document.root, root);
    assert.deepEqual(document.toJSON(), initial);
    assert.false(document.changed);
  });

  test('goes back to the last take, and a document that was never told is still fresh', (assert) => {
    const document = open(true);
    document.root.b = 1;
    document.undo();
    assert.deepEqual(document.toJSON(), initial);
    document.root.b = 2;
    assert.deepEqual(document.take(), [{ op: 'replace', path: [], value: { ...initial, b: 2 } }]);
    document.root.b = 3;
    document.undo();
    assert.equal(document.root.b, 2);
    document.undo();
    assert.equal(document.root.b, 2, 'and no further');
  });

  module('get', () => {
    test('finds what a path of keys and indexes leads to', (assert) => {
      const document = open();
      const found = [[], ['a', 'n'], ['list', 1, 'id'], ['list', '1', 'id'], ['list', 3]].map((path) =>
        document.get(path),
      );
      assert.deepEqual(found, [initial, 1, 2, 2, 4]);
    });

    test('finds nothing where there is nothing, nor in a prototype (S69)', (assert) => {
      const document = open();
      const paths = [
        ['b'],
        ['list', 4],
        ['list', -1],
        ['list', '01'],
        ['list', '-'],
        ['list', 'length'],
        ['a', 'n', 'x'],
      ];
      for (const path of [...paths, ['constructor'], ['__proto__'], ['toJSON'], ['list', 'push']]) {
        assert.equal(document.get(path), undefined, path.join('/'));
      }
    });
  });

  module('apply', () => {
    const steps: readonly (readonly ['add' | 'remove' | 'replace', (string | number)[], Json?])[] = [
      ['add', ['b'], 1],
      ['add', ['a'], { n: 2 }],
      ['replace', ['a', 'n'], 3],
      ['remove', ['a', 'n']],
      ['add', ['list', 0], 0],
      ['add', ['list', '1'], 1],
      ['add', ['list', '-'], 9],
      ['add', ['list', 7], 10],
      ['replace', ['list', 2], { id: 5 }],
      ['remove', ['list', 0]],
      ['replace', [], { list: [1] }],
      ['add', [], [1]],
    ];

    test('does one step of a patch, recorded like any other', (assert) => {
      const document = createDocument(initial, { fresh: false });
      for (const [op, path, value] of steps)
        document.apply(value === undefined ? { op, path } : { op, path, value });
      assert.deepEqual(document.take(), [{ op: 'replace', path: [], value: [1] }]);
      const other = createDocument(initial, { fresh: false });
      for (const [op, path, value] of steps.slice(0, 10)) {
        other.apply(value === undefined ? { op, path } : { op, path, value });
      }
      assert.deepEqual(other.toJSON(), { a: {}, b: 1, list: [1, { id: 5 }, { id: 2 }, 3, 4, 9, 10] });
      assert.deepEqual(
        other.take().map(({ op, path }) => [op, ...path].join('/')),
        [
          'add/list/0',
          'add/list/1',
          'add/list/6',
          'add/list/7',
          'replace/list/2',
          'remove/list/0',
          'add/b',
          'replace/a',
        ],
      );
    });

    const nowhere: readonly (readonly ['add' | 'remove' | 'replace', (string | number)[]])[] = [
      ['remove', ['b']],
      ['replace', ['b']],
      ['replace', ['list', 4]],
      ['replace', ['list', '-']],
      ['remove', ['list', '01']],
      ['add', ['list', 5]],
      ['add', ['list', 'x']],
      ['add', ['b', 'c']],
      ['add', ['a', 'n', 'x']],
      ['add', ['constructor', 'x']],
      ['remove', ['toString']],
      ['remove', []],
    ];
    for (const [op, path] of nowhere) {
      test(`refuses with patch/conflict: ${op} /${path.join('/')}`, (assert) => {
        const document = createDocument(initial, { fresh: false });
        assert.throws(
          () => document.apply(op === 'remove' ? { op, path } : { op, path, value: 1 }),
          (error: unknown) =>
            error instanceof SessionError && error.code === 'patch/conflict' && error.status === 409,
        );
        assert.deepEqual(document.toJSON(), initial);
        assert.false(document.changed);
      });
    }
  });
});
