import { SessionError } from './errors.js';
import { childOf, isList } from './json.js';
import type { Json } from './messages.js';
import {
  type Allowance,
  charge,
  checkedLimits,
  type PatchLimits,
  patchError,
  spend,
  textBytes,
} from './patch-limits.js';
import { indexBelow, type Pointer, parsePointer } from './pointer.js';
import { sameJson } from './same-json.js';

export type { PatchLimits } from './patch-limits.js';

/** One step of a JSON Patch (RFC 6902 §4). `path` and `from` are JSON Pointers, '' the whole document. */
export type PatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: Json }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'move' | 'copy'; readonly from: string; readonly path: string };

type Members = { [key: string]: Json };
type Container = Json[] | Members;

/**
 * The operations of a JSON Patch, if it is one: each with the members that its kind has, and no others (RFC 6902 §4: they
 * are ignored). Says nothing of the document. Throws `patch/malformed` (400) when it is no list, or an operation is unknown,
 * lacks a member, or has a bad pointer or a value that no JSON can hold or that has a key `__proto__`; `patch/size` (413)
 * beyond a limit.
 */
export function parsePatch(patch: unknown, limits: PatchLimits = {}): readonly PatchOperation[] {
  const most = checkedLimits(limits);
  return read(patch, most, { bytes: most.size });
}

/**
 * What a JSON Patch makes of a document: all of the patch or nothing (RFC 6902 §5, S67). The document, which may be frozen, is
 * left as it is; the result shares with it, and with the patch, whatever did not change, and is the document itself when
 * nothing did. Throws what `parsePatch` throws, and `patch/conflict` (409) when the document has no such place, a test
 * fails, a value would move into itself, or no document is left.
 */
export function applyPatch(document: Json, patch: unknown, limits: PatchLimits = {}): Json {
  const most = checkedLimits(limits);
  const allowance = { bytes: most.size };
  const operations = read(patch, most, allowance);
  const draft = openDraft(document, allowance);
  const pointer = (text: string): Pointer => parsePointer(text, most.depth);
  let deepened = false;

  each(operations, (operation) => {
    const path = pointer(operation.path);
    switch (operation.op) {
      case 'add':
        draft.add(path, operation.value);
        break;
      case 'replace':
        draft.replace(path, operation.value);
        break;
      case 'test':
        if (!sameJson(draft.get(path), operation.value)) throw patchError('patch/conflict', 'test failed');
        break;
      case 'remove':
        draft.remove(path);
        break;
      case 'copy':
        draft.add(path, draft.share(pointer(operation.from), most.depth - path.parents.length));
        break;
      case 'move': {
        const from = pointer(operation.from);
        if (operation.path.startsWith(`${operation.from}/`)) throw patchError('patch/conflict', 'own child');
        deepened ||= path.parents.length > from.parents.length;
        // To where it is: not out and in again, which would change the order of keys.
        if (operation.path === operation.from) draft.get(from);
        else draft.add(path, draft.remove(from));
      }
    }
  });

  const result = draft.get(pointer(''));
  // Once at the end: to measure at each move would let a short patch walk a large document again and again.
  if (deepened && isDeeper(result, most.depth)) throw patchError('patch/size', 'too deep');
  return result;
}

/** Does something with each operation, and says in an error which one it was. */
function each<T>(operations: readonly T[], work: (operation: T) => void): void {
  for (const [index, operation] of operations.entries()) {
    try {
      work(operation);
    } catch (error) {
      if (!(error instanceof SessionError)) throw error;
      const { code, status, message } = error;
      throw new SessionError(code, { status, message: `${message} (operation ${index})` });
    }
  }
}

function read(
  patch: unknown,
  { operations, depth, size }: Required<PatchLimits>,
  allowance: Allowance,
): PatchOperation[] {
  if (!Array.isArray(patch)) throw patchError('patch/malformed', 'no list');
  if (patch.length > operations) throw patchError('patch/size', 'too many operations');
  const found: PatchOperation[] = [];
  each(patch, (operation: unknown) => {
    found.push(readOperation(operation, depth, size, allowance));
  });
  return found;
}

