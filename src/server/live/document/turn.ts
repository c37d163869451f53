import type { Change, Path } from '../../../protocol/change.js';
import { isList } from '../../../protocol/json.js';
import type { Json } from '../../../protocol/messages.js';
import { copyJson } from '../../core/json.js';
import { type Container, isContainer, type Members, type Place } from './place.js';

type List = Place<Json[]>;

/** Something that happened to a list, in the order in which it happened. */
interface ListChange {
  readonly list: List;
  /** `all`: anything; the items before it are kept. `none`: it came to nothing. */
  op: 'add' | 'remove' | 'replace' | 'all' | 'none';
  readonly index: number;
  /** What came in. Replaced again, it is the last one. */
  value: Json;
  /** What went out: the items, for `all`. */
  readonly old: Json;
  /** The path of the list at that moment; undefined when it was not to be told. */
  readonly prefix: Path | undefined;
}

/** Makes the place of an object that nobody looked at before. */
export type MakePlace = (
  turn: Turn,
  raw: Container,
  parent: Place | undefined,
  key: string | number,
) => Place;

/**
 * What happened to a document since it was last told. What happened to lists is remembered in its order, with the paths of that
 * moment. A member of an object is remembered by what it was before, and told after all of that, with the path and the value
 * that it has then. Nothing is told of what was taken out, nor of anything inside a value that is told as a whole. Each
 * change also remembers enough to be taken back.
 */
export class Turn {
  #now = 1;
  #root: Place;
  /** The root at the beginning of this turn, and whether it was told before. */
  #firstRoot: Place;
  #firstFresh: boolean;
  #fresh: boolean;
  readonly #make: MakePlace;
  readonly #places = new WeakMap<object, Place>();
  /** What came in in this turn; what lies inside of it did, too. */
  #arrived = new Set<object>();
  #lists: ListChange[] = [];
  /** The changes that still stand where they happened, by index: nothing before them came or went since. */
  #settled = new Map<List, Map<number, ListChange>>();
  /** Lists of which more changed than is worth telling one by one. */
  #whole = new Set<List>();
  #objects = new Set<Place<Members>>();

  constructor(root: Container, fresh: boolean, make: MakePlace) {
    this.#make = make;
    this.#root = this.#firstRoot = this.place(root, undefined, '');
    this.#fresh = this.#firstFresh = fresh;
  }

  get root(): Place {
    return this.#root;
  }

