import type { Json } from './messages.js';
import { escaped } from './pointer.js';

/** Keys and indexes from the root; [] is the document itself. A number is an index of a list, a string a key of an object. */
export type Path = readonly (string | number)[];

/** One change of a document, as it was recorded. */
export interface Change {
  readonly op: 'add' | 'remove' | 'replace';
  /** As it is at the moment of this change, after all earlier ones of its patch. */
  readonly path: Path;
  /** Absent for remove. Plain JSON that the document does not change any more. */
  readonly value?: Json;
}

/** A path as a JSON Pointer (RFC 6901 §3: first ~ becomes ~0, then / becomes ~1). */
export function pointerOf(path: Path): string {
  let text = '';
  for (const part of path) {
    const written = String(part);
    text += /[~/]/.test(written) ? `/${escaped(written)}` : `/${written}`;
  }
  return text;
}
