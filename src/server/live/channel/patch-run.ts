import { type Change, type Path, pointerOf } from '../../../protocol/change.js';
import { SessionError } from '../../../protocol/errors.js';
import type { Json } from '../../../protocol/messages.js';
import { applyPatch } from '../../../protocol/patch.js';
import { patchError } from '../../../protocol/patch-limits.js';
import { sameJson } from '../../../protocol/same-json.js';
import {
  afterChange,
  afterWish,
  indexOf,
  isSame,
  isWithin,
  type Step,
  touches,
  type Wish,
} from '../../../protocol/transform.js';
import type { EditRules } from './channel-options.js';
import type { Feed } from './feed.js';
import { isOwn, isPrimitive, isUnheard } from './history.js';
import { locate } from './locate.js';
import type { Repairs } from './repairs.js';
import { forbidden, type ReadWish } from './wishes.js';

/** A change of the server that the client had not seen, as it is for somebody who has done what the client has. */
export interface Unseen extends Step {
  /** The version of the server that brings it to the client; undefined: none did yet. */
  readonly version: number | undefined;
}

/** What the author of a patch knew. */
export interface Standpoint {
  /** Whose patch it is. */
  readonly follower: object;
  /** The newest version of the server that it had. */
  readonly seen: number;
  /** The step that this version stood for. */
  readonly step: number;
  /** The step up to which the follower was told everything. */
  readonly toldStep: number;
  readonly unseen: readonly Unseen[];
  /** The version with which the client was given, after this patch, the whole document without it. */
  readonly lostAt: number | undefined;
}

/** Where a wish leads. `scope` is what the client may see wrongly for it; undefined = it is overwritten there anyway. */
interface Resolved {
  readonly path: readonly string[] | undefined;
  readonly scope: readonly string[] | undefined;
  readonly isTouched: boolean;
}

type Verdict =
  | { readonly kind: 'granted'; readonly edit: Change; readonly old: Json | undefined }
  | { readonly kind: 'refused'; readonly place: Path | undefined; readonly why: 'gone' | 'type' };

/** One patch of a client on its way into the document: first judged as a whole, then carried out wish by wish. */
export class PatchRun {
  /** Which operation of the patch is at work: an error is about this one. */
  at = 0;
  /** Whether the client's own work changed what the places of unseen changes mean for it. */
  isStructural = false;
  unseen: readonly Unseen[];
  #recorded: number;

  constructor(
    readonly feed: Feed,
    readonly rules: EditRules,
    readonly repairs: Repairs,
    readonly from: Standpoint,
  ) {
    this.unseen = from.unseen;
    this.#recorded = feed.history.step;
  }

  /**
   * Throws if the patch must not be carried out, before anything is: `request/forbidden`, `patch/conflict` (no such place; when
   * strict, one that is gone, or a wrong type). Calls no handler.
   */
  check(wishes: readonly ReadWish[]): void {
    let { unseen } = this;
    let root = this.feed.document.get([]);
    for (const [index, wish] of wishes.entries()) {
      this.at = index;
      const verdict = this.#judge(wish, this.#resolve(wish, unseen), root);
      if (verdict.kind === 'refused' && this.rules.strict) throw patchError('patch/conflict', verdict.why);
      if (!isStructural(wish) || index === wishes.length - 1) continue;
      unseen = without(unseen, wish, verdict);
      // What follows may be about what this one makes.
      if (verdict.kind === 'granted' && root !== undefined) {
        root = applyPatch(root, [asOperation(verdict.edit)], this.rules.limits);
      }
    }
  }

  /** Leaves a patch out: the client gets, or has got, the whole document for it. */
  leaveOut(wishes: readonly ReadWish[]): void {
    for (const wish of wishes) this.#repairDropped(wish);
  }

  /** Carries out a patch that was checked. What cannot be done any more, for what handlers did, is left out. */
  carryOut(wishes: readonly ReadWish[]): void {
    for (const [index, wish] of wishes.entries()) {
      this.at = index;
      this.#repairDropped(wish);
      const verdict = this.#carryOutOne(wish);
      if (!isStructural(wish)) continue;
      this.isStructural ||= this.unseen.length > 0 || verdict.kind === 'refused';
      this.unseen = without(this.unseen, wish, verdict);
    }
    this.#look();
  }

