import { median, type Row, rounded } from '../harness.js';
import { idOf, uidOf } from './content.js';
import type { Side, Target } from './sides.js';

export interface Plan {
  /** Sessions that are there all the time. */
  readonly live: number;
  /** Operations for one sample. */
  readonly sample: number;
  /** Milliseconds for all rounds together; five rounds are made however long they take. */
  readonly time: number;
}

const LEAST_ROUNDS = 5;
const MOST_ROUNDS = 61;
/** Rounds that are made and forgotten, while code is still cold. */
const WARM_UP = 2;

const CASES = [
  ['create', 'create'],
  ['get', 'get'],
  ['touch', 'touch'],
  ['get with touch', 'getAndTouch'],
  ['save', 'save'],
  ['destroy', 'destroy'],
] as const;

/**
 * Samples of all operations on all sides, interleaved: A B C, C B A, … The population stays what it is: what a round creates it
 * destroys. Ratios are taken within a round, and their median is what counts.
 */
export async function measureOperations(family: string, sides: readonly Side[], plan: Plan): Promise<Row[]> {
  const times = CASES.map((): number[][] => []);
  const end = performance.now() + plan.time;
  for (let round = -WARM_UP; round < MOST_ROUNDS; round += 1) {
    if (round >= LEAST_ROUNDS && performance.now() > end) break;
    for (const [index, [, operation]] of CASES.entries()) {
      const numbers = numbersFor(operation, plan, round);
      const sampled = await sampleAll(sides, operation, numbers, round % 2 !== 0);
      if (round >= 0) times[index]?.push(sampled);
    }
  }
  return CASES.flatMap(([name], index) =>
    rowsOf(`${family}: ${name}, ${plan.live} live`, sides, times[index] ?? []),
  );
}

/** New sessions for `create` and `destroy`; for the rest any of those that are there. */
function numbersFor(operation: keyof Side, { live, sample }: Plan, round: number): number[] {
  const fresh = operation === 'create' || operation === 'destroy';
  const from = live + (round + WARM_UP) * sample;
  return Array.from({ length: sample }, (_, index) =>
    fresh ? from + index : Math.floor(Math.random() * live),
  );
}

async function sampleAll(
  sides: readonly Side[],
  operation: Exclude<keyof Side, 'name'>,
  numbers: readonly number[],
  reversed: boolean,
): Promise<number[]> {
  const sampled = new Array<number>(sides.length).fill(0);
  const order = [...sides.keys()];
  if (reversed) order.reverse();
  for (const index of order) {
    const side = sides[index];
    // Made anew for each side: a string that another side has looked up knows its hash already.
    const targets = numbers.map(targetOf);
    if (side !== undefined) sampled[index] = await sample(side, operation, targets);
  }
  return sampled;
}

/** Microseconds for one operation. */
async function sample(
  side: Side,
  operation: Exclude<keyof Side, 'name'>,
  targets: readonly Target[],
): Promise<number> {
  const start = performance.now();
  for (const target of targets) await side[operation](target);
  return ((performance.now() - start) * 1000) / targets.length;
}

const targetOf = (number: number): Target => ({ id: idOf(number), uid: uidOf(number), number });

function rowsOf(name: string, sides: readonly Side[], rounds: readonly number[][]): Row[] {
  const at = (index: number) => rounds.map((round) => round[index] ?? Number.NaN);
  return sides.slice(1).map((side, index) => ({
    bench: 'stores',
    case: name,
    unit: 'µs',
    ours: rounded(median(at(0))),
    other: rounded(median(at(index + 1))),
    otherName: side.name,
    ratio: rounded(
      median(rounds.map((round) => (round[index + 1] ?? Number.NaN) / (round[0] ?? Number.NaN))),
    ),
  }));
}

type Repeat = (steps: number, step: (number: number) => unknown) => Promise<void>;

const oneByOne: Repeat = async (steps, step) => {
  for (let number = 0; number < steps; number += 1) await step(number);
};

export function fill(side: Side, live: number, repeat: Repeat = oneByOne): Promise<void> {
  return repeat(live, (number) => side.create(targetOf(number)));
}
