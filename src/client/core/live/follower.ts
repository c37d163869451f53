import type { Change } from '../../../protocol/change.js';
import { diffJson } from '../../../protocol/diff.js';
import type { SessionError } from '../../../protocol/errors.js';
import type { Json } from '../../../protocol/messages.js';
import { sameJson } from '../../../protocol/same-json.js';
import { fail } from '../fail.js';
import { changesIn, patchText, readFrame, type ServerPatch, wholeIn } from './frame.js';
import { mergeJson } from './merge.js';
import { afterOthers, appended, isStructural } from './own-changes.js';
import { withChanges } from './tree.js';

/** What may wait to be sent. Whole numbers above 0. */
export interface FollowerLimits {
  /** Changes that the server has not acknowledged. Default: 10,000. */
  readonly changes?: number;
  /** Characters of JSON that they have together. Default: 1,048,576. */
  readonly size?: number;
  /** Bytes of one patch, in UTF-8: a server closes the connection on more. Default: 61,440; the server's own default is 64 KiB. */
  readonly message?: number;
}

/** What a frame did. */
export type Received =
  /** Nothing that is seen: a ping, an acknowledgement, something old. */
  | { readonly kind: 'nothing' }
  /** The view is another now; `changes` make it of the one before. */
  | { readonly kind: 'changed'; readonly changes: readonly Change[] }
  /** This side has missed something, or cannot follow: connect again. */
  | { readonly kind: 'resync' };

/** A patch under way. There is one at a time, and what the user does meanwhile is gathered for the next. */
interface Flight {
  readonly number: number;
  /** As it was sent, and is sent again after the connection was lost. */
  readonly text: string;
  /** `base` when it was sent. */
  readonly sentFrom: Json | undefined;
  /** By the places of `base`. */
  readonly changes: readonly Change[];
  /** How many earlier ones that the server did not carry out it was sent for. */
  readonly again: number;
  /** Whether the whole document came meanwhile: the server then tells what becomes of it (SC-95). */
  readonly told: boolean;
}

/** Changes in one patch. A server takes 1000 operations, two of them versions. */
const PATCH = 500;
/** Gathered changes of which a shorter list is made. */
const GATHERED = 200;

/** How often a change is sent again that the server does not carry out, while others change the document and while not. */
const ATTEMPTS = { busy: 10, quiet: 3 };

const nothing: Received = { kind: 'nothing' };

/**
 * One document of a server as one page sees it: what the server said last (`base`), the patch that is under way, and what
 * the user did since. No network and no clock: it is told what happened, and says what to send.
 */
export class DocumentFollower {
  readonly #limits: Required<FollowerLimits>;
  #base: Json | undefined;
  #view: Json | undefined;
  #flight: Flight | undefined;
  /** By the places of the document with the patch under way. */
  #gathered: readonly Change[] = [];
  #isOpen = false;
  #number = 0;
  #server = 0;
  /** How many patches that the server did not carry out the next one is sent for. */
  #again = 0;
  /** Changes go one by one, since one of them was refused. */
  #isCareful = false;
  /** Whether some of what is gathered may have come to the server, and its answer did not come back. */
  #isDoubtful = false;

  constructor({ changes = 10_000, size = 1_048_576, message = 61_440 }: FollowerLimits = {}) {
    this.#limits = { changes, size, message };
  }

  /** What the user is to see; undefined before the server has said anything. */
  get view(): Json | undefined {
    return this.#view;
  }

  /** Whether the server has confirmed everything that the user did. */
  get isSettled(): boolean {
    return this.#flight === undefined && this.#gathered.length === 0;
  }

