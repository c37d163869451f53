import fc from 'fast-check';
import QUnit from 'qunit';
import { mergePatch } from '../../src/protocol/merge-patch.js';
import type { Json } from '../../src/protocol/messages.js';
import { deepFreeze } from '../../src/server/core/json.js';
import { codeOf } from '../server/fixture.js';
import { anyJson, json } from './json.js';

QUnit.module('protocol/merge-patch', () => {
  // RFC 7396, appendix A: original, patch, result.
  const table: readonly (readonly [Json, Json, Json])[] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];

  for (const [original, patch, result] of table) {
    const name = `RFC 7396 A makes ${JSON.stringify(result)} of ${JSON.stringify(original)} with ${JSON.stringify(patch)}`;
    QUnit.test(name, (assert) => {
      assert.deepEqual(mergePatch(deepFreeze(original), deepFreeze(patch)), result);
    });
  }

  QUnit.test('RFC 7396 §1 turns its example document into its example result', (assert) => {
    const original = {
      title: 'Goodbye!',
      author: { givenName: 'John', familyName: 'Doe' },
      tags: ['example', 'sample'],
      content: 'This will be unchanged',
    };
    const patch = {
      title: 'Hello!',
      phoneNumber: '+01-123-456-7890',
      author: { familyName: null },
      tags: ['example'],
    };
    assert.deepEqual(mergePatch(deepFreeze(original), deepFreeze(patch)), {
      title: 'Hello!',
      author: { givenName: 'John' },
      tags: ['example'],
      content: 'This will be unchanged',
      phoneNumber: '+01-123-456-7890',
    });
  });

  QUnit.test('shares what did not change, and gives the document itself when nothing did', (assert) => {
    const document = deepFreeze({ a: { x: 1 }, b: { c: { y: 1 }, d: [1] } });
    const result = mergePatch(document, { b: { c: { y: 2 } } }) as typeof document;
    assert.notStrictEqual(result, document);
    assert.strictEqual(result.a, document.a);
    assert.strictEqual(result.b.d, document.b.d);
    for (const nothing of [
      {},
      { gone: null, toString: null },
      { a: {} },
      { a: { x: 1 }, b: { c: { z: null } } },
    ]) {
      assert.strictEqual(mergePatch(document, nothing), document);
    }
  });

  QUnit.test('keeps the nulls in a list, which is one value', (assert) => {
    assert.deepEqual(mergePatch({ a: 1 }, { a: [null, { b: null }] }), { a: [null, { b: null }] });
  });

  QUnit.test('S69 refuses a key __proto__ at any depth, and reaches no prototype', async (assert) => {
    for (const text of ['{"__proto__":{"x":1}}', '{"a":{"__proto__":null}}', '{"a":[{"__proto__":1}]}']) {
      assert.equal(await codeOf(() => mergePatch({}, JSON.parse(text))), 'patch/malformed', text);
    }
    const patch = { constructor: { prototype: { x: 1 } }, toString: null };
    assert.equal(JSON.stringify(mergePatch({}, patch)), '{"constructor":{"prototype":{"x":1}}}');
    assert.false('x' in Object.prototype || 'x' in Object);
  });

  QUnit.test('keeps a member __proto__ that the document has of its own', (assert) => {
    const result = mergePatch(JSON.parse('{"__proto__":{"x":1},"a":1}'), { a: 2 });
    assert.equal(JSON.stringify(result), '{"__proto__":{"x":1},"a":2}');
    assert.strictEqual(Object.getPrototypeOf(result), Object.prototype);
  });

  QUnit.test('S69 refuses what is deeper or longer than the limits, and what is no JSON', async (assert) => {
    const code = (patch: unknown, limits = {}) => codeOf(() => mergePatch({}, patch, limits));
    assert.equal(await code({ a: { b: 1 } }, { depth: 2 }), 'no error');
    assert.equal(await code({ a: { b: 1 } }, { depth: 1 }), 'patch/size');
    assert.equal(await code(JSON.parse(`${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`)), 'patch/size');
    assert.equal(await code({ a: 'é' }, { size: 10 }), 'no error', '{"a":"é"} has ten bytes');
    assert.equal(await code({ a: 'é' }, { size: 9 }), 'patch/size');
    assert.equal(await code({ a: 'x'.repeat(1_048_576) }), 'patch/size', 'the default is 1 MiB');
    for (const bad of [undefined, { a: undefined }, { a: Number.NaN }, [() => 1], 1n]) {
      assert.equal(await code(bad), 'patch/malformed');
    }
    assert.equal(await code({}, { depth: -1 }), 'config/invalid');
  });

  /** The pseudocode of RFC 7396 §2, on maps, which have no prototypes. */
  function reference(target: unknown, patch: unknown): unknown {
    if (!(patch instanceof Map)) return patch;
    const result = new Map(target instanceof Map ? target : []);
    for (const [key, value] of patch) {
      if (value === null) result.delete(key);
      else result.set(key, reference(result.get(key), value));
    }
    return result;
  }
  const maps = (value: Json): unknown =>
    Array.isArray(value)
      ? value.map(maps)
      : typeof value === 'object' && value !== null
        ? new Map(Object.entries(value).map(([key, member]) => [key, maps(member)]))
        : value;

  QUnit.test('does what the pseudocode of RFC 7396 §2 does, and leaves both inputs alone', (assert) => {
    fc.assert(
      fc.property(json, json, (document, patch) => {
        const before = JSON.stringify([document, patch]);
        const result = mergePatch(deepFreeze(document), deepFreeze(patch));
        assert.deepEqual(maps(result), reference(maps(document), maps(patch)));
        return JSON.stringify([document, patch]) === before;
      }),
    );
  });

  QUnit.test('throws nothing but a SessionError, whatever the JSON', async (assert) => {
    const codes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(anyJson, anyJson, async (document, patch) => {
        codes.add(await codeOf(() => mergePatch(document, patch, { depth: 3, size: 100 })));
      }),
    );
    assert.deepEqual(
      [...codes].filter((code) => !['no error', 'patch/malformed', 'patch/size'].includes(code)),
      [],
    );
  });
});
