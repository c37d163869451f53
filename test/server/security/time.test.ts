import QUnit from 'qunit';
import { createTokens } from '../../../src/server/core/tokens.js';
import { password, start, tokensOptions } from '../fixture.js';
import { bearer, bodyOf, cookieOf, watched } from './watched.js';

const minute = 60_000;
const cookie = (wire: string) => ({ cookie: `__Host-session=${wire}`, origin: 'https://app.example' });
const json = { 'content-type': 'application/json', 'if-match': '*' };

QUnit.module('server/security › time', () => {
  QUnit.test('S14 ends a session that nobody uses, and not one in use', async (assert) => {
    const { signIn, get, clock } = watched({
      sessions: { ttlType: 'lastAccess', timeToLive: 30 * minute },
      server: { signInBy: 'carriers' },
    });
    const proof = cookie(cookieOf(await signIn()));
    for (let hour = 0; hour < 5; hour += 1) {
      clock.time += 30 * minute - 1;
      assert.equal((await get(proof)).status, 200);
    }
    clock.time += 30 * minute;
    assert.deepEqual(bodyOf(await get(proof)).code, 'session/expired');
  });

  QUnit.test('S15 ends it at the absolute limit, whatever is done with it', async (assert) => {
    const { signIn, get, send, clock } = watched({
      sessions: { ttlType: 'lastAccess', timeToLive: 30 * minute, absoluteTimeToLive: 60 * minute },
      server: { signInBy: 'carriers', dataAccess: 'read-write' },
    });
    const proof = cookie(cookieOf(await signIn()));
    for (let at = 1; at < 60; at += 1) {
      clock.time += minute;
      const put = await send('PUT', '/session/data', {
        headers: { ...proof, ...json },
        body: `{"at":"${at}"}`,
      });
      assert.true(put.status < 300, `${put.status}`);
    }
    clock.time += minute;
    assert.equal((await get(proof)).status, 401);
  });

  QUnit.test('S16 takes no time from the client: edited claims, an old cookie, data', async (assert) => {
    const { signIn, get, send, clock, store } = watched({
      sessions: { timeToLive: 60 * minute },
      server: { dataAccess: 'read-write' },
    });
    const { token, session } = bodyOf(await signIn());
    const [header, payload, signature] = token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const longer = Buffer.from(JSON.stringify({ ...claims, exp: claims.exp + 1e6 })).toString('base64url');
    assert.equal(bodyOf(await get(bearer(`${header}.${longer}.${signature}`))).code, 'token/signature');

    const wishes = { expiresAt: 9e15, timeToLive: 9e15, created: 9e15, notAfter: 9e15, lastAccess: 9e15 };
    const put = await send('PUT', '/session/data', {
      headers: { ...bearer(token), ...json },
      body: JSON.stringify({ ...wishes, session: wishes }),
    });
    assert.true(put.status < 300, `${put.status}`);
    const record = await store.get(session.id);
    assert.deepEqual([record?.expiresAt, record?.created], [start + 60 * minute, start]);

    // Signed by us, for longer than the session: what the token says is not when the session ends.
    const forgetful = createTokens(tokensOptions(clock.now));
    const generous = await forgetful.issue({ id: session.id, uid: 'ada', expiresAt: start + 600 * minute });
    clock.time += 60 * minute;
    assert.equal(bodyOf(await get(bearer(generous))).code, 'session/expired');
  });

  QUnit.test(
    'S16 judges a cookie that a browser should have dropped by the session alone',
    async (assert) => {
      const { signIn, get, clock } = watched({
        sessions: { timeToLive: 60 * minute },
        server: { signInBy: 'carriers' },
      });
      const proof = cookie(cookieOf(await signIn()));
      clock.time += 60 * minute;
      assert.equal((await get(proof)).status, 401);
      assert.equal((await get({ ...proof, 'x-max-age': '9999999' })).status, 401);
    },
  );

  QUnit.test('S17 judges before it counts the access: an expired session stays as it was', async (assert) => {
    const { signIn, get, clock, store } = watched({
      sessions: { ttlType: 'lastAccess', timeToLive: minute },
      server: { signInBy: 'carriers' },
    });
    const answer = await signIn();
    const { id } = bodyOf(answer).session;
    clock.time += minute;
    for (let again = 0; again < 3; again += 1) {
      assert.equal((await get(cookie(cookieOf(answer)))).status, 401);
    }
    assert.equal((await store.get(id))?.lastAccess, start);
  });

  for (const [what, end, survivors] of [
    ['S21 ends every session of a user who is no more', undefined, 0],
    ['S22 ends all sessions of a user but the present one', 0, 1],
  ] as const) {
    QUnit.test(`${what}, on every device and however it travels`, async (assert) => {
      const tokens = watched();
      const cookies = watched({ store: tokens.store, server: { signInBy: 'carriers' } });
      const proofs: { headers: { [name: string]: string }; id: string; get: typeof tokens.get }[] = [];
      for (let device = 0; device < 3; device += 1) {
        const one = bodyOf(await tokens.signIn());
        proofs.push({ headers: bearer(one.token), id: one.session.id, get: tokens.get });
        const answer = await cookies.signIn();
        proofs.push({ headers: cookie(cookieOf(answer)), id: bodyOf(answer).session.id, get: cookies.get });
      }
      const statuses = () => Promise.all(proofs.map(async ({ get, headers }) => (await get(headers)).status));
      assert.deepEqual(await statuses(), [200, 200, 200, 200, 200, 200]);

      const except = end === undefined ? undefined : proofs[end]?.id;
      const ended = await tokens.sessions.destroyByUser('ada', except === undefined ? {} : { except });
      assert.equal(ended, 6 - survivors);
      assert.deepEqual(
        await statuses(),
        proofs.map((_, index) => (index === end ? 200 : 401)),
      );
      assert.equal((await tokens.signIn('ada', password)).status, 201, 'and a new one can begin');
    });
  }
});
