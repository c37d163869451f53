import QUnit from 'qunit';
import type { Json } from '../../../../src/protocol/messages.js';
import { Channel } from '../../../../src/server/live/channel/channel.js';
import { Feed } from '../../../../src/server/live/channel/feed.js';
import { codeOf } from '../../fixture.js';
import { PlainDocument } from '../document/plain-document.js';
import { changesOf, live, patch, replace } from './live-fixture.js';

const { module, test } = QUnit;
const items = (...names: string[]) => ({ Items: names.map((Name$) => ({ Name$ })) });
const add = (path: string, value: Json) => ({ op: 'add', path, value }) as const;

module('server/live/channel', () => {
  module('what a client gets first', () => {
    test('starts with the whole document, both versions at 0 in front, and counts nothing (SC-60, SC-62)', (assert) => {
      const { channel } = live({ Name$: 'a' });
      assert.equal(channel.start(), '{"_ver#c$":0,"_ver#s":0,"Name$":"a"}');
      assert.equal(channel.start(), '{"_ver#c$":0,"_ver#s":0,"Name$":"a"}');
    });

    test('starts without versions when they are off (SC-18)', (assert) => {
      assert.equal(live([1], { versioning: false }).channel.start(), '[1]');
    });

    test('starts an empty object with versions only', (assert) => {
      assert.equal(live({}).channel.start(), '{"_ver#c$":0,"_ver#s":0}');
    });

    test('sends changes relative to what was started with (SC-60)', (assert) => {
      const { channel, document } = live({ Name$: 'a' });
      document.change(['replace', ['Name$'], 'b']);
      channel.start();
      assert.deepEqual(changesOf(channel.take()), []);
    });

    test('sends a follower that was given nothing yet the document as one replace of "" (SC-94)', (assert) => {
      const { feed } = live({ Name$: 'a' });
      assert.deepEqual(JSON.parse(new Channel(feed).take()), [
        replace('/_ver#s', 1),
        { op: 'test', path: '/_ver#c$', value: 0 },
        replace('', { '_ver#c$': 0, '_ver#s': 1, Name$: 'a' }),
      ]);
      const { feed: plain } = live({ Name$: 'a' }, { versioning: false });
      assert.deepEqual(JSON.parse(new Channel(plain).take()), [replace('', { Name$: 'a' })]);
    });

    test('has a typed error for no document (SC-60), and for one that has no room for versions', async (assert) => {
      const none = new Feed(new PlainDocument(undefined), { versioning: true });
      const channel = new Channel(none);
      assert.equal(await codeOf(() => channel.start()), 'request/not-found');
      assert.equal(await codeOf(() => channel.take()), 'request/not-found');
      assert.equal(channel.serverVersion, 0, 'nothing was counted');
      assert.equal(await codeOf(() => live([1])), 'config/type');
    });

    test('lets a new client begin at 0 though an older one had got further (PAL-09)', (assert) => {
      const { channel, document } = live({ Name$: 'a' });
      channel.receive(patch(1, 0, replace('/Name$', 'b')));
      channel.take();
      assert.deepEqual(JSON.parse(channel.start()), { '_ver#c$': 0, '_ver#s': 1, Name$: 'b' });
      assert.equal(
        channel.receive(patch(2, 0, replace('/Name$', 'old'))).kind,
        'rejected',
        'of the older one',
      );
      assert.equal(channel.receive(patch(1, 1, replace('/Name$', 'c'))).kind, 'applied');
      assert.deepEqual(document.root, { Name$: 'c' });
    });

    test('refuses what comes from whoever was at the same address before (PAL-09)', (assert) => {
      const { channel, feed, document } = live({ Name$: 'a' });
      channel.start();
      const next = new Channel(feed, {}, channel);
      assert.deepEqual(JSON.parse(next.start()), { '_ver#c$': 0, '_ver#s': 1, Name$: 'a' });
      const outcome = next.receive(patch(1, 0, replace('/Name$', 'old')));
      assert.deepEqual([outcome.kind, outcome.status], ['rejected', 400]);
      assert.equal(next.receive(patch(1, 1, replace('/Name$', 'b'))).kind, 'applied');
      assert.deepEqual(document.root, { Name$: 'b' });
    });

    test('gives each follower a version pair of its own', (assert) => {
      const { channel, open } = live({ Name$: 'a' });
      const other = open();
      channel.receive(patch(1, 0, replace('/Name$', 'b')));
      channel.take();
      channel.take();
      assert.deepEqual([channel.clientVersion, channel.serverVersion], [1, 2]);
      assert.deepEqual([other.clientVersion, other.serverVersion], [0, 0]);
      assert.deepEqual(JSON.parse(other.take()), [
        replace('/_ver#s', 1),
        { op: 'test', path: '/_ver#c$', value: 0 },
        replace('/Name$', 'b'),
      ]);
    });

    test('hides members of the document that are called like versions', (assert) => {
      const { channel, document } = live({ '_ver#s': 9, a: 1 });
      assert.equal(channel.start(), '{"_ver#c$":0,"_ver#s":0,"a":1}');
      document.change(['replace', ['_ver#s'], 10], ['add', ['_ver#c$'], 1]);
      assert.equal(JSON.parse(channel.take()).length, 2);
      assert.equal(channel.receive(patch(1, 0, replace('/_ver#c$', 5))).kind, 'rejected');
    });
  });

  module('server versions', () => {
    test('count every patch, even when nothing changed (SC-96, SC-81)', (assert) => {
      const { channel } = live({ Name$: 'a' });
      for (const version of [1, 2, 3]) {
        assert.deepEqual(JSON.parse(channel.take()), [
          replace('/_ver#s', version),
          { op: 'test', path: '/_ver#c$', value: 0 },
        ]);
      }
    });

    test('come with the last client version that counts (SC-96)', (assert) => {
      const { channel } = live({ Name$: 'a' });
      channel.receive(patch(1, 0, replace('/Name$', 'b')));
      assert.deepEqual(JSON.parse(channel.take())[1], { op: 'test', path: '/_ver#c$', value: 1 });
    });

    test('are no part of patches when versioning is off: nothing changed is [] (SC-85)', (assert) => {
      const { channel, document } = live({ Name$: 'a' }, { versioning: false });
      assert.equal(channel.take(), '[]');
      document.change(['replace', ['Name$'], 'b']);
      assert.deepEqual(JSON.parse(channel.take()), [replace('/Name$', 'b')]);
      assert.equal(channel.take(), '[]');
    });

    test('go on when the root is replaced, which sends the whole document with both (SC-16, PAL-08)', (assert) => {
      const { channel, document } = live({ Name$: 'a' });
      channel.take();
      channel.take();
      document.change(['replace', [], { Other$: 1 }], ['replace', ['Other$'], 2]);
      assert.equal(channel.serverVersion, 2);
      assert.deepEqual(JSON.parse(channel.take()), [
        replace('/_ver#s', 3),
        { op: 'test', path: '/_ver#c$', value: 0 },
        replace('', { '_ver#c$': 0, '_ver#s': 3, Other$: 2 }),
      ]);
      assert.deepEqual(changesOf(channel.take()), []);
    });
  });

  module('client versions', () => {
    test('are applied in the order 1, 4, 3, 5, 2 as one to five (SC-97)', (assert) => {
      const { channel, document } = live({ Name$: '' });
      const log: unknown[] = [];
      for (const n of [1, 4, 3, 5, 2]) {
        const { kind, status } = channel.receive(patch(n, 0, replace('/Name$', `value ${n}`)));
        log.push([n, kind, status, channel.clientVersion, document.root]);
      }
      assert.deepEqual(log, [
        [1, 'applied', 200, 1, { Name$: 'value 1' }],
        [4, 'queued', 202, 1, { Name$: 'value 1' }],
        [3, 'queued', 202, 1, { Name$: 'value 1' }],
        [5, 'queued', 202, 1, { Name$: 'value 1' }],
        [2, 'applied', 200, 5, { Name$: 'value 5' }],
      ]);
    });

    test('that were applied are ignored, and say so (SC-66, PAL-14)', (assert) => {
      const { channel, document } = live({ Name$: '' });
      channel.receive(patch(1, 0, replace('/Name$', 'a')));
      channel.receive(patch(2, 0, replace('/Name$', 'b')));
      for (const n of [1, 2, 0]) {
        assert.deepEqual(channel.receive(patch(n, 0, replace('/Name$', 'again'))), {
          kind: 'ignored',
          status: 200,
          reason: 'Patch already applied',
        });
      }
      assert.deepEqual([channel.clientVersion, document.root], [2, { Name$: 'b' }]);
    });

    test('that are early name the last known one (SC-65)', (assert) => {
      const { channel } = live({ Name$: '' });
      assert.deepEqual(channel.receive(patch(3, 0)), {
        kind: 'queued',
        status: 202,
        reason: 'Patch queued, last known client version: 0',
      });
    });

    test('count without a change', (assert) => {
      const { channel } = live({});
      assert.equal(channel.receive(patch(1, 0)).kind, 'applied');
      assert.equal(channel.clientVersion, 1);
    });

    test('are answered over HTTP always, over a socket only when they were applied (SC-65, SC-66, SC-82)', (assert) => {
      const { channel } = live({ Name$: '' });
      const both = (n: number) => {
        const outcome = channel.receive(patch(n, 0, replace('/Name$', 'a')));
        return [
          outcome.kind,
          channel.answer(outcome, 'socket') !== undefined,
          channel.answer(outcome, 'http') !== undefined,
        ];
      };
      assert.deepEqual(both(1), ['applied', true, true]);
      assert.deepEqual(both(1), ['ignored', false, true]);
      assert.deepEqual(both(3), ['queued', false, true]);
      assert.equal(channel.serverVersion, 4, 'each answer has a version');
    });

    test('do not move for a ping, which is answered [] and bumps nothing (SC-64, SC-82)', (assert) => {
      const { channel, document } = live({ Name$: '' });
      document.change(['replace', ['Name$'], 'a']);
      const outcome = channel.receive([]);
      assert.deepEqual(outcome, { kind: 'ping', status: 200 });
      assert.deepEqual([channel.answer(outcome, 'http'), channel.answer(outcome, 'socket')], ['[]', '[]']);
      assert.deepEqual([channel.clientVersion, channel.serverVersion], [0, 0]);
    });
  });

  module('several operations', () => {
    test('of one patch are applied in their order, the last value of a property once', (assert) => {
      const { channel, document, open } = live({ a$: 0, b$: 0 });
      const other = open();
      channel.receive(patch(1, 0, replace('/a$', 1), replace('/b$', 2), replace('/a$', 3)));
      assert.deepEqual(document.root, { a$: 3, b$: 2 });
      assert.deepEqual(changesOf(other.take()), [replace('/b$', 2), replace('/a$', 3)]);
    });

    test('of the server keep their order: replace, array add, item replace (SC-94)', (assert) => {
      const { channel, document } = live({ Name$: 'a', ...items('x') });
      document.change(
        ['replace', ['Name$'], 'b'],
        ['add', ['Items', 1], { Name$: 'y' }],
        ['replace', ['Items', 1, 'Name$'], 'z'],
      );
      assert.deepEqual(changesOf(channel.take()), [
        replace('/Name$', 'b'),
        add('/Items/1', { Name$: 'y' }),
        replace('/Items/1/Name$', 'z'),
      ]);
    });

    test('have escaped, empty and blank names and numbers with a point', (assert) => {
      const names = ['a/b$', '~$', '~1$', '"$', ' $', '$', '1$'];
      const { channel, document, open } = live(Object.fromEntries(names.map((name) => [name, 0])));
      const other = open();
      for (const [index, pointer] of ['/a~1b$', '/~0$', '/~01$', '/"$', '/ $', '/$', '/1$'].entries()) {
        assert.equal(
          channel.receive(patch(index + 1, 0, replace(pointer, index + 0.5))).kind,
          'applied',
          pointer,
        );
      }
      assert.deepEqual(document.root, Object.fromEntries(names.map((name, index) => [name, index + 0.5])));
      assert.deepEqual(
        changesOf(other.take()).map(({ path }) => path),
        ['/a~1b$', '/~0$', '/~01$', '/"$', '/ $', '/$', '/1$'],
      );
      document.change(['add', [''], 1], ['add', [' '], 2]);
      assert.deepEqual(changesOf(channel.take()), [add('/', 1), add('/ ', 2)]);
    });
  });

  module('history', () => {
    test('sends the whole document to a follower that is too far behind, and to one that is told to', (assert) => {
      const { channel, document } = live({ a: 0 }, { history: { changes: 2 } });
      for (const value of [1, 2, 3]) document.change(['replace', ['a'], value]);
      assert.deepEqual(changesOf(channel.take()), [replace('', { '_ver#c$': 0, '_ver#s': 1, a: 3 })]);
      document.change(['replace', ['a'], 4]);
      assert.deepEqual(changesOf(channel.take({ whole: true })), [
        replace('', { '_ver#c$': 0, '_ver#s': 2, a: 4 }),
      ]);
    });

    test('counts and leaves out a patch about a time that is forgotten, and sends the whole document once', (assert) => {
      const { channel, document } = live({ a$: 0, ...items('x') }, { history: { changes: 2 } });
      for (const value of [1, 2, 3]) document.change(['replace', ['a$'], value]);
      channel.take();
      assert.equal(channel.receive(patch(1, 0, replace('/a$', 9))).kind, 'applied');
      assert.deepEqual(changesOf(channel.take()), [
        replace('', { '_ver#c$': 1, '_ver#s': 2, a$: 3, ...items('x') }),
      ]);
      assert.equal(
        channel.receive(patch(2, 1, replace('/a$', 9))).kind,
        'applied',
        'sent before that was there',
      );
      assert.deepEqual(changesOf(channel.take()), []);
      channel.receive(patch(3, 2, replace('/a$', 7)));
      assert.deepEqual(document.root, { a$: 7, ...items('x') });
    });

    test('does the same when versions are off', (assert) => {
      const { channel, document } = live(
        { a$: 0, ...items('x') },
        { versioning: false, history: { changes: 2 } },
      );
      for (const value of [1, 2, 3]) document.change(['replace', ['a$'], value]);
      assert.equal(channel.receive([replace('/Items/0/Name$', 'y')]).kind, 'applied');
      assert.deepEqual(JSON.parse(channel.take()), [replace('', { a$: 3, ...items('x') })]);
      channel.receive([replace('/Items/0/Name$', 'y')]);
      assert.deepEqual(document.root, { a$: 3, ...items('y') });
    });

    test('says which step of it a follower still needs', (assert) => {
      const { channel, document, feed } = live({ a$: 0 });
      document.change(['replace', ['a$'], 1], ['replace', ['a$'], 2]);
      channel.take();
      assert.equal(channel.needs, 0, 'a patch may still come from before');
      channel.receive(patch(1, 1, replace('/a$', 3)));
      assert.equal(channel.needs, 2);
      feed.history.forget(channel.needs);
      document.change(['replace', ['a$'], 4]);
      assert.deepEqual(changesOf(channel.take()), [replace('/a$', 4)]);
    });
  });

  module('reconnecting', () => {
    test('carries out what was pending in its order, skips what counts, and names the newest (SC-70, SC-71, PAL-10)', (assert) => {
      const { channel, document } = live({ a$: 0, log: [] });
      channel.receive(patch(1, 0, replace('/a$', 1)));
      const pending = [1, 2, 3].map((n) => patch(n, 0, replace('/a$', n)));
      assert.equal(channel.reconnect(pending).kind, 'applied');
      assert.deepEqual(JSON.parse(channel.whole()), { '_ver#c$': 3, '_ver#s': 1, a$: 3, log: [] });
      assert.deepEqual(document.root, { a$: 3, log: [] });
    });

    test('accepts that nothing is pending (SC-71, PAL-11)', (assert) => {
      const { channel } = live({ a$: 0 });
      assert.equal(channel.reconnect([]).kind, 'applied');
      assert.deepEqual(JSON.parse(channel.whole()), { '_ver#c$': 0, '_ver#s': 1, a$: 0 });
    });

    test('transforms what was pending, as if it had come in time (SC-98)', (assert) => {
      const { channel, document } = live(items('A', 'B'));
      document.change(['add', ['Items', 0], { Name$: 'C' }]);
      channel.reconnect([
        patch(1, 0, replace('/Items/0/Name$', 'A1')),
        patch(2, 0, replace('/Items/1/Name$', 'B1')),
      ]);
      assert.deepEqual(document.root, items('C', 'A1', 'B1'));
    });

    test('gives the version of the server a new number: what was sent before is told apart', (assert) => {
      const { channel, document } = live(items('A', 'B'));
      document.change(['add', ['Items', 0], { Name$: 'C' }]);
      channel.reconnect([]);
      channel.whole();
      assert.equal(channel.receive(patch(1, 0, replace('/Items/0/Name$', 'A1'))).kind, 'applied');
      assert.deepEqual(document.root, items('C', 'A1', 'B'), 'sent before the answer');
      assert.deepEqual(
        changesOf(channel.take()),
        [replace('/Items/1/Name$', 'A1')],
        'the answer had overwritten it',
      );
    });

    test('keeps the number of a client of whose earlier life nothing is known (PAL-10)', (assert) => {
      const { feed, document } = live({ a$: 0 });
      const channel = new Channel(feed);
      assert.equal(
        channel.reconnect([patch(7, 4, replace('/a$', 1)), patch(8, 4, replace('/a$', 2))]).kind,
        'applied',
      );
      assert.deepEqual(JSON.parse(channel.whole()), { '_ver#c$': 8, '_ver#s': 0, a$: 0 });
      assert.equal(channel.receive(patch(9, 0, replace('/a$', 3))).kind, 'applied');
      assert.deepEqual(document.root, { a$: 3 });
    });

    test('goes on from the first number that such a client sends, when nothing was pending (PAL-10)', (assert) => {
      const { feed, document } = live({ a$: 0 });
      const channel = new Channel(feed);
      channel.reconnect([]);
      channel.whole();
      assert.equal(channel.receive(patch(12, 0, replace('/a$', 3))).kind, 'applied');
      assert.deepEqual([channel.clientVersion, document.root], [12, { a$: 3 }]);
    });

    test('leaves no gap behind patches that never came, and carries out the others', (assert) => {
      const { channel, document } = live({ a$: 0 });
      channel.receive(patch(5, 0, replace('/a$', 5)));
      channel.reconnect([patch(3, 0, replace('/a$', 3)), patch(4, 0, replace('/a$', 4))]);
      assert.deepEqual(document.root, { a$: 4 });
      channel.whole();
      assert.equal(channel.clientVersion, 4);
      assert.equal(channel.receive(patch(5, 1, replace('/a$', 6))).kind, 'applied');
    });

    test('goes on without patches that were lost while the client reconnected, and sends the whole document (PAL-10)', (assert) => {
      const { channel, document } = live({ a$: 0 });
      channel.reconnect([]);
      channel.whole();
      // The client made 1 meanwhile, and forgot it with the answer.
      channel.receive(patch(2, 1, replace('/a$', 2)));
      channel.receive(patch(3, 1, replace('/a$', 3)));
      assert.equal(channel.waiting, 2);
      assert.equal(channel.skipMissing().kind, 'applied');
      assert.deepEqual([channel.waiting, channel.clientVersion, document.root], [0, 3, { a$: 3 }]);
      assert.deepEqual(changesOf(channel.take()), [replace('', { '_ver#c$': 3, '_ver#s': 2, a$: 3 })]);
      assert.equal(channel.skipMissing().kind, 'ignored', 'when nothing waits');
    });

    test('applies patches without versions one after the other', (assert) => {
      const { channel, document } = live({ a$: 0 }, { versioning: false });
      channel.reconnect([[replace('/a$', 1)], [replace('/a$', 2)]]);
      assert.deepEqual(document.root, { a$: 2 });
    });

    test('refuses what is no list of patches', (assert) => {
      const { channel, document } = live({ a$: 0 });
      for (const bad of [
        null,
        {},
        'x',
        [1],
        [{}],
        patch(1, 0),
        [[replace('/a$', 1)]],
        [patch(1, 0, replace('/x', 1))],
      ]) {
        assert.equal(channel.reconnect(bad).kind, 'rejected', JSON.stringify(bad));
      }
      assert.equal(channel.reconnect(Array.from({ length: 1001 }, () => patch(1, 0))).status, 413);
      assert.deepEqual([document.root, channel.clientVersion], [{ a$: 0 }, 0]);
    });
  });
});