  #carryOutOne(wish: ReadWish): Verdict {
    this.#look();
    let resolved = this.#resolve(wish, this.unseen);
    let verdict = this.#judgeSoftly(wish, resolved);
    if (verdict.kind === 'refused') return this.#refuse(wish, resolved, verdict.place);
    const { op, path, value } = verdict.edit;
    const answer = this.rules.inputs.run({ op, path, old: verdict.old, value }, this.rules.onError);
    // Handlers may have moved, or taken away, the place itself.
    if (this.#look()) {
      resolved = this.#resolve(wish, this.unseen);
      verdict = this.#judgeSoftly(wish, resolved);
      if (verdict.kind === 'refused') return this.#refuse(wish, resolved, verdict.place);
    }
    const { edit } = verdict;
    if (answer.isCancelled || (op !== 'remove' && answer.value === undefined)) {
      return this.#refuse(wish, resolved, edit.path);
    }
    const done = answer.value === undefined ? edit : { ...edit, value: answer.value };
    try {
      this.feed.document.apply(done);
    } catch (error) {
      this.rules.onError(error);
      return this.#refuse(wish, resolved, edit.path);
    }
    this.#record(wish, resolved, done.path);
    return verdict;
  }

  /** The client's own change is not sent back to it when it came out as the client has it (SC-93). */
  #record(wish: ReadWish, { isTouched }: Resolved, path: Path): void {
    const { history, document } = this.feed;
    const { follower, lostAt } = this.from;
    const structural = isStructural(wish);
    const echo = lostAt !== undefined || (isTouched && !structural);
    let isRecorded = false;
    for (const change of document.take()) {
      const isIts = !isRecorded && isSame(change.path, path);
      history.record(change, isIts ? { follower, echo, lostAt } : undefined);
      if (!isIts) continue;
      isRecorded = true;
      if (echo) this.repairs.echoes(path.map(String));
    }
    if (structural && isTouched && !echo) this.repairs.oweAll();
    else if (wish.op !== 'remove' && !sameJson(document.get(path), wish.value)) {
      this.repairs.owe(path.map(String));
    }
  }

  #refuse(wish: ReadWish, { scope }: Resolved, place: Path | undefined): Verdict {
    // With what a handler did until then.
    this.#look();
    if (isStructural(wish)) this.repairs.oweAll();
    else if (scope !== undefined) this.repairs.owe(scope);
    return { kind: 'refused', place, why: 'gone' };
  }

  /**
   * The client leaves out what it is told of places below its own pending wish (PAL-17), by their pointers and so even where
   * those name another place by then. All of that is told again.
   */
  #repairDropped(wish: ReadWish): void {
    if (wish.op === 'add') return;
    const { history } = this.feed;
    const structural = isStructural(wish);
    const pending = scopeOf(wish);
    const again = (path: Path, step: number) => {
      if (!isWithin(path, pending) || (path.length === pending.length && !structural)) return;
      const place = history.forward(path.slice(0, pending.length).map(String), step);
      if (structural) this.repairs.oweAll();
      else if (place !== undefined) this.repairs.owe(place);
    };
    for (let step = this.from.step + 1; step <= this.from.toldStep; step += 1) {
      const past = history.at(step);
      if (past !== undefined && !isUnheard(past, this.from.follower)) again(past.path, step);
    }
    for (const { path, step, version } of this.repairs.toldAfter(this.from.seen)) {
      if (version !== undefined && path.length > 0) again(path, step);
    }
  }

  #resolve(wish: ReadWish, unseen: readonly Unseen[]): Resolved {
    const isAdd = wish.op === 'add';
    let path: readonly string[] | undefined = wish.path;
    let scope: readonly string[] | undefined = scopeOf(wish);
    let isTouched = false;
    for (const step of unseen) {
      // A client puts what it is told where the server says, and so must not have moved it.
      isTouched ||= isAdd
        ? path !== undefined && afterWish(step, { op: 'add', path }) !== step
        : scope !== undefined && touches(step, scope);
      path = path && afterChange(path, wish.op, step);
      scope = scope && afterChange(scope, 'replace', step);
      if (path === undefined && scope === undefined) break;
    }
    isTouched ||= scope !== undefined && this.repairs.touches(scope, this.from.seen);
    return { path, scope, isTouched };
  }

  #judge(wish: ReadWish, { path, isTouched }: Resolved, root: Json | undefined): Verdict {
    const { op, value } = wish;
    const found = path && locate(root, path, op);
    if (found === undefined) {
      if (path === undefined || isTouched) return { kind: 'refused', place: undefined, why: 'gone' };
      throw patchError('patch/conflict', 'no such place');
    }
    const { place, old } = found;
    const edit = value === undefined ? { op, path: place } : { op, path: place, value };
    if (!this.rules.policy(old === undefined ? edit : { ...edit, old })) {
      // The client did not know what is there now. It must have been allowed something like it.
      if (isTouched && value !== undefined && this.rules.policy({ ...edit, old: value })) {
        return { kind: 'refused', place, why: 'gone' };
      }
      throw forbidden();
    }
    if (op !== 'replace' || old === undefined) return { kind: 'granted', edit, old };
    const converted = value === undefined ? undefined : this.rules.convert(old, value);
    return converted === undefined
      ? { kind: 'refused', place, why: 'type' }
      : { kind: 'granted', edit: { op, path: place, value: converted }, old };
  }

  #judgeSoftly(wish: ReadWish, resolved: Resolved): Verdict {
    try {
      return this.#judge(wish, resolved, this.feed.document.get([]));
    } catch (error) {
      if (!(error instanceof SessionError)) this.rules.onError(error);
      return { kind: 'refused', place: undefined, why: 'gone' };
    }
  }

  /** Records what happened to the document, and whether anything did. */
  #look(): boolean {
    const { history } = this.feed;
    this.feed.catchUp();
    const news: Unseen[] = [];
    for (let step = this.#recorded + 1; step <= history.step; step += 1) {
      const past = history.at(step);
      if (past !== undefined && !isOwn(past, this.from.follower, this.from.seen))
        news.push({ op: past.op, path: past.path, version: undefined });
    }
    this.#recorded = history.step;
    if (news.length > 0) this.unseen = [...this.unseen, ...news];
    return news.length > 0;
  }
}

