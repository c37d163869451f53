import { inspect } from 'node:util';
import QUnit from 'qunit';
import { SessionError } from '../../../src/protocol/errors.js';
import { jsonLines, type SessionEvent } from '../../../src/server/core/events.js';
import { foxxIds } from '../../../src/server/core/plain-ids.js';
import { cookieCarrier } from '../../../src/server/http/carriers/cookie.js';
import { headerCarrier } from '../../../src/server/http/carriers/header.js';
import { password, secret } from '../fixture.js';
import { watchedStore } from '../http/visits.js';
import { bearer, bodyOf, cookieOf, watched } from './watched.js';

/** What is written on the console while this runs. */
async function spoken(work: () => Promise<unknown>): Promise<string> {
  const said: string[] = [];
  const names = ['log', 'info', 'warn', 'error', 'debug', 'trace'] as const;
  const before = names.map((name) => console[name]);
  for (const name of names)
    console[name] = (...args: unknown[]) => void said.push(args.map(String).join(' '));
  try {
    await work();
  } finally {
    for (const [index, name] of names.entries()) {
      const own = before[index];
      if (own !== undefined) console[name] = own;
    }
  }
  return said.join('\n');
}

/** A life with all that goes wrong in one, in a way of signing in; what was shown, and what was said about it. */
async function life(signInBy: 'token' | 'carriers', plain: boolean) {
  const { store, broken } = watchedStore();
  const events: SessionEvent[] = [];
  const lines: string[] = [];
  const log = jsonLines((line) => lines.push(line));
  const secrets = new Set<string>([password, secret, 'hunter2-typed']);
  const failures: unknown[] = [];
  const carriers = plain ? [cookieCarrier(), headerCarrier()] : undefined;

  const console = await spoken(async () => {
    const parts = watched({
      store,
      sessions: {
        timeToLive: 60_000,
        ...(plain ? { ids: foxxIds() } : {}),
        onEvent(event) {
          events.push(event);
          log(event);
          if (event.type === 'limited') throw new Error('a listener that fails');
        },
        onError: (error) => failures.push(error),
      },
      server: {
        signInBy,
        dataAccess: 'read-write',
        ...(carriers === undefined ? {} : { carriers }),
        onError: (error) => failures.push(error),
        attempts: { perAccount: 2, guesses: 3 },
      },
    });
    const { signIn, send, clock, sessions } = parts;

    async function begin() {
      const answer = await signIn('ada', password, { headers: { 'user-agent': 'Browser/1.0' } });
      const shown = signInBy === 'token' ? bodyOf(answer).token : cookieOf(answer);
      const { id } = bodyOf(answer).session;
      secrets.add(shown);
      secrets.add(id);
      const proof: { readonly [name: string]: string } =
        signInBy === 'token'
          ? bearer(shown)
          : { cookie: `__Host-session=${shown}`, origin: 'https://app.example' };
      return { proof, id, shown: String(shown) };
    }

    const [first, second, third] = [await begin(), await begin(), await begin()];
    const json = { 'content-type': 'application/json', 'if-match': '"9"' };
    const ask = (who: typeof first, method: string, url: string, body = '') =>
      send(method, `${url}?token=${first.shown}`, { headers: { ...who.proof, ...json }, body });
    for (const [method, url, body] of [
      ['GET', '/session'],
      ['PUT', '/session/data', '{"a":"hunter2-typed"}'],
      ['PUT', '/session/data', '{"broken hunter2-typed'],
      ['PATCH', '/session/data', '[]'],
      ['GET', '/sessions'],
      ['DELETE', '/sessions/nobody'],
      ['POST', '/session', '{"username":"hunter2-typed"}'],
    ] as const) {
      await ask(first, method, url, body);
    }
    broken.add('get').add('create').add('update');
    await ask(first, 'GET', '/session');
    await signIn('ada', password);
    broken.clear();

    await ask(first, 'DELETE', '/session');
    await ask(first, 'GET', '/session');
    await sessions.get(first.id).catch((error) => failures.push(error));
    await sessions.delete(first.id).catch((error) => failures.push(error));
    await ask(second, 'DELETE', '/sessions');
    clock.time += 60_000;
    await ask(third, 'GET', '/session');
    await sessions.prune();
    for (let time = 0; time < 5; time += 1) {
      await signIn('hunter2-typed', 'hunter2-typed');
      await send('GET', '/session', { headers: bearer(`${first.shown}${first.shown}`) });
      await send('GET', '/session', { headers: { cookie: `__Host-session=${first.shown}` } });
    }
    await sessions.close();
  });

  for (const error of [...failures])
    if (error instanceof SessionError && error.cause) failures.push(error.cause);
  return {
    secrets,
    events,
    lines,
    said: [console, ...lines, JSON.stringify(events), inspect(failures, { depth: 9 })],
  };
}

