import QUnit from 'qunit';
import type { Authorize } from '../../../../src/server/http/resources/sessions.js';
import { foxx, starcounter } from '../../../../src/server/presets.js';
import { memoryStore } from '../../../../src/server/stores/memory.js';
import { codeOf, type FixtureOptions, sessionServerFixture, start } from '../../fixture.js';
import { type Answered, plainRequest, resourceFixture } from './plain.js';

const quarter = 900_000;
const minute = 60_000;
type Data = { [key: string]: string };

/** With an authorizer that remembers what it was asked, and says yes to root. */
function withAdmin(options: FixtureOptions = {}) {
  const asked: unknown[] = [];
  const authorize: Authorize<Data> = async (actor, action, target) => {
    asked.push([actor.uid, action, target]);
    return actor.uid === 'root';
  };
  return { asked, ...resourceFixture({ ...options, server: { authorize, ...options.server } }) };
}

const idsOf = ({ json }: Answered): string[] => json.sessions.map(({ id }: { id: string }) => id);
const problemOf = ({ status, json }: Answered) => [status, json?.code];

QUnit.module('server/http/resources/sessions', () => {
  QUnit.module('GET /sessions', () => {
    QUnit.test('lists the sessions of whoever asks, without what they keep', async (assert) => {
      const { signIn, clock } = resourceFixture();
      const one = await signIn('ada', 'Firefox');
      await signIn('bob');
      clock.time += minute;
      const two = await signIn('ada', 'Safari');
      const { status, json } = await two.send('GET', '/sessions');
      const byTime = json.sessions.sort(
        (a: { created: number }, b: { created: number }) => a.created - b.created,
      );
      assert.equal(status, 200);
      assert.deepEqual(byTime, [
        {
          id: one.id,
          uid: 'ada',
          created: start,
          lastAccess: start,
          expiresAt: start + 604_800_000,
          labels: { agent: 'Firefox' },
          current: false,
        },
        {
          id: two.id,
          uid: 'ada',
          created: start + minute,
          lastAccess: start + minute,
          expiresAt: start + minute + 604_800_000,
          labels: { agent: 'Safari' },
          current: true,
        },
      ]);
      assert.equal(json.next, null);
    });

    QUnit.test('counts as an access to the session that asks, and to no other', async (assert) => {
      const { signIn, clock, sessions } = resourceFixture();
      const [one, two] = [await signIn(), await signIn()];
      clock.time += minute;
      await two.send('GET', '/sessions');
      const times = new Map(
        (await sessions.list('ada')).sessions.map(({ id, lastAccess }) => [id, lastAccess]),
      );
      assert.deepEqual([times.get(one.id), times.get(two.id)], [start, start + minute]);
    });

    QUnit.test('lists no session that has expired, and says null when one never does', async (assert) => {
      const { signIn, clock, sessions } = resourceFixture({ server: { freshFor: 0 } });
      const ada = await signIn();
      await sessions.create({}, { id: 'ada' }, { timeToLive: 1000 });
      const lasting = await sessions.create({}, { id: 'ada' }, { timeToLive: 0 });
      clock.time += 1000;
      const { json } = await ada.send('GET', '/sessions');
      const ends = json.sessions.map(({ id, expiresAt }: { id: string; expiresAt: number }) => [
        id,
        expiresAt,
      ]);
      assert.deepEqual(
        new Map(ends),
        new Map([
          [ada.id, start + 604_800_000],
          [lasting.id, null],
        ]),
      );
    });

    QUnit.test('gives each session once, page by page', async (assert) => {
      const { signIn, sessions } = resourceFixture();
      const ada = await signIn();
      for (let index = 0; index < 24; index += 1) await sessions.create({}, { id: 'ada' });
      const seen: string[] = [];
      const sizes: number[] = [];
      let next: string | null = '';
      do {
        const page: Answered = await ada.send('GET', `/sessions?limit=10${next && `&after=${next}`}`);
        seen.push(...idsOf(page));
        sizes.push(page.json.sessions.length);
        next = page.json.next;
      } while (next !== null);
      assert.deepEqual(sizes, [10, 10, 5]);
      assert.equal(new Set(seen).size, 25);
    });

    QUnit.test('says that a page is the last although it is full', async (assert) => {
      const { signIn } = resourceFixture();
      const ada = await signIn();
      await signIn();
      const { json } = await ada.send('GET', '/sessions?limit=2');
      assert.deepEqual([json.sessions.length, json.next], [2, null]);
    });

    QUnit.test('looks further than a page of the store', async (assert) => {
      const { signIn, sessions } = resourceFixture();
      const ada = await signIn();
      for (let index = 0; index < 2500; index += 1) await sessions.create({}, { id: 'ada' });
      const first = await ada.send('GET', '/sessions?limit=1000');
      const second = await ada.send('GET', `/sessions?limit=1000&after=${first.json.next}`);
      const third = await ada.send('GET', `/sessions?limit=1000&after=${second.json.next}`);
      assert.equal(new Set([first, second, third].flatMap(idsOf)).size, 2501);
      assert.equal(third.json.next, null);
    });

    for (const query of [
      'limit=0',
      'limit=1001',
      'limit=-1',
      'limit=1.5',
      'limit=',
      'limit=1e2',
      'limit=10&limit=20',
      'after=',
      `after=${'x'.repeat(257)}`,
      'page=2',
      'user=',
      'all=no',
      'all&user=ada',
      'except=current',
    ]) {
      QUnit.test(`answers 400 to ?${query.slice(0, 30)}`, async (assert) => {
        const { signIn } = withAdmin();
        const root = await signIn('root');
        assert.deepEqual(problemOf(await root.send('GET', `/sessions?${query}`)), [400, 'request/malformed']);
      });
    }

    for (const [name, preset] of Object.entries({ foxx, starcounter })) {
      QUnit.test(`S33 shows no id that signs in (${name})`, async (assert) => {
        const { signIn, sessions } = withAdmin({ sessions: preset });
        const root = await signIn('root');
        const wires: string[] = [];
        for (let index = 0; index < 5; index += 1) {
          wires.push((await sessions.create({}, { id: 'root' })).wire ?? '');
        }
        const answers = [
          await root.send('GET', '/sessions?limit=2'),
          await root.send('GET', '/sessions?user=root&limit=2'),
          await root.send('GET', '/sessions?all&limit=2'),
        ];
        for (const answer of answers) {
          const text = JSON.stringify(answer.json);
          assert.equal(idsOf(answer).length, 2);
          assert.equal(typeof answer.json.next, 'string');
          for (const wire of [...wires, root.id]) assert.false(text.includes(wire));
          for (const id of [...idsOf(answer), answer.json.next]) assert.equal(sessions.idOf(id), undefined);
        }
      });

      QUnit.test(`ends a session by the name that the list gave it (${name})`, async (assert) => {
        const { signIn, sessions } = resourceFixture({ sessions: preset });
        const [one, two] = [await signIn(), await signIn()];
        const { json } = await two.send('GET', '/sessions');
        const other = json.sessions.find(({ current }: { current: boolean }) => !current);
        assert.equal((await two.send('DELETE', `/sessions/${other.id}`)).status, 204);
        assert.equal(await codeOf(() => sessions.get(one.id)), 'session/not-found');
        assert.equal(await sessions.count(), 1);
      });
    }
  });

  QUnit.module('freshness', () => {
    const calls = [
      ['GET', '/sessions'],
      ['DELETE', '/sessions'],
      ['DELETE', '/sessions?except=current'],
      ['DELETE', '/sessions/x'],
      ['GET', '/sessions?user=bob'],
      ['GET', '/sessions?all'],
      ['DELETE', '/sessions?user=bob'],
      ['DELETE', '/sessions?all'],
    ] as const;
    for (const [method, url] of calls) {
      QUnit.test(`S23 ${method} ${url} wants a sign-in of the last quarter of an hour`, async (assert) => {
        const { signIn, clock, sessions, asked } = withAdmin();
        await signIn('bob');
        const root = await signIn('root');
        clock.time += quarter + 1;
        const answer = await root.send(method, url);
        assert.deepEqual(problemOf(answer), [401, 'session/not-fresh']);
        assert.equal(
          answer.headers['www-authenticate'],
          'Bearer realm="session", error="insufficient_user_authentication", max_age=900',
        );
        assert.equal(await sessions.count(), 2);
        assert.deepEqual(asked, []);
        clock.time -= 1;
        assert.notEqual((await root.send(method, url)).status, 401);
      });

      QUnit.test(`${method} ${url} answers 401 without a session`, async (assert) => {
        const { send } = withAdmin();
        const answer = await send(method, url);
        assert.deepEqual(problemOf(answer), [401, 'token/missing']);
        assert.equal(answer.headers['www-authenticate'], 'Bearer realm="session"');
      });
    }

    QUnit.test('S23 does not get younger by being used', async (assert) => {
      const { signIn, clock } = resourceFixture();
      const ada = await signIn();
      clock.time += quarter;
      assert.equal((await ada.send('GET', '/sessions')).status, 200);
      clock.time += 1;
      assert.equal((await ada.send('GET', '/sessions')).status, 401);
    });

    QUnit.test('S23 does not get younger by a new id, and does by a new proof', async (assert) => {
      const { server, sessions, clock } = sessionServerFixture({
        sessions: { absoluteTimeToLive: 2 * quarter },
      });
      const old = await sessions.create({}, { id: 'ada' });
      clock.time += quarter;
      const current = await server.open(
        plainRequest('GET', '/', { headers: { cookie: `__Host-session=${old.wire}`, host: 'localhost' } }),
      );
      await current.resave();
      assert.deepEqual([current.session?.created, current.session?.latestEnd], [old.created, old.latestEnd]);
      assert.notEqual(current.id, old.id);
      await current.resave(undefined, { id: 'ada' });
      assert.equal(current.session?.created, clock.time);
    });

    QUnit.test('S23 has the age that the option says, in whole seconds', async (assert) => {
      const { signIn, clock } = resourceFixture({ server: { freshFor: 1500 } });
      const ada = await signIn();
      clock.time += 1501;
      const answer = await ada.send('GET', '/sessions');
      assert.true(String(answer.headers['www-authenticate']).endsWith(', max_age=1'));
    });

    QUnit.test('S23 does not mind how old the sign-in is when freshFor is 0', async (assert) => {
      const { signIn, clock } = resourceFixture({ server: { freshFor: 0 } });
      const ada = await signIn();
      clock.time += 604_800_000 - 1;
      assert.equal((await ada.send('GET', '/sessions')).status, 200);
    });

    for (const freshFor of [0, quarter]) {
      QUnit.test(`S23 wants a user, freshFor ${freshFor}`, async (assert) => {
        const { server, sessions, tokens } = sessionServerFixture({ server: { freshFor } });
        const anonymous = await sessions.create();
        const headers = { authorization: `Bearer ${await tokens.issue(anonymous)}` };
        const { status, body = '' } = await server.handle(plainRequest('GET', '/sessions', { headers }));
        assert.deepEqual([status, JSON.parse(body).code], [401, 'session/not-fresh']);
      });
    }
  });

  QUnit.module('DELETE', () => {
    QUnit.test('ends one of my sessions, for the reason revoked', async (assert) => {
      const { signIn, sessions } = resourceFixture();
      const reasons: string[] = [];
      sessions.onDestroy(({ reason }) => void reasons.push(reason));
      const [one, two] = [await signIn(), await signIn()];
      const answer = await two.send('DELETE', `/sessions/${one.id}`);
      assert.deepEqual([answer.status, answer.json], [204, undefined]);
      assert.equal(answer.headers['set-cookie'], undefined);
      assert.equal((await one.send('GET', '/session')).json.code, 'session/not-found');
      assert.equal((await two.send('GET', '/session')).status, 200);
      assert.deepEqual(reasons, ['revoked']);
      assert.equal((await two.send('DELETE', `/sessions/${one.id}`)).json.code, 'request/not-found');
    });

    QUnit.test('S19 ends the session that asks as a sign-out, and clears the cookie', async (assert) => {
      const { signIn, sessions } = resourceFixture();
      const reasons: string[] = [];
      sessions.onDestroy(({ reason }) => void reasons.push(reason));
      const ada = await signIn();
      const answer = await ada.send('DELETE', `/sessions/${ada.id}`);
      assert.equal(answer.status, 204);
      assert.true(String(answer.headers['set-cookie']).startsWith('__Host-session=;'));
      assert.equal(answer.headers['clear-site-data'], '"cache"');
      assert.equal(await sessions.count(), 0);
      assert.deepEqual(reasons, ['signed-out']);
    });

    QUnit.test('S22 ends all others and keeps the one that asks', async (assert) => {
      const { signIn, sessions } = resourceFixture();
      const [ada, , , bob] = [await signIn(), await signIn(), await signIn(), await signIn('bob')];
      const answer = await ada.send('DELETE', '/sessions?except=current');
      assert.deepEqual([answer.status, answer.json], [200, { ended: 2 }]);
      assert.equal(answer.headers['set-cookie'], undefined);
      assert.equal((await ada.send('GET', '/session')).status, 200);
      assert.equal((await bob.send('GET', '/session')).status, 200);
      assert.equal(await sessions.count(), 2);
    });

    QUnit.test('S21 ends all of mine and clears the cookie', async (assert) => {
      const { signIn, sessions } = resourceFixture();
      const [ada, , bob] = [await signIn(), await signIn(), await signIn('bob')];
      const answer = await ada.send('DELETE', '/sessions');
      assert.deepEqual([answer.status, answer.json], [200, { ended: 2 }]);
      assert.true(String(answer.headers['set-cookie']).startsWith('__Host-session=;'));
      assert.equal((await ada.send('GET', '/session')).json.code, 'session/not-found');
      assert.equal((await bob.send('GET', '/session')).status, 200);
      assert.equal(await sessions.count(), 1);
    });

    QUnit.test('keeps the session that asks when the store fails on the way to it', async (assert) => {
      const store = memoryStore();
      const { signIn, sessions } = resourceFixture({
        store: { ...store, destroy: () => Promise.reject(new Error('down')) },
      });
      const ada = await signIn();
      await signIn();
      const answer = await ada.send('DELETE', '/sessions');
      assert.deepEqual(problemOf(answer), [503, 'store/unavailable']);
      assert.equal(answer.headers['set-cookie'], undefined);
      assert.equal((await sessions.get(ada.id)).uid, 'ada');
    });

    for (const query of [
      'expect=current',
      'except=',
      'except=x',
      'except=current&user=ada',
      'all=1',
      'all&user=x',
      'limit=1',
    ]) {
      QUnit.test(`ends nothing for ?${query}`, async (assert) => {
        const { signIn, sessions } = withAdmin();
        const root = await signIn('root');
        assert.deepEqual(problemOf(await root.send('DELETE', `/sessions?${query}`)), [
          400,
          'request/malformed',
        ]);
        assert.equal(await sessions.count(), 1);
      });
    }

    QUnit.test('S42 ends nothing for a page elsewhere', async (assert) => {
      const { signIn, sessions } = resourceFixture();
      const ada = await signIn();
      const headers = { 'sec-fetch-site': 'same-site', origin: 'https://other.own.example' };
      for (const url of ['/sessions', '/sessions?except=current', `/sessions/${ada.id}`]) {
        assert.deepEqual(problemOf(await ada.send('DELETE', url, { headers })), [403, 'request/origin']);
      }
      assert.equal(await sessions.count(), 1);
    });
  });

  QUnit.module('sessions of others', () => {
    QUnit.test('S25 answers to the session of somebody else as to none', async (assert) => {
      const { signIn, sessions, clock } = resourceFixture();
      const [ada, bob] = [await signIn('ada'), await signIn('bob')];
      clock.time += minute;
      const [theirs, nobodys] = [
        await ada.send('DELETE', `/sessions/${bob.id}`),
        await ada.send('DELETE', `/sessions/${'A'.repeat(43)}`),
      ];
      assert.deepEqual(problemOf(theirs), [404, 'request/not-found']);
      assert.deepEqual(theirs, nobodys);
      const [session] = (await sessions.list('bob')).sessions;
      assert.deepEqual([session?.id, session?.lastAccess], [bob.id, start], 'it was not even accessed');
    });

    QUnit.test('S24 without authorize there is nothing to ask for', async (assert) => {
      const { signIn, send, sessions } = resourceFixture();
      const root = await signIn('root');
      await signIn('bob');
      for (const [method, url] of [
        ['GET', '/sessions?user=bob'],
        ['GET', '/sessions?user=root'],
        ['GET', '/sessions?all'],
        ['DELETE', '/sessions?user=bob'],
        ['DELETE', '/sessions?all'],
      ] as const) {
        assert.deepEqual(problemOf(await root.send(method, url)), [404, 'request/not-found'], url);
        assert.deepEqual(problemOf(await send(method, url)), [404, 'request/not-found'], url);
      }
      assert.equal(await sessions.count(), 2);
    });

    QUnit.test('S24 asks authorize who, what and whose', async (assert) => {
      const { signIn, asked } = withAdmin();
      const [ada, bob] = [await signIn('ada'), await signIn('bob')];
      const answers = [
        await ada.send('GET', '/sessions?user=bob'),
        await ada.send('GET', '/sessions?all'),
        await ada.send('DELETE', '/sessions?user=bob'),
        await ada.send('DELETE', '/sessions?all='),
        await ada.send('DELETE', `/sessions/${bob.id}`),
      ];
      assert.deepEqual(asked, [
        ['ada', 'list', { user: 'bob' }],
        ['ada', 'list', { all: true }],
        ['ada', 'end', { user: 'bob' }],
        ['ada', 'end', { all: true }],
        ['ada', 'end', { session: bob.id }],
      ]);
      assert.deepEqual(answers.map(problemOf), [
        ...Array(4).fill([403, 'request/forbidden']),
        [404, 'request/not-found'],
      ]);
      assert.equal((await bob.send('GET', '/session')).status, 200);
    });

    QUnit.test('asks nobody about the sessions of whoever asks', async (assert) => {
      const { signIn, asked } = withAdmin();
      const [one, two] = [await signIn(), await signIn()];
      await two.send('GET', '/sessions');
      await two.send('DELETE', `/sessions/${one.id}`);
      await two.send('DELETE', '/sessions?except=current');
      await two.send('DELETE', '/sessions');
      assert.deepEqual(asked, []);
    });

    QUnit.test('S24 lists and ends the sessions of a user', async (assert) => {
      const { signIn, sessions } = withAdmin();
      const reasons: string[] = [];
      sessions.onDestroy(({ reason }) => void reasons.push(reason));
      const root = await signIn('root');
      const bobs = [(await signIn('bob')).id, (await signIn('bob')).id].sort();
      const listed = await root.send('GET', '/sessions?user=bob');
      assert.deepEqual(idsOf(listed), bobs);
      assert.deepEqual(
        listed.json.sessions.map(({ uid }: { uid: string }) => uid),
        ['bob', 'bob'],
      );
      const ended = await root.send('DELETE', '/sessions?user=bob');
      assert.deepEqual([ended.status, ended.json], [200, { ended: 2 }]);
      assert.equal(ended.headers['set-cookie'], undefined);
      assert.deepEqual(reasons, ['revoked', 'revoked']);
      assert.equal(await sessions.count(), 1);
    });

    QUnit.test('S24 ends the session of anybody', async (assert) => {
      const { signIn, sessions, asked } = withAdmin();
      const [root, bob] = [await signIn('root'), await signIn('bob')];
      assert.equal((await root.send('DELETE', `/sessions/${bob.id}`)).status, 204);
      assert.equal(await codeOf(() => sessions.get(bob.id)), 'session/not-found');
      assert.equal((await root.send('DELETE', `/sessions/${bob.id}`)).status, 404);
      assert.equal(asked.length, 2);
      for (const name of ['%00', '%20', 'a%20b', '%C3%A9', 'x'.repeat(257)]) {
        assert.equal((await root.send('DELETE', `/sessions/${name}`)).status, 404);
      }
      assert.equal(asked.length, 2, 'what can be no id is not even asked about (S6)');
    });

    QUnit.test('S24 lists and ends all sessions', async (assert) => {
      const { signIn, sessions, clock } = withAdmin();
      await sessions.create({}, null, { timeToLive: 1 });
      clock.time += 1;
      const ids = [(await signIn('bob')).id, (await sessions.create()).id];
      const root = await signIn('root');
      const listed = await root.send('GET', '/sessions?all');
      assert.deepEqual(idsOf(listed), [...ids, root.id].sort(), 'without the one that has expired');
      const first = await root.send('GET', '/sessions?all&limit=2');
      const second = await root.send('GET', `/sessions?all&limit=2&after=${first.json.next}`);
      assert.deepEqual([...idsOf(first), ...idsOf(second)], idsOf(listed));
      const ended = await root.send('DELETE', '/sessions?all');
      assert.deepEqual([ended.status, ended.json], [200, { ended: 4 }]);
      assert.true(String(ended.headers['set-cookie']).startsWith('__Host-session=;'), 'their own among them');
      assert.equal(await sessions.count(), 0);
    });

    QUnit.test('signs out an administrator who ends their own sessions by name', async (assert) => {
      const { signIn, sessions } = withAdmin();
      const root = await signIn('root');
      await signIn('root');
      const ended = await root.send('DELETE', '/sessions?user=root');
      assert.deepEqual([ended.status, ended.json], [200, { ended: 2 }]);
      assert.true(String(ended.headers['set-cookie']).startsWith('__Host-session=;'));
      assert.equal(await sessions.count(), 0);
    });

    for (const answer of [undefined, 1, 'yes', {}, Promise.resolve(0)]) {
      QUnit.test(`S24 takes ${String(answer)} for a no`, async (assert) => {
        const authorize = (() => answer) as unknown as Authorize<Data>;
        const { signIn } = resourceFixture({ server: { authorize } });
        const root = await signIn('root');
        assert.deepEqual(problemOf(await root.send('GET', '/sessions?all')), [403, 'request/forbidden']);
      });
    }

    QUnit.test('answers 500 when authorize fails, and does nothing', async (assert) => {
      const authorize = () => Promise.reject(new Error('no idea'));
      const { signIn, sessions, failures } = resourceFixture({ server: { authorize } });
      const root = await signIn('root');
      assert.deepEqual(problemOf(await root.send('DELETE', '/sessions?all')), [500, 'server/failed']);
      assert.equal(failures.length, 1);
      assert.equal(await sessions.count(), 1);
    });
  });

  QUnit.module('listUrl', () => {
    QUnit.test('is the url of the session and an s, by default', (assert) => {
      const { server } = resourceFixture({ server: { url: '/api/session' } });
      const owned = ['/api/sessions', '/api/sessions/x', '/api/sessions/', '/api/sessions/x/y', '/sessions'];
      assert.deepEqual(
        owned.map((url) => server.owns(url)),
        [true, true, false, false, false],
      );
    });

    QUnit.test('stands where the option says, or nowhere', (assert) => {
      const elsewhere = resourceFixture({ server: { listUrl: '/me/devices' } }).server;
      assert.deepEqual([elsewhere.owns('/me/devices/x'), elsewhere.owns('/sessions')], [true, false]);
      assert.false(resourceFixture({ server: { listUrl: false } }).server.owns('/sessions'));
    });

    QUnit.test(
      'is not there by default when the store cannot list, and is refused when asked for',
      async (assert) => {
        const store = { ...memoryStore(), cannot: ['list'] as const };
        assert.false(resourceFixture({ store }).server.owns('/sessions'));
        const asked = await codeOf(() => resourceFixture({ store, server: { listUrl: '/sessions' } }));
        assert.equal(asked, 'store/unsupported');
      },
    );

    for (const [option, value] of [
      ['listUrl', 'sessions'],
      ['listUrl', '/session'],
      ['listUrl', '/session/data'],
      ['healthUrl', '/session'],
      ['healthUrl', '/x/'],
      ['dataAccess', 'write'],
      ['requireIfMatch', 0],
      ['freshFor', -1],
      ['freshFor', 1.5],
      ['authorize', {}],
    ] as const) {
      QUnit.test(`refuses ${option} ${JSON.stringify(value)}`, async (assert) => {
        assert.equal(
          await codeOf(() => resourceFixture({ server: { [option]: value } as never })),
          'config/invalid',
        );
      });
    }
  });
});
