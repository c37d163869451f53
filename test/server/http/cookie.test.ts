import QUnit from 'qunit';
import { SessionError } from '../../../src/protocol/errors.js';
import { type CookieOptions, cookieCarrier } from '../../../src/server/http/carriers/cookie.js';
import { codeOf, start } from '../fixture.js';
import { site } from './browser.js';
import { attributesOf, cookiesOf, requestOf, visitsFixture, wireOf } from './visits.js';

const day = 86_400_000;

const withCookie = (cookie: CookieOptions, cookieName?: string) =>
  visitsFixture({ server: { cookie }, ...(cookieName === undefined ? undefined : { cookieName }) });

/** The cookie that a save without a session sends. */
async function begunCookie(cookie: CookieOptions = {}, sessions = {}): Promise<string> {
  const { visit } = visitsFixture({ server: { cookie }, sessions });
  const { session, answer } = await visit();
  await session.save({});
  return cookiesOf(await answer())[0] ?? '';
}

QUnit.module('server/http/carriers/cookie', () => {
  QUnit.module('what is set', () => {
    QUnit.test(
      'S10, S29, S30 is __Host-session, Secure, HttpOnly, SameSite=Lax, Path=/, no Domain',
      async (assert) => {
        const cookie = await begunCookie();
        assert.true(/^__Host-session=[\w-]{43};/.test(cookie));
        assert.deepEqual(attributesOf(cookie), [
          'HttpOnly',
          'Max-Age=604800',
          'Path=/',
          'SameSite=Lax',
          'Secure',
        ]);
      },
    );

    for (const [options, expected] of [
      [{ path: '/app' }, '__Secure-session HttpOnly Max-Age=604800 Path=/app SameSite=Lax Secure'],
      [
        { domain: 'app.example' },
        '__Secure-session Domain=app.example HttpOnly Max-Age=604800 Path=/ SameSite=Lax Secure',
      ],
      [{ secure: false }, 'session HttpOnly Max-Age=604800 Path=/ SameSite=Lax'],
      [
        { sameSite: 'none', partitioned: true },
        '__Host-session HttpOnly Max-Age=604800 Partitioned Path=/ SameSite=None Secure',
      ],
      [{ persistent: false, httpOnly: false, name: 'a' }, 'a Path=/ SameSite=Lax Secure'],
      [{ name: '__Host-Http-a' }, '__Host-Http-a HttpOnly Max-Age=604800 Path=/ SameSite=Lax Secure'],
    ] as const) {
      QUnit.test(`follows ${JSON.stringify(options)}`, async (assert) => {
        const cookie = await begunCookie(options);
        assert.equal([/^[^=]+/.exec(cookie)?.[0], ...attributesOf(cookie)].join(' '), expected);
      });
    }

    for (const [what, sessions, expected] of [
      ['400 days at most', { timeToLive: 401 * day }, 'Max-Age=34560000'],
      [
        'as long as the session can live',
        { timeToLive: day, ttlType: 'lastAccess', absoluteTimeToLive: 2 * day },
        'Max-Age=172800',
      ],
      [
        '400 days when use prolongs it for ever',
        { timeToLive: day, ttlType: 'lastAccess' },
        'Max-Age=34560000',
      ],
      ['until the browser closes when it never ends', { timeToLive: 0 }, undefined],
    ] as const) {
      QUnit.test(`S32 lasts ${what}`, async (assert) => {
        const ages = attributesOf(await begunCookie({}, sessions)).filter((one) => one.startsWith('Max-Age'));
        assert.deepEqual(ages, expected === undefined ? [] : [expected]);
      });
    }

    QUnit.test('S32 is refused when name and value exceed 4096 bytes', async (assert) => {
      for (const [length, code] of [
        [4096, 'no error'],
        [4097, 'config/invalid'],
      ] as const) {
        const wire = 'x'.repeat(length - '__Host-session'.length - 1);
        const ids = { issue: () => ({ wire, id: 'short' }), read: () => undefined };
        const { visit } = visitsFixture({ sessions: { ids } });
        const { session } = await visit();
        assert.equal(await codeOf(() => session.save({})), code);
      }
    });
  });

  QUnit.module('contradictions', () => {
    for (const [number, options] of [
      ['S30', { name: '__Host-a', secure: false }],
      ['S30', { name: '__Host-a', domain: 'app.example' }],
      ['S30', { name: '__host-a', path: '/app' }],
      ['S30', { name: '__Secure-a', secure: false }],
      ['S30', { name: '__Http-a', httpOnly: false }],
      ['S30', { name: '__Host-Http-a', httpOnly: false }],
      ['S31', { sameSite: 'none', secure: false }],
      ['S31', { partitioned: true, secure: false }],
      ['', { name: '' }],
      ['', { name: 'a b' }],
      ['', { name: 'a=b' }],
      ['', { name: 'a;b' }],
      ['', { name: 'a\r\nb' }],
      ['', { name: 'x'.repeat(257) }],
      ['', { path: 'app' }],
      ['', { path: '/a;b' }],
      ['', { path: '/a\nb' }],
      ['', { path: '/a<b' }],
      ['', { path: `/${'x'.repeat(1024)}` }],
      ['', { domain: '.app.example' }],
      ['', { domain: 'app..example' }],
      ['', { domain: 'app.example; Path=/' }],
      ['', { domain: `${'x'.repeat(64)}.example` }],
      ['', { domain: 'https://app.example' }],
      ['', { sameSite: 'Lax' }],
      ['', { secure: 'yes' }],
      ['', { httpOnly: 1 }],
      ['', { persistent: 'no' }],
      ['', { announce: 0 }],
      ['', { companion: [] }],
      ['', { companion: [''] }],
    ] as const) {
      QUnit.test(`${number} refuses at start ${JSON.stringify(options).slice(0, 60)}`, (assert) => {
        assert.throws(
          () => cookieCarrier(options as unknown as CookieOptions),
          (error: unknown) =>
            error instanceof SessionError && error.code === 'config/invalid' && !error.message.includes('\n'),
        );
      });
    }

    QUnit.test('refuses what would tell nobody of a session', async (assert) => {
      assert.equal(await codeOf(() => withCookie({ announce: false })), 'config/invalid');
    });
  });

  QUnit.module('S41 a Secure cookie on a plain connection', () => {
    for (const host of [
      'localhost',
      'localhost:3000',
      'LOCALHOST',
      'app.localhost',
      '127.0.0.1:80',
      '[::1]:80',
    ]) {
      QUnit.test(`is set on this very machine: ${host}`, async (assert) => {
        const { visit } = visitsFixture();
        const { session, answer } = await visit({ secure: false, headers: { host } });
        await session.save({});
        assert.equal(cookiesOf(await answer()).length, 1);
      });
    }

    for (const host of [
      'app.example',
      'localhost.evil.example',
      'evil-localhost',
      '127.0.0.1.example',
      '1127.0.0.1',
      '',
    ]) {
      QUnit.test(`is an error elsewhere: ${host}`, async (assert) => {
        const { visit } = visitsFixture();
        const { session } = await visit({ secure: false, headers: { host } });
        assert.equal(await codeOf(() => session.save({})), 'config/insecure');
      });
    }

    for (const [proxies, proto, code] of [
      [0, 'https', 'config/insecure'],
      [1, 'https', 'no error'],
      [1, 'http', 'config/insecure'],
      [1, 'http, https', 'no error'],
      [1, 'https, http', 'config/insecure'],
      [2, 'https, http', 'no error'],
    ] as const) {
      QUnit.test(`with x-forwarded-proto ${proto} and ${proxies} proxies: ${code}`, async (assert) => {
        const { visit } = visitsFixture({ server: { proxies } });
        const { session } = await visit({ secure: false, headers: { 'x-forwarded-proto': proto } });
        assert.equal(await codeOf(() => session.save({})), code);
      });
    }

    QUnit.test('is said for every request where each one would get a session', async (assert) => {
      const { visit } = visitsFixture({ server: { saveUninitialized: true } });
      assert.equal(await codeOf(() => visit({ secure: false })), 'config/insecure');
    });
  });

  QUnit.module('S39 several cookies of the name', () => {
    const junk = 'A'.repeat(43);

    async function two() {
      const fixture = visitsFixture();
      const [one, other] = [await fixture.begun({ n: 1 }), await fixture.begun({ n: 2 })];
      const idFor = async (...values: string[]) => {
        const cookie = values.map((value) => `__Host-session=${value}`).join('; ');
        return (await fixture.visit({ headers: { cookie } })).session.id;
      };
      return { ...fixture, one, other, idFor };
    }

    QUnit.test('are judged each, not by their place', async (assert) => {
      const { one, idFor, sessions } = await two();
      const ended = await sessions.create();
      await ended.delete();
      for (const bad of [junk, 'forged', '', ended.wire ?? '', `"${one.wire}"`]) {
        assert.equal(await idFor(bad, one.wire), one.id, bad);
        assert.equal(await idFor(one.wire, bad), one.id, bad);
      }
    });

    QUnit.test('are one when they say the same', async (assert) => {
      const { one, idFor } = await two();
      assert.equal(await idFor(one.wire, one.wire, one.wire), one.id);
    });

    QUnit.test('are refused when two of them are good', async (assert) => {
      const { one, other, idFor } = await two();
      assert.equal(await codeOf(() => idFor(one.wire, other.wire)), 'request/ambiguous');
      assert.equal(await codeOf(() => idFor(junk, other.wire, one.wire)), 'request/ambiguous');
    });

    QUnit.test('are looked at up to sixteen, and four of them in the store', async (assert) => {
      const { one, idFor, calls } = await two();
      const bad = (count: number) => Array.from({ length: count }, (_, index) => `bad${index}`);
      assert.equal(await idFor(...bad(15), one.wire), one.id);
      assert.equal(await idFor(...bad(16), one.wire), undefined);
      calls.length = 0;
      const strangers = Array.from({ length: 12 }, (_, index) => `${'A'.repeat(40)}${10 + index}A`);
      assert.equal(await idFor(...strangers), undefined);
      assert.true(calls.length <= 4, `${calls.length}`);
    });

    QUnit.test('SC-44, V-43 are only those of exactly this name', async (assert) => {
      const { one, other, visit } = await two();
      const cookie = `x__Host-session=${other.wire}; __Host-session2=${other.wire}; __host-session=${other.wire}; __Host-session=${one.wire}; a.__Host-session=${other.wire}`;
      assert.equal((await visit({ headers: { cookie } })).session.id, one.id);
    });
  });

  QUnit.module('in a browser', () => {
    const app = async (cookie: CookieOptions | undefined, sessions = {}) => {
      const parts = visitsFixture({
        server: { proxies: 1, ...(cookie === undefined ? {} : { cookie }) },
        sessions,
      });
      const host = await site(parts.server, async ({ url = '', session }, response) => {
        if (url.endsWith('/save')) await session.save({ n: 1 });
        if (url.endsWith('/resave')) await session.resave();
        if (url.endsWith('/logout')) await session.logout();
        if (url.endsWith('/both')) {
          await session.logout();
          await session.save({ n: 2 });
        }
        response.end(session.id ?? 'nobody');
      });
      return { ...parts, ...host };
    };

    for (const [what, cookie, root] of [
      ['the default cookie', undefined, ''],
      ['V’s cookie', { name: 'sid', sameSite: 'strict' }, ''],
      ['a cookie of a domain', { domain: 'app.example' }, ''],
      ['a cookie of a path', { path: '/app' }, '/app'],
      ['a partitioned cookie', { sameSite: 'none', partitioned: true }, ''],
      ['a cookie that does not persist', { persistent: false }, ''],
      ['a signed cookie', { name: 'sid', companion: ['keyboardcat'] }, ''],
    ] as const) {
      QUnit.test(
        `S19, S29, S30, V-50 comes back everywhere, is replaced, and is cleared at a nested URL: ${what}`,
        async (assert) => {
          const { browser, close, sessions } = await app(cookie);
          const { ask, cookies } = browser();
          const first = await ask(`${root}/save`);
          assert.equal(first.setCookies.length, what === 'a signed cookie' ? 2 : 1);
          assert.equal((await ask(`${root}/some/where/deep`)).text, first.text);
          const next = await ask(`${root}/some/resave`);
          assert.notEqual(next.text, first.text);
          assert.equal((await ask(`${root}/`)).text, next.text);
          const last = await ask(`${root}/far/below/both`);
          assert.equal((await ask(`${root}/`)).text, last.text);
          assert.equal((await ask(`${root}/very/far/below/logout`)).text, 'nobody');
          assert.deepEqual([(await cookies(`${root}/`)).length, await sessions.count()], [0, 0]);
          assert.equal((await ask(`${root}/`)).text, 'nobody');
          await close();
        },
      );
    }

    QUnit.test('S30 nobody can plant a __Host- cookie from a subdomain', async (assert) => {
      const { browser, close, begun } = await app(undefined);
      const { wire } = await begun();
      const { jar, ask } = browser();
      await jar
        .setCookie(`__Host-session=${wire}; Domain=app.example; Path=/; Secure`, 'https://sub.app.example/')
        .catch(() => {});
      assert.equal((await ask('/')).text, 'nobody');
      await close();
    });

    QUnit.test('S29 comes with no request of another site that is no navigation', async (assert) => {
      const { browser, close } = await app(undefined);
      const { ask } = browser();
      const { text } = await ask('/save');
      assert.equal((await ask('/', { sameSiteContext: 'none' })).text, 'nobody');
      assert.equal((await ask('/', { sameSiteContext: 'lax' })).text, text);
      await close();
    });

    QUnit.test('S16 no longer life of the cookie prolongs the session', async (assert) => {
      const { browser, close, clock, begun } = await app(undefined, { timeToLive: 1000 });
      const { wire, id } = await begun();
      const { ask, put } = browser();
      await put(`__Host-session=${wire}; Path=/; Secure; Max-Age=34560000`);
      assert.equal((await ask('/')).text, id);
      clock.time = start + 1000;
      assert.equal((await ask('/')).text, 'nobody');
      await close();
    });

    QUnit.test('works on plain http when told so', async (assert) => {
      const { server } = withCookie({ secure: false });
      const host = await site(
        server,
        async ({ url, session }, response) => {
          if (url === '/save') await session.save({});
          response.end(session.id ?? 'nobody');
        },
        'http://app.example',
      );
      const { ask } = host.browser();
      const { text } = await ask('/save');
      assert.equal((await ask('/')).text, text);
      await host.close();
    });

    QUnit.test('S38 none is set for who stores nothing', async (assert) => {
      const { browser, close, sessions } = await app(undefined);
      const { ask } = browser();
      for (const path of ['/', '/x', '/y']) assert.deepEqual((await ask(path)).setCookies, []);
      assert.equal(await sessions.count(), 0);
      await close();
    });
  });

  QUnit.test('is read and cleared, and not set, when it announces nothing', async (assert) => {
    const carrier = cookieCarrier({ announce: false });
    assert.deepEqual([carrier.announce, carrier.check], [undefined, undefined]);
    assert.equal(cookiesOf(carrier.clear?.(requestOf({})) ?? {}).length, 1);
    const { begun, visit } = visitsFixture({
      server: { carriers: [carrier, cookieCarrier({ name: 'other' })] },
    });
    const { id, wire } = await begun();
    const { session, answer } = await visit({ cookie: wire });
    assert.equal(session.id, id);
    await session.resave();
    assert.true(cookiesOf(await answer())[0]?.startsWith('other='));
    assert.true(wireOf(await answer()).length > 0);
  });

  QUnit.test('stands beside another cookie: both are set, and both are cleared', async (assert) => {
    const carriers = [cookieCarrier(), cookieCarrier({ name: 'old' })];
    const { visit } = visitsFixture({ server: { carriers } });
    const { session, answer } = await visit();
    const names = async () => cookiesOf(await answer()).map((cookie) => /^[^=]+/.exec(cookie)?.[0]);
    await session.save({});
    assert.deepEqual(await names(), ['__Host-session', 'old']);
    await session.logout();
    assert.deepEqual(await names(), ['__Host-session', 'old']);
  });
});
