import { type Act, prepare } from './exchanges.js';
import { type Exchange, openLoad } from './load.js';
import { type Running, start } from './stack-process.js';

export interface Effort {
  /** Milliseconds that one sample lasts. */
  readonly sample: number;
  /** Milliseconds of load before each sample, which nobody counts. */
  readonly leadIn: number;
  /** Requests after the start of a stack, so that it is compiled, but no more milliseconds than this. */
  readonly warmUp: { readonly requests: number; readonly most: number };
  /** Rounds that nothing disturbs; an odd number has a true median. */
  readonly rounds: number;
}

/** Too few rounds say nothing; below this a case takes the time that it needs. */
const LEAST_ROUNDS = 3;
/** Rounds that were disturbed are repeated, but not for ever. */
const REPEATED = 2;
/** A server that works less has lacked its processor, or requests: a disturbance, and no property of the server. */
const BUSY = 0.85;

export interface Sample {
  /** Requests in a second. */
  readonly rate: number;
  /** Microseconds of processor time of the server for each request. */
  readonly cpu: number;
  /** Share of the time in which the server worked, and the generator of the load. */
  readonly busy: number;
  readonly generator: number;
}

/** One sample of each stack by its name, taken one after the other; whatever the order was, it is the same here. */
export type Round = ReadonlyMap<string, Sample>;

export const isQuiet = (round: Round): boolean => [...round.values()].every(({ busy }) => busy >= BUSY);

/** The rounds that count: those that nothing disturbed, or all where these are too few. */
export function counted(rounds: readonly Round[]): readonly Round[] {
  const quiet = rounds.filter(isQuiet);
  return quiet.length < LEAST_ROUNDS ? rounds : quiet;
}

interface Side {
  readonly stack: Running;
  readonly exchanges: readonly Exchange[];
}

/**
 * Starts the stacks, each in its own process, and samples them in turn, every other round in the opposite order: A B B A.
 * A stack that is not there is left out.
 *
 * @param until when the last round may begin, on the clock of `performance.now()`
 */
export async function measure(
  act: Act,
  names: readonly string[],
  processor: readonly string[],
  effort: Effort,
  until: number,
): Promise<Round[]> {
  const stacks = await Promise.all(names.map((name) => start(name, processor)));
  const sides: Side[] = [];
  for (const stack of stacks) {
    if (stack === undefined) continue;
    const side = { stack, exchanges: await prepare(stack, act) };
    await warm(side, effort);
    sides.push(side);
  }
  const rounds: Round[] = [];
  while (rounds.filter(isQuiet).length < effort.rounds && rounds.length < effort.rounds * REPEATED) {
    if (rounds.length >= LEAST_ROUNDS && performance.now() >= until) break;
    const forward = rounds.length % 2 === 0;
    const round: [string, Sample][] = [];
    for (const side of forward ? sides : [...sides].reverse()) {
      round.push([side.stack.name, await sample(side, effort.sample, effort.leadIn)]);
    }
    rounds.push(new Map(forward ? round : round.reverse()));
  }
  return rounds;
}

async function warm({ stack, exchanges }: Side, { warmUp }: Effort): Promise<void> {
  const load = await openLoad(stack.port, exchanges);
  await load.run(warmUp.most, warmUp.requests).finally(load.close);
}

async function sample({ stack, exchanges }: Side, ms: number, leadIn: number): Promise<Sample> {
  const load = await openLoad(stack.port, exchanges);
  try {
    await load.run(leadIn);
    const before = await stack.usage();
    const own = process.cpuUsage();
    const { requests, elapsed, refused, wrong } = await load.run(ms);
    const { user, system } = process.cpuUsage(own);
    const after = await stack.usage();

    if (refused > 0) throw new Error(`${stack.name} refused ${refused} of ${requests} requests.`);
    if (wrong > 0) throw new Error(`${stack.name} gave ${wrong} of ${requests} answers about somebody else.`);
    const served = after.requests - before.requests;
    if (served !== requests) throw new Error(`${stack.name} served ${served} of ${requests} requests.`);
    const cpu = after.cpu - before.cpu;
    const microseconds = elapsed * 1000;
    return {
      rate: (requests * 1000) / elapsed,
      cpu: cpu / requests,
      busy: cpu / microseconds,
      generator: (user + system) / microseconds,
    };
  } finally {
    load.close();
  }
}
