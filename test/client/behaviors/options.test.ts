import QUnit from 'qunit';
import { connectSession, SessionError, type SessionOptions } from '../../../src/index.js';
import { scriptedServer } from '../../support/scripted-server.js';
import { claimsOf, codeOf, jwt, NOW, SECONDS, TestStorage, testClock } from '../kit.js';
import { strictModel } from '../models.js';

const { module, test } = QUnit;
const KEY = 'session-jwt';
const credentials = { username: 'ann', password: 'x' };

function setUp(options: SessionOptions = {}) {
  const storage = new TestStorage();
  const clock = testClock();
  const Session = connectSession({
    ObjectType: strictModel(),
    tokenStorage: storage,
    now: clock,
    ...options,
  });
  return { Session, storage, clock };
}

module('options', () => {
  module('readToken', () => {
    const token = jwt(claimsOf('ann'));
    const answers: Record<string, { body: unknown; contentType?: string }> = {
      'a raw text': { body: token },
      'a raw text that calls itself JSON': { body: token, contentType: 'application/json' },
      'a JSON string': { body: JSON.stringify(token), contentType: 'application/json' },
      'a JSON string that calls itself text': { body: `${JSON.stringify(token)}\n` },
      'an object with token': { body: { token, session: {} } },
      'an object with jwt': { body: { jwt: token } },
      'an object with access_token': { body: { access_token: token, token_type: 'Bearer' } },
    };
    for (const [what, answer] of Object.entries(answers)) {
      test(`finds the token in ${what}`, async (assert) => {
        const server = await scriptedServer();
        await server.answer('POST', answer);
        const { Session, storage } = setUp({ url: server.url });
        assert.equal((await new Session(credentials).save()).sub, 'ann');
        assert.equal(storage.getItem(KEY), token);
      });
    }

    test('finds it with a function of the app', async (assert) => {
      const server = await scriptedServer();
      await server.answer('POST', { body: { data: { attributes: { key: token } } } });
      const readToken = (answer: unknown) =>
        (answer as { data: { attributes: { key: string } } }).data.attributes.key;
      const { Session } = setUp({ url: server.url, readToken });
      assert.equal((await new Session(credentials).save()).sub, 'ann');
    });

    for (const body of ['', 'OK', '{"ok":true}', 'null', '[]', '17', '<html>']) {
      test(`rejects an answer without a token: ${JSON.stringify(body)}`, async (assert) => {
        const server = await scriptedServer();
        await server.answer('POST', { body });
        const { Session, storage } = setUp({ url: server.url });
        const code = await codeOf(new Session(credentials).save());
        assert.ok(code?.startsWith('token/'), code);
        assert.strictEqual(storage.getItem(KEY), null);
        assert.notStrictEqual(Session.state.name, 'authenticating');
      });
    }
  });

  module('url', () => {
    test('may be one for each method, and no sign-out at all (CAN-28)', async (assert) => {
      const [login, me] = [await scriptedServer(), await scriptedServer()];
      await login.answer('POST', { body: { token: jwt(claimsOf('ann')) } });
      await me.answer('GET', { body: {} });
      const { Session } = setUp({
        verify: true,
        url: { createData: login.url, getData: me.url, destroyData: false },
      });
      await new Session(credentials).save();
      await Session.get();
      await Session.connection.destroy();
      assert.deepEqual(
        (await login.requests()).map(({ method }) => method),
        ['POST'],
      );
      assert.deepEqual(
        (await me.requests()).map(({ method }) => method),
        ['GET'],
      );
      assert.strictEqual(Session.current, null);
    });

    test('may lie on another origin, which is sent JSON and not a form', async (assert) => {
      const server = await scriptedServer();
      await server.answer('POST', { body: { token: jwt(claimsOf('ann')) } });
      await server.answer('DELETE', { status: 204 });
      const { Session } = setUp({ url: server.crossOriginUrl });
      await new Session(credentials).save();
      await Session.connection.destroy();
      const [post, gone] = await server.requests();
      assert.ok(post?.headers['content-type']?.startsWith('application/json'));
      assert.deepEqual(JSON.parse(post?.body ?? ''), credentials);
      assert.ok(gone?.headers.authorization?.startsWith('Bearer '));
      assert.propContains(Session.state, { told: true });
    });
  });

  module('signIn', () => {
    test('replaces the POST (OAuth, a protocol of one’s own)', async (assert) => {
      const server = await scriptedServer();
      const seen: object[] = [];
      const { Session, storage } = setUp({
        url: server.url,
        signIn: (fields) => {
          seen.push(fields);
          return { access_token: jwt(claimsOf('ann')) };
        },
      });
      assert.equal((await new Session(credentials).save()).sub, 'ann');
      assert.deepEqual(seen, [credentials]);
      assert.equal(storage.getItem(KEY), jwt(claimsOf('ann')));
      assert.deepEqual(await server.requests(), []);
    });

    test('lets its own error through', async (assert) => {
      const wrong = new Error('the popup was closed');
      const { Session } = setUp({ signIn: () => Promise.reject(wrong) });
      const caught = await new Session(credentials).save().catch((error: unknown) => error);
      assert.strictEqual(caught, wrong);
      assert.equal(Session.state.name, 'unknown', 'as before');
    });
  });

  module('verify', () => {
    async function signedIn(stored = claimsOf('ann')) {
      const server = await scriptedServer();
      const set = setUp({ url: server.url, verify: true });
      set.storage.setItem(KEY, jwt(stored));
      return { server, ...set };
    }

    test('asks the server about a stored token', async (assert) => {
      const { server, Session } = await signedIn();
      await server.answer('GET', { body: { session: {} } });
      assert.equal((await Session.get()).sub, 'ann');
      const [request] = await server.requests();
      assert.equal(request?.headers.authorization, `Bearer ${jwt(claimsOf('ann'))}`);
      assert.equal(request?.body, '', 'CAN-29');
      assert.propContains(Session.state, { stale: false });
    });

    test('asks nobody when nothing is stored', async (assert) => {
      const server = await scriptedServer();
      const { Session } = setUp({ url: server.url, verify: true });
      assert.equal(await codeOf(Session.get()), 'token/missing');
      assert.deepEqual(await server.requests(), []);
    });

    test('ends the session at a 401 and removes the token', async (assert) => {
      const { server, Session, storage } = await signedIn();
      await server.answer('GET', { status: 401, body: { code: 'session/ended', status: 401 } });
      assert.equal(await codeOf(Session.get()), 'session/ended');
      assert.strictEqual(storage.getItem(KEY), null);
      assert.propContains(Session.state, { name: 'ended', reason: 'revoked' });
    });

    test('says expired when that is what the server says', async (assert) => {
      const { server, Session } = await signedIn();
      await server.answer('GET', { status: 401, body: { code: 'session/expired', status: 401 } });
      assert.equal(await codeOf(Session.get()), 'session/expired');
      assert.propContains(Session.state, { name: 'ended', reason: 'expired' });
    });

    for (const status of [500, 503, 404, 429]) {
      test(`keeps the session, marked as stale, at a ${status} (C-12)`, async (assert) => {
        const { server, Session, storage } = await signedIn();
        await server.answer('GET', { status });
        assert.equal((await Session.get()).sub, 'ann');
        assert.ok(storage.getItem(KEY));
        assert.propContains(Session.state, { name: 'authenticated', stale: true });
      });
    }

    test('keeps it at a 503 that names a token code: only a 401 speaks of the session', async (assert) => {
      const { server, Session, storage } = await signedIn();
      await server.answer('GET', { status: 503, body: { code: 'token/expired', status: 503 } });
      assert.equal((await Session.get()).sub, 'ann');
      assert.ok(storage.getItem(KEY));
      assert.propContains(Session.state, { name: 'authenticated', stale: true });
    });

    test('keeps it when the network fails, and is no longer stale when it is back', async (assert) => {
      const { server, Session } = await signedIn();
      await server.fail('GET');
      const ann = await Session.get();
      assert.propContains(Session.state, { stale: true });
      await server.answer('GET', { body: {} });
      assert.strictEqual(await Session.get(), ann);
      assert.propContains(Session.state, { stale: false });
    });
  });

  module("token: 'cookie' (CAN-30)", () => {
    const session = { id: 'i', uid: 'ann', userData: {}, data: {}, expiresAt: NOW + 60_000 };

    test('asks GET url and stores nothing', async (assert) => {
      const server = await scriptedServer();
      await server.answer('GET', { body: { session } });
      const { Session, storage } = setUp({ url: server.url, token: 'cookie' });
      const ann = await Session.get();
      assert.equal(ann.uid, 'ann');
      assert.equal(ann.sub, 'ann', 'under the name of a JWT too');
      assert.equal(ann.exp, SECONDS + 60);
      assert.deepEqual([...storage.items], []);
      assert.notOk((await server.requests())[0]?.headers.authorization);
    });

    test('takes a session that is the whole answer', async (assert) => {
      const server = await scriptedServer();
      await server.answer('GET', { body: { sub: 'ann', email: 'a@x.example' } });
      const { Session } = setUp({ url: server.url, token: 'cookie' });
      assert.equal((await Session.get()).email, 'a@x.example');
    });

    test('keeps the instance as long as the subject is the same', async (assert) => {
      const server = await scriptedServer();
      await server.answer('GET', { body: { session } });
      const { Session } = setUp({ url: server.url, token: 'cookie' });
      const ann = await Session.get();
      assert.strictEqual(await Session.get(), ann);
      await server.answer('GET', { body: { session: { ...session, uid: 'bob' } } });
      assert.notStrictEqual(await Session.get(), ann);
    });

    test('tells a network failure from nobody', async (assert) => {
      const server = await scriptedServer();
      await server.fail('GET');
      const { Session } = setUp({ url: server.url, token: 'cookie' });
      assert.equal(await codeOf(Session.get()), 'network/failed');
      assert.strictEqual(Session.current, undefined);
      assert.propContains(Session.state, { name: 'unknown' });
      await server.answer('GET', { status: 401 });
      assert.equal(await codeOf(Session.get()), 'session/ended');
      assert.strictEqual(Session.current, null);
      assert.equal(Session.state.name, 'anonymous');
    });

    test('keeps a known user through an outage, and ends at a 401', async (assert) => {
      const server = await scriptedServer();
      await server.answer('GET', { body: { session } });
      const { Session } = setUp({ url: server.url, token: 'cookie' });
      const ann = await Session.get();
      await server.answer('GET', { status: 500 });
      assert.strictEqual(await Session.get(), ann);
      await server.answer('GET', { status: 401 });
      assert.equal(await codeOf(Session.get()), 'session/ended');
      assert.propContains(Session.state, { name: 'ended', reason: 'revoked' });
    });

    test('rejects an answer that holds no session', async (assert) => {
      const server = await scriptedServer();
      await server.answer('GET', { body: 'welcome' });
      const { Session } = setUp({ url: server.url, token: 'cookie' });
      assert.equal(await codeOf(Session.get()), 'session/malformed');
      assert.strictEqual(Session.current, undefined, 'which is not the same as nobody');
    });

    test('asks the server to end the session, without a token', async (assert) => {
      const server = await scriptedServer();
      await server.answer('DELETE', { status: 204 });
      const { Session } = setUp({ url: server.url, token: 'cookie' });
      await Session.connection.destroy();
      assert.strictEqual(Session.current, null);
      const [request] = await server.requests();
      assert.equal(request?.method, 'DELETE');
      assert.notOk(request?.headers.authorization);
    });
  });

  module('tokenStorage', () => {
    test('is the sessionStorage of the page by default, under session-jwt (CAN-02)', async (assert) => {
      const token = jwt(claimsOf('ann'));
      sessionStorage.setItem(KEY, token);
      const Session = connectSession({
        ObjectType: strictModel(),
        now: testClock(),
        url: { getData: '', createData: '', destroyData: false },
      });
      assert.equal((await Session.get()).sub, 'ann');
      await Session.connection.destroy();
      assert.strictEqual(sessionStorage.getItem(KEY), null);
    });

    test('keeps its token under another key when told to', async (assert) => {
      const { Session, storage } = setUp({ storageKey: 'mine' });
      await Session.connection.adopt(jwt(claimsOf('ann')));
      assert.deepEqual([...storage.items.keys()], ['mine']);
    });

    test('falls back to memory when touching it throws, and says so', async (assert) => {
      const tokenStorage = () => {
        throw new DOMException('sandboxed', 'SecurityError');
      };
      const { Session } = setUp({ tokenStorage });
      assert.equal(await codeOf(Session.get()), 'token/missing');
      await Session.connection.adopt(jwt(claimsOf('ann')));
      assert.propContains(Session.state, { name: 'authenticated', persisted: false });
      assert.equal((await Session.get()).sub, 'ann');
    });

    test('falls back to memory when it is full, and leaves no older token behind', async (assert) => {
      const { Session, storage } = setUp();
      await Session.connection.adopt(jwt(claimsOf('ann')));
      assert.propContains(Session.state, { persisted: true });
      storage.refusesWrites = true;
      await Session.connection.adopt(jwt(claimsOf('bob')));
      assert.propContains(Session.state, { persisted: false });
      assert.equal((await Session.get()).sub, 'bob');
      assert.deepEqual([...storage.items], [], 'a reload must not bring ann back');
      storage.refusesWrites = false;
      await Session.connection.adopt(jwt(claimsOf('cyd')));
      assert.propContains(Session.state, { persisted: true });
    });
  });

  test('claims asks a token for its issuer and audience', async (assert) => {
    const { Session, storage } = setUp({ claims: { issuer: 'me', audience: 'app' } });
    storage.setItem(KEY, jwt(claimsOf('ann', { iss: 'else', aud: 'app' })));
    assert.equal(await codeOf(Session.get()), 'token/issuer');
    assert.strictEqual(storage.getItem(KEY), null);
    storage.setItem(KEY, jwt(claimsOf('ann', { iss: 'me', aud: ['app'] })));
    assert.equal((await Session.get()).sub, 'ann');
  });

  test('a type is needed, and the error says so', async (assert) => {
    assert.equal(await codeOf(() => connectSession({})), 'config/type');
    try {
      connectSession({});
    } catch (error) {
      assert.ok(error instanceof SessionError);
      assert.ok((error as Error).message.includes('ObjectType'));
    }
  });
});
