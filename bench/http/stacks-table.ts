import { median } from '../harness.js';
import type { Case } from './cases.js';
import { counted, isQuiet, type Round, type Sample } from './measure.js';
import { ratesBeside } from './rows.js';

/** Each stack by itself and beside its bare host, peers too where ours is not there. */
export function stacksTable({ name, bare }: Case, rounds: readonly Round[]): string {
  const taken = counted(rounds);
  const names = [...(taken[0]?.keys() ?? [])];
  const lines = names.map((stack) => {
    const of = (field: keyof Sample) => median(taken.map((round) => round.get(stack)?.[field] ?? Number.NaN));
    const line = [
      `  ${stack.padEnd(34)}`,
      `${of('rate').toFixed(0).padStart(6)} req/s`,
      `${of('cpu').toFixed(1).padStart(7)} µs CPU`,
      `busy ${percent(of('busy'))} (load ${percent(of('generator'))})`,
      bare === undefined || stack === bare ? '' : `${spread(ratesBeside(taken, stack, bare))} of ${bare}`,
    ];
    return line.join('  ').trimEnd();
  });
  const quiet = rounds.filter(isQuiet).length;
  const count = quiet < taken.length ? 'too few, so all count' : 'which count';
  return [`${name}: ${rounds.length} rounds, ${quiet} of them undisturbed, ${count}`, ...lines].join('\n');
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;

function spread(values: readonly number[]): string {
  const [middle, least, most] = [median(values), Math.min(...values), Math.max(...values)].map((value) =>
    value.toFixed(2),
  );
  return `${middle} (${least}–${most})`;
}
