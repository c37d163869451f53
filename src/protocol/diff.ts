import type { Change, Path } from './change.js';
import { isJsonObject, isList, type JsonObject } from './json.js';
import type { Json } from './messages.js';
import { sameJson } from './same-json.js';

export interface DiffOptions {
  /**
   * Whether an item of a list stays the item at its index when as many went as came. For edits of a user, which a policy may
   * allow for values only. Default false: what both lists have stays, and what is around it comes and goes.
   */
  readonly inPlace?: boolean;
}

type Pair = { readonly from: Json; readonly to: Json; readonly path: Path };

/** A list of which this many items change, and more than half of them, is replaced. */
const MANY = 256;
/** Cells of the table that finds the longest common part of two lists. Beyond it, items are compared index by index. */
const TABLE = 250_000;

/**
 * The changes that make one JSON value of another, each by the places after those before it. Objects are compared by key,
 * lists by what they have in common: an insertion is one change, wherever it is. What is the same object on both sides is not
 * looked into. Keys `__proto__` are left out.
 */
export function diffJson(from: Json, to: Json, { inPlace = false }: DiffOptions = {}): readonly Change[] {
  const changes: Change[] = [];
  // Not by recursion, and pushed in reverse: a deep document must not overflow the stack, and changes keep their order.
  const open: Pair[] = [{ from, to, path: [] }];
  for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
    const { from, to, path } = pair;
    if (from === to) continue;
    const inner: Pair[] = [];
    if (isList(from) && isList(to)) diffLists(from, to, path, inPlace, changes, inner);
    else if (isJsonObject(from) && isJsonObject(to)) diffMembers(from, to, path, changes, inner);
    else changes.push({ op: 'replace', path, value: to });
    for (let last = inner.pop(); last !== undefined; last = inner.pop()) open.push(last);
  }
  return changes;
}

/** A list of items of two lists, by their indexes: what stays, in the order of both. */
export type Kept = readonly (readonly [from: number, to: number])[];

/** The items that two lists have in common: head, tail, and the longest common part of what is between. */
export function keptItems(from: readonly Json[], to: readonly Json[]): Kept {
  const least = Math.min(from.length, to.length);
  const kept: [number, number][] = [];
  let head = 0;
  while (head < least && sameJson(from[head], to[head])) {
    kept.push([head, head]);
    head += 1;
  }
  let tail = 0;
  while (tail < least - head && sameJson(from[from.length - 1 - tail], to[to.length - 1 - tail])) tail += 1;
  kept.push(...commonPart(from, to, head, tail));
  for (; tail > 0; tail -= 1) kept.push([from.length - tail, to.length - tail]);
  return kept;
}

function diffMembers(from: JsonObject, to: JsonObject, path: Path, changes: Change[], inner: Pair[]): void {
  for (const key of Object.keys(from)) {
    if (key !== '__proto__' && !Object.hasOwn(to, key)) changes.push({ op: 'remove', path: [...path, key] });
  }
  for (const [key, value] of Object.entries(to)) {
    if (key === '__proto__') continue;
    const place = [...path, key];
    const old = Object.hasOwn(from, key) ? from[key] : undefined;
    if (old === undefined) changes.push({ op: 'add', path: place, value });
    else inner.push({ from: old, to: value, path: place });
  }
}

/** What is inside of items comes after all that moves them, and so by their last indexes. */
function diffLists(
  from: readonly Json[],
  to: readonly Json[],
  path: Path,
  inPlace: boolean,
  changes: Change[],
  inner: Pair[],
): void {
  const kept: Kept = inPlace && from.length === to.length ? [] : keptItems(from, to);
  const moved: Change[] = [];
  const pairs: Pair[] = [];
  let left = 0;
  let right = 0;
  for (const [leftEnd, rightEnd] of [...kept, [from.length, to.length] as const]) {
    while (left < leftEnd || right < rightEnd) {
      const at = [...path, right];
      const old = left < leftEnd ? from[left] : undefined;
      const value = right < rightEnd ? to[right] : undefined;
      if (value === undefined) moved.push({ op: 'remove', path: at });
      else if (old === undefined) moved.push({ op: 'add', path: at, value });
      else if (!sameJson(old, value)) pairs.push({ from: old, to: value, path: at });
      if (old !== undefined) left += 1;
      if (value !== undefined) right += 1;
    }
    left += 1;
    right += 1;
  }
  const count = moved.length + pairs.length;
  if (count > MANY && count * 2 > to.length) changes.push({ op: 'replace', path, value: to });
  else {
    changes.push(...moved);
    inner.push(...pairs);
  }
}

/** The longest common part of what two lists have between their common head and tail. */
function commonPart(
  from: readonly Json[],
  to: readonly Json[],
  head: number,
  tail: number,
): [number, number][] {
  const height = from.length - head - tail;
  const width = to.length - head - tail;
  if (height * width <= 1 || (height + 1) * (width + 1) > TABLE) return [];
  const names = new Map<string, number>();
  const named = (value: Json | undefined): number => {
    const text = JSON.stringify(value);
    const name = names.get(text) ?? names.size;
    names.set(text, name);
    return name;
  };
  const left = from.slice(head, head + height).map(named);
  const right = to.slice(head, head + width).map(named);
  const row = width + 1;
  const lengths = new Uint32Array((height + 1) * row);
  const at = (cell: number): number => lengths[cell] ?? 0;
  for (let y = height - 1; y >= 0; y -= 1) {
    for (let x = width - 1; x >= 0; x -= 1) {
      const cell = y * row + x;
      lengths[cell] = left[y] === right[x] ? at(cell + row + 1) + 1 : Math.max(at(cell + row), at(cell + 1));
    }
  }
  const common: [number, number][] = [];
  for (let y = 0, x = 0; y < height && x < width; ) {
    if (left[y] === right[x]) {
      common.push([head + y, head + x]);
      y += 1;
      x += 1;
    } else if (at((y + 1) * row + x) >= at(y * row + x + 1)) y += 1;
    else x += 1;
  }
  return common;
}
