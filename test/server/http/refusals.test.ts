import { randomBytes } from 'node:crypto';
import QUnit from 'qunit';
import { foxxIds } from '../../../src/server/core/plain-ids.js';
import { cookieCarrier } from '../../../src/server/http/carriers/cookie.js';
import { headerCarrier } from '../../../src/server/http/carriers/header.js';
import { secret, start } from '../fixture.js';
import { bearer, bodyOf, cookieOf, counted, watched } from '../security/watched.js';

/** How many guesses cost nothing. */
const guesses = 1000;
const cookie = (wire: string) => ({ cookie: `__Host-session=${wire}` });
const guess = () => randomBytes(32).toString('base64url');
const agent = { 'user-agent': 'Browser/1.0' };

async function inTurn<T>(count: number, work: () => Promise<T>): Promise<T[]> {
  const all: T[] = [];
  for (let index = 0; index < count; index += 1) all.push(await work());
  return all;
}

async function signedIn(mode: 'token' | 'carriers' = 'token', own: Parameters<typeof watched>[0] = {}) {
  const parts = watched({ ...own, server: { signInBy: mode, ...own.server } });
  const answer = await parts.signIn();
  const proof: { readonly [name: string]: string } =
    mode === 'token' ? bearer(bodyOf(answer).token) : cookie(cookieOf(answer));
  parts.events.length = 0;
  return { ...parts, proof };
}

