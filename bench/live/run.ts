/**
 * What it costs to know what changed in a document, beside the packages that find it out. `--quick` ends within a minute.
 * `--json`: rows for programs.
 */
import { measure, type Row } from '../harness.js';
import { options, report } from '../report.js';
import { applyCases, byHand, changeCases, growth, plainOperation } from './document.js';
import { loadPeers } from './peers.js';
import { measureSockets } from './sockets.js';

const chosen = options();
const lengths = [10, 1000, 100_000];

interface Goal {
  readonly case: RegExp;
  readonly other: string;
  readonly text: string;
  reached(row: Row): boolean;
}

const goals: readonly Goal[] = [
  {
    case: /^[^:]*, 1000 items$/,
    other: plainOperation,
    text: 'ours ≤ 10 µs',
    reached: ({ ours }) => ours <= 10,
  },
  {
    case: /^what telling adds/,
    other: '10 items',
    text: '≤ 1.5 × at 10 items',
    reached: ({ ratio }) => ratio >= 1 / 1.5,
  },
  {
    case: /^push to 1000/,
    other: 'bare ws broadcast',
    text: '≥ 0.9 × a bare broadcast',
    reached: ({ ratio }) => ratio >= 0.9,
  },
  {
    case: /^push to one socket/,
    other: 'nobody else there',
    text: 'others cost nothing: ≥ 0.9',
    reached: ({ ratio }) => ratio >= 0.9,
  },
  {
    case: /^heap of an idle socket/,
    other: 'bare ws broadcast',
    text: '≤ 5 kB',
    reached: ({ ours }) => ours <= 5000,
  },
  { case: /^apply/, other: byHand, text: '≤ 1.5 × by hand', reached: ({ ratio }) => ratio >= 1 / 1.5 },
];

function judge(rows: readonly Row[]): string {
  const lines = goals.flatMap((goal) =>
    rows
      .filter((row) => row.otherName === goal.other && goal.case.test(row.case))
      .map((row) => {
        const word = goal.reached(row) ? 'reached' : 'MISSED ';
        return `${word}  ${row.case}: ${goal.text} — ${row.ours} ${row.unit}, ${row.ratio} × ${row.otherName}`;
      }),
  );
  return ['goals', ...lines].join('\n');
}

const changes = await measure('live', changeCases(lengths, await loadPeers()), chosen.effort);
const applied = await measure('live', applyCases(lengths), {
  ...chosen.effort,
  total: chosen.effort.total / 4,
});
const pushed = await measureSockets({ rounds: chosen.effort.rounds, total: chosen.effort.total / 5 });
const rows = [...changes, ...growth(changes, lengths), ...applied, ...pushed];
report(rows, chosen);
if (!chosen.json) console.log(`\n${judge(rows)}`);
