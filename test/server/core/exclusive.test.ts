import QUnit from 'qunit';
import { createExclusive } from '../../../src/server/core/exclusive.js';
import { createSessions } from '../../../src/server/core/sessions.js';
import { memoryStore } from '../../../src/server/stores/memory.js';
import { codeOf } from '../fixture.js';
import { handTimers } from './hand-timers.js';

function gate() {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

QUnit.module('server/core/exclusive', () => {
  QUnit.test('lets one at a time work, in the order of asking', async (assert) => {
    const exclusive = createExclusive();
    const log: string[] = [];
    await Promise.all(
      ['a', 'b', 'c'].map((name) =>
        exclusive.run('id', async () => {
          log.push(`${name} in`);
          await Promise.resolve();
          log.push(`${name} out`);
        }),
      ),
    );
    assert.deepEqual(log, ['a in', 'a out', 'b in', 'b out', 'c in', 'c out']);
  });

  QUnit.test('keeps different ids apart, and remembers none afterwards', async (assert) => {
    const exclusive = createExclusive();
    const { open, opened } = gate();
    const first = exclusive.run('one', () => opened);
    assert.equal(await exclusive.run('two', async () => 'done'), 'done');
    assert.equal(exclusive.size, 1);
    open();
    await first;
    assert.equal(exclusive.size, 0);
  });

  QUnit.test('goes on after a failure, and hands it to its own caller', async (assert) => {
    const exclusive = createExclusive();
    const failing = exclusive.run('id', () => Promise.reject(new RangeError('mine')));
    const next = exclusive.run('id', async () => 'next');
    assert.true((await codeOf(() => failing)).includes('RangeError: mine'));
    assert.equal(await next, 'next');
    assert.equal(exclusive.size, 0);
  });

  QUnit.test('SC-13 is re-entrant, however deep, and only while the use goes on', async (assert) => {
    const exclusive = createExclusive();
    const { open, opened } = gate();
    let late: Promise<string> | undefined;
    const inner = await exclusive.run('a', () =>
      exclusive.run('b', async () => {
        late = opened.then(() => exclusive.run('a', async () => 'late'));
        return exclusive.run('a', () => exclusive.step('b', async () => 'inner'));
      }),
    );
    assert.equal(inner, 'inner');
    const held = gate();
    const holder = exclusive.run('a', () => held.opened);
    open();
    let done = false;
    void late?.then(() => {
      done = true;
    });
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    assert.false(done, 'what was started within waits its turn once the use is over');
    held.open();
    await holder;
    assert.equal(await late, 'late');
  });

  QUnit.test('SC-13 gives up with session/busy after five minutes, and leaves the queue', async (assert) => {
    const { timers, waiting, fire } = handTimers();
    const exclusive = createExclusive({ timers });
    const { open, opened } = gate();
    const holder = exclusive.run('id', () => opened);
    const tired = exclusive.run('id', async () => assert.true(false, 'never runs'));
    const code = codeOf(() => tired);
    assert.deepEqual(
      [...waiting.values()].map(({ ms }) => ms),
      [300_000],
    );
    fire();
    assert.equal(await code, 'session/busy');
    const patient = exclusive.run('id', async () => 'patient', { waitMs: 7 });
    open();
    await holder;
    assert.equal(await patient, 'patient');
    assert.deepEqual([waiting.size, exclusive.size], [0, 0], 'nothing is left behind');
  });

  QUnit.test('does not wait at all with 0', async (assert) => {
    const exclusive = createExclusive();
    const { open, opened } = gate();
    const holder = exclusive.run('id', () => opened);
    assert.equal(await codeOf(() => exclusive.run('id', async () => 1, { waitMs: 0 })), 'session/busy');
    open();
    await holder;
    for (const waitMs of [-1, 0.5, Number.NaN, 2 ** 31]) {
      assert.equal(await codeOf(() => exclusive.run('id', async () => 1, { waitMs })), 'config/invalid');
    }
  });

  QUnit.test('lets a save happen within its own use, and others wait', async (assert) => {
    const sessions = createSessions<{ log?: string[] }>({ store: memoryStore() });
    const { id } = await sessions.create({ log: [] });
    const append = (text: string) => async () => {
      const session = await sessions.get(id);
      session.data.log?.push(text);
      await session.save();
    };
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => sessions.exclusive.run(id, append(`${index}`))),
    );
    assert.equal((await sessions.get(id)).data.log?.length, 20, 'a list is one value, yet none is lost');
    await sessions.close();
  });
});
