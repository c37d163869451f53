import fc from 'fast-check';
import QUnit from 'qunit';
import { type Change, pointerOf } from '../../src/protocol/change.js';
import { diffJson } from '../../src/protocol/diff.js';
import type { Json } from '../../src/protocol/messages.js';
import { applyPatch } from '../../src/protocol/patch.js';
import { sameJson } from '../../src/protocol/same-json.js';
import { anyJson, json } from './json.js';

const { module, test } = QUnit;

const wide = { operations: 1_000_000, depth: 1000, size: 2 ** 31 - 1 };

/** What changes make of a document, as a patch on the wire does. */
function applied(document: Json, changes: readonly Change[]): Json {
  const operations = changes.map(({ op, path, value }) => ({ op, path: pointerOf(path), value }) as Json);
  return applyPatch(document, operations, wide);
}

const numbers = (length: number, first = 0) => Array.from({ length }, (_, index) => first + index);

/** Lists that have much in common: one, and what some removals, insertions and new values make of it. */
const relatives = fc
  .tuple(fc.array(json, { maxLength: 8 }), fc.array(fc.tuple(fc.nat(20), fc.nat(3), json), { maxLength: 4 }))
  .map(([list, edits]): [Json, Json] => {
    const other = [...list];
    for (const [at, how, value] of edits)
      other.splice(at % (other.length + 1), how % 2, ...(how > 1 ? [value] : []));
    return [list, other];
  });

module('protocol/diff', () => {
  for (const inPlace of [false, true]) {
    test(`gives the changes that make one document of another${inPlace ? ', items in place' : ''}`, (assert) => {
      let changed = 0;
      fc.assert(
        fc.property(fc.oneof(relatives, fc.tuple(json, json)), ([from, to]) => {
          const changes = diffJson(from, to, { inPlace });
          changed += changes.length;
          return sameJson(applied(from, changes), to) && sameJson(from, to) === (changes.length === 0);
        }),
        { numRuns: 1000 },
      );
      assert.ok(changed > 1000);
    });
  }

  test('needs one change for an insertion, wherever it is, and one for a removal', (assert) => {
    const list = numbers(1000);
    for (const at of [0, 500, 1000]) {
      const longer = [...list.slice(0, at), 'new', ...list.slice(at)];
      assert.deepEqual(diffJson(list, longer), [{ op: 'add', path: [at], value: 'new' }]);
      assert.deepEqual(diffJson(longer, list), [{ op: 'remove', path: [at] }]);
    }
  });

  test('keeps what stays when several items go and come', (assert) => {
    assert.deepEqual(diffJson(['a', 'b', 'c', 'd', 'e'], ['a', 'c', 'e']), [
      { op: 'remove', path: [1] },
      { op: 'remove', path: [2] },
    ]);
    assert.deepEqual(
      diffJson([1, 2, 3], [2, 3, 4]),
      [
        { op: 'remove', path: [0] },
        { op: 'add', path: [2], value: 4 },
      ],
      'as in a list that holds the last three',
    );
  });

  test('tells what is inside an item by where it has come to be', (assert) => {
    const item = (id: number, name = '') => ({ id, name });
    assert.deepEqual(diffJson([item(1), item(2)], [item(0), item(1), item(2, 'x')]), [
      { op: 'add', path: [0], value: item(0) },
      { op: 'replace', path: [2, 'name'], value: 'x' },
    ]);
  });

  test('leaves items at their indexes when asked to, so that only values change', (assert) => {
    const from = [{ name$: 'a' }, { name$: 'b' }];
    const to = [{ name$: 'b' }, { name$: 'a' }];
    assert.deepEqual(
      diffJson(from, to, { inPlace: true }).map(({ op, path }) => [op, pointerOf(path)]),
      [
        ['replace', '/0/name$'],
        ['replace', '/1/name$'],
      ],
    );
  });

  test('replaces a list of which most is new', (assert) => {
    const to = numbers(1000, 5000);
    assert.deepEqual(diffJson({ list: numbers(1000) }, { list: to }), [
      { op: 'replace', path: ['list'], value: to },
    ]);
  });

  test('does not overflow the stack at depth 1000', (assert) => {
    for (const wrap of [(value: Json): Json => [value], (value: Json): Json => ({ a: value })]) {
      let from: Json = 1;
      let to: Json = 2;
      for (let depth = 0; depth < 1000; depth += 1) [from, to] = [wrap(from), wrap(to)];
      const changes = diffJson(from, to);
      assert.equal(changes.length, 1);
      assert.equal(changes[0]?.path.length, 1000);
    }
  });

  test('never names __proto__ (S69)', (assert) => {
    fc.assert(
      fc.property(anyJson, anyJson, (from, to) =>
        diffJson(from, to).every(({ path }) => !path.includes('__proto__')),
      ),
    );
    const evil: Json = JSON.parse('{"__proto__":{"a":1}}');
    assert.deepEqual(diffJson(evil, {}), []);
    assert.deepEqual(diffJson({}, evil), []);
  });

  test('finds two values the same whatever the order of their keys', (assert) => {
    fc.assert(
      fc.property(json, json, (one, other) => sameJson(one, other) === (sorted(one) === sorted(other))),
    );
    assert.true(sameJson({ a: 1, b: [2] }, { b: [2], a: 1 }));
    assert.false(sameJson({ a: 1 }, { b: 1 }));
    assert.false(sameJson([], {}));
  });
});

/** JSON with the keys of objects in order. */
function sorted(value: Json): string {
  return JSON.stringify(value, (_, part) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
