import QUnit from 'qunit';
import type { Json } from '../../../../src/protocol/messages.js';
import { anyType } from '../../../../src/server/live/channel/input.js';
import { anyEdit } from '../../../../src/server/live/channel/policy.js';
import { changesOf, live, patch, replace } from './live-fixture.js';

const { module, test } = QUnit;
const items = (...names: string[]) => ({ Items: names.map((Name$) => ({ Name$ })) });
const open = { policy: anyEdit, convert: anyType };
const push = (path: string, value: Json) => ({ op: 'add', path, value }) as const;

module('server/live/channel: transformation', () => {
  test('edits an object that is still there (SC-98)', (assert) => {
    const { channel, document } = live({ Page: { Name$: 'a', Other: 1 } });
    document.change(['replace', ['Page', 'Other'], 2]);
    channel.take();
    channel.receive(patch(1, 0, replace('/Page/Name$', 'b')));
    assert.deepEqual(document.root, { Page: { Name$: 'b', Other: 2 } });
  });

  test('edits an object that was replaced before the client’s version (SC-99)', (assert) => {
    const { channel, document } = live({ Page: { Name$: 'a' } });
    document.change(['replace', ['Page'], { Name$: 'new' }]);
    channel.take();
    channel.receive(patch(1, 1, replace('/Page/Name$', 'b')));
    assert.deepEqual(document.root, { Page: { Name$: 'b' } });
  });

  test('leaves alone an object that was replaced after it, sent or not (SC-99, SC-91)', (assert) => {
    for (const isSent of [true, false]) {
      const { channel, document } = live({ Page: { Name$: 'a' } });
      document.change(['replace', ['Page'], { Name$: 'new' }]);
      if (isSent) channel.take();
      assert.equal(channel.receive(patch(1, 0, replace('/Page/Name$', 'b'))).kind, 'applied');
      assert.deepEqual(document.root, { Page: { Name$: 'new' } });
      assert.equal(channel.clientVersion, 1);
    }
  });

  test('refuses the patch for it when strict (SC-91)', (assert) => {
    const { channel, document } = live({ Page: { Name$: 'a' }, Other$: 1 }, { strict: true });
    document.change(['replace', ['Page'], { Name$: 'new' }]);
    const outcome = channel.receive(patch(1, 0, replace('/Other$', 2), replace('/Page/Name$', 'b')));
    assert.deepEqual([outcome.kind, outcome.status], ['rejected', 400]);
    assert.deepEqual(document.root, { Page: { Name$: 'new' }, Other$: 1 });
  });

  test('edits the item that the client meant, with changes not yet sent (SC-98)', (assert) => {
    const { channel, document } = live(items('A', 'B'));
    document.change(['add', ['Items', 0], { Name$: 'C' }]);
    channel.receive(patch(1, 0, replace('/Items/0/Name$', 'A1')));
    assert.deepEqual(document.root, items('C', 'A1', 'B'));
    assert.deepEqual(
      changesOf(channel.take()),
      [push('/Items/0', { Name$: 'C' })],
      'and hears nothing of its own',
    );
  });

  test('does so one version behind, and several behind with adds (SC-98)', (assert) => {
    const { channel, document } = live(items('A', 'B'));
    document.change(['add', ['Items', 0], { Name$: 'C' }]);
    channel.take();
    channel.receive(patch(1, 0, replace('/Items/0/Name$', 'A1')));
    document.change(['add', ['Items', 1], { Name$: 'D' }]);
    channel.take();
    document.change(['add', ['Items', 4], { Name$: 'E' }]);
    channel.take();
    channel.receive(patch(2, 0, replace('/Items/1/Name$', 'B1')));
    channel.receive(patch(3, 1, replace('/Items/1/Name$', 'A2')));
    assert.deepEqual(document.root, items('C', 'D', 'A2', 'B1', 'E'));
  });

  test('does so several behind with adds and removes (SC-98)', (assert) => {
    const { channel, document } = live(items('A', 'B', 'C', 'D'));
    document.change(['remove', ['Items', 0]], ['add', ['Items', 0], { Name$: 'X' }]);
    channel.take();
    document.change(
      ['remove', ['Items', 1]],
      ['add', ['Items', 3], { Name$: 'Y' }],
      ['remove', ['Items', 0]],
    );
    channel.take();
    channel.receive(patch(1, 0, replace('/Items/3/Name$', 'D1')));
    channel.receive(patch(2, 1, replace('/Items/2/Name$', 'C1')));
    assert.deepEqual(document.root, items('C1', 'D1', 'Y'));
  });

  test('leaves out an edit of an item that was removed, replaced or cleared away (SC-98, SC-91)', (assert) => {
    for (const change of [
      ['remove', ['Items', 0]],
      ['replace', ['Items', 0], { Name$: 'new' }],
      ['replace', ['Items'], []],
    ] as const) {
      const { channel, document } = live({ ...items('A', 'B'), Other$: 1 });
      document.change(change);
      const { root } = document;
      assert.equal(
        channel.receive(patch(1, 0, replace('/Items/0/Name$', 'A1'), replace('/Other$', 1))).kind,
        'applied',
      );
      assert.deepEqual(document.root, root);
    }
  });

  test('treats an item that moved as another one: a move is a remove and an add (SC-94)', (assert) => {
    const { channel, document } = live(items('A', 'B'));
    document.change(['remove', ['Items', 0]], ['add', ['Items', 1], { Name$: 'A' }]);
    channel.receive(patch(1, 0, replace('/Items/0/Name$', 'A1'), replace('/Items/1/Name$', 'B1')));
    assert.deepEqual(document.root, items('B1', 'A'));
  });

  test('transforms queued patches when their turn comes', (assert) => {
    const { channel, document } = live(items('A', 'B'));
    channel.receive(patch(2, 0, replace('/Items/1/Name$', 'B1')));
    document.change(['add', ['Items', 0], { Name$: 'C' }]);
    channel.receive(patch(1, 0, replace('/Items/0/Name$', 'A1')));
    assert.deepEqual(document.root, items('C', 'A1', 'B1'));
  });

  test('lets the later value win, and tells the client of it, which had taken the server’s (PAL-17)', (assert) => {
    const { channel, document } = live({ Name$: 'a' });
    document.change(['replace', ['Name$'], 'server']);
    channel.take();
    channel.receive(patch(1, 0, replace('/Name$', 'client')));
    assert.deepEqual(document.root, { Name$: 'client' });
    assert.deepEqual(changesOf(channel.take()), [replace('/Name$', 'client')]);
  });

  test('answers each edit that was made before this was heard, with the truth', (assert) => {
    const { channel, document } = live({ Name$: 'a' });
    document.change(['replace', ['Name$'], 'server']);
    channel.take();
    channel.receive(patch(1, 0, replace('/Name$', 'c')));
    channel.take();
    channel.receive(patch(2, 1, replace('/Name$', 'cl')));
    assert.deepEqual(changesOf(channel.take()), [replace('/Name$', 'cl')]);
    channel.receive(patch(3, 3, replace('/Name$', 'cli')));
    assert.deepEqual(changesOf(channel.take()), [], 'and no longer when it was');
  });

  test('tells again what the client leaves out below its own pending value (PAL-17)', (assert) => {
    const { channel, document } = live({ List: [{ x$: 1 }, { x$: 2 }, { x$: { y: 0 } }] });
    document.change(
      ['add', ['List', 1], { x$: 0 }],
      ['remove', ['List', 2]],
      ['replace', ['List', 2, 'x$', 'y'], 1],
    );
    channel.take();
    document.change(['remove', ['List', 1]]);
    channel.take();
    document.change(['replace', ['List', 1, 'x$', 'y'], 2]);
    channel.take();
    channel.receive(patch(1, 0, replace('/List/1/x$', 9)));
    assert.deepEqual(changesOf(channel.take()), [replace('/List/1/x$', { y: 2 })]);
  });

  test('tells that again, too, for a patch that is left out because its time is forgotten', (assert) => {
    const { channel, document } = live({ a$: 0, Obj$: { y: 0 } }, { history: { changes: 2 } });
    for (const value of [1, 2, 3]) document.change(['replace', ['a$'], value]);
    channel.receive(patch(1, 0, replace('/a$', 9)));
    channel.take();
    document.change(['replace', ['Obj$', 'y'], 1]);
    channel.take();
    channel.receive(patch(2, 0, replace('/Obj$', 9)));
    assert.deepEqual(changesOf(channel.take()), [replace('/Obj$', { y: 1 })]);
  });

  test('knows that everything is gone when the root was replaced: the client has got it (SC-16, SC-99)', (assert) => {
    for (const strict of [false, true]) {
      const { channel, document } = live(items('A'), { strict });
      document.change(['replace', [], items('B')]);
      channel.take();
      const outcome = channel.receive(patch(1, 0, replace('/Items/0/Name$', 'A1')));
      assert.equal(outcome.kind, strict ? 'rejected' : 'applied');
      assert.deepEqual([document.root, changesOf(channel.take())], [items('B'), []]);
    }
  });

  test('knows so even when the change of the root itself is forgotten', (assert) => {
    const { channel, document } = live({ ...items('A'), a: 0 }, { history: { changes: 2 } });
    document.change(['replace', [], { ...items('B'), a: 0 }], ['replace', ['a'], 1], ['replace', ['a'], 2]);
    channel.take();
    channel.receive(patch(1, 0, replace('/Items/0/Name$', 'A1')));
    assert.deepEqual([document.root, changesOf(channel.take())], [{ ...items('B'), a: 2 }, []]);
  });

  test('sends nothing back for a pointer that only looks the same', (assert) => {
    const { channel, document } = live(items('A'));
    document.change(['add', ['Items', 0], { Name$: 'B' }], ['replace', ['Items', 0, 'Name$'], 'C']);
    channel.take();
    channel.receive(patch(1, 0, replace('/Items/0/Name$', 'A1')));
    assert.deepEqual([document.root, changesOf(channel.take())], [items('C', 'A1'), []]);
  });

  test('tells a place whole in place of what happened inside it, wherever that was then', (assert) => {
    const { channel, document } = live({ L: [{ x$: 1 }] });
    document.change(['replace', ['L', 0, 'x$'], { y: 0 }]);
    channel.take();
    document.change(['replace', ['L', 0, 'x$', 'y'], 1], ['add', ['L', 0], { x$: 0 }]);
    channel.receive(patch(1, 0, replace('/L/0/x$', 9)));
    assert.deepEqual(changesOf(channel.take()), [push('/L/0', { x$: 0 }), replace('/L/1/x$', { y: 1 })]);
  });

  test('lets clients push while the server does, and sends only what they lack (X-23, PAL-16)', (assert) => {
    const { channel, document, open: another } = live({ List: ['a'] }, open);
    const other = another();
    document.change(['add', ['List', 1], 'server']);
    channel.take();
    channel.receive(patch(1, 0, push('/List/1', 'one')));
    channel.receive(patch(2, 0, push('/List/2', 'two')));
    assert.deepEqual(document.root, { List: ['a', 'server', 'one', 'two'] });
    assert.deepEqual(changesOf(channel.take()), []);
    assert.deepEqual(changesOf(other.take()), [
      push('/List/1', 'server'),
      push('/List/2', 'one'),
      push('/List/3', 'two'),
    ]);
  });

  test('sends the whole document where a client puts things elsewhere than we do (PAL-17)', (assert) => {
    const { channel, document } = live({ List: ['a', 'b'] }, open);
    document.change(['add', ['List', 1], 'server']);
    channel.take();
    channel.receive(patch(1, 0, push('/List/0', 'client')));
    assert.deepEqual(changesOf(channel.take()), [
      replace('', { '_ver#c$': 1, '_ver#s': 2, List: ['client', 'a', 'server', 'b'] }),
    ]);
  });

  test('sends back an insertion that was made before such a document came', (assert) => {
    const { channel, document } = live({ List: ['a', 'b'] }, open);
    document.change(['add', ['List', 1], 'server']);
    channel.take();
    channel.receive(patch(1, 0, push('/List/0', 'one')));
    channel.take();
    channel.receive(patch(2, 1, push('/List/4', 'two')));
    assert.deepEqual(document.root, { List: ['one', 'a', 'server', 'b', 'two'] });
    assert.deepEqual(changesOf(channel.take()), [push('/List/4', 'two')]);
    channel.receive(patch(3, 2, { op: 'remove', path: '/List/3' }));
    assert.deepEqual(document.root, { List: ['one', 'a', 'server', 'two'] });
  });

  test('sees a client’s places as they are after its own insertions', (assert) => {
    const { channel, document } = live({ List: [{ n$: 'a' }, { n$: 'b' }] }, open);
    document.change(['add', ['List', 1], { n$: 'server' }]);
    channel.take();
    channel.receive(patch(1, 0, push('/List/0', { n$: 'own' })));
    channel.receive(patch(2, 0, replace('/List/1/n$', 'A'), replace('/List/2/n$', 'B')));
    assert.deepEqual(document.root, { List: ['own', 'A', 'server', 'B'].map((n$) => ({ n$ })) });
  });

  test('knows of a change that came to nothing for a client that had done the same', (assert) => {
    const { channel, document } = live({ List: ['a', 'b', 'c', 'd'].map((n$) => ({ n$ })) }, open);
    document.change(['remove', ['List', 0]]);
    channel.take();
    document.change(['remove', ['List', 1]]);
    channel.receive(patch(1, 0, { op: 'remove', path: '/List/2' }));
    channel.receive(patch(2, 1, replace('/List/1/n$', 'D')));
    assert.deepEqual(document.root, { List: ['b', 'D'].map((n$) => ({ n$ })) });
  });

  test('transforms by what was not sent yet when versions are off, too', (assert) => {
    const { channel, document } = live({ ...items('A', 'B'), Name$: 'a' }, { versioning: false });
    document.change(['add', ['Items', 0], { Name$: 'C' }], ['replace', ['Name$'], 'server']);
    channel.receive([replace('/Items/0/Name$', 'A1'), replace('/Name$', 'client')]);
    assert.deepEqual(document.root, { ...items('C', 'A1', 'B'), Name$: 'client' });
    assert.deepEqual(changesOf(channel.take()), [
      push('/Items/0', { Name$: 'C' }),
      replace('/Name$', 'client'),
    ]);
  });
});
