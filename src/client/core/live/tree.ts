import type { Change, Path } from '../../../protocol/change.js';
import { childOf } from '../../../protocol/json.js';
import type { Json } from '../../../protocol/messages.js';
import { unescaped } from '../../../protocol/pointer.js';
import { indexOf } from '../../../protocol/transform.js';

/** An object or a list while it is this side's own to change. */
type Container = Json[] | { [key: string]: Json };

/** A document with changes carried out, and those of them that found their places. */
export interface Outcome {
  readonly value: Json;
  readonly done: readonly Change[];
}

/**
 * Carries changes out, in their order. What they do not touch is the same object in the result; the document itself is left
 * as it is. A change whose place is not there is left out.
 */
export function withChanges(document: Json, changes: readonly Change[]): Outcome {
  const around: { [key: string]: Json } = { '': document };
  const owned = new Set<object>([around]);
  const done = changes.filter((change) => carryOut(change, around, owned));
  return { value: around[''] ?? null, done };
}

/** The place that a JSON Pointer names in a document: numbers for indexes; undefined for none, and for prototypes (S69). */
export function placeOf(document: Json, pointer: string): Path | undefined {
  const place: (string | number)[] = [];
  let value: Json | undefined = document;
  for (const part of pointer.split('/').slice(1)) {
    const key = unescaped(part);
    const index = Array.isArray(value) ? (key === '-' ? value.length : indexOf(key)) : key;
    if (index === undefined) return undefined;
    place.push(index);
    value = childOf(value, index);
  }
  return place;
}

function carryOut({ op, path, value }: Change, around: Container, owned: Set<object>): boolean {
  const key = path.at(-1) ?? '';
  const parent = path.length === 0 ? around : ownContainer(['', ...path.slice(0, -1)], around, owned);
  if (parent === undefined || key === '__proto__') return false;
  if (!Array.isArray(parent)) {
    const isThere = Object.hasOwn(parent, key);
    if (op === 'remove') return isThere && delete parent[key];
    if ((op === 'replace' && !isThere) || value === undefined) return false;
    parent[key] = value;
    return true;
  }
  if (typeof key !== 'number' || key > parent.length - (op === 'add' ? 0 : 1)) return false;
  if (op === 'remove') parent.splice(key, 1);
  else if (value === undefined) return false;
  else parent.splice(key, op === 'add' ? 0 : 1, value);
  return true;
}

/** The container at the end of a path, copied once, with all that holds it. */
function ownContainer(path: Path, around: Container, owned: Set<object>): Container | undefined {
  let container = around;
  for (const key of path) {
    let next: Json | undefined = childOf(container, key);
    if (typeof next !== 'object' || next === null) return undefined;
    if (!owned.has(next)) {
      next = Array.isArray(next) ? [...next] : { ...next };
      owned.add(next as object);
      (container as { [key: string | number]: Json })[key] = next;
    }
    container = next as Container;
  }
  return container;
}
