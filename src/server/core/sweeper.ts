import { inBatches } from './batches.js';
import type { Policy } from './sessions-options.js';

export interface Sweeper {
  /** Ends everything that has expired, a batch at a time. How many. */
  prune(): Promise<number>;
  /** No sweep begins any more; waits for the running one. */
  stop(): Promise<void>;
}

/** Sweeps from time to time; `after` runs when a sweep is done, whatever it found. */
export function createSweeper(policy: Policy, after: () => Promise<void>): Sweeper {
  const { store, now, timers, sweepInterval, onError } = policy;
  let stopped = false;
  let timer: unknown;
  let running: Promise<unknown> = Promise.resolve();

  async function prune(): Promise<number> {
    const at = now();
    const ended = await inBatches(
      (limit) => store.sweep(limit, at),
      () => !stopped,
    );
    await after();
    return ended;
  }

  function schedule(): void {
    if (stopped || sweepInterval === 0) return;
    timer = timers.set(() => {
      running = prune().catch(onError).finally(schedule);
    }, sweepInterval);
  }

  schedule();
  return {
    prune,
    async stop() {
      stopped = true;
      timers.clear(timer);
      await running;
    },
  };
}
