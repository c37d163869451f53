import QUnit from 'qunit';
import { anyType, Inputs, lenient } from '../../../../src/server/live/channel/input.js';
import { codeOf } from '../../fixture.js';

const { module, test } = QUnit;
const nobody = (error: unknown) => {
  throw error;
};
const input = { op: 'replace', path: ['Items', 0, 'Name$'], old: 'a', value: 'b' } as const;

module('server/live/input', () => {
  test('takes integers, decimals and booleans from literals and from texts (SC-92)', (assert) => {
    for (const [old, value, result] of [
      [1, 5, 5],
      [1, '5', 5],
      [1, '-19.99', -19.99],
      [1, ' 1e3 ', 1000],
      [1, '+2', 2],
      [true, false, false],
      [false, 'true', true],
      [true, 'False', false],
      ['a', 'b', 'b'],
      ['a', '', ''],
    ] as const) {
      assert.strictEqual(lenient(old, value), result, `${JSON.stringify(value)} for ${JSON.stringify(old)}`);
    }
  });

  test('takes the empty text for 0 where a number is (SC-92)', (assert) => {
    assert.strictEqual(lenient(7, ''), 0);
    assert.strictEqual(lenient(7, ' '), 0);
  });

  test('finds wrong types (SC-91)', (assert) => {
    for (const [old, value] of [
      [1, 'invalid'],
      [1, '0x10'],
      [1, '1,5'],
      [1, 'Infinity'],
      [1, '1e999'],
      [1, true],
      [true, 1],
      [true, 'yes'],
      ['a', 1],
      ['a', null],
      [1, null],
    ] as const) {
      assert.strictEqual(
        lenient(old, value),
        undefined,
        `${JSON.stringify(value)} for ${JSON.stringify(old)}`,
      );
    }
  });

  test('takes anything where null was, and leaves objects alone', (assert) => {
    assert.deepEqual(
      [lenient(null, 'x'), lenient(null, null), lenient({}, 1), lenient(1, [])],
      ['x', null, 1, []],
    );
    assert.equal(anyType('a', 1), 1);
  });

  test('asks the handlers of a place in their order, with the value of the one before (SC-93)', (assert) => {
    const inputs = new Inputs();
    const seen: unknown[] = [];
    inputs.on('/Items/*/Name$', (one) => {
      seen.push(one.value, one.old);
      one.value = 'c';
    });
    inputs.on('/Items/0/Name$', (one) => seen.push(one.value));
    for (const other of ['/Items/1/Name$', '/Items/0', '/Items/0/Name$/x', '/*']) {
      inputs.on(other, () => seen.push(other));
    }
    assert.deepEqual(inputs.run(input, nobody), { isCancelled: false, value: 'c' });
    assert.deepEqual(seen, ['b', 'a', 'c']);
  });

  test('stops at the handler that cancels (SC-93)', (assert) => {
    const inputs = new Inputs();
    inputs.on('/Items/0/Name$', (one) => one.cancel());
    inputs.on('/Items/0/Name$', () => assert.ok(false));
    assert.true(inputs.run(input, nobody).isCancelled);
  });

  test('cancels for a handler that throws, and tells of it', (assert) => {
    const inputs = new Inputs();
    const failure = new Error('no');
    const heard: unknown[] = [];
    inputs.on('/Items/0/Name$', () => {
      throw failure;
    });
    assert.true(inputs.run(input, (error) => heard.push(error)).isCancelled);
    assert.deepEqual(heard, [failure]);
  });

  test('takes a handler away again', (assert) => {
    const inputs = new Inputs();
    const off = inputs.on('/a~1b/~0', () => assert.ok(false));
    off();
    off();
    assert.false(inputs.run({ ...input, path: ['a/b', '~'] }, nobody).isCancelled);
  });

  test('refuses a pattern that is no pointer, and a handler that is none', async (assert) => {
    assert.equal(await codeOf(() => new Inputs().on('Items', () => undefined)), 'config/invalid');
    assert.equal(await codeOf(() => new Inputs().on('/Items', undefined as never)), 'config/invalid');
  });
});
