/** When somebody who fails too often may go on. Times in milliseconds. */
export interface BackOffRules {
  /** Failures that cost nothing; as many are forgiven, evenly, in each `forgetAfter`. */
  readonly free: number;
  /** The pause after the first failure beyond; each further one doubles it. */
  readonly firstPause: number;
  readonly longestPause: number;
  /** After so long without a failure all is forgotten. */
  readonly forgetAfter: number;
}

/**
 * Counts the failures of one party. Attempts that run count as failures until they are over, so that no burst slips
 * through before the first of it has failed.
 */
export class BackOff {
  readonly #rules: BackOffRules;
  /** Failures that are not forgiven yet, in fractions. */
  #failures = 0;
  #running = 0;
  #lastBegin = 0;
  #lastFailure: number;
  /** When `#failures` was right. */
  #countedAt: number;
  #pausedUntil = 0;

  constructor(rules: BackOffRules, now: number) {
    this.#rules = rules;
    this.#countedAt = now;
    this.#lastFailure = now;
  }

  /** Milliseconds until the next attempt may begin; 0 = now. */
  waitMs(now: number): number {
    this.#forgive(now);
    if (this.#pausedUntil > now) return this.#pausedUntil - now;
    // Beyond what is free, one at a time: whether this one may go on depends on how those that run end.
    const full = this.#running > 0 && this.#failures + this.#running >= this.#rules.free;
    return full ? this.#rules.firstPause : 0;
  }

  begin(now: number): void {
    this.#running += 1;
    this.#lastBegin = now;
  }

  /** What was begun is over. */
  end(): void {
    this.#running = Math.max(0, this.#running - 1);
  }

  /** One failure. How long the pause is that follows, in milliseconds. */
  fail(now: number): number {
    this.#forgive(now);
    const { free, firstPause, longestPause } = this.#rules;
    // No more than what the longest pause takes: forgiving the rest would keep out whoever comes long after.
    const most = free + 1 + Math.ceil(Math.log2(longestPause / firstPause));
    this.#failures = Math.min(this.#failures + 1, most);
    this.#lastFailure = now;
    const beyond = Math.ceil(this.#failures - free);
    if (beyond <= 0) return 0;
    const pause = Math.min(firstPause * 2 ** (beyond - 1), longestPause);
    this.#pausedUntil = now + pause;
    return pause;
  }

  /** All failures up to now are settled. */
  clear(): void {
    this.#failures = 0;
    this.#pausedUntil = 0;
  }

  /** Failures that are not forgiven yet, and attempts that run. */
  load(now: number): number {
    this.#forgive(now);
    return this.#failures + this.#running;
  }

  /** Whether nothing would be lost with this. */
  isIdle(now: number): boolean {
    return this.load(now) === 0 && this.#pausedUntil <= now;
  }

  #forgive(now: number): void {
    const { free, forgetAfter, longestPause } = this.#rules;
    if (now < this.#countedAt) {
      // The clock was set back. Nobody waits longer for that.
      this.#lastFailure = Math.min(this.#lastFailure, now);
      this.#lastBegin = Math.min(this.#lastBegin, now);
      this.#pausedUntil = Math.min(this.#pausedUntil, now + longestPause);
    } else if (now - this.#lastFailure >= forgetAfter) {
      this.#failures = 0;
    } else {
      const forgiven = ((now - this.#countedAt) * free) / forgetAfter;
      this.#failures = Math.max(0, this.#failures - forgiven);
    }
    this.#countedAt = now;
    // Whoever never said how an attempt ended must not keep others out for ever.
    if (now - this.#lastBegin >= forgetAfter) this.#running = 0;
  }
}
