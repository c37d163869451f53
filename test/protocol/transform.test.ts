import fc from 'fast-check';
import QUnit from 'qunit';
import type { Path } from '../../src/protocol/change.js';
import type { Json } from '../../src/protocol/messages.js';
import {
  afterChange,
  afterWish,
  beforeChange,
  type Step,
  touches,
  type Wish,
} from '../../src/protocol/transform.js';
import { PlainDocument } from '../server/live/document/plain-document.js';

const { module, test } = QUnit;
const parts = (pointer: string) => pointer.split('/').slice(1);
const step = (op: Step['op'], ...path: (string | number)[]): Step => ({ op, path });

module('server/live/transform', () => {
  test('moves an index behind what was inserted at it or before it (SC-98)', (assert) => {
    for (const [at, index] of [
      [0, 3],
      [2, 3],
      [3, 2],
    ] as const) {
      assert.deepEqual(
        afterChange(parts('/items/2/name'), 'replace', step('add', 'items', at)),
        parts(`/items/${index}/name`),
      );
    }
  });

  test('moves an index before what was removed (SC-98)', (assert) => {
    const path = parts('/items/2/name');
    assert.deepEqual(afterChange(path, 'replace', step('remove', 'items', 1)), parts('/items/1/name'));
    assert.deepEqual(afterChange(path, 'replace', step('remove', 'items', 3)), path);
  });

  test('loses a place whose item, object or list was removed, replaced or set anew (SC-98, SC-99)', (assert) => {
    const by = [
      step('remove', 'items', 2),
      step('replace', 'items', 2),
      step('replace', 'items'),
      step('remove', 'items'),
      step('add', 'items'),
      step('replace'),
    ];
    for (const change of by)
      assert.equal(afterChange(parts('/items/2/name'), 'replace', change), undefined, change.op);
    assert.equal(afterChange(parts('/items/2'), 'replace', step('replace', 'items', 2)), undefined);
  });

  test('keeps a member whose value was replaced: the later one wins', (assert) => {
    assert.deepEqual(afterChange(parts('/a/b'), 'replace', step('replace', 'a', 'b')), parts('/a/b'));
    assert.equal(afterChange(parts('/a/b'), 'replace', step('remove', 'a', 'b')), undefined);
    assert.deepEqual(afterChange(parts('/a/b'), 'add', step('remove', 'a', 'b')), parts('/a/b'));
  });

  test('leaves other places, lists with a longer name and keys that look like indexes alone', (assert) => {
    for (const pointer of ['/itemsX/2', '/items', '/x/items/2', '/items/x', '/items/-']) {
      assert.deepEqual(afterChange(parts(pointer), 'replace', step('add', 'items', 0)), parts(pointer));
    }
    assert.deepEqual(afterChange(parts('/map/2'), 'replace', step('add', 'map', '1')), parts('/map/2'));
  });

  test('takes an index for what it is only when it is written as one', (assert) => {
    assert.deepEqual(afterChange(parts('/items/02'), 'replace', step('add', 'items', 0)), parts('/items/02'));
  });

  test('goes back through a change to where a place was, or to nothing when it was made', (assert) => {
    const path = parts('/items/2/name');
    assert.deepEqual(beforeChange(path, step('add', 'items', 0)), parts('/items/1/name'));
    assert.equal(beforeChange(path, step('add', 'items', 2)), undefined);
    assert.deepEqual(beforeChange(path, step('remove', 'items', 2)), parts('/items/3/name'));
    assert.equal(beforeChange(path, step('replace', 'items')), undefined);
    assert.deepEqual(beforeChange(path, step('replace', 'items', 2, 'name')), path);
  });

  test('touches what is above and below, but not what an insertion only moves', (assert) => {
    assert.true(touches(step('replace', 'a'), ['a', 'b']));
    assert.true(touches(step('replace', 'a', 'b'), ['a']));
    assert.true(touches(step('add', 'list', 0), ['list']));
    assert.false(touches(step('add', 'list', 0), ['list', '0']));
    assert.false(touches(step('replace', 'a'), ['ab']));
  });

  // TP1: both sides come to the same document, whoever applies first.
  test('gives the same document in both orders, for lists and objects, unless both put a value in one place', (assert) => {
    const path: fc.Arbitrary<Path> = fc.oneof(
      fc.tuple(fc.constant('list'), fc.nat(2)),
      fc.tuple(fc.constant('list'), fc.nat(2), fc.constantFrom('x', 'y')),
      fc.tuple(fc.constantFrom('list', 'a', 'b')),
    );
    const op = fc.constantFrom<Step['op'][]>('add', 'remove', 'replace');
    const root: Json = { list: [{ x: 1 }, { x: 2 }, { x: 3 }], a: 1 };
    const can = ({ op, path }: Step) => {
      const [first, , third] = path;
      if (third !== undefined) return op === 'add' || third === 'x';
      return path.length === 2 || op === 'add' || first !== 'b';
    };
    let compared = 0;
    fc.assert(
      fc.property(op, path, op, path, (serverOp, serverPath, clientOp, clientPath) => {
        const change: Step = { op: serverOp, path: serverPath };
        const own: Wish = { op: clientOp, path: clientPath.map(String) };
        fc.pre(can(change) && can({ op: clientOp, path: clientPath }));
        const client = new PlainDocument(root);
        const server = new PlainDocument(root);
        const value = (by: string, kind: Step['op']) => (kind === 'remove' ? {} : { value: { x: by } });
        server.apply({ ...change, ...value('server', serverOp) });
        client.apply({ op: clientOp, path: clientPath, ...value('client', clientOp) });
        const moved = afterChange(own.path, own.op, change);
        const back = afterWish(change, own);
        // A wish for a place that is gone is not carried out, and the client is told so.
        fc.pre(moved !== undefined);
        const place = moved.map((part, index) => (index === 1 && moved[0] === 'list' ? Number(part) : part));
        server.apply({ op: own.op, path: place, ...value('client', own.op) });
        if (back !== undefined) client.apply({ ...back, ...value('server', back.op) });
        compared += 1;
        return JSON.stringify(sorted(server.root)) === JSON.stringify(sorted(client.root));
      }),
      { numRuns: 2000 },
    );
    assert.ok(compared > 500);
  });
});

function sorted(value: Json | undefined): Json | undefined {
  if (Array.isArray(value)) return value.map((item: Json) => sorted(item) ?? null);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}
