import fc from 'fast-check';
import QUnit from 'qunit';
import type { Json } from '../../../../src/protocol/messages.js';
import { anyType, Inputs } from '../../../../src/server/live/channel/input.js';
import { anyEdit } from '../../../../src/server/live/channel/policy.js';
import { json } from '../../../protocol/json.js';
import { codeOf } from '../../fixture.js';
import { changesOf, live, patch, replace } from './live-fixture.js';

const { module, test } = QUnit;

/** What became of one message without versions, the code if it was refused, the document, and what goes back. */
function tried(root: Json, message: unknown, options: Parameters<typeof live>[1] = {}) {
  const { channel, document } = live(root, { versioning: false, ...options });
  const outcome = channel.receive(message);
  return {
    code: outcome.kind === 'rejected' ? outcome.error.code : outcome.kind,
    outcome,
    root: document.root,
    back: outcome.kind === 'rejected' ? undefined : JSON.parse(channel.take()),
  };
}

module('server/live/channel: input', () => {
  module('what is refused', () => {
    const root = { Name$: 'a', Fixed: 'b', Obj$: { x$: 1 }, List$: ['p'] };

    test('is everything but a primitive in the place of an editable one, strict or not (SC-90)', (assert) => {
      const messages: readonly [unknown, string][] = [
        [[replace('/Fixed', 'c')], 'request/forbidden'],
        [[replace('/Obj$', 1)], 'request/forbidden'],
        [[replace('/Name$', { a: 1 })], 'request/forbidden'],
        [[replace('/Name$', [])], 'request/forbidden'],
        [[replace('', {})], 'request/forbidden'],
        [[{ op: 'add', path: '/Name$', value: 'c' }], 'request/forbidden'],
        [[{ op: 'add', path: '/List$/-', value: 'c' }], 'request/forbidden'],
        [[{ op: 'remove', path: '/Name$' }], 'request/forbidden'],
        [[{ op: 'test', path: '/Name$', value: 'a' }], 'request/forbidden'],
        [[{ op: 'move', from: '/Name$', path: '/Fixed' }], 'request/forbidden'],
        [[{ op: 'copy', from: '/Name$', path: '/Fixed' }], 'request/forbidden'],
        [[replace('/Unknown$', 'c')], 'patch/conflict'],
        [[replace('/Name$/length$', 'c')], 'patch/conflict'],
        [[replace('/List$/1', 'c')], 'patch/conflict'],
        [[replace('/List$/00', 'c')], 'patch/conflict'],
        [[replace('/List$/length', 'c')], 'patch/conflict'],
        [[replace('/constructor/name$', 'c')], 'patch/conflict'],
        [[replace('/__proto__/x$', 'c')], 'patch/malformed'],
        [[{ op: 'jump', path: '/Name$' }], 'patch/malformed'],
        [[{ op: 'replace', path: '/Name$' }], 'patch/malformed'],
        [[{ op: 'replace', path: 'Name$', value: 1 }], 'patch/malformed'],
        [[null], 'patch/malformed'],
        [{}, 'patch/malformed'],
        ['rubbish', 'patch/malformed'],
        [null, 'patch/malformed'],
        [undefined, 'patch/malformed'],
        [Array.from({ length: 100_000 }, () => replace('/Name$', 'c')), 'patch/size'],
        [[replace(`/${'a/'.repeat(500)}$`, 'c')], 'patch/size'],
        [[replace('/Name$', 'x'.repeat(2 ** 21))], 'patch/size'],
      ];
      for (const strict of [false, true]) {
        for (const [message, code] of messages) {
          const result = tried(root, message, { strict });
          assert.equal(result.code, code, JSON.stringify(message)?.slice(0, 80));
          assert.strictEqual(result.root, root);
        }
      }
    });

    test('says with 400 and 1011 what and where, with the versions and without values (SC-67, SC-83)', (assert) => {
      const { channel } = live(root);
      channel.take();
      const outcome = channel.receive(patch(1, 0, replace('/Name$', 'secret'), replace('/Fixed', 'secret')));
      assert.deepEqual(outcome.kind === 'rejected' && [outcome.status, outcome.closeCode, outcome.reason], [
        400,
        1011,
        'request/forbidden: operation not allowed (change 1: /Fixed); client version 1 after 0, server version 0 of 1',
      ]);
      assert.equal(channel.answer(outcome, 'http'), undefined);
    });

    test('says with 413 and 1009 what is too large', (assert) => {
      const { outcome } = tried(root, [replace('/Name$', 'xxx')], { limits: { size: 4 } });
      assert.deepEqual([outcome.status, outcome.kind === 'rejected' && outcome.closeCode], [413, 1009]);
    });

    test('is a patch without versions, and one from the future of either side (SC-95, SC-97)', (assert) => {
      const { channel, document } = live(root, { early: { patches: 5 } });
      const code = (message: unknown) => {
        const outcome = channel.receive(message);
        return outcome.kind === 'rejected' ? outcome.error.code : outcome.kind;
      };
      assert.equal(code([replace('/Name$', 'c')]), 'patch/malformed');
      assert.equal(code(patch(1, 1, replace('/Name$', 'c'))), 'patch/conflict');
      assert.equal(code(patch(7, 0, replace('/Name$', 'c'))), 'patch/size');
      assert.equal(code(patch(2 ** 40, 0, replace('/Name$', 'c'))), 'patch/size');
      assert.equal(code(patch(6, 0, replace('/Name$', 'c'))), 'queued');
      assert.deepEqual([document.root, channel.clientVersion], [root, 0]);
    });

    test('is a version that is given again among the changes', (assert) => {
      const { channel } = live(root);
      assert.equal(channel.receive(patch(1, 0, replace('/_ver#c$', 2))).kind, 'rejected');
    });

    test('takes nothing of its patch with it, and runs no handler', (assert) => {
      const inputs = new Inputs();
      inputs.on('/Name$', () => assert.ok(false, 'no handler'));
      const result = tried(root, [replace('/Name$', 'c'), replace('/Fixed', 'c')], { inputs });
      assert.strictEqual(result.root, root);
    });

    test('leaves what came before a queued patch that is refused in its turn', (assert) => {
      const { channel, document } = live(root);
      channel.receive(patch(2, 0, replace('/Fixed', 'c')));
      assert.equal(channel.receive(patch(1, 0, replace('/Name$', 'c'))).kind, 'rejected');
      assert.deepEqual([document.root, channel.clientVersion], [{ ...root, Name$: 'c' }, 1]);
    });

    test('is an option that cannot be', async (assert) => {
      assert.equal(await codeOf(() => live({}, { strict: 1 as never })), 'config/invalid');
      assert.equal(await codeOf(() => live({}, { versioning: 1 as never })), 'config/invalid');
      assert.equal(await codeOf(() => live({}, { limits: { depth: -1 } })), 'config/invalid');
    });

    test('changes nothing, whatever the patch (all or nothing)', (assert) => {
      const path = fc.constantFrom(
        '/a$',
        '/b',
        '/l/0',
        '/l/-',
        '/l/1/x$',
        '/o/x$',
        '/o',
        '/new',
        '',
        '/_ver#s',
        '/l/9',
      );
      const operation = fc.oneof(
        fc.record({ op: fc.constantFrom('replace', 'add', 'test', 'jump'), path, value: json }),
        fc.record({ op: fc.constant('remove'), path }),
      );
      const document: Json = { a$: 1, b: 'x', l: [1, { x$: 'y' }, []], o: { x$: true } };
      let refused = 0;
      fc.assert(
        fc.property(
          fc.array(operation, { maxLength: 5 }),
          fc.boolean(),
          fc.boolean(),
          (operations, isOpen, strict) => {
            const options = isOpen ? { policy: anyEdit, convert: anyType, strict } : { strict };
            const world = live(document, options);
            const other = world.open();
            const outcome = world.channel.receive(patch(1, 0, ...(operations as never[])));
            if (outcome.kind !== 'rejected') return true;
            refused += 1;
            return (
              world.document.root === document &&
              world.channel.clientVersion === 0 &&
              changesOf(other.take()).length === 0
            );
          },
        ),
        { numRuns: 1000 },
      );
      assert.ok(refused > 300, `${refused} patches were refused`);
    });
  });

  module('what is left out', () => {
    test('is a value of a wrong type; the rest is applied, and the true value is sent back (SC-91)', (assert) => {
      const result = tried({ Age$: 7, Name$: 'a' }, [replace('/Age$', 'invalid'), replace('/Name$', 'b')]);
      assert.deepEqual(
        [result.code, result.root, result.back],
        ['applied', { Age$: 7, Name$: 'b' }, [replace('/Age$', 7)]],
      );
    });

    test('refuses the whole patch when strict (SC-91)', (assert) => {
      const result = tried({ Age$: 7, Name$: 'a' }, [replace('/Name$', 'b'), replace('/Age$', 'invalid')], {
        strict: true,
      });
      assert.deepEqual(
        [result.code, result.outcome.status, result.root],
        ['patch/conflict', 400, { Age$: 7, Name$: 'a' }],
      );
    });

    test('is an edit of something that the server made an object meanwhile', (assert) => {
      const { channel, document } = live({ Name$: 'a' });
      document.change(['replace', ['Name$'], { First: 'x' }]);
      assert.equal(channel.receive(patch(1, 0, replace('/Name$', 'b'))).kind, 'applied');
      assert.deepEqual(document.root, { Name$: { First: 'x' } });
      assert.deepEqual(changesOf(channel.take()), [replace('/Name$', { First: 'x' })]);
    });

    test('is the next edit of it, too, by a client that kept its own value and has not heard yet', (assert) => {
      const { channel, document } = live({ Name$: 'a' });
      document.change(['replace', ['Name$'], { First: 'x' }]);
      channel.take();
      channel.receive(patch(1, 0, replace('/Name$', 'b')));
      assert.equal(channel.receive(patch(2, 1, replace('/Name$', 'c'))).kind, 'applied');
      assert.deepEqual(document.root, { Name$: { First: 'x' } });
    });
  });

  module('what is sent back', () => {
    test('is nothing when the value was accepted as it came: [] (SC-93)', (assert) => {
      const { channel, open, document } = live({ Name$: 'a' }, { versioning: false });
      const other = open();
      channel.receive([replace('/Name$', 'b')]);
      assert.equal(channel.take(), '[]');
      assert.deepEqual(JSON.parse(other.take()), [replace('/Name$', 'b')], 'others always get it');
      assert.deepEqual(document.root, { Name$: 'b' });
    });

    test('is nothing when it was there already', (assert) => {
      assert.deepEqual(tried({ Name$: 'a' }, [replace('/Name$', 'a')]).back, []);
    });

    test('is a value that was converted (SC-92)', (assert) => {
      const result = tried({ Age$: 7, On$: false }, [replace('/Age$', ''), replace('/On$', 'true')]);
      assert.deepEqual(result.root, { Age$: 0, On$: true });
      assert.deepEqual(result.back, [replace('/Age$', 0), replace('/On$', true)]);
      assert.deepEqual(
        tried({ Age$: 0 }, [replace('/Age$', '')]).back,
        [replace('/Age$', 0)],
        'though nothing changed',
      );
    });

    test('is what a handler made of it (SC-93)', (assert) => {
      const inputs = new Inputs();
      inputs.on('/Name$', (input) => {
        input.value = String(input.value).trim();
      });
      assert.deepEqual(tried({ Name$: 'a' }, [replace('/Name$', ' b ')], { inputs }).back, [
        replace('/Name$', 'b'),
      ]);
      assert.deepEqual(tried({ Name$: 'a' }, [replace('/Name$', ' a ')], { inputs }).back, [
        replace('/Name$', 'a'),
      ]);
      assert.deepEqual(tried({ Name$: 'a' }, [replace('/Name$', 'b')], { inputs }).back, []);
    });

    test('is the old value when a handler cancelled, or set none (SC-93)', (assert) => {
      for (const end of ['cancel', 'undefined', 'throw']) {
        const inputs = new Inputs();
        const errors: unknown[] = [];
        inputs.on('/Name$', (input) => {
          if (end === 'cancel') input.cancel();
          else if (end === 'undefined') input.value = undefined;
          else throw new Error('in the handler');
        });
        const result = tried({ Name$: 'a' }, [replace('/Name$', 'b')], {
          inputs,
          onError: (error) => errors.push(error),
        });
        assert.deepEqual([result.root, result.back], [{ Name$: 'a' }, [replace('/Name$', 'a')]], end);
        assert.equal(errors.length, end === 'throw' ? 1 : 0);
      }
    });

    test('is what the document has when it did not take the value (SC-93)', (assert) => {
      const { channel, document } = live({ Name$: 'a' }, { versioning: false });
      const errors: unknown[] = [];
      const refusing = live({ Name$: 'a' }, { versioning: false, onError: (error) => errors.push(error) });
      document.apply = () => undefined;
      refusing.document.apply = () => {
        throw new Error('no');
      };
      for (const one of [channel, refusing.channel]) {
        one.receive([replace('/Name$', 'b')]);
        assert.deepEqual(JSON.parse(one.take()), [replace('/Name$', 'a')]);
      }
      assert.equal(errors.length, 1);
    });

    test('is what handlers did besides, and only that (SC-93)', (assert) => {
      const inputs = new Inputs();
      const { channel, document } = live({ Name$: 'a', Log: [], Upper: 'A' }, { versioning: false, inputs });
      let calls = 0;
      inputs.on('/Name$', ({ value, old }) => {
        calls += 1;
        document.change(
          ['add', ['Log', 0], old ?? null],
          ['replace', ['Upper'], String(value).toUpperCase()],
        );
      });
      channel.receive([replace('/Name$', 'b')]);
      assert.deepEqual(document.root, { Name$: 'b', Log: ['a'], Upper: 'B' });
      assert.deepEqual(JSON.parse(channel.take()), [
        { op: 'add', path: '/Log/0', value: 'a' },
        replace('/Upper', 'B'),
      ]);
      assert.equal(calls, 1);
    });

    test('is the client’s value when a handler had set the place itself before', (assert) => {
      const inputs = new Inputs();
      const { channel, document } = live({ Name$: 'a' }, { versioning: false, inputs });
      inputs.on('/Name$', () => document.change(['replace', ['Name$'], 'handler']));
      channel.receive([replace('/Name$', 'b')]);
      assert.deepEqual(
        [document.root, JSON.parse(channel.take())],
        [{ Name$: 'b' }, [replace('/Name$', 'b')]],
      );
    });

    test('goes to the item of the edit when a handler moves it (SC-98)', (assert) => {
      const inputs = new Inputs();
      const { channel, document } = live({ List: [{ n$: 'a' }, { n$: 'b' }] }, { inputs });
      inputs.on('/List/*/n$', () => document.change(['add', ['List', 0], { n$: 'new' }]));
      channel.receive(patch(1, 0, replace('/List/0/n$', 'A'), replace('/List/1/n$', 'B')));
      assert.deepEqual(document.root, { List: ['new', 'new', 'A', 'B'].map((n$) => ({ n$ })) });
    });

    test('is nothing for an item that a handler takes away', (assert) => {
      const inputs = new Inputs();
      const { channel, document } = live({ List: [{ n$: 'a' }, { n$: 'b' }] }, { inputs });
      inputs.on('/List/*/n$', () => document.change(['remove', ['List', 0]]));
      channel.receive(patch(1, 0, replace('/List/0/n$', 'A')));
      assert.deepEqual(document.root, { List: [{ n$: 'b' }] });
      assert.deepEqual(changesOf(channel.take()), [{ op: 'remove', path: '/List/0' }]);
    });

    test('comes with each of several patches once for each operation', (assert) => {
      const inputs = new Inputs();
      const { channel } = live({ Name$: '' }, { inputs });
      const seen: unknown[] = [];
      inputs.on('/Name$', ({ value }) => seen.push(value));
      for (const n of [1, 3, 2, 2]) channel.receive(patch(n, 0, replace('/Name$', n.toString())));
      assert.deepEqual(seen, ['1', '2', '3']);
    });
  });

  module('with a policy that allows everything (X-23)', () => {
    const open = { policy: anyEdit, convert: anyType };

    test('adds, removes and replaces, one after the other in one patch', (assert) => {
      const { channel, document } = live({ List: [] }, open);
      const outcome = channel.receive(
        patch(
          1,
          0,
          { op: 'add', path: '/List/-', value: { n: 1 } },
          { op: 'add', path: '/List/0', value: { n: 0 } },
          { op: 'add', path: '/List/1/m', value: [] },
          { op: 'remove', path: '/List/0' },
          replace('/List/0/n', 'two'),
          { op: 'add', path: '/Other', value: null },
        ),
      );
      assert.equal(outcome.kind, 'applied');
      assert.deepEqual(document.root, { List: [{ n: 'two', m: [] }], Other: null });
      assert.deepEqual(changesOf(channel.take()), []);
    });

    test('refuses places that are not there, all of the patch (all or nothing)', (assert) => {
      const { channel, document } = live({ List: [] }, open);
      const first = { op: 'add', path: '/List/0', value: 1 } as const;
      for (const bad of ['/List/2', '/List/x', '/Nothing/0', '/List/0/x']) {
        const outcome = channel.receive(patch(1, 0, first, { op: 'add', path: bad, value: 1 }));
        assert.equal(outcome.kind, 'rejected', bad);
      }
      assert.deepEqual(document.root, { List: [] });
    });

    test('undoes at the client what a handler cancelled, and sees its other places as it did', (assert) => {
      const inputs = new Inputs();
      inputs.on('/List/*', (input) => {
        if (input.op !== 'replace') input.cancel();
      });
      const { channel, document } = live({ List: ['a', 'b', 'c'] }, { ...open, inputs });
      channel.receive(patch(1, 0, { op: 'add', path: '/List/0', value: 'x' }, replace('/List/1', 'A')));
      channel.receive(patch(2, 0, { op: 'remove', path: '/List/2' }, replace('/List/2', 'C')));
      assert.deepEqual(document.root, { List: ['A', 'b', 'C'] });
      assert.deepEqual(changesOf(channel.take()), [
        replace('', { '_ver#c$': 2, '_ver#s': 1, List: ['A', 'b', 'C'] }),
      ]);
      channel.receive(patch(3, 1, replace('/List/1', 'B')));
      assert.deepEqual(document.root, { List: ['A', 'B', 'C'] }, 'and as they are, once it has heard');
    });

    test('sends back an item that a handler changed, in its place', (assert) => {
      const inputs = new Inputs();
      inputs.on('/List/*', (input) => {
        input.value = { text: String(input.value) };
      });
      const { channel, document } = live({ List: ['a'] }, { ...open, inputs });
      channel.receive(patch(1, 0, { op: 'add', path: '/List/-', value: 'b' }));
      assert.deepEqual(document.root, { List: ['a', { text: 'b' }] });
      assert.deepEqual(changesOf(channel.take()), [replace('/List/1', { text: 'b' })]);
    });
  });
});