function readOperation(
  operation: unknown,
  depth: number,
  size: number,
  allowance: Allowance,
): PatchOperation {
  if (typeof operation !== 'object' || operation === null)
    throw patchError('patch/malformed', 'no operation');
  const member = (name: string): unknown =>
    Object.hasOwn(operation, name) ? Reflect.get(operation, name) : undefined;
  const path = () => parsePointer(member('path'), depth);
  const op = member('op');
  switch (op) {
    case 'add':
    case 'replace':
    case 'test': {
      const { text, parents } = path();
      const value = member('value');
      charge(value, depth - parents.length, op === 'test' ? { bytes: size } : allowance);
      return { op, path: text, value };
    }
    case 'remove':
      return { op, path: path().text };
    case 'move':
    case 'copy':
      return { op, from: parsePointer(member('from'), depth).text, path: path().text };
    default:
      throw patchError('patch/malformed', 'unknown op');
  }
}

/**
 * A document that changes step by step. What a step changes is copied once, with all that holds it, and is then this
 * draft's own: a thousand insertions into a long list copy the list once.
 */
function openDraft(document: Json, allowance: Allowance) {
  const around: Members = { '': document };
  /** Made here, and to be found in one place only. Whatever holds one of them is one of them. */
  const owned = new Set<object>();

  /** The container at the end of the keys, to be changed. */
  function own(parents: readonly string[]): Container {
    let container: Container = around;
    for (const key of parents) {
      let next: Json | undefined = childOf(container, key);
      if (typeof next !== 'object' || next === null) throw missing();
      if (!owned.has(next)) {
        next = isList(next) ? next.slice() : { ...next };
        owned.add(next);
        put(container, key, next);
      }
      // Owned, and so made by the lines above.
      container = next as Container;
    }
    return container;
  }

  function get({ parents, key }: Pointer): Json {
    let value: Json | undefined = around;
    for (const parent of parents) value = childOf(value, parent);
    const found = childOf(value, key);
    if (found === undefined) throw missing();
    return found;
  }

  return {
    get,
    /** A value that will stand in a second place, `depth` levels at most: whoever changes it in one must copy it first. */
    share(pointer: Pointer, depth: number): Json {
      const value = get(pointer);
      charge(value, depth, allowance, owned);
      return value;
    },
    /** Puts a value before an item, after the last (`-`), or in place of what the key holds. */
    add({ parents, key }: Pointer, value: Json): void {
      const container = own(parents);
      if (Array.isArray(container)) {
        const index = key === '-' ? container.length : indexBelow(container.length + 1, key);
        if (index === undefined) throw missing();
        spend(allowance, 1);
        container.splice(index, 0, value);
      } else {
        if (!Object.hasOwn(container, key)) spend(allowance, textBytes(key) + 2);
        put(container, key, value);
      }
    },
    replace({ parents, key }: Pointer, value: Json): void {
      const container = own(parents);
      if (childOf(container, key) === undefined) throw missing();
      put(container, key, value);
    },
    remove({ parents, key }: Pointer): Json {
      const container = own(parents);
      const value = childOf(container, key);
      if (value === undefined) throw missing();
      if (Array.isArray(container)) container.splice(Number(key), 1);
      else delete container[key];
      return value;
    },
  };
}

/** By plain assignment, since no pointer has a key `__proto__`. */
function put(container: Container, key: string, value: Json): void {
  if (Array.isArray(container)) container[Number(key)] = value;
  else container[key] = value;
}

function missing(): SessionError {
  return patchError('patch/conflict', 'no such place');
}

function isDeeper(value: Json, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return depth < 0;
  return depth < 0 || Object.values(value).some((child) => isDeeper(child, depth - 1));
}
