import QUnit from 'qunit';
import { indexBelow, parsePointer } from '../../src/protocol/pointer.js';
import { codeOf } from '../server/fixture.js';

QUnit.module('protocol/pointer', () => {
  // RFC 6901 §5: each pointer and the keys on its way.
  const spelled: readonly (readonly [text: string, ...keys: string[]])[] = [
    [''],
    ['/foo', 'foo'],
    ['/foo/0', 'foo', '0'],
    ['/', ''],
    ['/a~1b', 'a/b'],
    ['/c%d', 'c%d'],
    ['/e^f', 'e^f'],
    ['/g|h', 'g|h'],
    ['/i\\j', 'i\\j'],
    ['/k"l', 'k"l'],
    ['/ ', ' '],
    ['/m~0n', 'm~n'],
    // §4: the order of unescaping
    ['/~01', '~1'],
    ['/~00~11', '~0/1'],
    ['/a//', 'a', '', ''],
    ['/constructor/prototype', 'constructor', 'prototype'],
  ];

  QUnit.test('reads the pointers of RFC 6901 §5', (assert) => {
    for (const [text, ...keys] of spelled) {
      const pointer = parsePointer(text, 64);
      assert.deepEqual([...pointer.parents, pointer.key], ['', ...keys], `'${text}'`);
      assert.equal(pointer.parents.length, keys.length, 'the depth');
      assert.equal(pointer.text, text);
    }
  });

  QUnit.test('refuses what is no pointer, and a bad escape', async (assert) => {
    const bad = [
      'a',
      ' /a',
      '#',
      '#/a',
      '~0',
      '/~',
      '/a~',
      '/~2',
      '/~a/b',
      '/~~0',
      '/~ 1',
      0,
      null,
      undefined,
      [''],
    ];
    for (const text of bad) {
      assert.equal(await codeOf(() => parsePointer(text, 64)), 'patch/malformed', String(text));
    }
  });

  QUnit.test(
    'S69 refuses __proto__ anywhere on the way, and nothing that only looks like it',
    async (assert) => {
      for (const text of ['/__proto__', '/__proto__/x', '/a/__proto__', '/a/0/__proto__/polluted']) {
        assert.equal(await codeOf(() => parsePointer(text, 64)), 'patch/malformed', text);
      }
      for (const text of ['/__proto', '/a__proto__', '/__proto__~1', '/__proto__~0', '/prototype']) {
        assert.equal(await codeOf(() => parsePointer(text, 64)), 'no error', text);
      }
    },
  );

  QUnit.test('S69 refuses a pointer that is deeper than the limit, however long', async (assert) => {
    assert.equal(await codeOf(() => parsePointer('/a'.repeat(3), 3)), 'no error');
    assert.equal(await codeOf(() => parsePointer('/a'.repeat(4), 3)), 'patch/size');
    assert.equal(await codeOf(() => parsePointer('/'.repeat(1_000_000), 64)), 'patch/size');
    assert.equal(await codeOf(() => parsePointer('', 0)), 'no error');
    assert.equal(await codeOf(() => parsePointer('/', 0)), 'patch/size');
  });

  QUnit.test('takes for an index what RFC 6901 §4 does: digits without a leading zero', (assert) => {
    assert.deepEqual(
      ['0', '1', '9', '10'].map((part) => indexBelow(10, part)),
      [0, 1, 9, undefined],
    );
    const none = [
      '00',
      '01',
      '-',
      '-0',
      '-1',
      '+1',
      '1.0',
      '1e0',
      '0x1',
      ' 1',
      '1 ',
      '',
      'length',
      '１',
      '9'.repeat(400),
    ];
    for (const part of none) assert.equal(indexBelow(10, part), undefined, part.slice(0, 9));
    assert.equal(indexBelow(0, '0'), undefined);
  });
});
