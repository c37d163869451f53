import type { Path } from '../../../protocol/change.js';
import { isList } from '../../../protocol/json.js';
import type { Json } from '../../../protocol/messages.js';
import { copyJson } from '../../core/json.js';
import { admit, type DocumentLimits, DocumentTypeError } from './admit.js';
import { type Container, isContainer, Place } from './place.js';
import type { Turn } from './turn.js';

/**
 * An object or a list as its user sees it: plain JSON, of which every change is recorded. The methods with the names of traps
 * are the traps.
 */
export abstract class Tracked<Raw extends Container = Container> extends Place<Raw> {
  readonly proxy: Raw;
  protected readonly turn: Turn;
  readonly #limits: DocumentLimits;

  constructor(turn: Turn, limits: DocumentLimits, raw: Raw, parent: Place | undefined, key: string | number) {
    super(raw, parent, key);
    this.turn = turn;
    this.#limits = limits;
    this.proxy = new Proxy(raw, this.traps());
    trackedByProxy.set(this.proxy, this);
  }

  protected abstract traps(): ProxyHandler<Raw>;

  /** Puts a value at a key, as assignment does. */
  abstract put(key: string, value: unknown): void;

  /** Does one step of a patch (RFC 6902 §4). `false`: there is no such place. */
  abstract perform(op: 'add' | 'remove' | 'replace', key: string, value: unknown): boolean;

  set(raw: Raw, key: string | symbol, value: unknown, receiver: unknown): boolean {
    // Something that inherits from the proxy gets its own member.
    if (receiver !== this.proxy) return Reflect.set(raw, key, value, receiver);
    if (typeof key === 'symbol') throw this.refusal('has no symbols', key);
    this.put(key, value);
    return true;
  }

  defineProperty(_raw: Raw, key: string | symbol, attributes: PropertyDescriptor): boolean {
    const { enumerable = true, configurable = true, writable = true } = attributes;
    if (typeof key === 'symbol' || !('value' in attributes && enumerable && configurable && writable)) {
      throw this.refusal('has plain members only', key);
    }
    this.put(key, attributes.value);
    return true;
  }

  getOwnPropertyDescriptor(raw: Raw, key: string | symbol): PropertyDescriptor | undefined {
    const attributes: PropertyDescriptor | undefined = Reflect.getOwnPropertyDescriptor(raw, key);
    return attributes && { ...attributes, value: this.shown(String(key), attributes.value) };
  }

  preventExtensions(): boolean {
    throw this.refusal('cannot be frozen or sealed');
  }

  setPrototypeOf(): boolean {
    throw this.refusal('cannot have another prototype');
  }

  /** What the user sees of an item or a member. */
  protected shown(key: string | number, value: Json): Json {
    return isContainer(value) ? this.turn.place(value as Container, this, key).proxy : value;
  }

  /** A value on its way in, as it will be kept. */
  protected admitted(key: string | number, value: unknown): Json {
    return admit(value, this.depth + 1, this.#limits, rawOf, () => this.#pathTo(key));
  }

  /** Whether this value is what stands there: to assign it to itself changes nothing. */
  protected isShownAs(value: unknown, raw: Json | undefined): boolean {
    return isContainer(raw) && trackedBy(value)?.raw === raw;
  }

  protected refusal(what: string, key?: string | symbol): DocumentTypeError {
    return new DocumentTypeError(what, key === undefined ? this.path() : this.#pathTo(String(key)));
  }

  #pathTo(key: string | number): Path {
    return [...this.path(), isList(this.raw) && /^\d+$/.test(String(key)) ? Number(key) : key];
  }
}

/** In all documents. */
const trackedByProxy = new WeakMap<object, Tracked>();

/** Whose proxy this is. */
export function trackedBy(proxy: unknown): Tracked | undefined {
  return typeof proxy === 'object' && proxy !== null ? trackedByProxy.get(proxy) : undefined;
}

export function rawOf(proxy: object): object | undefined {
  return trackedByProxy.get(proxy)?.raw;
}

/**
 * JSON.stringify asks for it, and nobody else finds it, by `in` or among the keys: the JSON of a large document is written
 * from a copy, and no part of it has to be looked at through a proxy.
 */
export function toJSON(this: unknown): unknown {
  const place = trackedBy(this);
  return place === undefined ? this : copyJson(place.raw);
}
