import QUnit from 'qunit';
import type { Json } from '../../../../src/protocol/messages.js';
import { anyType } from '../../../../src/server/live/channel/input.js';
import { Namespaces } from '../../../../src/server/live/channel/namespaces.js';
import { anyEdit } from '../../../../src/server/live/channel/policy.js';
import { codeOf } from '../../fixture.js';
import { changesOf, live, patch, replace } from './live-fixture.js';

const { module, test } = QUnit;
const mounts = [
  { app: 'MainApp', at: ['Page'] },
  { app: 'InnerApp', at: ['Page', 'Part'] },
  { app: 'PartialApp', at: ['Page'], from: 'partial' },
];
const root: Json = { Title$: 't', Page: { Name$: 'a', Part: { x$: 1 } }, partial: { Hint$: 'h', List: [1] } };
const seen = {
  Title$: 't',
  Page: { MainApp: { Name$: 'a', Part: { InnerApp: { x$: 1 } } }, PartialApp: { Hint$: 'h', List: [1] } },
};
const world = (options = {}) => live(root, { namespaces: new Namespaces(mounts), ...options });

module('server/live/namespaces', () => {
  test('shows each app’s JSON under its name, its own first, and the root without one (SC-100)', (assert) => {
    const { channel } = world({ versioning: false });
    assert.equal(channel.start(), JSON.stringify(seen));
  });

  test('leaves the document itself without names (SC-100)', (assert) => {
    assert.strictEqual(world().document.root, root);
  });

  test('sends changes by the places that clients see (SC-100)', (assert) => {
    const { channel, document } = world();
    document.change(
      ['replace', ['Title$'], 'u'],
      ['replace', ['Page', 'Name$'], 'b'],
      ['replace', ['Page', 'Part', 'x$'], 2],
      ['replace', ['partial', 'Hint$'], 'i'],
      ['add', ['partial', 'List', 0], 0],
    );
    assert.deepEqual(
      changesOf(channel.take()).map(({ op, path }) => [op, path]),
      [
        ['replace', '/Title$'],
        ['replace', '/Page/MainApp/Name$'],
        ['replace', '/Page/MainApp/Part/InnerApp/x$'],
        ['replace', '/Page/PartialApp/Hint$'],
        ['add', '/Page/PartialApp/List/0'],
      ],
    );
  });

  test('names what comes into a place, and takes it away with its name', (assert) => {
    const { channel, document } = world();
    document.change(['replace', ['Page', 'Part'], { x$: 3 }]);
    assert.deepEqual(changesOf(channel.take()), [replace('/Page/MainApp/Part/InnerApp', { x$: 3 })]);
    document.change(['remove', ['Page', 'Part']]);
    assert.deepEqual(changesOf(channel.take()), [{ op: 'remove', path: '/Page/MainApp/Part' }]);
    document.change(['add', ['Page', 'Part'], { x$: 4 }]);
    assert.deepEqual(changesOf(channel.take()), [
      { op: 'add', path: '/Page/MainApp/Part', value: { InnerApp: { x$: 4 } } },
    ]);
  });

  test('sends the whole document when a place that others share comes or goes', (assert) => {
    const { channel, document } = world({ versioning: false });
    document.change(['replace', ['Page'], { Name$: 'n' }]);
    assert.deepEqual(changesOf(channel.take()), [
      replace('', { Title$: 't', Page: { MainApp: { Name$: 'n' }, PartialApp: { Hint$: 'h', List: [1] } } }),
    ]);
    document.change(['remove', ['Page']]);
    assert.deepEqual(changesOf(channel.take()), [replace('', { Title$: 't' })]);
    document.change(['replace', ['partial', 'Hint$'], 'unseen']);
    assert.deepEqual(changesOf(channel.take()), []);
  });

  test('wants the names in what clients send (SC-100)', (assert) => {
    const { channel, document } = world({ versioning: false });
    for (const path of [
      '/Page/Name$',
      '/Page/Other/Name$',
      '/partial/Hint$',
      '/Page/MainApp',
      '/Page',
      '/Page/PartialApp/Name$',
    ]) {
      assert.equal(channel.receive([replace(path, 'x')]).kind, 'rejected', path);
    }
    assert.strictEqual(document.root, root);
    for (const [path, value] of [
      ['/Page/MainApp/Name$', 'b'],
      ['/Page/MainApp/Part/InnerApp/x$', 5],
      ['/Page/PartialApp/Hint$', 'i'],
    ] as const) {
      assert.equal(channel.receive([replace(path, value)]).kind, 'applied', path);
    }
    assert.deepEqual(document.root, {
      Title$: 't',
      Page: { Name$: 'b', Part: { x$: 5 } },
      partial: { Hint$: 'i', List: [1] },
    });
  });

  test('sends a true value back by its visible place (SC-91)', (assert) => {
    const { channel } = world();
    channel.receive(patch(1, 0, replace('/Page/MainApp/Part/InnerApp/x$', 'invalid')));
    assert.deepEqual(changesOf(channel.take()), [replace('/Page/MainApp/Part/InnerApp/x$', 1)]);
  });

  test('transforms the places of lists as without names (SC-98)', (assert) => {
    const { channel, document } = world({ policy: anyEdit, convert: anyType });
    document.change(['add', ['partial', 'List', 0], 0]);
    channel.receive(patch(1, 0, { op: 'remove', path: '/Page/PartialApp/List/0' }));
    assert.deepEqual(document.root, { ...root, partial: { Hint$: 'h', List: [0] } });
  });

  test('lets no policy put a value in the place of an app', (assert) => {
    const { channel } = world({ versioning: false, policy: anyEdit, convert: anyType });
    for (const path of ['/Page/MainApp', '/Page/PartialApp', '/Page/MainApp/Part/InnerApp']) {
      for (const operation of [replace(path, {}), { op: 'remove', path }]) {
        const outcome = channel.receive([operation]);
        assert.equal(outcome.kind === 'rejected' && outcome.error.code, 'request/forbidden', path);
      }
    }
  });

  test('refuses mounts that cannot be', async (assert) => {
    const own = { app: 'A', at: ['a'] };
    for (const bad of [
      [{ app: '', at: ['a'] }],
      [{ app: 'A', at: [] }],
      [own, own],
      [own, { app: 'B', at: ['a'] }],
      [own, { app: 'A', at: ['a'], from: 'b' }],
      [{ app: 'B', at: ['a'], from: 'b' }],
      [own, { app: 'B', at: ['a'], from: '' }],
    ]) {
      assert.equal(await codeOf(() => new Namespaces(bad)), 'config/invalid', JSON.stringify(bad));
    }
  });
});
