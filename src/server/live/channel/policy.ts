import type { Change, Path } from '../../../protocol/change.js';
import type { Json } from '../../../protocol/messages.js';
import { isPrimitive } from './history.js';

/** What a client wants to do to the document. */
export interface Edit {
  readonly op: Change['op'];
  /** Where, as the document is now. Never the root. */
  readonly path: Path;
  /** As the client sent it. Absent for remove. */
  readonly value?: Json;
  /** What is there now. Absent when nothing is. */
  readonly old?: Json;
}

/**
 * Whether clients may do this. Asked once for each operation, before any of its patch is carried out; it may be asked again
 * with `old` as the client knew it. It must change nothing.
 */
export type EditPolicy = (edit: Edit) => boolean;

/**
 * The rule of Starcounter (SC-90): clients put primitives in the place of primitives, in properties whose name ends in `$`.
 * An item of a list goes by the name of the list.
 */
export const dollarNames: EditPolicy = ({ op, path, value, old }) =>
  op === 'replace' && isPrimitive(value) && isPrimitive(old) && nameOf(path).endsWith('$');

/** Clients may add, remove and replace whatever they can name, except the document itself (X-23, PAL-16). */
export const anyEdit: EditPolicy = () => true;

function nameOf(path: Path): string {
  for (let part = path.length - 1; part >= 0; part -= 1) {
    const name = path[part];
    if (typeof name === 'string') return name;
  }
  return '';
}
