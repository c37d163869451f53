/** The two functions of a host that wait. Tests hand in their own. */
export interface Timers {
  /** Calls `work` once after `ms` milliseconds, and does not keep the process alive for it. Gives what `clear` wants. */
  set(work: () => void, ms: number): unknown;
  clear(handle: unknown): void;
}

/** The longest wait that a timer of Node can hold: about 24 days, in milliseconds. */
export const longestWait = 2 ** 31 - 1;

export const nodeTimers: Timers = {
  set: (work, ms) => setTimeout(work, ms).unref(),
  clear: (handle) => clearTimeout(handle as NodeJS.Timeout),
};
