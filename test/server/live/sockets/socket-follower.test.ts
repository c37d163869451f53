import QUnit from 'qunit';
import { SessionError } from '../../../../src/protocol/errors.js';
import type { Json } from '../../../../src/protocol/messages.js';
import { Channel } from '../../../../src/server/live/channel/channel.js';
import { cutReason } from '../../../../src/server/live/sockets/socket-close.js';
import type { SocketMode } from '../../../../src/server/live/sockets/socket-follower.js';
import { readSocketRules, type SocketOptions } from '../../../../src/server/live/sockets/socket-options.js';
import { codeOf } from '../../fixture.js';
import { changesOf, patch, replace } from '../channel/live-fixture.js';
import { Room, TestPort, turn } from './socket-fixture.js';

const person = { name$: 'Ada', age$: 36, other: 1 };

/** A follower that has begun, and what it was sent since. */
async function following(
  options: SocketOptions & { readonly versioning?: boolean } = {},
  root: Json = person,
) {
  const room = new Room(root, options);
  const port = new TestPort();
  const channel = new Channel(room.feed);
  channel.start();
  const joined = room.join(port, 'server-first', channel);
  port.sent.length = 0;
  const say = (message: unknown, binary = false): void => {
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    joined.follower.message(binary ? Buffer.from(text) : text, binary);
  };
  return { room, port, say, ...joined };
}

const numbers = (text: string): readonly unknown[] =>
  JSON.parse(text)
    .slice(0, 2)
    .map(({ value }: { value: unknown }) => value);

/** A client that sets the name and has seen nothing yet. */
const rename = (n: number, name: string) => patch(n, 1, replace('/name$', name));

