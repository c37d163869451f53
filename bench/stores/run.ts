/**
 * Stores beside their peers and beside the limit. `--quick` measures with 10,000 and 40,000 sessions and ends within 45
 * seconds, otherwise it is a million and some minutes; goals about a million are judged then. `--json`: rows for programs.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Row, rounded } from '../harness.js';
import { note, options, report } from '../report.js';
import { judge, judgementTable } from './goals.js';
import type { Swept } from './sweep.js';
import { EXPIRED } from './sweep.js';
import type { Answers, Task } from './task.js';

const chosen = options();
const few = 10_000;
const many = chosen.quick ? 40_000 : 1_000_000;

function run<Name extends Task['task']>(task: Task & { readonly task: Name }): Answers[Name] {
  note(
    `… ${Object.values(task)
      .map((part) => (typeof part === 'object' ? part.live : part))
      .join(' ')}`,
  );
  const script = fileURLToPath(new URL('task.ts', import.meta.url));
  const flags = ['--import', 'tsx', '--expose-gc', '--max-old-space-size=16384', script];
  const printed = execFileSync(process.execPath, [...flags, JSON.stringify(task)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 26,
  });
  return JSON.parse(printed.trim().split('\n').at(-1) ?? '');
}

function operations(): Row[] {
  const time = chosen.quick ? 800 : 30_000;
  return [few, many].flatMap((live) => [
    ...run({ task: 'memory', plan: { live, sample: chosen.quick ? 500 : 4000, time } }),
    ...run({ task: 'sqlite', plan: { live, sample: chosen.quick ? 100 : 1000, time } }),
  ]);
}

function compared(name: string, unit: string, ours: number, other: number, otherName: string): Row {
  const row = { bench: 'stores', case: name, unit, ours: rounded(ours), other: rounded(other), otherName };
  return { ...row, ratio: rounded(other / ours) };
}

function heap(): Row[] {
  const live = many;
  const bytes = (kind: string) => run({ task: 'heap', kind, live });
  const ours = bytes('ours');
  const some = ['express-session MemoryStore', 'bare Map of objects'];
  const others = chosen.quick ? some : [...some, 'memorystore', 'Map of JSON'];
  return others.map((kind) =>
    compared(`memory: heap, one of ${live} sessions`, 'bytes', ours, bytes(kind), kind),
  );
}

/** Ours and its peers. */
const families = [
  ['memory', ['ours, memory', 'memorystore', 'express-session MemoryStore']],
  ['SQLite', ['ours, SQLite', 'better-sqlite3-session-store']],
] as const;

function sweeps(): Row[] {
  const sizes = chosen.quick ? [few, many] : [few, 100_000, many];
  return families.flatMap(([family, kinds]) => {
    const [ours, ...others] = run({ task: 'sweep', kinds, sizes, rounds: chosen.quick ? 1 : 7 });
    return others.flatMap((theirs) => [
      ...theirs.flatMap((swept, index) => sweepRows(family, ours?.[index], swept)),
      ...growthRows(family, ours, theirs),
    ]);
  });
}

function sweepRows(family: string, ours: Swept | undefined, theirs: Swept): Row[] {
  if (ours === undefined) return [];
  const { live, name } = theirs;
  const expired = ({ total }: Swept) => (total * 1000) / EXPIRED;
  const of = `${EXPIRED} expired among ${live}`;
  return [
    compared(`${family}: sweep, one of ${of}`, 'µs', expired(ours), expired(theirs), name),
    compared(`${family}: sweep, longest slice of ${of}`, 'ms', ours.longest, theirs.longest, name),
  ];
}

function growthRows(family: string, ours: readonly Swept[] | undefined, theirs: readonly Swept[]): Row[] {
  const [before, largest] = theirs.slice(-2);
  if (ours === undefined || before === undefined || largest === undefined) return [];
  const growth = (swept: readonly Swept[]) => (swept.at(-1)?.total ?? 0) / (swept.at(-2)?.total ?? 0);
  const name = `${family}: sweep, time at ${largest.live} ÷ at ${before.live}`;
  return [compared(name, '×', growth(ours), growth(theirs), largest.name)];
}

const rows = [...operations(), ...heap(), ...sweeps()];
report(rows, chosen);
if (!chosen.json) console.log(`\n${judgementTable(judge(rows))}`);
