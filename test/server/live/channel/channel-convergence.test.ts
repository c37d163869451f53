import fc from 'fast-check';
import QUnit from 'qunit';
import { anyType } from '../../../../src/server/live/channel/input.js';
import { anyEdit } from '../../../../src/server/live/channel/policy.js';
import { converged, events, play, type World } from './schedules.js';

/** `LIVE_RUNS=10000 LIVE_SEED=… node scripts/test.mjs node test/server/live/channel-convergence.test.ts` */
const runs = Number(process.env.LIVE_RUNS ?? 300);
const seed = Number(process.env.LIVE_SEED ?? Math.floor(Math.random() * 2 ** 31));

function holds(assert: Assert, world: World): void {
  let broken = 0;
  let edits = 0;
  fc.assert(
    fc.property(events, fc.integer({ min: 1, max: 3 }), (schedule, clients) => {
      const result = play(schedule, clients, world);
      broken += result.broken;
      edits += result.edits;
      if (result.refusals.length > 0) throw new Error(result.refusals.join('\n'));
      if (!converged(result)) throw new Error(JSON.stringify(result, undefined, 1));
    }),
    { numRuns: runs, seed },
  );
  const told = `${runs} schedules, ${edits} edits, ${broken} clients loaded again, seed ${seed}`;
  if (process.env.LIVE_RUNS) console.log(told);
  assert.ok(edits > runs, told);
}

QUnit.module('server/live/channel: convergence', () => {
  QUnit.test(
    'brings every client to the server’s document, whatever was lost, late or twice (SC-95 to SC-99)',
    (assert) => {
      holds(assert, {});
    },
  );

  QUnit.test('does so with a history of three changes', (assert) => {
    holds(assert, { history: { changes: 3 } });
  });

  QUnit.test('does so when clients add and remove (X-23, PAL-16)', (assert) => {
    holds(assert, { isOpen: true, channel: { policy: anyEdit, convert: anyType } });
  });

  QUnit.test('does so with the document that records its own changes (SC-94)', (assert) => {
    holds(assert, { isTracked: true });
    holds(assert, { isTracked: true, isOpen: true, channel: { policy: anyEdit, convert: anyType } });
  });

  QUnit.test('does so with clients that transform in both directions', (assert) => {
    holds(assert, { transformFully: true });
    holds(assert, { isOpen: true, transformFully: true, channel: { policy: anyEdit, convert: anyType } });
  });
});
