import { SessionError } from '../../../protocol/errors.js';
import type { Json } from '../../../protocol/messages.js';
import type { PatchOperation } from '../../../protocol/patch.js';
import { patchError } from '../../../protocol/patch-limits.js';
import { parsePointer } from '../../../protocol/pointer.js';
import type { Wish } from '../../../protocol/transform.js';
import type { Feed } from './feed.js';
import { isPrimitive } from './history.js';

/** An operation of a client's patch, by the places of the document. */
export interface ReadWish extends Wish {
  /** Absent for remove. */
  readonly value?: Json;
}

/**
 * Reads one operation. Throws `request/forbidden` (400) for the whole document, for versions, for what holds the JSON of other
 * apps, and for everything but add, remove and replace; `patch/conflict` (409) for a place outside of the namespaces.
 */
export function readWish(operation: PatchOperation, feed: Feed): ReadWish {
  switch (operation.op) {
    case 'add':
    case 'replace':
      return { op: operation.op, path: readPlace(operation, feed), value: operation.value };
    case 'remove':
      return { op: operation.op, path: readPlace(operation, feed) };
    default:
      throw forbidden();
  }
}

function readPlace(operation: PatchOperation & { readonly value?: Json }, feed: Feed): readonly string[] {
  const { namespaces } = feed;
  if (operation.path === '') throw forbidden();
  const { parents, key } = parsePointer(operation.path, operation.path.length);
  const visible = [...parents, key].slice(1);
  if (feed.hides(visible)) throw forbidden();
  const path = namespaces === undefined ? visible : namespaces.inward(visible);
  if (path === undefined) throw patchError('patch/conflict', 'no such place');
  // A client's value would have to hold the names, and what is not its own.
  if (namespaces?.covers(path) && !(operation.op === 'replace' && isPrimitive(operation.value))) {
    throw forbidden();
  }
  return path;
}

/** What a client wants is nothing that clients may do. */
export function forbidden(): SessionError {
  return new SessionError('request/forbidden', {
    status: 400,
    message: 'request/forbidden: operation not allowed',
  });
}
