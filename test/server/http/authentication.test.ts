import QUnit from 'qunit';
import { SessionError } from '../../../src/protocol/errors.js';
import type { Credentials } from '../../../src/server/http/resources/session.js';
import { password } from '../fixture.js';
import { bodyOf, counted, watched } from '../security/watched.js';

/** How many failures of an account, and of an address, cost nothing. */
const perAccount = 10;
const perAddress = 100;

/** One after the other. */
async function inTurn<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const all: T[] = [];
  for (let index = 0; index < count; index += 1) all.push(await work(index));
  return all;
}

/** Counts what reaches `authenticate`. */
function asked(answer?: (credentials: Credentials) => { id: string } | null) {
  const seen: Credentials[] = [];
  return {
    seen,
    authenticate(credentials: Credentials) {
      seen.push(credentials);
      if (answer !== undefined) return answer(credentials);
      return credentials.password === password ? { id: credentials.username } : null;
    },
  };
}

QUnit.module('server/http/authentication', () => {
  QUnit.test('S74 asks whoever fails too often with one account to come back later', async (assert) => {
    const { signIn } = watched();
    const failed = await inTurn(perAccount + 1, () => signIn('ada', 'wrong'));
    assert.deepEqual(counted(failed), { 401: perAccount + 1 });
    const { status, headers, body } = await signIn('ada', 'wrong');
    assert.deepEqual(
      [status, headers['retry-after'], bodyOf({ status, headers, body }).code],
      [429, '1', 'request/rate'],
    );
    assert.false('www-authenticate' in headers, 'it is no challenge');
  });

  QUnit.test('S74 does the same for one address that tries many accounts', async (assert) => {
    const { signIn } = watched();
    const failed = await inTurn(perAddress + 1, (index) => signIn(`user ${index}`, 'wrong'));
    assert.deepEqual(counted(failed), { 401: perAddress + 1 });
    const { status, headers } = await signIn('somebody else', 'wrong');
    assert.deepEqual([status, headers['retry-after']], [429, '1']);
    const elsewhere = await signIn('somebody else', 'wrong', { address: '192.0.2.2' });
    assert.equal(elsewhere.status, 401, 'from another address');
  });

  QUnit.test('S74 takes the addresses of one IPv6 network for one', async (assert) => {
    const { signIn } = watched();
    const from = (index: number) => ({ address: `2001:db8:1:2::${index.toString(16)}` });
    await inTurn(perAddress + 1, (index) => signIn(`user ${index}`, 'wrong', from(index)));
    assert.equal((await signIn('ada', password, from(4096))).status, 429);
    assert.equal((await signIn('ada', password, { address: '2001:db8:1:3::1' })).status, 201);
  });

  QUnit.test('S74 S41 counts for the address that a proxy of ours says', async (assert) => {
    const { signIn } = watched({ server: { proxies: 1 } });
    const from = (address: string) => ({ headers: { 'x-forwarded-for': `198.51.100.9, ${address}` } });
    await inTurn(perAddress + 1, (index) => signIn(`user ${index}`, 'wrong', from('203.0.113.1')));
    assert.equal((await signIn('ada', password, from('203.0.113.1'))).status, 429);
    assert.equal((await signIn('ada', password, from('203.0.113.2'))).status, 201);
  });

  QUnit.test('S74 S41 believes no such header of a client', async (assert) => {
    const { signIn } = watched();
    const from = (index: number) => ({ headers: { 'x-forwarded-for': `203.0.113.${index}` } });
    await inTurn(perAddress + 1, (index) => signIn(`user ${index}`, 'wrong', from(index)));
    assert.equal((await signIn('ada', password, from(250))).status, 429);
  });

  QUnit.test(
    'S74 asks nobody about a right password during the pause, and takes it after',
    async (assert) => {
      const { seen, authenticate } = asked();
      const { signIn, clock } = watched({ server: { authenticate } });
      await inTurn(perAccount + 1, () => signIn('ada', 'wrong'));
      assert.equal((await signIn()).status, 429);
      assert.equal(seen.length, perAccount + 1, 'it was not even looked at');
      clock.time += 999;
      assert.equal((await signIn()).status, 429);
      clock.time += 1;
      assert.equal((await signIn()).status, 201);
    },
  );

  QUnit.test('S74 doubles the pause, and never beyond a minute', async (assert) => {
    const { signIn, clock } = watched();
    await inTurn(perAccount, () => signIn('ada', 'wrong'));
    const pauses: unknown[] = [];
    for (let round = 0; round < 9; round += 1) {
      assert.equal((await signIn('ada', 'wrong')).status, 401);
      const { headers } = await signIn('ada', 'wrong');
      pauses.push(headers['retry-after']);
      clock.time += 1000 * Number(headers['retry-after']);
    }
    assert.deepEqual(pauses.slice(0, 6), ['1', '2', '4', '8', '16', '32']);
    assert.true(
      pauses.slice(6).every((pause) => pause === '60'),
      pauses.join(),
    );
  });

  QUnit.test('S74 lets an owner in whom strangers attack', async (assert) => {
    const { signIn } = watched();
    const home = { address: '198.51.100.7' };
    assert.equal((await signIn('ada', password, home)).status, 201);
    await inTurn(perAccount + 1, () => signIn('ada', 'wrong'));
    assert.equal((await signIn()).status, 429, 'at the place of the attack');
    assert.equal((await signIn('ada', password, home)).status, 201, 'at home');
  });

  QUnit.test('S74 lets no more through a burst than one by one', async (assert) => {
    const gate = new Promise<void>((resolve) => setImmediate(resolve));
    const seen: string[] = [];
    const { signIn } = watched({
      server: {
        async authenticate({ password: typed }) {
          seen.push(typed);
          await gate;
          return null;
        },
      },
    });
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) => signIn('ada', `guess ${index}`)),
    );
    assert.equal(seen.length, perAccount);
    assert.deepEqual(counted(answers), { 401: perAccount, 429: 60 - perAccount });
    for (const { status, headers } of answers) {
      assert.equal('retry-after' in headers, status === 429);
    }
  });

  QUnit.test('S74 lets no more through bursts from many addresses than it says', async (assert) => {
    const { seen, authenticate } = asked();
    const { signIn } = watched({ server: { authenticate } });
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) => signIn('ada', 'wrong', { address: `203.0.113.${index}` })),
    );
    // The free ones, the one that brings about the pause, and five newcomers.
    assert.true(seen.length <= perAccount + 6, `${seen.length}`);
    assert.equal(counted(answers)[401], seen.length);
  });

  QUnit.test('limits nothing with attempts: false', async (assert) => {
    const { signIn } = watched({ server: { attempts: false } });
    const failed = await inTurn(perAddress + 50, () => signIn('ada', 'wrong'));
    assert.deepEqual(counted(failed), { 401: perAddress + 50 });
    assert.equal((await signIn()).status, 201);
  });

  QUnit.test('takes its limits from the option attempts, and its clock from the server', async (assert) => {
    const attempts = { perAccount: 2, firstPause: 7000, longestPause: 7000 };
    const { signIn, clock } = watched({ server: { attempts } });
    await inTurn(3, () => signIn('ada', 'wrong'));
    const { status, headers } = await signIn();
    assert.deepEqual([status, headers['retry-after']], [429, '7']);
    clock.time += 7000;
    assert.equal((await signIn()).status, 201);
  });

  QUnit.test('counts nothing when authenticate itself fails', async (assert) => {
    const failing: { error?: unknown } = {};
    const { signIn, failures } = watched({
      server: {
        authenticate({ username }) {
          if (failing.error !== undefined) throw failing.error;
          return { id: username };
        },
      },
    });
    failing.error = new Error('directory down');
    const failed = await inTurn(3 * perAccount, () => signIn());
    assert.deepEqual(counted(failed), { 500: 3 * perAccount });
    assert.equal(failures.length, 3 * perAccount, 'each is told to onError');
    failing.error = new SessionError('store/unavailable', { status: 503 });
    assert.deepEqual(counted(await inTurn(3 * perAccount, () => signIn())), { 503: 3 * perAccount });
    delete failing.error;
    assert.equal((await signIn()).status, 201);
  });

  QUnit.test('counts a credentials/wrong that authenticate throws', async (assert) => {
    const { signIn, events } = watched({
      server: {
        authenticate: () => Promise.reject(new SessionError('credentials/wrong', { status: 401 })),
      },
    });
    const answers = await inTurn(perAccount + 3, () => signIn());
    assert.deepEqual(counted(answers), { 401: perAccount + 1, 429: 2 });
    assert.equal(events.filter(({ type }) => type === 'sign-in-failed').length, perAccount + 1);
  });

  QUnit.test('counts no request that names nobody', async (assert) => {
    const { send, signIn } = watched();
    const headers = { 'content-type': 'application/json' };
    const broken = await inTurn(2 * perAddress, () => send('POST', '/session', { headers, body: '{' }));
    assert.deepEqual(counted(broken), { 400: 2 * perAddress });
    assert.equal((await signIn()).status, 201);
  });

  QUnit.module('tells', () => {
    const agent = { headers: { 'user-agent': 'Browser/1.0' } };
    const from = { address: '192.0.2.1', agent: 'Browser/1.0' };

    QUnit.test('S71 of a sign-in: whose it is, which session, and from where', async (assert) => {
      const { signIn, events, clock } = watched();
      await signIn('ada', password, agent);
      const [created, told] = events;
      assert.deepEqual([events.length, created?.type], [2, 'created']);
      const { session = '' } = created ?? {};
      assert.deepEqual(told, { type: 'signed-in', at: clock.time, session, uid: 'ada', ...from });
    });

    QUnit.test('S71 of a failed one: why, and from where, and not who they said they are', async (assert) => {
      const { signIn, events, clock } = watched();
      await signIn('ada', 'wrong', agent);
      assert.deepEqual(events, [
        { type: 'sign-in-failed', at: clock.time, code: 'credentials/wrong', ...from },
      ]);
    });

    QUnit.test('S71 of one too many: for how long', async (assert) => {
      const { signIn, events, clock } = watched();
      await inTurn(perAccount + 1, () => signIn('ada', 'wrong'));
      events.length = 0;
      clock.time += 400;
      await signIn('ada', 'wrong', agent);
      assert.deepEqual(events, [{ type: 'limited', at: clock.time, waitMs: 600, ...from }]);
    });

    QUnit.test('S71 nothing of what is no attempt', async (assert) => {
      const { send, events } = watched();
      await send('POST', '/session', { headers: { 'content-type': 'text/plain' } });
      await send('DELETE', '/session');
      await send('GET', '/session');
      assert.deepEqual(events, []);
    });

    QUnit.test('S72 nobody what was typed', async (assert) => {
      const { signIn, events } = watched();
      const [name, typed] = ['my-passw0rd-in-the-wrong-field', 'hunter2-hunter2'];
      await inTurn(perAccount + 3, () => signIn(name, typed, agent));
      assert.true(events.some(({ type }) => type === 'limited'));
      const said = JSON.stringify(events);
      assert.false(said.includes(name) || said.includes(typed));
    });

    QUnit.test('and is not stopped by a listener that throws', async (assert) => {
      const errors: unknown[] = [];
      const { signIn } = watched({
        sessions: {
          onEvent() {
            throw new Error('full');
          },
          onError: (error) => errors.push(error),
        },
      });
      assert.equal((await signIn()).status, 201);
      assert.equal((await signIn('ada', 'wrong')).status, 401);
      assert.equal(errors.length, 3);
    });
  });
});
