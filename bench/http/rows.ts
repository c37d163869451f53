import { median, type Row, rounded } from '../harness.js';
import type { Case } from './cases.js';
import { counted, type Round, type Sample } from './measure.js';

const bench = 'http';

/** Ours beside each of the others: requests in a second, processor time, and what of it each adds to the bare host. */
export function rowsOf(one: Case, rounds: readonly Round[]): Row[] {
  const { name, ours, bare } = one;
  const taken = counted(rounds);
  const [first] = taken;
  if (first?.has(ours) !== true) return [];
  const others = [...first.keys()].filter((other) => other !== ours);
  const rows = (other: string): Row[] => {
    const ourRate = values(taken, ours, rate);
    const otherRate = values(taken, other, rate);
    const ourCpu = values(taken, ours, cpu);
    const otherCpu = values(taken, other, cpu);
    const row = (title: string, unit: string, mine: number[], theirs: number[], ratio: number): Row => ({
      bench,
      case: title,
      unit,
      ours: rounded(median(mine)),
      other: rounded(median(theirs)),
      otherName: other,
      ratio: rounded(ratio),
    });
    const compared = [
      row(name, 'req/s', ourRate, otherRate, median(quotients(ourRate, otherRate))),
      row(`${name}: processor`, 'µs CPU', ourCpu, otherCpu, median(quotients(otherCpu, ourCpu))),
    ];
    if (bare === undefined || other === bare) return compared;
    const host = values(taken, bare, cpu);
    const [weAdd, theyAdd] = [differences(ourCpu, host), differences(otherCpu, host)];
    const ratio = atLeastSome(median(theyAdd)) / atLeastSome(median(weAdd));
    return [...compared, row(`${name}: added`, 'µs CPU', weAdd, theyAdd, ratio)];
  };
  return others.flatMap(rows);
}

const rate = (sample: Sample): number => sample.rate;
const cpu = (sample: Sample): number => sample.cpu;

/** Microseconds. Noise can make what is added less than nothing; less than this cannot be told from nothing. */
const atLeastSome = (added: number): number => Math.max(added, 0.5);

const values = (rounds: readonly Round[], name: string, of: (sample: Sample) => number): number[] =>
  rounds.map((round) => {
    const sample = round.get(name);
    return sample === undefined ? Number.NaN : of(sample);
  });

const quotients = (above: readonly number[], below: readonly number[]): number[] =>
  above.map((value, round) => value / (below[round] ?? Number.NaN));

const differences = (from: readonly number[], less: readonly number[]): number[] =>
  from.map((value, round) => value - (less[round] ?? Number.NaN));

/** By requests in a second, round by round. */
export const ratesBeside = (rounds: readonly Round[], name: string, other: string): number[] =>
  quotients(values(rounds, name, rate), values(rounds, other, rate));
