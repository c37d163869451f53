import { type Change, pointerOf } from '../../../protocol/change.js';
import type { Json } from '../../../protocol/messages.js';
import { clientVersionKey, serverVersionKey } from '../../../protocol/versions.js';
import { placeOf, withChanges } from './tree.js';

/** One patch of the server, read. */
export interface ServerPatch {
  /** Its number. */
  readonly server: number;
  /** The client's last patch that counts. */
  readonly client: number;
  readonly operations: readonly Operation[];
}

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly value?: Json;
}

/** Reads one message. Undefined when it is no patch with both versions in front. */
export function readFrame(message: unknown): ServerPatch | undefined {
  if (!Array.isArray(message) || !message.every(isOperation)) return undefined;
  const [first, second, ...operations] = message;
  const server = numberIn(first, 'replace', serverVersionKey);
  const client = numberIn(second, 'test', clientVersionKey);
  return server === undefined || client === undefined ? undefined : { server, client, operations };
}

/** The whole document, if that is what a patch is; without versions. */
export function wholeIn({ operations }: ServerPatch): Json | undefined {
  const [only] = operations;
  if (operations.length !== 1 || only?.op !== 'replace' || only.path !== '') return undefined;
  const { value = null } = only;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const {
    [clientVersionKey]: _client,
    [serverVersionKey]: _server,
    ...rest
  } = value as { [key: string]: Json };
  return rest;
}

/** The operations of a patch as changes of this document, with the document that they make; undefined when one has no place. */
export function changesIn(
  document: Json,
  { operations }: ServerPatch,
): { readonly changes: readonly Change[]; readonly value: Json } | undefined {
  const changes: Change[] = [];
  let value = document;
  for (const { op, path: pointer, value: to } of operations) {
    const path = placeOf(value, pointer);
    if (path === undefined || (op !== 'add' && op !== 'remove' && op !== 'replace')) return undefined;
    const change: Change = to === undefined ? { op, path } : { op, path, value: to };
    const outcome = withChanges(value, [change]);
    if (outcome.done.length === 0) return undefined;
    value = outcome.value;
    changes.push(change);
  }
  return { changes, value };
}

/** A numbered patch of the client (SC-95): its own number, and the newest version of the server that it has applied. */
export function patchText(client: number, server: number, changes: readonly Change[]): string {
  return JSON.stringify([
    { op: 'replace', path: `/${clientVersionKey}`, value: client },
    { op: 'test', path: `/${serverVersionKey}`, value: server },
    ...changes.map(({ op, path, value }) => ({ op, path: pointerOf(path), value })),
  ]);
}

function isOperation(value: unknown): value is Operation {
  return typeof Object(value).op === 'string' && typeof Object(value).path === 'string';
}

function numberIn(operation: Operation | undefined, op: string, key: string): number | undefined {
  const { value } = operation ?? {};
  return operation?.op === op && operation.path === `/${key}` && Number.isSafeInteger(value)
    ? (value as number)
    : undefined;
}
