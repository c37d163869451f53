import QUnit from 'qunit';
import {
  type StarcounterServerOptions,
  starcounter,
  starcounterServer,
} from '../../../src/server/presets.js';
import { codeOf } from '../fixture.js';
import { site } from './browser.js';
import { attributesOf, cookiesOf, type Visit, visitsFixture } from './visits.js';

function fixture(options: StarcounterServerOptions = {}) {
  return visitsFixture({
    sessions: { ...starcounter, sweepInterval: 0 },
    server: { ...starcounterServer(options), ambient: true, clearSiteData: [] },
    cookieName: 'ScSessionCookie',
  });
}

/** Where a request of Starcounter can carry an id, best first (SC-40). */
const places: readonly (readonly [name: string, carry: (id: string) => Visit])[] = [
  ['uri', (id) => ({ url: `/__default/${id}` })],
  ['x-referer', (id) => ({ headers: { 'x-referer': `/__default/${id}` } })],
  ['cookie', (id) => ({ headers: { cookie: `ScSessionCookie=${id}` } })],
  ['referer', (id) => ({ headers: { referer: `https://app.example/__default/${id}` } })],
];

const together = (one: Visit, other: Visit): Visit => ({
  ...other,
  ...one,
  headers: { ...other.headers, ...one.headers },
});

