import QUnit from 'qunit';
import { History, joined } from '../../../../src/server/live/channel/history.js';
import { codeOf } from '../../fixture.js';

const { module, test } = QUnit;
const set = (name: string, value: number | string) => ({ op: 'replace', path: [name], value }) as const;
const insert = (index: number) => ({ op: 'add', path: ['list', index], value: 0 }) as const;
const operations = (text: string) => JSON.parse(`[${text}]`);

module('server/live/history', () => {
  test('numbers changes from 1 and gives them as operations with escaped pointers', (assert) => {
    const history = new History();
    history.record({ op: 'add', path: ['a/b', '~', 0, ''], value: 'é' });
    history.record({ op: 'remove', path: ['c'] });
    assert.equal(history.step, 2);
    assert.deepEqual(operations(history.shared(0)), [
      { op: 'add', path: '/a~1b/~0/0/', value: 'é' },
      { op: 'remove', path: '/c' },
    ]);
    assert.deepEqual(operations(history.shared(1)), [{ op: 'remove', path: '/c' }]);
    assert.equal(history.shared(2), '');
  });

  test('gives all followers of one step the very same text', (assert) => {
    const history = new History();
    history.record(set('a', 'x'));
    assert.strictEqual(history.shared(0), history.shared(0));
  });

  test('gives a property that changed twice once, with its last value (SC-94)', (assert) => {
    const history = new History();
    for (const value of [1, 2, 3]) history.record(set('a', value));
    history.record(set('b', 1));
    assert.deepEqual(operations(history.shared(0)), [
      { op: 'replace', path: '/a', value: 3 },
      { op: 'replace', path: '/b', value: 1 },
    ]);
  });

  test('keeps two values of one pointer that a list change made two places (SC-94)', (assert) => {
    const history = new History();
    history.record({ op: 'replace', path: ['list', 0], value: 1 });
    history.record(insert(0));
    history.record({ op: 'replace', path: ['list', 0], value: 2 });
    assert.equal(operations(history.shared(0)).length, 3);
  });

  test('keeps an object that was put between two values', (assert) => {
    const entry = (value: number | object, path: string[]) => ({
      op: 'replace' as const,
      path,
      text: JSON.stringify({ path, value }),
      isScalar: typeof value !== 'object',
    });
    const all = [entry(1, ['a']), entry({}, ['a']), entry(2, ['a', 'b']), entry(3, ['a'])];
    assert.equal(
      joined(all),
      all
        .slice(1)
        .map(({ text }) => text)
        .join(','),
    );
  });

  test('forgets the oldest beyond the number of changes, and beyond their size', (assert) => {
    const few = new History({ changes: 3 });
    for (let index = 0; index < 10; index += 1) few.record(insert(index));
    assert.deepEqual([few.step, few.oldest, few.at(7), few.at(8)?.path], [10, 7, undefined, ['list', 7]]);
    const small = new History({ size: 100 });
    small.record(set('a', 'x'.repeat(40)));
    small.record(set('b', 'x'.repeat(40)));
    assert.equal(small.oldest, 1);
    small.record(set('c', 'x'.repeat(200)));
    assert.equal(small.oldest, 3, 'what alone is too large is not kept');
  });

  test('forgets up to a step on demand, and no more than there is', (assert) => {
    const history = new History();
    for (let index = 0; index < 5; index += 1) history.record(insert(index));
    history.forget(3);
    assert.deepEqual([history.oldest, history.at(3), history.at(4)?.path], [3, undefined, ['list', 3]]);
    history.forget(100);
    assert.deepEqual([history.oldest, history.step], [5, 5]);
  });

  test('says where a place is now, or that it is gone or forgotten', (assert) => {
    const history = new History({ changes: 2 });
    history.record(insert(0));
    history.record(insert(0));
    assert.deepEqual(history.forward(['list', '4'], 0), ['list', '6']);
    history.record({ op: 'remove', path: ['list', 6] });
    assert.equal(history.forward(['list', '5'], 1), undefined);
    assert.equal(history.forward(['list', '0'], 0), undefined);
  });

  test('forgets what was before another root', (assert) => {
    const history = new History();
    history.record(insert(0));
    history.record({ op: 'replace', path: [], value: {} });
    assert.deepEqual([history.rootStep, history.wholeStep, history.oldest], [2, 2, 1]);
  });

  test('refuses limits that cannot be', async (assert) => {
    assert.equal(await codeOf(() => new History({ changes: 0 })), 'config/invalid');
    assert.equal(await codeOf(() => new History({ size: Number.POSITIVE_INFINITY })), 'config/invalid');
  });
});
