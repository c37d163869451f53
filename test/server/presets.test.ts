import QUnit from 'qunit';
import { SessionExpired, SessionNotFound } from '../../src/server/core/errors.js';
import { createSessions } from '../../src/server/core/sessions.js';
import type { SessionsOptions } from '../../src/server/core/sessions-options.js';
import { foxx, starcounter, vweb } from '../../src/server/presets.js';
import { memoryStore } from '../../src/server/stores/memory.js';
import { codeOf, start, testClock } from './fixture.js';

type Data = { [key: string]: string | number };

function fixture(options: Omit<SessionsOptions, 'store'>) {
  const clock = testClock();
  const store = memoryStore();
  return { clock, store, sessions: createSessions<Data>({ ...options, store, now: clock.now }) };
}

/** A user as a Foxx model. */
const model = (attributes: { readonly [name: string]: unknown }) => ({
  get: (name: string) => attributes[name],
});
const user = model({ _key: '123', _id: '_users/123', userData: { name: 'Ada' } });

const around = [-1, 0, 1] as const;

QUnit.module('server/presets', () => {
  QUnit.module('foxx', () => {
    QUnit.module('the examples of the manual', () => {
      QUnit.test('creates a session', async (assert) => {
        const { sessions: sessionStorage } = fixture(foxx);
        const sessionData = { cart: 'full' };
        const session = await sessionStorage.create(sessionData);
        assert.deepEqual(session.get('sessionData'), sessionData);
      });

      QUnit.test('fetches an existing session', async (assert) => {
        const { sessions: sessionStorage } = fixture(foxx);
        const sessionId = (await sessionStorage.create()).get('_key') as string;
        assert.equal((await sessionStorage.get(sessionId)).get('_key'), sessionId);
      });

      QUnit.test('throws SessionNotFound for an unknown id', async (assert) => {
        const { sessions: sessionStorage } = fixture(foxx);
        try {
          await sessionStorage.get('invalidSessionId');
          assert.true(false);
        } catch (err) {
          assert.true(err instanceof sessionStorage.errors.SessionNotFound);
        }
      });

      QUnit.test('throws SessionExpired for an expired session', async (assert) => {
        const { sessions: sessionStorage, clock } = fixture(foxx);
        const { id: expiredSessionId } = await sessionStorage.create();
        clock.time += 604_800_000;
        try {
          await sessionStorage.get(expiredSessionId);
          assert.true(false);
        } catch (err) {
          assert.true(err instanceof sessionStorage.errors.SessionExpired);
          assert.true(err instanceof sessionStorage.errors.SessionNotFound);
        }
      });

      QUnit.test('FOXX-50, FOXX-51 deletes a session by its id or by itself', async (assert) => {
        const { sessions: sessionStorage } = fixture(foxx);
        const [one, two] = [await sessionStorage.create(), await sessionStorage.create()];
        assert.strictEqual(await sessionStorage.delete(one.id), null);
        assert.strictEqual(await two.delete(), true);
        assert.strictEqual(await two.delete(), false);
        assert.equal(await codeOf(() => sessionStorage.delete(one.id)), 'session/not-found');
      });

      QUnit.test('FOXX-52, FOXX-53 sets the user, and saves when told to', async (assert) => {
        const { sessions: sessionStorage } = fixture(foxx);
        const session = await sessionStorage.create();
        assert.strictEqual(session.setUser(user), session);
        assert.equal(session.get('uid'), user.get('_key'));
        assert.deepEqual(session.get('userData'), user.get('userData'));
        assert.strictEqual((await sessionStorage.get(session.id)).uid, null, 'not persisted');
        await session.setUser(user).save();
        assert.equal((await sessionStorage.get(session.id)).uid, '123');
      });
    });

    QUnit.test('FOXX-40, FOXX-41 gives the errors, constructible with an id', (assert) => {
      const { errors } = fixture(foxx).sessions;
      const [lost, late] = [new errors.SessionNotFound('abc'), new errors.SessionExpired('abc')];
      assert.true(
        lost instanceof Error && late instanceof SessionNotFound && !(lost instanceof SessionExpired),
      );
      assert.equal(lost.message, 'Session with session id abc not found.');
      assert.equal(late.message, 'Session with session id abc has expired.');
    });

    QUnit.test('FOXX-20 reads and writes attributes by name', async (assert) => {
      const { sessions } = fixture(foxx);
      const session = await sessions.create({ a: 1 });
      assert.deepEqual(
        ['_key', 'id', 'uid', 'sessionData', 'data', 'userData', 'created', 'lastAccess', 'lastUpdate'].map(
          (name) => session.get(name),
        ),
        [session.id, session.id, null, { a: 1 }, { a: 1 }, {}, start, start, start],
      );
      assert.deepEqual(
        ['version', 'labels', 'timeToLive', 'expiresAt', 'constructor', 'save', ''].map((name) =>
          session.get(name),
        ),
        [1, {}, 604_800_000, start + 604_800_000, undefined, undefined, undefined],
      );
      session
        .set('sessionData', { b: 2 })
        .set('uid', 'ada')
        .set('userData', { c: 3 })
        .set('labels', { d: 'e' });
      await session.set('timeToLive', 5000).save();
      const read = await sessions.get(session.id);
      assert.deepEqual(
        [read.data, read.uid, read.userData, read.labels],
        [{ b: 2 }, 'ada', { c: 3 }, { d: 'e' }],
      );
      assert.equal(read.expiresAt, start + 5000);
      assert.strictEqual(session.set('uid', undefined).uid, null);
      for (const [name, value] of [
        ['id', 'x'],
        ['version', 9],
        ['__proto__', {}],
        ['uid', 7],
        ['labels', 7],
      ] as const) {
        assert.true((await codeOf(() => session.set(name, value))).includes('TypeError'), name);
      }
      assert.equal(await codeOf(() => session.set('created', -1)), 'config/invalid');
    });

    QUnit.test('FOXX-53 takes the id of a user from where it is told', async (assert) => {
      const { sessions } = fixture({ ...foxx, userIdFrom: (each) => each.get('_id') });
      const session = await sessions.create();
      assert.equal(session.setUser(user).uid, '_users/123');
      assert.equal(session.setUser({ id: 'plain' }).uid, 'plain');
      assert.true((await codeOf(() => session.setUser(model({})))).includes('TypeError'));
    });

    QUnit.test('FOXX-54 clears the user', async (assert) => {
      const { sessions } = fixture(foxx);
      const session = await sessions.create({}, user);
      for (const nobody of [null, undefined]) {
        assert.strictEqual(session.setUser(user).setUser(nobody), session);
        assert.deepEqual([session.get('uid'), session.get('userData')], [null, {}]);
      }
      await session.save();
      assert.strictEqual((await sessions.get(session.id)).uid, null);
    });

    QUnit.test('FOXX-55, FOXX-56 tells the end and the time until then, never below zero', async (assert) => {
      const { sessions, clock } = fixture({ ...foxx, timeToLive: 1000 });
      const session = await sessions.create();
      assert.deepEqual([session.getExpiry(), session.getTTL()], [start + 1000, 1000]);
      clock.time += 1500;
      assert.deepEqual([session.getExpiry(), session.getTTL()], [start + 1000, 0]);
      const endless = await fixture({ ...foxx, timeToLive: 0 }).sessions.create();
      const never = Number.POSITIVE_INFINITY;
      assert.deepEqual([endless.getExpiry(), endless.getTTL(), endless.hasExpired()], [never, never, false]);
    });

    for (const offset of around) {
      QUnit.test(
        `FOXX-57 says ${offset >= 0} ${offset} ms from the end when asked whether it has expired`,
        async (assert) => {
          const { sessions, clock } = fixture({ ...foxx, timeToLive: 1000 });
          const session = await sessions.create();
          clock.time += 1000 + offset;
          assert.equal(session.hasExpired(), offset >= 0);
          assert.equal(session.getTTL() === 0, session.hasExpired());
        },
      );
    }

    QUnit.test('FOXX-58 follows the values on the object', async (assert) => {
      const { sessions, clock } = fixture({ ...foxx, ttlType: 'lastUpdate', timeToLive: 1000 });
      const session = await sessions.create();
      clock.time += 500;
      await session.save();
      assert.equal(session.getExpiry(), start + 1500);
      session.set('lastUpdate', start + 9000);
      assert.deepEqual([session.getExpiry(), session.getTTL()], [start + 10_000, 9500]);
      const other = await fixture({ ...foxx, timeToLive: 1000 }).sessions.create();
      assert.true(other.set('created', start - 1000).hasExpired());
      await other.save();
      assert.deepEqual(
        [other.created, other.hasExpired()],
        [start, false],
        'what counts is when it happened',
      );
    });

    QUnit.test('FOXX-28 stamps the object that is deleted', async (assert) => {
      const { sessions, clock } = fixture(foxx);
      const session = await sessions.create();
      clock.time += 7;
      await session.delete();
      assert.deepEqual(
        [session.created, session.lastAccess, session.lastUpdate],
        [start, start + 7, start + 7],
      );
    });

    QUnit.test('FOXX-30 keeps an expired record until it is deleted', async (assert) => {
      const { sessions, store, clock } = fixture({ ...foxx, timeToLive: 1000 });
      const { id } = await sessions.create();
      clock.time += 1000;
      for (let time = 0; time < 2; time += 1)
        assert.equal(await codeOf(() => sessions.get(id)), 'session/expired');
      assert.equal((await store.get(id))?.id, id);
      assert.strictEqual(await sessions.delete(id), null);
    });

    QUnit.test('FOXX-59 shows all attributes to a client', async (assert) => {
      const { sessions } = fixture(foxx);
      const session = await sessions.create({ a: 1 }, user);
      assert.deepEqual(session.forClient(), {
        _key: session.id,
        uid: '123',
        sessionData: { a: 1 },
        userData: { name: 'Ada' },
        created: start,
        lastAccess: start,
        lastUpdate: start,
      });
    });

    QUnit.test(
      'FOXX-01, FOXX-04, FOXX-07, FOXX-16 has its defaults, and its ids are what is stored',
      async (assert) => {
        const { sessions, store } = fixture(foxx);
        const session = await sessions.create();
        assert.equal(session.expiresAt, start + 604_800_000);
        assert.equal(session.wire, session.id);
        assert.equal(sessions.idOf(session.id), session.id);
        assert.equal((await store.get(session.id))?.ttlType, 'created');
      },
    );

    QUnit.test('FOXX-23 takes a user at creation', async (assert) => {
      const session = await fixture(foxx).sessions.create({}, user);
      assert.deepEqual([session.uid, session.userData], ['123', { name: 'Ada' }]);
    });
  });

  QUnit.module('vweb', () => {
    const signed = { ...vweb, secrets: ['my secret'] };

    QUnit.test('V-05 needs a secret and a store', async (assert) => {
      assert.equal(await codeOf(() => fixture(vweb)), 'config/invalid');
      assert.equal(
        await codeOf(() => createSessions(signed as unknown as SessionsOptions)),
        'config/invalid',
      );
    });

    QUnit.test('V-02 keeps a session for 30 days, and for ever with 0', async (assert) => {
      const { sessions } = fixture(signed);
      const session = await sessions.create();
      assert.deepEqual([session.timeToLive, session.expiresAt], [2_592_000_000, start + 2_592_000_001]);
      const endless = await fixture({ ...signed, timeToLive: 0 }).sessions.create();
      assert.equal(endless.expiresAt, Number.POSITIVE_INFINITY);
    });

    for (const offset of around) {
      QUnit.test(`V-23 judges a session ${offset} ms from its end`, async (assert) => {
        const { sessions, clock } = fixture({ ...signed, timeToLive: 1000 });
        const { id } = await sessions.create();
        clock.time += 1000 + offset;
        assert.equal(await codeOf(() => sessions.get(id)), offset <= 0 ? 'no error' : 'session/expired');
      });
    }

    QUnit.test('V-24 removes an expired record when it is read', async (assert) => {
      const { sessions, store, clock } = fixture({ ...signed, timeToLive: 1000 });
      const { id } = await sessions.create();
      clock.time += 1001;
      assert.equal(await codeOf(() => sessions.get(id)), 'session/expired');
      assert.equal(await codeOf(() => sessions.get(id)), 'session/not-found');
      assert.strictEqual(await store.get(id), undefined);
    });

    QUnit.test('V-25 counts from the first save, whatever is saved later', async (assert) => {
      const { sessions, store, clock } = fixture({ ...signed, timeToLive: 1000 });
      const session = await sessions.create({ name: 'first' });
      clock.time += 900;
      session.data = { name: 'second' };
      await session.save();
      const record = await store.get(session.id);
      assert.deepEqual([record?.created, record?.data], [start, { name: 'second' }]);
      clock.time += 101;
      assert.equal(await codeOf(() => sessions.get(session.id)), 'session/expired');
    });

    QUnit.test('V-26 makes nothing readable that is saved too late', async (assert) => {
      const { sessions, clock } = fixture({ ...signed, timeToLive: 1000 });
      const session = await sessions.create();
      clock.time += 1001;
      assert.equal(await codeOf(() => session.save()), 'session/expired');
      assert.equal(await codeOf(() => sessions.get(session.id)), 'session/expired');
    });

    QUnit.test('X-08 reads without an access', async (assert) => {
      const { sessions, store, clock } = fixture(signed);
      const { id } = await sessions.create();
      clock.time += 5;
      await sessions.get(id);
      assert.equal((await store.get(id))?.lastAccess, start);
    });

    QUnit.test('S7 stores what signs nobody in', async (assert) => {
      const { sessions, store } = fixture(signed);
      const { id, wire = '' } = await sessions.create();
      assert.equal(sessions.idOf(wire), id);
      assert.strictEqual(sessions.idOf(id), undefined);
      assert.false(JSON.stringify(await store.get(id)).includes(wire));
    });
  });

  QUnit.module('starcounter', () => {
    const minute = 60_000;
    /** Half a minute after a tick. */
    function atHalfPast() {
      const found = fixture(starcounter);
      found.clock.time = Math.ceil(start / minute) * minute + 30_000;
      return found;
    }

    QUnit.test(
      'SC-06, SC-07 ends a session at the first tick after more than twenty minutes',
      async (assert) => {
        const { sessions, clock } = atHalfPast();
        const { id } = await sessions.create();
        for (let use = 0; use < 3; use += 1) {
          clock.time += 20 * minute + 29_999;
          assert.equal((await sessions.get(id)).id, id);
          clock.time += 1;
          await sessions.get(id);
        }
        clock.time += 21 * minute;
        assert.equal(await codeOf(() => sessions.get(id)), 'session/expired');
      },
    );

    QUnit.test('SC-07 ends a session without a timeout at the next tick', async (assert) => {
      const { sessions, clock } = atHalfPast();
      const { id } = await sessions.create({}, null, { timeToLive: 0 });
      clock.time += 29_999;
      assert.equal((await sessions.get(id)).timeToLive, 0);
      clock.time += 1;
      assert.equal(await codeOf(() => sessions.get(id)), 'session/expired');
    });

    QUnit.test('SC-06 gives a session a timeout of its own, at any time', async (assert) => {
      const { sessions, clock } = atHalfPast();
      const session = await sessions.create();
      session.timeToLive = minute;
      assert.equal((await session.save()).expiresAt, clock.time - 30_000 + 2 * minute);
      assert.equal(session.timeToLive, minute);
    });

    QUnit.test('SC-07 cannot be good at the very instant as well', async (assert) => {
      assert.equal(
        await codeOf(async () => fixture({ ...starcounter, validAtExpiry: true })),
        'config/invalid',
      );
    });

    QUnit.test('SC-02 gives ids their form', async (assert) => {
      assert.true(/^[\dA-F]{24}$/.test((await fixture(starcounter).sessions.create()).id));
    });
  });

  QUnit.test('stays as it is, whoever uses it', (assert) => {
    for (const preset of [foxx, vweb, starcounter]) assert.true(Object.isFrozen(preset));
  });
});