  /** The one place of an object, which was found there. */
  place(raw: Container, parent: Place | undefined, key: string | number): Place {
    let place = this.#places.get(raw);
    if (place === undefined) {
      place = this.#make(this, raw, parent, key);
      if (parent?.born === this.#now || this.#arrived.has(raw)) place.born = this.#now;
      this.#places.set(raw, place);
    } else place.key = key;
    return place;
  }

  /** Another document altogether. */
  replaceRoot(raw: Container): void {
    this.came(raw);
    this.#root = this.place(raw, undefined, '');
    this.#fresh = true;
  }

  /** A value was put into the document. */
  came(value: Json): void {
    if (isContainer(value)) this.#arrived.add(value);
  }

  /** A value was taken out of the document. */
  went(value: Json | undefined): void {
    const place = isContainer(value) ? this.#places.get(value) : undefined;
    if (place !== undefined) place.parent = undefined;
  }

  /** A member of an object changes that was `before`; undefined: that was not there. */
  changes(object: Place<Members>, key: string, before: Json | undefined): void {
    if (object.born === this.#now) return;
    if (object.before === undefined) {
      object.before = new Map();
      this.#objects.add(object);
    }
    if (!object.before.has(key)) object.before.set(key, before);
  }

  /** An item came to stand at the index; `last`: no other stood behind it. */
  added(list: List, index: number, value: Json, last: boolean): void {
    const change = this.#add(list, 'add', index, value, null);
    if (last) this.#settle(list, index, change);
    else this.#settled.delete(list);
  }

  /** The item at the index went; `last`: no other stood behind it. */
  removed(list: List, index: number, old: Json, last: boolean): void {
    const newest = this.#lists.at(-1);
    const change = (last ? this.#settled.get(list)?.get(index) : undefined) ?? newest;
    if (change?.op === 'add' && change.list === list && change.index === index) {
      // It came in this turn, and no path that is remembered since counts it.
      if (change === newest) this.#lists.pop();
      else change.op = 'none';
      return;
    }
    this.#add(list, 'remove', index, null, old);
    if (!last) this.#settled.delete(list);
  }

  /** Another item stands at the index. */
  replaced(list: List, index: number, value: Json, old: Json): void {
    const change = this.#settled.get(list)?.get(index);
    if (change !== undefined) change.value = value;
    else this.#settle(list, index, this.#add(list, 'replace', index, value, old));
  }

  /** An item went to another index of its list: it is told as it will be, and nothing inside it. */
  moved(list: List, from: number, to: number, value: Json): void {
    if (isContainer(value)) {
      const place = this.place(value as Container, list, to);
      place.sent = this.#now;
      this.#whole.delete(place as List);
    }
    this.#settled.delete(list);
    this.#add(list, 'remove', from, null, value);
    this.#add(list, 'add', to, value, null);
  }

  /** An item stands at this index now. */
  stands(item: Json, index: number): void {
    const place = isContainer(item) ? this.#places.get(item) : undefined;
    if (place !== undefined) place.key = index;
  }

  /** Anything may happen to the items from here on: the list is told as a whole. */
  changesWholly(list: List): void {
    if (list.born === this.#now || list.kept === this.#now) return;
    this.#lists.push({ list, op: 'all', index: 0, value: null, old: list.raw.slice(), prefix: undefined });
    if (list.sent !== this.#now) this.#whole.add(list);
    list.kept = list.sent = this.#now;
    this.#settled.delete(list);
  }

  get changed(): boolean {
    return !this.#changes().next().done;
  }

  take(): Change[] {
    const changes = [...this.#changes()].map(({ op, path, value }) =>
      value === undefined ? { op, path } : { op, path, value: copyJson(value) },
    );
    this.#next(false);
    return changes;
  }

  undo(): void {
    for (const change of this.#lists.reverse()) this.#putBack(change);
    for (const object of this.#objects) {
      for (const [key, before] of object.before ?? []) {
        this.went(object.raw[key]);
        if (before === undefined) delete object.raw[key];
        else {
          object.raw[key] = before;
          this.#cameBack(before, object, key);
        }
      }
    }
    this.#root = this.#firstRoot;
    this.#next(this.#firstFresh);
  }

  #next(fresh: boolean): void {
    for (const object of this.#objects) object.before = undefined;
    this.#now += 1;
    this.#firstRoot = this.#root;
    this.#fresh = this.#firstFresh = fresh;
    this.#lists = [];
    this.#arrived = new Set();
    this.#settled = new Map();
    this.#whole = new Set();
    this.#objects = new Set();
  }

  /** Values are those of the document, not yet copied. */
  *#changes(): Generator<Change> {
    if (this.#fresh || this.#root.sent === this.#now) {
      yield { op: 'replace', path: [], value: this.#root.raw };
      return;
    }
    for (const { list, op, index, value, old, prefix } of this.#lists) {
      if (op === 'none' || op === 'all' || prefix === undefined || !this.#isTold(list)) continue;
      if (op === 'remove') yield { op, path: [...prefix, index] };
      else if (op === 'add' || value !== old) yield { op, path: [...prefix, index], value };
    }
    for (const object of this.#objects) if (this.#isTold(object)) yield* memberChanges(object);
    for (const list of this.#whole) {
      if (list.parent !== undefined && this.#isTold(list.parent)) {
        yield { op: 'replace', path: list.path(), value: list.raw };
      }
    }
  }

  /** Whether it is in the document, and not inside of anything that is told as a whole. */
  #isTold(place: Place): boolean {
    let top = place;
    for (let next: Place | undefined = place; next !== undefined; next = next.parent) {
      if (next.born === this.#now || next.sent === this.#now) return false;
      top = next;
    }
    return top === this.#root;
  }

  #add(
    list: List,
    op: 'add' | 'remove' | 'replace',
    index: number,
    value: Json,
    old: Json,
  ): ListChange | undefined {
    if (list.born === this.#now || list.kept === this.#now) return undefined;
    const last = this.#lists.at(-1);
    // Nothing above a list moves but by another list.
    const prefix = last?.list === list ? last.prefix : this.#isTold(list) ? list.path() : undefined;
    const change: ListChange = { list, op, index, value, old, prefix };
    this.#lists.push(change);
    return change;
  }

  #settle(list: List, index: number, change: ListChange | undefined): void {
    if (change === undefined) return;
    const settled = this.#settled.get(list) ?? new Map<number, ListChange>();
    settled.set(index, change);
    this.#settled.set(list, settled);
  }

  #putBack({ list, op, index, old }: ListChange): void {
    const { raw } = list;
    switch (op) {
      case 'add':
        for (const item of raw.splice(index, 1)) this.went(item);
        break;
      case 'remove':
        raw.splice(index, 0, old);
        this.#cameBack(old, list, index);
        break;
      case 'replace':
        this.went(raw[index]);
        raw[index] = old;
        this.#cameBack(old, list, index);
        break;
      case 'all': {
        for (const item of raw) this.went(item);
        raw.length = 0;
        const items: readonly Json[] = isList(old) ? old : [];
        for (const [at, item] of items.entries()) {
          raw.push(item);
          this.#cameBack(item, list, at);
        }
      }
    }
  }

  #cameBack(value: Json, parent: Place, key: string | number): void {
    const place = isContainer(value) ? this.#places.get(value) : undefined;
    if (place === undefined) return;
    place.parent = parent;
    place.key = key;
  }
}

function* memberChanges(object: Place<Members>): Generator<Change> {
  const path = object.path();
  for (const [key, before] of object.before ?? []) {
    const value = Object.hasOwn(object.raw, key) ? object.raw[key] : undefined;
    if (value === before) continue;
    if (value === undefined) yield { op: 'remove', path: [...path, key] };
    else yield { op: before === undefined ? 'add' : 'replace', path: [...path, key], value };
  }
}