QUnit.module('server/security › silence', () => {
  for (const [what, signInBy, plain] of [
    ['tokens', 'token', false],
    ['cookies', 'carriers', false],
    ['ids that are secrets', 'carriers', true],
  ] as const) {
    QUnit.test(`S72 says no secret in any log, event or error of a whole life: ${what}`, async (assert) => {
      const { secrets, events, said } = await life(signInBy, plain);
      const types = new Set(events.map(({ type }) => type));
      for (const type of ['created', 'ended', 'signed-in', 'sign-in-failed', 'refused', 'limited'] as const) {
        assert.true(types.has(type), `it was a whole life: ${type}`);
      }
      assert.true(secrets.size >= (plain ? 6 : 9), `${secrets.size}`);
      for (const text of said) {
        for (const hidden of secrets) {
          const at = text.indexOf(hidden);
          assert.equal(at, -1, at === -1 ? '' : text.slice(Math.max(0, at - 120), at));
        }
        // A token is a secret in parts, too.
        for (const hidden of secrets) {
          const signature = hidden.split('.')[2];
          if (signature !== undefined) assert.false(text.includes(signature));
        }
      }
    });
  }

  QUnit.test('S71 tells of the life of one session in the order in which it happened', async (assert) => {
    const { events, signIn, get, send, clock } = watched({ sessions: { timeToLive: 60_000 } });
    const { token } = bodyOf(await signIn());
    await get(bearer(token));
    await send('DELETE', '/session', { headers: bearer(token) });
    await get(bearer(token));
    assert.deepEqual(
      events.map(({ type, reason, code, at }) => [type, reason ?? code, at === clock.time]),
      [
        ['created', undefined, true],
        ['signed-in', undefined, true],
        ['ended', 'signed-out', true],
        ['refused', 'session/not-found', true],
      ],
    );
    assert.equal(new Set(events.flatMap(({ session }) => session ?? [])).size, 1, 'one handle');
  });

  const dangerous = 'Browser\r\n{"at":"forged","type":"signed-in"}\u2028\u001b[31m\u202e"quoted"\0';
  QUnit.test('S73 lets no header forge a line of the log, and writes times in UTC', async (assert) => {
    const lines: string[] = [];
    const { signIn, get } = watched({ sessions: { onEvent: jsonLines((line) => lines.push(line)) } });
    await signIn('ada', 'wrong', { headers: { 'user-agent': dangerous } });
    await get({ authorization: 'Bearer a.b.c', 'user-agent': dangerous }, { address: '192.0.2.1\r\nforged' });
    assert.equal(lines.length, 2);
    for (const line of lines) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
      assert.false(/[\x00-\x1f\x7f\u2028\u2029\u202e]/.test(line), line);
      const { at, type, agent } = JSON.parse(line);
      assert.equal(at, '2026-01-02T03:04:05.000Z');
      assert.notEqual(type, 'signed-in');
      assert.true(agent.startsWith('Browser\\u{d}\\u{a}'), agent);
    }
  });
});
