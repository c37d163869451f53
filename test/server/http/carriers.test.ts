import QUnit from 'qunit';
import { SessionError } from '../../../src/protocol/errors.js';
import { createTokens } from '../../../src/server/core/tokens.js';
import type { Carrier } from '../../../src/server/http/carrier.js';
import { bearerCarrier } from '../../../src/server/http/carriers/bearer.js';
import { cookieCarrier } from '../../../src/server/http/carriers/cookie.js';
import { headerCarrier } from '../../../src/server/http/carriers/header.js';
import { refererCarrier } from '../../../src/server/http/carriers/referer.js';
import { socketCarrier } from '../../../src/server/http/carriers/socket.js';
import { uriCarrier } from '../../../src/server/http/carriers/uri.js';
import { codeOf, tokensOptions } from '../fixture.js';
import { requestOf, type Visit, visitsFixture } from './visits.js';

/** Each carrier, and a request that carries this there. The default ids have 43 characters. */
const carriers: readonly {
  readonly name: string;
  readonly carrier: Carrier;
  readonly carry: (wire: string) => Visit;
  readonly dead: string;
}[] = [
  {
    name: 'cookie',
    carrier: cookieCarrier(),
    carry: (wire) => ({ cookie: wire }),
    dead: 'session/not-found',
  },
  {
    name: 'header',
    carrier: headerCarrier(),
    carry: (wire) => ({ headers: { 'x-session-id': wire } }),
    dead: 'session/not-found',
  },
  {
    name: 'Referer',
    carrier: refererCarrier({ length: 43 }),
    carry: (wire) => ({ headers: { referer: `https://app.example/__default/${wire}` } }),
    dead: 'session/not-found',
  },
  {
    name: 'X-Referer',
    carrier: refererCarrier({ name: 'X-Referer', length: 43 }),
    carry: (wire) => ({ headers: { 'x-referer': wire } }),
    dead: 'session/not-found',
  },
  {
    name: 'uri',
    carrier: uriCarrier(),
    carry: (wire) => ({ url: `/__default/${wire}/page?x=1` }),
    dead: 'request/not-found',
  },
];

/** What no scheme of ours ever issues (S6). */
const hostile: readonly string[] = [
  '',
  ' ',
  '\0',
  `\0${'A'.repeat(42)}`,
  `${'A'.repeat(42)}\0`,
  `${'A'.repeat(42)}\n`,
  `${'A'.repeat(43)}\r\nSet-Cookie: a=b`,
  '../../etc/passwd',
  `${'../'.repeat(14)}A`,
  '__proto__',
  'constructor',
  'hasOwnProperty',
  '[object Object]',
  '{"$gt":""}',
  "' OR 1=1 --",
  '*',
  '%00',
  '%41'.repeat(43),
  '%',
  '%zz',
  'A'.repeat(42),
  'A'.repeat(44),
  'A'.repeat(10_240),
  `${'A'.repeat(42)}B`,
  `${'A'.repeat(42)}=`,
  `${'A'.repeat(42)}é`,
  'é'.repeat(43),
  '\u{1d400}'.repeat(43),
  '\ud800'.repeat(43),
  'А'.repeat(43),
  `"${'A'.repeat(43)}"`,
  `${'A'.repeat(43)}, ${'A'.repeat(43)}`,
  `${'A'.repeat(43)};`,
];

