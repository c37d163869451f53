import fc from 'fast-check';
import type { Json } from '../../src/protocol/messages.js';
import type { PatchOperation } from '../../src/protocol/patch.js';
import { sameJson } from '../../src/protocol/same-json.js';
import { json } from './json.js';

/** Pointers to places that a document of `json` often has. */
export const place: fc.Arbitrary<string> = fc
  .array(fc.constantFrom('/a', '/b', '/0', '/1', '/-', '/', '/~0', '/~1', '/a~1b', '/constructor'), {
    maxLength: 4,
  })
  .map((parts) => parts.join(''));

type Box = { value: Json | undefined };

/** Every place in a value, root first. */
function placesIn(value: Json, at = ''): string[] {
  if (typeof value !== 'object' || value === null) return [at];
  const children = Object.entries(value).flatMap(([key, child]) =>
    placesIn(child, `${at}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  );
  return [at, ...children, ...(Array.isArray(value) ? [`${at}/-`] : [`${at}/a`])];
}

/** A document and a patch that often fits it: most pointers name a place of the document as it was. */
export const sequences: fc.Arbitrary<[document: Json, patch: PatchOperation[]]> = json.chain((document) => {
  const somewhere = fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...placesIn(document)) }, place);
  const operation: fc.Arbitrary<PatchOperation> = fc.oneof(
    fc.record({ op: fc.constantFrom('add' as const, 'replace' as const), path: somewhere, value: json }),
    fc.record({ op: fc.constant('remove' as const), path: somewhere }),
    fc.record({ op: fc.constantFrom('move' as const, 'copy' as const), from: somewhere, path: somewhere }),
  );
  return fc.tuple(fc.constant(document), fc.array(operation, { maxLength: 6 }));
});

/**
 * RFC 6902 as plainly as can be: copies everything before each operation and writes into the copy. `undefined`: refused.
 */
export function reference(document: Json, patch: readonly PatchOperation[]): Json | undefined {
  const box: Box = { value: document };
  for (const operation of patch) {
    box.value = box.value === undefined ? undefined : JSON.parse(JSON.stringify(box.value));
    if (!step(box, operation)) return undefined;
  }
  return box.value;
}

function step(box: Box, operation: PatchOperation): boolean {
  const { path } = operation;
  switch (operation.op) {
    case 'test':
      return sameJson(look(box, path), operation.value);
    case 'remove':
      return take(box, path) !== undefined;
    case 'replace':
      if (look(box, path) === undefined) return false;
      return at(box, path, (target, key) => Reflect.set(target, key, operation.value));
    case 'add':
      return put(box, path, operation.value);
    case 'copy': {
      const copied = look(box, operation.from);
      return copied !== undefined && put(box, path, JSON.parse(JSON.stringify(copied)));
    }
    case 'move': {
      if (path === operation.from) return look(box, path) !== undefined;
      if (path.startsWith(`${operation.from}/`)) return false;
      const moved = take(box, operation.from);
      return moved !== undefined && put(box, path, moved);
    }
  }
}

/** Does something to the container that holds the place; `false` when there is none. */
function at(box: Box, path: string, work: (target: object, key: string) => boolean): boolean {
  const keys = path
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  let target: unknown = box;
  let last = 'value';
  for (const key of keys) {
    target = Object.hasOwn(target as object, last) ? Reflect.get(target as object, last) : undefined;
    if (typeof target !== 'object' || target === null) return false;
    if (Array.isArray(target) && !/^(?:-|0|[1-9]\d*)$/.test(key)) return false;
    last = key;
  }
  return work(target as object, last);
}

function look(box: Box, path: string): Json | undefined {
  let found: Json | undefined;
  at(box, path, (target, key) => {
    found = Object.hasOwn(target, key) ? Reflect.get(target, key) : undefined;
    return true;
  });
  return found;
}

function put(box: Box, path: string, value: Json): boolean {
  return at(box, path, (target, key) => {
    if (!Array.isArray(target)) return Reflect.set(target, key, value);
    const index = key === '-' ? target.length : Number(key);
    return index <= target.length && target.splice(index, 0, value).length === 0;
  });
}

function take(box: Box, path: string): Json | undefined {
  const found = look(box, path);
  if (found !== undefined) {
    at(box, path, (target, key) =>
      Array.isArray(target)
        ? target.splice(Number(key), 1).length === 1
        : Reflect.deleteProperty(target, key),
    );
  }
  return found;
}
