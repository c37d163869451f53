import fc from 'fast-check';
import QUnit from 'qunit';
import type { Json } from '../../../../src/protocol/messages.js';
import { createDocument } from '../../../../src/server/live/document/document.js';
import { reconcile } from '../../../../src/server/live/document/reconcile.js';

const changesFor = (from: object, to: Json) => {
  const document = createDocument<object>(from, { fresh: false });
  reconcile(document, to);
  return { changes: document.take(), now: document.toJSON() };
};

QUnit.module('server/live/reconcile', () => {
  QUnit.test('changes what differs, and nothing else', (assert) => {
    const from = { same: { deep: [1, 2] }, list: [1, 2, 3], old: 1, value: 1 };
    const to = { same: { deep: [1, 2] }, list: [0, 1, 2, 3], value: 2, fresh: {} };
    const { changes, now } = changesFor(from, to);
    assert.deepEqual(now, to);
    assert.deepEqual(
      changes.map(({ op, path }) => `${op} /${path.join('/')}`),
      ['add /list/0', 'remove /old', 'add /fresh', 'replace /value'],
    );
  });

  QUnit.test('replaces an object by a list, and the other way round, as a whole', (assert) => {
    assert.deepEqual(changesFor({ a: 1 }, [1]).changes, [{ op: 'replace', path: [], value: [1] }]);
    assert.deepEqual(changesFor([1], { a: 1 }).changes, [{ op: 'replace', path: [], value: { a: 1 } }]);
  });

  QUnit.test('does nothing where nothing differs', (assert) => {
    const { changes } = changesFor({ a: [1, { b: null }] }, { a: [1, { b: null }] });
    assert.deepEqual(changes, []);
  });

  QUnit.test('refuses what is no document, which stays as it was', (assert) => {
    for (const to of [1, null, 'text']) {
      const document = createDocument<object>({ a: 1 }, { fresh: false });
      assert.throws(() => reconcile(document, to), /The document must be an object or a list/);
      assert.deepEqual(document.toJSON(), { a: 1 });
    }
  });

  QUnit.test('shares nothing with what it was given', (assert) => {
    const document = createDocument<{ a?: { b: number }[] }>({}, { fresh: false });
    const to = { a: [{ b: 1 }] };
    reconcile(document, to);
    document.root.a?.push({ b: 2 });
    assert.deepEqual(to, { a: [{ b: 1 }] });
  });

  QUnit.test('makes any document of any other', (assert) => {
    const value = fc.letrec<{ tree: Json }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.constantFrom<Json>(null, true, 0, 1, '', 'text'),
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(fc.constantFrom('a', 'b', 'c', '0', 'x/y', '~'), tie('tree'), { maxKeys: 4 }),
      ),
    })).tree;
    const root = fc.oneof(fc.array(value, { maxLength: 5 }), fc.dictionary(fc.constantFrom('a', 'b'), value));
    fc.assert(
      fc.property(root, root, (from, to) => {
        assert.deepEqual(changesFor(from as object, to as Json).now, JSON.parse(JSON.stringify(to)));
      }),
      { numRuns: 300 },
    );
  });
});
