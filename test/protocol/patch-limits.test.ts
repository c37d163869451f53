import fc from 'fast-check';
import QUnit from 'qunit';
import type { Json } from '../../src/protocol/messages.js';
import { applyPatch, type PatchLimits, parsePatch } from '../../src/protocol/patch.js';
import { deepFreeze } from '../../src/server/core/json.js';
import { codeOf } from '../server/fixture.js';
import { json } from './json.js';
import { sequences } from './patch-model.js';

const { module, test } = QUnit;

const code = (document: Json, patch: unknown, limits?: PatchLimits) =>
  codeOf(() => applyPatch(deepFreeze(document), patch, limits));

const nested = (depth: number): Json => JSON.parse('['.repeat(depth) + ']'.repeat(depth));

const text = (value: unknown) => JSON.stringify(value);

module('protocol/patch-limits', () => {
  test('S69 refuses more than 1,000 operations unread, by default', async (assert) => {
    const patch = (length: number) => Array.from({ length }, () => ({ op: 'test', path: '/a', value: 1 }));
    assert.equal(await code({ a: 1 }, patch(1000)), 'no error');
    assert.equal(await code({ a: 1 }, patch(1001)), 'patch/size');
    const unread = new Proxy(patch(100_000), {
      get: (list, key) => (key === 'length' ? list.length : assert.true(false, `reads ${String(key)}`)),
    });
    assert.equal(await code({ a: 1 }, unread), 'patch/size');
    assert.equal(await code({ a: 1 }, patch(2), { operations: 1 }), 'patch/size');
    assert.equal(await codeOf(() => parsePatch(patch(1001))), 'patch/size');
  });

  test('S69 refuses a pointer of more than 64 parts and a value that would lie deeper, by default', async (assert) => {
    assert.equal(
      await code(nested(64), [{ op: 'add', path: `${'/0'.repeat(63)}/-`, value: [] }]),
      'no error',
    );
    assert.equal(await code(nested(70), [{ op: 'remove', path: '/0'.repeat(65) }]), 'patch/size');
    assert.equal(await code({}, [{ op: 'copy', from: '/0'.repeat(65), path: '/a' }]), 'patch/size');
    assert.equal(await code({}, [{ op: 'add', path: '/a', value: nested(64) }]), 'no error');
    assert.equal(await code({}, [{ op: 'add', path: '/a', value: nested(65) }]), 'patch/size');
    assert.equal(await code({}, [{ op: 'test', path: '/a', value: nested(100_000) }]), 'patch/size');
    assert.equal(await code({}, [{ op: 'replace', path: '', value: nested(65) }]), 'no error');
    assert.equal(await code({}, [{ op: 'replace', path: '', value: [nested(65)] }]), 'patch/size');
  });

  test('S69 refuses a copy or a move by which the document gets too deep', async (assert) => {
    const limits = { depth: 4 };
    const document = { a: { b: { c: {} } }, d: {} };
    const to = (op: string, path: string) => code(document, [{ op, from: '/a', path }], limits);
    for (const op of ['copy', 'move']) {
      assert.equal(await to(op, '/d/e'), 'no error', 'four deep');
      assert.equal(await code(document, [{ op: 'add', path: '/a/b/c/x', value: {} }], limits), 'no error');
      assert.equal(
        await code({ ...document, d: { e: {} } }, [{ op, from: '/a', path: '/d/e/f' }], limits),
        'patch/size',
      );
    }
    // Each move alone is within the limit of pointers; together they would go down without end.
    const down = Array.from({ length: 900 }, () => [
      { op: 'add', path: '/d', value: {} },
      { op: 'move', from: '/a', path: '/d/a' },
      { op: 'move', from: '/d', path: '/a' },
    ]).flat();
    assert.equal(await code({ a: {} }, down, { operations: 2700 }), 'patch/size');
  });

  test('moves within a document that is deeper than the limit already, but not down', async (assert) => {
    const document = { a: nested(100), b: [] };
    assert.equal(await code(document, [{ op: 'move', from: '/a', path: '/c' }]), 'no error');
    assert.equal(await code(document, [{ op: 'move', from: '/a/0', path: '/c' }]), 'no error');
    assert.equal(await code(document, [{ op: 'move', from: '/a', path: '/b/0' }]), 'patch/size');
  });

  test('counts a value as the bytes that JSON.stringify makes of it, in UTF-8', async (assert) => {
    assert.expect(0);
    const value = fc.oneof(
      json,
      fc
        .jsonValue({ stringUnit: 'binary' })
        .map((any): Json => JSON.parse(text(any).replaceAll('__proto__', 'p'))),
      fc.string({
        unit: fc.constantFrom(
          '\0',
          '\x1f',
          '\n',
          '"',
          '\\',
          '\x7f',
          '\x80',
          '\u07ff',
          '\u0800',
          '\ud800',
          '\udc00',
          '\uffff',
        ),
      }),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((number): Json => JSON.parse(text(number))),
    );
    await fc.assert(
      fc.asyncProperty(value, async (any) => {
        const size = Buffer.byteLength(text(any));
        const patch = [{ op: 'replace', path: '', value: any }];
        const codes = [await code(null, patch, { size }), await code(null, patch, { size: size - 1 })];
        return codes.join() === 'no error,patch/size';
      }),
      { numRuns: 500 },
    );
  });

  test('counts each key and each comma that it adds, so that a document grows by no more than the size', async (assert) => {
    const patch = [
      { op: 'add', path: '/k', value: 'vv' },
      { op: 'add', path: '/l/-', value: 7 },
      { op: 'copy', from: '/l', path: '/~1' },
      { op: 'remove', path: '/k' },
    ];
    // ,"k":"vv"  ,7  ,"/":[1,7]
    assert.equal(await code({ l: [1] }, patch, { size: 9 + 2 + 10 }), 'no error');
    assert.equal(await code({ l: [1] }, patch, { size: 9 + 2 + 9 }), 'patch/size');
    const again = [{ op: 'add', path: '/l', value: 7 }];
    assert.equal(await code({ l: [1] }, again, { size: 1 }), 'no error', 'the key is there already');
    assert.equal(
      await code({ l: [1] }, [...again, ...again], { size: 1 }),
      'patch/size',
      'nothing comes back',
    );
    const tested = [{ op: 'test', path: '/l', value: [1] }];
    assert.equal(
      await code({ l: [1] }, [...tested, ...tested], { size: 3 }),
      'no error',
      'a test adds nothing',
    );
    assert.equal(
      await code({ l: [1] }, tested, { size: 2 }),
      'patch/size',
      'but its value has the limit too',
    );
    fc.assert(
      fc.property(sequences, fc.nat(40), ([document, any], size) => {
        try {
          const grown = text(applyPatch(document, any, { size }));
          return Buffer.byteLength(grown) <= Buffer.byteLength(text(document)) + size;
        } catch {
          return true;
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('S69 stops a bomb of copies at 1 MiB, by default', async (assert) => {
    const doubling = Array.from({ length: 60 }, () => ({ op: 'copy', from: '/l', path: '/l/-' }));
    assert.equal(await code({ l: [0] }, doubling, { depth: 1000 }), 'patch/size');
    const beside = Array.from({ length: 999 }, (_, index) => ({
      op: 'copy',
      from: '/0',
      path: `/${index}`,
    }));
    assert.equal(await code(['x'.repeat(1000)], beside), 'no error');
    assert.equal(await code(['x'.repeat(1050)], beside), 'patch/size');
    assert.equal(await code({}, [{ op: 'add', path: '/a', value: 'x'.repeat(1_048_576) }]), 'patch/size');
  });

  test('lets a large document be changed and made smaller', async (assert) => {
    const document = { large: 'x'.repeat(3_000_000), a: 1 };
    assert.equal(await code(document, [{ op: 'replace', path: '/a', value: 2 }]), 'no error');
    assert.equal(await code(document, [{ op: 'remove', path: '/large' }]), 'no error');
  });

  test('refuses with config/invalid a limit that is none', async (assert) => {
    for (const limits of [
      { operations: -1 },
      { operations: 1_000_001 },
      { depth: 1001 },
      { depth: 1.5 },
      { size: Number.NaN },
      { size: Number.POSITIVE_INFINITY },
    ]) {
      assert.equal(await code({}, [], limits), 'config/invalid', text(limits));
      assert.equal(await codeOf(() => parsePatch([], limits)), 'config/invalid');
    }
    assert.equal(await code({}, [], { operations: 0, depth: 0, size: 0 }), 'no error');
  });
});
