import QUnit from 'qunit';
import { SessionOptions } from '../../../../src/server/live/session-options.js';
import { journey, modes, pageHooks, patchRoute } from './kit.js';

const person = { name$: 'Ann', age$: 30, greeting: 'Hello Ann', tags$: ['a', 'b'] };

QUnit.module('server/live: palindrom@5.1.0, refused', pageHooks, () => {
  for (const mode of modes) {
    QUnit.module(mode.name, () => {
      QUnit.test(
        'cannot go on after a wrong type, when the server is strict (SC-18, SC-91, PAL-05)',
        (assert) =>
          journey(
            assert,
            { ...mode, flags: SessionOptions.StrictPatchRejection },
            async ({ host, follow }) => {
              const { id, client } = await follow(person);
              await client.set('/age$', 'old');
              const failure = await client.failure();
              // Over HTTP, it drops what the server says.
              const why = mode.socket ? '(change 0: /age$)' : 'reason: [object Object]';
              assert.true(failure.includes(why), failure);
              assert.true(failure.includes(mode.socket ? 'stateCode: 1011' : 'statusCode: 400'), failure);
              assert.deepEqual(await host.data(id), person);
            },
          ),
      );

      const refusals = {
        'a property without $': { path: '/greeting', value: 'Bye' },
        'a member of its own': { path: '/new$', value: 'x' },
        'an item of its own': { path: '/tags$', call: 'push', value: ['c'] },
        'a removal': { path: '/name$', remove: true },
        'an object for a value': { path: '/name$', value: {} },
      } as const;
      for (const [what, step] of Object.entries(refusals)) {
        QUnit.test(`cannot go on after ${what} (SC-90, PAL-05, PAL-16)`, (assert) =>
          journey(assert, mode, async ({ host, follow }) => {
            const { id, client } = await follow(person);
            await client.change(step);
            const failure = await client.failure();
            assert.true(failure.includes(mode.socket ? 'stateCode: 1011' : 'statusCode: 400'), failure);
            assert.deepEqual(await host.data(id), person);
          }),
        );
      }

      QUnit.test('cannot go on where it navigates without a session (SC-69, PAL-05)', (assert) =>
        journey(
          assert,
          {
            ...mode,
            routes: {
              '/older': patchRoute(() => {}),
              '/plain': async (_, response) => void response.end('{}'),
            },
          },
          async ({ host, page, options }) => {
            const client = await page.begin({ ...options(`${host.url}/plain`), useWebSocket: false });
            await client.until(({ sent }) => sent.length === 1);
            await client.visit(`${host.url}/older`);
            assert.true((await client.failure()).includes('statusCode: 406'));
          },
        ),
      );

      QUnit.test(
        'is told when its session is over, and cannot go on (SC-10, SC-46, SC-83, PAL-13)',
        (assert) =>
          journey(assert, mode, async ({ host, follow }) => {
            const { id, client } = await follow(person);
            await host.sessions.destroy(id);
            if (!mode.socket) await client.set('/name$', 'Bob');
            const failure = await client.failure();
            if (mode.socket) {
              assert.deepEqual(client.state.closes, ['1001 Session is expired.']);
              assert.true(failure.includes('Session is expired.'), failure);
            } else {
              assert.true(failure.includes('statusCode: 404'), failure);
            }
            assert.deepEqual(client.state.countdowns, [], 'it does not try again');
          }),
      );

      QUnit.test('cannot begin with a session that is over (SC-46, PAL-05)', (assert) =>
        journey(assert, mode, async ({ host, page, options }) => {
          const id = await host.begin(person);
          await host.sessions.destroy(id);
          const client = await page.begin(options(host.address(id)));
          assert.true((await client.failure()).includes('statusCode: 404'));
          assert.equal(client.state.loads, 0);
        }),
      );
    });
  }
});
