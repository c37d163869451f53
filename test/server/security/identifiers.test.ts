import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import QUnit from 'qunit';
import { filesIn } from '../../../scripts/files.mjs';
import { handleOf } from '../../../src/server/core/events.js';
import { signedIds } from '../../../src/server/core/signed-ids.js';
import type { SessionStore } from '../../../src/server/core/store.js';
import { memoryStore } from '../../../src/server/stores/memory.js';
import { root } from '../../support/repository.js';
import { type FixtureOptions, password, secret } from '../fixture.js';
import { watchedStore } from '../http/visits.js';
import { bearer, bodyOf, cookieOf, watched } from './watched.js';

const cookie = (wire: string) => ({ cookie: `__Host-session=${wire}` });

/** All that a copy of the database holds: records, and the queue of those that ended. */
async function dump(store: SessionStore): Promise<unknown[]> {
  const records: unknown[] = [];
  for await (const record of store.all()) records.push(record);
  const { ended } = await store.ended.since('0', 1000);
  return [...records, ...ended];
}

/** Every text in it, names too, and every number. */
function textsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [String(value)];
  return Object.entries(value).flatMap(([name, member]) => [name, ...textsIn(member)]);
}

const schemes: readonly (readonly [string, FixtureOptions['sessions']])[] = [
  ['the default ids', {}],
  ['signed ids', { ids: signedIds, secrets: ['32 random bytes would stand here'] }],
];

QUnit.module('server/security › identifiers', () => {
  QUnit.test('S2 makes no secret of a UUID', async (assert) => {
    const { signIn } = watched({ server: { signInBy: 'carriers' } });
    assert.false(/[\da-f]{8}-[\da-f]{4}-/i.test(cookieOf(await signIn())));
    // Whoever claims ended sessions has a name, which is no secret.
    const users = filesIn('src/server', /\.ts$/).filter(
      (file) => !file.endsWith('core/ends.ts') && /randomUUID|Math\.random/.test(readFileSync(file, 'utf8')),
    );
    assert.deepEqual(users, []);
  });

  QUnit.test('S4 says nothing of the user, the place or the time in what travels', async (assert) => {
    for (const [, sessions] of schemes) {
      const { signIn, clock } = watched({ ...(sessions && { sessions }), server: { signInBy: 'carriers' } });
      const wire = cookieOf(await signIn());
      const decoded = wire.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'));
      const hidden = ['ada', 'Lovelace', '192.0.2.1', String(clock.time), clock.time.toString(16)];
      for (const text of [wire, ...decoded]) {
        for (const fact of hidden) assert.false(text.includes(fact), fact);
      }
      const [one, two] = [cookieOf(await signIn()), cookieOf(await signIn())];
      assert.notEqual(one.slice(0, 8), two.slice(0, 8), 'two of one instant have nothing in common');
    }
  });

  QUnit.test('S5 never begins a session under an id that the client brought', async (assert) => {
    const { signIn, store } = watched({ server: { signInBy: 'carriers' } });
    const chosen = Buffer.alloc(32, 7).toString('base64url');
    const answer = await signIn('ada', password, {
      headers: { ...cookie(chosen), origin: 'https://app.example' },
    });
    assert.equal(answer.status, 201);
    assert.notEqual(cookieOf(answer), chosen);
    assert.false(textsIn(await dump(store)).includes(chosen));
  });

  for (const [what, sessions] of schemes) {
    QUnit.test(`S7 signs nobody in with anything from a copy of the database: ${what}`, async (assert) => {
      const { send, signIn, store, sessions: all } = watched({ ...(sessions && { sessions }) });
      const token = bodyOf(await signIn()).token;
      const other = watched({ ...(sessions && { sessions }), store, server: { signInBy: 'carriers' } });
      const wire = cookieOf(await other.signIn());
      const left = await other.signIn('ada', password, { headers: { 'user-agent': 'Browser/1.0' } });
      await all.destroy(bodyOf(left).session.id);

      const texts = [...new Set(textsIn(await dump(store)))];
      assert.true(texts.length > 20, `${texts.length}`);
      for (const hidden of [token, wire, cookieOf(left), password]) {
        assert.false(
          texts.some((text) => text.includes(hidden)),
          'it is not in there',
        );
      }
      for (const text of texts.filter((each) => /^[!-~]+$/.test(each))) {
        for (const headers of [cookie(text), bearer(text), { 'x-session-id': text }]) {
          for (const door of [send, other.send]) {
            assert.equal((await door('GET', '/session', { headers })).status, 401, text.slice(0, 6));
          }
        }
      }
      assert.equal(
        (await other.send('GET', '/session', { headers: cookie(wire) })).status,
        200,
        'as the owner',
      );
    });
  }

  QUnit.test('S8 asks the store for a digest, never for what travels', async (assert) => {
    const asked: unknown[] = [];
    const { store } = watchedStore();
    const listening = new Proxy(store, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          asked.push(...args);
          return Reflect.apply(value, target, args);
        };
      },
    });
    const { get, signIn } = watched({ store: listening, server: { signInBy: 'carriers' } });
    const wire = cookieOf(await signIn());
    assert.equal((await get(cookie(wire))).status, 200);
    assert.true(asked.length >= 2);
    assert.false(JSON.stringify(asked).includes(wire));
  });

  QUnit.test('S8 compares no signature with ===', (assert) => {
    const sources = filesIn('src/server', /\.ts$/).map((file) => [file, readFileSync(file, 'utf8')] as const);
    const signing = sources.filter(([, text]) => /createHmac\(|scrypt\(/.test(text));
    assert.true(signing.length >= 4, `${signing.length}`);
    for (const [file, text] of signing) assert.true(/timingSafeEqual\(/.test(text), file.slice(root.length));
  });

  QUnit.test('S10 tells by the name of the cookie nothing of what made it', async (assert) => {
    const { signIn } = watched({ server: { signInBy: 'carriers' } });
    const { headers } = await signIn();
    const [first = ''] = [headers['set-cookie'] ?? []].flat();
    const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    assert.equal(first.split('=')[0], '__Host-session');
    assert.false(new RegExp(`can-?connect|node|express|${name}|${version}`, 'i').test(first));
  });

  QUnit.test('S59 names the session in a token by what is no secret', async (assert) => {
    const { signIn, get, store, events } = watched();
    const { token } = bodyOf(await signIn());
    const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
    assert.deepEqual(Object.keys(claims).sort(), ['aud', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub']);
    assert.equal((await store.get(claims.sid))?.uid, 'ada');
    assert.equal((await get(cookie(claims.sid))).status, 401);
    assert.true(events.some(({ session }) => session === handleOf(claims.sid)));
    assert.false(JSON.stringify(claims).includes(secret));
  });
});

QUnit.module('server/security › identifiers at rest', () => {
  QUnit.test('S7 keeps what travels nowhere, not even for whoever just began the session', async (assert) => {
    const store = memoryStore();
    const { sessions } = watched({ store });
    const { wire = '', id } = await sessions.create();
    assert.notEqual(wire, '');
    assert.equal((await sessions.get(id)).wire, undefined);
    assert.false(JSON.stringify(await dump(store)).includes(wire));
  });
});
