import { AsyncLocalStorage } from 'node:async_hooks';
import { SessionError } from '../../protocol/errors.js';
import { wholeNumber } from './options.js';
import { longestWait, nodeTimers, type Timers } from './timers.js';

export interface ExclusiveOptions {
  /** Milliseconds to wait for the session, 0 (do not wait) to 2^31 - 1. Default: five minutes (SC-13). */
  readonly waitMs?: number;
}

/** One at a time for each session, within this process, first come first served. */
export interface Exclusive {
  /**
   * Runs `work` while nobody else runs for this id, and gives what it gives. Called again for the same id from within
   * `work`, it runs at once: it is the same use. Rejects with `session/busy`, and never calls `work`, when the wait is over.
   */
  run<T>(id: string, work: () => Promise<T>, options?: ExclusiveOptions): Promise<T>;
  /** `run` for a step that calls `run` for nothing inside: it spares the process the bookkeeping of contexts. */
  step<T>(id: string, work: () => Promise<T>, options?: ExclusiveOptions): Promise<T>;
  /** Whether this is called from within a use of this id. */
  isHeld(id: string): boolean;
  /** How many ids are in use. */
  readonly size: number;
}

/** One use of one id, and whether it goes on: what a context remembers outlives the work. */
interface Use {
  /** Whose use it is: the sessions of one store. */
  readonly of: object;
  readonly id: string;
  over: boolean;
  readonly outer: Use | undefined;
}

const fiveMinutes = 300_000;

/** One for the whole process: each further one that was ever used would make every promise of it slower. */
const context = new AsyncLocalStorage<Use>();

export function createExclusive({ timers = nodeTimers }: { readonly timers?: Timers } = {}): Exclusive {
  /** Who waits for each id in use, in order. An id that nobody uses has no entry. */
  const queues = new Map<string, (() => void)[]>();

  function isHeld(id: string): boolean {
    for (let use = context.getStore(); use !== undefined; use = use.outer) {
      if (use.of === queues && use.id === id && !use.over) return true;
    }
    return false;
  }

  function turn(id: string, waitMs: number): Promise<void> | undefined {
    const queue = queues.get(id);
    if (queue === undefined) {
      queues.set(id, []);
      return undefined;
    }
    if (waitMs === 0) return Promise.reject(new SessionError('session/busy', { status: 503 }));
    return new Promise((resolve, reject) => {
      const next = (): void => {
        timers.clear(timer);
        resolve();
      };
      const timer = timers.set(() => {
        queue.splice(queue.indexOf(next), 1);
        reject(new SessionError('session/busy', { status: 503 }));
      }, waitMs);
      queue.push(next);
    });
  }

  function leave(id: string): void {
    const next = queues.get(id)?.shift();
    if (next === undefined) queues.delete(id);
    else next();
  }

  async function alone<T>(id: string, work: () => Promise<T>, waitMs: number): Promise<T> {
    await turn(id, waitMs);
    try {
      return await work();
    } finally {
      leave(id);
    }
  }

  return {
    isHeld,
    get size() {
      return queues.size;
    },
    async run(id, work, { waitMs = fiveMinutes } = {}) {
      if (isHeld(id)) return work();
      return alone(
        id,
        async () => {
          const use: Use = { of: queues, id, over: false, outer: context.getStore() };
          try {
            return await context.run(use, work);
          } finally {
            use.over = true;
          }
        },
        waitOf(waitMs),
      );
    },
    async step(id, work, { waitMs = fiveMinutes } = {}) {
      return isHeld(id) ? work() : alone(id, work, waitOf(waitMs));
    },
  };
}

function waitOf(waitMs: number): number {
  return wholeNumber('waitMs', waitMs, 0, longestWait, 'milliseconds');
}
