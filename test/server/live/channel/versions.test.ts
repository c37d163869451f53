import QUnit from 'qunit';
import { parsePatch } from '../../../../src/protocol/patch.js';
import { EarlyPatches } from '../../../../src/server/live/channel/early-patches.js';
import { mostMarks, readNumbered, Versions } from '../../../../src/server/live/channel/versions.js';
import { codeOf } from '../../fixture.js';
import { live, patch, replace } from './live-fixture.js';

const { module, test } = QUnit;
const codeOfHead = (operations: unknown) => codeOf(() => readNumbered(parsePatch(operations)));

module('server/live/versions', () => {
  test('reads both versions and the changes after them (SC-95)', (assert) => {
    assert.deepEqual(readNumbered(parsePatch(patch(4, 2, replace('/a$', 1)))), {
      n: 4,
      m: 2,
      operations: [replace('/a$', 1)],
    });
  });

  test('accepts a test of the own version before them (SC-95)', async (assert) => {
    const own = (value: number) => [{ op: 'test', path: '/_ver#c$', value }, ...patch(4, 2)];
    assert.deepEqual(readNumbered(parsePatch(own(3))), { n: 4, m: 2, operations: [] });
    assert.equal(await codeOfHead(own(2)), 'patch/malformed');
  });

  test('refuses a head that is missing, different, swapped or no whole number from 0 (SC-95)', async (assert) => {
    const [client, server] = patch(1, 0);
    const heads: readonly unknown[] = [
      [replace('/a$', 1)],
      [client],
      [server, client],
      [client, client],
      [replace('/_ver#c', 1), server],
      [{ ...client, op: 'add' }, server],
      ...[-1, 1.5, '1', null, true, [1], 2 ** 53].map((value) => [
        replace('/_ver#c$', value as number),
        server,
      ]),
      ...[-1, 0.5, '0', null, {}].map((value) => [client, { op: 'test', path: '/_ver#s', value }]),
    ];
    for (const head of heads) assert.equal(await codeOfHead(head), 'patch/malformed', JSON.stringify(head));
  });

  test('knows which step each version stood for, and which version brought a step', (assert) => {
    const versions = new Versions();
    assert.true(versions.isNew);
    versions.mark(10, { counts: false });
    versions.mark(12, { counts: true });
    versions.mark(12, { counts: true });
    versions.mark(15, { counts: true });
    assert.deepEqual(
      [0, 1, 2, 3, 4].map((version) => versions.stepOf(version)),
      [10, 12, 12, 15, undefined],
    );
    assert.deepEqual(
      [10, 11, 12, 13, 15, 16].map((step) => versions.versionOf(step)),
      [0, 1, 1, 3, 3, undefined],
    );
    versions.seen(2);
    assert.deepEqual([versions.stepOf(1), versions.stepOf(2), versions.oldestStep], [undefined, 12, 12]);
  });

  test('forgets the oldest of too many versions that the client never saw', (assert) => {
    const versions = new Versions();
    versions.mark(0, { counts: false });
    for (let step = 1; step <= mostMarks; step += 1) versions.mark(step, { counts: true });
    const known = [versions.stepOf(0), versions.stepOf(1), versions.stepOf(mostMarks)];
    assert.deepEqual(known, [undefined, 1, mostMarks]);
  });

  test('keeps early patches within a distance and a size, the first of two with one number (SC-97)', async (assert) => {
    const early = new EarlyPatches({ patches: 2, bytes: 60 });
    const numbered = (n: number, value: string) => ({ n, m: 0, operations: [replace('/a$', value)] });
    early.keep(numbered(3, 'first'), 1);
    early.keep(numbered(3, 'second'), 1);
    assert.equal(early.size, 1);
    assert.equal(await codeOf(() => early.keep(numbered(5, ''), 1)), 'patch/size');
    assert.equal(await codeOf(() => early.keep(numbered(4, 'x'), 2)), 'patch/size');
    assert.deepEqual(early.take(3)?.operations, [replace('/a$', 'first')]);
    early.keep(numbered(4, 'x'), 2);
    assert.equal(early.take(5), undefined);
    early.clear();
    assert.equal(early.size, 0);
    assert.equal(await codeOf(() => new EarlyPatches({ patches: -1 })), 'config/invalid');
  });

  test('keeps no more early patches for all followers of a document together than for one (SC-97)', (assert) => {
    const { open } = live({ a$: '' }, { early: { bytes: 60 } });
    const [one, other] = [open(), open()];
    const early = patch(2, 0, replace('/a$', 'first'));
    const kinds = [one.receive(early).kind, other.receive(early).kind];
    one.forgetWaiting();
    kinds.push(other.receive(early).kind, other.reconnect([]).kind, one.receive(early).kind);
    assert.deepEqual(kinds, ['queued', 'rejected', 'queued', 'applied', 'queued']);
  });
});
