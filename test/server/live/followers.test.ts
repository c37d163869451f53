import QUnit from 'qunit';
import type { Json } from '../../../src/protocol/messages.js';
import { starcounterLive } from '../../../src/server/presets.js';
import { codeOf } from '../fixture.js';
import { patch, replace } from './channel/live-fixture.js';
import { gate, settled, world } from './live-world.js';
import { TestPort } from './sockets/socket-fixture.js';

const set = (id: string, { live }: ReturnType<typeof world>, key: string, value: Json) =>
  live.run(id, (session) => {
    if (session) session.data[key] = value;
  });

const changesIn = (body: string) => (JSON.parse(body) as readonly { path: string }[]).slice(2);

QUnit.module('server/live/followers', () => {
  QUnit.module('over HTTP', () => {
    QUnit.test('two names have versions of their own', async (assert) => {
      const all = world();
      const { followers } = all.live;
      const { id } = await all.sessions.create({ a$: 1, n: 0 });
      for (const name of ['one', 'two']) {
        assert.equal(await followers.start(id, name), '{"_ver#c$":0,"_ver#s":0,"a$":1,"n":0}');
      }
      for (const n of [1, 2, 3]) {
        await set(id, all, 'n', n);
        const { body } = await followers.patch(id, 'one', patch(n, n - 1), false);
        assert.deepEqual(JSON.parse(body), [
          replace('/_ver#s', n),
          { op: 'test', path: '/_ver#c$', value: n },
          replace('/n', n),
        ]);
      }
      const { body } = await followers.patch(id, 'two', patch(1, 0, replace('/a$', 2)), false);
      assert.deepEqual(JSON.parse(body), [
        replace('/_ver#s', 1),
        { op: 'test', path: '/_ver#c$', value: 1 },
        replace('/n', 3),
      ]);
      assert.deepEqual(changesIn(await followers.changes(id, 'one')), [replace('/a$', 2)]);
    });

    QUnit.test('a client without a name is the one that read last', async (assert) => {
      const all = world();
      const { followers } = all.live;
      const { id } = await all.sessions.create({ a$: 1 });
      await followers.start(id, '');
      await followers.patch(id, '', patch(1, 0), false);
      // PAL-09: what the one before it still sends is known by its version.
      assert.equal(JSON.parse(await followers.start(id, ''))['_ver#s'], 2);
      const old = await followers.patch(id, '', patch(2, 1, replace('/a$', 9)), false);
      assert.deepEqual([old.outcome.kind, old.outcome.status], ['rejected', 400]);
      const { body } = await followers.patch(id, '', patch(1, 2, replace('/a$', 2)), false);
      assert.deepEqual(JSON.parse(body)[0], replace('/_ver#s', 3));
      assert.deepEqual(await all.stored(id), { a$: 2 });
    });

    QUnit.test('tells what became of a message, with a body for each (SC-63 to SC-68)', async (assert) => {
      const all = world();
      const { followers } = all.live;
      const { id } = await all.sessions.create({ a$: 1 });
      await followers.start(id, '');
      const steps: readonly (readonly [message: Json, kind: string, body: RegExp])[] = [
        [[], 'ping', /^\[\]$/],
        [patch(1, 0, replace('/a$', 2)) as Json, 'applied', /^\[.*"value":1}\]$/],
        [patch(1, 0, replace('/a$', 3)) as Json, 'ignored', /^\[.*"value":2.*"value":1}\]$/],
        [patch(3, 0, replace('/a$', 4)) as Json, 'queued', /^\[.*"value":3.*"value":1}\]$/],
        [patch(2, 99) as Json, 'rejected', /^$/],
      ];
      for (const [message, kind, body] of steps) {
        const reply = await followers.patch(id, '', message, false);
        assert.equal(reply.outcome.kind, kind);
        assert.true(body.test(reply.body), reply.body);
      }
      const whole = await followers.patch(id, '', [], true);
      assert.equal(whole.body, '{"_ver#c$":1,"_ver#s":4,"a$":2}');
      assert.equal((await followers.patch(id, '', 'x', true)).body, '');
    });

    QUnit.test('takes what was pending, each once and in order (SC-70, SC-71)', async (assert) => {
      const all = world();
      const { followers } = all.live;
      const { id } = await all.sessions.create({ a$: 0, b$: 0 });
      await followers.start(id, 'x');
      await followers.patch(id, 'x', patch(1, 0, replace('/a$', 1)), false);
      const pending = [
        patch(1, 0, replace('/a$', 9)),
        patch(2, 1, replace('/a$', 2)),
        patch(3, 1, replace('/b$', 3)),
      ];
      const { outcome, body } = await followers.reconnect(id, 'x', pending);
      assert.deepEqual([outcome.kind, body], ['applied', '{"_ver#c$":3,"_ver#s":2,"a$":2,"b$":3}']);
      assert.equal((await followers.reconnect(id, 'x', 5)).outcome.kind, 'rejected');
      assert.equal((await followers.reconnect(id, 'x', [])).body, '{"_ver#c$":3,"_ver#s":3,"a$":2,"b$":3}');
    });

    QUnit.test('closes the socket that a client left behind (SC-70)', async (assert) => {
      const all = world();
      const { id } = await all.sessions.create({ a$: 0 });
      const [old, other, named] = [
        await all.follow(id),
        await all.follow(id, 'other'),
        await all.follow(id, 'x'),
      ];
      await all.live.followers.reconnect(id, '', []);
      assert.deepEqual([old.goodbye, other.goodbye, named.goodbye], ['1000 ', undefined, undefined]);
      await all.live.followers.reconnect(id, 'x', []);
      assert.deepEqual([other.goodbye, named.goodbye], [undefined, '1000 ']);
    });

    QUnit.test('gives the document over HTTP, and goes on over a socket from there', async (assert) => {
      const all = world();
      const { id } = await all.sessions.create({ a$: 0, n: 0 });
      await all.live.followers.start(id, '');
      await set(id, all, 'n', 1);
      const browser = await all.follow(id, '', 'server-first', { a$: 0, n: 0 });
      assert.deepEqual(browser.tree, { a$: 0, n: 1 });
      assert.deepEqual(browser.port.texts, [
        '[{"op":"replace","path":"/_ver#s","value":1},{"op":"test","path":"/_ver#c$","value":0},{"op":"replace","path":"/n","value":1}]',
      ]);
    });

    QUnit.test(
      'refuses a follower too many, and makes room of places that nobody sits in',
      async (assert) => {
        const all = world({ live: { mostFollowers: 2 } });
        const { followers } = all.live;
        const { id } = await all.sessions.create({ a$: 0 });
        const at = (name: string) => followers.patch(id, name, patch(1, 1, replace('/a$', 1)), false);
        await followers.start(id, 'one');
        all.clock.time += 1;
        await followers.start(id, 'two');
        all.clock.time += 1;
        await followers.changes(id, 'one');
        all.clock.time += 1;
        // That of two was left the longest ago.
        await followers.start(id, 'three');
        assert.equal((await at('one')).outcome.kind, 'applied');
        assert.equal((await at('two')).outcome.kind, 'rejected', 'its versions are forgotten');
        const [one, three] = [await all.follow(id, 'one'), await all.follow(id, 'three')];
        assert.equal(await codeOf(() => followers.start(id, 'four')), 'request/rate');
        assert.equal(await codeOf(() => followers.start(id, 'one')), 'no error', 'its own place is free');
        assert.deepEqual([one.goodbye, three.goodbye], [undefined, undefined]);
        one.leave();
        assert.equal(await codeOf(() => followers.start(id, 'four')), 'no error');
      },
    );
  });

  QUnit.module('over sockets', () => {
    QUnit.test('each without a name has its own versions, and so has each name', async (assert) => {
      const all = world();
      const { id } = await all.sessions.create({ a$: 0 });
      const browsers = [await all.follow(id), await all.follow(id), await all.follow(id, 'x')];
      for (const [index, browser] of browsers.entries()) {
        browser.edit(replace('/a$', index + 1));
        await settled();
        for (const each of browsers) assert.deepEqual(each.tree, { a$: index + 1 });
      }
      assert.deepEqual(
        browsers.map(({ confirmed, server, goodbye }) => [confirmed, server, goodbye]),
        // The second without a name begins after the first one's version (PAL-09).
        [4, 6, 4].map((server) => [1, server, undefined]),
      );
    });

    QUnit.test('a socket of a name takes the place, and the versions, of the older one', async (assert) => {
      const all = world();
      const { id } = await all.sessions.create({ a$: 0 });
      const old = await all.follow(id, 'x');
      old.edit(replace('/a$', 1));
      await settled();
      const next = await all.follow(id, 'x', 'client-first');
      assert.deepEqual([old.goodbye, next.port.texts], ['1000 ', []], 'the client speaks first');
      next.say([patch(1, 1, replace('/a$', 9)), patch(2, 2, replace('/a$', 2))] as Json);
      await settled();
      assert.deepEqual([next.tree, next.server, next.confirmed], [{ a$: 2 }, 3, 2]);
    });

    QUnit.test('a newer one takes the place of all in the Starcounter preset (SC-80)', async (assert) => {
      const all = world({ live: { ...starcounterLive({ options: 2 }) } });
      const { id } = await all.sessions.create({ a$: 0 });
      const other = await all.follow((await all.sessions.create({})).id);
      const browsers = [await all.follow(id), await all.follow(id, 'x'), await all.follow(id)];
      assert.deepEqual(
        browsers.map(({ goodbye }) => goodbye),
        ['1000 ', '1000 ', undefined],
      );
      assert.equal(other.goodbye, undefined);
    });

    QUnit.test('one too many is closed with 1008; one that takes a place is none', async (assert) => {
      const all = world({ live: { mostFollowers: 2 } });
      const { id } = await all.sessions.create({ a$: 0 });
      const [one, two, three] = [await all.follow(id, 'one'), await all.follow(id), await all.follow(id)];
      assert.deepEqual(
        [one.goodbye, two.goodbye, three.goodbye],
        [undefined, undefined, '1008 request/rate'],
      );
      const again = await all.follow(id, 'one', 'server-first', one.tree);
      assert.deepEqual([one.goodbye, again.goodbye, again.tree], ['1000 ', undefined, { a$: 0 }]);
      two.leave();
      assert.equal((await all.follow(id)).goodbye, undefined);
    });

    QUnit.test('a session that ended while its socket came is told as such (SC-83)', async (assert) => {
      const all = world();
      const { id } = await all.sessions.create({});
      const place = await all.live.followers.followable(id);
      await all.sessions.destroy(id, 'revoked');
      const port = new TestPort();
      place.attach('', 'server-first', port);
      assert.equal(port.goodbye, '4401 revoked');
      assert.equal(await codeOf(() => all.live.followers.followable(id)), 'session/not-found');
    });

    QUnit.test(
      'one that comes while a task is at work sees what was before, and then what it did',
      async (assert) => {
        const all = world();
        const { id } = await all.sessions.create({ n: 0 });
        const place = await all.live.followers.followable(id);
        const { passed, open } = gate();
        const work = all.live.run(id, async (session) => {
          if (session) session.data.n = 1;
          await passed;
        });
        await settled();
        const port = new TestPort();
        place.attach('', 'server-first', port);
        assert.deepEqual(port.texts, []);
        open();
        await work;
        assert.deepEqual(
          port.texts.map((text) => JSON.parse(text)[2].value),
          [{ '_ver#c$': 0, '_ver#s': 1, n: 1 }],
        );
      },
    );

    QUnit.test(
      'one that comes while a task is at work that fails sees what was before, once',
      async (assert) => {
        const all = world();
        const { id } = await all.sessions.create({ n: 0 });
        const place = await all.live.followers.followable(id);
        const { passed, open } = gate();
        const work = all.live.run(id, async (session) => {
          if (session) session.data.n = 1;
          await passed;
          throw new Error('no');
        });
        const failed = assert.rejects(work, /no/);
        await settled();
        const port = new TestPort();
        place.attach('', 'server-first', port);
        open();
        await failed;
        await all.live.run(id, () => undefined);
        assert.deepEqual(
          port.texts.map((text) => JSON.parse(text)[2].value),
          [{ '_ver#c$': 0, '_ver#s': 1, n: 0 }],
        );
      },
    );

    QUnit.test(
      'detach: the place is kept for the same name, and the session lives on (SC-84)',
      async (assert) => {
        const all = world();
        const { id } = await all.sessions.create({ a$: 0, n: 0 });
        const old = await all.follow(id, 'x');
        old.edit(replace('/a$', 1));
        await settled();
        old.leave();
        await set(id, all, 'n', 1);
        const next = await all.follow(id, 'x', 'server-first', old.tree);
        assert.deepEqual(JSON.parse(next.port.texts[0] ?? ''), [
          replace('/_ver#s', 3),
          { op: 'test', path: '/_ver#c$', value: 1 },
          replace('/n', 1),
        ]);
        assert.equal(old.port.sent.length, 2, 'who has left is told nothing');
      },
    );

    QUnit.test(
      'early patches wait, and late ones are ignored, without an answer (SC-82, SC-97)',
      async (assert) => {
        const all = world();
        const { id } = await all.sessions.create({ a$: '' });
        const browser = await all.follow(id);
        const answers = [];
        for (const n of [1, 4, 3, 5, 1, 2]) {
          browser.say(patch(n, 1, replace('/a$', `v${n}`)) as Json);
          await settled();
          answers.push(browser.port.sent.length);
        }
        assert.deepEqual(answers, [2, 2, 2, 2, 2, 3]);
        assert.deepEqual([browser.confirmed, await all.stored(id)], [5, { a$: 'v5' }]);
      },
    );

    QUnit.test(
      'patches that never come are left out after two pings, and what waits is carried out',
      async (assert) => {
        const all = world({ live: { pingInterval: 1000 } });
        const { id } = await all.sessions.create({ a$: '' });
        const browser = await all.follow(id);
        browser.say(patch(2, 1, replace('/a$', 'v2')) as Json);
        await settled();
        for (let tick = 0; tick < 2; tick += 1) {
          await all.tick();
          browser.say([]);
          await settled();
        }
        assert.deepEqual(
          [await all.stored(id), browser.confirmed, browser.goodbye],
          [{ a$: 'v2' }, 2, undefined],
        );
      },
    );

    QUnit.test(
      'a message after the document was forgotten and opened again is given back: 1013',
      async (assert) => {
        const all = world();
        const session = await all.sessions.create({ a$: 0 });
        const browser = await all.follow(session.id);
        const events: string[] = [];
        browser.port.close = (code, reason) => void events.push(`${code} ${reason}`);
        session.data = 5 as never;
        await session.save();
        assert.deepEqual(events, ['1011 config/type']);
        browser.edit(replace('/a$', 1));
        await settled();
        assert.deepEqual(events.length, 1, 'and nothing is said after the goodbye');
      },
    );
  });

  QUnit.module('dismiss', () => {
    const cases: readonly (readonly [why: string, goodbye: string, starcounter: string])[] = [
      ['token/expired', '4401 token/expired', '1011 token/expired'],
      ['token/missing', '4401 token/missing', '1011 token/missing'],
      ['session/not-found', '4401 session/not-found', '1011 session/not-found'],
      ['request/not-found', '4401 request/not-found', '1011 request/not-found'],
      ['revoked', '4401 revoked', '1001 Session is expired.'],
      ['session/busy', '1013 session/busy', '1013 session/busy'],
      ['store/unavailable', '1013 store/unavailable', '1013 store/unavailable'],
      ['request/rate', '1008 request/rate', '1008 request/rate'],
      ['config/type', '1011 config/type', '1011 config/type'],
    ];
    for (const [why, goodbye, starcounter] of cases) {
      QUnit.test(`says ${goodbye} for ${why}, and hears nothing more (SC-83)`, (assert) => {
        for (const [options, expected] of [
          [{}, goodbye],
          [{ ...starcounterLive() }, starcounter],
        ] as const) {
          const { live } = world({ live: options });
          const port = new TestPort();
          const events = live.followers.dismiss(why as 'session/busy', port);
          events.message('[]', false);
          events.pong();
          events.drained();
          events.closed();
          assert.deepEqual([port.goodbye, port.sent], [expected, []]);
        }
      });
    }
  });
});
