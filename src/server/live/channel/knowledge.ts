import { type History, isOwn } from './history.js';
import type { Standpoint, Unseen } from './patch-run.js';
import { mostMarks, type Versions } from './versions.js';

/** Unseen changes as they are for a client that did something, which was the last to be judged when it had seen `seen`. */
interface Bridge {
  readonly unseen: readonly Unseen[];
  /** Everything after this step is as in the history. */
  readonly step: number;
  readonly seen: number;
}

const overwritten: Unseen = { op: 'replace', path: [], version: undefined };

/** What one client knew when it sent a patch, as far as the history still tells. */
export class Knowledge {
  /** Set once the client's own work changed the places of what it had not seen. */
  #bridge: Bridge | undefined;
  /** The versions that were the whole document, as far as the client may not have them yet. */
  #wholes: readonly number[] = [];
  /** Patches of a client that knew less are not carried out: something before them was forgotten. */
  #trusted = 0;

  constructor(
    readonly follower: object,
    readonly history: History,
    readonly versions: Versions,
  ) {}

  /** The client begins with the newest version, which was the whole document. */
  begins(): void {
    this.#bridge = undefined;
    this.#wholes = [];
    this.#trusted = this.versions.server;
  }

  /** Nothing is known of the client any more, until it has got the whole document. */
  isLost(): void {
    this.#bridge = undefined;
    this.#trusted = Number.POSITIVE_INFINITY;
  }

  /** The client was told everything, with the newest version. */
  isTold(isWhole: boolean): void {
    const { server } = this.versions;
    this.#trusted = Math.min(this.#trusted, server);
    if (isWhole) this.#wholes = [...this.#wholes, server].slice(-mostMarks);
    if (this.#bridge === undefined) return;
    const unseen = this.#bridge.unseen.map((one) =>
      one.version === undefined ? { ...one, version: server } : one,
    );
    this.#bridge = { ...this.#bridge, unseen };
  }

  /** Whether patches of a client that had seen this version only are left out. */
  leavesOut(seen: number): boolean {
    return seen < this.#trusted;
  }

  /** Where a client stood that had seen this version; undefined when that is forgotten. */
  at(seen: number, toldStep: number): Standpoint | undefined {
    const isLeftOut = this.leavesOut(seen);
    const step = this.versions.stepOf(isLeftOut ? this.#trusted : seen);
    const { rootStep, oldest } = this.history;
    // What was before another root need not be known.
    if (step === undefined || Math.max(step, rootStep) < oldest) return undefined;
    const unseen = isLeftOut ? [] : step < rootStep ? this.#overwrite() : this.#unseen(seen, step);
    const lostAt = this.#wholes.find((version) => version > seen);
    return { follower: this.follower, seen, step, toldStep, unseen, lostAt };
  }

  /** Where a client without versions stands: it has got everything that was told. */
  withoutVersions(toldStep: number): Standpoint | undefined {
    if (toldStep < this.history.oldest) return undefined;
    const unseen = this.#unseen(this.versions.server, toldStep);
    const seen = Number.POSITIVE_INFINITY;
    return { follower: this.follower, seen, step: toldStep, toldStep, unseen, lostAt: undefined };
  }

  /** What was unseen is now this, for a client that did something. */
  isNow(unseen: readonly Unseen[], isStructural: boolean, seen: number): void {
    if (isStructural || this.#bridge !== undefined) this.#bridge = { unseen, step: this.history.step, seen };
  }

  #overwrite(): readonly Unseen[] {
    this.#bridge = undefined;
    return [overwritten];
  }

  #unseen(seen: number, step: number): readonly Unseen[] {
    // With the whole document, the client lost what it had done.
    const before = this.#bridge?.seen ?? seen;
    if (this.#wholes.some((version) => version > before && version <= seen)) this.#bridge = undefined;
    this.#wholes = this.#wholes.filter((version) => version > seen);
    const known = this.#bridge?.unseen.filter(({ version }) => version === undefined || version > seen) ?? [];
    // What is not known there may also have come to nothing, until the client has seen that far.
    if (known.length === 0 && (this.#bridge?.step ?? step) <= step) this.#bridge = undefined;
    const unseen = [...known];
    for (let next = (this.#bridge?.step ?? step) + 1; next <= this.history.step; next += 1) {
      const past = this.history.at(next);
      if (past === undefined || isOwn(past, this.follower, seen)) continue;
      unseen.push({ op: past.op, path: past.path, version: this.versions.versionOf(next) });
    }
    return unseen;
  }
}
