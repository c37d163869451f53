import type { Change, Path } from '../../../protocol/change.js';
import { childOf, isList, valueAt } from '../../../protocol/json.js';
import type { Json } from '../../../protocol/messages.js';
import { patchError } from '../../../protocol/patch-limits.js';
import { copyJson } from '../../core/json.js';
import { wholeNumber, yesOrNo } from '../../core/options.js';
import { admit, type DocumentLimits, DocumentTypeError } from './admit.js';
import { type Container, isContainer, type Place } from './place.js';
import { rawOf, trackedBy } from './tracked.js';
import { TrackedList } from './tracked-list.js';
import { TrackedObject } from './tracked-object.js';
import { Turn } from './turn.js';

export interface DocumentOptions {
  /** Whether the first `take` tells the whole document, as one `replace`; false: only what changed. Default: true. */
  readonly fresh?: boolean;
  /** Parts of the longest path to a value, 1 to 1000. Default: 64, as for JSON Patch. */
  readonly depth?: number;
  /** Values in one that is assigned, or in `initial` (a list of two numbers is three), 1 to 2^31 - 1. Default: 1,000,000. */
  readonly values?: number;
}

/** A JSON document that knows what changed in it. */
export interface LiveDocument<T extends object> {
  /**
   * The document, to be read and changed like plain JSON. What is assigned is copied in, even what comes from the document: a
   * later change of the original does not reach it. Something that was removed can still be read and changed, and nobody is
   * told. Refused with a DocumentTypeError, before anything changed: what no JSON holds, holes, members of a list, accessors,
   * symbols, freezing.
   */
  readonly root: T;
  /** Puts another document in the place of this one: a new `root`, told as one `replace`. Throws DocumentTypeError. */
  replace(value: T): void;
  /**
   * The value at a path, undefined when there is none. An index may be written as a number or a text. It is the value itself,
   * not a copy: look at it, and do not change or keep it.
   */
  get(path: Path): Json | undefined;
  /**
   * Does one change, recorded like any other. Throws `patch/conflict` (409) when there is no such place, and DocumentTypeError for
   * a value that the document cannot hold.
   */
  apply(change: Change): void;
  /** Whether `take` would tell anything. */
  readonly changed: boolean;
  /**
   * What changed since the last `take` (SC-94): a patch that makes the document of then the document of now. First what happened
   * to lists, in its order; then the members of objects, each once with its last value; then lists of which too much changed
   * to tell it one by one. A member that is as it was is left out.
   */
  take(): readonly Change[];
  /**
   * Takes back what changed since the last `take`. The cost is that of the changes. Keys that were deleted come back as the
   * last of their object.
   */
  undo(): void;
  /** A copy of the document. */
  toJSON(): Json;
}

/**
 * A document that starts as a copy of `initial`, an object or a list. Throws DocumentTypeError for anything else, or that no JSON
 * holds; `config/invalid`.
 */
export function createDocument<T extends object = { [key: string]: Json }>(
  initial: unknown,
  { fresh = true, depth = 64, values = 1_000_000 }: DocumentOptions = {},
): LiveDocument<T> {
  const limits: DocumentLimits = {
    depth: wholeNumber('depth', depth, 1, 1000, 'parts'),
    values: wholeNumber('values', values, 1, 2 ** 31 - 1, 'values'),
  };
  yesOrNo('fresh', fresh);
  const turn = new Turn(admitRoot(initial, limits), fresh, (of, raw, parent, key) =>
    isList(raw)
      ? new TrackedList(of, limits, raw, parent, key)
      : new TrackedObject(of, limits, raw, parent, key),
  );

  function replace(value: unknown): void {
    // Itself in its own place: nothing changed.
    if (value !== turn.root.proxy) turn.replaceRoot(admitRoot(value, limits));
  }

  return {
    get root() {
      // What T says of the JSON is the word of the caller.
      return turn.root.proxy as T;
    },
    replace,
    get: (path) => valueAt(turn.root.raw, path),
    apply({ op, path, value }) {
      const key = path.at(-1);
      if (key === undefined) {
        if (op === 'remove') throw patchError('patch/conflict', 'no document');
        return replace(value);
      }
      let place: Place | undefined = turn.root;
      for (const step of path.slice(0, -1)) place = placeBelow(turn, place, step);
      if (!trackedBy(place?.proxy)?.perform(op, String(key), value)) {
        throw patchError('patch/conflict', 'no such place');
      }
    },
    get changed() {
      return turn.changed;
    },
    // Asked again and again, by each who follows.
    take: () => (turn.changed ? turn.take() : nothing),
    undo: () => turn.undo(),
    toJSON: () => copyJson(turn.root.raw),
  };
}

const nothing: readonly Change[] = [];

function admitRoot(value: unknown, limits: DocumentLimits): Container {
  const root = admit(value, 0, limits, rawOf, () => []);
  if (!isContainer(root)) throw new DocumentTypeError('must be an object or a list', []);
  return root as Container;
}

function placeBelow(turn: Turn, place: Place | undefined, key: string | number): Place | undefined {
  const child = childOf(place?.raw, key);
  return isContainer(child) ? turn.place(child as Container, place, key) : undefined;
}
