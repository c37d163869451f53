import { type Change, type Path, pointerOf } from '../../../protocol/change.js';
import type { Json } from '../../../protocol/messages.js';
import { afterChange } from '../../../protocol/transform.js';
import { wholeNumber } from '../../core/options.js';

export interface HistoryOptions {
  /** Changes that are remembered: 1 to 1,000,000. Default: 1000. */
  readonly changes?: number;
  /** Characters of JSON that they may have together on the wire, 1 to 2^31 - 1. Default: 262,144. */
  readonly size?: number;
  /** How a change is written for clients; with the path of the root, as the whole document. Undefined: they never hear of it. Default: as it is. */
  readonly encode?: (change: Change) => Change | undefined;
}

/** Who made a change, when a client did. */
export interface Author {
  readonly follower: object;
  /** Whether it hears of it, too. */
  readonly echo: boolean;
  /** The version of the server with which it lost what it had done: from then on it knows of it only what it hears. */
  readonly lostAt?: number | undefined;
}

/** A change as the history has it. Its value is in the text only. */
export interface Past {
  readonly op: Change['op'];
  readonly path: Path;
  /** The operation of JSON Patch; undefined when clients never hear of it, or get the whole document. */
  readonly text: string | undefined;
  /** Whether it put one primitive in the place of something: a later one makes it needless. */
  readonly isScalar: boolean;
  readonly author: Author | undefined;
}

/**
 * The last changes of one document, shared by all who follow it. Each change is a step, numbered from 1; "after step 0" is
 * the document before the first.
 */
export class History {
  readonly #past: (Past | undefined)[] = [];
  readonly #limits: { readonly changes: number; readonly size: number };
  readonly #encode: (change: Change) => Change | undefined;
  /** Place of the oldest change in `#past`; what is before it is empty. */
  #first = 0;
  #step = 0;
  #size = 0;
  #rootStep = 0;
  #wholeStep = 0;
  #last: { readonly from: number; readonly to: number; readonly text: string } | undefined;

  /** Throws `config/invalid`. */
  constructor({ changes = 1000, size = 262_144, encode = (change) => change }: HistoryOptions = {}) {
    this.#limits = {
      changes: wholeNumber('history.changes', changes, 1, 1_000_000, 'changes'),
      size: wholeNumber('history.size', size, 1, 2 ** 31 - 1, 'characters'),
    };
    this.#encode = encode;
  }

  /** The number of the newest change. */
  get step(): number {
    return this.#step;
  }

  /** The first step after which everything is still known. */
  get oldest(): number {
    return this.#step - (this.#past.length - this.#first);
  }

  /** The newest change that put another document in the place of the whole one; 0 = none. */
  get rootStep(): number {
    return this.#rootStep;
  }

  /** The newest change that followers can only be told with the whole document; 0 = none. */
  get wholeStep(): number {
    return this.#wholeStep;
  }

  record(change: Change, author?: Author): void {
    const { op, path } = change;
    // A new root is sent as a snapshot of what it is by then.
    const wire = path.length === 0 ? change : this.#encode(change);
    const isWhole = wire?.path.length === 0;
    const text = wire === undefined || isWhole ? undefined : operationText(wire.op, wire.path, wire.value);
    const isScalar = op === 'replace' && isPrimitive(change.value);
    this.#past.push({ op, path, text, isScalar, author });
    this.#step += 1;
    this.#size += text?.length ?? 0;
    if (isWhole) this.#wholeStep = this.#step;
    // Whoever knew the old document only has places that are gone.
    if (path.length === 0) {
      this.#rootStep = this.#step;
      this.forget(this.#step - 1);
    }
    while (this.#step - this.oldest > this.#limits.changes || this.#size > this.#limits.size) {
      this.forget(this.oldest + 1);
    }
  }

  /** Forgets everything up to a step: nobody will ask for it. */
  forget(step: number): void {
    while (this.oldest < Math.min(step, this.#step)) {
      this.#size -= this.#past[this.#first]?.text?.length ?? 0;
      this.#past[this.#first] = undefined;
      this.#first += 1;
    }
    // Half of it at a time, so that a change costs the same however long the history is.
    if (this.#first * 2 > this.#past.length) {
      this.#past.splice(0, this.#first);
      this.#first = 0;
    }
  }

  /** The change of a step that is still known. */
  at(step: number): Past | undefined {
    return step > this.oldest ? this.#past[this.#past.length - 1 - (this.#step - step)] : undefined;
  }

  /** Where a place of the document after a step is now; undefined when it is gone, or the step forgotten. */
  forward(
    path: readonly string[],
    step: number,
    op: Change['op'] = 'replace',
  ): readonly string[] | undefined {
    if (step < this.oldest) return undefined;
    let moved: readonly string[] | undefined = path;
    for (let next = step + 1; next <= this.#step && moved !== undefined; next += 1) {
      const past = this.at(next);
      if (past !== undefined) moved = afterChange(moved, op, past);
    }
    return moved;
  }

  /** The operations of what happened after `from`, for a follower that made none of it, joined by commas. */
  shared(from: number): string {
    const to = this.#step;
    if (this.#last?.from !== from || this.#last.to !== to) {
      const changes: Past[] = [];
      for (let step = from + 1; step <= to; step += 1) {
        const past = this.at(step);
        if (past !== undefined) changes.push(past);
      }
      this.#last = { from, to, text: joined(changes) };
    }
    return this.#last.text;
  }

  /** Whether a follower made one of the changes after `from` and does not hear of it. */
  hasUnheard(from: number, follower: object): boolean {
    for (let step = from + 1; step <= this.#step; step += 1) {
      if (isUnheard(this.at(step), follower)) return true;
    }
    return false;
  }
}

/** Whether a follower hears nothing of a change: it made it, and all is as it wanted (SC-93). */
export function isUnheard(past: Past | undefined, follower: object): boolean {
  return past?.author?.follower === follower && !past.author.echo;
}

/** Whether a change is no news to a follower that had applied a version: it made it, and did not lose it. */
export function isOwn({ author }: Past, follower: object, seen: number): boolean {
  return author?.follower === follower && !(author.lostAt !== undefined && author.lostAt <= seen);
}

export function operationText(op: Change['op'], path: Path, value: Json | undefined): string {
  const place = JSON.stringify(pointerOf(path));
  return op === 'remove'
    ? `{"op":"remove","path":${place}}`
    : `{"op":"${op}","path":${place},"value":${JSON.stringify(value)}}`;
}

export function isPrimitive(value: Json | undefined): boolean {
  return typeof value !== 'object' || value === null;
}

/**
 * Operations, joined by commas, each in its order; of primitives put one after the other in the same place only the last
 * (SC-94). Which place a pointer means changes when a list grows or shrinks, so nothing is left out across that.
 */
export function joined(changes: readonly Pick<Past, 'op' | 'path' | 'text' | 'isScalar'>[]): string {
  const texts: (string | undefined)[] = [];
  const lastScalar = new Map<string, number>();
  for (const { op, path, text, isScalar } of changes) {
    if (op !== 'replace' && typeof path.at(-1) === 'number') lastScalar.clear();
    if (text === undefined) continue;
    if (op === 'replace') {
      const place = pointerOf(path);
      const earlier = lastScalar.get(place);
      if (earlier !== undefined) texts[earlier] = undefined;
      if (isScalar) lastScalar.set(place, texts.length);
      else lastScalar.delete(place);
    }
    texts.push(text);
  }
  return texts.filter((text) => text !== undefined).join(',');
}
