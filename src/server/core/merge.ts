import { isJsonObject, type JsonObject } from '../../protocol/json.js';
import type { Json } from '../../protocol/messages.js';
import { escaped } from '../../protocol/pointer.js';
import { sameJson } from '../../protocol/same-json.js';

/** Two changes of one value as one, or where they contradict each other (JSON Pointers, RFC 6901). */
export type Merged = { readonly value: Json | undefined } | { readonly clashes: readonly string[] };

/**
 * Three-way merge: `mine` and `theirs` are what two writers made of `base`. Changes of different keys, at any depth, go
 * together; what both changed in the same way counts once; a list is one value. `undefined` = there is nothing here.
 */
export function merge(base: Json | undefined, mine: Json | undefined, theirs: Json | undefined): Merged {
  const clashes: string[] = [];
  const value = merged(base, mine, theirs, '', clashes);
  return clashes.length > 0 ? { clashes } : { value };
}

function merged(
  base: Json | undefined,
  mine: Json | undefined,
  theirs: Json | undefined,
  path: string,
  clashes: string[],
): Json | undefined {
  if (sameJson(mine, theirs) || sameJson(base, theirs)) return mine;
  if (sameJson(base, mine)) return theirs;
  if (isJsonObject(mine) && isJsonObject(theirs) && (isJsonObject(base) || base === undefined)) {
    return mergedObject(base ?? {}, mine, theirs, path, clashes);
  }
  clashes.push(path);
  return undefined;
}

function mergedObject(
  base: JsonObject,
  mine: JsonObject,
  theirs: JsonObject,
  path: string,
  clashes: string[],
): Json {
  const entries: [string, Json][] = [];
  for (const key of new Set([...Object.keys(theirs), ...Object.keys(mine)])) {
    const at = `${path}/${escaped(key)}`;
    const value = merged(own(base, key), own(mine, key), own(theirs, key), at, clashes);
    if (value !== undefined) entries.push([key, value]);
  }
  // Not by assignment: a key may be __proto__.
  return Object.fromEntries(entries);
}

function own(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
