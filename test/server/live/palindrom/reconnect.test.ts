import QUnit from 'qunit';
import {
  httpPlain,
  httpVersioned,
  journey,
  pageHooks,
  patchRoute,
  socketPlain,
  socketVersioned,
} from './kit.js';

const data = { name$: 'Ann', age$: 30, list: [{ n$: 1 }, { n$: 2 }], log: [] as string[] };
/** Edits, each of which is a patch of its own. */
const edits = [
  { path: '/name$', value: 'Bob' },
  { path: '/age$', value: 31 },
  { path: '/list/0/n$', value: 10 },
  { path: '/name$', value: 'Cy' },
  { path: '/age$', value: 32 },
] as const;
const after = [
  data,
  { ...data, name$: 'Bob' },
  { ...data, name$: 'Bob', age$: 31 },
  { ...data, name$: 'Bob', age$: 31, list: [{ n$: 10 }, { n$: 2 }] },
  { ...data, name$: 'Cy', age$: 31, list: [{ n$: 10 }, { n$: 2 }] },
];

QUnit.module('server/live: palindrom@5.1.0, reconnecting', pageHooks, () => {
  for (const count of [0, 1, 2, 4]) {
    for (const lost of ['on the way to the server', 'on the way back'] as const) {
      QUnit.test(
        `goes on after its socket was cut off, ${count} patches being lost ${lost} (SC-70, SC-71, SC-97, PAL-10)`,
        (assert) =>
          journey(assert, socketVersioned, async ({ host, page, follow }) => {
            const handled: string[] = [];
            host.live.onInput('/*', ({ path, value }) => void handled.push(`${path} ${value}`));
            host.live.onInput('/list/*/n$', ({ path, value }) => void handled.push(`${path} ${value}`));
            const { id, client } = await follow(data);
            if (lost === 'on the way back') host.mute();
            else host.deafen();
            await client.change(...edits.slice(0, count));
            if (lost === 'on the way back')
              await host.until(id, (now) => JSON.stringify(now) === JSON.stringify(after[count]));
            assert.equal(client.state.pending, count);
            host.cut();
            await client.until(({ countdowns }) => countdowns.length > 0);
            assert.deepEqual([client.state.countdowns, client.state.closes], [[1000], ['1006']]);
            await page.elapse(1000);
            await client.until(({ loads, isOpen, pending }) => loads === 2 && isOpen && pending === 0);
            assert.deepEqual(client.document, after[count]);
            assert.deepEqual(await host.data(id), after[count]);
            assert.equal(handled.length, count, 'each counts once');
            assert.equal(client.state.document['_ver#c$'], count, 'PAL-10');
            // And there is no gap.
            await client.set('/name$', 'Dan');
            await host.until(id, ({ name$ }) => name$ === 'Dan');
            await client.until(({ pending }) => pending === 0);
            await host.live.run(id, (session) => {
              session?.data.list.unshift({ n$: 0 });
            });
            await client.until(({ document }) => document.list.length === 3);
            assert.deepEqual(client.document, await host.data(id));
          }),
      );
    }
  }

  QUnit.test(
    'learns what the server did meanwhile, and puts its own edits where they belong (SC-70, SC-98)',
    (assert) =>
      journey(assert, socketVersioned, async ({ host, page, follow }) => {
        const { id, client } = await follow(data);
        host.deafen();
        await client.change({ path: '/list/1/n$', value: 20 }, { path: '/list/0/n$', value: 10 });
        host.mute();
        await host.live.run(id, (session) => {
          session?.data.list.splice(0, 1);
          session?.data.list.unshift({ n$: -1 }, { n$: 0 });
        });
        host.cut();
        await client.until(({ countdowns }) => countdowns.length > 0);
        await page.elapse(1000);
        await client.until(({ loads, isOpen }) => loads === 2 && isOpen);
        assert.deepEqual(client.document.list, [{ n$: -1 }, { n$: 0 }, { n$: 20 }], 'the first was gone');
        assert.deepEqual((await host.data(id)).list, client.document.list);
      }),
  );

  QUnit.test('sends over HTTP what the user edits while it has no socket (SC-63, SC-84)', (assert) =>
    journey(assert, socketVersioned, async ({ host, page, follow }) => {
      const { id, client } = await follow(data);
      host.cut();
      await client.until(({ countdowns }) => countdowns.length > 0);
      await client.set('/name$', 'Bob');
      await host.until(id, ({ name$ }) => name$ === 'Bob');
      await client.until(({ pending }) => pending === 0);
      assert.true(client.state.received.at(-1)?.startsWith('PATCH '));
      await page.elapse(1000);
      await client.until(({ loads, isOpen }) => loads === 2 && isOpen);
      await client.set('/name$', 'Cy');
      await host.until(id, ({ name$ }) => name$ === 'Cy');
      await client.until(({ pending, sent }) => pending === 0 && (sent.at(-1) ?? '').startsWith('WS'));
    }),
  );

  QUnit.test('is cut off again and again', (assert) =>
    journey(assert, socketVersioned, async ({ host, page, follow }) => {
      const { id, client } = await follow(data);
      for (let round = 1; round <= 4; round += 1) {
        if (round % 2 === 0) host.mute();
        else host.deafen();
        await client.change({ path: '/age$', value: 100 + round }, { path: '/list/1/n$', value: round });
        if (round % 2 === 0) await host.until(id, ({ list }) => list[1].n$ === round);
        host.cut();
        await client.until(
          ({ countdowns }) => countdowns.includes(1000) && countdowns.length === 2 * round - 1,
        );
        await page.elapse(1000);
        await client.until(({ loads, isOpen }) => loads === round + 1 && isOpen);
        assert.deepEqual(client.document, await host.data(id));
        assert.deepEqual([client.document.age$, client.document.list[1].n$], [100 + round, round]);
      }
    }),
  );

  for (const count of [0, 2]) {
    QUnit.test(
      `goes on where it is forgotten, which undoes the ${count} patches that it sent in vain (SC-70, PAL-10)`,
      (assert) =>
        journey(assert, { ...socketVersioned, live: { mostIdle: 1 } }, async ({ host, page, follow }) => {
          const { id, client } = await follow(data);
          await client.set('/name$', 'Bob');
          await client.until(({ pending, received }) => pending === 0 && received.length === 2);
          host.deafen();
          await client.change(...edits.slice(1, 1 + count));
          host.cut();
          await client.until(({ countdowns }) => countdowns.length > 0);
          // Another takes its place in memory: for the client, it is as if the server had been started again.
          await host.live.documentOf(await host.begin(data));
          await page.elapse(1000);
          await client.until(({ loads, isOpen, pending }) => loads === 2 && isOpen && pending === 0);
          assert.deepEqual(client.document, { ...data, name$: 'Bob' });
          assert.deepEqual(await host.data(id), client.document);
          await client.set('/name$', 'Cy');
          await host.until(id, ({ name$ }) => name$ === 'Cy');
          await client.until(({ pending }) => pending === 0);
          await client.set('/name$', 'Dan');
          await host.until(id, ({ name$ }) => name$ === 'Dan');
          await client.until(({ pending }) => pending === 0);
          assert.equal(client.document.name$, 'Dan');
        }),
    );
  }

  QUnit.test('asks by GET without versions, and forgets what was not carried out (PAL-11)', (assert) =>
    journey(assert, socketPlain, async ({ host, page, follow }) => {
      const { id, client } = await follow(data);
      host.deafen();
      await client.set('/name$', 'Bob');
      host.cut();
      await client.until(({ countdowns }) => countdowns.length > 0);
      await host.live.run(id, (session) => {
        session?.data.log.push('x');
      });
      await page.elapse(1000);
      await client.until(({ loads, isOpen }) => loads === 2 && isOpen);
      assert.true(host.told.some(({ request }) => request === `GET /__default/${id}/reconnect`));
      assert.deepEqual(client.document, { ...data, log: ['x'] });
      await client.set('/name$', 'Cy');
      await host.until(id, ({ name$ }) => name$ === 'Cy');
    }),
  );

  QUnit.test('reconnects when nobody answers on its socket (PAL-12)', (assert) =>
    journey(assert, socketVersioned, async ({ host, page, follow }) => {
      const { id, client } = await follow(data, { pingIntervalS: 10 });
      host.deafen();
      await page.elapse(10_000);
      await client.until(({ sent }) => sent.at(-1) === 'WS []');
      await client.set('/name$', 'Bob');
      await page.elapse(10_000);
      await client.until(({ countdowns }) => countdowns.length > 0);
      await page.elapse(1000);
      await client.until(({ loads, isOpen, pending }) => loads === 2 && isOpen && pending === 0);
      assert.deepEqual((await host.data(id)).name$, 'Bob');
      assert.equal(client.document.name$, 'Bob');
    }),
  );

  for (const when of ['before', 'after'] as const) {
    for (const count of [1, 3]) {
      QUnit.test(
        `reconnects over HTTP when nobody answers, and ${count} patches arrive ${when} that (PAL-12, SC-70, SC-97)`,
        (assert) =>
          journey(assert, httpVersioned, async ({ host, page, follow }) => {
            const handled: unknown[] = [];
            host.live.onInput('/*', ({ value }) => void handled.push(value));
            host.live.onInput('/list/*/n$', ({ value }) => void handled.push(value));
            const { id, client } = await follow(data, { pingIntervalS: 10 });
            const release = host.hold();
            await client.change(...edits.slice(0, count));
            await host.held(count);
            await page.elapse(10_000);
            await client.until(({ countdowns }) => countdowns.length > 0);
            assert.equal(client.state.pending, count);
            if (when === 'before') await release();
            else host.pass();
            await page.elapse(1000);
            await client.until(({ loads }) => loads === 2);
            if (when === 'after') await release();
            await client.until(({ received, pending }) => received.length === count && pending === 0);
            assert.deepEqual(client.document, after[count]);
            assert.deepEqual(await host.data(id), after[count]);
            assert.equal(handled.length, count, 'each counts once');
            const others = host.told.filter(({ status }) => status !== 200);
            if (when === 'after') assert.deepEqual(others, [], 'what counts already is no error (SC-66)');
            await client.set('/name$', 'Dan');
            await host.until(id, ({ name$ }) => name$ === 'Dan');
            await client.until(({ pending }) => pending === 0);
          }),
      );
    }
  }

  QUnit.test('reconnects over HTTP without versions by GET (PAL-11)', (assert) =>
    journey(assert, httpPlain, async ({ host, page, follow }) => {
      const { id, client } = await follow(data, { pingIntervalS: 10 });
      host.hold();
      await page.elapse(10_000);
      await host.held(1);
      await page.elapse(10_000);
      await client.until(({ countdowns }) => countdowns.length > 0);
      host.pass();
      await host.live.run(id, (session) => {
        session?.data.log.push('x');
      });
      await page.elapse(1000);
      await client.until(({ loads }) => loads === 2);
      assert.deepEqual(client.document, { ...data, log: ['x'] });
    }),
  );

  QUnit.test('gives up when the server is not there as it reconnects (PAL-05)', (assert) =>
    journey(assert, socketVersioned, async ({ host, page, follow }) => {
      const { client } = await follow(data);
      host.close();
      await client.until(({ countdowns }) => countdowns.length > 0);
      await page.elapse(1000);
      assert.true((await client.failure()).includes('statusCode: -1'));
    }),
  );

  QUnit.test(
    'sends all again when more than three are pending, and each counts once (PAL-14, SC-97)',
    (assert) =>
      journey(assert, socketVersioned, async ({ host, follow }) => {
        const { id, client } = await follow(data);
        const handled: unknown[] = [];
        host.live.onInput('/*', ({ value }) => void handled.push(value));
        host.live.onInput('/list/*/n$', ({ value }) => void handled.push(value));
        const { run, release } = await host.occupy(id);
        await client.change(...edits);
        await run((session) => {
          session.data.log.push('pushed');
          return session.push();
        });
        await client.until(({ sent }) => sent.length === 1 + 2 * edits.length);
        await release();
        await host.until(id, ({ age$ }) => age$ === 32);
        await client.set('/name$', 'Dan');
        await host.until(id, ({ name$ }) => name$ === 'Dan');
        await client.until(({ pending }) => pending === 0);
        assert.deepEqual(handled, [...edits.map(({ value }) => value), 'Dan']);
        assert.deepEqual(client.document, await host.data(id));
        // The push after the handshake, that of the task, and one answer to each patch (SC-82).
        assert.equal(client.state.received.length, 2 + edits.length + 1);
        assert.deepEqual(client.document.log, ['pushed']);
      }),
  );

  QUnit.test('sends all again over HTTP, and each counts once (PAL-14, SC-66)', (assert) =>
    journey(
      assert,
      { ...httpVersioned, routes: { '/log': patchRoute((session) => session.data.log.push('x')) } },
      async ({ host, follow }) => {
        const { id, client } = await follow(data);
        const handled: unknown[] = [];
        host.live.onInput('/*', ({ value }) => void handled.push(value));
        host.live.onInput('/list/*/n$', ({ value }) => void handled.push(value));
        const release = host.hold();
        await client.change(...edits);
        await host.held(edits.length);
        host.pass();
        await client.visit(`${host.url}/log`);
        await client.until(({ sent }) => sent.length >= 2 + 2 * edits.length);
        await release();
        await client.until(
          ({ pending, sent, received }) => pending === 0 && received.length === sent.length - 1,
        );
        assert.deepEqual(
          handled,
          edits.map(({ value }) => value),
        );
        assert.deepEqual(
          host.told.filter(({ status }) => status !== 200 && status !== 202),
          [],
        );
        assert.deepEqual(client.document, await host.data(id));
        assert.deepEqual(client.document, { ...after[4], age$: 32, log: ['x'] });
      },
    ),
  );
});
