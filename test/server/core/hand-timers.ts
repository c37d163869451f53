import type { Timers } from '../../../src/server/core/timers.js';

/** Timers that the test lets go off. */
export function handTimers() {
  const waiting = new Map<number, { readonly work: () => void; readonly ms: number }>();
  let last = 0;
  const timers: Timers = {
    set(work, ms) {
      last += 1;
      waiting.set(last, { work, ms });
      return last;
    },
    clear: (handle) => void waiting.delete(handle as number),
  };
  return {
    timers,
    waiting,
    fire() {
      const all = [...waiting.values()];
      waiting.clear();
      for (const { work } of all) work();
    },
  };
}
