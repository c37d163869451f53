import QUnit from 'qunit';
import { SessionError } from '../../../../src/protocol/errors.js';
import type { Json } from '../../../../src/protocol/messages.js';
import { DocumentTypeError } from '../../../../src/server/live/document/admit.js';
import { createDocument, type DocumentOptions } from '../../../../src/server/live/document/document.js';

const { module, test } = QUnit;

interface Tree {
  [key: string]: unknown;
  a: { [key: string]: unknown };
  list: unknown[];
}

const initial = { a: { n: 1 }, list: [1, { id: 2 }, [3]] };

const circle: { self?: unknown } = {};
circle.self = { again: [circle] };

class Person {
  name = 'Ada';
}

function levels(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}

/** Two to the thirtieth of values, in thirty lists. */
function laughs(): unknown {
  let value: unknown = [];
  for (let level = 0; level < 30; level += 1) value = [value, value];
  return value;
}

/** Does something that is refused, and gives the error; the document must be as it was, with nothing to tell. */
function refused(
  assert: Assert,
  work: (root: Tree) => void,
  options: DocumentOptions = {},
): DocumentTypeError {
  const document = createDocument<Tree>(initial, { fresh: false, ...options });
  let error: unknown;
  try {
    work(document.root);
  } catch (caught) {
    error = caught;
  }
  assert.deepEqual(document.toJSON(), initial, 'as it was');
  assert.deepEqual(document.take(), [], 'nothing to tell');
  if (error instanceof DocumentTypeError) return error;
  throw new Error(`no DocumentTypeError: ${error}`);
}

