import QUnit from 'qunit';
import { memoryStore } from '../../../src/server/stores/memory.js';
import { controlledStore, endpointConformance, hostConformance } from '../../../src/testing/endpoint.js';
import { password, sessionServerFixture } from '../fixture.js';
import { hostServer, type Server } from './host-app.js';
import { hosts } from './hosts.js';

const origin = 'https://app.example:8443';

QUnit.module('server/adapters', () => {
  for (const [name, start] of hosts) {
    QUnit.module(name, () => {
      const app = hostConformance({
        makeStore: memoryStore,
        async start(store) {
          const { server, close } = hostServer(store);
          const running = await start(server);
          return { url: running.url, stop: () => running.stop().then(close) };
        },
      });
      for (const { name: title, run } of app) {
        QUnit.test(title, async (assert) => {
          await run();
          assert.true(true);
        });
      }

      for (const mode of ['token', 'cookie'] as const) {
        QUnit.module(`session by ${mode}`, () => {
          const endpoint = endpointConformance({
            credentials: { username: 'ada', password },
            mode,
            origin,
            bodyLimit: 16_384,
            canBreakStore: true,
            async backend() {
              const control = controlledStore(memoryStore());
              const { server, sessions } = sessionServerFixture({
                store: control.store,
                server: { origins: [origin], signInBy: mode === 'token' ? 'token' : 'carriers' },
              });
              const running = await start(server as unknown as Server);
              return {
                url: `${running.url}/session`,
                breakStore: control.breakDown,
                stop: () => running.stop().then(() => sessions.close()),
              };
            },
          });
          for (const { name: title, run } of endpoint) {
            QUnit.test(title, async (assert) => {
              await run();
              assert.true(true);
            });
          }
        });
      }
    });
  }
});
