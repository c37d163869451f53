import * as fc from 'fast-check';
import QUnit from 'qunit';
import type { Json } from '../../../src/protocol/messages.js';
import { copyJson, deepFreeze, frozenJson, throughJson } from '../../../src/server/core/json.js';

const text = (value: unknown) => JSON.stringify(value);

/** Every object and list of a value. */
function nodesOf(value: unknown): object[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value, ...Object.values(value).flatMap(nodesOf)];
}

QUnit.module('server/core/json', () => {
  QUnit.test('copies any JSON and shares nothing', (assert) => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const original = deepFreeze(JSON.parse(text(value)) as Json);
        const copy = copyJson(original);
        const shared = new Set(nodesOf(original));
        return (
          text(copy) === text(original) &&
          nodesOf(copy).every((node) => !shared.has(node) && !Object.isFrozen(node))
        );
      }),
    );
    assert.true(true);
  });

  QUnit.test('copies a key named __proto__ as a key', (assert) => {
    const copy = copyJson(JSON.parse('{"__proto__":{"admin":true},"a":1}') as Json);
    assert.equal(text(copy), '{"__proto__":{"admin":true},"a":1}');
    assert.equal((copy as { admin?: boolean }).admin, undefined);
    assert.equal(Object.getPrototypeOf(copy), Object.prototype);
  });

  QUnit.module('frozenJson', () => {
    /** Values as programs have them, beside those of JSON. */
    const odd = fc.anything({
      withDate: true,
      withBoxedValues: true,
      withMap: true,
      withNullPrototype: true,
      withSparseArray: true,
      withTypedArray: true,
    });
    const outcomeOf = (work: () => unknown): unknown => {
      try {
        return text(work());
      } catch (error) {
        return `${error}`;
      }
    };

    QUnit.test('gives what a way through JSON gives, of anything', (assert) => {
      fc.assert(
        fc.property(fc.oneof(odd, fc.jsonValue()), (value) => {
          assert.equal(
            outcomeOf(() => frozenJson(value)),
            outcomeOf(() => throughJson(value)),
          );
        }),
      );
    });

    QUnit.test('freezes all of it and shares nothing', (assert) => {
      const original = { list: [{ a: 1 }, [2]], deep: { b: new Date(0) } };
      const copy = frozenJson(original);
      assert.true(nodesOf(copy).every((node) => Object.isFrozen(node)));
      assert.false(nodesOf(original).some((node) => nodesOf(copy).includes(node)));
    });

    QUnit.test(
      'keeps a key named __proto__, drops what JSON drops, and writes no negative zero',
      (assert) => {
        const value = {
          ...JSON.parse('{"__proto__":{"admin":true}}'),
          a: undefined,
          b: [undefined, -0],
          c: () => 1,
        };
        const copy = frozenJson(value) as { readonly b: readonly number[] };
        assert.equal(text(copy), '{"__proto__":{"admin":true},"b":[null,0]}');
        assert.true(Object.is(copy.b[1], 0));
      },
    );

    QUnit.test('says that a circle is one', (assert) => {
      const circle: { self?: unknown } = {};
      circle.self = circle;
      assert.throws(() => frozenJson(circle), TypeError);
    });
  });
});
