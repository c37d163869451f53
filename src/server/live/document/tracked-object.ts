import type { Json } from '../../../protocol/messages.js';
import { isContainer, type Members } from './place.js';
import { Tracked, toJSON } from './tracked.js';

/** An object of a document. */
export class TrackedObject extends Tracked<Members> implements ProxyHandler<Members> {
  protected override traps(): this {
    return this;
  }

  get(raw: Members, key: string | symbol, receiver: unknown): unknown {
    if (typeof key === 'symbol') return Reflect.get(raw, key, receiver);
    const value: Json | undefined = raw[key];
    if (isContainer(value)) return key === '__proto__' ? value : this.shown(key, value);
    return value === undefined && key === 'toJSON' ? toJSON : value;
  }

  deleteProperty(_raw: Members, key: string | symbol): boolean {
    if (typeof key === 'string') this.#drop(key);
    return true;
  }

  override put(key: string, value: unknown): void {
    if (key === '__proto__') throw this.refusal('cannot hold a key __proto__', key);
    if (this.isShownAs(value, this.#own(key))) return;
    const next = this.admitted(key, value);
    // Not earlier: getters of the value may have run.
    const before = this.#own(key);
    if (next === before) return;
    this.turn.changes(this, key, before);
    this.turn.went(before);
    this.raw[key] = next;
    this.turn.came(next);
  }

  override perform(op: 'add' | 'remove' | 'replace', key: string, value: unknown): boolean {
    if (op !== 'add' && !Object.hasOwn(this.raw, key)) return false;
    if (op === 'remove') this.#drop(key);
    else this.put(key, value);
    return true;
  }

  #drop(key: string): void {
    const before = this.#own(key);
    if (before === undefined) return;
    this.turn.changes(this, key, before);
    this.turn.went(before);
    delete this.raw[key];
  }

  #own(key: string): Json | undefined {
    return Object.hasOwn(this.raw, key) ? this.raw[key] : undefined;
  }
}
