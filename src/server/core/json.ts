import { isJsonObject, isList, type JsonObject } from '../../protocol/json.js';
import type { Json } from '../../protocol/messages.js';

/** What is left of a value after a way through JSON: what every store keeps of it. Throws what JSON.stringify throws. */
export function throughJson(value: unknown): Json | undefined {
  const text = JSON.stringify(value);
  return text === undefined ? undefined : JSON.parse(text);
}

/**
 * A copy of a JSON value that nothing is shared with. Ten times as fast as `structuredClone`, which copies what JSON does not
 * have as well.
 */
export function copyJson<Value extends Json>(value: Value): Value {
  if (!isList(value)) return isJsonObject(value) ? (copyObject(value) as Value) : value;
  const copy: Json[] = [];
  for (const item of value) copy.push(copyJson(item));
  return copy as unknown as Value;
}

function copyObject(value: JsonObject): JsonObject {
  const copy: { [key: string]: Json } = {};
  for (const key of Object.keys(value)) {
    const child = copyJson(value[key] as Json);
    // Assigned, it would be the prototype instead of a key.
    if (key === '__proto__') Object.defineProperty(copy, key, own(child));
    else copy[key] = child;
  }
  return copy;
}

function own(value: Json): PropertyDescriptor {
  return { value, enumerable: true, configurable: true, writable: true };
}

/**
 * What is left of a value after a way through JSON, frozen all the way down. Writes no text where it can do without, which is
 * always for what came out of JSON. Throws what JSON.stringify throws.
 */
export function frozenJson(value: unknown): Json | undefined {
  try {
    return frozen(value);
  } catch (error) {
    // A circle, perhaps: then JSON says so.
    if (error instanceof RangeError) return deepFreeze(throughJson(value));
    throw error;
  }
}

function frozen(value: unknown): Json | undefined {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : null;
  if (typeof value !== 'object') return typeof value === 'bigint' ? throughJson(value) : undefined;
  if (Array.isArray(value) && !('toJSON' in value)) return Object.freeze(Array.from(value, itemOf));
  // What has a class may write itself down in its own way.
  if (Object.getPrototypeOf(value) !== Object.prototype || 'toJSON' in value)
    return deepFreeze(throughJson(value));
  const copy: { [key: string]: Json } = {};
  for (const key of Object.keys(value)) {
    const child = frozen((value as { readonly [key: string]: unknown })[key]);
    if (child === undefined) continue;
    if (key === '__proto__') Object.defineProperty(copy, key, own(child));
    else copy[key] = child;
  }
  return Object.freeze(copy);
}

/** A hole, or what JSON does not have, is null in a list. */
function itemOf(item: unknown): Json {
  return frozen(item) ?? null;
}

/** Freezes a value that came out of JSON, all the way down, and gives it back. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const child of Object.values(value)) deepFreeze(child);
    Object.freeze(value);
  }
  return value;
}
