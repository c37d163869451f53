import { SessionError } from '../../../protocol/errors.js';
import type { Json } from '../../../protocol/messages.js';
import type { PatchOperation } from '../../../protocol/patch.js';
import { patchError } from '../../../protocol/patch-limits.js';
import { clientVersionKey, serverVersionKey } from '../../../protocol/versions.js';

/** A client's patch without the operations that number it (SC-95). */
export interface NumberedPatch {
  /** Its own number. */
  readonly n: number;
  /** The newest patch of the server that its author had applied. */
  readonly m: number;
  readonly operations: readonly PatchOperation[];
}

/**
 * Reads the head of a client's patch: `replace /_ver#c$` N, `test /_ver#s` M, before them a `test /_ver#c$` N-1 from those
 * that send one. Throws `patch/malformed` (400) when it is another, or a version is no whole number from 0.
 */
export function readNumbered(operations: readonly PatchOperation[]): NumberedPatch {
  const purist = operations[0]?.op === 'test' ? 1 : 0;
  const n = versionIn(operations[purist], 'replace', clientVersionKey);
  const m = versionIn(operations[purist + 1], 'test', serverVersionKey);
  if (purist === 1 && versionIn(operations[0], 'test', clientVersionKey) !== n - 1) {
    throw patchError('patch/malformed', 'own version');
  }
  return { n, m, operations: operations.slice(purist + 2) };
}

function versionIn(operation: PatchOperation | undefined, op: 'replace' | 'test', key: string): number {
  const value: Json | undefined =
    operation?.op === op && operation.path === `/${key}` ? operation.value : undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw patchError('patch/malformed', 'version operations');
}

/** How many patches of the server a follower may leave unread before the oldest of them are forgotten. */
export const mostMarks = 200;

/** The version pair of one follower, and what each version of the server stood for. */
export class Versions {
  /** The client's last patch that counts. */
  client = 0;
  /** Patches made for this follower. */
  server = 0;
  /** The step of the history that each of the last versions of the server stood for; the last belongs to `server`. */
  #marks: number[] = [];

  /** Whether the follower was given anything yet. */
  get isNew(): boolean {
    return this.#marks.length === 0;
  }

  /** The follower has the document of this step now, as a new version or as the one it has. */
  mark(step: number, { counts }: { readonly counts: boolean }): void {
    if (counts) this.server += 1;
    else this.#marks = [];
    this.#marks.push(step);
    if (this.#marks.length > mostMarks) this.#marks.shift();
  }

  /** The step that a version of the server stood for; undefined when that is forgotten. */
  stepOf(version: number): number | undefined {
    return this.#marks[version - this.#oldest];
  }

  /** The version of the server that brought a step; undefined when none did yet. */
  versionOf(step: number): number | undefined {
    let low = 0;
    let high = this.#marks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#marks[middle] ?? step) < step) low = middle + 1;
      else high = middle;
    }
    return low === this.#marks.length ? undefined : low + this.#oldest;
  }

  /** The client has seen this version: nobody will ask for those before it. */
  seen(version: number): void {
    if (version > this.#oldest) this.#marks.splice(0, version - this.#oldest);
  }

  /** The first step that a patch of this follower may still be about. */
  get oldestStep(): number | undefined {
    return this.#marks[0];
  }

  /** Throws `patch/conflict` when a client has seen a version that was never sent. */
  refuseFuture(version: number): void {
    if (version > this.server) {
      throw new SessionError('patch/conflict', {
        status: 400,
        message: 'patch/conflict: version from the future',
      });
    }
  }

  get #oldest(): number {
    return this.server - this.#marks.length + 1;
  }
}
