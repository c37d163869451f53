import QUnit from 'qunit';
import { connectSession, type SessionOptions } from '../../../src/index.js';
import { scriptedServer } from '../../support/scripted-server.js';
import { claimsOf, codeOf, jwt, TestStorage, testClock } from '../kit.js';
import { guideModel } from '../models.js';

const { module, test } = QUnit;
const KEY = 'session-jwt';

async function setUp(options: SessionOptions = {}) {
  const server = await scriptedServer();
  const storage = new TestStorage();
  const Session = connectSession({
    Map: guideModel(),
    tokenStorage: storage,
    now: testClock(),
    url: server.url,
    ...options,
  });
  const signIn = (username: string) => new Session({ username, password: 'x' }).save();
  return { Session, storage, server, signIn };
}

module('races', () => {
  test('the sign-in that started later wins, whichever is answered first (C-18)', async (assert) => {
    const { Session, storage, server, signIn } = await setUp();
    const [first, second] = [await server.hold('POST'), await server.hold('POST')];
    const ann = codeOf(signIn('ann'));
    await first.arrived;
    const bob = signIn('bob');
    await second.arrived;
    await second.release({ body: { token: jwt(claimsOf('bob')) } });
    assert.equal((await bob).sub, 'bob');
    await first.release({ body: { token: jwt(claimsOf('ann')) } });
    assert.equal(await ann, 'session/superseded');
    assert.strictEqual(Session.current, await bob);
    assert.equal(storage.getItem(KEY), jwt(claimsOf('bob')));
  });

  test('it also wins when the earlier one is answered first', async (assert) => {
    const { Session, server, signIn } = await setUp();
    const [first, second] = [await server.hold('POST'), await server.hold('POST')];
    const ann = codeOf(signIn('ann'));
    await first.arrived;
    const bob = signIn('bob');
    await first.release({ body: { token: jwt(claimsOf('ann')) } });
    assert.equal(await ann, 'session/superseded');
    assert.equal(Session.state.name, 'authenticating');
    await second.release({ body: { token: jwt(claimsOf('bob')) } });
    assert.strictEqual(Session.current, await bob);
  });

  test('an instance that is saved twice at once (a double click) holds the claims of the second', async (assert) => {
    const { Session, server } = await setUp();
    const [first, second] = [await server.hold('POST'), await server.hold('POST')];
    const session = new Session({ username: 'ann', password: 'x' });
    const one = codeOf(session.save());
    await first.arrived;
    const two = session.save();
    await first.release({ body: { token: jwt(claimsOf('ann', { n: 1 })) } });
    assert.equal(await one, 'session/superseded');
    await second.release({ body: { token: jwt(claimsOf('ann', { n: 2 })) } });
    assert.strictEqual(await two, session);
    assert.strictEqual(Session.current, session);
    assert.equal(session.n, 2);
  });

  test('a sign-out during a sign-in leaves nobody signed in (C-17)', async (assert) => {
    const { Session, storage, server, signIn } = await setUp();
    const held = await server.hold('POST');
    const ann = codeOf(signIn('ann'));
    await held.arrived;
    await Session.connection.destroy();
    await held.release({ body: { token: jwt(claimsOf('ann')) } });
    assert.equal(await ann, 'session/superseded');
    assert.strictEqual(Session.current, null);
    assert.deepEqual([...storage.items], []);
  });

  test('a sign-out during the start-up check leaves nobody signed in (C-17)', async (assert) => {
    const { Session, storage, server } = await setUp({ verify: true });
    storage.setItem(KEY, jwt(claimsOf('ann')));
    await server.answer('DELETE', { status: 204 });
    const held = await server.hold('GET');
    const check = codeOf(Session.get());
    await held.arrived;
    await Session.connection.destroy();
    await held.release({ body: {} });
    assert.equal(await check, 'session/superseded');
    assert.strictEqual(Session.current, null);
    assert.deepEqual([...storage.items], []);
    assert.propContains(Session.state, { name: 'ended', reason: 'signed-out' });
  });

  test('a sign-out that is answered after the next sign-in does not touch it', async (assert) => {
    const { Session, server, signIn } = await setUp();
    await server.answer('POST', { body: { token: jwt(claimsOf('ann')) } });
    await signIn('ann');
    const held = await server.hold('DELETE');
    const leaving = Session.connection.destroy();
    await held.arrived;
    await server.answer('POST', { body: { token: jwt(claimsOf('bob')) } });
    const bob = await signIn('bob');
    await held.release({ status: 204 });
    await leaving;
    assert.strictEqual(Session.current, bob);
    assert.equal(Session.state.name, 'authenticated');
  });

  test('a check that starts during a sign-in waits for it', async (assert) => {
    const { Session, server, signIn } = await setUp();
    const held = await server.hold('POST');
    const saving = signIn('ann');
    const checks = [Session.get(), Session.currentPromise];
    await held.release({ body: { token: jwt(claimsOf('ann')) } });
    const ann = await saving;
    for (const check of checks) assert.strictEqual(await check, ann);
    assert.deepEqual(
      (await server.requests()).map(({ method }) => method),
      ['POST'],
    );
  });

  test('a check that starts during a sign-in that fails finds what was there before', async (assert) => {
    const { Session, server, storage, signIn } = await setUp();
    storage.setItem(KEY, jwt(claimsOf('ann')));
    const held = await server.hold('POST');
    const bob = codeOf(signIn('bob'));
    const check = Session.get();
    await held.release({ status: 401 });
    assert.equal(await bob, 'credentials/wrong');
    assert.equal((await check).sub, 'ann');
  });

  test('checks at the same time share one request', async (assert) => {
    const { Session, server } = await setUp({ token: 'cookie' });
    const held = await server.hold('GET');
    const checks = [Session.get(), Session.get(), Session.currentPromise];
    await held.release({ body: { session: { uid: 'ann' } } });
    const [one, two, three] = await Promise.all(checks);
    assert.strictEqual(one, two);
    assert.strictEqual(two, three);
    assert.equal((await server.requests()).length, 1);
  });

  test('an earlier answer in cookie mode does not undo a later sign-in', async (assert) => {
    const { Session, server, signIn } = await setUp({ token: 'cookie' });
    const held = await server.hold('GET');
    const check = codeOf(Session.get());
    await held.arrived;
    await server.answer('POST', { body: { session: { uid: 'ann' } } });
    const ann = await signIn('ann');
    await held.release({ status: 401 });
    assert.equal(await check, 'session/superseded');
    assert.strictEqual(Session.current, ann);
  });

  test('a bad token handed to adopt() does not void the sign-in under way', async (assert) => {
    const { Session, server, signIn } = await setUp();
    const held = await server.hold('POST');
    const saving = signIn('ann');
    assert.equal(await codeOf(Session.connection.adopt('rubbish')), 'token/malformed');
    await held.release({ body: { token: jwt(claimsOf('ann')) } });
    assert.strictEqual(Session.current, await saving);
  });

  test('whoever observes a change may call anything at once (C-20)', async (assert) => {
    const { Session, server, signIn, storage } = await setUp();
    await server.answer('POST', { body: { token: jwt(claimsOf('ann')) } });
    await server.answer('DELETE', { status: 204 });
    const states: string[] = [];
    const { default: Observation } = await import('can-observation');
    const observation = new Observation(() => Session.current);
    let left: Promise<unknown> | undefined;
    const react = (current: unknown) => {
      states.push(Session.state.name);
      if (current) left = Session.connection.destroy();
    };
    observation.on(react);
    await codeOf(signIn('ann'));
    await left;
    observation.off(react);
    assert.deepEqual(states, ['authenticated', 'ended']);
    assert.deepEqual([...storage.items], []);
  });
});
