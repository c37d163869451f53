import type { Change, Path } from './change.js';

/** Operational transformation of places: pure, without values. Two parts are the same when they are written the same. */

/** A change without its value. */
export type Step = Pick<Change, 'op' | 'path'>;

/** What a client wants to do, and where: its indexes are texts, since only the document says what a list is. */
export interface Wish {
  readonly op: Change['op'];
  readonly path: readonly string[];
}

/** The index that a part of a pointer names (RFC 6901 §4: digits, no leading zero). */
export function indexOf(part: string | number | undefined): number | undefined {
  if (typeof part === 'number') return part;
  return part !== undefined && /^(?:0|[1-9]\d*)$/.test(part) ? Number(part) : undefined;
}

/** Whether a place is another one or below it. */
export function isWithin(path: Path, ancestor: Path): boolean {
  return path.length >= ancestor.length && sharesFirst(path, ancestor, ancestor.length);
}

export function isSame(one: Path, other: Path): boolean {
  return one.length === other.length && isWithin(one, other);
}

/** Whether the change added an item to a list: it moves others and touches none. */
export function isInsertion({ op, path }: Step): boolean {
  return op === 'add' && typeof path.at(-1) === 'number';
}

/** Whether what a change did can be seen at a place, or below it. */
export function touches(step: Step, place: Path): boolean {
  if (isInsertion(step)) return step.path.length > place.length && isWithin(step.path, place);
  return isWithin(step.path, place) || isWithin(place, step.path);
}

/**
 * Where a place of the document is after a change that the one who named it had not seen; undefined when it is gone
 * (SC-98, SC-99). `op` is what shall happen there: an insertion needs no item, and comes after what was inserted before it.
 */
export function afterChange(
  path: readonly string[],
  op: Change['op'],
  by: Step,
): readonly string[] | undefined {
  const depth = by.path.length;
  if (depth === 0) return path.length === 0 ? path : undefined;
  if (path.length < depth || !sharesFirst(path, by.path, depth - 1)) return path;
  const last = by.path[depth - 1];
  const isTarget = path.length === depth;
  if (typeof last !== 'number') {
    if (path[depth - 1] !== last) return path;
    // A key that is set again is the same place with another value; only what was inside is another thing.
    return isTarget && (by.op !== 'remove' || op === 'add') ? path : undefined;
  }
  const index = indexOf(path[depth - 1]);
  if (index === undefined) return path;
  if (by.op === 'add') return last <= index ? at(path, depth - 1, index + 1) : path;
  if (last === index) return isTarget && op === 'add' ? path : undefined;
  return by.op === 'remove' && last < index ? at(path, depth - 1, index - 1) : path;
}

/**
 * A change as it is for a client that has done something it did not know of: the other half of the transformation.
 * Undefined when the client's own wish leaves nothing of it.
 */
export function afterWish(step: Step, { op, path }: Wish): Step | undefined {
  const depth = path.length;
  if (depth === 0) return undefined;
  if (step.path.length < depth || !sharesFirst(step.path, path, depth - 1)) return step;
  const mine = step.path[depth - 1];
  const isTarget = step.path.length === depth;
  if (typeof mine !== 'number') {
    if (mine !== path[depth - 1]) return step;
    // A wish for a key that the server removed finds nothing; in every other case the later wish wins.
    return isTarget && step.op === 'remove' && op === 'replace' ? step : undefined;
  }
  const index = indexOf(path[depth - 1]);
  if (index === undefined) return step;
  const inserts = isTarget && step.op === 'add';
  const moved = (by: number): Step => ({ op: step.op, path: at(step.path, depth - 1, mine + by) });
  if (op === 'add') return index < mine || (index === mine && !inserts) ? moved(1) : step;
  if (index === mine && !inserts) {
    if (isTarget && op === 'replace') return step;
    // The server has another item where the client has none any more.
    return isTarget && step.op === 'replace' ? { op: 'add', path: step.path } : undefined;
  }
  return op === 'remove' && index < mine ? moved(-1) : step;
}

/** Where a place was before a change; undefined when the change made it. */
export function beforeChange(path: readonly string[], by: Step): readonly string[] | undefined {
  const depth = by.path.length;
  if (path.length < depth || (depth > 0 && !sharesFirst(path, by.path, depth - 1))) return path;
  const last = by.path[depth - 1];
  const index = indexOf(path[depth - 1]);
  if (typeof last === 'number' && index !== undefined && by.op !== 'replace') {
    if (by.op === 'remove') return last <= index ? at(path, depth - 1, index + 1) : path;
    if (last === index) return undefined;
    return last < index ? at(path, depth - 1, index - 1) : path;
  }
  if (depth > 0 && path[depth - 1] !== String(last)) return path;
  return path.length === depth ? path : undefined;
}

function sharesFirst(one: Path, other: Path, count: number): boolean {
  for (let part = 0; part < count; part += 1) {
    if (one[part] !== other[part] && String(one[part]) !== String(other[part])) return false;
  }
  return true;
}

function at(path: readonly string[], part: number, index: number): readonly string[];
function at(path: Path, part: number, index: number): Path;
function at(path: Path, part: number, index: number): Path {
  return path.map((own, position) =>
    position !== part ? own : typeof own === 'number' ? index : String(index),
  );
}