/** Whether a wish changes which place a pointer names, or what is below it. */
function isStructural({ op, value }: ReadWish): boolean {
  return op !== 'replace' || !isPrimitive(value);
}

/** What a client may see wrongly when it did not know everything: a list, where it adds or removes an item. */
function scopeOf({ op, path }: Wish): readonly string[] {
  return op !== 'replace' && isItemKey(path.at(-1)) ? path.slice(0, -1) : path;
}

function isItemKey(part: string | undefined): boolean {
  return part === '-' || indexOf(part) !== undefined;
}

/** The unseen changes as they are after a wish; one that was not granted is as if the server had undone it. */
function without(unseen: readonly Unseen[], wish: ReadWish, verdict: Verdict): readonly Unseen[] {
  const left: Unseen[] = [];
  let path: readonly string[] | undefined = wish.path;
  for (const one of unseen) {
    const after = path === undefined ? one : afterWish(one, { op: wish.op, path });
    if (after !== undefined) left.push(after === one ? one : { ...after, version: one.version });
    path = path && afterChange(path, wish.op, one);
  }
  if (verdict.kind === 'refused' && verdict.place !== undefined) {
    const op = wish.op === 'add' ? 'remove' : wish.op === 'remove' ? 'add' : 'replace';
    left.push({ op, path: verdict.place, version: undefined });
  }
  return left;
}

function asOperation({ op, path, value }: Change): Json {
  const place = pointerOf(path);
  return value === undefined ? { op, path: place } : { op, path: place, value };
}
