import QUnit from 'qunit';
import { anyEdit } from '../../../../src/server/live/channel/policy.js';
import type { Host, Route } from './host.js';
import {
  beginRoute,
  httpVersioned,
  journey,
  modes,
  pageHooks,
  socketPlain,
  socketVersioned,
  versionPaths,
} from './kit.js';
import type { PageClient } from './page.js';

const data = { name$: 'Ann', age$: 30, list: [1] };

/** Both edit, one after the other, and see what the other did. */
async function edit(
  host: Host,
  id: string,
  [one, other]: readonly [PageClient, PageClient],
  text: string,
): Promise<void> {
  await one.set('/name$', `${text} one`);
  await host.until(id, ({ name$ }) => name$ === `${text} one`);
  await one.until(({ pending }) => pending === 0);
  await other.set('/age$', text.length);
  await host.until(id, ({ age$ }) => age$ === text.length);
  await other.until(({ pending, document }) => pending === 0 && document.name$ === `${text} one`);
}

const rotate: Route = async (request, response) => {
  await request.session.resave(undefined, { id: 'ann', userData: {} });
  response.end('[]');
};

QUnit.module('server/live: palindrom@5.1.0, its faults and limits', pageHooks, () => {
  for (const mode of modes) {
    QUnit.test(`begins again at 1 when the page is loaded again, ${mode.name} (PAL-09)`, (assert) =>
      journey(assert, mode, async ({ host, page, options, follow }) => {
        const { id, client } = await follow(data);
        await client.set('/age$', 31);
        await host.until(id, ({ age$ }) => age$ === 31);
        await client.until(({ pending }) => pending === 0);
        await client.leave();
        const again = await page.open(options(host.address(id)));
        assert.deepEqual(again.document, { ...data, age$: 31 });
        assert.equal(again.state.document['_ver#c$'], mode.versions ? 0 : undefined);
        await again.set('/age$', 32);
        await host.until(id, ({ age$ }) => age$ === 32);
        await again.until(({ pending }) => pending === 0);
      }),
    );

    QUnit.test(`follows beside another, each by a name of its own, ${mode.name} (PAL-09)`, (assert) =>
      journey(assert, { ...mode, live: { replaces: false } }, async ({ host, page, options }) => {
        const id = await host.begin(data);
        const left = await page.open(options(`${host.address(id)}/left`));
        const right = await page.open(options(`${host.address(id)}/right`));
        await edit(host, id, [left, right], 'first');
        await edit(host, id, [right, left], 'later');
        if (!mode.socket) return;
        host.cut();
        for (const one of [left, right]) await one.until(({ countdowns }) => countdowns.length > 0);
        await page.elapse(1000);
        for (const one of [left, right]) await one.until(({ loads, isOpen }) => loads === 2 && isOpen);
        await edit(host, id, [left, right], 'after the break');
        await left.until(({ document }) => document.age$ === 'after the break'.length);
        assert.deepEqual(left.document, right.document);
      }),
    );
  }

  QUnit.test(
    'does not notice that a newer socket takes its place, and goes on over HTTP (SC-80, PAL-13)',
    (assert) =>
      journey(assert, socketVersioned, async ({ host, page, options }) => {
        const id = await host.begin(data);
        const older = await page.open(options(`${host.address(id)}/older`));
        const newer = await page.open(options(`${host.address(id)}/newer`));
        await older.until(({ closes }) => closes.length > 0);
        assert.deepEqual(
          [older.state.closes, older.state.countdowns, newer.state.isOpen],
          [['1000'], [], true],
        );
        await edit(host, id, [newer, older], 'a');
        await edit(host, id, [newer, older], 'bc');
        assert.true(older.state.sent.at(-1)?.startsWith('PATCH '));
        await newer.until(({ document }) => document.age$ === 2);
      }),
  );

  for (const mode of [httpVersioned, socketVersioned]) {
    QUnit.test(
      `is refused when a newer one at the same address has begun, which loses nothing, ${mode.name} (PAL-09)`,
      (assert) =>
        journey(assert, mode, async ({ host, page, options, follow }) => {
          const { id, client: older } = await follow(data);
          await older.set('/age$', 31);
          await older.until(({ pending }) => pending === 0);
          const newer = await page.open(options(host.address(id)));
          if (mode.socket) await older.until(({ closes }) => closes.length > 0);
          await newer.set('/name$', 'Bob');
          await newer.until(({ pending }) => pending === 0);
          await older.set('/age$', 32);
          await older.failure();
          await newer.set('/name$', 'Cy');
          await newer.until(({ pending }) => pending === 0);
          assert.deepEqual(await host.data(id), { ...data, name$: 'Cy', age$: 31 });
        }),
    );
  }

  QUnit.test('cannot go on when it is told an address again (PAL-02)', (assert) => {
    const again: Route = async (request, response, { live }) => {
      const { id } = request.session;
      response.setHeader('x-location', `/__default/${id}`);
      response.end(await live.patchFor(request.headers.accept, id));
    };
    return journey(
      assert,
      { ...httpVersioned, routes: { '/begin': beginRoute(data), '/again': again } },
      async ({ host, page, options }) => {
        const client = await page.open(options(`${host.url}/begin`));
        await client.visit(`${host.url}/again`);
        assert.true((await client.failure()).includes('Session lost.'));
      },
    );
  });

  for (const mode of modes) {
    QUnit.test(`cannot go on when its session gets another id, ${mode.name} (PAL-19)`, (assert) =>
      journey(
        assert,
        { ...mode, routes: { '/begin': beginRoute(data), '/rotate': rotate } },
        async ({ host, page, options }) => {
          const client = await page.open(options(`${host.url}/begin`));
          await client.visit(`${host.url}/rotate`);
          assert.true(/Session lost\.|Session is expired\./.test(await client.failure()));
          await client.until(({ errors }) => errors.some((error) => error.includes('Session lost.')));
          const address = host.told.at(-1)?.xLocation;
          assert.notEqual(`${host.url}${address}`, client.state.address);
          // Loaded again, with the new address.
          const again = await page.open(options(`${host.url}${address}`));
          await again.set('/name$', 'Bob');
          await again.until(({ pending }) => pending === 0);
          assert.deepEqual(again.document, { ...data, name$: 'Bob' });
        },
      ),
    );
  }

  QUnit.test(
    'goes on at a new id over HTTP when it never was told an address, and loses its first edit (PAL-02, PAL-19)',
    (assert) =>
      journey(assert, { ...httpVersioned, routes: { '/rotate': rotate } }, async ({ host, follow }) => {
        const { id, client } = await follow(data);
        await client.visit(`${host.url}/rotate`);
        await client.until(({ address }) => !address.endsWith(id));
        await client.set('/name$', 'Bob');
        await client.until(({ loads }) => loads === 2);
        assert.equal(client.document.name$, 'Ann');
        await client.set('/name$', 'Bob');
        await client.until(({ pending }) => pending === 0);
        assert.equal((await host.data(client.state.address.slice(-24))).name$, 'Bob');
      }),
  );

  QUnit.test('cannot go on after a version that it has (PAL-07)', (assert) => {
    const stale: Route = async (_, response) => {
      response.end('[{"op":"replace","path":"/_ver#s","value":0},{"op":"test","path":"/_ver#c$","value":0}]');
    };
    return journey(assert, { ...httpVersioned, routes: { '/stale': stale } }, async ({ host, follow }) => {
      const { client } = await follow(data);
      await client.visit(`${host.url}/stale`);
      assert.true((await client.failure()).includes('Given version was already applied.'));
    });
  });

  QUnit.test('cannot go on when the server says that it shuts down (PAL-13)', (assert) =>
    journey(assert, socketVersioned, async ({ host, follow }) => {
      const { client } = await follow(data);
      host.live.close();
      assert.true((await client.failure()).includes('The server shuts down.'));
      assert.deepEqual(client.state.countdowns, []);
    }),
  );

  QUnit.test(
    'does not notice that its socket is closed without a reason, and goes on over HTTP (PAL-13)',
    (assert) =>
      journey(assert, socketVersioned, async ({ host, follow }) => {
        const { id, client } = await follow(data);
        await host.sockets.close();
        await client.until(({ closes }) => closes.length > 0);
        assert.deepEqual([client.state.closes, client.state.countdowns], [['1001'], []]);
        await client.set('/name$', 'Bob');
        await host.until(id, ({ name$ }) => name$ === 'Bob');
        await client.until(({ pending }) => pending === 0);
        assert.true(client.state.sent.at(-1)?.startsWith('PATCH '));
      }),
  );

  QUnit.test('sends an object again as it is by then, when it was changed after it was added', (assert) =>
    journey(assert, { ...socketVersioned, live: { policy: anyEdit } }, async ({ host, page, follow }) => {
      const { id, client } = await follow(data);
      host.deafen();
      await client.change(
        { path: '/new', value: { items: [] } },
        { path: '/new/items', call: 'push', value: ['x'] },
      );
      host.cut();
      await client.until(({ countdowns }) => countdowns.length > 0);
      await page.elapse(1000);
      await client.until(({ loads, isOpen }) => loads === 2 && isOpen);
      assert.deepEqual((await host.data(id)).new, { items: ['x', 'x'] });
      assert.deepEqual(client.document, await host.data(id), 'which both agree on');
    }),
  );

  QUnit.test('while it debugs, refuses patches below names with slashes or tildes', (assert) =>
    journey(assert, socketPlain, async ({ host, follow }) => {
      const { id, client } = await follow({ 'a/b': 1 });
      client.isDoomed = true;
      await host.live.run(id, (session) => {
        if (session) session.data['a/b'] = 2;
      });
      await client.until(({ faults }) => faults.length > 0);
      assert.true(client.state.faults[0]?.includes('OPERATION_PATH_UNRESOLVABLE'));
      assert.deepEqual(client.document, { 'a/b': 1 });
    }),
  );

  const unfit = {
    'numbers patches without ot': { ot: false },
    'has one version only': { ot: false, remoteVersionPath: '' },
    'is a purist': { purity: true },
    'has no versions where the server has them': { ot: false, localVersionPath: '' },
  };
  for (const mode of [httpVersioned, socketVersioned]) {
    for (const [what, options] of Object.entries(unfit)) {
      QUnit.test(`cannot go on after an edit ${mode.name}, when it ${what} (PAL-06, SC-95)`, (assert) =>
        journey(assert, mode, async ({ host, page, options: fit }) => {
          const client = await page.begin({ ...fit(host.address(await host.begin(data))), ...options });
          client.isDoomed = true;
          await client.until(
            ({ loads, received, uncaught }) => uncaught.length + (mode.socket ? received.length : loads) > 0,
          );
          await client.set('/name$', 'Bob');
          await client.failure();
          assert.ok(true);
        }),
      );
    }
  }

  QUnit.test(
    'cannot go on after an edit, when it has versions where the server has none (PAL-06)',
    (assert) =>
      journey(assert, socketPlain, async ({ follow }) => {
        const { client } = await follow(data, versionPaths);
        await client.set('/name$', 'Bob');
        assert.true((await client.failure()).includes('stateCode: 1011'));
      }),
  );
});
