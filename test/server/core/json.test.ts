import * as fc from 'fast-check';
import QUnit from 'qunit';
import type { Json } from '../../../src/protocol/messages.js';
import { copyJson, deepFreeze } from '../../../src/server/core/json.js';

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
});
