import { patchError } from '../../../protocol/patch-limits.js';
import { wholeNumber } from '../../core/options.js';
import type { NumberedPatch } from './versions.js';

export interface EarlyPatchesLimits {
  /** How far a patch may be ahead of the next one, and so how many wait: 0 to 10,000. Default: 32. */
  readonly patches?: number;
  /** Bytes of JSON that wait, of all followers of one document together, up to 2^31 - 1. Default: 256 KiB. */
  readonly bytes?: number;
}

/** What waits for all followers of one document: each can have a hundred of them. */
export interface EarlyBytes {
  bytes: number;
}

/** A client's patches that came before their turn (SC-97). */
export class EarlyPatches {
  readonly #waiting = new Map<number, { readonly patch: NumberedPatch; readonly bytes: number }>();
  readonly #limits: Required<EarlyPatchesLimits>;
  readonly #together: EarlyBytes;

  /** `together`: shared by the followers of one document. */
  constructor(
    { patches = 32, bytes = 262_144 }: EarlyPatchesLimits = {},
    together: EarlyBytes = { bytes: 0 },
  ) {
    this.#together = together;
    this.#limits = {
      patches: wholeNumber('early.patches', patches, 0, 10_000, 'patches'),
      bytes: wholeNumber('early.bytes', bytes, 0, 2 ** 31 - 1, 'bytes'),
    };
  }

  /** Keeps a patch for later; the first of two with one number stays. Throws `patch/size` (413) beyond a limit. */
  keep(patch: NumberedPatch, last: number): void {
    if (patch.n - last - 1 > this.#limits.patches) throw patchError('patch/size', 'too far ahead');
    if (this.#waiting.has(patch.n)) return;
    const bytes = Buffer.byteLength(JSON.stringify(patch.operations));
    if (this.#together.bytes + bytes > this.#limits.bytes) throw patchError('patch/size', 'too much ahead');
    this.#together.bytes += bytes;
    this.#waiting.set(patch.n, { patch, bytes });
  }

  /** The patch of this number, which waits no longer. */
  take(n: number): NumberedPatch | undefined {
    const found = this.#waiting.get(n);
    if (found === undefined) return undefined;
    this.#waiting.delete(n);
    this.#together.bytes -= found.bytes;
    return found.patch;
  }

  /** The patch that is next of those that wait. */
  takeFirst(): NumberedPatch | undefined {
    return this.take(Math.min(...this.#waiting.keys()));
  }

  clear(): void {
    for (const { bytes } of this.#waiting.values()) this.#together.bytes -= bytes;
    this.#waiting.clear();
  }

  get size(): number {
    return this.#waiting.size;
  }
}