QUnit.module('server/live/socket-follower', () => {
  QUnit.test('SC-81 speaks first to a client that got the document before', (assert) => {
    const room = new Room(person);
    const channel = new Channel(room.feed);
    channel.start();
    const port = new TestPort();
    room.join(port, 'server-first', channel);
    assert.deepEqual(port.texts.map(changesOf), [[]]);
    assert.deepEqual(port.texts.map(numbers), [[1, 0]]);
  });

  QUnit.test('SC-81 begins with an empty patch where nothing is numbered', (assert) => {
    const room = new Room(person, { versioning: false });
    const channel = new Channel(room.feed);
    channel.start();
    const port = new TestPort();
    room.join(port, 'server-first', channel);
    assert.deepEqual(port.sent, [['[]', false]]);
  });

  QUnit.module('a client that speaks first', () => {
    const begin = () => {
      const room = new Room(person);
      const port = new TestPort();
      return { room, port, ...room.join(port, 'client-first') };
    };

    QUnit.test('is told nothing before', (assert) => {
      const { room, port } = begin();
      room.set('other', 2);
      room.set('other', 3);
      assert.deepEqual(port.sent, []);
    });

    QUnit.test('gets the whole document, in the kind of frame that it sent', async (assert) => {
      for (const binary of [false, true]) {
        const { room, port, follower } = begin();
        room.set('other', 2);
        follower.message(Buffer.from('[]'), binary);
        await turn();
        room.set('other', 3);
        const [first, second] = port.sent;
        assert.equal(port.sent.length, 2);
        assert.equal(first?.[1], binary);
        assert.deepEqual(changesOf(first?.[0] ?? ''), [
          { op: 'replace', path: '', value: { '_ver#c$': 0, '_ver#s': 1, ...person, other: 2 } } as never,
        ]);
        assert.deepEqual(second?.map(String), [
          '[{"op":"replace","path":"/_ver#s","value":2},{"op":"test","path":"/_ver#c$","value":0},' +
            '{"op":"replace","path":"/other","value":3}]',
          'false',
        ]);
      }
    });

    QUnit.test('keeps the number of its newest patch', async (assert) => {
      const { port, follower } = begin();
      follower.message(JSON.stringify([patch(7, 4, replace('/name$', 'Grace'))]), false);
      await turn();
      assert.deepEqual(numbers(port.texts[0] ?? ''), [1, 7]);
    });

    QUnit.test('PAL-10 gets it also when it was here before', async (assert) => {
      const room = new Room(person);
      const channel = new Channel(room.feed);
      channel.start();
      const port = new TestPort();
      const { follower } = room.join(port, 'client-first', channel);
      follower.message(JSON.stringify([patch(1, 0, replace('/name$', 'Grace'))]), false);
      await turn();
      assert.deepEqual(port.texts.map(numbers), [[1, 1]]);
      assert.equal(changesOf(port.texts[0] ?? '')[0]?.path, '');
      assert.equal((room.document.root as typeof person).name$, 'Grace');
    });

    QUnit.test('is closed when that is no list', async (assert) => {
      const { port, follower, room } = begin();
      follower.message('{}', false);
      await turn();
      assert.equal(port.goodbye, '1011 patch/malformed: no list');
      assert.deepEqual([port.sent, room.followers.size], [[], 0]);
    });
  });

  QUnit.test(
    'SC-82 answers a patch with what it changed, in the kind of frame that it came in',
    async (assert) => {
      const { room, port, say } = await following();
      say(rename(1, 'Grace'));
      say(rename(2, 'Barbara'), true);
      await turn();
      assert.deepEqual(
        port.sent.map(([text, binary]) => [...numbers(text), changesOf(text), binary]),
        [
          [2, 1, [], false],
          [3, 2, [], true],
        ],
      );
      assert.equal((room.document.root as typeof person).name$, 'Barbara');
    },
  );

  QUnit.test('SC-82 answers an empty patch with an empty one', async (assert) => {
    const { port, say } = await following();
    say('[]');
    say('[]', true);
    await turn();
    assert.deepEqual(port.sent, [
      ['[]', false],
      ['[]', true],
    ]);
  });

  QUnit.test('SC-82 does not answer what came too early or too late', async (assert) => {
    const { port, say, channel } = await following();
    say(rename(1, 'Grace'));
    say(rename(1, 'again'));
    say(rename(3, 'Barbara'));
    await turn();
    assert.deepEqual(port.texts.map(numbers), [[2, 1]]);
    assert.equal(channel.waiting, 1);
    say(rename(2, 'Hedy'));
    await turn();
    assert.deepEqual(port.texts.map(numbers).at(-1), [3, 3]);
  });

  QUnit.test(
    'carries out what comes while another is at work in its order, one at a time',
    async (assert) => {
      const { room, port, say, link } = await following();
      const release = room.hold();
      for (let n = 1; n <= 20; n += 1) say(rename(n, `${n}`), n % 2 === 0);
      await turn();
      assert.deepEqual([link.received.length, port.sent.length], [0, 0]);
      release();
      await turn();
      assert.deepEqual(
        port.sent.map(([text, binary]) => [numbers(text)[1], binary]),
        Array.from({ length: 20 }, (_, index) => [index + 1, index % 2 === 1]),
      );
    },
  );

  QUnit.test('closes with 1008 when too many messages wait', async (assert) => {
    const { room, port, say } = await following({ queuedMessages: 2 });
    room.hold();
    for (const n of [1, 2, 3]) say(rename(n, 'x'));
    assert.equal(port.goodbye, undefined, 'one at work, two that wait');
    say(rename(4, 'x'));
    assert.equal(port.goodbye, '1008 request/rate: too much waits');
  });

  QUnit.test('closes with 1008 when messages wait that are too long together', async (assert) => {
    const { room, port, say } = await following({ queuedSize: 300 });
    const first = room.hold();
    say(rename(1, 'x'.repeat(1000)));
    say(rename(2, 'x'));
    say(rename(3, 'x'));
    const second = room.hold();
    first();
    await turn();
    say(rename(4, 'x'));
    assert.deepEqual([port.sent.length, port.goodbye], [1, undefined], 'what was taken out does not count');
    say(rename(5, 'x'));
    assert.equal(port.goodbye, '1008 request/rate: too much waits');
    second();
    await turn();
    assert.equal(port.sent.length, 1, 'and what waited is dropped');
  });

  QUnit.module('closes after a message that is wrong, and changes nothing', () => {
    const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`;
    const cases: readonly (readonly [what: string, message: string | Uint8Array, goodbye: string])[] = [
      ['no JSON', 'no {json', '1011 patch/malformed: no JSON'],
      ['an empty text', '', '1011 patch/malformed: no JSON'],
      ['no UTF-8', Buffer.from([0x5b, 0xff, 0xfe, 0x5d]), '1011 patch/malformed: no UTF-8'],
      ['half a character', Buffer.from([0x5b, 0xe2, 0x82]), '1011 patch/malformed: no UTF-8'],
      ['a byte order mark', Buffer.from('\uFEFF[]'), '1011 patch/malformed: no JSON'],
      ['no list', '{"op":"replace"}', '1011 patch/malformed: no list'],
      ['null', 'null', '1011 patch/malformed: no list'],
      [
        'a list without versions',
        '[{"op":"remove","path":"/name$"}]',
        '1011 patch/malformed: version operations',
      ],
      ['unknown operations', JSON.stringify([{ op: 'explode', path: '/name$' }]), '1011 patch/malformed'],
      [
        'too deep a value',
        JSON.stringify(patch(1, 1, replace('/name$', 0))).replace('0}]', `${deep}}]`),
        '1009 patch/size: too deep',
      ],
      [
        '100,000 operations',
        JSON.stringify(patch(1, 1, ...Array(100_000).fill(replace('/name$', 'x')))),
        '1009 patch/size',
      ],
      ['too long a pointer', JSON.stringify(patch(1, 1, replace('/name$'.repeat(70), 1))), '1009 patch/size'],
      [
        'a version from the future',
        JSON.stringify(patch(1, 9, replace('/name$', 'x'))),
        '1011 patch/conflict: version from the future',
      ],
      [
        'a negative version',
        JSON.stringify(patch(-1, 1, replace('/name$', 'x'))),
        '1011 patch/malformed: version operations',
      ],
      [
        'what it may not change',
        JSON.stringify(patch(1, 1, replace('/name$', 'x'), replace('/other', 2))),
        '1011 ',
      ],
      [
        'a place that never was',
        JSON.stringify(patch(1, 1, replace('/name$', 'x'), replace('/pet/name$', 2))),
        '1011 patch/conflict: no such place (change 1: /pet/name$); client version 1 after 0, server version 1 of 1',
      ],
      [
        'a prototype',
        JSON.stringify(patch(1, 1, replace('/name$', 'x'), replace('/__proto__/x$', 2))),
        '1011 ',
      ],
    ];
    for (const [what, message, goodbye] of cases) {
      QUnit.test(what, async (assert) => {
        const { room, port, follower, link } = await following({ burst: 1_000_000 });
        follower.message(message, typeof message !== 'string');
        follower.message(JSON.stringify(rename(1, 'afterwards')), false);
        await turn();
        assert.true(port.goodbye?.startsWith(goodbye), port.goodbye);
        assert.deepEqual(room.document.root, person);
        assert.deepEqual([port.sent, link.detached, room.failures], [[], 1, []]);
      });
    }

    QUnit.test('after those before it were answered', async (assert) => {
      const { room, port, say } = await following();
      say(rename(1, 'Grace'));
      say('rubbish');
      say(rename(2, 'Barbara'));
      await turn();
      assert.deepEqual(port.texts.map(numbers), [[2, 1]]);
      assert.equal(port.goodbye, '1011 patch/malformed: no JSON');
      assert.equal((room.document.root as typeof person).name$, 'Grace');
    });
  });

  QUnit.test('SC-91 leaves out a place that is gone, and answers', async (assert) => {
    const { room, port, say } = await following({}, { ...person, pet: { name$: 'Tom' } });
    room.document.change(['remove', ['pet']]);
    say(patch(1, 1, replace('/pet/name$', 'x'), replace('/name$', 'Grace')));
    await turn();
    assert.deepEqual([port.goodbye, ...port.texts.map(numbers)], [undefined, [2, 1]]);
    assert.deepEqual(room.document.root, { ...person, name$: 'Grace' });
  });

  QUnit.test('SC-83 cuts a reason to 123 bytes, between characters', (assert) => {
    assert.equal(cutReason('a'.repeat(200)), 'a'.repeat(123));
    assert.equal(cutReason('a'.repeat(123)).length, 123);
    assert.equal(cutReason(`${'a'.repeat(122)}é`), 'a'.repeat(122));
    assert.equal(cutReason(`${'a'.repeat(120)}😀b`), 'a'.repeat(120));
    assert.equal(cutReason(`${'a'.repeat(119)}😀b`), `${'a'.repeat(119)}😀`);
    assert.equal(cutReason(''), '');
  });

  QUnit.test('SC-83 never shows a value in a reason', async (assert) => {
    const { port, say } = await following();
    say(patch(1, 1, replace(`/${'é'.repeat(100)}`, 'eyJhbGciOi-secret')));
    await turn();
    assert.true(port.goodbye?.startsWith('1011 '), port.goodbye);
    assert.true([127, 128].includes(Buffer.byteLength(port.goodbye ?? '')), port.goodbye);
    assert.false(port.goodbye?.includes('secret'));
  });

  QUnit.module('what a client may send', () => {
    QUnit.test('is a burst at once', async (assert) => {
      const { port, say, follower } = await following({ burst: 5, perSecond: 3 });
      for (let i = 0; i < 4; i += 1) say('[]');
      follower.pong();
      assert.equal(port.goodbye, undefined);
      say('[]');
      assert.equal(port.goodbye, '1008 request/rate');
    });

    QUnit.test('is so much a second after that', async (assert) => {
      const { room, port, say } = await following({ burst: 5, perSecond: 4 });
      for (let i = 0; i < 5; i += 1) say('[]');
      for (let i = 0; i < 40; i += 1) {
        room.clock.time += 250;
        say('[]');
        await turn();
      }
      assert.equal(port.goodbye, undefined);
      room.clock.time += 10;
      say('[]');
      assert.equal(port.goodbye, '1008 request/rate');
    });

    QUnit.test('counts each 4 KiB of a long one', async (assert) => {
      const { port, say } = await following({ burst: 5, perSecond: 1 });
      const long = patch(1, 1, replace('/name$', 'x'.repeat(3 * 4096)));
      say(long);
      await turn();
      say('[]');
      assert.equal(port.goodbye, undefined);
      say('[]');
      assert.equal(port.goodbye, '1008 request/rate');
      const other = await following({ burst: 2, perSecond: 1 });
      other.say(long);
      assert.equal(other.port.goodbye, undefined, 'one that is longer than a burst comes through');
    });

    QUnit.test('is not less when the clock is set back', async (assert) => {
      const { room, port, say } = await following({ burst: 2, perSecond: 1 });
      say('[]');
      room.clock.time -= 3_600_000;
      say('[]');
      assert.equal(port.goodbye, undefined);
    });
  });

  QUnit.module('a slow reader', () => {
    /** Too much waits for it. */
    async function slow() {
      const made = await following({ bufferLimit: 100, stallLimit: 30_000 });
      made.port.buffered = 101;
      made.room.set('other', 2);
      return made;
    }

    QUnit.test('is sent nothing while too much waits for it', async (assert) => {
      const { room, port, say } = await slow();
      assert.deepEqual([port.sent.length, port.drains], [1, 1]);
      room.set('other', 3);
      room.set('other', 4);
      say(rename(1, 'Grace'));
      say('[]');
      await turn();
      assert.deepEqual([port.sent.length, port.drains], [1, 1]);
      assert.equal((room.document.root as typeof person).name$, 'Grace', 'what it says counts');
    });

    QUnit.test('gets one message after that: the whole document', async (assert) => {
      const { room, port, say, follower } = await slow();
      for (let value = 3; value < 50; value += 1) room.set('other', value);
      say(rename(1, 'Grace'));
      await turn();
      port.buffered = 0;
      follower.drained();
      follower.drained();
      assert.equal(port.sent.length, 2);
      assert.deepEqual(numbers(port.texts[1] ?? ''), [3, 1], 'without a gap');
      assert.deepEqual(changesOf(port.texts[1] ?? ''), [
        {
          op: 'replace',
          path: '',
          value: { '_ver#c$': 1, '_ver#s': 3, name$: 'Grace', age$: 36, other: 49 },
        } as never,
      ]);
      room.set('other', 50);
      assert.deepEqual(changesOf(port.texts[2] ?? ''), [replace('/other', 50)]);
    });

    QUnit.test('gets nothing more when it missed nothing', async (assert) => {
      const { room, port, follower, say } = await slow();
      say('[]');
      await turn();
      port.buffered = 0;
      follower.drained();
      assert.equal(port.sent.length, 1);
      room.set('other', 3);
      assert.deepEqual(changesOf(port.texts[1] ?? ''), [replace('/other', 3)]);
    });

    QUnit.test('gets the document also when only its own patch was not answered', async (assert) => {
      const { port, say, follower } = await slow();
      say(rename(1, 'Grace'));
      await turn();
      port.buffered = 0;
      follower.drained();
      assert.deepEqual(port.texts.map(numbers), [
        [2, 0],
        [3, 1],
      ]);
    });

    QUnit.test('is dropped when nothing goes for the time of the limit', async (assert) => {
      const { room, port } = await slow();
      room.tick(29_999);
      assert.deepEqual([port.goodbye, port.pings], [undefined, 0], 'a ping would only wait as well');
      room.tick(1);
      assert.equal(port.goodbye, 'dropped');
      assert.equal(room.followers.size, 0);
    });

    QUnit.test('is not dropped while it reads', async (assert) => {
      const made = await following({ bufferLimit: 100, stallLimit: 30_000 });
      const { room, port, follower } = made;
      room.tick();
      port.buffered = 110;
      room.set('other', 2);
      for (let left = 100; left > 0; left -= 10) {
        port.buffered = left;
        room.tick(20_000);
        room.tick(20_000);
      }
      port.buffered = 0;
      follower.drained();
      room.tick();
      assert.deepEqual([port.goodbye, port.pings], [undefined, 2]);
    });

    QUnit.test('is not dropped when just as much waits again', async (assert) => {
      const { room, port, follower } = await following({ bufferLimit: 100, stallLimit: 30_000 });
      for (let i = 1; i <= 5; i += 1) {
        port.buffered = 50;
        room.tick();
        port.buffered = 20;
        room.tick(1);
        assert.equal(port.drains, i, 'asked once each');
        follower.drained();
      }
      assert.equal(port.goodbye, undefined);
    });

    QUnit.test('is slow until all has gone, also what came after the question', async (assert) => {
      const { room, port, follower } = await following({ bufferLimit: 100 });
      port.buffered = 50;
      room.tick();
      port.buffered = 150;
      room.set('other', 2);
      room.set('other', 3);
      assert.deepEqual([port.sent.length, port.drains], [1, 1]);
      port.buffered = 100;
      follower.drained();
      assert.deepEqual([port.sent.length, port.drains], [1, 2]);
      port.buffered = 0;
      follower.drained();
      assert.deepEqual([port.sent.length, port.drains], [2, 2]);
      port.buffered = 150;
      room.set('other', 4);
      port.buffered = 0;
      follower.drained();
      assert.deepEqual([port.sent.length, port.drains], [3, 3], 'nothing is owed twice');
    });
  });

  QUnit.test('closes with 1009 instead of a document that is too large to send', async (assert) => {
    const { room, port } = await following({ snapshotLimit: 300 });
    room.set('name$', '€'.repeat(50));
    assert.deepEqual([port.sent.length, port.goodbye], [1, undefined]);
    room.set('name$', '€'.repeat(100));
    assert.equal(port.goodbye, '1009 session/size: the document is too large to be sent');
    assert.deepEqual(
      room.failures.map((error) => (error as SessionError).code),
      ['session/size'],
    );
    assert.equal(port.sent.length, 1);
  });

  QUnit.module('tick', () => {
    QUnit.test('drops a connection at whose other end nobody is', async (assert) => {
      const { room, port, follower, link } = await following();
      room.tick();
      assert.deepEqual([port.pings, port.goodbye], [1, undefined]);
      follower.pong();
      room.tick();
      assert.deepEqual([port.pings, port.goodbye], [2, undefined]);
      room.tick();
      assert.deepEqual([port.pings, port.goodbye, link.detached], [2, 'dropped', 1]);
    });

    QUnit.test('takes any message as a sign of life', async (assert) => {
      const { room, port, say } = await following();
      room.tick();
      say('[]');
      room.tick();
      assert.equal(port.goodbye, undefined);
    });

    QUnit.test('does not wait for ever for a patch that never comes', async (assert) => {
      const { room, port, say, follower } = await following();
      say(rename(3, 'third'));
      await turn();
      room.tick();
      follower.pong();
      await turn();
      assert.deepEqual(port.sent, []);
      room.tick();
      follower.pong();
      await turn();
      assert.deepEqual(port.texts.map(numbers), [[2, 3]]);
      assert.equal((room.document.root as typeof person).name$, 'third');
      assert.equal(changesOf(port.texts[0] ?? '')[0]?.path, '', 'the whole document');
    });

    QUnit.test('waits once more when another one came', async (assert) => {
      const { room, channel, say, follower } = await following();
      say(rename(2, 'second'));
      await turn();
      room.tick();
      follower.pong();
      say(rename(1, 'first'));
      say(rename(4, 'fourth'));
      await turn();
      room.tick();
      await turn();
      assert.deepEqual([channel.waiting, channel.clientVersion], [1, 2]);
    });
  });

  QUnit.module('when the session refuses', () => {
    const secret = 'wire-form-of-an-id';
    const refuse = (code: SessionError['code']) => new SessionError(code, { message: `${code} ${secret}` });
    const cases: readonly (readonly [error: unknown, goodbye: string, faults: number])[] = [
      [refuse('session/not-found'), '4401 session/not-found', 0],
      [refuse('session/expired'), '4401 session/expired', 0],
      [refuse('session/ended'), '4401 session/ended', 0],
      [refuse('session/busy'), '1013 session/busy', 0],
      [refuse('store/unavailable'), '1013 store/unavailable', 0],
      [refuse('session/size'), '1009 session/size', 0],
      [refuse('session/conflict'), '1013 session/conflict', 0],
      [refuse('token/issuer'), '1011 server/failed', 1],
      [refuse('config/type'), `1011 config/type ${secret}`, 1],
      [new Error(secret), '1011 server/failed', 1],
    ];
    for (const [error, goodbye, faults] of cases) {
      QUnit.test(`closes with ${goodbye}`, async (assert) => {
        const { room, port, say, link } = await following();
        room.failure = error;
        say(rename(1, 'Grace'));
        say(rename(2, 'Barbara'));
        await turn();
        assert.equal(port.goodbye, goodbye);
        assert.deepEqual([link.detached, room.failures.length, port.sent], [1, faults, []]);
      });
    }

    QUnit.test('SC-83 says what the preset of Starcounter says', async (assert) => {
      const { room, port, say } = await following({
        closing: () => ({ code: 1001, reason: 'Session is expired.' }),
      });
      room.failure = refuse('session/expired');
      say('[]');
      await turn();
      assert.equal(port.goodbye, '1001 Session is expired.');
    });
  });

  QUnit.test('SC-83 closes with 1011 when there is no document', (assert) => {
    for (const mode of ['server-first', 'client-first'] as const satisfies readonly SocketMode[]) {
      const room = new Room(undefined);
      const port = new TestPort();
      const { follower } = room.join(port, mode);
      if (mode === 'server-first') {
        assert.equal(port.goodbye, '1011 Session does not contain any state');
        assert.equal(room.followers.size, 0);
      }
      follower.publish();
      assert.deepEqual(port.sent, []);
    }
  });

  QUnit.test('closes with 1011 when the document has no room for versions', async (assert) => {
    const { room, port } = await following();
    room.document.change(['replace', [], [1, 2]]);
    for (const follower of room.followers) follower.publish();
    assert.equal(port.goodbye, '1011 A document with versions must be an object.');
    assert.equal(room.failures.length, 1);
  });

  QUnit.module('publish', () => {
    QUnit.test('SC-85 tells what changed, in one patch', async (assert) => {
      const { room, port, follower } = await following();
      room.document.change(['replace', ['other'], 2], ['replace', ['age$'], 37]);
      follower.publish();
      follower.publish();
      assert.equal(port.sent.length, 1);
      assert.deepEqual(changesOf(port.texts[0] ?? ''), [replace('/other', 2), replace('/age$', 37)]);
    });

    QUnit.test('tells others, and not who did it', async (assert) => {
      const { room, port, say } = await following();
      const other = new TestPort();
      room.join(other);
      other.sent.length = 0;
      say(rename(1, 'Grace'));
      await turn();
      assert.deepEqual(changesOf(port.texts[0] ?? ''), []);
      assert.deepEqual(other.texts.map(changesOf), [[replace('/name$', 'Grace')]]);
    });
  });

  QUnit.test('is silent after its end', async (assert) => {
    const { room, port, say, follower, link } = await following();
    const release = room.hold();
    say(rename(1, 'Grace'));
    say(rename(2, 'Barbara'));
    follower.end(4401, 'revoked');
    follower.end(1011, 'another');
    release();
    room.set('other', 2);
    follower.publish();
    follower.tick();
    follower.drained();
    say('[]');
    await turn();
    follower.closed();
    assert.equal(port.goodbye, '4401 revoked');
    assert.deepEqual([port.sent, port.pings, link.detached, link.received.length], [[], 0, 1, 1]);
  });

  QUnit.test('SC-84 leaves the session when the connection is gone', async (assert) => {
    const { room, port, follower, link } = await following();
    follower.closed();
    room.set('other', 2);
    assert.deepEqual([room.followers.size, link.detached, port.goodbye], [0, 1, undefined]);
  });

  QUnit.test('refuses options that cannot be', async (assert) => {
    const wrong: readonly SocketOptions[] = [
      { queuedMessages: -1 },
      { queuedSize: 0.5 },
      { burst: 0 },
      { perSecond: 0 },
      { bufferLimit: Number.POSITIVE_INFINITY },
      { stallLimit: 0 },
      { snapshotLimit: 0 },
      { closing: 4401 as never },
      { now: 5 as never },
      { onError: {} as never },
    ];
    for (const options of wrong) {
      assert.equal(await codeOf(() => readSocketRules(options)), 'config/invalid', Object.keys(options)[0]);
    }
    assert.deepEqual(readSocketRules().closing('session/expired'), { code: 4401, reason: 'session/expired' });
  });
});
