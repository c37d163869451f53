/** A table of the parties met last: bounded, the one not met for the longest time is forgotten first. */
export class Recent<Party> {
  /** In the order of the last meeting. */
  readonly #parties = new Map<string, Party>();
  readonly #most: number;
  readonly #isIdle: (party: Party, now: number) => boolean;

  /** `isIdle`: whether a party may be forgotten though there is room. */
  constructor(most: number, isIdle: (party: Party, now: number) => boolean) {
    this.#most = most;
    this.#isIdle = isIdle;
  }

  get size(): number {
    return this.#parties.size;
  }

  get(key: string): Party | undefined {
    return this.#parties.get(key);
  }

  /** Meets a party, known or new. */
  meet(key: string, party: Party, now: number): void {
    this.#parties.delete(key);
    this.#parties.set(key, party);
    // Two looks a meeting: the table shrinks faster than it grows, and nobody waits for a large clean-up.
    this.#dropOldest(now);
    this.#dropOldest(now);
  }

  /** Forgets a party that is idle. */
  leave(key: string, now: number): void {
    const party = this.#parties.get(key);
    if (party !== undefined && this.#isIdle(party, now)) this.#parties.delete(key);
  }

  #dropOldest(now: number): void {
    for (const [key, party] of this.#parties) {
      if (this.#parties.size > this.#most || this.#isIdle(party, now)) this.#parties.delete(key);
      return;
    }
  }
}
