import type { Change } from '../../../protocol/change.js';
import type { Json } from '../../../protocol/messages.js';
import {
  afterChange,
  afterWish,
  isInsertion,
  isSame,
  isWithin,
  type Step,
} from '../../../protocol/transform.js';

/** One's own changes after those of others that were done before them; what has no place any more is left out (SC-98, SC-99). */
export function afterOthers(own: readonly Change[], others: readonly Change[]): readonly Change[] {
  let left = own;
  for (const other of others) {
    let step: Step | undefined = other;
    left = left.flatMap((change): readonly Change[] => {
      if (step === undefined) return [change];
      if (isOverruled(change, step, other.value)) return [];
      const texts = change.path.map(String);
      const moved = afterChange(texts, change.op, step);
      step = afterWish(step, { op: change.op, path: texts });
      if (moved === undefined) return [];
      return moved === texts ? [change] : [{ ...change, path: typedLike(change.path, moved) }];
    });
  }
  return left;
}

/** Changes, one after the other; a value put in the place of another that nobody was told of yet takes its turn. */
export function appended(own: readonly Change[], more: readonly Change[]): readonly Change[] {
  const all = [...own];
  for (const change of more) {
    const at = change.op === 'replace' ? sameTurn(all, change) : -1;
    if (at === -1) all.push(change);
    else all[at] = change;
  }
  return all;
}

/** Whether one of the changes adds or removes, so that indexes mean something else after it. */
export function isStructural(changes: readonly Change[]): boolean {
  return changes.some(({ op }) => op !== 'replace');
}

/** The last replacement of the same place with nothing after it that could have moved it. */
function sameTurn(changes: readonly Change[], { path }: Change): number {
  for (let index = changes.length - 1; index >= 0; index -= 1) {
    const change = changes[index];
    if (change?.op !== 'replace') return -1;
    if (isSame(change.path, path)) return index;
    // What is inside of a value is told after it.
    if (isWithin(path, change.path) || isWithin(change.path, path)) return -1;
  }
  return -1;
}

/** Whether a value was meant for the place of another kind of value: of a text, say, and not of a list. */
function isOverruled({ op, path, value }: Change, by: Step, other: Json | undefined): boolean {
  return op === 'replace' && !isInsertion(by) && kindOf(other) !== kindOf(value) && isSame(path, by.path);
}

function kindOf(value: Json | undefined): string {
  return typeof value !== 'object' || value === null ? 'primitive' : Array.isArray(value) ? 'list' : 'object';
}

function typedLike(path: Change['path'], texts: readonly string[]): Change['path'] {
  return texts.map((text, part) => (typeof path[part] === 'number' ? Number(text) : text));
}
