/**
 * Measures two or more ways to do the same thing, side by side in one run: A B A B …, so that whatever disturbs the machine
 * disturbs all of them. Nothing here knows Node: the same file measures in the browser. Printing is report.ts.
 */

/** One way to do it. A function that returns a promise is awaited before the next call. */
export type Side = () => unknown;

export interface Case {
  readonly name: string;
  readonly ours: Side;
  /** The others by their names. */
  readonly others: Readonly<Record<string, Side>>;
  /** Runs untimed before each sample of each side. */
  readonly before?: () => unknown;
}

/** One comparison, as `--json` prints it. */
export interface Row {
  readonly bench: string;
  readonly case: string;
  /** Of `ours` and `other`. */
  readonly unit: string;
  readonly ours: number;
  readonly other: number;
  readonly otherName: string;
  /** Above 1: ours is better, whatever the unit. */
  readonly ratio: number;
}

export interface Effort {
  /** Milliseconds that one sample should at least last. */
  readonly sample: number;
  /** Most rounds for each case; an odd number has a true median. */
  readonly rounds: number;
  /** Milliseconds for all cases together. */
  readonly total: number;
}

export const QUICK: Effort = { sample: 8, rounds: 21, total: 25_000 };
export const THOROUGH: Effort = { sample: 40, rounds: 61, total: 240_000 };

/** Too few rounds say nothing; below this a case takes the time that it needs. */
const LEAST_ROUNDS = 5;

/** The times are µs for one operation. */
const UNIT = 'µs';

/** Results end here, so that no compiler may leave out the work. */
let sink: unknown;

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value;

interface Runner {
  readonly name: string;
  /** Milliseconds for one operation, measured over a whole batch. */
  readonly sample: () => Promise<number>;
}

/** Compares all cases. Resolves to one row for each pair of ours and another. */
export async function measure(bench: string, cases: readonly Case[], effort: Effort): Promise<Row[]> {
  const rows: Row[] = [];
  for (const one of cases) rows.push(...(await measureCase(bench, one, effort, effort.total / cases.length)));
  return rows;
}

async function measureCase(bench: string, one: Case, effort: Effort, time: number): Promise<Row[]> {
  const end = performance.now() + time;
  const ours = await runner('ours', one.ours, one, effort);
  const others: Runner[] = [];
  for (const [name, side] of Object.entries(one.others)) others.push(await runner(name, side, one, effort));
  const rounds = await interleave([ours, ...others], effort.rounds, end);
  return others.map(({ name }, index) => ({
    bench,
    case: one.name,
    unit: UNIT,
    ours: rounded(median(rounds.map((round) => at(round, 0) * 1000))),
    other: rounded(median(rounds.map((round) => at(round, index + 1) * 1000))),
    otherName: name,
    ratio: rounded(median(rounds.map((round) => at(round, index + 1) / at(round, 0)))),
  }));
}

/** Every round samples every side once, and every other round in the opposite order: A B, B A, A B … */
async function interleave(sides: readonly Runner[], most: number, end: number): Promise<number[][]> {
  const rounds: number[][] = [];
  while (rounds.length < most && (rounds.length < LEAST_ROUNDS || performance.now() < end)) {
    const round: number[] = new Array<number>(sides.length).fill(0);
    const order = [...sides.keys()];
    if (rounds.length % 2 === 1) order.reverse();
    for (const index of order) round[index] = (await sides[index]?.sample()) ?? Number.NaN;
    rounds.push(round);
  }
  return rounds;
}

/** Warms a side up and finds the batch that lasts long enough for the clock. */
async function runner(name: string, side: Side, { before }: Case, effort: Effort): Promise<Runner> {
  await before?.();
  const first = side();
  const asynchronous = isThenable(first);
  sink = await first;
  const run = asynchronous ? runAsync : runSync;
  let batch = 1;
  for (;;) {
    await before?.();
    const time = await run(side, batch);
    if (time >= effort.sample) break;
    // Up to ten times more at once; the first calls are slower than what follows.
    batch = Math.ceil(batch * Math.min(10, Math.max(1.5, (effort.sample / Math.max(time, 0.01)) * 1.2)));
  }
  const sample = async () => {
    await before?.();
    return (await run(side, batch)) / batch;
  };
  // The batch was found with code that was still cold: once more, and forget it.
  await sample();
  return { name, sample };
}

function runSync(side: Side, batch: number): number {
  const start = performance.now();
  for (let i = 0; i < batch; i++) sink = side();
  return performance.now() - start;
}

async function runAsync(side: Side, batch: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < batch; i++) sink = await side();
  return performance.now() - start;
}

/** The last result: reading it once is what keeps it alive. */
export function lastResult(): unknown {
  return sink;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? at(sorted, middle) : (at(sorted, middle - 1) + at(sorted, middle)) / 2;
}

/** Four digits that mean something. */
export const rounded = (value: number): number => Number(value.toPrecision(4));

const at = (values: readonly number[], index: number): number => values[index] ?? Number.NaN;
