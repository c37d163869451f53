/** One part of the benchmark in a process of its own, so that no part pays for the garbage of another. */
import type { Row } from '../harness.js';
import { rounded } from '../harness.js';
import { heapPerSession } from './heap.js';
import { fill, measureOperations, type Plan } from './operations.js';
import { inMemory } from './sides.js';
import { inFolder, inSqlite, inTransactions, warm } from './sqlite.js';
import { kinds, measureSweep, type Swept } from './sweep.js';

export type Task =
  | { readonly task: 'memory' | 'sqlite'; readonly plan: Plan }
  | { readonly task: 'heap'; readonly kind: string; readonly live: number }
  | {
      readonly task: 'sweep';
      readonly kinds: readonly string[];
      readonly sizes: readonly number[];
      readonly rounds: number;
    };

/** What each task gives. */
export interface Answers {
  readonly memory: Row[];
  readonly sqlite: Row[];
  readonly heap: number;
  /** For each kind one for each size. */
  readonly sweep: Swept[][];
}

async function perform(task: Task): Promise<Row[] | number | Swept[][]> {
  if (task.task === 'memory') {
    const sides = inMemory();
    for (const side of sides) await fill(side, task.plan.live);
    return measureOperations('memory', sides, task.plan);
  }
  if (task.task === 'heap') return rounded(await heapPerSession(task.kind, task.live));
  return inFolder(async (file) => {
    if (task.task === 'sweep') return sweepAll(task, file);
    const sides = inSqlite(file);
    for (const [side, db] of sides) {
      await fill(side, task.plan.live, (steps, step) => inTransactions(db, steps, step));
      db.pragma('wal_checkpoint(TRUNCATE)');
    }
    for (const [, , name] of sides) warm(name);
    return measureOperations(
      'SQLite',
      sides.map(([side]) => side),
      task.plan,
    );
  });
}

async function sweepAll(
  { kinds: names, sizes, rounds }: Task & { readonly task: 'sweep' },
  file: (name: string) => string,
): Promise<Swept[][]> {
  const answers: Swept[][] = [];
  for (const name of names) {
    const ofSizes: Swept[] = [];
    for (const live of sizes) {
      const make = kinds[name];
      if (make === undefined) throw new Error(`There is no ${name}.`);
      ofSizes.push(
        await measureSweep(
          make((name) => file(`${live}-${name}`)),
          live,
          rounds,
        ),
      );
    }
    answers.push(ofSizes);
  }
  return answers;
}

const answer = await perform(JSON.parse(process.argv[2] ?? '{}'));
console.log(JSON.stringify(answer));
// better-sqlite3-session-store and others leave timers behind.
process.exit(0);
