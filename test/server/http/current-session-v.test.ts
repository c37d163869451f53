import { createHmac } from 'node:crypto';
import QUnit from 'qunit';
import { SessionExpired, SessionNotFound } from '../../../src/server/core/errors.js';
import { createSessions } from '../../../src/server/core/sessions.js';
import { type VwebServerOptions, vweb, vwebServer } from '../../../src/server/presets.js';
import { simpleStore } from '../../../src/server/stores/simple.js';
import { codeOf, start } from '../fixture.js';
import { site } from './browser.js';
import { attributesOf, cookiesOf, type Data, visitsFixture, wireOf } from './visits.js';

const secret = 'sessions_ctx_test';

/** V's sessions, over requests: `signed` is what travels in the cookie `sid`. */
function fixture(options: VwebServerOptions = {}, sessions: { readonly timeToLive?: number } = {}) {
  return visitsFixture({
    sessions: { ...vweb, secrets: [secret], ...sessions },
    server: { ...vwebServer(options), clearSiteData: [] },
    cookieName: options.cookie?.name ?? 'sid',
  });
}

/** A signed id that no session ever had. */
function signedStranger(key = secret): string {
  const id = '0123456789abcdef0123456789abcdef';
  return `${id}.${createHmac('sha256', key).update(id).digest('base64url')}`;
}

const bothModes = [false, true] as const;

