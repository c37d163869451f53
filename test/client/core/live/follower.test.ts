import QUnit from 'qunit';
import { DocumentFollower, type FollowerLimits } from '../../../../src/client/core/live/follower.js';
import { mergeJson } from '../../../../src/client/core/live/merge.js';
import type { Json } from '../../../../src/protocol/messages.js';
import type { PatchOperation } from '../../../../src/protocol/patch.js';

const { module, test } = QUnit;

const replace = (path: string, value: Json): PatchOperation => ({ op: 'replace', path, value });
/** A patch of the server. */
const patch = (server: number, client: number, ...operations: PatchOperation[]): PatchOperation[] => [
  replace('/_ver#s', server),
  { op: 'test', path: '/_ver#c$', value: client },
  ...operations,
];
const whole = (server: number, client: number, document: object): PatchOperation[] =>
  patch(server, client, replace('', { '_ver#c$': client, '_ver#s': server, ...document }));
/** What a client sends, without versions. */
const changesIn = (text: string | undefined): PatchOperation[] => JSON.parse(text ?? '[]').slice(2);

const first = { name: 'a', items: ['x', 'y'] };

function connected(limits?: FollowerLimits) {
  const follower = new DocumentFollower(limits);
  follower.opened();
  follower.received(whole(5, 0, first));
  return follower;
}

