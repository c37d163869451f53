import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import fc from 'fast-check';
import QUnit from 'qunit';
import type { Json } from '../../src/protocol/messages.js';
import { applyPatch, type PatchLimits, parsePatch } from '../../src/protocol/patch.js';
import { sameJson } from '../../src/protocol/same-json.js';
import { deepFreeze } from '../../src/server/core/json.js';
import { codeOf } from '../server/fixture.js';
import { anyJson, json } from './json.js';
import { place, reference, sequences } from './patch-model.js';

const { module, test } = QUnit;

/** One case of json-patch-test-suite: without `expected` and `error`, the document stays as it is. */
interface Vector {
  readonly comment?: string;
  readonly doc: Json;
  readonly patch: readonly Json[];
  readonly expected?: Json;
  readonly error?: string;
  readonly disabled?: boolean;
}

const suite = (file: string): Vector[] =>
  JSON.parse(readFileSync(createRequire(import.meta.url).resolve(`json-patch-test-suite/${file}`), 'utf8'));

const code = (document: Json, patch: unknown, limits?: PatchLimits) =>
  codeOf(() => applyPatch(deepFreeze(document), patch, limits));

/** As text: to `deepEqual`, an own member `constructor` is a class. */
const text = (value: unknown) => JSON.stringify(value);

