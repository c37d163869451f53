import { keptItems } from '../../../protocol/diff.js';
import type { Json } from '../../../protocol/messages.js';
import { sameJson } from '../../../protocol/same-json.js';

/**
 * What two sides made of one value, together. Where both changed the same, theirs wins.
 *
 * @param once - whether theirs may hold what was added to mine, since the answer to it was lost: it is not added again
 */
export function mergeJson(base: Json, mine: Json, theirs: Json, once = false): Json {
  return merged(base, mine, theirs, once) ?? theirs;
}

type Value = Json | undefined;
type Members = { readonly [key: string]: Json };

/** Undefined stands for what is not there. */
function merged(base: Value, mine: Value, theirs: Value, once: boolean): Value {
  if (sameJson(base, mine)) return theirs;
  if (sameJson(base, theirs)) return mine;
  if (Array.isArray(base) && Array.isArray(mine) && Array.isArray(theirs)) {
    return mergedLists(base, mine, theirs, once);
  }
  if (!isMembers(base) || !isMembers(mine) || !isMembers(theirs)) return theirs;
  const result: { [key: string]: Json } = {};
  for (const key of new Set([...Object.keys(theirs), ...Object.keys(mine)])) {
    if (key === '__proto__') continue;
    const value = merged(member(base, key), member(mine, key), member(theirs, key), once);
    if (value !== undefined) result[key] = value;
  }
  return result;
}

function isMembers(value: Value): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function member(value: Members, key: string): Value {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

/** A list, told by the items of an earlier one. */
interface Retold {
  /** What became of each item: the same, another value, or undefined for gone. */
  readonly items: readonly Value[];
  /** What came before each item, and at the end. */
  readonly before: readonly (readonly Json[])[];
  /** Everything that the earlier list has not. */
  readonly fresh: readonly Json[];
}

function retold(base: readonly Json[], list: readonly Json[]): Retold {
  const items: Value[] = [];
  const before: Json[][] = base.map(() => []);
  before.push([]);
  const fresh: Json[] = [];
  let right = 0;
  for (const [leftEnd, rightEnd] of [...keptItems(base, list), [base.length, list.length] as const]) {
    while (items.length < leftEnd) {
      const value = right < rightEnd ? list[right] : undefined;
      items.push(value);
      if (value === undefined) continue;
      fresh.push(value);
      right += 1;
    }
    const added = list.slice(right, rightEnd);
    before[leftEnd]?.push(...added);
    fresh.push(...added);
    if (leftEnd < base.length) items.push(base[leftEnd]);
    right = rightEnd + 1;
  }
  return { items, before, fresh };
}

function mergedLists(
  base: readonly Json[],
  mine: readonly Json[],
  theirs: readonly Json[],
  once: boolean,
): readonly Json[] {
  const own = retold(base, mine);
  const other = retold(base, theirs);
  const known = once ? [...other.fresh] : [];
  const result: Json[] = [];
  for (let index = 0; index <= base.length; index += 1) {
    result.push(...(other.before[index] ?? []));
    for (const value of own.before[index] ?? []) {
      const at = known.findIndex((one) => sameJson(one, value));
      if (at === -1) result.push(value);
      else known.splice(at, 1);
    }
    if (index === base.length) break;
    const value = merged(base[index], own.items[index], other.items[index], once);
    if (value !== undefined) result.push(value);
  }
  return result;
}