module('server/live/document: what is refused', () => {
  const values: readonly (readonly [what: string, value: unknown, says: RegExp, inside: string])[] = [
    ['undefined', undefined, /undefined/, ''],
    ['undefined inside', { x: [undefined] }, /undefined/, '/x/0'],
    ['a function', () => 1, /a function/, ''],
    ['a symbol', { x: Symbol('s') }, /a symbol/, '/x'],
    ['NaN', Number.NaN, /the number NaN/, ''],
    ['Infinity', { 'x/y': Number.NEGATIVE_INFINITY }, /the number -Infinity/, '/x~1y'],
    ['a BigInt', 1n, /a BigInt/, ''],
    ['a Date', { when: new Date(0) }, /an instance of Date/, '/when'],
    ['a Map', new Map(), /an instance of Map/, ''],
    ['an instance of a class', [new Person()], /an instance of Person/, '/0'],
    ['an object with toJSON', { toJSON: () => 1 }, /a function/, '/toJSON'],
    ['a circle', circle, /a circle/, `${'/self/again/0'.repeat(20)}/self/again/0`],
    ['a key __proto__', JSON.parse('{"x":{"__proto__":1}}'), /__proto__/, '/x/__proto__'],
    // biome-ignore lint/suspicious/noSparseArray: it is what is refused
    ['a list with a hole', [1, , 3], /hole/, '/1'],
  ];

  for (const [what, value, says, inside] of values) {
    test(`refuses ${what}, and says where`, (assert) => {
      const path = (error: DocumentTypeError) =>
        error.path.map((part) => `/${String(part).replace('/', '~1')}`).join('');
      const member = refused(assert, (root) => {
        root.a.x = value;
      });
      assert.true(says.test(member.message), member.message);
      assert.true(path(member).startsWith('/a/x'), path(member));
      if (what !== 'a circle') assert.equal(path(member), `/a/x${inside}`);
      const ways: readonly (readonly [string, (list: unknown[]) => unknown])[] = [
        ['/list/3', (list) => list.push(value)],
        ['/list/1', (list) => list.unshift(1, value)],
        ['/list/2', (list) => list.splice(1, 2, 1, value)],
        ['/list/1', (list) => list.fill(value, 1)],
        ['/list/1', (list) => Reflect.set(list, 1, value)],
      ];
      for (const [place, way] of ways) {
        const item = refused(assert, (root) => way(root.list));
        assert.true(path(item).startsWith(place), path(item));
      }
      assert.throws(() => createDocument({ value }), says);
      assert.throws(() => createDocument<Tree>(initial).replace({ value } as unknown as Tree), says);
    });
  }

  test('refuses a root that is no object and no list', (assert) => {
    for (const value of [1, 'x', null, undefined]) {
      assert.throws(() => createDocument(value), DocumentTypeError);
      const document = createDocument(initial);
      assert.throws(
        () => document.apply({ op: 'replace', path: [], value: value as Json }),
        DocumentTypeError,
      );
      assert.deepEqual(document.toJSON(), initial);
    }
  });

  test('refuses what is deeper than the limit, and takes what is as deep', (assert) => {
    createDocument<Tree>(initial).root.x = levels(63);
    const deep = refused(assert, (root) => {
      root.x = levels(64);
    });
    assert.true(/more than 64 levels/.test(deep.message));
    assert.equal(deep.path.length, 65);
    const edge = (root: Tree) => {
      const [, , inner] = root.list as unknown[][];
      inner?.push([]);
      inner?.push([1]);
    };
    const document = createDocument<Tree>(initial, { depth: 3 });
    assert.throws(() => edge(document.root), DocumentTypeError);
    assert.deepEqual(document.get(['list', 2]), [3, []]);
    assert.throws(() => createDocument(initial, { depth: 2 }), DocumentTypeError);
  });

  test('refuses more values at once than the limit, without walking through them', (assert) => {
    const error = refused(assert, (root) => {
      root.x = laughs();
    });
    assert.true(/more than 1000000 values/.test(error.message));
    refused(assert, (root) => root.list.push([1, 2, 3, 4, 5, 6, 7, 8, 9]), { values: 9 });
  });

  const ways: readonly (readonly [string, (root: Tree) => unknown, string])[] = [
    ['a hole by an index', (root) => Reflect.set(root.list, 4, 1), '/list/4'],
    ['a hole by delete', (root) => Reflect.deleteProperty(root.list, '0'), '/list/0'],
    ['a hole by a longer length', (root) => Reflect.set(root.list, 'length', 4), '/list/length'],
    ['a member of a list', (root) => Reflect.set(root.list, 'name', 1), '/list/name'],
    ['an index with a leading zero', (root) => Reflect.set(root.list, '01', 1), '/list/1'],
    ['a negative index', (root) => Reflect.set(root.list, -1, 1), '/list/-1'],
    ['a key __proto__', (root) => Reflect.set(root.a, '__proto__', {}), '/a/__proto__'],
    ['a symbol', (root) => Reflect.set(root.a, Symbol.iterator, 1), '/a/Symbol(Symbol.iterator)'],
    ['an accessor', (root) => Object.defineProperty(root.a, 'x', { get: () => 1 }), '/a/x'],
    [
      'a member that is hidden',
      (root) => Object.defineProperty(root.a, 'x', { value: 1, enumerable: false }),
      '/a/x',
    ],
    ['Object.freeze', (root) => Object.freeze(root.a), '/a'],
    ['Object.seal', (root) => Object.seal(root.list), '/list'],
    ['another prototype', (root) => Object.setPrototypeOf(root.a, null), '/a'],
  ];
  for (const [what, way, place] of ways) {
    test(`refuses ${what}`, (assert) => {
      const { path } = refused(assert, way as (root: Tree) => void);
      assert.equal(path.map((part) => `/${String(part)}`).join(''), place);
    });
  }

  test('refuses a length that no array has', (assert) => {
    const { root } = createDocument<Tree>(initial);
    for (const length of [-1, 1.5, Number.NaN])
      assert.throws(() => Reflect.set(root.list, 'length', length), RangeError);
  });

  test('refuses to sort a list that its comparison changes, and keeps that change', (assert) => {
    const document = createDocument<Tree>(initial);
    let once = true;
    const sort = () =>
      document.root.list.sort(() => {
        if (once) document.root.list.push(9);
        once = false;
        return -1;
      });
    assert.throws(sort, DocumentTypeError);
    assert.deepEqual(document.get(['list']), [...initial.list, 9]);
  });

  test('puts values where the list ends after their getters ran', (assert) => {
    const document = createDocument<Tree>(initial, { fresh: false });
    const value = {
      get id() {
        document.root.list.length = 0;
        return 1;
      },
    };
    document.root.list.push(value);
    assert.deepEqual(document.get(['list']), [{ id: 1 }]);
  });

  test('leaves behind what JSON does not see, and the sign of zero', (assert) => {
    const value = Object.defineProperty({ [Symbol('s')]: 1, n: -0 }, 'hidden', {
      value: 1,
      enumerable: false,
    });
    const document = createDocument<Tree>(initial);
    document.root.x = value;
    document.root.y = -0;
    const { x, y } = document.toJSON() as { x: { n: number }; y: number };
    assert.deepEqual([Reflect.ownKeys(x), Object.is(x.n, 0), Object.is(y, 0)], [['n'], true, true]);
    document.root.z = Object.assign(Object.create(null), { n: 1 });
    assert.deepEqual(document.get(['z']), { n: 1 });
  });

  test('shows the start of a long path, and names itself', (assert) => {
    const error = refused(assert, (root) => {
      root['k'.repeat(5000)] = undefined;
    });
    assert.true(error.message.length < 300);
    assert.equal(error.name, 'DocumentTypeError');
    assert.true(error.stack?.startsWith('DocumentTypeError'));
    assert.true(error instanceof TypeError);
  });

  test('refuses options out of range with config/invalid', (assert) => {
    const options: readonly DocumentOptions[] = [
      { depth: 0 },
      { depth: 1001 },
      { depth: 1.5 },
      { values: 0 },
      { fresh: 1 as unknown as boolean },
    ];
    for (const one of options) {
      assert.throws(
        () => createDocument({}, one),
        (error: unknown) => error instanceof SessionError && error.code === 'config/invalid',
      );
    }
  });
});
