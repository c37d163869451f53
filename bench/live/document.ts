import { pointerOf } from '../../src/protocol/change.js';
import type { Json } from '../../src/protocol/messages.js';
import { applyPatch } from '../../src/protocol/patch.js';
import { createDocument, type LiveDocument } from '../../src/server/live/document/document.js';
import { type Case, type Row, rounded, type Side } from '../harness.js';
import type { Peers } from './peers.js';

interface Item {
  readonly id: number;
  readonly name: string;
  done: boolean;
  readonly tags: string[];
  n: number;
}

interface Tree {
  readonly meta: { readonly title: string; version: number };
  items: Item[];
}

const item = (id: number): Item => ({ id, name: `item ${id}`, done: false, tags: ['a', 'b'], n: id });

const tree = (length: number): Tree => ({
  meta: { title: 'things to do', version: 1 },
  items: Array.from({ length }, (_, id) => item(id)),
});

/** What happens to a document; each takes back what the one before it did, so that it stays as long as it is. */
interface Edit {
  readonly name: string;
  /** Alternately `true` and `false`. */
  readonly change: (tree: Tree, forth: boolean) => void;
  /** What tells of it. */
  readonly patch: (length: number, forth: boolean) => object;
  /** A new tree, with what did not change. */
  readonly next: (tree: Tree) => Tree;
}

const atTheFront = 'insert at the front';

const path = (...parts: (string | number)[]) => parts;

const edits: readonly Edit[] = [
  {
    name: 'set a field of an item',
    change({ items }, forth) {
      const one = items[items.length >> 1];
      if (one !== undefined) one.n = forth ? -1 : -2;
    },
    patch: (length, forth) => ({
      op: 'replace',
      path: path('items', length >> 1, 'n'),
      value: forth ? -1 : -2,
    }),
    next: (old) => ({
      ...old,
      items: old.items.map((one, index) => (index === old.items.length >> 1 ? { ...one, n: -1 } : one)),
    }),
  },
  {
    name: atTheFront,
    change({ items }, forth) {
      if (forth) items.unshift(item(-1));
      else items.shift();
    },
    patch: (_, forth) =>
      forth
        ? { op: 'add', path: path('items', 0), value: item(-1) }
        : { op: 'remove', path: path('items', 0) },
    next: (old) => ({ ...old, items: [item(-1), ...old.items] }),
  },
  {
    name: 'push',
    change({ items }, forth) {
      if (forth) items.push(item(-1));
      else items.pop();
    },
    patch: (length, forth) =>
      forth
        ? { op: 'add', path: path('items', length), value: item(-1) }
        : { op: 'remove', path: path('items', length) },
    next: (old) => ({ ...old, items: [...old.items, item(-1)] }),
  },
];

export const plainOperation = 'plain operation';
export const byHand = 'by hand';

/** One change in documents of several lengths, told as a patch. */
export function changeCases(lengths: readonly number[], peers: Peers): Case[] {
  return lengths.flatMap((length) =>
    edits.map((edit) => {
      const old = tree(length);
      return {
        name: caseName(edit.name, length),
        ours: forthAndBack(
          edit,
          tracked(length),
          (document) => document.root,
          (document) => document.take(),
        ),
        others: {
          [plainOperation]: forthAndBack(edit, tree(length), (plain) => plain),
          [byHand]: forthAndBack(
            edit,
            tree(length),
            (plain) => plain,
            (_, forth) => [edit.patch(length, forth)],
          ),
          ...comparing(old, edit.next(old), peers, length, edit),
          ...drafting(edit, length, peers),
        },
      };
    }),
  );
}

export const caseName = (edit: string, length: number): string => `${edit}, ${length} items`;

const tracked = (length: number): LiveDocument<Tree> => {
  const document = createDocument<Tree>(tree(length));
  document.take();
  return document;
};

function forthAndBack<T>(
  { change }: Edit,
  document: T,
  treeOf: (document: T) => Tree,
  tell?: (document: T, forth: boolean) => unknown,
): Side {
  let forth = false;
  return () => {
    forth = !forth;
    change(treeOf(document), forth);
    return tell?.(document, forth);
  };
}

