import QUnit from 'qunit';
import { SessionExpired, SessionNotFound } from '../../../src/server/core/errors.js';
import { createSessions } from '../../../src/server/core/sessions.js';
import { vweb } from '../../../src/server/presets.js';
import { simpleStore } from '../../../src/server/stores/simple.js';
import { codeOf, start } from '../fixture.js';
import { fixture, secret, signedStranger } from './v-fixture.js';
import { attributesOf, cookiesOf, type Data, wireOf } from './visits.js';

QUnit.module('server/http/current-session, as V has it', () => {
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
});
