import type { Change, Path } from '../../../protocol/change.js';
import { childOf } from '../../../protocol/json.js';
import type { Json } from '../../../protocol/messages.js';
import { indexOf } from '../../../protocol/transform.js';

/** The parts of a place as the document has them, and what is there; undefined when nothing can be there. */
export function locate(
  root: Json | undefined,
  path: readonly string[],
  op: Change['op'],
): { readonly place: Path; readonly old: Json | undefined } | undefined {
  const place: (string | number)[] = [];
  let parent: Json | undefined = root;
  for (const [depth, part] of path.entries()) {
    if (typeof parent !== 'object' || parent === null) return undefined;
    const isNew = op === 'add' && depth === path.length - 1;
    if (Array.isArray(parent)) {
      const index = part === '-' && isNew ? parent.length : indexOf(part);
      if (index === undefined || index >= parent.length + (isNew ? 1 : 0)) return undefined;
      place.push(index);
      if (isNew) return { place, old: undefined };
    } else place.push(part);
    parent = childOf(parent, part);
    if (parent === undefined && !isNew) return undefined;
  }
  return { place, old: parent };
}
