import type { Row } from '../harness.js';

/** What a row has to reach; rows without a goal only inform. */
interface Goal {
  readonly case: RegExp;
  readonly other: string;
  readonly text: string;
  reached(row: Row): boolean;
}

const atLeast = (name: RegExp, other: string, least: number): Goal => ({
  case: name,
  other,
  text: `≥ ${least} ×`,
  reached: ({ ratio }) => ratio >= least,
});

const atMost = (name: RegExp, other: string, most: number, unit: string): Goal => ({
  case: name,
  other,
  text: `ours ≤ ${most} ${unit}`,
  reached: ({ ours }) => ours <= most,
});

/** Held against the same job, and not against bare statements, which keep no promise of the contract. */
const byHand = 'the same job by hand';

/** As the requirement says them; those about a million sessions need a thorough run. */
const goals: readonly Goal[] = [
  atLeast(/^memory: get, 10000 live/, 'express-session MemoryStore', 5),
  atLeast(/^memory: touch, 10000 live/, 'express-session MemoryStore', 10),
  atLeast(/^memory: get, 1000000 live/, 'bare Map of objects', 0.6),
  atLeast(/^SQLite: get,/, byHand, 0.9),
  atLeast(/^SQLite: (create|touch|save|destroy),/, byHand, 0.85),
  atMost(/heap, one of 1000000/, 'bare Map of objects', 750, 'bytes'),
  atMost(/^memory: sweep, one of/, 'memorystore', 2, 'µs'),
  atMost(/^memory: sweep, longest slice/, 'memorystore', 5, 'ms'),
  atMost(/^SQLite: sweep, longest slice/, 'better-sqlite3-session-store', 5, 'ms'),
  atMost(/time at 1000000 ÷ at 100000/, 'memorystore', 1.5, '×'),
  atMost(/time at 1000000 ÷ at 100000/, 'better-sqlite3-session-store', 1.5, '×'),
];

export interface Judged {
  readonly row: Row;
  readonly goal: string;
  readonly reached: boolean;
}

export function judge(rows: readonly Row[]): Judged[] {
  return rows.flatMap((row) =>
    goals
      .filter((goal) => goal.other === row.otherName && goal.case.test(row.case))
      .map((goal) => ({ row, goal: goal.text, reached: goal.reached(row) })),
  );
}

export function judgementTable(judged: readonly Judged[]): string {
  const lines = judged.map(({ row, goal, reached }) => {
    const measured = `${row.ours} ${row.unit}, ${row.ratio} × ${row.otherName}`;
    return `${reached ? 'reached' : 'MISSED '}  ${row.case}: ${goal} — ${measured}`;
  });
  return ['goals', ...lines].join('\n');
}
