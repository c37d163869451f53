/**
 * A table of the parties met last, in two halves: when the younger half is full, or its time is over, it becomes the older
 * one, and what was older and never met again is forgotten. So no meeting costs more than another, and the table is
 * bounded: it holds at least the last `most / 2` parties, and never more than `most`.
 */
export class Recent<Party> {
  #young = new Map<string, Party>();
  #old = new Map<string, Party>();
  #turnedAt: number | undefined;
  readonly #half: number;
  readonly #turnAfter: number;

  /** `turnAfter`: milliseconds after which whoever was not met may be forgotten; within twice as long it is. */
  constructor(most: number, turnAfter = Number.POSITIVE_INFINITY) {
    this.#half = Math.floor(most / 2);
    this.#turnAfter = turnAfter;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: string): Party | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  /** Meets a party, known or new. */
  meet(key: string, party: Party, now: number): void {
    this.#turnedAt ??= now;
    const age = now - this.#turnedAt;
    if (age >= this.#turnAfter || (this.#young.size >= this.#half && !this.#young.has(key))) {
      // After twice the time the younger half is too old as well.
      this.#old = age >= 2 * this.#turnAfter ? new Map() : this.#young;
      this.#young = new Map();
      this.#turnedAt = now;
    }
    this.#old.delete(key);
    this.#young.set(key, party);
  }

  forget(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }
}
