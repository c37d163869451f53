import Observation from 'can-observation';
import QUnit from 'qunit';
import { SessionError, type SessionInstance, type SessionOptions } from '../../../src/index.js';
import { scriptedServer } from '../../support/scripted-server.js';
import { claimsOf, codeOf, jwt, NOW, SECONDS, TestStorage, testClock } from '../kit.js';
import { models } from '../models.js';

const { module, test } = QUnit;
const KEY = 'session-jwt';

/** What an instance shows, without methods. */
const shown = (instance: object) => (instance as { serialize?(): object }).serialize?.() ?? { ...instance };

/** Observes a static of a Session type as a template does, from now on. */
function observe<T>(read: () => T) {
  const seen: T[] = [];
  const observation = new Observation(read);
  const note = (value: T) => void seen.push(value);
  observation.on(note);
  seen.push(observation.get());
  return { seen, stop: () => observation.off(note) };
}

for (const [kind, connectModel] of Object.entries(models)) {
  module(kind, () => {
    /** A connected model with a storage and a clock of its own, and a server if it needs one. */
    function setUp(options: SessionOptions = {}) {
      const storage = new TestStorage();
      const clock = testClock();
      const Session = connectModel({ tokenStorage: storage, now: clock, ...options });
      return { Session, storage, clock };
    }

    module('get()', () => {
      test('rejects when nothing is stored, and asks no server (CAN-03)', async (assert) => {
        const server = await scriptedServer();
        const { Session } = setUp({ url: server.url });
        assert.equal(await codeOf(Session.get()), 'token/missing');
        assert.strictEqual(Session.current, null);
        assert.deepEqual(await server.requests(), []);
      });

      test('resolves with an instance that holds all claims, declared or not (CAN-09)', async (assert) => {
        const { Session, storage } = setUp();
        const claims = claimsOf('ann', { iat: SECONDS, roles: ['a'], email: 'a@x.example' });
        storage.setItem(KEY, jwt(claims));
        const session = await Session.get();
        assert.ok(session instanceof Session);
        assert.equal(session.sub, 'ann');
        assert.equal(session.exp, claims.exp);
        assert.equal(session.email, 'a@x.example');
        assert.deepEqual([...(session.roles as string[])], ['a']);
        assert.notOk(session.isNew());
      });

      test('takes a token that is stored as a JSON string (CAN-04)', async (assert) => {
        const { Session, storage } = setUp();
        storage.setItem(KEY, JSON.stringify(jwt(claimsOf('ann'))));
        assert.equal((await Session.get()).sub, 'ann');
        assert.equal(storage.getItem(KEY), jwt(claimsOf('ann')), 'which is bare from then on');
      });

      test('resolves with the same instance as long as the token is the same', async (assert) => {
        const { Session, storage } = setUp();
        storage.setItem(KEY, jwt(claimsOf('ann')));
        const session = await Session.get();
        assert.strictEqual(await Session.get(), session);
        assert.strictEqual(Session.current, session);
      });

      test('updates the instance when the same subject has a new token', async (assert) => {
        const { Session, storage } = setUp();
        storage.setItem(KEY, jwt(claimsOf('ann', { level: 1 })));
        const session = await Session.get();
        storage.setItem(KEY, jwt(claimsOf('ann', { exp: SECONDS + 7200, level: 2 })));
        assert.strictEqual(await Session.get(), session);
        assert.equal(session.exp, SECONDS + 7200, 'identity or not');
        assert.equal(session.level, 2);
      });

      for (const [what, text, code, reason] of [
        ['an expired token', jwt({ exp: SECONDS }), 'token/expired', 'expired'],
        ['rubbish', '%%%', 'token/malformed', 'tampered'],
        ['a payload of null', jwt('null'), 'token/not-object', 'tampered'],
      ] as const) {
        test(`removes ${what} and says ${reason}`, async (assert) => {
          const { Session, storage } = setUp();
          storage.setItem(KEY, text);
          assert.equal(await codeOf(Session.get()), code);
          assert.strictEqual(storage.getItem(KEY), null);
          assert.strictEqual(Session.current, null);
          assert.propContains(Session.state, { name: 'ended', reason });
          assert.equal(await codeOf(Session.get()), 'token/missing');
          assert.propContains(Session.state, { name: 'ended', reason }, 'and still says so when asked again');
        });
      }

      test('never throws synchronously, whatever the slot holds', (assert) => {
        for (const text of ['', '"', '""', '.', '..', '...', 'a.b.c', '{}', 'null', '\0', '"a.b.c']) {
          const { Session, storage } = setUp();
          storage.setItem(KEY, text);
          const promise = Session.get();
          assert.ok(promise instanceof Promise, JSON.stringify(text));
          promise.catch(() => {});
        }
      });

      test('finds out at the time of use that the token has expired', async (assert) => {
        const { Session, storage, clock } = setUp();
        storage.setItem(KEY, jwt(claimsOf('ann')));
        await Session.get();
        clock.at = NOW + 3_600_000;
        assert.equal(await codeOf(Session.get()), 'token/expired');
        assert.strictEqual(Session.current, null);
        assert.propContains(Session.state, { name: 'ended', reason: 'expired' });
      });

      test('says so when the token was removed under a signed-in user', async (assert) => {
        const { Session, storage } = setUp();
        storage.setItem(KEY, jwt(claimsOf('ann')));
        await Session.get();
        storage.removeItem(KEY);
        assert.equal(await codeOf(Session.get()), 'token/missing');
        assert.propContains(Session.state, { name: 'ended', reason: 'storage-cleared' });
      });
    });

    module('save()', () => {
      test('posts the credentials as JSON and resolves with the saved instance (CAN-06, CAN-09)', async (assert) => {
        const server = await scriptedServer();
        const token = jwt(claimsOf('ann', { iat: SECONDS }));
        await server.answer('POST', { status: 201, body: { token } });
        const { Session, storage } = setUp({ url: server.url });
        const session = new Session({ username: 'ann', password: 'secret-1' });
        assert.ok(session.isNew());
        assert.strictEqual(await session.save(), session);
        assert.strictEqual(Session.current, session);
        assert.notOk(session.isNew());
        assert.equal(session.sub, 'ann');
        assert.equal(storage.getItem(KEY), token);
        const [request] = await server.requests();
        assert.equal(request?.method, 'POST');
        assert.deepEqual(JSON.parse(request?.body ?? ''), { username: 'ann', password: 'secret-1' });
        assert.ok(request?.headers['content-type']?.startsWith('application/json'));
      });

      test('leaves neither password nor user name on the instance', async (assert) => {
        const server = await scriptedServer();
        await server.answer('POST', { status: 201, body: { token: jwt(claimsOf('ann')) } });
        const { Session } = setUp({ url: server.url });
        const session = await new Session({ username: 'ann-1', password: 'secret-1' }).save();
        const { username, password } = session as unknown as Record<string, unknown>;
        assert.notOk(username);
        assert.notOk(password);
        const everything = JSON.stringify([shown(session), session, Object.entries(session)]);
        assert.notOk(/secret-1|ann-1/.test(everything), everything);
      });

      test('signs the next user in with an instance of their own, also when both tokens end in the same second', async (assert) => {
        const server = await scriptedServer();
        const { Session } = setUp({ url: server.url });
        await server.answer('POST', { body: { token: jwt(claimsOf('ann')) } });
        const ann = await new Session({ username: 'ann', password: 'x' }).save();
        const bound = observe(() => (Session.current as SessionInstance | null)?.sub);
        await server.answer('DELETE', { status: 204 });
        await Session.connection.destroy();
        await server.answer('POST', { body: { token: jwt(claimsOf('bob')) } });
        const bob = await new Session({ username: 'bob', password: 'y' }).save();
        assert.notStrictEqual(bob, ann);
        assert.strictEqual(await Session.get(), bob);
        assert.equal(ann.sub, 'ann', 'the first instance was not rewritten');
        assert.deepEqual(bound.seen, ['ann', undefined, 'bob']);
        bound.stop();
      });

      test('rejects with the server’s code, keeps nobody signed in, and wipes the password', async (assert) => {
        const server = await scriptedServer();
        await server.answer('POST', {
          status: 401,
          body: { type: 'about:blank', title: 'x', status: 401, code: 'credentials/wrong' },
          contentType: 'application/problem+json',
        });
        const { Session, storage } = setUp({ url: server.url });
        const session = new Session({ username: 'ann', password: 'secret-1' });
        const error = await session.save().catch((cause: unknown) => cause as SessionError);
        assert.ok(error instanceof SessionError);
        assert.propContains(error, { code: 'credentials/wrong', status: 401 });
        assert.propContains((error as SessionError).body, { code: 'credentials/wrong' }, 'CAN-29');
        assert.notOk((session as unknown as { password: unknown }).password);
        assert.ok(session.isNew());
        assert.notOk(session.isSaving());
        assert.strictEqual(storage.getItem(KEY), null);
        assert.equal(await codeOf(Session.currentPromise), 'token/missing');
        assert.strictEqual(Session.current, null);
      });

      test('keeps the session, its token and its promise when a second sign-in fails (C-19)', async (assert) => {
        const server = await scriptedServer();
        const { Session, storage } = setUp({ url: server.url });
        storage.setItem(KEY, jwt(claimsOf('ann')));
        const ann = await Session.get();
        await server.answer('POST', { status: 401 });
        assert.equal(
          await codeOf(new Session({ username: 'bob', password: 'x' }).save()),
          'credentials/wrong',
        );
        assert.strictEqual(Session.current, ann);
        assert.strictEqual(await Session.currentPromise, ann);
        assert.strictEqual(await Session.get(), ann);
        assert.equal(Session.state.name, 'authenticated');
      });

      test('refuses a token that it would not accept from storage, and stores nothing', async (assert) => {
        const server = await scriptedServer();
        await server.answer('POST', { status: 201, body: { token: jwt({ exp: SECONDS - 1 }) } });
        const { Session, storage } = setUp({ url: server.url });
        assert.equal(await codeOf(new Session({ username: 'a', password: 'b' }).save()), 'token/expired');
        assert.strictEqual(storage.getItem(KEY), null);
      });

      test('signs in again with the instance that is signed in', async (assert) => {
        const server = await scriptedServer();
        const { Session } = setUp({ url: server.url });
        await server.answer('POST', { body: { token: jwt(claimsOf('ann')) } });
        const session = await new Session({ username: 'ann', password: 'x' }).save();
        await server.answer('POST', { body: { token: jwt(claimsOf('ann', { exp: SECONDS + 7200 })) } });
        assert.strictEqual(await session.save(), session);
        assert.equal(session.exp, SECONDS + 7200);
      });

      test('shows the instance that is being saved (CAN-22)', async (assert) => {
        const server = await scriptedServer();
        const held = await server.hold('POST');
        const { Session } = setUp({ url: server.url });
        const session = new Session({ username: 'ann', password: 'x' });
        const saving = session.save();
        assert.equal(Session.state.name, 'authenticating');
        assert.strictEqual(Session.saving, session);
        assert.ok(session.isSaving());
        await held.release({ body: { token: jwt(claimsOf('ann')) } });
        await saving;
        assert.notOk(session.isSaving());
        assert.strictEqual(Session.saving, undefined);
        assert.equal(Session.state.name, 'authenticated');
      });

      test('tells a listener of the type that a session was created', async (assert) => {
        const server = await scriptedServer();
        await server.answer('POST', { body: { token: jwt(claimsOf('ann')) } });
        const { Session } = setUp({ url: server.url });
        const created: unknown[] = [];
        const { on } = Session as unknown as {
          on?(event: string, handler: (...args: unknown[]) => void): void;
        };
        on?.call(Session, 'created', (_event, instance) => created.push(instance));
        const session = await new Session({ username: 'ann', password: 'x' }).save();
        if (on) assert.deepEqual(created, [session]);
        else assert.ok(session, 'this type has no events');
      });
    });

    module('destroy()', () => {
      test('signs out without an instance, here first and then on the server (CAN-10, CAN-29)', async (assert) => {
        const server = await scriptedServer();
        const held = await server.hold('DELETE');
        const { Session, storage } = setUp({ url: server.url });
        const token = jwt(claimsOf('ann'));
        storage.setItem(KEY, token);
        const ann = await Session.get();
        const leaving = Session.connection.destroy();
        assert.strictEqual(storage.getItem(KEY), null);
        assert.strictEqual(Session.current, null);
        assert.propContains(Session.state, { name: 'ended', reason: 'signed-out' });
        const request = await held.arrived;
        assert.equal(request.headers.authorization, `Bearer ${token}`);
        assert.equal(request.body, '');
        await held.release({ status: 204 });
        assert.strictEqual(await leaving, ann);
        assert.propContains(Session.state, { told: true });
      });

      test('does the same from the instance', async (assert) => {
        const server = await scriptedServer();
        await server.answer('DELETE', { status: 204 });
        const { Session, storage } = setUp({ url: server.url });
        storage.setItem(KEY, jwt(claimsOf('ann')));
        const ann = await Session.get();
        assert.strictEqual(await ann.destroy(), ann);
        assert.strictEqual(storage.getItem(KEY), null);
        assert.strictEqual(Session.current, null);
        assert.equal((await server.requests()).length, 1);
      });

      test('does nothing, and asks nobody, when nobody is signed in (C-04)', async (assert) => {
        const server = await scriptedServer();
        const { Session } = setUp({ url: server.url });
        await Session.connection.destroy();
        await Session.connection.destroy();
        assert.strictEqual(Session.current, null);
        assert.equal(Session.state.name, 'anonymous');
        assert.deepEqual(await server.requests(), []);
      });

      test('signs out a user whom nobody has asked about yet', async (assert) => {
        const server = await scriptedServer();
        await server.answer('DELETE', { status: 204 });
        const { Session, storage } = setUp({ url: server.url });
        storage.setItem(KEY, jwt(claimsOf('ann')));
        await Session.connection.destroy();
        assert.strictEqual(storage.getItem(KEY), null);
        assert.equal((await server.requests()).length, 1);
      });

      test('signs out and shows it when the server cannot be told', async (assert) => {
        const server = await scriptedServer();
        await server.fail('DELETE');
        const { Session, storage } = setUp({ url: server.url });
        storage.setItem(KEY, jwt(claimsOf('ann')));
        await Session.get();
        await Session.connection.destroy();
        assert.strictEqual(storage.getItem(KEY), null);
        assert.strictEqual(Session.current, null);
        assert.propContains(Session.state, { name: 'ended', reason: 'signed-out', told: false });
      });

      test('counts a 401 as told, since the session is over there too, and a 503 as not told', async (assert) => {
        for (const [status, told] of [
          [401, true],
          [404, true],
          [503, false],
          [403, false],
        ] as const) {
          const server = await scriptedServer();
          await server.answer('DELETE', { status });
          const { Session, storage } = setUp({ url: server.url });
          storage.setItem(KEY, jwt(claimsOf('ann')));
          await Session.get();
          await Session.connection.destroy();
          assert.propContains(Session.state, { told }, String(status));
        }
      });

      test('leaves the present user alone when an earlier user’s instance is destroyed', async (assert) => {
        const server = await scriptedServer();
        await server.answer('DELETE', { status: 204 });
        const { Session } = setUp({ url: server.url });
        await server.answer('POST', { body: { token: jwt(claimsOf('ann')) } });
        const ann = await new Session({ username: 'ann', password: 'x' }).save();
        await server.answer('POST', { body: { token: jwt(claimsOf('bob')) } });
        const bob = await new Session({ username: 'bob', password: 'y' }).save();
        await ann.destroy();
        assert.strictEqual(Session.current, bob);
      });
    });

    module('current', () => {
      test('is undefined, then the instance, then null, and observers hear of each change (CAN-20, CAN-21, CAN-27)', async (assert) => {
        const server = await scriptedServer();
        await server.answer('DELETE', { status: 204 });
        const { Session, storage } = setUp({ url: server.url });
        storage.setItem(KEY, jwt(claimsOf('ann')));
        const { seen, stop } = observe(() => Session.current);
        assert.deepEqual(seen, [undefined]);
        const ann = await Session.currentPromise;
        await Session.connection.destroy();
        assert.strictEqual(seen[1], ann);
        assert.strictEqual(seen[2], null);
        assert.equal(seen.length, 3);
        stop();
      });

      test('asks once, however often it is read, and what rejects raises nothing (CAN-20, C-01)', async (assert) => {
        const server = await scriptedServer();
        const { Session } = setUp({ url: server.url, token: 'cookie' });
        const held = await server.hold('GET');
        assert.strictEqual(Session.current, undefined);
        assert.strictEqual(Session.currentPromise, Session.currentPromise);
        assert.strictEqual(Session.current, undefined);
        await held.release({ status: 401 });
        assert.equal(await codeOf(Session.currentPromise), 'session/ended');
        assert.strictEqual(Session.current, null);
        assert.equal((await server.requests()).length, 1);
      });

      test('is not asked for when a sign-in comes first (C-02)', async (assert) => {
        const server = await scriptedServer();
        await server.answer('POST', { body: { session: { uid: 'ann' } } });
        const { Session } = setUp({ url: server.url, token: 'cookie' });
        const session = await new Session({ username: 'ann', password: 'x' }).save();
        assert.strictEqual(Session.current, session);
        assert.deepEqual(
          (await server.requests()).map(({ method }) => method),
          ['POST'],
        );
      });

      test('rejects its promise after a sign-out, and asks nobody again (CAN-23)', async (assert) => {
        const server = await scriptedServer();
        await server.answer('DELETE', { status: 204 });
        const { Session, storage } = setUp({ url: server.url });
        storage.setItem(KEY, jwt(claimsOf('ann')));
        await Session.get();
        await Session.connection.destroy();
        assert.strictEqual(Session.current, null);
        assert.equal(await codeOf(Session.currentPromise), 'session/ended');
        assert.deepEqual(
          (await server.requests()).map(({ method }) => method),
          ['DELETE'],
        );
      });

      test('takes an instance that came with the page, or nobody (CAN-25)', async (assert) => {
        const server = await scriptedServer();
        const { Session, clock } = setUp({ url: server.url });
        const ann = new Session({ exp: SECONDS + 3600 });
        Session.current = ann;
        assert.strictEqual(Session.current, ann);
        assert.strictEqual(await Session.currentPromise, ann);
        assert.strictEqual(await Session.get(), ann, 'although there is no token');
        clock.at = NOW + 3_600_000;
        assert.equal(await codeOf(Session.get()), 'token/expired', 'until it expires');
        Session.current = undefined;
        assert.strictEqual(Session.current, null);
        assert.deepEqual(await server.requests(), []);
      });

      test('takes nothing but an instance of the type (CAN-25)', async (assert) => {
        const { Session } = setUp();
        for (const wrong of [{}, 'ann', 1, true]) {
          assert.equal(
            await codeOf(() => {
              Session.current = wrong as unknown as SessionInstance;
            }),
            'config/type',
          );
        }
      });

      test('follows the connection as it follows the type (CAN-24)', async (assert) => {
        const server = await scriptedServer();
        await server.answer('POST', { body: { token: jwt(claimsOf('ann')) } });
        await server.answer('DELETE', { status: 204 });
        const { Session } = setUp({ url: server.url });
        const session = new Session({ username: 'ann', password: 'x' });
        await Session.connection.save(session);
        assert.strictEqual(Session.current, session);
        await Session.connection.destroy(session);
        assert.strictEqual(Session.current, null);
      });
    });

    module('adopt()', () => {
      test('signs in with a token that came another way', async (assert) => {
        const { Session, storage } = setUp();
        const token = jwt(claimsOf('ann'));
        const session = await Session.connection.adopt(token);
        assert.equal(session.sub, 'ann');
        assert.strictEqual(Session.current, session);
        assert.equal(storage.getItem(KEY), token);
      });

      test('rejects a bad token and leaves the session as it is', async (assert) => {
        const { Session, storage } = setUp();
        storage.setItem(KEY, jwt(claimsOf('ann')));
        const ann = await Session.get();
        assert.equal(await codeOf(Session.connection.adopt(jwt({ exp: SECONDS - 1 }))), 'token/expired');
        assert.equal(await codeOf(Session.connection.adopt('rubbish')), 'token/malformed');
        assert.strictEqual(await Session.get(), ann);
      });
    });
  });
}
