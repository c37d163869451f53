import { type Path, pointerOf } from '../../../protocol/change.js';
import type { Json } from '../../../protocol/messages.js';

/** As much of a path as a message shows. */
const shownCharacters = 200;

/** A document cannot do or hold this. The document is as it was before. */
export class DocumentTypeError extends TypeError {
  static {
    // V8 writes the first line of a stack before the fields of a subclass exist; it finds the name here.
    Object.defineProperty(DocumentTypeError.prototype, 'name', {
      value: 'DocumentTypeError',
      writable: true,
    });
  }

  /** Where in the document. */
  readonly path: Path;

  /** `what`: the rest of the sentence "The document …", without the place. */
  constructor(what: string, path: Path) {
    const pointer = pointerOf(path);
    const shown = pointer.length > shownCharacters ? `${pointer.slice(0, shownCharacters)}…` : pointer;
    super(`The document ${what}, at ${path.length === 0 ? 'its root' : shown}.`);
    this.path = path;
  }
}

export interface DocumentLimits {
  /** Parts of the longest path to a value. */
  readonly depth: number;
  /** Values that come in at once: a list of two numbers is three. */
  readonly values: number;
}

/** Gives the JSON behind what a document hands out, and undefined for anything else. */
export type RawOf = (value: object) => object | undefined;

/** One value on its way in. */
interface Admission {
  readonly limits: DocumentLimits;
  readonly rawOf: RawOf;
  /** The objects around the value that is looked at, and their keys. */
  readonly around: object[];
  readonly trail: (string | number)[];
  /** Values that may still come. */
  left: number;
  refuse(what: string): never;
}

/**
 * A value as a document keeps it: a copy that nobody else holds. Keys that JSON.stringify does not see (symbols, not
 * enumerable) stay behind; -0 becomes 0, as JSON has no other. `at`: the place it is for, asked only when it is `depth` parts
 * deep or the value is refused. Throws DocumentTypeError for what no JSON can hold: undefined, holes, functions, symbols,
 * BigInts, numbers that are not finite, instances of classes (a Date too: which JSON is meant, the caller says), circles, a
 * key `__proto__`; and beyond a limit. Walks no circle to its end.
 */
export function admit(
  value: unknown,
  depth: number,
  limits: DocumentLimits,
  rawOf: RawOf,
  at: () => Path,
): Json {
  if (depth <= limits.depth) {
    if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
    if (typeof value === 'number' && Number.isFinite(value)) return value + 0;
  }
  const trail: (string | number)[] = [];
  const refuse = (what: string): never => {
    throw new DocumentTypeError(`cannot hold ${what}`, [...at(), ...trail]);
  };
  return copyIn(value, depth, { limits, rawOf, around: [], trail, left: limits.values, refuse });
}

function copyIn(value: unknown, depth: number, admission: Admission): Json {
  const { limits, around } = admission;
  admission.left -= 1;
  if (admission.left < 0) admission.refuse(`more than ${limits.values} values at once`);
  if (depth > limits.depth) {
    // On a circle, somebody is here twice by now.
    if (new Set(around).size < around.length) admission.refuse('a circle');
    admission.refuse(`more than ${limits.depth} levels`);
  }
  if (typeof value === 'number' && Number.isFinite(value)) return value + 0;
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
  if (typeof value !== 'object') return admission.refuse(nameOf(value));
  around.push(value);
  const source = admission.rawOf(value) ?? value;
  const copy = Array.isArray(source)
    ? copyItems(source, depth, admission)
    : copyMembers(source, depth, admission);
  around.pop();
  return copy;
}

function copyItems(list: readonly unknown[], depth: number, admission: Admission): Json {
  const { trail, limits } = admission;
  if (list.length > admission.left) admission.refuse(`more than ${limits.values} values at once`);
  const copy: Json[] = [];
  for (let index = 0; index < list.length; index += 1) {
    trail.push(index);
    if (!(index in list)) admission.refuse('a list with a hole');
    copy.push(copyIn(list[index], depth + 1, admission));
    trail.pop();
  }
  return copy;
}

function copyMembers(object: object, depth: number, admission: Admission): Json {
  const { trail } = admission;
  if (!isPlain(object)) admission.refuse(nameOf(object));
  const copy: { [key: string]: Json } = {};
  for (const key of Object.keys(object)) {
    trail.push(key);
    if (key === '__proto__') admission.refuse('a key __proto__');
    copy[key] = copyIn(Reflect.get(object, key), depth + 1, admission);
    trail.pop();
  }
  return copy;
}

/** An object literal, or something like it from another realm, or without a prototype. */
function isPlain(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function nameOf(value: unknown): string {
  switch (typeof value) {
    case 'number':
      return `the number ${value}`;
    case 'bigint':
      return 'a BigInt';
    case 'object': {
      const name: unknown = Reflect.get(Object(value), 'constructor')?.name;
      return typeof name === 'string' ? `an instance of ${name.slice(0, 40)}` : 'an instance of a class';
    }
    case 'undefined':
      return 'undefined (use delete)';
    default:
      return `a ${typeof value}`;
  }
}
