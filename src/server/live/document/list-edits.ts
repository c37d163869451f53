import type { Json } from '../../../protocol/messages.js';
import { copyJson } from '../../core/json.js';

import { Tracked } from './tracked.js';

/** A list that tells so many changes one by one, whatever is left of it. */
const fewChanges = 8;
/** And so many more for each item that is left: what it takes to tell that item again. */
const changesWorthAnItem = 4;

/**
 * What can happen to a list: items come, go and give way to others, on the bare list and at the cost of the same on a plain one.
 * Where little is left of the items, the list is told as a whole.
 */
export abstract class ListEdits extends Tracked<Json[]> {
  /** Puts items in the place of some others. */
  protected exchange(start: number, gone: number, items: readonly Json[]): void {
    const swapped = Math.min(gone, items.length);
    this.#weigh(Math.max(gone, items.length), this.raw.length - gone);
    for (let offset = 0; offset < swapped; offset += 1) this.swap(start + offset, items[offset] ?? null);
    if (gone > swapped) this.cut(start + swapped, gone - swapped);
    else if (items.length > swapped) this.insert(start + swapped, items.slice(swapped));
  }

  /** Puts an item in the place of another. */
  protected swap(index: number, item: Json): void {
    const { raw, turn } = this;
    const old = raw[index] ?? null;
    if (item === old) return;
    raw[index] = item;
    turn.went(old);
    turn.came(item);
    turn.replaced(this, index, item, old);
  }

  protected insert(index: number, items: readonly Json[]): void {
    const { raw, turn } = this;
    const last = index === raw.length;
    for (let offset = 0; offset < items.length; offset += batch) {
      const some = items.length > batch ? items.slice(offset, offset + batch) : items;
      if (last) raw.push(...some);
      else if (index === 0 && offset === 0) raw.unshift(...some);
      else raw.splice(index + offset, 0, ...some);
    }
    for (let offset = 0; offset < items.length; offset += 1) {
      const item = items[offset] ?? null;
      turn.came(item);
      turn.added(this, index + offset, item, last);
    }
  }

  protected cut(index: number, count: number): void {
    const { raw, turn } = this;
    const last = index + count === raw.length;
    const gone = take(raw, index, count);
    for (const item of gone) turn.went(item);
    // From the end, where nothing has to move up.
    if (last)
      for (let at = count - 1; at >= 0; at -= 1) turn.removed(this, index + at, gone[at] ?? null, true);
    else for (const item of gone) turn.removed(this, index, item, false);
  }

  protected truncate(length: number): void {
    const gone = this.raw.length - length;
    if (gone <= 0) return;
    this.#weigh(gone, length);
    this.cut(length, gone);
  }

  protected cover(start: number, end: number, item: Json): void {
    this.#weigh(end - start, this.raw.length - (end - start));
    for (let index = start; index < end; index += 1)
      this.swap(index, index === start ? item : copyJson(item));
  }

  /**
   * The same items in another order. One that moved is taken out and put in again; everything else is told as a whole (a
   * patch has no better word for it).
   */
  protected reorder(order: readonly Json[]): void {
    const { raw, turn } = this;
    let first = 0;
    let last = raw.length - 1;
    while (first < last && raw[first] === order[first]) first += 1;
    while (first < last && raw[last] === order[last]) last -= 1;
    if (first >= last) return;
    if (raw[first] === order[last] && agree(raw, first + 1, order, first, last - first)) {
      this.#move(first, last);
    } else if (raw[last] === order[first] && agree(raw, first, order, first + 1, last - first)) {
      this.#move(last, first);
    } else {
      turn.changesWholly(this);
      for (let index = first; index <= last; index += 1) {
        const item = order[index] ?? null;
        raw[index] = item;
        turn.stands(item, index);
      }
    }
  }

  #move(from: number, to: number): void {
    const { raw, turn } = this;
    const [item = null] = raw.splice(from, 1);
    raw.splice(to, 0, item);
    turn.moved(this, from, to, item);
  }

  #weigh(changes: number, left: number): void {
    if (changes > fewChanges + changesWorthAnItem * left) this.turn.changesWholly(this);
  }
}

/** As many arguments as a call surely takes. */
const batch = 10_000;

function take(raw: Json[], index: number, count: number): readonly Json[] {
  if (count !== 1) return raw.splice(index, count);
  // Quicker than splice, above all at the front.
  if (index === raw.length - 1) return [raw.pop() ?? null];
  return index === 0 ? [raw.shift() ?? null] : raw.splice(index, 1);
}

function agree(
  one: readonly Json[],
  from: number,
  other: readonly Json[],
  at: number,
  count: number,
): boolean {
  for (let offset = 0; offset < count; offset += 1) {
    if (one[from + offset] !== other[at + offset]) return false;
  }
  return true;
}