/** They get both trees, and so need not make the change. */
function comparing(old: Tree, now: Tree, peers: Peers, length: number, { name }: Edit): Record<string, Side> {
  const sides: Record<string, Side> = {};
  const fast = peers['fast-json-patch/index.mjs'];
  if (fast) sides['fast-json-patch compare'] = () => fast.compare(old, now);
  const { rfc6902, jsondiffpatch } = peers;
  // Its time grows with the square: seconds for a push to a thousand items.
  if (rfc6902 && (length <= 10 || (length <= 1000 && name === atTheFront))) {
    sides.rfc6902 = () => rfc6902.createPatch(old, now);
  }
  const formatter = peers['jsondiffpatch/formatters/jsonpatch'];
  if (jsondiffpatch && formatter) {
    const differ = jsondiffpatch.create({ objectHash: (one) => String(Reflect.get(one, 'id')) });
    sides.jsondiffpatch = () => formatter.format(differ.diff(old, now));
  }
  return sides;
}

function drafting({ change }: Edit, length: number, { immer, mutative }: Peers): Record<string, Side> {
  const sides: Record<string, Side> = {};
  if (immer) {
    immer.enablePatches();
    let base = tree(length);
    let forth = false;
    sides.immer = () => {
      forth = !forth;
      const [next, patches] = immer.produceWithPatches(base, (draft) => change(draft, forth));
      base = next;
      return patches;
    };
  }
  if (mutative) {
    let base = tree(length);
    let forth = false;
    sides.mutative = () => {
      forth = !forth;
      const [next, patches] = mutative.create(base, (draft) => change(draft, forth), { enablePatches: true });
      base = next;
      return patches;
    };
  }
  return sides;
}

/** Our own patch of an insert at the front, applied: a new tree each time. */
export function applyCases(lengths: readonly number[]): Case[] {
  return lengths.map((length) => {
    const document = tracked(length);
    const old = document.toJSON();
    document.root.items.unshift(item(-1));
    const patch = document.take().map((change) => ({ ...change, path: pointerOf(change.path) }));
    return {
      name: caseName(`apply: ${atTheFront}`, length),
      ours: () => applyPatch(old, patch),
      others: { [byHand]: () => applyByHand(old, patch) },
    };
  });
}

/** The least loop that applies it: trusts the patch, and copies the way to each place once for each operation. */
function applyByHand(old: Json, patch: readonly { readonly path: string; readonly value?: Json }[]): unknown {
  let root: unknown = old;
  for (const { path, value } of patch) {
    const keys = path.split('/').slice(1);
    const last = keys.pop() ?? '';
    let at: unknown = Object.assign({}, root);
    root = at;
    for (const key of keys) {
      const next: unknown = Reflect.get(Object(at), key);
      const copy: unknown = Array.isArray(next) ? next.slice() : Object.assign({}, next);
      Reflect.set(Object(at), key, copy);
      at = copy;
    }
    if (Array.isArray(at)) at.splice(Number(last), 0, value);
    else Reflect.set(Object(at), last, value);
  }
  return root;
}

/**
 * What telling adds to the plain operation, in long documents beside the shortest ones. Where the plain operation itself moves
 * 100,000 items (10 or 70 µs, as V8 happens to hold the array), that hides what is added: then in documents of a thousand.
 */
export function growth(rows: readonly Row[], lengths: readonly number[]): Row[] {
  const [short = 0, middle = 0, long = 0] = lengths;
  const added = (edit: string, length: number): number => {
    const row = rows.find((one) => one.case === caseName(edit, length) && one.otherName === plainOperation);
    return row === undefined ? Number.NaN : row.ours - row.other;
  };
  return edits.map(({ name }) => {
    const beside = name === atTheFront ? middle : long;
    const [ours, other] = [rounded(added(name, beside)), rounded(added(name, short))];
    return {
      bench: 'live',
      case: `what telling adds to: ${caseName(name, beside)}`,
      unit: 'µs',
      ours,
      other,
      otherName: `${short} items`,
      ratio: rounded(other / ours),
    };
  });
}
