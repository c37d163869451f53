import QUnit from 'qunit';
import { SessionError } from '../../../src/protocol/errors.js';
import { SessionExpired, SessionNotFound } from '../../../src/server/core/errors.js';
import { createSessionServer } from '../../../src/server/session-server.js';
import { codeOf } from '../fixture.js';
import { site } from './browser.js';
import { cookiesOf, type Data, requestOf, settled, visitsFixture, wireOf } from './visits.js';

QUnit.module('server/http/current-session, on a host', () => {
  QUnit.module('use', () => {
    QUnit.test('SC-01, SC-12 makes a session current, and tells the client', async (assert) => {
      const { visit, sessions } = visitsFixture();
      const created = await sessions.create({ a: 1 });
      const { session, answer, seen } = await visit();
      session.use(created);
      assert.strictEqual(session.get(), created);
      assert.equal(wireOf(await answer()), created.wire);
      assert.equal(seen.changed, 1);
      await session.save({ a: 2 });
      assert.deepEqual((await sessions.get(created.id)).data, { a: 2 });
    });

    QUnit.test('SC-12 refuses another while one is current', async (assert) => {
      const { visit, begun, sessions } = visitsFixture();
      const { id, wire } = await begun();
      const other = await sessions.create();
      const { session, answer } = await visit({ cookie: wire });
      assert.equal(await codeOf(() => session.use(other)), 'session/active');
      assert.deepEqual([session.id, await answer()], [id, {}]);
    });

    QUnit.test('SC-12, SC-50 takes the current one again, and tells nobody', async (assert) => {
      const { visit, begun, sessions } = visitsFixture();
      const { id, wire } = await begun();
      const { session, answer } = await visit({ cookie: wire });
      session.use(session.get());
      const copy = await sessions.get(id);
      session.use(copy);
      assert.strictEqual(session.get(), copy);
      assert.deepEqual(await answer(), {});
    });

    QUnit.test('SC-12 lets go of the current one, which lives on', async (assert) => {
      const { visit, begun, sessions } = visitsFixture();
      const { id, wire } = await begun({ a: 1 });
      const { session, answer } = await visit({ cookie: wire });
      session.use(null);
      assert.deepEqual([session.id, await codeOf(() => session.get())], [undefined, 'token/missing']);
      assert.deepEqual(await answer(), {});
      assert.deepEqual((await sessions.get(id)).data, { a: 1 });
      session.use(await sessions.create());
      assert.equal(cookiesOf(await answer()).length, 1);
    });

    QUnit.test('SC-50 tells nobody of a session that was let go', async (assert) => {
      const { visit, sessions } = visitsFixture();
      const { session, answer } = await visit();
      await session.save({ a: 1 });
      session.use(null);
      assert.deepEqual([await answer(), await sessions.count()], [{}, 1]);
    });

    QUnit.test('throws a TypeError for a session whose secret nobody knows', async (assert) => {
      const { visit, begun, sessions } = visitsFixture();
      const { session } = await visit();
      const found = await sessions.get((await begun()).id);
      assert.throws(() => session.use(found), TypeError);
      assert.equal(session.id, undefined);
    });

    QUnit.test('refuses to come between changes that go on', async (assert) => {
      const { visit, sessions } = visitsFixture();
      const created = await sessions.create();
      const { session, answer } = await visit();
      session.save({ a: 1 });
      assert.equal(await codeOf(() => session.use(created)), 'session/active');
      assert.equal(await codeOf(() => session.use(null)), 'session/active');
      assert.equal(sessions.idOf(wireOf(await answer())), session.id);
    });
  });

  QUnit.module('where no session may be told of', () => {
    const foreign = { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } };

    QUnit.test('S46 none begins for a page of another site', async (assert) => {
      const { visit, sessions } = visitsFixture();
      const { session, answer } = await visit(foreign);
      for (const change of [() => session.save({}), () => session.resave({}, { id: 'ada' })]) {
        assert.equal(await codeOf(change), 'request/origin');
      }
      const created = await sessions.create();
      assert.equal(await codeOf(() => session.use(created)), 'request/origin');
      assert.deepEqual([await sessions.count(), await answer()], [1, {}]);
    });

    QUnit.test('S46 no pre-session begins there, and the request goes on', async (assert) => {
      const { visit, sessions } = visitsFixture({ server: { saveUninitialized: true } });
      assert.equal((await visit(foreign)).session.id, undefined);
      assert.equal((await visit({ method: 'OPTIONS' })).session.id, undefined, 'a preflight keeps no cookie');
      assert.equal(await sessions.count(), 0);
    });

    QUnit.test(
      'S41 none begins where its Secure cookie would get lost, and the message says what to do',
      async (assert) => {
        const { visit, sessions, begun } = visitsFixture();
        const { wire } = await begun({ a: 1 });
        const { session } = await visit({ secure: false });
        const error = await session.save({}).catch((caught: unknown) => caught);
        assert.true(
          error instanceof SessionError && error.code === 'config/insecure' && error.status === 500,
        );
        assert.true(/https.*proxies.*cookie\.secure/s.test(String(error)), String(error));
        const signedIn = await visit({ secure: false, cookie: wire });
        assert.equal(await codeOf(() => signedIn.session.resave()), 'config/insecure');
        assert.equal(
          await codeOf(() => signedIn.session.save({ a: 2 })),
          'no error',
          'an old one is only saved',
        );
        assert.equal(await sessions.count(), 1);
      },
    );

    QUnit.test('none begins when the head of the answer is gone already', async (assert) => {
      const { visit, begun, sessions } = visitsFixture();
      let isSent = false;
      const sent = () => isSent;
      const old = await begun({ a: 1 });
      const [first, known] = [await visit({ sent }), await visit({ sent, cookie: old.wire })];
      isSent = true;
      for (const change of [() => first.session.save({ a: 1 }), () => known.session.resave({ a: 2 })]) {
        assert.equal(await codeOf(change), 'server/failed');
      }
      await known.session.save({ a: 3 });
      assert.deepEqual([known.session.id, known.session.data, await sessions.count()], [old.id, { a: 3 }, 1]);
      await known.session.logout();
      assert.equal(await sessions.count(), 0, 'S19 a sign-out ends it all the same');
    });
  });

  QUnit.module('current()', () => {
    const ambient = { server: { ambient: true } };

    QUnit.test(
      'SC-12 is the session of the running handler, across waits, one for each request',
      async (assert) => {
        const { visit, begun, server } = visitsFixture(ambient);
        const ids: string[] = [];
        const visits = await Promise.all(
          Array.from({ length: 20 }, async () => {
            const { id, wire } = await begun();
            ids.push(id);
            return visit({ cookie: wire });
          }),
        );
        const seen = await Promise.all(
          visits.map(({ session }) =>
            server.run(session, async () => {
              const early = server.current();
              await settled();
              await session.save({ a: 1 });
              await new Promise<void>((resolve) => process.nextTick(resolve));
              return [early, server.current()];
            }),
          ),
        );
        assert.deepEqual(
          seen.map(([early, late]) => early === late && early?.id),
          visits.map(({ session }) => session.id),
        );
        assert.equal(server.current(), undefined, 'outside of a handler');
      },
    );

    QUnit.test('SC-12 is another one after use', async (assert) => {
      const { visit, sessions, server } = visitsFixture(ambient);
      const { session } = await visit();
      await server.run(session, async () => {
        assert.equal(server.current()?.id, undefined);
        server.current()?.use(await sessions.create({ a: 1 }));
        assert.deepEqual(server.current()?.data, { a: 1 });
        server.current()?.use(null);
        assert.equal(server.current()?.id, undefined);
      });
    });

    QUnit.test('throws config/invalid unless it was asked for', async (assert) => {
      const { server } = visitsFixture();
      assert.equal(await codeOf(() => server.current()), 'config/invalid');
      assert.equal(
        server.run(await server.open(requestOf({})), () => 1),
        1,
      );
    });

    QUnit.test('SC-12 is there in handlers of a real server, in parallel requests', async (assert) => {
      const { server, begun } = visitsFixture({ server: { ambient: true, cookie: { secure: false } } });
      const host = await site(
        server,
        async ({ session }, response) => {
          await settled();
          response.end(`${server.current() === session} ${server.current()?.data?.n}`);
        },
        'http://app.example',
      );
      const answers = await Promise.all(
        Array.from({ length: 10 }, async (_, n) => {
          const { ask, put } = host.browser();
          await put(`session=${(await begun({ n })).wire}; Path=/`);
          return (await ask('/')).text;
        }),
      );
      assert.deepEqual(
        answers,
        Array.from({ length: 10 }, (_, n) => `true ${n}`),
      );
      await host.close();
    });
  });

  QUnit.module('on a real server', () => {
    QUnit.test('answers with the failure of a save that the handler did not wait for', async (assert) => {
      const { server, broken } = visitsFixture({ server: { cookie: { secure: false } } });
      const host = await site(
        server,
        async ({ session, url }, response) => {
          session.save({ a: 1 });
          if (url === '/late') await settled();
          response.end('saved');
        },
        'http://app.example',
      );
      broken.add('create');
      for (const url of ['/at-once', '/late']) {
        const { status, text, setCookies } = await host.browser().ask(url);
        assert.deepEqual([status, JSON.parse(text).code, setCookies], [503, 'store/unavailable', []], url);
      }
      broken.clear();
      const { status, text, setCookies } = await host.browser().ask('/late');
      assert.deepEqual([status, text, setCookies.length], [200, 'saved', 1]);
      await host.close();
    });

    QUnit.test('S36 says on what the answer depends, once it looks at the session', async (assert) => {
      const { server } = visitsFixture({ server: { proxies: 1 } });
      const host = await site(server, async ({ session, url }, response) => {
        response.setHeader('vary', 'Accept');
        if (url === '/look') response.setHeader('x-id', session.id ?? 'none');
        if (url === '/save') await session.save({});
        response.end();
      });
      const varyOf = async (url: string) => (await host.browser().ask(url)).headers.vary;
      assert.deepEqual(
        [await varyOf('/'), await varyOf('/look'), await varyOf('/save')],
        ['Accept', 'Accept, Cookie', 'Accept, Cookie'],
      );
      await host.close();
    });

    QUnit.test('S33 tells the secret by Set-Cookie, and nowhere else', async (assert) => {
      const { signIn } = signInFixture({ before: 1 });
      const { headers, body = '' } = await signIn();
      const secret = wireOf(headers);
      assert.true(secret.length > 40);
      assert.false((body + JSON.stringify({ ...headers, 'set-cookie': '' })).includes(secret));
    });

    QUnit.test('ends the session that authenticate saved and did not wait for', async (assert) => {
      const { sessions, signIn } = signInFixture({ before: 1 });
      const answer = await signIn();
      assert.equal(answer.status, 201);
      assert.equal(await sessions.count(), 1);
      assert.deepEqual((await sessions.get(sessions.idOf(wireOf(answer.headers)) ?? '')).data, { a: 1 });
    });

    QUnit.test('fails a sign-in when what authenticate saved could not be stored', async (assert) => {
      const { signIn } = signInFixture({ before: 1n } as never);
      assert.equal((await signIn()).status, 500);
    });
  });

  QUnit.test('SessionExpired and SessionNotFound are what get throws', async (assert) => {
    const { visit, begun, clock } = visitsFixture({ sessions: { timeToLive: 10 } });
    const { wire } = await begun();
    clock.time += 10;
    const { session } = await visit({ cookie: wire });
    assert.throws(() => session.get(), SessionExpired);
    await session.logout();
    assert.throws(() => session.get(), SessionNotFound);
  });
});

/** A sign-in at the resource of the package, whose `authenticate` saves this and does not wait for it. */
function signInFixture(saved: Data) {
  const { sessions } = visitsFixture();
  const server = createSessionServer<Data>({
    sessions,
    cookie: { secure: false },
    onError() {},
    authenticate(_, current) {
      current.save(saved);
      return { id: 'ada', data: { a: 1 } };
    },
  });
  const request = requestOf({
    method: 'POST',
    url: '/session',
    headers: { 'content-type': 'application/json' },
  });
  const body = async () => Buffer.from('{"username":"ada","password":"x"}');
  return { sessions, signIn: () => server.handle({ ...request, body }) };
}