QUnit.module('server/http/carriers, as Starcounter has them', () => {
  QUnit.module('SC-40 the order', () => {
    for (const [index, [high, inHigh]] of places.entries()) {
      for (const [low, inLow] of places.slice(index + 1)) {
        QUnit.test(
          `SC-40, SC-43 ${high} goes before ${low}, whichever comes first in the request`,
          async (assert) => {
            const { visit, begun } = fixture();
            const [one, other] = [await begun(), await begun()];
            for (const request of [
              together(inHigh(one.wire), inLow(other.wire)),
              {
                ...together(inLow(other.wire), inHigh(one.wire)),
                ...(inHigh(one.wire).url && { url: inHigh(one.wire).url }),
              },
            ]) {
              const { session } = await visit(request as Visit);
              assert.deepEqual([session.id, session.carrier], [one.id, high]);
            }
          },
        );

        QUnit.test(`SC-42 ${low} stays in force under a bad ${high}`, async (assert) => {
          const { visit, begun } = fixture();
          const { id, wire } = await begun();
          for (const bad of [wire.slice(1), wire.toLowerCase(), 'x'.repeat(24), '']) {
            const { session } = await visit(together(inHigh(bad), inLow(wire)));
            assert.deepEqual([session.id, session.carrier], [id, low], bad);
          }
        });
      }

      QUnit.test(`SC-40 ${high} goes before the socket, where clients connect directly`, async (assert) => {
        const { visit, begun } = fixture({ direct: true });
        const connection = {};
        const { session } = await visit({ connection });
        await session.save({});
        const other = await begun();
        assert.equal((await visit({ ...inHigh(other.wire), connection })).session.id, other.id);
        assert.equal((await visit({ connection })).session.id, session.id);
      });
    }

    QUnit.test('SC-40 has no socket unless clients connect directly', async (assert) => {
      const { visit } = fixture();
      const connection = {};
      await (await visit({ connection })).session.save({});
      assert.equal((await visit({ connection })).session.id, undefined);
    });
  });

  for (const name of ['referer', 'x-referer'] as const) {
    for (const [what, around, found] of [
      ['a bare id', (id: string) => id, true],
      ['an address', (id: string) => `http://h/__default/${id}`, true],
      ['a path', (id: string) => `/__default/${id}`, true],
      ['anything before it', (id: string) => `???${id}`, true],
      ['more digits before it', (id: string) => `AAAA${id}`, true],
      ['a slash behind it', (id: string) => `http://h/__default/${id}/`, false],
      ['a query behind it', (id: string) => `http://h/__default/${id}?x`, false],
      ['too few characters', (id: string) => id.slice(1), false],
      ['lower case', (id: string) => id.toLowerCase(), false],
      ['nothing', () => '', false],
    ] as const) {
      QUnit.test(`SC-41, SC-03 ${name} with ${what}: ${found}`, async (assert) => {
        const { visit, begun } = fixture();
        const { id, wire } = await begun();
        const { session } = await visit({ headers: { [name]: around(wire) } });
        assert.equal(session.id, found ? id : undefined);
      });
    }
  }

  QUnit.test('SC-44 the cookie has exactly this name, and holds the bare id', async (assert) => {
    const { visit, begun } = fixture();
    const { id, wire } = await begun();
    const found = async (cookie: string) => (await visit({ headers: { cookie } })).session.id;
    assert.equal(await found(`a=b; ScSessionCookie=${wire}; c=d`), id);
    for (const name of ['MyScSessionCookie', 'ScSessionCookie2', 'scsessioncookie', 'a']) {
      assert.equal(await found(`${name}=${wire}`), undefined, name);
    }
    assert.equal(await found(`a=ScSessionCookie=${wire}`), undefined);
  });

  for (const [name, carry] of places.slice(1)) {
    QUnit.test(
      `SC-45 an id of no live session in ${name} is no session, and the handler runs`,
      async (assert) => {
        const { visit, begun, sessions, server } = fixture();
        const { id, wire } = await begun();
        await sessions.destroy(id);
        for (const dead of [wire, 'A'.repeat(24)]) {
          const { session } = await visit(carry(dead));
          await server.run(session, async () => assert.equal(server.current()?.id, undefined));
          assert.equal(await codeOf(() => session.get()), 'session/not-found');
        }
      },
    );
  }

  QUnit.test(
    'SC-46 an id of no live session in the address is 404, and the handler does not run',
    async (assert) => {
      const { server, begun, sessions } = fixture();
      let ran = 0;
      const host = await site(server, (_, response) => {
        ran += 1;
        response.end();
      });
      const { id, wire } = await begun();
      const { ask } = host.browser();
      assert.equal((await ask(`/__default/${wire}`)).status, 200);
      await sessions.destroy(id);
      const answer = await ask(`/__default/${wire}`);
      assert.deepEqual([answer.status, JSON.parse(answer.text).code, ran], [404, 'request/not-found', 1]);
      await host.close();
    },
  );

  QUnit.test('SC-04 the address follows the name of the database', async (assert) => {
    const { visit, begun } = fixture({ database: 'my-db' });
    const { id, wire } = await begun();
    assert.equal((await visit({ url: `/__my-db/${wire}` })).session.id, id);
    assert.equal((await visit({ url: `/__default/${wire}` })).session.id, undefined);
    assert.equal(await codeOf(() => starcounterServer({ database: 'a/../b' })), 'config/invalid');
  });

  QUnit.module('announcing', () => {
    QUnit.test(
      'SC-50, SC-51, SC-54 tells the path once, twice the same, and sets no cookie',
      async (assert) => {
        const { visit, sessions } = fixture();
        const { session, answer } = await visit();
        const created = await sessions.create({ a: 1 });
        session.use(created);
        await session.save({ a: 2 });
        const path = `/__default/${created.id}`;
        assert.deepEqual(await answer(), { location: path, 'x-location': path, 'cache-control': 'no-store' });
      },
    );

    for (const [name, carry] of places) {
      QUnit.test(`SC-50, PAL-02 tells nothing when the request came with it: ${name}`, async (assert) => {
        const { visit, begun } = fixture();
        const { wire } = await begun();
        const { session, answer } = await visit(carry(wire));
        await session.save({ a: 1 });
        assert.deepEqual(await answer(), {});
      });
    }

    QUnit.test('SC-50 tells of another one that a handler changes to', async (assert) => {
      const { visit, begun, sessions } = fixture();
      const [one, other] = [await begun(), await begun()];
      const { session, answer } = await visit({ url: `/__default/${one.wire}` });
      session.use(null);
      // Any session may be told of: the id is all that travels.
      session.use(await sessions.get(other.id));
      assert.equal((await answer()).location, `/__default/${other.id}`);
      assert.equal(await sessions.count(), 2);
    });

    QUnit.test('SC-51, SC-52 tells by the cookie when told so, and by nothing else', async (assert) => {
      const { visit } = fixture({ useSessionCookie: true });
      const { session, answer } = await visit();
      await session.save({ a: 1 });
      const headers = await answer();
      assert.deepEqual(Object.keys(headers).sort(), ['cache-control', 'set-cookie']);
      const [cookie = ''] = cookiesOf(headers);
      assert.true(cookie.startsWith(`ScSessionCookie=${session.id};`));
      assert.deepEqual(attributesOf(cookie), ['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure']);
    });

    QUnit.test('SC-53, SC-55 keeps the status and a Location of the handler’s own', async (assert) => {
      const { server } = fixture();
      const host = await site(server, async ({ session, url }, response) => {
        if (url !== '/none') await session.save({});
        if (url === '/own') response.setHeader('Location', '/elsewhere');
        if (url === '/head') response.writeHead(202, { 'X-Location': '/elsewhere' });
        else response.statusCode = 207;
        response.end(session.id ?? '');
      });
      const { ask } = host.browser();
      const plain = await ask('/');
      const path = `/__default/${plain.text}`;
      assert.deepEqual(
        [plain.status, plain.headers.location, plain.headers['x-location']],
        [207, path, path],
      );
      const own = await ask('/own');
      assert.deepEqual(
        [own.headers.location, own.headers['x-location']],
        ['/elsewhere', `/__default/${own.text}`],
      );
      const head = await ask('/head');
      assert.deepEqual([head.status, head.headers['x-location']], [202, '/elsewhere']);
      assert.equal(head.headers.location, `/__default/${head.text}`);
      const none = await ask('/none');
      assert.deepEqual(
        [none.status, none.headers.location, none.headers['x-location']],
        [207, undefined, undefined],
      );
      await host.close();
    });

    QUnit.test('SC-50, SC-41 the page that is told finds its session again', async (assert) => {
      const { server } = fixture();
      const host = await site(server, async ({ session }, response) => {
        if (session.id === undefined) await session.save({ n: 1 });
        response.end(JSON.stringify(session.data));
      });
      const { ask } = host.browser();
      const { headers } = await ask('/');
      const location = String(headers['x-location']);
      const [byAddress, byReferer] = [
        await ask(location),
        await ask('/x', { headers: { 'x-referer': location } }),
      ];
      for (const { text, headers: later } of [byAddress, byReferer]) {
        assert.deepEqual([text, later.location, later['x-location']], ['{"n":1}', undefined, undefined]);
      }
      await host.close();
    });
  });

  QUnit.test('SC-12 the current session of a request is gone after it', async (assert) => {
    const { visit, begun, server } = fixture();
    const { session } = await visit({ url: `/__default/${(await begun()).wire}` });
    server.run(session, () => assert.equal(server.current(), session));
    assert.equal(server.current(), undefined);
  });

  QUnit.test('SC-47 a real connection keeps its session, where clients connect directly', async (assert) => {
    const { server } = fixture({ direct: true });
    const host = await site(server, async ({ session }, response) => {
      if (session.id === undefined) await session.save({});
      response.end(`${session.id} ${session.carrier}`);
    });
    const { Agent, request } = await import('node:http');
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = () =>
      new Promise<string>((resolve) => {
        request(
          { port: host.port, host: '127.0.0.1', agent, headers: { host: 'localhost' } },
          async (response) => {
            let text = '';
            for await (const part of response) text += part;
            resolve(text);
          },
        ).end();
      });
    const [first, second] = [await ask(), await ask()];
    assert.deepEqual([first.split(' ')[1], second], ['undefined', `${first.split(' ')[0]} socket`]);
    agent.destroy();
    await host.close();
  });
});
