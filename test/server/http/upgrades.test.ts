import QUnit from 'qunit';
import { cookieCarrier } from '../../../src/server/http/carriers/cookie.js';
import { createSessionServer } from '../../../src/server/session-server.js';
import { patch, replace } from '../live/channel/live-fixture.js';
import { site, starcounterSite } from './live-site.js';
import { plainRequest } from './resources/plain.js';
import { settled } from './visits.js';

const ours = 'can-connect-session.v1';
const host = 'app.example';
const own = { host, origin: `https://${host}` };

/** Which subprotocol was selected, how it was closed, and what was said. */
function told(outcome: unknown) {
  const { protocol, port } = outcome as Extract<
    Awaited<ReturnType<ReturnType<typeof site>['upgrade']>>,
    { port: unknown }
  >;
  return [protocol, port.goodbye, port.texts.length];
}

const statusOf = (outcome: unknown) => {
  const { status, body } = outcome as { status?: number; body?: string };
  return [status, body && JSON.parse(body).code];
};

QUnit.module('server/http/upgrades', () => {
  QUnit.module('S49 proof', () => {
    QUnit.test('is the token among the subprotocols, of which the first is selected', async (assert) => {
      const { begin, upgrade } = site();
      const { url, token } = await begin({ a$: 1 });
      for (const headers of [
        { ...own, 'sec-websocket-protocol': `${ours}, bearer.${token}` },
        { ...own, 'sec-websocket-protocol': `bearer.${token},${ours}` },
        { 'sec-websocket-protocol': `${ours}, bearer.${token}` },
        { 'sec-websocket-protocol': ours, authorization: `Bearer ${token}` },
      ]) {
        assert.deepEqual(told(await upgrade(url, headers)), [ours, undefined, 0]);
      }
    });

    QUnit.test('is the cookie, for pages of our own host and of listed origins', async (assert) => {
      const { begin, upgrade } = site({ server: { origins: ['https://page.example'] } });
      const { url, cookie } = await begin({ a$: 1 });
      for (const headers of [
        own,
        { host, origin: 'https://page.example' },
        { host, origin: 'null', 'sec-fetch-site': 'same-origin' },
      ]) {
        const outcome = await upgrade(url, { ...cookie, ...headers, 'sec-websocket-protocol': ours });
        assert.deepEqual(told(outcome), [ours, undefined, 0]);
      }
    });

    QUnit.test(
      'of a page from elsewhere is refused with 403 and no handshake, whatever it shows',
      async (assert) => {
        const { begin, upgrade } = site({ server: { origins: ['https://page.example'] } });
        const { url, cookie, token } = await begin({ a$: 1 });
        const protocols = `${ours}, bearer.${token}`;
        for (const headers of [
          { origin: 'https://evil.example' },
          { origin: 'null' },
          { origin: `https://${host}.evil.example` },
          { origin: `http://${host}:81` },
          { origin: `https://${host}`, 'sec-fetch-site': 'cross-site' },
        ]) {
          for (const proof of [cookie, { 'sec-websocket-protocol': protocols }, {}]) {
            const outcome = await upgrade(url, { host, ...proof, ...headers });
            assert.deepEqual(statusOf(outcome), [403, 'request/origin']);
          }
        }
      },
    );

    QUnit.test('by a cookie without an origin is refused: who is no browser has a token', async (assert) => {
      const { begin, upgrade } = site();
      const { url, cookie } = await begin({});
      assert.deepEqual(statusOf(await upgrade(url, { ...cookie, host })), [403, 'request/origin']);
    });

    QUnit.test('by the address is enough where that is a secret (SC-80)', async (assert) => {
      const { begin, upgrade } = starcounterSite();
      const { url } = await begin({ a$: 1 });
      for (const headers of [{}, own])
        assert.deepEqual(told(await upgrade(url, headers)), [undefined, undefined, 1]);
      assert.deepEqual(statusOf(await upgrade(url, { host, origin: 'https://evil.example' })), [
        403,
        'request/origin',
      ]);
    });

    QUnit.test(
      'that is none is told after the handshake, since a page cannot see its status',
      async (assert) => {
        const { begin, upgrade, clock, sessions } = site();
        const ann = await begin({});
        const bob = await begin({}, 'bob');
        const goodbye = async (url: string, ...protocols: string[]) =>
          told(await upgrade(url, { ...own, 'sec-websocket-protocol': [ours, ...protocols].join(', ') }));
        const closed = (why: string) => [ours, `4401 ${why}`, 0];
        assert.deepEqual(await goodbye(ann.url), closed('token/missing'));
        assert.deepEqual(await goodbye(ann.url, 'bearer.'), closed('token/malformed'));
        assert.deepEqual(await goodbye(ann.url, 'bearer.x.y.z'), closed('token/not-base64url'));
        assert.deepEqual(await goodbye(ann.url, `bearer.${ann.token}x`), closed('token/signature'));
        assert.deepEqual(await goodbye(bob.url, `bearer.${ann.token}`), closed('request/not-found'));
        assert.deepEqual(
          await goodbye(`${ann.url}/reconnect`, `bearer.${ann.token}`),
          closed('request/not-found'),
        );
        assert.deepEqual(await goodbye(`${ann.url}/a b`, `bearer.${ann.token}`), closed('request/not-found'));
        await sessions.destroy(ann.id);
        assert.deepEqual(await goodbye(ann.url, `bearer.${ann.token}`), closed('session/not-found'));
        clock.time += 8 * 3_600_000;
        assert.deepEqual(await goodbye(bob.url, `bearer.${bob.token}`), closed('token/expired'));
      },
    );

    QUnit.test('that is none is told with 1011 in the Starcounter preset (SC-83)', async (assert) => {
      const { begin, upgrade, sessions } = starcounterSite();
      const { url, id } = await begin({});
      await sessions.destroy(id);
      assert.deepEqual(told(await upgrade(url)), [undefined, '1011 request/not-found', 0]);
    });
  });

  QUnit.test('a store that is away is no end: 1013', async (assert) => {
    const { begin, upgrade, broken } = site();
    const { url, token } = await begin({});
    const headers = { ...own, 'sec-websocket-protocol': `${ours}, bearer.${token}` };
    broken.add('get');
    assert.deepEqual(told(await upgrade(url, headers)), [ours, '1013 store/unavailable', 0]);
  });

  QUnit.test('a session in use for too long is no end: 1013', async (assert) => {
    const { begin, upgrade, live } = site({ live: { waitMs: 0 } });
    const { url, token, id } = await begin({});
    let release = (): void => undefined;
    const work = live.run(id, () => new Promise<void>((resolve) => (release = resolve)));
    await settled();
    const headers = { ...own, 'sec-websocket-protocol': `${ours}, bearer.${token}` };
    assert.deepEqual(told(await upgrade(url, headers)), [ours, '1013 session/busy', 0]);
    release();
    await work;
  });

  QUnit.test('who guesses too often is told to wait: 1008', async (assert) => {
    const { begin, upgrade } = site({ server: { attempts: { guesses: 2 } } });
    const { url } = await begin({});
    const headers = { ...own, cookie: `__Host-session=${'A'.repeat(43)}` };
    const seen = new Set<unknown>();
    for (let guess = 0; guess < 5; guess += 1) seen.add(told(await upgrade(url, headers))[1]);
    assert.deepEqual([...seen], ['4401 session/not-found', '1008 request/rate']);
  });

  QUnit.test('data that is no document is refused with 1011', async (assert) => {
    const { begin, upgrade } = starcounterSite();
    const { url } = await begin(5 as never);
    assert.deepEqual(told(await upgrade(url)), [undefined, '1011 config/type', 0]);
  });

  QUnit.test('a failure that is nobody’s code is 500, and reported', async (assert) => {
    const { sessions, live, failures } = site();
    const server = createSessionServer({
      sessions,
      live,
      authenticate: () => null,
      carriers: [
        {
          name: 'broken',
          ambient: false,
          header: undefined,
          find() {
            throw new Error('no');
          },
        },
        cookieCarrier(),
      ],
      onError: (error) => failures.push(error),
    });
    const outcome = await server.upgrade(plainRequest('GET', '/__default/x'));
    assert.deepEqual(statusOf(outcome && 'refused' in outcome ? outcome.refused : {}), [
      500,
      'server/failed',
    ]);
    assert.deepEqual(failures.map(String), ['Error: no']);
  });

  QUnit.test('a path that is not ours is left to others', async (assert) => {
    const { upgrade, sessions } = site();
    for (const url of ['/', '/__default', '/__other/x', '/session', '/x/__default/y']) {
      assert.equal(await upgrade(url), 'not ours', url);
    }
    const without = createSessionServer({ sessions, authenticate: () => null });
    assert.equal(await without.upgrade(plainRequest('GET', '/__default/x')), undefined);
  });

  QUnit.module('who speaks first', () => {
    QUnit.test('is our own client, with what it had pending', async (assert) => {
      const { begin, upgrade, sessions } = site();
      const { url, token, id } = await begin({ a$: 1 });
      const outcome = await upgrade(`${url}/me?x=1`, {
        'sec-websocket-protocol': `${ours}, bearer.${token}`,
      });
      if (!(typeof outcome === 'object' && 'port' in outcome)) throw new Error('refused');
      const { port, events } = outcome;
      assert.deepEqual(port.texts, []);
      events.message('[]', false);
      await settled();
      assert.deepEqual(JSON.parse(port.texts[0] ?? ''), [
        replace('/_ver#s', 1),
        { op: 'test', path: '/_ver#c$', value: 0 },
        replace('', { '_ver#c$': 0, '_ver#s': 1, a$: 1 }),
      ]);
      events.message(JSON.stringify(patch(1, 1, replace('/a$', 2))), false);
      await settled();
      assert.deepEqual((await sessions.peek(id))?.data, { a$: 2 });
    });

    QUnit.test('is the server for all others: with versions, and nothing else (SC-81)', async (assert) => {
      for (const [flags, text] of [
        [2, '[{"op":"replace","path":"/_ver#s","value":1},{"op":"test","path":"/_ver#c$","value":0}]'],
        [0, '[]'],
      ] as const) {
        const { begin, upgrade, ask } = starcounterSite({}, flags);
        const { url } = await begin({ a$: 1 });
        await ask('GET', url);
        const outcome = await upgrade(url, { 'sec-websocket-protocol': 'other' });
        if (!(typeof outcome === 'object' && 'port' in outcome)) throw new Error('refused');
        assert.deepEqual([outcome.protocol, outcome.port.texts], [undefined, [text]]);
      }
    });
  });

  QUnit.test(
    'SC-47 the session of a socket is its own until it ends; the end of a sign-in closes it',
    async (assert) => {
      const { begin, upgrade, ask, sessions } = site();
      const { url, token, id, bearer } = await begin({ a$: 1 });
      const outcome = await upgrade(url, { 'sec-websocket-protocol': `${ours}, bearer.${token}` });
      if (!(typeof outcome === 'object' && 'port' in outcome)) throw new Error('refused');
      // A sign-in gives a new id, and ends the old one (S11).
      const body = JSON.stringify({ username: 'ann', password: 'x' });
      const answer = await ask('POST', '/session', {
        headers: { ...bearer, 'content-type': 'application/json' },
        body,
      });
      assert.deepEqual([answer.status, answer.json.session.id === id], [201, false]);
      assert.deepEqual([outcome.port.goodbye, await sessions.peek(id)], ['4401 revoked', undefined]);
      const next = await ask('GET', `/__default/${answer.json.session.id}`, {
        headers: { authorization: `Bearer ${answer.json.token}` },
      });
      assert.equal(next.status, 200);
    },
  );

  QUnit.test('a sign-out closes the sockets before it is answered', async (assert) => {
    const { begin, upgrade, ask } = site();
    const { url, token, bearer } = await begin({ a$: 1 });
    const outcome = await upgrade(url, { 'sec-websocket-protocol': `${ours}, bearer.${token}` });
    if (!(typeof outcome === 'object' && 'port' in outcome)) throw new Error('refused');
    assert.equal((await ask('DELETE', '/session', { headers: bearer })).status, 204);
    assert.equal(outcome.port.goodbye, '4401 signed-out');
  });
});