QUnit.module('server/http/carriers', () => {
  for (const { name, carrier, carry, dead } of carriers) {
    QUnit.module(name, () => {
      const fixture = () =>
        visitsFixture({ server: { carriers: [carrier, cookieCarrier({ name: 'unused' })] } });

      QUnit.test('finds a session', async (assert) => {
        const { visit, begun } = fixture();
        const { id, wire } = await begun();
        const { session } = await visit(carry(wire));
        assert.deepEqual([session.id, session.carrier], [id, carrier.name]);
      });

      QUnit.test('S5 makes no session of an id that is none of ours', async (assert) => {
        const { visit, sessions, begun } = fixture();
        const ended = await begun();
        await sessions.destroy(ended.id);
        for (const wire of [ended.wire, 'A'.repeat(43)]) {
          const code = await codeOf(async () => (await visit(carry(wire))).session.get());
          assert.equal(code, dead);
          if (dead === 'request/not-found') continue;
          const { session } = await visit(carry(wire));
          await session.save({});
          assert.notEqual(session.id, sessions.idOf(wire));
          await session.logout();
        }
        assert.equal(await sessions.count(), 0);
      });

      QUnit.test('S6 asks no store for what cannot be an id', async (assert) => {
        const { visit, calls } = fixture();
        for (const wire of hostile) {
          // A cookie may be written with escapes, and the last 43 characters of an address are what they are.
          const isDecoded = name === 'cookie' && (/^(%41)+$/.test(wire) || wire.endsWith(';'));
          const isCut = name.endsWith('eferer') && wire.length > 43 && /A{43}$/.test(wire);
          const isEnded = name === 'uri' && /^A{43}$/.test(/^[^/?]*/.exec(wire)?.[0] ?? '');
          if (isDecoded || isCut || isEnded) continue;
          const { session } = await visit(carry(wire));
          assert.equal(session.id, undefined, JSON.stringify(wire.slice(0, 60)));
        }
        assert.deepEqual(calls, []);
      });

      QUnit.test('S34 is off until it is configured', async (assert) => {
        const { visit, begun, calls } = visitsFixture({ server: { cookie: { name: 'other' } } });
        const { wire } = await begun();
        calls.length = 0;
        assert.equal((await visit(carry(wire))).session.id, undefined);
        assert.deepEqual(calls, []);
      });
    });
  }

  QUnit.module('S34 the order', () => {
    const all = carriers.map(({ carrier }) => carrier);

    for (const [index, high] of carriers.entries()) {
      for (const low of carriers.slice(index + 1)) {
        QUnit.test(`${high.name} decides before ${low.name}, when it stands before it`, async (assert) => {
          const { visit, begun, sessions } = visitsFixture({ server: { carriers: all } });
          const [one, other] = [await begun(), await begun()];
          const both = (first: string): Visit => {
            const [a, b] = [high.carry(first), low.carry(other.wire)];
            return { ...a, ...b, headers: { ...a.headers, ...b.headers } };
          };
          assert.equal((await visit(both(one.wire))).session.id, one.id);
          assert.equal(
            (await visit(both('bad'))).session.id,
            other.id,
            'SC-42 what is bad in form decides nothing',
          );
          await sessions.destroy(one.id);
          assert.equal((await visit(both(one.wire))).session.id, undefined, 'SC-45 what is over decides');
        });
      }
    }
  });

  QUnit.module('bearer', () => {
    function fixture() {
      const tokens = createTokens(tokensOptions(() => 1_767_323_045_000));
      return { tokens, ...visitsFixture({ server: { tokens } }) };
    }
    const bearer = (token: string, cookie?: string): Visit => ({ headers: { authorization: token }, cookie });

    QUnit.test('S34 finds the session of a JWT, before the cookie', async (assert) => {
      const { visit, begun, sessions, tokens } = fixture();
      const other = await begun();
      const mine = await sessions.create({}, { id: 'ada' });
      const token = await tokens.issue(mine);
      for (const scheme of ['Bearer', 'bearer', 'BEARER', 'Bearer  ']) {
        const { session } = await visit(bearer(`${scheme} ${token}`, other.wire));
        assert.deepEqual([session.id, session.carrier], [mine.id, 'bearer']);
      }
    });

    QUnit.test(
      'SC-42 leaves it to the cookie when the token is bad, and says why where there is none',
      async (assert) => {
        const { visit, begun } = fixture();
        const { id, wire } = await begun();
        for (const [header, code] of [
          ['Bearer', 'token/malformed'],
          ['Bearer ', 'token/malformed'],
          ['Bearer a b', 'token/malformed'],
          ['Bearer a.b.c', 'token/not-json'],
          ['Basic YTpi', 'token/missing'],
          ['Bearerx', 'token/missing'],
        ] as const) {
          assert.equal((await visit(bearer(header, wire))).session.id, id, header);
          const refusal = await codeOf(async () => (await visit(bearer(header))).session.get());
          assert.true(
            refusal === code || (code === 'token/not-json' && refusal.startsWith('token/')),
            refusal,
          );
        }
      },
    );

    QUnit.test('S65 is read from no query', async (assert) => {
      const { visit, sessions, tokens } = fixture();
      const token = await tokens.issue(await sessions.create({}, { id: 'ada' }));
      const { session } = await visit({ url: `/?access_token=${token}` });
      assert.equal(session.id, undefined);
    });

    QUnit.test('S60 finds none when the session of the token is over, and asks no cookie', async (assert) => {
      const { visit, sessions, tokens, begun } = fixture();
      const mine = await sessions.create({}, { id: 'ada' });
      const token = await tokens.issue(mine);
      await mine.delete();
      const { session } = await visit(bearer(`Bearer ${token}`, (await begun()).wire));
      assert.equal(await codeOf(() => session.get()), 'session/not-found');
    });

    QUnit.test('needs tokens', async (assert) => {
      assert.equal(
        await codeOf(() => visitsFixture({ server: { carriers: [bearerCarrier()] } })),
        'config/invalid',
      );
    });
  });

  QUnit.module('header', () => {
    for (const name of [
      '',
      'Cookie',
      'Set-Cookie',
      'set-cookie2 ',
      'Host',
      'Location',
      'Authorization',
      'Content-Length',
      'Transfer-Encoding',
      'Cache-Control',
      'Clear-Site-Data',
      'Access-Control-Allow-Origin',
      'Sec-Fetch-Site',
      'X-Forwarded-Proto',
      '__proto__',
      'constructor',
      'X-Session\r\nX: y',
      'X Session',
      'X--Session',
      '-X-Session',
      `X-${'s'.repeat(63)}`,
    ]) {
      QUnit.test(`is never ${JSON.stringify(name)}`, async (assert) => {
        assert.equal(await codeOf(() => headerCarrier({ name })), 'config/invalid');
      });
    }
  });

  QUnit.module('socket', () => {
    const fixture = () =>
      visitsFixture({ server: { carriers: [cookieCarrier(), socketCarrier()], cookie: undefined } as never });

    QUnit.test('SC-40, SC-47 keeps the session that began on a connection', async (assert) => {
      const { visit } = fixture();
      const [connection, other] = [{}, {}];
      const { session } = await visit({ connection });
      await session.save({ a: 1 });
      const next = await visit({ connection });
      assert.deepEqual([next.session.id, next.session.carrier], [session.id, 'socket']);
      assert.equal((await visit({ connection: other })).session.id, undefined);
      assert.equal((await visit()).session.id, undefined);
      await next.session.resave();
      assert.equal((await visit({ connection })).session.id, next.session.id, 'SC-47 it can be changed');
    });

    for (const how of ['destroy', 'logout', 'elsewhere', 'expiry', 'begun and ended'] as const) {
      QUnit.test(`forgets a session that is over: ${how}`, async (assert) => {
        const { visit, sessions, clock, calls } = fixture();
        const connection = {};
        const { session } = await visit({ connection });
        await session.save({ a: 1 });
        const { id = '' } = session;
        if (how === 'elsewhere') await sessions.destroy(id);
        else if (how === 'expiry') clock.time += 604_800_000;
        else if (how === 'begun and ended') await session.destroy();
        else await (await visit({ connection })).session[how]();
        // Of what happens elsewhere it hears when it is asked for next.
        if (how === 'elsewhere' || how === 'expiry') {
          assert.equal((await visit({ connection })).session.id, undefined);
        }
        calls.length = 0;
        const { session: none } = await visit({ connection });
        assert.deepEqual([await codeOf(() => none.get()), calls], ['token/missing', []]);
      });
    }

    QUnit.test('S42 is not enough for a page of another site', async (assert) => {
      const { visit } = fixture();
      const connection = {};
      await (await visit({ connection })).session.save({});
      const foreign: Visit = { connection, method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } };
      assert.equal(await codeOf(() => visit(foreign)), 'request/origin');
    });

    QUnit.test('is refused behind proxies, whose connections carry the requests of many', async (assert) => {
      const server = { carriers: [cookieCarrier(), socketCarrier()], proxies: 1 };
      assert.equal(await codeOf(() => visitsFixture({ server })), 'config/invalid');
    });
  });

  QUnit.module('uri', () => {
    QUnit.test('SC-46 answers 404 for an address whose session is over', async (assert) => {
      const { visit, begun, sessions, server } = visitsFixture({ server: { carriers: [uriCarrier()] } });
      const { id, wire } = await begun();
      await sessions.destroy(id);
      const error = await visit({ url: `/__default/${wire}` }).catch((caught: unknown) => caught);
      assert.true(error instanceof SessionError && error.status === 404);
      const answer = server.refuse(error, requestOf({}));
      assert.equal(answer.status, 404);
    });

    for (const prefix of ['', '/', 'x', '/x', 'x/', '//', '/a b/', '/a\r\n/', '/a//b/', '/?/']) {
      QUnit.test(`refuses the prefix ${JSON.stringify(prefix)}`, async (assert) => {
        assert.equal(await codeOf(() => uriCarrier({ prefix })), 'config/invalid');
      });
    }
  });

  QUnit.test('referer refuses other names and lengths', async (assert) => {
    for (const options of [{ name: 'Origin' }, { length: 0 }, { length: 513 }, { length: 1.5 }]) {
      assert.equal(await codeOf(() => refererCarrier(options as never)), 'config/invalid');
    }
  });

  QUnit.test(
    'a carrier of one’s own may answer at once or later, and its failure is the request’s',
    async (assert) => {
      const own = (find: Carrier['find']): Carrier => ({
        name: 'own',
        ambient: false,
        header: undefined,
        find,
      });
      const { begun, sessions } = visitsFixture();
      const { id } = await begun();
      const visitWith = (find: Carrier['find']) =>
        visitsFixture({
          sessions: {},
          server: { carriers: [own(find), cookieCarrier()], sessions } as never,
        }).visit();
      assert.equal((await visitWith(() => [id])).session.id, id);
      assert.equal((await visitWith(async () => [id])).session.id, id);
      const broken = await visitWith(() => Promise.reject(new RangeError('x'))).catch(
        (error: unknown) => error,
      );
      assert.true(broken instanceof RangeError);
      const refused = await visitWith(() => {
        throw new SessionError('token/size', { status: 401 });
      });
      assert.equal(await codeOf(() => refused.session.get()), 'token/size');
    },
  );
});