QUnit.module('server/http/refusals', () => {
  QUnit.module('S71 tells', () => {
    const from = { address: '192.0.2.1', agent: 'Browser/1.0', at: start };

    QUnit.test('of a token that is none of ours, whichever request shows it', async (assert) => {
      const { send, events, proof } = await signedIn();
      const headers = { authorization: `${proof.authorization}x`, ...agent };
      for (const method of ['GET', 'DELETE']) await send(method, '/session', { headers });
      const told = { type: 'refused', code: 'token/signature', ...from } as const;
      assert.deepEqual(events, [told, told]);
    });

    QUnit.test('of a cookie that stands for no session', async (assert) => {
      const { get, events } = await signedIn('carriers');
      await get({ ...cookie(guess()), ...agent });
      assert.deepEqual(events, [{ type: 'refused', code: 'session/not-found', carrier: 'cookie', ...from }]);
    });

    QUnit.test('of a session and of a token whose time is over', async (assert) => {
      const { get, events, clock, proof } = await signedIn('carriers', { sessions: { timeToLive: 1000 } });
      clock.time += 1000;
      await get(proof);
      assert.deepEqual(
        events.map(({ code, carrier }) => [code, carrier]),
        [['session/expired', 'cookie']],
      );
      const other = await signedIn('token', { sessions: { timeToLive: 1000 } });
      other.clock.time += 1000;
      await other.get(other.proof);
      assert.deepEqual(
        other.events.map(({ code }) => code),
        ['token/expired'],
      );
    });

    QUnit.test('of what a request of the host shows', async (assert) => {
      const { server, requestOf, events } = await signedIn('carriers');
      await server.open(requestOf('GET', '/', { headers: cookie(guess()) }));
      assert.deepEqual(
        events.map(({ type, code }) => [type, code]),
        [['refused', 'session/not-found']],
      );
    });

    QUnit.test('nothing of who shows nothing, and of who shows a good one', async (assert) => {
      const { get, events, proof } = await signedIn();
      assert.equal((await get({})).status, 401);
      assert.equal((await get(proof)).status, 200);
      assert.deepEqual(events, []);
    });
  });

  QUnit.module('S75', () => {
    QUnit.test('slows down ten thousand guesses from one address', async (assert) => {
      const { get, events } = await signedIn('carriers');
      const answers = await inTurn(10_000, () => get(cookie(guess())));
      assert.deepEqual(counted(answers), { 401: guesses, 429: 10_000 - guesses });
      const last = answers.at(-1);
      assert.deepEqual(
        [
          last?.headers['retry-after'],
          bodyOf(answers[guesses] ?? { status: 0, headers: {}, body: undefined }).code,
        ],
        ['60', 'request/rate'],
      );
      const limited = events.filter(({ type }) => type === 'limited');
      assert.deepEqual([limited.length, limited[0]?.waitMs, limited.at(-1)?.waitMs], [9000, 1000, 60_000]);
    });

    QUnit.test('counts forged tokens as well, and whatever method shows them', async (assert) => {
      const { send, proof } = await signedIn('token', { server: { attempts: { guesses: 2 } } });
      const headers = bearer(`${proof.authorization?.slice('Bearer '.length, -43)}${guess()}`);
      const statuses = [];
      for (const method of ['GET', 'DELETE', 'GET', 'DELETE']) {
        statuses.push((await send(method, '/session', { headers })).status);
      }
      assert.deepEqual(statuses, [401, 204, 429, 429]);
    });

    QUnit.test('never slows a good session down', async (assert) => {
      for (const mode of ['token', 'carriers'] as const) {
        const { get, proof, signIn } = await signedIn(mode, { server: { attempts: { guesses: 3 } } });
        await inTurn(50, () => get(cookie(guess())));
        assert.equal((await get(cookie(guess()))).status, 429);
        assert.equal((await get(proof)).status, 200, mode);
        assert.equal((await signIn()).status, 201, 'nor a sign-in that shows nothing');
        assert.equal((await get({})).status, 401, 'nor who shows nothing');
      }
    });

    QUnit.test('takes what was good once for no guess', async (assert) => {
      const { get, proof, clock } = await signedIn('token', {
        sessions: { timeToLive: 60_000 },
        server: { attempts: { guesses: 1 } },
      });
      clock.time += 60_000;
      assert.deepEqual(counted(await inTurn(50, () => get(proof))), { 401: 50 });
      const other = await signedIn('carriers', {
        sessions: { timeToLive: 60_000 },
        server: { attempts: { guesses: 1 } },
      });
      other.clock.time += 60_000;
      assert.deepEqual(counted(await inTurn(50, () => other.get(other.proof))), { 401: 50 });
    });

    QUnit.test('takes a signed-out session for no guess when a token of ours names it', async (assert) => {
      const { get, send, proof } = await signedIn('token', { server: { attempts: { guesses: 1 } } });
      await send('DELETE', '/session', { headers: proof });
      assert.deepEqual(counted(await inTurn(50, () => get(proof))), { 401: 50 });
    });

    QUnit.test('leaves other addresses alone', async (assert) => {
      const { get } = await signedIn('carriers', { server: { attempts: { guesses: 3 } } });
      await inTurn(50, () => get(cookie(guess())));
      assert.equal((await get(cookie(guess()), { address: '192.0.2.2' })).status, 401);
    });

    QUnit.test('forgets, in time', async (assert) => {
      const { get, clock } = await signedIn('carriers', { server: { attempts: { guesses: 3 } } });
      await inTurn(50, () => get(cookie(guess())));
      clock.time += 15 * 60_000;
      assert.equal((await get(cookie(guess()))).status, 401);
    });

    QUnit.test('guards short ids in any carrier', async (assert) => {
      const carriers = [headerCarrier(), cookieCarrier({ name: 'sid' })];
      const { get } = watched({
        sessions: { ids: foxxIds() },
        server: { carriers, signInBy: 'carriers', attempts: { guesses: 3 } },
      });
      const id = () => randomBytes(11).toString('hex');
      const answers = await inTurn(5, () => get({ 'x-session-id': id() }));
      assert.deepEqual(counted(answers), { 401: 3, 429: 2 });
    });

    QUnit.test('stands in the way of the host too, as an answer that it can give', async (assert) => {
      const { server, requestOf } = await signedIn('carriers', { server: { attempts: { guesses: 1 } } });
      const request = () => requestOf('GET', '/', { headers: cookie(guess()) });
      await server.open(request());
      const second = request();
      try {
        await server.open(second);
        assert.true(false, 'it was let in');
      } catch (error) {
        const { status, headers } = server.refuse(error, second);
        assert.deepEqual([status, headers['retry-after']], [429, '1']);
      }
    });

    QUnit.test('is not done with attempts: false, nor where no address is known', async (assert) => {
      const without = await signedIn('carriers', { server: { attempts: false } });
      assert.deepEqual(counted(await inTurn(1500, () => without.get(cookie(guess())))), { 401: 1500 });
      const nowhere = await signedIn('carriers', { server: { attempts: { guesses: 1 } } });
      const asks = () => nowhere.get(cookie(guess()), { address: undefined });
      assert.deepEqual(counted(await inTurn(50, asks)), { 401: 50 });
    });
  });

  QUnit.test('S72 tells nothing of what was shown', async (assert) => {
    const { get, events } = await signedIn('carriers', { server: { attempts: { guesses: 1 } } });
    const shown = [guess(), guess(), guess()];
    for (const wire of shown) await get(cookie(wire));
    await get(bearer(`a.${secret.length}.b`));
    assert.true(events.length >= 5);
    const said = JSON.stringify(events);
    for (const wire of shown) assert.false(said.includes(wire));
  });
});