module('client/core/live/follower', () => {
  test('begins with nothing pending, and shows the first document without versions', (assert) => {
    const follower = new DocumentFollower();
    assert.equal(follower.opened(), '[]');
    assert.strictEqual(follower.view, undefined);
    const received = follower.received(whole(5, 0, first));
    assert.deepEqual(received, { kind: 'changed', changes: [{ op: 'replace', path: [], value: first }] });
    assert.deepEqual(follower.view, first);
  });

  test('numbers its patches, and says which version of the server they are about (SC-95)', (assert) => {
    const follower = connected();
    follower.edit({ ...first, name: 'b' });
    assert.deepEqual(JSON.parse(follower.outgoing() ?? ''), [
      replace('/_ver#c$', 1),
      { op: 'test', path: '/_ver#s', value: 5 },
      replace('/name', 'b'),
    ]);
    follower.received(patch(6, 1));
    assert.true(follower.isSettled);
    follower.edit({ ...first, name: 'c' });
    assert.deepEqual(JSON.parse(follower.outgoing() ?? '').slice(0, 2), [
      replace('/_ver#c$', 2),
      { op: 'test', path: '/_ver#s', value: 6 },
    ]);
  });

  test('gathers what the user does while a patch is under way', (assert) => {
    const follower = connected();
    follower.edit({ ...first, name: 'b' });
    follower.outgoing();
    for (const name of ['c', 'd', 'e']) follower.edit({ ...first, name });
    assert.strictEqual(follower.outgoing(), undefined);
    follower.received(patch(6, 1));
    assert.deepEqual(changesIn(follower.outgoing()), [replace('/name', 'e')]);
  });

  test('moves what is on its way, and what is gathered, behind what others inserted (SC-98)', (assert) => {
    const follower = connected();
    follower.edit({ ...first, items: ['x', 'Y'] });
    follower.outgoing();
    follower.edit({ ...first, items: ['x', 'Y', 'z'] });
    const received = follower.received(patch(6, 0, { op: 'add', path: '/items/0', value: 'w' }));
    assert.deepEqual(received, { kind: 'changed', changes: [{ op: 'add', path: ['items', 0], value: 'w' }] });
    assert.deepEqual(follower.view, { name: 'a', items: ['w', 'x', 'Y', 'z'] });
    follower.received(patch(7, 1));
    assert.deepEqual(changesIn(follower.outgoing()), [{ op: 'add', path: '/items/3', value: 'z' }]);
  });

  test('drops what is about an item that is gone (SC-99)', (assert) => {
    const follower = connected();
    follower.edit({ ...first, items: ['x', 'Y'] });
    follower.received(patch(6, 0, { op: 'remove', path: '/items/1' }));
    assert.deepEqual(follower.view, { name: 'a', items: ['x'] });
    assert.true(follower.isSettled);
  });

  test('drops a value that was meant for the place of another kind of value', (assert) => {
    for (const value of [['list'], { an: 'object' }]) {
      const follower = connected();
      follower.edit({ ...first, name: 'b' });
      follower.received(patch(6, 0, replace('/name', value)));
      assert.deepEqual(follower.view, { ...first, name: value });
      assert.true(follower.isSettled);
    }
    const follower = connected();
    follower.edit({ ...first, name: 'b' });
    follower.received(patch(6, 0, replace('/name', 'theirs')));
    assert.deepEqual(follower.view, { ...first, name: 'b' }, 'of two of a kind the later one wins');
  });

  test('keeps the order of edits of a value and of what is inside of it', (assert) => {
    const follower = connected();
    follower.closed();
    for (const name of [{ b: 1 }, { b: 2 }, 'z', { c: 1 }, { c: 2 }]) follower.edit({ ...first, name });
    follower.opened();
    follower.received(whole(9, 0, first));
    assert.deepEqual(changesIn(follower.outgoing()), [replace('/name', { c: 2 })]);
    const open = connected();
    for (const name of [{ b: 1 }, { b: 2 }, 'z']) open.edit({ ...first, name });
    const changes = changesIn(open.outgoing());
    assert.deepEqual(changes.at(-1), replace('/name', 'z'));
    assert.deepEqual(
      changes.map(({ path }) => path),
      ['/name', '/name/b', '/name'],
    );
  });

  test('connects again when a patch is missing, has no place or is none', (assert) => {
    for (const frame of [
      patch(7, 0, replace('/name', 'b')),
      patch(6, 0, replace('/none', 'b')),
      patch(6, 0, { op: 'remove', path: '/items/9' }),
      patch(6, 0, replace('/__proto__/x', 1)),
      patch(6, 0, { op: 'add', path: '/__proto__', value: { x: 1 } }),
      [replace('/name', 'b')],
      { no: 'list' },
      [null],
    ]) {
      const follower = connected();
      assert.deepEqual(follower.received(frame), { kind: 'resync' }, JSON.stringify(frame));
      assert.deepEqual(follower.view, first);
    }
  });

  test('ignores pings and what it has', (assert) => {
    const follower = connected();
    assert.deepEqual(follower.received([]), { kind: 'nothing' });
    assert.deepEqual(follower.received(patch(5, 0, replace('/name', 'old'))), { kind: 'nothing' });
    assert.deepEqual(follower.view, first);
  });

  test('sends what was under way first after a reconnection, and the rest as one patch (SC-70)', (assert) => {
    const follower = connected();
    follower.edit({ ...first, name: 'b' });
    const sent = follower.outgoing();
    follower.edit({ ...first, name: 'b', items: ['x', 'y', 'z'] });
    follower.closed();
    assert.strictEqual(follower.outgoing(), undefined, 'not while nobody listens');
    assert.equal(follower.opened(), `[${sent}]`);
    const received = follower.received(whole(9, 1, { name: 'b', items: ['w', 'x', 'y'] }));
    assert.deepEqual(received, { kind: 'changed', changes: [{ op: 'add', path: ['items', 0], value: 'w' }] });
    assert.deepEqual(follower.view, { name: 'b', items: ['w', 'x', 'y', 'z'] });
    assert.deepEqual(changesIn(follower.outgoing()), [{ op: 'add', path: '/items/3', value: 'z' }]);
  });

  test('sends again what a server that forgot did not carry out, and not what it did', (assert) => {
    for (const carriedOut of [false, true]) {
      const follower = connected();
      follower.edit({ name: 'b', items: ['x', 'y', 'z'] });
      follower.outgoing();
      follower.closed();
      follower.opened();
      follower.received(whole(1, 1, carriedOut ? { name: 'b', items: ['x', 'y', 'z'] } : first));
      assert.deepEqual(follower.view, { name: 'b', items: ['x', 'y', 'z'] });
      assert.equal(changesIn(follower.outgoing()).length, carriedOut ? 0 : 2);
    }
  });

  test('lets others win where both changed the same while it was away', (assert) => {
    const follower = connected();
    follower.closed();
    follower.edit({ name: 'mine', items: ['x', 'y', 'mine'] });
    follower.opened();
    follower.received(whole(9, 0, { name: 'theirs', items: ['theirs', 'x', 'y'] }));
    assert.deepEqual(follower.view, { name: 'theirs', items: ['theirs', 'x', 'y', 'mine'] });
  });

  test('does not ask for ever for what a server does not want', (assert) => {
    const follower = connected();
    follower.edit({ ...first, items: ['x', 'y', 'no'] });
    let sent = 0;
    for (let version = 6; follower.outgoing() !== undefined; version += 1) {
      sent += 1;
      follower.received(whole(version, sent, first));
    }
    assert.equal(sent, 4);
    assert.deepEqual(follower.view, first);
  });

  test('gives up the one change that a server refuses, and keeps the others', (assert) => {
    const follower = connected();
    follower.edit({ name: 'bad', items: ['x', 'y', 'good'] });
    const refuse = () => {
      const changes = follower.refused();
      assert.equal(follower.opened(), '[]');
      follower.received(whole(1, 0, first));
      return changes;
    };
    assert.equal(changesIn(follower.outgoing()).length, 2);
    assert.strictEqual(refuse(), undefined);
    assert.deepEqual(changesIn(follower.outgoing()), [replace('/name', 'bad')], 'one by one');
    assert.deepEqual(refuse(), [{ op: 'replace', path: ['name'], value: 'a' }]);
    assert.deepEqual(changesIn(follower.outgoing()), [{ op: 'add', path: '/items/2', value: 'good' }]);
    assert.deepEqual(follower.view, { name: 'a', items: ['x', 'y', 'good'] });
  });

  test('refuses an edit when too much would wait, and stays as it was', (assert) => {
    for (const limits of [{ size: 100 }, { message: 100 }, { changes: 1 }]) {
      const follower = connected(limits);
      const many = { name: 'x'.repeat(100), items: ['x', 'y', 'z'] };
      assert.equal(follower.edit(many)?.code, 'patch/size', JSON.stringify(limits));
      assert.deepEqual(follower.view, first);
      assert.true(follower.isSettled);
    }
  });

  test('makes several patches of what is too much for one', (assert) => {
    const follower = connected({ message: 200 });
    follower.edit({ ...first, items: [] });
    const value = 'v'.repeat(60);
    for (const key of ['a', 'b', 'c', 'd']) follower.edit({ ...(follower.view as object), [key]: value });
    let version = 5;
    let sent = 0;
    for (let text = follower.outgoing(); text !== undefined; text = follower.outgoing()) {
      assert.ok(text.length <= 200, `${text.length} bytes`);
      version += 1;
      sent += 1;
      follower.received(patch(version, sent));
    }
    assert.ok(sent > 2, `${sent} patches`);
    assert.true(follower.isSettled);
  });

  test('sends a few changes for many edits', (assert) => {
    const follower = connected();
    follower.closed();
    for (let turn = 0; turn < 1000; turn += 1) {
      follower.edit({ name: `n${turn}`, items: Array.from({ length: turn % 7 }, (_, index) => `i${index}`) });
    }
    follower.opened();
    follower.received(whole(9, 0, first));
    assert.ok(changesIn(follower.outgoing()).length < 10);
  });
});

