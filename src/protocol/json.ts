import type { Path } from './change.js';
import type { Json } from './messages.js';
import { indexOf } from './transform.js';

export type JsonObject = { readonly [key: string]: Json };

export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** An object with keys, as JSON means it. */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The own member or item of a value, never of a prototype (S69); an index may be written as a number or a text. */
export function childOf(value: Json | undefined, key: string | number): Json | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  if (isList(value) && indexOf(key) === undefined) return undefined;
  return (value as { readonly [key: string | number]: Json })[key];
}

/** What is at a place; undefined when nothing is. */
export function valueAt(root: Json | undefined, path: Path): Json | undefined {
  let value = root;
  for (const key of path) value = childOf(value, key);
  return value;
}
