import canNamespace from 'can-namespace';
import Observation from 'can-observation';
import queues from 'can-queues';
import canReflect from 'can-reflect';
import type { Change, Path } from '../../../protocol/change.js';
import { diffJson } from '../../../protocol/diff.js';
import { valueAt } from '../../../protocol/json.js';
import type { Json } from '../../../protocol/messages.js';

type Key = string | number;
type List = { splice(index: number, count: number, ...items: unknown[]): unknown };

/** Where a document is shown on an instance. */
const KEY = 'data';

/** The observable `data` of one instance: shows what the server changes, and tells what the user does. */
export class ObservedData {
  readonly #instance: object;
  readonly #edited: (to: Json, from: Json) => boolean;
  readonly #shown: () => void;
  readonly #observation: Observation<Json | undefined>;
  /** The observable as JSON, as it was when nobody had yet reacted to the last change of the server. */
  #known: Json | undefined;
  #isAwaited = false;
  #isOver = false;
  #hasBegun = false;

  /**
   * @param edited - the user made one JSON of another, once a turn; false when that is not accepted: it is taken back
   * @param shown - called while a change of the server is being told, so that both are told as one
   */
  constructor(instance: object, edited: (to: Json, from: Json) => boolean, shown: () => void) {
    this.#instance = instance;
    this.#edited = edited;
    this.#shown = shown;
    this.#observation = new Observation(() => this.#read());
    this.#observation.on(this.#changed);
  }

  /** Shows the server's document, which these changes make of the one before. */
  show(changes: readonly Change[], whole: Json): void {
    queues.batch.start();
    try {
      // A sign-in of the same user goes on with the objects that are bound already.
      const old = this.#hasBegun ? undefined : this.#read();
      this.#apply(isContainer(old) ? diffJson(old, whole) : changes, whole);
      this.#hasBegun = true;
      this.#known = this.#read();
      this.#shown();
    } finally {
      queues.batch.stop();
    }
  }

  /** Tells at once what would be told at the end of the turn. */
  flush(): void {
    this.#isAwaited = false;
    if (this.#isOver || !this.#hasBegun) return;
    const now = this.#read();
    const before = this.#known;
    if (!isContainer(now) || before === undefined || now === before) return;
    this.#known = now;
    if (diffJson(before, now).length === 0 || this.#edited(now, before)) return;
    queues.batch.start();
    try {
      this.#apply(diffJson(now, before), before);
      this.#known = this.#read();
    } finally {
      queues.batch.stop();
    }
  }

  stop(): void {
    this.#isOver = true;
    this.#observation.off(this.#changed);
  }

  readonly #changed = (): void => {
    if (this.#isAwaited) return;
    this.#isAwaited = true;
    queueMicrotask(() => this.#isAwaited && this.flush());
  };

  /** The observable as JSON: texts for dates, and nothing that JSON does not hold. */
  #read(): Json | undefined {
    const value = canReflect.getKeyValue(this.#instance, KEY);
    if (typeof value !== 'object' || value === null) return undefined;
    return JSON.parse(JSON.stringify(canReflect.serialize(value)));
  }

  #apply(changes: readonly Change[], whole: Json): void {
    for (const { op, path, value } of changes) {
      if (path.length === 0) this.#put(this.#instance, KEY, whole);
      else this.#applyOne(op, path, value, whole);
    }
  }

  #applyOne(op: Change['op'], path: Path, value: Json | undefined, whole: Json): void {
    let parent: object = this.#instance;
    let seen: Key = KEY;
    for (const [depth, key] of path.entries()) {
      const next = canReflect.getKeyValue(parent, seen);
      if (!canReflect.isObservableLike(next)) {
        // A model keeps plain JSON here: it sees a change only as another value, the last one at once.
        this.#put(parent, seen, valueAt(whole, path.slice(0, depth)));
        return;
      }
      parent = next as object;
      seen = key;
    }
    if (!canReflect.isListLike(parent)) {
      if (op !== 'remove') this.#put(parent, seen, value);
      else attempt(() => canReflect.deleteKeyValue(parent, seen), seen);
      return;
    }
    const index = Number(seen);
    const items = op === 'remove' ? [] : [this.#observable(parent, value)];
    attempt(() => (parent as List).splice(index, op === 'add' ? 0 : 1, ...items), seen);
  }

  #put(parent: object, key: Key, value: Json | undefined): void {
    attempt(() => canReflect.setKeyValue(parent, key, this.#observable(parent, value, key)), key);
  }

  /**
   * A value as its place wants it. A DefineMap makes observables by itself, and so does whatever declares a type; an
   * ObservableObject keeps what it gets.
   */
  #observable(parent: object, value: Json | undefined, key?: Key): unknown {
    const { ObservableObject, ObservableArray } = canNamespace;
    const isPlain = [ObservableObject, ObservableArray].some((Type) => Type && parent instanceof Type);
    const { props, propertyDefaults, items } = parent.constructor as {
      props?: { [key: string]: unknown };
      propertyDefaults?: unknown;
      items?: unknown;
    };
    const isDeclared = key === undefined ? items : propertyDefaults || Object.hasOwn(props ?? {}, key);
    return isPlain && !isDeclared ? deep(value) : value;
  }
}

function deep(value: Json | undefined): unknown {
  const { ObservableObject, ObservableArray } = canNamespace;
  if (!isContainer(value) || !ObservableObject) return value;
  if (Array.isArray(value)) {
    const items = value.map(deep);
    return ObservableArray ? new ObservableArray(items) : items;
  }
  return new ObservableObject(
    Object.fromEntries(Object.entries(value).map(([key, one]) => [key, deep(one)])),
  );
}

/** A model may refuse a value: the rest is shown all the same. */
function attempt(work: () => void, key: Key): void {
  try {
    work();
  } catch (error) {
    if (process.env.NODE_ENV !== 'production') {
      console.warn(`The model of data does not take ${key}: ${error}`);
    }
  }
}

function isContainer(value: Json | undefined): value is Exclude<Json, string | number | boolean | null> {
  return typeof value === 'object' && value !== null;
}
