import fc from 'fast-check';
import QUnit from 'qunit';
import { sameJson } from '../../../src/protocol/same-json.js';
import { anyType } from '../../../src/server/live/channel/input.js';
import { anyEdit } from '../../../src/server/live/channel/policy.js';
import { events, play, type World } from './client-schedules.js';

/** `LIVE_RUNS=10000 LIVE_SEED=… node scripts/test.mjs node test/server/live/client-convergence.test.ts` */
const runs = Number(process.env.LIVE_RUNS ?? 300);
const seed = Number(process.env.LIVE_SEED ?? Math.floor(Math.random() * 2 ** 31));

function holds(assert: Assert, world: World): void {
  let edits = 0;
  let resyncs = 0;
  let refusals = 0;
  fc.assert(
    fc.property(events, fc.integer({ min: 1, max: 3 }), (schedule, clients) => {
      const result = play(schedule, clients, world);
      edits += result.edits;
      resyncs += result.resyncs;
      refusals += result.refusals;
      if (!result.clients.every((view) => sameJson(view, result.document))) {
        throw new Error(JSON.stringify(result, undefined, 1));
      }
      if (result.lost.length > 0) throw new Error(result.lost.join('\n'));
    }),
    { numRuns: runs, seed },
  );
  const told = `${runs} schedules, ${edits} edits, ${resyncs} connections for what did not fit, ${refusals} refusals, seed ${seed}`;
  if (process.env.LIVE_RUNS) console.log(told);
  assert.ok(edits > runs, told);
}

QUnit.module('client/core/live: convergence with the server', () => {
  QUnit.test(
    'shows the server’s document and loses no edit, whatever was cut off (SC-95 to SC-99)',
    (assert) => {
      holds(assert, {});
    },
  );

  QUnit.test('does so with a history of three changes', (assert) => {
    holds(assert, { history: { changes: 3 } });
  });

  QUnit.test('does so when clients add and remove (X-23)', (assert) => {
    holds(assert, { isOpen: true, channel: { policy: anyEdit, convert: anyType } });
    holds(assert, { isOpen: true, history: { changes: 3 }, channel: { policy: anyEdit, convert: anyType } });
  });
});
