import { SessionError } from '../../protocol/errors.js';

export interface DataLimits {
  /** Bytes of JSON (UTF-8) of both together. */
  readonly dataLimit: number;
  /** Levels of objects and lists in each: `{}` is one. */
  readonly dataDepth: number;
}

/**
 * Throws `session/size` when this is more than a session may keep (S79), and what JSON.stringify throws for what no JSON can
 * hold: a TypeError for a circle or a BigInt. Overflows no stack, whatever it is given.
 */
export type AdmitData = (data: unknown, userData: unknown) => void;

/** What a walk has seen so far. */
interface Walk {
  /** Bytes of JSON that there are at least, and at most. */
  least: number;
  most: number;
  /** Whether a value has a mind of its own, `toJSON` or a class: then only its JSON tells. */
  odd: boolean;
  /** The objects around the value that is looked at. */
  readonly around: object[];
}

/** The longest number, `-1.2345678901234567e-300`, and room to spare. */
const longestNumber = 25;
/** A UTF-16 unit in JSON is six bytes at most: `\u0000`. */
const longestUnit = 6;

/**
 * Counting is cheaper than writing JSON, which the store does anyway. So a walk finds between which bounds the size lies, and
 * JSON is written only where the limit is between them.
 */
export function dataAdmission({ dataLimit, dataDepth }: DataLimits): AdmitData {
  function weigh(value: unknown, walk: Walk): void {
    switch (typeof value) {
      case 'string':
        walk.least += value.length + 2;
        walk.most += longestUnit * value.length + 2;
        break;
      case 'number':
        walk.least += 1;
        walk.most += longestNumber;
        break;
      case 'boolean':
        walk.least += 4;
        walk.most += 5;
        break;
      case 'undefined':
      case 'symbol':
        // null as an item of a list, else nothing.
        walk.most += 4;
        break;
      case 'object':
        if (value !== null) weighObject(value, walk);
        else {
          walk.least += 4;
          walk.most += 4;
        }
        break;
      default:
        // Functions and BigInts may have a toJSON.
        walk.odd = true;
    }
    if (walk.least > dataLimit) throw tooLarge();
  }

  function weighObject(value: object, walk: Walk): void {
    if (!isPlain(value)) {
      walk.odd = true;
      return;
    }
    const { around } = walk;
    around.push(value);
    if (around.length > dataDepth) {
      // On a circle, somebody is here twice by now.
      if (new Set(around).size < around.length) throw new TypeError('The data of a session holds a circle.');
      throw tooLarge();
    }
    walk.least += 1;
    walk.most += 2;
    if (Array.isArray(value)) weighItems(value, walk);
    else weighEntries(value as { readonly [key: string]: unknown }, walk);
    around.pop();
  }

  function weighItems(list: readonly unknown[], walk: Walk): void {
    walk.least += list.length;
    walk.most += list.length;
    for (let index = 0; index < list.length; index += 1) weigh(list[index], walk);
  }

  function weighEntries(object: { readonly [key: string]: unknown }, walk: Walk): void {
    for (const key of Object.keys(object)) {
      const value = object[key];
      if (value === undefined || typeof value === 'symbol') continue;
      // Two quotes, a colon and a comma; a function leaves nothing behind.
      if (typeof value !== 'function') walk.least += key.length + 4;
      walk.most += longestUnit * key.length + 4;
      weigh(value, walk);
    }
  }

  function bytesOf(value: unknown, odd: boolean): number {
    const json = jsonOf(value) ?? '';
    if (odd && levelsOf(json) > dataDepth) throw tooLarge();
    return Buffer.byteLength(json);
  }

  return (data, userData) => {
    const walk: Walk = { least: 0, most: 0, odd: false, around: [] };
    weigh(data, walk);
    weigh(userData, walk);
    if (!walk.odd && walk.most <= dataLimit) return;
    if (bytesOf(data, walk.odd) + bytesOf(userData, walk.odd) > dataLimit) throw tooLarge();
  };
}

/** Whether JSON.stringify looks at nothing of it but its own keys or items. */
function isPlain(value: object): boolean {
  if ('toJSON' in value) return false;
  if (Array.isArray(value)) return true;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    // Too deep for the stack, or too long for a text.
    throw error instanceof RangeError ? tooLarge() : error;
  }
}

function levelsOf(json: string): number {
  let level = 0;
  let deepest = 0;
  for (let at = 0; at < json.length; at += 1) {
    switch (json[at]) {
      case '"':
        for (at += 1; json[at] !== '"'; at += 1) if (json[at] === '\\') at += 1;
        break;
      case '{':
      case '[':
        level += 1;
        deepest = Math.max(deepest, level);
        break;
      case '}':
      case ']':
        level -= 1;
    }
  }
  return deepest;
}

function tooLarge(): SessionError {
  return new SessionError('session/size', { status: 413 });
}
