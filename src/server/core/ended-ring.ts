import type { EndReason } from '../../protocol/messages.js';
import type { EndedNews, EndedQueue, EndedSession, SessionRecord } from './store.js';

interface Entry {
  readonly ended: EndedSession;
  owner: string | undefined;
  leasedUntil: number;
  done: boolean;
}

/** The newest `keeps` ends in a ring; the number of an end is its place in the row of all ends that ever were. */
export class EndedRing implements EndedQueue {
  readonly #ring: (Entry | undefined)[] = [];
  /** The number of the next end. */
  #next = 0;
  /** Everything before this is acknowledged or forgotten. */
  #firstOpen = 0;

  constructor(readonly keeps: number) {}

  push(record: SessionRecord, reason: EndReason, at: number): void {
    const ended = Object.freeze({ entry: String(this.#next), record, reason, at });
    this.#ring[this.#next % this.keeps] = { ended, owner: undefined, leasedUntil: 0, done: false };
    this.#next += 1;
  }

  async claim(owner: string, limit: number, leaseMs: number, now: number): Promise<readonly EndedSession[]> {
    const claimed: EndedSession[] = [];
    this.#skipDone();
    for (let at = this.#firstOpen; at < this.#next && claimed.length < limit; at += 1) {
      const entry = this.#at(at);
      if (entry === undefined || entry.done || (entry.owner !== undefined && now < entry.leasedUntil))
        continue;
      entry.owner = owner;
      entry.leasedUntil = now + leaseMs;
      claimed.push(entry.ended);
    }
    return claimed;
  }

  async ack(owner: string, entries: readonly string[]): Promise<void> {
    for (const name of entries) {
      const entry = this.#at(Number(name));
      if (entry?.ended.entry === name && entry.owner === owner) entry.done = true;
    }
    this.#skipDone();
  }

  async since(cursor: string | undefined, limit: number): Promise<EndedNews> {
    const from = cursor === undefined ? this.#next : Number(cursor);
    const first = Math.max(from, this.#next - this.keeps);
    const last = Math.min(first + limit, this.#next);
    const ended: EndedSession[] = [];
    for (let at = first; at < last; at += 1) {
      const entry = this.#at(at);
      if (entry !== undefined) ended.push(entry.ended);
    }
    return { ended, cursor: String(last), lost: first > from };
  }

  #at(number: number): Entry | undefined {
    return number >= this.#next - this.keeps ? this.#ring[number % this.keeps] : undefined;
  }

  #skipDone(): void {
    this.#firstOpen = Math.max(this.#firstOpen, this.#next - this.keeps);
    while (this.#firstOpen < this.#next && this.#at(this.#firstOpen)?.done) this.#firstOpen += 1;
  }
}
