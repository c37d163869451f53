import { pointerOf } from '../../../../src/protocol/change.js';
import { isJsonObject } from '../../../../src/protocol/json.js';
import type { Json } from '../../../../src/protocol/messages.js';
import { applyPatch, type PatchOperation } from '../../../../src/protocol/patch.js';
import { afterChange, afterWish, type Step, type Wish } from '../../../../src/protocol/transform.js';

/** An operation as it stands on the wire. */
export type Operation = PatchOperation;

type Versioned = readonly Operation[];

/**
 * What palindrom@5.1.0 does with `ot` on (PAL-06 to PAL-17): its queue, its pending list and its transformation, with their
 * faults. Two things differ, both where the original gives up: a patch that it has is ignored and not thrown, and one that it
 * cannot apply sets `isBroken`, as the page would then have to be loaded again.
 */
export class PalindromModel {
  document: Json = {};
  localVersion = 0;
  remoteVersion = 0;
  isBroken = false;
  /** Sent and not acknowledged. */
  pending: Versioned[] = [];
  /** What was wished and is pending, by the places of now; undefined when it came to nothing. */
  #wishes: (Wish | undefined)[] = [];
  #acknowledged = 0;
  #waiting: (Versioned | undefined)[] = [];

  /** `fully`: transform as it should be, in both directions, and not as palindrom does. */
  constructor(readonly fully = false) {}

  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** The answer to the first GET, or to a reconnect. */
  reset(text: string): void {
    this.document = JSON.parse(text);
    this.remoteVersion = this.#versionIn('_ver#s');
    this.#acknowledged = this.#versionIn('_ver#c$');
    this.pending = [];
    this.#wishes = [];
    this.#waiting = [];
    this.isBroken = false;
  }

  /** A change of the user. Gives what goes to the server. */
  edit(operation: Operation): string {
    this.document = applyPatch(this.document, [operation]);
    this.localVersion += 1;
    const patch: Versioned = [
      { op: 'replace', path: '/_ver#c$', value: this.localVersion },
      { op: 'test', path: '/_ver#s', value: this.remoteVersion },
      operation,
    ];
    this.pending.push(patch);
    this.#wishes.push(wishOf(operation));
    return JSON.stringify(patch);
  }

  /** A patch of the server. Gives what is sent again (PAL-14). */
  receive(text: string): readonly string[] {
    const patch: Versioned = JSON.parse(text);
    if (patch.length === 0 || this.isBroken) return [];
    const [head, ...rest] = patch;
    const version = valueOf(head);
    if (version <= this.remoteVersion) return [];
    if (version > this.remoteVersion + 1) {
      this.#waiting[version - this.remoteVersion - 2] = rest;
      return [];
    }
    for (let next: Versioned | undefined = rest; next !== undefined && !this.isBroken; ) {
      this.remoteVersion += 1;
      this.#apply(next);
      next = this.#waiting.shift();
    }
    return this.pending.length > 3 ? this.pending.map((one) => JSON.stringify(one)) : [];
  }

  #apply([head, ...operations]: Versioned): void {
    const version = valueOf(head);
    this.pending.splice(0, Math.max(0, version - this.#acknowledged));
    this.#wishes.splice(0, Math.max(0, version - this.#acknowledged));
    this.#acknowledged = version;
    try {
      const left = this.fully ? this.#transformed(operations) : transformed(operations, this.pending.flat());
      this.document = applyPatch(this.document, left, { operations: 100_000 });
    } catch {
      this.isBroken = true;
    }
  }

  #transformed(operations: readonly Operation[]): Operation[] {
    const left: Operation[] = [];
    for (const operation of operations) {
      let step: Step | undefined = stepOf(operation);
      for (const [index, wish] of this.#wishes.entries()) {
        if (wish === undefined || step === undefined) continue;
        const path = afterChange(wish.path, wish.op, step);
        step = afterWish(step, wish);
        this.#wishes[index] = path && { op: wish.op, path };
      }
      // A change of the kind (replace becomes add) keeps the value.
      if (step !== undefined)
        left.push({ ...operation, op: step.op, path: pointerOf(step.path) } as Operation);
    }
    return left;
  }

  #versionIn(key: string): number {
    const value = isJsonObject(this.document) ? this.document[key] : undefined;
    return typeof value === 'number' ? value : Number.NaN;
  }
}

function partsOf({ path }: Operation): string[] {
  return path
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function wishOf(operation: Operation): Wish {
  const { op } = operation;
  return { op: op === 'add' || op === 'remove' ? op : 'replace', path: partsOf(operation) };
}

/** No object of the schedules has a number for a key. */
function stepOf(operation: Operation): Step {
  const path = partsOf(operation).map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  return { op: wishOf(operation).op, path };
}

function valueOf(operation: Operation | undefined): number {
  return operation !== undefined && 'value' in operation ? Number(operation.value) : Number.NaN;
}

/** json-patch-ot 1.0.1: incoming operations against pending ones; `add` does nothing. */
function transformed(incoming: readonly Operation[], pending: readonly Operation[]): Operation[] {
  let left = [...incoming];
  for (const { op, path } of pending) {
    if (op === 'replace') left = left.filter((one) => !one.path.startsWith(`${path}/`));
    if (op !== 'remove') continue;
    left = left.filter(
      (one) =>
        ((one.op === 'add' || one.op === 'test') && one.path === path) ||
        (one.path !== path && !one.path.startsWith(`${path}/`)),
    );
    const slash = path.lastIndexOf('/');
    const list = path.slice(0, slash + 1);
    const index = path.slice(slash + 1);
    if (!isIndex(index)) continue;
    left = left.map((one) => {
      if (!one.path.startsWith(list)) return one;
      const [own = '', ...rest] = one.path.slice(list.length).split('/');
      // As texts: it finds '10' before '9'.
      if (!isIndex(own) || !(own > index)) return one;
      return { ...one, path: [list + (Number(own) - 1), ...rest].join('/') };
    });
  }
  return left;
}

function isIndex(text: string): boolean {
  const number = ~~Number(text);
  return String(number) === text && number >= 0;
}