module('protocol/patch', () => {
  module('json-patch-test-suite', () => {
    const vectors = ['tests.json', 'spec_tests.json'].flatMap(suite);
    const enabled = vectors.filter(({ disabled }) => !disabled);

    test('has 91 vectors, and four that it has disabled itself', (assert) => {
      assert.deepEqual([enabled.length, vectors.length - enabled.length], [91, 4]);
    });

    // None of the vectors contradicts what is decided here.
    for (const [index, { comment, doc, patch, expected = doc, error }] of enabled.entries()) {
      const title = `${index + 1} ${comment ?? error ?? JSON.stringify(patch)}`;
      if (error === undefined) {
        test(`applies ${title}`, (assert) => {
          assert.deepEqual(applyPatch(deepFreeze(doc), deepFreeze(patch)), expected);
        });
      } else {
        test(`refuses ${title}`, async (assert) => {
          const why = /parameter|Unrecognized/.test(error) ? 'patch/malformed' : 'patch/conflict';
          assert.equal(await code(doc, deepFreeze(patch)), why);
        });
      }
    }
  });

  module('what is refused', () => {
    test('refuses with patch/malformed what is no patch, wherever in it, before it applies any of it', async (assert) => {
      const path = '/a';
      const bad: readonly unknown[] = [
        undefined,
        null,
        1,
        'add',
        [],
        {},
        { path, value: 1 },
        { op: 'ADD', path, value: 1 },
        { op: 'toString', path, value: 1 },
        { op: ['add'], path, value: 1 },
        { op: 'add', path },
        { op: 'replace', path, value: undefined },
        { op: 'test', path },
        { op: 'add', value: 1 },
        { op: 'remove' },
        { op: 'remove', path: null },
        { op: 'remove', path: ['a'] },
        { op: 'move', path },
        { op: 'copy', path, from: 1 },
        { op: 'remove', path: 'a' },
        { op: 'remove', path: '#/a' },
        { op: 'remove', path: '/a~' },
        { op: 'move', from: '/~2', path },
        { op: 'add', path, value: Number.NaN },
        { op: 'add', path, value: [{ x: undefined }] },
        { op: 'test', path, value: 1n },
      ];
      for (const [index, operation] of bad.entries()) {
        assert.equal(await code({ a: 1 }, [operation]), 'patch/malformed', `number ${index}`);
        // The first would be a conflict, if it were tried.
        assert.equal(await code({}, [{ op: 'remove', path }, operation]), 'patch/malformed');
      }
      for (const patch of [undefined, null, {}, 'x', 1, { op: 'remove', path }, { length: 0 }]) {
        assert.equal(await code({ a: 1 }, patch), 'patch/malformed');
      }
    });

    test('takes no member of an operation from a prototype', async (assert) => {
      const inherited = Object.assign(Object.create({ value: 1, from: '/a' }), { op: 'add', path: '/b' });
      assert.equal(await code({ a: 1 }, [inherited]), 'patch/malformed');
      assert.equal(await code({ a: 1 }, [{ ...inherited, op: 'copy' }]), 'patch/malformed');
    });

    test('refuses with patch/conflict what does not fit the document', async (assert) => {
      const document = { a: { b: 1 }, l: [1, 2], s: 'text', n: null };
      const misfits: readonly Json[] = [
        { op: 'add', path: '/x/y', value: 1 },
        { op: 'add', path: '/s/0', value: 1 },
        { op: 'add', path: '/n/a', value: 1 },
        { op: 'add', path: '/l/3', value: 1 },
        { op: 'add', path: '/l/01', value: 1 },
        { op: 'add', path: '/l/-/x', value: 1 },
        { op: 'add', path: '/l/length', value: 0 },
        { op: 'replace', path: '/x', value: 1 },
        { op: 'replace', path: '/l/2', value: 1 },
        { op: 'replace', path: '/l/-', value: 1 },
        { op: 'replace', path: '/s/length', value: 1 },
        { op: 'remove', path: '/x' },
        { op: 'remove', path: '/l/-' },
        { op: 'remove', path: '/l/2' },
        { op: 'remove', path: '/l/00' },
        { op: 'test', path: '/x', value: null },
        { op: 'test', path: '/l/-', value: 2 },
        { op: 'test', path: '/s/length', value: 4 },
        { op: 'test', path: '/l/length', value: 2 },
        { op: 'move', from: '/x', path: '/y' },
        { op: 'move', from: '/x', path: '/x' },
        { op: 'copy', from: '/x', path: '/y' },
        { op: 'copy', from: '/l/-', path: '/y' },
        { op: 'copy', from: '/a', path: '/l/3' },
      ];
      for (const operation of misfits)
        assert.equal(await code(document, [operation]), 'patch/conflict', text(operation));
    });

    test('lets nothing move into itself, and lets it move beside what has a longer name', async (assert) => {
      const into = (from: string, path: string) =>
        code({ a: { b: {} }, ab: {}, 'a/b': 1 }, [{ op: 'move', from, path }]);
      assert.equal(await into('/a', '/a/c'), 'patch/conflict');
      assert.equal(await into('/a', '/a/b/c'), 'patch/conflict');
      assert.equal(await into('', '/a'), 'patch/conflict');
      // Without the first item, the second would be there.
      assert.equal(await code([{}, {}], [{ op: 'move', from: '/0', path: '/0/x' }]), 'patch/conflict');
      assert.equal(await into('/a', '/ab/a'), 'no error');
      assert.equal(await into('/a', '/ab'), 'no error');
      assert.equal(await into('', ''), 'no error');
    });

    test('tests as RFC 6902 §4.6 says: by value, all members, all items, own members only', async (assert) => {
      const unequal: readonly (readonly [Json, Json])[] = [
        [{ a: 1 }, { a: 1, b: 1 }],
        [{ a: 1, b: 1 }, { a: 1 }],
        [{ a: null }, { b: null }],
        [{ a: 1 }, { constructor: 1 }],
        [{ a: 1 }, { toString: null }],
        [[1, 2], [1]],
        [[1], [1, 2]],
        [
          [1, 2],
          [2, 1],
        ],
        [[], {}],
        [{}, []],
        [{ 0: 1 }, [1]],
        [null, {}],
        [0, false],
        [0, '0'],
        [0, null],
        ['', []],
        ['é', 'e\u0301'],
      ];
      for (const [one, other] of unequal) {
        assert.equal(
          await code(one, [{ op: 'test', path: '', value: other }]),
          'patch/conflict',
          text([one, other]),
        );
      }
      await fc.assert(
        fc.asyncProperty(json, json, async (one, other) => {
          const same = async (value: Json) =>
            (await code(one, [{ op: 'test', path: '', value }])) === 'no error';
          return (await same(other)) === sameJson(one, other) && (await same(JSON.parse(text(one))));
        }),
      );
    });

    test('copies a value into itself', (assert) => {
      const result = applyPatch(deepFreeze({ a: { x: [1] } }), [
        { op: 'copy', from: '/a', path: '/a/a' },
        { op: 'add', path: '/a/a/x/-', value: 2 },
        { op: 'copy', from: '', path: '/a/x/0' },
      ]);
      assert.equal(text(result), '{"a":{"x":[{"a":{"x":[1],"a":{"x":[1,2]}}},1],"a":{"x":[1,2]}}}');
    });

    test('leaves a document: its removal is a conflict, unless the same patch puts another there', async (assert) => {
      assert.equal(await code({ a: 1 }, [{ op: 'remove', path: '' }]), 'patch/conflict');
      const anew = [
        { op: 'remove', path: '' },
        { op: 'add', path: '', value: [1] },
      ];
      assert.deepEqual(applyPatch({ a: 1 }, anew), [1]);
      assert.equal(await code({ a: 1 }, [anew[0], { op: 'add', path: '/a', value: 1 }]), 'patch/conflict');
    });

    test('says the number of the operation and the status, and nothing of the document or the patch', (assert) => {
      const refused = (last: Json) => {
        try {
          applyPatch({ secret: 'secret' }, [{ op: 'test', path: '/secret', value: 'secret' }, last]);
        } catch (error) {
          return error as Error & { status: number };
        }
        throw new Error('no error');
      };
      const conflict = refused({ op: 'replace', path: '/secrets', value: 'secret' });
      assert.equal(conflict.message, 'patch/conflict: no such place (operation 1)');
      assert.equal(conflict.status, 409);
      assert.equal(
        refused({ op: 'secret', path: '/secret' }).message,
        'patch/malformed: unknown op (operation 1)',
      );
      assert.equal(refused({ op: 'secret' }).status, 400);
      assert.equal(refused({ op: 'remove', path: '/secret'.repeat(99) }).status, 413);
    });

    test('throws nothing but a SessionError, whatever the JSON', async (assert) => {
      const codes = new Set<string>();
      const operation = fc.record(
        {
          op: fc.oneof(
            { weight: 9, arbitrary: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test') },
            anyJson,
          ),
          path: fc.oneof(place, fc.json()),
          from: fc.oneof(place, fc.json()),
          value: anyJson,
        },
        { requiredKeys: ['op'] },
      );
      const patch = fc.oneof(anyJson, fc.array(fc.oneof({ weight: 5, arbitrary: operation }, anyJson)));
      await fc.assert(
        fc.asyncProperty(anyJson, patch, async (document, value) => {
          codes.add(await code(document, value, { operations: 5, depth: 4, size: 60 }));
        }),
        { numRuns: 2000 },
      );
      assert.deepEqual([...codes].sort(), ['no error', 'patch/conflict', 'patch/malformed', 'patch/size']);
    });
  });

  module('prototypes', () => {
    test('S69 refuses every pointer and every value with __proto__', async (assert) => {
      const attacks = [
        '[{"op":"add","path":"/__proto__/x","value":1}]',
        '[{"op":"add","path":"/a/__proto__","value":{"x":1}}]',
        '[{"op":"replace","path":"/__proto__","value":1}]',
        '[{"op":"remove","path":"/l/__proto__/push"}]',
        '[{"op":"test","path":"/__proto__/x","value":1}]',
        '[{"op":"copy","from":"/__proto__","path":"/b"}]',
        '[{"op":"copy","from":"/a","path":"/__proto__"}]',
        '[{"op":"move","from":"/a","path":"/a/__proto__/x"}]',
        '[{"op":"add","path":"/b","value":{"__proto__":{"x":1}}}]',
        '[{"op":"add","path":"/b","value":[{"c":{"__proto__":1}}]}]',
      ];
      for (const attack of attacks) {
        assert.equal(await code({ a: {}, l: [] }, JSON.parse(attack)), 'patch/malformed', attack);
      }
      assert.false('x' in Object.prototype);
    });

    test('S69 finds own members only: constructor and its prototype are not there', async (assert) => {
      const own = Object.getOwnPropertyNames(Object.prototype);
      for (const path of [
        '/constructor/prototype/x',
        '/constructor/x',
        '/toString/x',
        '/l/constructor/x',
        '/l/push/x',
      ]) {
        for (const op of ['add', 'replace']) {
          assert.equal(await code({ l: [] }, [{ op, path, value: 1 }]), 'patch/conflict', path);
        }
      }
      for (const path of ['/constructor', '/toString', '/l/push', '/l/constructor', '/hasOwnProperty']) {
        assert.equal(await code({ l: [] }, [{ op: 'remove', path }]), 'patch/conflict', path);
        assert.equal(await code({ l: [] }, [{ op: 'copy', from: path, path: '/x' }]), 'patch/conflict', path);
      }
      assert.deepEqual(Object.getOwnPropertyNames(Object.prototype), own);
      assert.false('x' in Object);
    });

    test('lets members be called constructor, prototype or toString', (assert) => {
      const patch = [
        { op: 'add', path: '/constructor', value: {} },
        { op: 'add', path: '/constructor/prototype', value: { x: 1 } },
        { op: 'copy', from: '/constructor/prototype', path: '/toString' },
        { op: 'test', path: '/toString', value: { x: 1 } },
        { op: 'remove', path: '/constructor/prototype/x' },
      ];
      const result = applyPatch({}, patch);
      assert.equal(text(result), '{"constructor":{"prototype":{}},"toString":{"x":1}}');
      assert.false('x' in Object.prototype || 'x' in Object);
    });

    test('takes nothing from a prototype that somebody else has spoilt', async (assert) => {
      Object.defineProperty(Object.prototype, 'spoilt', { value: 1, configurable: true });
      try {
        assert.equal(await code({}, [{ op: 'test', path: '/spoilt', value: 1 }]), 'patch/conflict');
        assert.equal(
          await code({ a: 1 }, [{ op: 'test', path: '', value: { spoilt: 1 } }]),
          'patch/conflict',
        );
        assert.equal(await code({}, [{ op: 'replace', path: '/spoilt', value: 2 }]), 'patch/conflict');
      } finally {
        Reflect.deleteProperty(Object.prototype, 'spoilt');
      }
    });

    test('keeps a member __proto__ that the document has of its own', (assert) => {
      const result = applyPatch(JSON.parse('{"__proto__":{"x":1},"a":1}'), [
        { op: 'replace', path: '/a', value: 2 },
      ]);
      assert.equal(text(result), '{"__proto__":{"x":1},"a":2}');
      assert.strictEqual(Object.getPrototypeOf(result), Object.prototype);
    });
  });

  module('all or nothing', () => {
    test('does what one operation after the other does to copies, or nothing', (assert) => {
      const outcomes = { done: 0, refused: 0 };
      fc.assert(
        fc.property(sequences, ([document, patch]) => {
          const before = text([document, patch]);
          const expected = reference(document, patch);
          let result: Json | undefined;
          try {
            result = applyPatch(deepFreeze(document), deepFreeze(patch));
          } catch {
            result = undefined;
          }
          outcomes[expected === undefined ? 'refused' : 'done'] += 1;
          return text(result) === text(expected) && text([document, patch]) === before;
        }),
        { numRuns: 3000 },
      );
      assert.true(outcomes.done > 500 && outcomes.refused > 500, text(outcomes));
    });

    test('S67 leaves nothing of a patch that fails at its last operation', async (assert) => {
      await fc.assert(
        fc.asyncProperty(sequences, async ([document, patch]) => {
          const before = text(document);
          // Not frozen: what would write into the document is to be seen in it.
          assert.notEqual(
            await codeOf(() => applyPatch(document, [...patch, { op: 'test', path: '/no such', value: 0 }])),
            'no error',
          );
          return text(document) === before;
        }),
      );
    });

    test('gives the original back when it removes what it added', (assert) => {
      assert.expect(0);
      fc.assert(
        fc.property(json, json, fc.nat(9), (document, value, index) => {
          const key = Array.isArray(document) ? index % (document.length + 1) : 'new';
          const path = typeof document === 'object' && document !== null ? `/in/${key}` : '/new';
          const around = { in: document };
          const patch = [
            { op: 'add', path, value },
            { op: 'test', path, value },
            { op: 'remove', path },
          ];
          return text(applyPatch(deepFreeze(around), patch)) === text(around);
        }),
      );
    });

    test('gives the original back when it moves there and back again', (assert) => {
      assert.expect(0);
      fc.assert(
        fc.property(json, (value) => {
          const document = deepFreeze({ a: { b: value }, l: [0, 1, 2] });
          const patch = [
            { op: 'move', from: '/a/b', path: '/l/1' },
            { op: 'move', from: '/l/1', path: '/a/b' },
          ];
          return sameJson(applyPatch(document, patch), document);
        }),
      );
    });
  });

  module('sharing', () => {
    test('shares every branch that did not change, with the document and with the patch', (assert) => {
      const document = deepFreeze({ a: { x: { y: 1 }, z: {} }, b: { c: [{}, {}] }, d: {} });
      const value = deepFreeze({ v: {} });
      const result = applyPatch(document, [
        { op: 'replace', path: '/a/x/y', value: 2 },
        { op: 'add', path: '/b/c/1', value },
      ]) as typeof document;
      assert.deepEqual(result, { a: { x: { y: 2 }, z: {} }, b: { c: [{}, { v: {} }, {}] }, d: {} });
      assert.strictEqual(result.a.z, document.a.z);
      assert.strictEqual(result.d, document.d);
      assert.strictEqual(result.b.c[0], document.b.c[0]);
      assert.strictEqual(result.b.c[2], document.b.c[1]);
      assert.strictEqual(result.b.c[1], value);
    });

    test('gives the document itself when a patch only tests, moves to the same place, or is empty', (assert) => {
      const document = deepFreeze({ a: { b: 1 }, c: 2 });
      for (const patch of [
        [],
        [{ op: 'test', path: '', value: { c: 2, a: { b: 1 } } }],
        [{ op: 'move', from: '/a', path: '/a' }],
      ]) {
        assert.strictEqual(applyPatch(document, patch), document);
      }
    });

    test('never writes into a value of the patch, and changes a copy in one of its two places only', (assert) => {
      const value = deepFreeze({ l: [1] });
      const result = applyPatch(
        {},
        deepFreeze([
          { op: 'add', path: '/a', value },
          { op: 'add', path: '/a/l/-', value: 2 },
          { op: 'copy', from: '/a', path: '/b' },
          { op: 'add', path: '/b/l/-', value: 3 },
          { op: 'add', path: '/a/l/-', value: 4 },
        ]),
      );
      assert.deepEqual(result, { a: { l: [1, 2, 4] }, b: { l: [1, 2, 3] } });
    });

    test('copies a list of 100,000 items once for 1,000 operations on it', (assert) => {
      const document = deepFreeze({ list: Array.from({ length: 100_000 }, (_, index) => index) });
      const patch = Array.from({ length: 500 }, (_, index) => [
        { op: 'add', path: `/list/${index}`, value: -index },
        { op: 'remove', path: '/list/50000' },
      ]).flat();
      const { slice } = Array.prototype;
      let copies = 0;
      let result: Json;
      Array.prototype.slice = function counted(...range) {
        if (this.length > 90_000) copies += 1;
        return slice.apply(this, range);
      };
      try {
        result = applyPatch(document, patch);
      } finally {
        Array.prototype.slice = slice;
      }
      assert.equal(copies, 1);
      assert.deepEqual((result as typeof document).list.slice(498, 502), [-498, -499, 0, 1]);
      assert.equal((result as typeof document).list.length, 100_000);
    });
  });

  module('parsePatch', () => {
    test('gives each operation the members of its kind and drops all others', (assert) => {
      const given = [
        { op: 'add', path: '/a', value: null, from: '/x', _: 1 },
        { op: 'remove', path: '', value: 1 },
        { op: 'move', from: '/a', path: '/b~1', value: 1 },
      ];
      assert.deepEqual(parsePatch(given), [
        { op: 'add', path: '/a', value: null },
        { op: 'remove', path: '' },
        { op: 'move', from: '/a', path: '/b~1' },
      ]);
    });

    test('gives what applies like the patch itself', (assert) => {
      assert.expect(0);
      fc.assert(
        fc.property(sequences, ([document, patch]) => {
          const outcome = (any: unknown) => {
            try {
              return text(applyPatch(document, any));
            } catch (error) {
              return String(error);
            }
          };
          return outcome(parsePatch(patch)) === outcome(patch);
        }),
      );
    });
  });
});
