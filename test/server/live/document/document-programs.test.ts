import fc from 'fast-check';
import QUnit from 'qunit';
import { programs, run } from './document-programs.js';

const { module, test } = QUnit;

const runs = Number(process.env.DOCUMENT_RUNS ?? 1000);
const seed = Number(process.env.DOCUMENT_SEED ?? Date.now() % 2 ** 31);

module('server/live/document: random programs', (hooks) => {
  hooks.before(() => {
    console.log(`documents: DOCUMENT_SEED=${seed} DOCUMENT_RUNS=${runs}`);
  });

  test('agrees with a plain tree, and tells patches that make the old document the new one (SC-94)', (assert) => {
    fc.assert(
      fc.property(programs, (program) => run(program, false)),
      { numRuns: runs, seed },
    );
    assert.true(true, `seed ${seed}`);
  });

  test('takes everything back by undo, whatever happened, and goes on', (assert) => {
    fc.assert(
      fc.property(programs, (program) => run(program, true)),
      { numRuns: runs, seed },
    );
    assert.true(true, `seed ${seed}`);
  });
});
