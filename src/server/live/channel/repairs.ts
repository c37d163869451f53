import type { Change } from '../../../protocol/change.js';
import { childOf } from '../../../protocol/json.js';
import type { Json } from '../../../protocol/messages.js';
import { isSame, isWithin } from '../../../protocol/transform.js';
import type { History } from './history.js';

/** A place where the client has, or may have, another value than the document. */
interface Owed {
  /** As it was after `step`. */
  readonly path: readonly string[];
  readonly step: number;
  /** Where it is: it is asked for again and again, and so follows the history from where it was found last. */
  readonly now: Followed;
}

interface Followed {
  path: readonly string[] | undefined;
  step: number;
}

/** A place that was told again, and the version of the server in which that was; undefined: it will be in the next. */
interface Told extends Owed {
  readonly version: number | undefined;
}

function placeAt(path: readonly string[], step: number): Owed {
  return { path, step, now: { path, step } };
}

/** Beyond this the document is sent whole: each wish of the client is compared with all of them. */
const mostPlaces = 200;

/**
 * What one follower must be told although nothing changed: a client overwrites its own newer value with an older one of the
 * server, knows nothing of insertions (PAL-17), and believes in values that were refused. The truth is sent after everything
 * else, and each wish that was made before it arrived must be answered with the truth again. Where a client may have more or
 * fewer items or members than the document, the truth is the whole document.
 */
export class Repairs {
  #owed: Owed[] = [];
  #told: readonly Told[] = [];
  #whole = false;

  constructor(readonly history: History) {}

  /** Whether the next patch must be the whole document. */
  get isWhole(): boolean {
    return this.#whole || this.#owed.length + this.#told.length > mostPlaces;
  }

  get isOpen(): boolean {
    return this.#whole || this.#owed.length > 0;
  }

  oweAll(): void {
    this.#whole = true;
  }

  owe(path: readonly string[]): void {
    const { step } = this.history;
    if (!this.#owed.some((owed) => owed.step === step && isSame(owed.path, path))) {
      this.#owed.push(placeAt(path, step));
    }
  }

  /** A change of the client itself goes back to it. */
  echoes(path: readonly string[]): void {
    this.#told = [...this.#told, { ...placeAt(path, this.history.step), version: undefined }];
    if (this.#told.length > mostPlaces) this.oweAll();
  }

  /** Whether a place, as it is now, was or will be told again in a version that the client had not seen. */
  touches(place: readonly string[], seen: number): boolean {
    if (this.isWhole) return true;
    const related = (one: Owed) => {
      const now = this.#placeOf(one);
      return now !== undefined && (isWithin(now, place) || isWithin(place, now));
    };
    return this.#owed.some(related) || this.toldAfter(seen).some(related);
  }

  /** What was told, or will be, in versions that the client had not seen. */
  toldAfter(seen: number): readonly Told[] {
    return this.#told.filter(({ version }) => version === undefined || version > seen);
  }

  seen(version: number): void {
    this.#told = this.toldAfter(version);
  }

  /** What is owed, by the places of now; those that are gone are gone at the client, too. */
  due(): readonly (readonly string[])[] {
    if (this.#owed.length === 0) return none;
    const places = new Map<string, readonly string[]>();
    for (const one of this.#owed) {
      const now = this.#placeOf(one);
      if (now !== undefined) places.set(JSON.stringify(now), now);
    }
    return [...places.values()];
  }

  /** Everything owed was sent with this version; as `whole`, the document. */
  sent(version: number, whole: boolean): void {
    if (!whole && this.#owed.length === 0 && this.#told.length === 0) return;
    const { step } = this.history;
    this.#told = whole
      ? [{ ...placeAt([], step), version }]
      : [
          ...this.#told.map((told) => (told.version === undefined ? { ...told, version } : told)),
          ...this.due().map((path) => ({ ...placeAt(path, step), version })),
        ];
    this.#owed = [];
    this.#whole = false;
  }

  clear(): void {
    this.#owed = [];
    this.#told = [];
    this.#whole = false;
  }

  #placeOf({ now }: Owed): readonly string[] | undefined {
    if (now.step < this.history.step) {
      now.path = now.path && this.history.forward(now.path, now.step);
      now.step = this.history.step;
    }
    return now.path;
  }
}

const none: readonly (readonly string[])[] = [];

/** The operation that gives a client the value of a place; undefined when nothing is there. */
export function truthOf(path: readonly string[], root: Json | undefined): Change | undefined {
  const place: (string | number)[] = [];
  let value: Json | undefined = root;
  for (const part of path) {
    place.push(Array.isArray(value) ? Number(part) : part);
    value = childOf(value, part);
  }
  return value === undefined ? undefined : { op: 'replace', path: place, value };
}