module('client/core/live/merge', () => {
  test('takes what only one side changed, and theirs where both did', (assert) => {
    const base = { a: 1, b: 2, c: { d: 1 }, e: 5 };
    assert.deepEqual(mergeJson(base, { ...base, a: 10, e: 6 }, { ...base, b: 20, e: 7, f: 8 }), {
      a: 10,
      b: 20,
      c: { d: 1 },
      e: 7,
      f: 8,
    });
    assert.deepEqual(mergeJson(base, { a: 1, b: 2, c: { d: 2 } }, { a: 1, c: { d: 1, x: 1 }, e: 5 }), {
      a: 1,
      c: { d: 2, x: 1 },
    });
  });

  test('merges lists by what they had', (assert) => {
    assert.deepEqual(mergeJson([1, 2, 3], [1, 3, 4], [0, 1, 2, 3]), [0, 1, 3, 4]);
    assert.deepEqual(mergeJson([{ a: 1 }, { b: 1 }], [{ a: 2 }, { b: 1 }], [{ a: 1 }, { b: 2 }]), [
      { a: 2 },
      { b: 2 },
    ]);
    assert.deepEqual(mergeJson([1, 2], [1], [1, 3]), [1, 3], 'what they changed stays');
  });

  test('adds what was added by both once only when it may be the same', (assert) => {
    assert.deepEqual(mergeJson(['a'], ['a', 'x'], ['a', 'x'], true), ['a', 'x']);
    assert.deepEqual(mergeJson(['a'], ['a', 'x'], ['a', 'x', 'y']), ['a', 'x', 'y', 'x']);
    assert.deepEqual(mergeJson(['a'], ['a', 'x', 'x'], ['x', 'a'], true), ['x', 'a', 'x']);
  });
});