QUnit.module('server/http/current-session, as V has it', () => {
  QUnit.module('save_uninitialized_test', () => {
    for (const saveUninitialized of bothModes) {
      // test_explicit_save_creates_session_in_both_modes
      QUnit.test(`V-45 a save begins a session, saveUninitialized: ${saveUninitialized}`, async (assert) => {
        const { visit, stored } = fixture({ saveUninitialized });
        const { session, answer } = await visit();
        await session.save({ age: 1 });
        assert.deepEqual(await stored(session.id ?? ''), { age: 1 });
        assert.equal(wireOf(await answer()).split('.')[0], session.id);
      });

      // test_save_replaces_invalid_cookie_in_both_modes
      for (const [what, cookie] of [
        ['forged', `${signedStranger().split('.')[0]}.BOGUS`],
        ['signed by somebody else', signedStranger('another secret')],
        ['of no session', signedStranger()],
      ] as const) {
        QUnit.test(
          `V-45, S5 a save replaces a cookie that is ${what}, saveUninitialized: ${saveUninitialized}`,
          async (assert) => {
            const { visit, stored } = fixture({ saveUninitialized });
            const { session, answer } = await visit({ cookie });
            await session.save({ age: 1 });
            const wire = wireOf(await answer());
            assert.equal(wire.split('.')[0], session.id);
            assert.notEqual(session.id, cookie.split('.')[0]);
            assert.deepEqual(await stored(session.id ?? ''), { age: 1 });
          },
        );
      }

      // test_save_propagates_store_errors_without_updating_context_data
      QUnit.test(
        `V-47 a failing save changes nothing, saveUninitialized: ${saveUninitialized}`,
        async (assert) => {
          const { visit, begun, broken, stored } = fixture({ saveUninitialized });
          const { id, wire } = await begun({ age: 1 });
          const { session, answer } = await visit({ cookie: wire });
          const before = session.data;
          broken.add('update');
          assert.equal(await codeOf(() => session.save({ age: 2 })), 'store/unavailable');
          assert.strictEqual(session.data, before);
          assert.deepEqual(session.data, { age: 1 });
          assert.deepEqual([await stored(id), await answer()], [{ age: 1 }, {}]);
        },
      );
    }

    QUnit.test('V-47 a save that cannot begin a session leaves none', async (assert) => {
      const { visit, broken } = fixture();
      const { session, answer } = await visit();
      broken.add('create');
      assert.equal(await codeOf(() => session.save({ age: 2 })), 'store/unavailable');
      assert.deepEqual([session.id, session.data, await answer()], [undefined, undefined, {}]);
    });

    // test_middleware_only_creates_pre_session_when_enabled
    QUnit.test(
      'V-04, V-52 a pre-session begins when it is enabled, and the save keeps it',
      async (assert) => {
        const { visit, stored } = fixture({ saveUninitialized: true });
        const { session, answer, seen } = await visit();
        const { id = '' } = session;
        assert.deepEqual([await stored(id), session.data, seen.changed], [{}, {}, 1]);
        await session.save({ age: 1 });
        assert.equal(session.id, id);
        assert.equal(wireOf(await answer()).split('.')[0], id, 'one cookie');
        assert.deepEqual(await stored(id), { age: 1 });
      },
    );

    QUnit.test('V-04, S38 no pre-session begins when it is not enabled', async (assert) => {
      const { visit, sessions } = fixture();
      const { session, answer, seen } = await visit();
      assert.deepEqual([session.id, await answer(), seen.changed], [undefined, {}, 0]);
      assert.equal(await sessions.count(), 0);
    });

    QUnit.test(
      'V-52 a session that is there gets no new cookie, also when pre-sessions are on',
      async (assert) => {
        const { visit, begun } = fixture({ saveUninitialized: true });
        const { id, wire } = await begun({ age: 1 });
        const { session, answer } = await visit({ cookie: wire });
        assert.deepEqual([session.id, await answer()], [id, {}]);
      },
    );
  });

  QUnit.module('resave_test', () => {
    // test_resave_rotates_session_id_and_destroys_old_data, test_resave_rotates_session_id_from_request_cookie
    QUnit.test('V-48, S11 gives a new id and a new cookie, and ends the old session', async (assert) => {
      const { visit, begun, stored } = fixture();
      const old = await begun({ age: 1 });
      const { session, answer } = await visit({ cookie: old.wire });
      await session.resave({ age: 2 });
      const headers = await answer();
      assert.notEqual(session.id, old.id);
      assert.deepEqual(session.data, { age: 2 });
      assert.deepEqual([await stored(old.id), await stored(session.id ?? '')], [undefined, { age: 2 }]);
      assert.equal((await visit({ cookie: old.wire })).session.id, undefined, 'the old cookie');
      const next = await visit({ cookie: wireOf(headers) });
      assert.deepEqual([next.session.id, next.session.data], [session.id, { age: 2 }]);
    });

    QUnit.test('V-48 issues one cookie, also after a save that began the session', async (assert) => {
      const { visit, sessions } = fixture();
      const { session, answer } = await visit();
      await session.save({ age: 1 });
      await session.resave({ age: 2 });
      assert.equal(wireOf(await answer()).split('.')[0], session.id);
      assert.equal(await sessions.count(), 1);
    });

    // test_resave_creates_session_without_existing_id
    QUnit.test('V-48 begins a session where there was none', async (assert) => {
      const { visit, stored } = fixture();
      const { session, answer } = await visit();
      await session.resave({ age: 2 });
      assert.equal(wireOf(await answer()).split('.')[0], session.id);
      assert.deepEqual(await stored(session.id ?? ''), { age: 2 });
    });

    // test_resave_propagates_store_errors
    QUnit.test(
      'V-48 tells that the new data could not be stored, and keeps the old session',
      async (assert) => {
        const { visit, begun, broken, stored } = fixture();
        const old = await begun({ age: 1 });
        const { session, answer } = await visit({ cookie: old.wire });
        broken.add('create');
        assert.equal(await codeOf(() => session.resave({ age: 2 })), 'store/unavailable');
        assert.deepEqual([session.id, session.data, await answer()], [old.id, { age: 1 }, {}]);
        assert.deepEqual(await stored(old.id), { age: 1 });
      },
    );

    // test_resave_aborts_when_old_session_cannot_be_destroyed
    QUnit.test('V-48 changes nothing when the old session cannot be ended', async (assert) => {
      const { visit, begun, broken, stored } = fixture();
      const old = await begun({ age: 1 });
      const { session, answer } = await visit({ cookie: old.wire });
      broken.add('destroy');
      assert.equal(await codeOf(() => session.resave({ age: 2 })), 'store/unavailable');
      assert.deepEqual([session.id, session.data, await answer()], [old.id, { age: 1 }, {}]);
      assert.deepEqual(await stored(old.id), { age: 1 });
      broken.clear();
      assert.equal((await visit({ cookie: old.wire })).session.id, old.id);
    });
  });

  QUnit.module('sessions_ctx_test', () => {
    QUnit.test(
      'V-01 a cookie is sid, HttpOnly, SameSite=Strict, of the whole host; and Secure',
      async (assert) => {
        const { visit } = fixture();
        const { session, answer } = await visit();
        await session.save({});
        const [cookie = ''] = cookiesOf(await answer());
        assert.true(cookie.startsWith(`sid=${session.id}.`), 'V-40 the signed form');
        assert.deepEqual(attributesOf(cookie), [
          'HttpOnly',
          'Max-Age=2592000',
          'Path=/',
          'SameSite=Strict',
          'Secure',
        ]);
      },
    );

    QUnit.test('V-02 lasts thirty days unless told otherwise', async (assert) => {
      const { visit, begun, clock } = fixture();
      const { id, wire } = await begun();
      clock.time = start + 2_592_000_000;
      assert.equal((await visit({ cookie: wire })).session.id, id);
      clock.time += 1;
      assert.equal((await visit({ cookie: wire })).session.id, undefined);
    });

    QUnit.test('V-28 gives the data of all sessions', async (assert) => {
      const { sessions } = fixture();
      for (const age of [1, 2]) await sessions.create({ age });
      const ages: unknown[] = [];
      for await (const { data } of sessions.all()) ages.push(data.age);
      assert.deepEqual(ages.sort(), [1, 2]);
    });

    QUnit.test('V-28 clears the store', async (assert) => {
      const { sessions } = fixture();
      for (const age of [1, 2]) await sessions.create({ age });
      assert.deepEqual([await sessions.clear(), await sessions.count()], [2, 0]);
    });

    // The two defaults of the interface: `all` gives an empty list, `clear` does nothing.
    for (const name of ['all', 'clear'] as const) {
      QUnit.test(`V-20 a store without ${name} works, and says that it cannot do that`, async (assert) => {
        const records = new Map<string, unknown>();
        const store = simpleStore({
          get: async (id: string) => records.get(id),
          set: async (id: string, record: unknown) => void records.set(id, record),
          destroy: async (id: string) => void records.delete(id),
        } as Parameters<typeof simpleStore>[0]);
        const sessions = createSessions<Data>({ ...vweb, secrets: [secret], store });
        const { id } = await sessions.create({ age: 1 });
        assert.deepEqual((await sessions.get(id)).data, { age: 1 });
        const use = name === 'clear' ? sessions.clear : () => sessions.all()[Symbol.asyncIterator]().next();
        assert.equal(await codeOf(use), 'store/unsupported');
      });
    }

    QUnit.module('get_session_id', () => {
      QUnit.test('V-43 gives the id of the cookie', async (assert) => {
        const { visit, begun } = fixture();
        const { id, wire } = await begun();
        assert.equal((await visit({ cookie: wire })).session.id, id);
      });

      QUnit.test('V-43 gives none for a forged signature', async (assert) => {
        const { visit, begun, calls } = fixture();
        const { id } = await begun();
        calls.length = 0;
        for (const cookie of [`${id}.BOGUS`, `${id}.`, id, `.${id}`, signedStranger('other')]) {
          assert.equal((await visit({ cookie })).session.id, undefined, cookie);
        }
        assert.deepEqual(calls, [], 'S6');
      });

      QUnit.test('V-43 gives none for a cookie of another name', async (assert) => {
        const { visit, begun } = fixture();
        const { wire } = await begun();
        const cookie = `other=${wire}; xsid=${wire}; sid2=${wire}; SID=${wire}`;
        assert.equal((await visit({ headers: { cookie } })).session.id, undefined);
      });

      QUnit.test('V-43 prefers the session that the request began', async (assert) => {
        const { visit, begun } = fixture();
        const { id, wire } = await begun();
        const { session } = await visit({ cookie: wire });
        await session.resave();
        assert.notEqual(session.id, id);
      });

      // The source gives the signed value of the Set-Cookie header as if it were the id.
      QUnit.test('V-43 gives the bare id of a session that was just begun', async (assert) => {
        const { visit } = fixture();
        const { session, answer } = await visit();
        await session.save({});
        assert.true(/^[0-9a-f]{32}$/.test(session.id ?? ''));
        assert.equal(session.id, wireOf(await answer()).split('.')[0]);
      });

      QUnit.test('V-43, V-54 gives none where there is none', async (assert) => {
        const { session } = await fixture().visit();
        assert.deepEqual([session.id, session.data, session.user], [undefined, undefined, null]);
      });

      // The source looks at a Set-Cookie header of the response; here nothing of the host's own is read.
      QUnit.test('V-43 gives none for another cookie that the host sets', async (assert) => {
        const { visit } = fixture();
        assert.equal(
          (await visit({ headers: { 'set-cookie': `sid=${signedStranger()}` } })).session.id,
          undefined,
        );
      });
    });

    QUnit.module('validate_session', () => {
      QUnit.test('V-42 finds a session by its cookie', async (assert) => {
        const { visit, begun } = fixture();
        const { id, wire } = await begun();
        const { session } = await visit({ cookie: wire });
        assert.deepEqual([session.get().id, session.carrier], [id, 'cookie']);
      });

      QUnit.test('V-42 finds none by a forged cookie', async (assert) => {
        const { session } = await fixture().visit({ cookie: signedStranger('other') });
        assert.deepEqual([await codeOf(() => session.get()), session.carrier], ['token/missing', undefined]);
      });

      QUnit.test('V-42 finds none without a cookie', async (assert) => {
        const { session } = await fixture().visit();
        assert.deepEqual([await codeOf(() => session.get()), session.carrier], ['token/missing', undefined]);
      });
    });

    QUnit.module('set_session_id', () => {
      QUnit.test('V-40, S35 tells the signed id once, in an answer that no cache keeps', async (assert) => {
        const { visit } = fixture();
        const { session, answer } = await visit();
        await session.save({});
        const headers = await answer();
        assert.deepEqual(Object.keys(headers).sort(), ['cache-control', 'set-cookie']);
        assert.equal(headers['cache-control'], 'no-store');
        assert.true(/^[0-9a-f]{32}\.[\w-]{43}$/.test(wireOf(headers)));
      });

      QUnit.test('V-01, V-40 has the name, the domain and Secure as configured', async (assert) => {
        const { visit } = fixture({ cookie: { name: 'SESSION_ID', secure: false, domain: 'app.example' } });
        const { session, answer } = await visit({ secure: false });
        await session.save({});
        const [cookie = ''] = cookiesOf(await answer());
        assert.true(cookie.startsWith('SESSION_ID='));
        assert.deepEqual(attributesOf(cookie), [
          'Domain=app.example',
          'HttpOnly',
          'Max-Age=2592000',
          'Path=/',
          'SameSite=Strict',
        ]);
      });

      for (const [timeToLive, attribute] of [
        [300_000, 'Max-Age=300'],
        [1500, 'Max-Age=1'],
        [400, 'Max-Age=1'],
        [0, undefined],
      ] as const) {
        QUnit.test(
          `V-02, V-03, V-41 says ${attribute ?? 'no Max-Age'} for ${timeToLive} ms`,
          async (assert) => {
            const { visit } = fixture({}, { timeToLive });
            const { session, answer } = await visit();
            await session.save({});
            const ages = attributesOf(cookiesOf(await answer())[0]).filter((one) =>
              one.startsWith('Max-Age'),
            );
            assert.deepEqual(ages, attribute === undefined ? [] : [attribute]);
          },
        );
      }
    });

    QUnit.module('get', () => {
      QUnit.test('V-44 gives what was stored', async (assert) => {
        const { visit, begun } = fixture();
        const { wire } = await begun({ age: 1 });
        assert.deepEqual((await visit({ cookie: wire })).session.get().data, { age: 1 });
      });

      QUnit.test('V-22, V-44 throws without an id', async (assert) => {
        const { session } = await fixture().visit();
        assert.equal(await codeOf(() => session.get()), 'token/missing');
      });

      QUnit.test('V-22, V-44 throws SessionNotFound for an id without a session', async (assert) => {
        const { session } = await fixture().visit({ cookie: signedStranger() });
        assert.throws(() => session.get(), SessionNotFound);
      });

      QUnit.test('V-24, V-44 throws SessionExpired, and the record is gone', async (assert) => {
        const { visit, begun, clock, stored } = fixture({}, { timeToLive: 2000 });
        const { id, wire } = await begun({ age: 1 });
        clock.time += 2001;
        const { session } = await visit({ cookie: wire });
        assert.throws(() => session.get(), SessionExpired);
        assert.equal(await stored(id), undefined);
        assert.equal(
          await codeOf(async () => (await visit({ cookie: wire })).session.get()),
          'session/not-found',
        );
      });
    });

    QUnit.module('destroy', () => {
      QUnit.test('V-49 removes the data, and sends no cookie', async (assert) => {
        const { visit, begun, stored } = fixture();
        const { id, wire } = await begun({ age: 1 });
        const { session, answer } = await visit({ cookie: wire });
        await session.destroy();
        assert.deepEqual([session.data, await stored(id), await answer()], [undefined, undefined, {}]);
        assert.throws(() => session.get(), SessionNotFound);
      });

      QUnit.test('V-49 does nothing without a session', async (assert) => {
        const { visit, calls } = fixture();
        const { session, answer } = await visit();
        await session.destroy();
        assert.deepEqual([calls, await answer()], [[], {}]);
      });
    });

    QUnit.module('save', () => {
      QUnit.test('V-45 stores under the id that is there', async (assert) => {
        const { visit, begun, stored } = fixture();
        const { id, wire } = await begun({ age: 1 });
        const { session, answer } = await visit({ cookie: wire });
        await session.save({ age: 2 });
        assert.deepEqual([session.id, session.data, await stored(id)], [id, { age: 2 }, { age: 2 }]);
        assert.deepEqual(await answer(), {}, 'no cookie');
      });

      QUnit.test('V-45 begins a session without pre-sessions', async (assert) => {
        const { visit, sessions } = fixture();
        const { session } = await visit();
        await session.save({ age: 1 });
        assert.deepEqual([session.data, await sessions.count()], [{ age: 1 }, 1]);
      });

      // The source pins here what d3f0619 then mended: nothing was stored.
      QUnit.test('V-45 stores with pre-sessions too', async (assert) => {
        const { visit, sessions } = fixture({ saveUninitialized: true });
        const { session } = await visit();
        await session.save({ age: 1 });
        assert.deepEqual((await sessions.get(session.id ?? '')).data, { age: 1 });
        assert.equal(await sessions.count(), 1);
      });

      QUnit.test('V-46 stores under the id of the cookie, and shows it', async (assert) => {
        const { visit, begun } = fixture();
        const { id, wire } = await begun();
        const { session } = await visit({ cookie: wire });
        await session.save({ age: 2 });
        assert.equal(session.id, id);
      });

      QUnit.test('V-25, V-45 replaces the data and prolongs nothing', async (assert) => {
        const { visit, begun, clock, stored } = fixture();
        const { id, wire } = await begun({ age: 1, name: 'x' });
        clock.time += 1000;
        const { session } = await visit({ cookie: wire });
        await session.save({ age: 2 });
        await session.save({ age: 3 });
        assert.deepEqual(await stored(id), { age: 3 });
        assert.deepEqual([session.get().created, session.get().expiresAt], [start, start + 2_592_000_001]);
      });
    });

    QUnit.module('resave', () => {
      QUnit.test('V-48 stores the data', async (assert) => {
        const { visit, begun, stored } = fixture();
        const { session } = await visit({ cookie: (await begun({ age: 1 })).wire });
        await session.resave({ age: 2 });
        assert.deepEqual(await stored(session.id ?? ''), { age: 2 });
      });

      QUnit.test('V-48 begins a session with the data', async (assert) => {
        const { visit, stored } = fixture();
        const { session } = await visit();
        await session.resave({ age: 2 });
        assert.deepEqual([session.data, await stored(session.id ?? '')], [{ age: 2 }, { age: 2 }]);
      });
    });

    QUnit.module('logout', () => {
      const clearing = [
        'Expires=Thu, 01 Jan 1970 00:00:00 GMT',
        'HttpOnly',
        'Max-Age=0',
        'Path=/',
        'SameSite=Strict',
        'Secure',
      ];

      QUnit.test('V-50, S19 ends the session and clears the cookie as it was set', async (assert) => {
        const { visit, begun, stored } = fixture();
        const { id, wire } = await begun({ age: 1 });
        const { session, answer } = await visit({ cookie: wire });
        await session.logout();
        const headers = await answer();
        assert.deepEqual([session.id, session.data, await stored(id)], [undefined, undefined, undefined]);
        assert.equal(wireOf(headers), '');
        assert.deepEqual(attributesOf(cookiesOf(headers)[0]), clearing);
        assert.equal(headers['cache-control'], 'no-store');
      });

      QUnit.test('V-50 clears the cookie where there was no session', async (assert) => {
        const { visit } = fixture();
        const { session, answer } = await visit();
        await session.logout();
        const headers = await answer();
        assert.deepEqual([wireOf(headers), attributesOf(cookiesOf(headers)[0])], ['', clearing]);
      });

      QUnit.test('V-51 a save afterwards begins another session, with one cookie', async (assert) => {
        const { visit, begun, stored } = fixture();
        const { id, wire } = await begun({ age: 1 });
        const { session, answer } = await visit({ cookie: wire });
        await session.logout();
        await session.save({ age: 2 });
        assert.notEqual(session.id, id);
        assert.deepEqual([await stored(id), await stored(session.id ?? '')], [undefined, { age: 2 }]);
        assert.equal(wireOf(await answer()).split('.')[0], session.id);
      });
    });
  });

  QUnit.module('session_app_test, over real connections', () => {
    /** V's test application: a person with an age, who expires after two seconds. */
    async function app() {
      const parts = visitsFixture({
        sessions: { ...vweb, secrets: ['session_test'], timeToLive: 2000 },
        server: { ...vwebServer({ cookie: { name: 'SESSION_ID' } }), proxies: 1 },
      });
      const host = await site(parts.server, async ({ url, session }, response) => {
        switch (url) {
          case '/save_session':
            await session.save({ name: 'x', age: 1 });
            break;
          case '/update_session': {
            const { age = 0, name = '' } = session.get().data;
            await session.save({ name, age: Number(age) + 1 });
            break;
          }
          case '/destroy_session':
            await session.destroy();
            break;
          case '/protected':
            session.get();
            break;
        }
        response.end(JSON.stringify(session.data ?? null));
      });
      return { ...parts, ...host };
    }

    QUnit.test('test_empty_session: V-54 nobody has data', async (assert) => {
      const { browser, close } = await app();
      const { status, text, setCookies } = await browser().ask('/session');
      assert.equal(status, 401, '/session is the resource of the package');
      const own = await browser().ask('/own');
      assert.deepEqual([own.status, own.text, own.setCookies, setCookies], [200, 'null', [], []]);
      assert.true(text.includes('token/missing'));
      await close();
    });

    QUnit.test('test_protected_without_session: V-44 answers 401', async (assert) => {
      const { browser, close } = await app();
      assert.equal((await browser().ask('/protected')).status, 401);
      await close();
    });

    QUnit.test('test_save_session: V-45 the next request has the data', async (assert) => {
      const { browser, close } = await app();
      const { ask, cookies } = browser();
      assert.equal((await ask('/save_session')).text, '{"name":"x","age":1}');
      assert.deepEqual(
        (await cookies()).map(({ key }) => key),
        ['SESSION_ID'],
      );
      assert.equal((await ask('/own')).text, '{"name":"x","age":1}');
      assert.equal((await ask('/protected')).status, 200);
      await close();
    });

    QUnit.test('test_update_session: V-45 is seen at once and by the next request', async (assert) => {
      const { browser, close } = await app();
      const { ask } = browser();
      await ask('/save_session');
      const update = await ask('/update_session');
      assert.deepEqual([update.text, update.setCookies], ['{"name":"x","age":2}', []]);
      assert.equal((await ask('/own')).text, '{"name":"x","age":2}');
      await close();
    });

    QUnit.test('test_destroy_session: V-49 leaves no data, and the cookie', async (assert) => {
      const { browser, close } = await app();
      const { ask, cookies } = browser();
      await ask('/save_session');
      assert.equal((await ask('/destroy_session')).status, 200);
      assert.equal((await ask('/own')).text, 'null');
      assert.equal((await cookies()).length, 1);
      assert.equal((await ask('/protected')).status, 401);
      await close();
    });

    QUnit.test('test_session_expired: V-24 leaves no data after max_age', async (assert) => {
      const { browser, close, clock, sessions } = await app();
      const { ask } = browser();
      await ask('/save_session');
      clock.time += 2000;
      assert.equal((await ask('/own')).text, '{"name":"x","age":1}', 'V-23 not at the instant itself');
      clock.time += 1;
      assert.equal((await ask('/own')).text, 'null');
      assert.equal(await sessions.count(), 0);
      await close();
    });
  });
});