  /**
   * The user changed the document.
   *
   * @param to - what it is now
   * @param from - what it was, as far as `to` was made of it. Default: the view
   * @returns the error `patch/size` when more would wait than may; then nothing changed here
   */
  edit(to: Json, from: Json | undefined = this.#view): SessionError | undefined {
    if (this.#view === undefined || from === undefined) return undefined;
    const { value, done } = withChanges(this.#view, diffJson(from, to, { inPlace: true }));
    if (done.length === 0) return undefined;
    let gathered = appended(this.#gathered, done);
    if (gathered.length > GATHERED) {
      gathered = diffJson(this.#sent(), value, { inPlace: !isStructural(gathered) });
    }
    const { changes, size, message } = this.#limits;
    const isTooMuch =
      gathered.length > changes ||
      JSON.stringify(gathered).length > size ||
      done.some((change) => bytesOf(patchText(this.#number, this.#server, [change])) > message);
    if (isTooMuch) return fail('patch/size');
    this.#gathered = gathered;
    this.#view = value;
    return undefined;
  }

  /** A connection is open. Gives the first frame: what is under way. */
  opened(): string {
    this.#isOpen = false;
    return this.#flight === undefined ? '[]' : `[${this.#flight.text}]`;
  }

  /** The connection is lost. */
  closed(): void {
    this.#isOpen = false;
  }

  /** The next patch, if there is something to send and it may be sent now. */
  outgoing(): string | undefined {
    if (!this.#isOpen || this.#flight !== undefined || this.#gathered.length === 0) return undefined;
    let count = Math.min(this.#gathered.length, this.#isCareful ? 1 : PATCH);
    const next = () => patchText(this.#number + 1, this.#server, this.#gathered.slice(0, count));
    let text = next();
    while (count > 1 && bytesOf(text) > this.#limits.message) {
      count = Math.ceil(count / 2);
      text = next();
    }
    this.#number += 1;
    this.#flight = {
      number: this.#number,
      text,
      sentFrom: this.#base,
      changes: this.#gathered.slice(0, count),
      again: this.#again,
      told: false,
    };
    this.#gathered = this.#gathered.slice(count);
    if (this.#gathered.length === 0) this.#again = 0;
    return text;
  }

  /** A frame came, read from JSON. */
  received(frame: unknown): Received {
    if (Array.isArray(frame) && frame.length === 0) return nothing;
    const patch = readFrame(frame);
    if (patch === undefined) return { kind: 'resync' };
    const whole = wholeIn(patch);
    if (!this.#isOpen) {
      if (whole === undefined) return { kind: 'resync' };
      this.#isOpen = true;
      this.#server = patch.server;
      // Whatever this side counted: the server may be another one, which knows nothing of it.
      this.#number = patch.client;
      return this.#show(() => this.#merge(whole, true));
    }
    if (patch.server <= this.#server) return nothing;
    if (patch.server !== this.#server + 1) return { kind: 'resync' };
    if (whole !== undefined) {
      this.#server += 1;
      return this.#show(() => this.#meanwhile(whole, patch.client));
    }
    const read = this.#base === undefined ? undefined : changesIn(this.#ownBase(patch), patch);
    if (read === undefined) return { kind: 'resync' };
    this.#server += 1;
    return this.#show(() => this.#follow(read.value, read.changes, patch.client));
  }

  /**
   * The server closed the connection for what it was sent. The patch under way goes once more, change by change; a change
   * that was under way alone is given up.
   *
   * @returns what makes the view of the one before, when something was given up
   */
  refused(): readonly Change[] | undefined {
    this.#isOpen = false;
    const flight = this.#flight;
    if (flight === undefined || this.#base === undefined) return undefined;
    this.#flight = undefined;
    if (flight.changes.length > 1) {
      this.#gathered = [...flight.changes, ...this.#gathered];
      this.#isCareful = true;
      this.#isDoubtful = true;
      return undefined;
    }
    const base = this.#base;
    const shown = this.#show(() => {
      const before = withChanges(base, flight.changes).value;
      this.#gatherFrom(base, mergeJson(before, this.#view ?? base, base));
    });
    return shown.kind === 'changed' ? shown.changes : [];
  }

  /** The document with the patch under way. */
  #sent(): Json {
    return withChanges(this.#base ?? null, this.#flight?.changes ?? []).value;
  }

  /** The document that a patch is about: with one's own, as far as it counts by then. */
  #ownBase({ client }: ServerPatch): Json {
    const isAcknowledged = this.#flight !== undefined && !this.#flight.told && client >= this.#flight.number;
    return isAcknowledged ? this.#sent() : (this.#base ?? null);
  }

  /** A patch of the server: `base` is the document after it. */
  #follow(base: Json, changes: readonly Change[], client: number): void {
    const flight = this.#flight;
    if (flight !== undefined && client >= flight.number && flight.told) {
      // Where the server carried it out, this patch says so.
      this.#merge(base, flight.again < ATTEMPTS.busy);
      return;
    }
    this.#base = base;
    let count = 0;
    if (flight !== undefined && client < flight.number) {
      const own = afterOthers(
        [...flight.changes, ...this.#gathered].map((change, index) => ({ ...change, index })),
        changes,
      ) as readonly (Change & { index: number })[];
      count = own.filter(({ index }) => index < flight.changes.length).length;
      const left = withChanges(base, own.slice(0, count).map(plain));
      this.#flight = { ...flight, changes: left.done };
      this.#gathered = own.slice(count).map(plain);
    } else {
      this.#flight = undefined;
      this.#gathered = afterOthers(this.#gathered, changes);
    }
    const outcome = withChanges(this.#sent(), this.#gathered);
    this.#gathered = outcome.done;
    this.#view = outcome.value;
  }

  /** The whole document came while the connection is open. */
  #meanwhile(whole: Json, client: number): void {
    const flight = this.#flight;
    if (flight === undefined || client >= flight.number) {
      // A server that forgot what the patch is about leaves it out, and so does one that does not want it. The first has had
      // many changes meanwhile; the second must not be asked for ever.
      const { again = 0, sentFrom } = flight ?? {};
      this.#merge(whole, again < (sameJson(whole, sentFrom) ? ATTEMPTS.quiet : ATTEMPTS.busy));
      return;
    }
    // Still on its way: the server tells what becomes of it, as if this side had never done it.
    const before = this.#sent();
    const sent = mergeJson(this.#base ?? whole, before, whole);
    this.#flight = { ...flight, changes: diffJson(whole, sent), told: true };
    this.#base = whole;
    this.#gatherFrom(sent, mergeJson(before, this.#view ?? before, sent));
  }

  /**
   * The whole document came, and nothing is under way any more: what one did and what is neither in it nor contradicted by
   * it is sent again, as a new patch.
   *
   * @param resends - whether that includes the patch that was under way
   */
  #merge(whole: Json, resends: boolean): void {
    const base = this.#base ?? whole;
    const before = this.#sent();
    const isFirst = this.#base === undefined;
    const sent = resends && !isFirst ? mergeJson(base, before, whole, true) : whole;
    this.#again = sameJson(sent, whole) ? 0 : (this.#flight?.again ?? 0) + 1;
    this.#flight = undefined;
    this.#base = whole;
    if (isFirst) this.#view = whole;
    else this.#gatherFrom(whole, mergeJson(before, this.#view ?? before, sent, this.#isDoubtful));
    this.#isDoubtful = false;
  }

  /** What the user did is now what makes this view of that document. */
  #gatherFrom(sent: Json, view: Json): void {
    this.#gathered = diffJson(sent, view, { inPlace: !isStructural(this.#gathered) });
    this.#view = view;
  }

  #show(work: () => void): Received {
    const before = this.#view;
    work();
    if (this.isSettled) this.#isCareful = false;
    const changes: readonly Change[] =
      before === undefined
        ? [{ op: 'replace', path: [], value: this.#view ?? null }]
        : diffJson(before, this.#view ?? null);
    return changes.length === 0 ? nothing : { kind: 'changed', changes };
  }
}

function plain({ op, path, value }: Change): Change {
  return value === undefined ? { op, path } : { op, path, value };
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
