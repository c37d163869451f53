import QUnit from 'qunit';
import type { SessionStore } from '../../../src/server/core/store.js';
import { type StoreConformanceOptions, storeConformance } from '../../../src/testing/store.js';
import { modelAgrees } from './model.js';

/** Everything that any store has to show: the published suite, and random interleavings against a model. */
export function conforms(
  name: string,
  makeStore: () => SessionStore | Promise<SessionStore>,
  options: StoreConformanceOptions = {},
): void {
  QUnit.module(`${name} store conforms`, () => {
    for (const { name, run } of storeConformance(makeStore, options)) {
      QUnit.test(name, async (assert) => {
        await run();
        assert.true(true);
      });
    }
    QUnit.test('agrees with a simple model in random sequences and interleavings', async (assert) => {
      await modelAgrees(makeStore);
      assert.true(true);
    });
  });
}
