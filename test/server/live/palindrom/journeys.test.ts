import QUnit from 'qunit';
import { anyEdit } from '../../../../src/server/live/channel/policy.js';
import { SessionOptions } from '../../../../src/server/live/session-options.js';
import { beginRoute, journey, modes, pageHooks, patchRoute } from './kit.js';

const person = { name$: 'Ann', age$: 30, isIn$: false, greeting: 'Hello Ann', tags$: ['a', 'b'] };
const rest = (data: object) => ({ ...person, ...data });

QUnit.module('server/live: palindrom@5.1.0', pageHooks, () => {
  for (const mode of modes) {
    QUnit.module(mode.name, () => {
      QUnit.test('reads the document at the address of its session (PAL-01, SC-60, SC-62, SC-81)', (assert) =>
        journey(assert, mode, async ({ host, follow }) => {
          const { id, client } = await follow(person);
          const versions = mode.versions ? { '_ver#c$': 0, '_ver#s': 0 } : {};
          assert.deepEqual(client.state.document, { ...versions, ...person });
          const [first] = Object.keys(client.state.document);
          assert.equal(first, mode.versions ? '_ver#c$' : 'name$', 'the versions stand in front');
          assert.equal(client.state.address, host.address(id));
          const push = mode.versions
            ? 'WS [{"op":"replace","path":"/_ver#s","value":1},{"op":"test","path":"/_ver#c$","value":0}]'
            : 'WS []';
          assert.deepEqual(client.state.received, mode.socket ? [push] : []);
        }),
      );

      QUnit.test(
        'begins at a page that makes a session, and is told its address once (PAL-01, PAL-02, PAL-03, SC-50, SC-54)',
        (assert) =>
          journey(
            assert,
            {
              ...mode,
              routes: {
                '/begin': beginRoute(person),
                '/older': patchRoute(({ data }) => {
                  data.age$ += 1;
                }),
              },
            },
            async ({ host, page, options }) => {
              const client = await page.open(options(`${host.url}/begin`));
              assert.deepEqual(client.document, person);
              const { pathname } = new URL(client.state.address);
              assert.true(/^\/__default\/[0-9A-F]{24}$/.test(pathname), 'as it is, without an escape');
              const id = pathname.slice('/__default/'.length);
              await client.set('/name$', 'Bob');
              await host.until(id, ({ name$ }) => name$ === 'Bob');
              await client.visit(`${host.url}/older`);
              await client.until(({ document, pending }) => document.age$ === 31 && pending === 0);
              const places = host.told.filter(({ location, xLocation }) => location ?? xLocation);
              assert.deepEqual(places, [
                { request: 'GET /begin', status: 200, location: pathname, xLocation: pathname },
              ]);
              assert.true(host.told.length > (mode.socket ? 1 : 2));
            },
          ),
      );

      QUnit.test(
        'sends what the user edits, and is not told of it again (SC-63, SC-82, SC-93, PAL-04, PAL-18)',
        (assert) =>
          journey(assert, mode, async ({ host, follow }) => {
            const { id, client } = await follow(person);
            const before = client.state.received.length;
            await client.set('/name$', 'Bob');
            assert.deepEqual(await host.until(id, ({ name$ }) => name$ === 'Bob'), rest({ name$: 'Bob' }));
            await client.until(({ received }) => received.length > before);
            await client.set('/tags$/1', 'c');
            await host.until(id, ({ tags$ }) => tags$[1] === 'c');
            await client.until(({ received, pending }) => received.length > before + 1 && pending === 0);
            for (const message of client.state.received) {
              assert.deepEqual(JSON.parse(message.slice(message.indexOf('['))).slice(2), [], message);
            }
            assert.equal(client.document.tags$[1], 'c');
          }),
      );

      QUnit.test('shows what tasks change (SC-63, SC-85, SC-94)', (assert) =>
        journey(assert, mode, async ({ host, follow }) => {
          const { id, client } = await follow({ ...person, list: [{ n: 1 }, { n: 2 }, { n: 3 }] });
          await host.live.run(id, (session) => {
            const data = session?.data;
            data.greeting = 'Good morning';
            data.list.unshift({ n: 0 });
            data.list.splice(2, 1);
            data.list.push({ n: 4, more: [1] });
            data.list[1].n = 10;
            delete data.age$;
            data.extra = { deep: [{ x: null }] };
          });
          if (!mode.socket) await client.set('/name$', 'Bob');
          await client.until(({ document }) => document.greeting !== person.greeting);
          assert.deepEqual(client.document, await host.data(id));
          assert.deepEqual(client.document.list, [{ n: 0 }, { n: 10 }, { n: 3 }, { n: 4, more: [1] }]);
          assert.equal(client.state.loads, 1, 'by patches');
        }),
      );

      QUnit.test('shows what input handlers make of an edit (SC-93)', (assert) =>
        journey(assert, mode, async ({ host, follow }) => {
          host.live.onInput('/name$', (input, session) => {
            if (input.value === 'Eve') input.cancel();
            else if (typeof input.value === 'string') input.value = input.value.trim();
            session.data.greeting = `Hello ${input.value}`;
          });
          const { id, client } = await follow(person);
          await client.set('/name$', '  Bob ');
          await client.until(({ document }) => document.name$ === 'Bob');
          assert.equal(client.document.greeting, 'Hello Bob');
          await client.set('/name$', 'Eve');
          await client.until(
            ({ received }) => received.filter((one) => one.includes('"value":"Bob"')).length === 2,
          );
          assert.equal(client.document.name$, 'Bob');
          assert.deepEqual(client.document, await host.data(id));
        }),
      );

      QUnit.test('sees texts become the numbers and booleans that are there (SC-91, SC-92)', (assert) =>
        journey(assert, mode, async ({ host, follow }) => {
          const { id, client } = await follow(person);
          await client.set('/age$', '31');
          await client.until(({ document }) => document.age$ === 31);
          await client.set('/age$', '');
          await client.until(({ document }) => document.age$ === 0);
          await client.set('/isIn$', 'true');
          await client.until(({ document }) => document.isIn$ === true);
          await client.set('/age$', 'old');
          await client.until(({ document }) => document.age$ === 0);
          assert.deepEqual(client.document, await host.data(id));
          assert.deepEqual(client.document, rest({ age$: 0, isIn$: true }));
        }),
      );

      QUnit.test('adds and removes where the policy lets it (PAL-16, X-23)', (assert) =>
        journey(assert, { ...mode, live: { policy: anyEdit } }, async ({ host, follow }) => {
          const { id, client } = await follow({ list: [{ n: 1 }], gone: 1, is: {} });
          const steps = [
            { path: '/list', call: 'push', value: [{ n: 2 }, { n: 3 }] },
            { path: '/list', call: 'splice', value: [0, 1] },
            { path: '/gone', remove: true },
            { path: '/is/new', value: { a: [] } },
            { path: '/is/new/a', call: 'push', value: ['x'] },
            { path: '/list/1/n', value: 30 },
          ] as const;
          const after = { list: [{ n: 2 }, { n: 30 }], is: { new: { a: ['x'] } } };
          for (const step of steps) {
            await client.change(step);
            // Requests may overtake each other.
            if (!mode.socket) await client.until(({ sent, received }) => received.length === sent.length - 1);
          }
          assert.deepEqual(client.document, after);
          await host.until(id, ({ list, is }) => list[1]?.n === 30 && is.new?.a[0] === 'x');
          assert.deepEqual(await host.data(id), after);
          await client.until(({ pending }) => pending === 0);
          assert.deepEqual(client.document, after);
        }),
      );

      QUnit.test('takes another document in the place of this one (SC-16, PAL-08)', (assert) =>
        journey(assert, mode, async ({ host, follow }) => {
          const { id, client } = await follow(person);
          await client.set('/name$', 'Bob');
          await client.until(
            ({ received, pending }) => received.length > Number(mode.socket) && pending === 0,
          );
          const [own, theirs] = client.state.versions;
          await host.live.run(id, (session) => {
            if (session) session.data = { other$: 1 };
          });
          if (!mode.socket) await client.set('/name$', 'Cy');
          await client.until(({ document }) => document.other$ === 1);
          assert.deepEqual(client.document, { other$: 1 });
          assert.equal(client.state.loads, 2);
          if (mode.versions) {
            assert.deepEqual(client.state.versions, [own + Number(!mode.socket), theirs + 1]);
            assert.deepEqual(client.state.document, {
              '_ver#c$': client.state.versions[0],
              '_ver#s': theirs + 1,
              other$: 1,
            });
          }
          await client.set('/other$', 2);
          await host.until(id, ({ other$ }) => other$ === 2);
          await client.until(({ pending }) => pending === 0);
          assert.deepEqual(client.document, { other$: 2 });
        }),
      );

      QUnit.test('names the apps whose JSON it edits (SC-100)', (assert) =>
        journey(
          assert,
          {
            ...mode,
            flags: SessionOptions.IncludeNamespaces,
            mounts: [
              { app: 'MainApp', at: ['page'] },
              { app: 'PartialApp', at: ['page'], from: 'partial' },
            ],
          },
          async ({ host, follow }) => {
            const data = { page: { name$: 'Ann' }, partial: { note$: '' } };
            const { id, client } = await follow(data);
            assert.deepEqual(client.document, {
              page: { MainApp: { name$: 'Ann' }, PartialApp: { note$: '' } },
            });
            await client.set('/page/MainApp/name$', 'Bob');
            await host.until(id, ({ page }) => page.name$ === 'Bob');
            await client.until(({ pending }) => pending === 0);
            await client.set('/page/PartialApp/note$', 'x');
            assert.deepEqual(await host.until(id, ({ partial }) => partial.note$ === 'x'), {
              page: { name$: 'Bob' },
              partial: { note$: 'x' },
            });
            await host.live.run(id, (session) => {
              if (session) session.data.partial.note$ = 'y';
            });
            if (!mode.socket) await client.set('/page/MainApp/name$', 'Cy');
            await client.until(({ document }) => document.page.PartialApp.note$ === 'y');
          },
        ),
      );

      QUnit.test('knows names with slashes, tildes and other letters, when it does not debug', (assert) =>
        journey(assert, mode, async ({ host, follow }) => {
          const data = { 'a/b': { 'c~d$': 1 }, 'é "0" $': '', '0': { x$: 1 } };
          const { id, client } = await follow(data, { debug: false });
          await client.set('/a~1b/c~0d$', 2);
          await host.until(id, (data) => data['a/b']['c~d$'] === 2);
          await client.set('/é "0" $', '☃ \u2028');
          await host.until(id, (data) => data['é "0" $'] === '☃ \u2028');
          await client.set('/0/x$', 2);
          await host.until(id, (data) => data['0'].x$ === 2);
          await host.live.run(id, (session) => {
            if (session) session.data['a/b']['c~d$'] = 3;
          });
          if (!mode.socket) await client.set('/0/x$', 4);
          await client.until(({ document }) => document['a/b']['c~d$'] === 3);
        }),
      );

      QUnit.test('is answered when it asks whether we are there (PAL-12, SC-64)', (assert) =>
        journey(assert, mode, async ({ page, follow }) => {
          const { client } = await follow(person, { pingIntervalS: 10 });
          const { versions, received } = client.state;
          for (const round of [1, 2, 3]) {
            await page.elapse(10_000);
            await client.until((state) => state.received.length === received.length + round);
          }
          const by = mode.socket ? 'WS' : 'PATCH';
          assert.deepEqual(client.state.sent.slice(1), [`${by} []`, `${by} []`, `${by} []`]);
          assert.deepEqual(client.state.received.slice(received.length), [
            `${by} []`,
            `${by} []`,
            `${by} []`,
          ]);
          assert.deepEqual([client.state.versions, client.state.countdowns], [versions, []]);
        }),
      );

      QUnit.test('navigates within the app by patches (PAL-15, SC-69)', (assert) => {
        const older = patchRoute(({ data }, { url }) => {
          data.age$ += 1;
          data.greeting = url;
        });
        return journey(assert, { ...mode, routes: { '/older': older } }, async ({ host, follow }) => {
          const { id, client } = await follow(person);
          for (const age of [31, 32]) {
            await client.visit(`${host.url}/older?${age}`);
            await client.until(({ document }) => document.age$ === age);
          }
          await client.until(({ received }) => received.filter((one) => one.startsWith('GET ')).length === 2);
          await client.set('/name$', 'Bob');
          await host.until(id, ({ name$ }) => name$ === 'Bob');
          await client.until(({ pending }) => pending === 0);
          assert.deepEqual(client.document, rest({ name$: 'Bob', age$: 32, greeting: '/older?32' }));
        });
      });
    });
  }
});
