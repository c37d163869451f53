import { patchError } from './patch-limits.js';

/**
 * A JSON Pointer that was read. The whole document is the value at the key '' of an object around it, so that it has a
 * parent like any other value: '' is the key '', and '/a~1b/0' the key '0' below '' and 'a/b'.
 */
export interface Pointer {
  readonly text: string;
  /** As many as the pointer is deep. */
  readonly parents: readonly string[];
  readonly key: string;
}

/**
 * Reads a JSON Pointer (RFC 6901 §3, in a JSON text: no `#`). Throws `patch/malformed` when it is none, has an escape other
 * than `~0` and `~1`, or names `__proto__`; `patch/size` when it has more than `depth` parts.
 */
export function parsePointer(pointer: unknown, depth: number): Pointer {
  if (typeof pointer !== 'string') throw patchError('patch/malformed', 'missing pointer');
  const isEscaped = pointer.includes('~');
  if ((pointer !== '' && !pointer.startsWith('/')) || (isEscaped && /~(?![01])/.test(pointer))) {
    throw patchError('patch/malformed', 'bad pointer');
  }
  const parents = pointer.split('/', depth + 2);
  if (parents.length > depth + 1) throw patchError('patch/size', 'pointer too deep');
  if (parents.includes('__proto__')) throw patchError('patch/malformed', 'bad pointer');
  const key = parents.pop() ?? '';
  return isEscaped
    ? { text: pointer, parents: parents.map(unescaped), key: unescaped(key) }
    : { text: pointer, parents, key };
}

/** A part of a pointer as a pointer writes it (RFC 6901 §3: first ~ becomes ~0, then / becomes ~1). */
export function escaped(part: string): string {
  return part.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** RFC 6901 §4: first ~1, then ~0, or ~01 would become a slash. */
export function unescaped(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** The item of a list that a part of a pointer names, if it is below `end` (RFC 6901 §4: digits, no leading zero). */
export function indexBelow(end: number, part: string): number | undefined {
  const index = /^(?:0|[1-9]\d*)$/.test(part) ? Number(part) : end;
  return index < end ? index : undefined;
}
