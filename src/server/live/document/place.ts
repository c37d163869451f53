import { isList } from '../../../protocol/json.js';
import type { Json } from '../../../protocol/messages.js';

export type Members = { [key: string]: Json };
export type Container = Json[] | Members;

/**
 * An object or a list of a document, once somebody looked at it: where it stands, and what this turn did to it. It is found
 * upwards, by its parent, so that nothing below a place that moves has to be told.
 */
export abstract class Place<Raw extends Container = Container> {
  readonly raw: Raw;
  /** What its user sees of it: the same for as long as the document has it (`doc.a === doc.a`). */
  abstract readonly proxy: Raw;
  /** In a list, where it was last seen: it is there, or has moved since. */
  key: string | number;
  /** Undefined for the root, and for what was taken out of the document. */
  parent: Place | undefined;
  /** Parts of its path. No object ever comes to another depth. */
  readonly depth: number;
  /** The turn in which it came in: the state before knows nothing of it, so there is nothing to take back. */
  born = 0;
  /** The turn in which its whole value is told, and so nothing below it. */
  sent = 0;
  /** The turn in which all its items were kept to be put back: nothing more has to be. */
  kept = 0;
  /** Members that this turn changed, as they were before it; undefined: not there. */
  before: Map<string, Json | undefined> | undefined;

  constructor(raw: Raw, parent: Place | undefined, key: string | number) {
    this.raw = raw;
    this.parent = parent;
    this.key = key;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
  }

  /** The way from the root; from its own top when it was taken out of the document. */
  path(): (string | number)[] {
    const path: (string | number)[] = [];
    for (let place: Place = this; place.parent !== undefined; place = place.parent) {
      const { raw } = place.parent;
      if (isList(raw)) place.key = indexOf(raw, place.raw, Number(place.key));
      path.push(place.key);
    }
    return path.reverse();
  }
}

export function isContainer(
  value: Json | undefined,
): value is Exclude<Json, string | number | boolean | null> {
  return typeof value === 'object' && value !== null;
}

/** Looks outwards from where it was: items move by a step or two, and the list may be long. */
function indexOf(list: readonly Json[], item: Json, hint: number): number {
  let before = Math.min(hint, list.length - 1);
  let after = before + 1;
  while (before >= 0 || after < list.length) {
    if (before >= 0 && list[before] === item) return before;
    if (after < list.length && list[after] === item) return after;
    before -= 1;
    after += 1;
  }
  return hint;
}
