/**
 * Sessions over HTTP: ours beside its peers, the bare hosts and the limit, each in its own process. `--quick` ends within 45
 * seconds; it leaves out sign-in on the frameworks, bearer tokens but for EdDSA on node:http, limit-hmac-map, iron-session
 * and better-auth. Otherwise it takes some eight minutes. `--json`: rows for programs.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Row } from '../harness.js';
import { note, options, report } from '../report.js';
import { judgementTable } from '../stores/goals.js';
import { casesOf, stacksOf } from './cases.js';
import { judge } from './goals.js';
import { type Effort, measure } from './measure.js';
import { separateProcessors } from './processors.js';
import { rowsOf } from './rows.js';
import { compile, stopAll } from './stack-process.js';
import { stacksTable } from './stacks-table.js';

const chosen = options();
const effort: Effort = chosen.quick
  ? { sample: 160, leadIn: 25, warmUp: { requests: 6000, most: 900 }, rounds: 5 }
  : { sample: 1000, leadIn: 100, warmUp: { requests: 30_000, most: 6000 }, rounds: 7 };
/** Milliseconds for all cases, their last rounds not counted. */
const total = chosen.quick ? 33_000 : 480_000;

/** Ours is measured as it is published, so it is compiled first. Unchanged, that takes no time. */
function compileOurs(): void {
  const compiler = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));
  const project = fileURLToPath(new URL('../../src/server', import.meta.url));
  try {
    execFileSync(process.execPath, [compiler, '-b', project], { stdio: ['ignore', 'ignore', 'inherit'] });
  } catch {
    note('The server does not compile: what is measured may differ from what is written.');
  }
}

async function measureAll(): Promise<readonly Row[]> {
  compileOurs();
  await compile();
  const processor = separateProcessors();
  if (processor.length === 0) note('Servers and load share their processors.');

  const cases = casesOf(chosen.quick).map((one) => ({ one, stacks: stacksOf(one, chosen.quick) }));
  const all = cases.reduce((sum, { stacks }) => sum + stacks.length, 0);
  const begun = performance.now();
  let planned = 0;
  const rows: Row[] = [];
  for (const { one, stacks } of cases) {
    planned += stacks.length;
    // What one case leaves over is the next one's.
    const until = begun + (total * planned) / all;
    const rounds = await measure(one.act, stacks, processor, effort, until);
    stopAll();
    note(`${stacksTable(one, rounds)}\n`);
    const found = rowsOf(one, rounds);
    if (found.length === 0) process.exitCode = 1;
    rows.push(...found);
  }
  return rows;
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  process.once(signal, () => {
    stopAll();
    process.exit(code);
  });
}

try {
  const rows = await measureAll();
  report(rows, chosen);
  if (!chosen.json) console.log(`\n${judgementTable(judge(rows))}`);
} finally {
  stopAll();
}
