import QUnit from 'qunit';
import { vweb, vwebServer } from '../../../src/server/presets.js';
import { codeOf } from '../fixture.js';
import { site } from './browser.js';
import { fixture, signedStranger } from './v-fixture.js';
import { visitsFixture, wireOf } from './visits.js';

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
