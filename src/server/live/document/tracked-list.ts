import type { Json } from '../../../protocol/messages.js';
import { indexBelow } from '../../../protocol/pointer.js';
import { copyJson } from '../../core/json.js';

import { ListEdits } from './list-edits.js';
import { toJSON, trackedBy } from './tracked.js';

/**
 * A list of a document. The methods of an array that change it, or look for a value in it, work on the bare list and not item by
 * item through the traps.
 */
export class TrackedList extends ListEdits implements ProxyHandler<Json[]> {
  protected override traps(): this {
    return this;
  }

  get(raw: Json[], key: string | symbol, receiver: unknown): unknown {
    if (typeof key === 'symbol') return Reflect.get(raw, key, receiver);
    const value: unknown = raw[key as keyof Json[]];
    if (typeof value === 'object') return key === '__proto__' ? value : this.shown(key, value as Json);
    if (typeof value === 'function') return methods.get(key) ?? value;
    return value === undefined && key === 'toJSON' ? toJSON : value;
  }

  deleteProperty(raw: Json[], key: string | symbol): boolean {
    if (Object.hasOwn(raw, key) && key !== 'length') throw this.refusal('has no holes (use splice)', key);
    return key !== 'length';
  }

  override put(key: string, value: unknown): void {
    if (key === 'length') this.#putLength(Number(value));
    else this.#putItem(key, value);
  }

  override perform(op: 'add' | 'remove' | 'replace', key: string, value: unknown): boolean {
    const { length } = this.raw;
    const end = op === 'add' ? length + 1 : length;
    const index = op === 'add' && key === '-' ? length : indexBelow(end, key);
    if (index === undefined) return false;
    if (op === 'replace') this.put(key, value);
    else if (op === 'remove') this.cut(index, 1);
    else this.splice(index, 0, value);
    return true;
  }

  push(...values: unknown[]): number {
    return this.#add(() => this.raw.length, values);
  }

  unshift(...values: unknown[]): number {
    return this.#add(() => 0, values);
  }

  pop(): unknown {
    return this.#remove(this.raw.length - 1);
  }

  shift(): unknown {
    return this.#remove(0);
  }

  splice(...args: unknown[]): unknown[] {
    const [from, count, ...values] = args;
    const [start, most] = [integer(from), integer(count)];
    const items = this.#admittedAt(() => relative(start, this.raw.length), values);
    const { length } = this.raw;
    const first = relative(start, length);
    const behind = args.length === 0 ? 0 : length - first;
    const gone = args.length < 2 ? behind : Math.min(Math.max(most, 0), behind);
    const removed = this.raw
      .slice(first, first + gone)
      .map((item, offset) => this.shown(first + offset, item));
    this.exchange(first, gone, items);
    return removed;
  }

  fill(value: unknown, from?: unknown, to?: unknown): object {
    const [start, end] = [integer(from), to === undefined ? Number.POSITIVE_INFINITY : integer(to)];
    const { length } = this.raw;
    if (length > 0) {
      const item = this.admitted(relative(start, length), value);
      this.cover(relative(start, this.raw.length), relative(end, this.raw.length), item);
    }
    return this.proxy;
  }

  copyWithin(target: unknown, from?: unknown, to?: unknown): object {
    const [at, start, end] = [integer(target), integer(from), to === undefined ? Infinity : integer(to)];
    const { raw } = this;
    const first = relative(at, raw.length);
    const source = raw.slice(relative(start, raw.length), relative(end, raw.length));
    source.length = Math.min(source.length, raw.length - first);
    if (first !== relative(start, raw.length)) this.exchange(first, source.length, source.map(copyJson));
    return this.proxy;
  }

  sort(compare?: unknown): object {
    const before = this.raw.slice();
    const items: unknown[] = before.map((item, index) => this.shown(index, item));
    Reflect.apply(Array.prototype.sort, items, [compare]);
    if (before.length !== this.raw.length || before.some((item, index) => item !== this.raw[index])) {
      throw this.refusal('cannot change a list while it is being sorted');
    }
    this.reorder(items.map((item) => bare(item) as Json));
    return this.proxy;
  }

  reverse(): object {
    this.reorder(this.raw.slice().reverse());
    return this.proxy;
  }

  includes(...[value, ...from]: unknown[]): boolean {
    return Reflect.apply(Array.prototype.includes, this.raw, [bare(value), ...from]);
  }

  indexOf(...[value, ...from]: unknown[]): number {
    return Reflect.apply(Array.prototype.indexOf, this.raw, [bare(value), ...from]);
  }

  lastIndexOf(...[value, ...from]: unknown[]): number {
    return Reflect.apply(Array.prototype.lastIndexOf, this.raw, [bare(value), ...from]);
  }

  #add(index: () => number, values: readonly unknown[]): number {
    const items = this.#admittedAt(index, values);
    // Asked again: getters of the values may have run.
    this.exchange(index(), 0, items);
    return this.raw.length;
  }

  #admittedAt(index: () => number, values: readonly unknown[]): Json[] {
    return values.map((value, offset) => this.admitted(index() + offset, value));
  }

  #remove(index: number): unknown {
    const item = this.raw[index];
    if (item === undefined) return undefined;
    const shown = this.shown(index, item);
    this.cut(index, 1);
    return shown;
  }

  #putItem(key: string, value: unknown): void {
    const { raw } = this;
    if (this.isShownAs(value, raw[Number(key)])) return;
    const item = this.admitted(key, value);
    const index = indexBelow(raw.length + 1, key);
    if (index === undefined) {
      throw this.refusal(/^\d+$/.test(key) ? 'has no holes' : 'has nothing but items in a list', key);
    }
    if (index === raw.length) this.insert(index, [item]);
    else this.swap(index, item);
  }

  #putLength(length: number): void {
    if (!(Number.isInteger(length) && length >= 0)) throw new RangeError('Invalid array length');
    if (length > this.raw.length) throw this.refusal('has no holes', 'length');
    this.truncate(length);
  }
}

const names = [
  'push',
  'pop',
  'shift',
  'unshift',
  'splice',
  'fill',
  'copyWithin',
  'sort',
  'reverse',
  'includes',
  'indexOf',
  'lastIndexOf',
] as const;

/** What a list hands out under these names: the same functions for all lists, as with arrays. */
const methods: ReadonlyMap<string, unknown> = new Map(
  names.map((name) => [
    name,
    function (this: unknown, ...args: unknown[]): unknown {
      const list = trackedBy(this);
      return list instanceof TrackedList
        ? Reflect.apply(list[name], list, args)
        : Reflect.apply(Array.prototype[name], this, args);
    },
  ]),
);

/** What a list keeps of a value that it hands out. */
function bare(value: unknown): unknown {
  return trackedBy(value)?.raw ?? value;
}

/** ECMA-262 ToIntegerOrInfinity. */
function integer(value: unknown): number {
  return Math.trunc(Number(value)) || 0;
}

/** An index as most methods of an array mean it: from the end when it is negative, and within. */
function relative(index: number, length: number): number {
  return index < 0 ? Math.max(0, length + index) : Math.min(index, length);
}
