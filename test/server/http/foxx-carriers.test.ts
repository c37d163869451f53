import { createHmac } from 'node:crypto';
import QUnit from 'qunit';
import { type FoxxServerOptions, foxx, foxxServer } from '../../../src/server/presets.js';
import { codeOf } from '../fixture.js';
import { site } from './browser.js';
import { attributesOf, cookiesOf, visitsFixture } from './visits.js';

const signatureOf = (value: string, secret = 'keyboardcat') =>
  createHmac('sha256', secret).update(value).digest('hex');

function fixture(options: FoxxServerOptions = { cookie: true }, sessions = {}) {
  return visitsFixture({
    sessions: { ...foxx, ...sessions },
    server: { ...foxxServer(options), clearSiteData: [], proxies: 1 },
    cookieName: 'sid',
  });
}

const signed = { cookie: { name: 'sid', companion: ['keyboardcat'] } } as const;

QUnit.module('server/http/carriers, as Foxx has them', () => {
  QUnit.module('FOXX-70 before a route', () => {
    QUnit.test('FOXX-70 every request without a session gets one, and it is stored', async (assert) => {
      const { visit, sessions } = fixture();
      const { session, answer } = await visit();
      assert.deepEqual([session.data, (await sessions.get(session.id ?? '')).data], [{}, {}]);
      assert.equal(cookiesOf(await answer())[0]?.split(';')[0], `sid=${session.id}`);
    });

    QUnit.test(
      'FOXX-70 what is not found or has expired is no error, and makes room for a new one',
      async (assert) => {
        const { visit, begun, sessions, clock } = fixture({ cookie: true }, { timeToLive: 1000 });
        const [ended, expired] = [await begun(), await begun()];
        await sessions.destroy(ended.id);
        clock.time += 1000;
        for (const old of [ended, expired]) {
          const { session } = await visit({ cookie: old.wire });
          assert.true(session.id !== undefined && session.id !== old.id);
        }
      },
    );

    QUnit.test('FOXX-70 no session is there without auto-create', async (assert) => {
      const { visit, sessions } = fixture({ cookie: true, autoCreate: false });
      const { session, answer } = await visit();
      assert.deepEqual([session.id, await answer(), await sessions.count()], [undefined, {}, 0]);
    });

    QUnit.test('FOXX-24, FOXX-70 to be found is to be accessed', async (assert) => {
      const { visit, begun, clock } = fixture();
      const { id, wire } = await begun();
      clock.time += 5000;
      const { session } = await visit({ cookie: wire });
      assert.deepEqual([session.id, session.get().lastAccess], [id, clock.time]);
    });
  });

  QUnit.module('FOXX-71 after a route', () => {
    for (const [timeToLive, age] of [
      [604_800_000, 'Max-Age=604800'],
      [90_500, 'Max-Age=90'],
      [0, undefined],
    ] as const) {
      QUnit.test(`FOXX-71 the cookie lasts as long as the session: ${age}`, async (assert) => {
        const { visit } = fixture({ cookie: true }, { timeToLive });
        const [cookie] = cookiesOf(await (await visit()).answer());
        const ages = attributesOf(cookie).filter((one) => one.startsWith('Max-Age'));
        assert.deepEqual(ages, age === undefined ? [] : [age]);
      });
    }

    QUnit.test('FOXX-71 the id is told once, and not on every answer', async (assert) => {
      const { visit, begun } = fixture({ cookie: true, header: true });
      const { session, answer } = await visit({ cookie: (await begun()).wire });
      await session.save({ a: 1 });
      assert.deepEqual(await answer(), {});
    });
  });

  QUnit.test('FOXX-72 nothing is saved without being told to', async (assert) => {
    const { visit, begun, stored } = fixture();
    const { id, wire } = await begun({ a: 1 });
    const { session, answer } = await visit({ cookie: wire });
    Object.assign(session.get().data, { a: 2 });
    session.get().setUser({ id: 'ada' });
    await answer();
    assert.deepEqual(await stored(id), { a: 1 });
    await session.save();
    assert.deepEqual(await stored(id), { a: 2 });
  });

  QUnit.module('FOXX-73 the signature', () => {
    const vector = 'fc629d4e29f65e713c9ef8eba753db03758cbfcb3e3c7acc596b8c3f8ec18861';

    QUnit.test(
      'FOXX-73 is the lower-case hex HMAC-SHA256 of the value, in a cookie of its own',
      async (assert) => {
        const ids = { issue: () => ({ wire: 'abcdef', id: 'abcdef' }), read: () => undefined };
        const { visit } = fixture(signed, { ids });
        const [value, signature] = cookiesOf(await (await visit()).answer());
        assert.equal(value?.split(';')[0], 'sid=abcdef');
        assert.equal(signature?.split(';')[0], `sid.sig=${vector}`);
        assert.deepEqual(attributesOf(signature), attributesOf(value));
      },
    );

    for (const [what, companion] of [
      ['right', (wire: string) => `; sid.sig=${signatureOf(wire)}`],
      ['right, and another beside it', (wire: string) => `; sid.sig=${vector}; sid.sig=${signatureOf(wire)}`],
      ['missing', () => ''],
      ['empty', () => '; sid.sig='],
      ['of something else', () => `; sid.sig=${vector}`],
      ['by another secret', (wire: string) => `; sid.sig=${signatureOf(wire, 'other')}`],
      ['in upper case', (wire: string) => `; sid.sig=${signatureOf(wire).toUpperCase()}`],
      ['cut', (wire: string) => `; sid.sig=${signatureOf(wire).slice(0, 63)}`],
      [
        'of as many characters and more bytes',
        (wire: string) => `; sid.sig=${signatureOf(wire).slice(0, 63)}é`,
      ],
      ['in another cookie', (wire: string) => `; sid2.sig=${signatureOf(wire)}`],
    ] as const) {
      QUnit.test(`FOXX-73 which is ${what}`, async (assert) => {
        const { visit, begun } = fixture({ ...signed, autoCreate: false });
        const { id, wire } = await begun();
        const { session } = await visit({ headers: { cookie: `sid=${wire}${companion(wire)}` } });
        assert.equal(session.id, what.startsWith('right') ? id : undefined);
      });
    }

    QUnit.test('S9, FOXX-73 can be made with a new secret while the old one still counts', async (assert) => {
      const options = { cookie: { name: 'sid', companion: ['new', 'keyboardcat'] }, autoCreate: false };
      const { visit, begun } = fixture(options);
      const { id, wire } = await begun();
      const cookieOf = (secret: string) => `sid=${wire}; sid.sig=${signatureOf(wire, secret)}`;
      const find = async (secret: string) =>
        (await visit({ headers: { cookie: cookieOf(secret) } })).session.id;
      assert.deepEqual(
        [await find('new'), await find('keyboardcat'), await find('old')],
        [id, id, undefined],
      );
      const { session, answer } = await visit();
      await session.save({});
      assert.true(cookiesOf(await answer())[1]?.includes(signatureOf(session.id ?? '', 'new')));
    });
  });

  QUnit.module('FOXX-74 the header', () => {
    QUnit.test('FOXX-74 is X-Session-Id in both directions, and no cookie', async (assert) => {
      const { visit, begun } = fixture({ header: true });
      const { id, wire } = await begun();
      assert.equal((await visit({ headers: { 'x-session-id': wire } })).session.id, id);
      const { session, answer } = await visit();
      assert.deepEqual(await answer(), { 'x-session-id': session.id ?? '', 'cache-control': 'no-store' });
      assert.equal((await visit({ cookie: wire })).session.carrier, undefined);
    });

    for (const name of ['X-Session-Id', 'x-session-id', 'X-SESSION-ID']) {
      QUnit.test(`FOXX-74 knows no case: ${name}, over a real connection`, async (assert) => {
        const { server, begun } = fixture({ header: 'X-Session-ID' });
        const host = await site(server, ({ session }, response) => void response.end(session.id));
        const { id, wire } = await begun();
        const { ask } = host.browser();
        assert.equal((await ask('/', { headers: { [name]: wire } })).text, id);
        const { headers, text } = await ask('/');
        assert.equal(headers['x-session-id'], text);
        await host.close();
      });
    }
  });

  QUnit.module('FOXX-75 the options', () => {
    for (const options of [{}, { cookie: false }, { header: false }, { cookie: false, header: false }]) {
      QUnit.test(
        `FOXX-75 are refused without cookie and header: ${JSON.stringify(options)}`,
        async (assert) => {
          assert.equal(await codeOf(() => foxxServer(options)), 'config/invalid');
        },
      );
    }

    for (const options of [
      { cookie: { name: 'sid', secure: false, sameSite: 'none' } },
      { cookie: '__Host-sid; Path=/' },
      { cookie: { name: '__Host-sid', path: '/app' } },
      { header: 'Cookie' },
      { cookie: true, autoCreate: 'yes' },
    ] as const) {
      QUnit.test(`FOXX-75 are refused when they contradict: ${JSON.stringify(options)}`, async (assert) => {
        assert.equal(await codeOf(() => fixture(options as FoxxServerOptions)), 'config/invalid');
      });
    }

    QUnit.test('FOXX-75, FOXX-78 take true, a name or an object, and both at once', async (assert) => {
      const names = ({ carriers }: ReturnType<typeof foxxServer>) => carriers.map(({ name }) => name);
      assert.deepEqual(names(foxxServer({ cookie: true })), ['cookie']);
      assert.deepEqual(names(foxxServer({ header: 'X-My-Session' })), ['x-my-session']);
      assert.deepEqual(names(foxxServer({ cookie: 'own', header: true })), ['cookie', 'x-session-id']);
      const { visit } = fixture({ cookie: 'own', header: true });
      const { session, answer } = await visit();
      const headers = await answer();
      assert.true(cookiesOf(headers)[0]?.startsWith(`own=${session.id};`));
      assert.equal(headers['x-session-id'], session.id);
    });

    QUnit.test('S29 the cookie is Secure and HttpOnly all the same', async (assert) => {
      const [cookie] = cookiesOf(await (await fixture().visit()).answer());
      assert.deepEqual(attributesOf(cookie), [
        'HttpOnly',
        'Max-Age=604800',
        'Path=/',
        'SameSite=Lax',
        'Secure',
      ]);
    });
  });

  QUnit.module('FOXX-77 destroySession', () => {
    /** The route as an application writes it. */
    const app = async (autoCreate: boolean) => {
      const parts = fixture({ ...signed, autoCreate });
      const host = await site(parts.server, async ({ session, url, method }, response) => {
        if (url === '/save') await session.save({ cart: 1 });
        if (method === 'POST' && url === '/logout') {
          await session.logout();
          if (autoCreate) await session.save();
          response.setHeader('content-type', 'application/json').end('{"message":"logged out"}');
          return;
        }
        response.end(JSON.stringify(session.data ?? null));
      });
      return { ...parts, ...host };
    };

    QUnit.test('FOXX-77 leaves a fresh session with auto-create', async (assert) => {
      const { browser, close, sessions } = await app(true);
      const { ask, cookies } = browser();
      await ask('/save');
      const before = (await cookies()).map(String);
      assert.equal((await ask('/logout', { method: 'POST' })).text, '{"message":"logged out"}');
      const after = (await cookies()).map(String);
      assert.deepEqual([after.length, after.some((one) => before.includes(one))], [2, false]);
      assert.deepEqual([(await ask('/')).text, await sessions.count()], ['{}', 1]);
      await close();
    });

    QUnit.test('FOXX-77 clears both cookies without it', async (assert) => {
      const { browser, close, sessions } = await app(false);
      const { ask, cookies } = browser();
      await ask('/save');
      assert.deepEqual((await cookies()).map(({ key }) => key).sort(), ['sid', 'sid.sig']);
      await ask('/logout', { method: 'POST' });
      assert.deepEqual([await cookies(), await sessions.count()], [[], 0]);
      assert.equal((await ask('/')).text, 'null');
      await close();
    });
  });
});
