import { beforeChange, isWithin } from '../../../protocol/transform.js';
import type { Feed } from './feed.js';
import { isPrimitive, isUnheard, joined, operationText, type Past } from './history.js';
import { type Repairs, truthOf } from './repairs.js';

type Sent = Pick<Past, 'op' | 'path' | 'text' | 'isScalar'>;

/**
 * The operations that bring a follower from the document after a step to the document of now, joined by commas: what others
 * did, in its order, and then what the follower must be told again.
 */
export function operationsFor(follower: object, feed: Feed, from: number, repairs: Repairs): string {
  const { history } = feed;
  const due = repairs.due();
  if (due.length === 0 && !history.hasUnheard(from, follower)) return history.shared(from);
  const truths: Sent[] = [];
  for (const path of due) {
    const change = truthOf(path, feed.document.get([]));
    const wire = change && feed.encoded(change);
    if (change === undefined || wire === undefined) continue;
    const text = operationText(wire.op, wire.path, wire.value);
    truths.push({ op: change.op, path: change.path, text, isScalar: isPrimitive(change.value) });
  }
  return joined([...changesFor(follower, feed, from, due), ...truths]);
}

/** Changes of others, without those inside of what is told as a whole afterwards: the client may have no place for them. */
function changesFor(
  follower: object,
  { history }: Feed,
  from: number,
  due: readonly (readonly string[])[],
): Sent[] {
  const changes: Sent[] = [];
  let told = due;
  for (let step = history.step; step > from; step -= 1) {
    const past = history.at(step);
    if (past === undefined) continue;
    const isTold = told.some(
      (path) => isWithin(past.path, path) && (past.path.length > path.length || past.op === 'replace'),
    );
    if (!isTold && !isUnheard(past, follower)) changes.push(past);
    told = told.flatMap((path) => {
      const before = beforeChange(path, past);
      return before === undefined ? [] : [before];
    });
  }
  return changes.reverse();
}
