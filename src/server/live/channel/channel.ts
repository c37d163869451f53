import { SessionError } from '../../../protocol/errors.js';
import { type PatchOperation, parsePatch } from '../../../protocol/patch.js';
import { patchError } from '../../../protocol/patch-limits.js';
import { type ChannelOptions, type EditRules, readRules } from './channel-options.js';
import { EarlyPatches } from './early-patches.js';
import type { Feed } from './feed.js';
import { Knowledge } from './knowledge.js';
import { applied, ignored, type Outcome, ping, queued, rejected } from './outcome.js';
import { operationsFor } from './outgoing.js';
import { PatchRun } from './patch-run.js';
import { Repairs } from './repairs.js';
import { type NumberedPatch, readNumbered, Versions } from './versions.js';
import { readWish } from './wishes.js';

/** One follower of a document, a socket or a client of HTTP, with its own pair of versions. */
export class Channel {
  readonly #feed: Feed;
  readonly #rules: EditRules;
  readonly #versions = new Versions();
  readonly #repairs: Repairs;
  readonly #early: EarlyPatches;
  /** The patch that is at work: an error is about this one. */
  #current: NumberedPatch | undefined;
  /** The step up to which everything was told. */
  #toldStep: number;
  readonly #knowledge: Knowledge;
  /** Whether the next patch of the client says where it stands: it was here before we were. */
  #adopts = false;
  /** The first version of the server that this client can know: it began with it. */
  #floor = 0;

  /**
   * `before`: who followed at the same address until now. Its versions are followed by ours, so that what it still sends is known
   * for what it is. Throws `config/invalid`.
   */
  constructor(feed: Feed, options: ChannelOptions = {}, before?: Channel) {
    this.#feed = feed;
    if (before !== undefined && feed.versioning) {
      this.#versions.server = before.serverVersion + 1;
      this.#floor = this.#versions.server;
    }
    this.#rules = readRules(options);
    this.#early = new EarlyPatches(options.early, feed.early);
    this.#repairs = new Repairs(feed.history);
    this.#knowledge = new Knowledge(this, feed.history, this.#versions);
    feed.catchUp();
    this.#toldStep = feed.history.step;
  }

  /** The client's last patch that counts (SC-97). */
  get clientVersion(): number {
    return this.#versions.client;
  }

  /** Patches made for this follower. */
  get serverVersion(): number {
    return this.#versions.server;
  }

  /** The step of the history that this follower still needs; what is before it may be forgotten. */
  get needs(): number {
    return Math.min(this.#toldStep, this.#versions.oldestStep ?? this.#toldStep);
  }

  /** Whether there is something to tell. */
  get isBehind(): boolean {
    this.#feed.catchUp();
    return this.#versions.isNew || this.#toldStep < this.#feed.history.step || this.#repairs.isOpen;
  }

  /**
   * The whole document, for a client that begins (SC-60): its own version starts at 0 (PAL-09), the server's stays. JSON text.
   * Throws what `Feed.tree` throws.
   */
  start(): string {
    const text = this.#feed.tree(0, this.#versions.server);
    this.#versions.client = 0;
    this.#versions.mark(this.#feed.history.step, { counts: false });
    this.#toldStep = this.#feed.history.step;
    this.#floor = this.#versions.server;
    this.#early.clear();
    this.#adopts = false;
    this.#repairs.clear();
    this.#knowledge.begins();
    return text;
  }

  /** The whole document with both versions, as a new one of the server's, for a client that goes on (SC-68). JSON text. */
  whole(): string {
    const counts = !this.#versions.isNew;
    const text = this.#feed.tree(this.#versions.client, this.#versions.server + (counts ? 1 : 0));
    this.#versions.mark(this.#feed.history.step, { counts });
    this.#settle(true);
    return text;
  }

  /** Nobody waits for the answer any more: who comes back says anew what it had pending. */
  forgetWaiting(): void {
    this.#early.clear();
  }

  /** Patches that came before their turn and wait for others. */
  get waiting(): number {
    return this.#early.size;
  }

  /**
   * Takes one message of the client, read from JSON. Whatever is wrong with it, the document stays as it was. Patches that
   * waited for this one follow it; when one of them is refused, so is the message, and what came before stays.
   */
  receive(message: unknown): Outcome {
    return this.#guarded(() => {
      const operations = parsePatch(message, this.#rules.limits);
      if (operations.length === 0) return ping;
      this.#feed.catchUp();
      if (!this.#feed.versioning) {
        this.#carryOut(operations, undefined);
        return applied;
      }
      const patch = readNumbered(operations);
      this.#current = patch;
      this.#versions.refuseFuture(patch.m);
      if (this.#adopts) this.#versions.client = Math.max(0, patch.n - 1);
      this.#adopts = false;
      // Its author began before this follower did: to take it would use up a number of this one's.
      if (patch.m < this.#floor) throw patchError('patch/conflict', 'version of another follower');
      if (patch.n <= this.#versions.client) return ignored;
      if (patch.n === this.#versions.client + 1) return this.#inTurn(patch);
      this.#early.keep(patch, this.#versions.client);
      return queued(this.#versions.client);
    });
  }

  /**
   * Does not wait any longer for patches that never came: those that wait are carried out, and the client gets the whole
   * document. For a client that made a change while it reconnected (which it forgets, PAL-10) and lost it on the way.
   */
  skipMissing(): Outcome {
    return this.#guarded(() => {
      const patch = this.#early.takeFirst();
      if (patch === undefined) return ignored;
      this.#feed.catchUp();
      this.#skipTo(patch.n);
      return this.#inTurn(patch);
    });
  }

  /**
   * Takes the patches that a client had pending when it lost its connection (SC-70, SC-71): those that count already are
   * skipped, the rest carried out in order. Answer a reconnecting client with `whole`, which then names the newest of them
   * (PAL-10). A client of whose earlier life nothing is known keeps its number; what it had pending cannot be carried out.
   */
  reconnect(message: unknown): Outcome {
    this.#early.clear();
    return this.#guarded(() => {
      if (!Array.isArray(message)) throw patchError('patch/malformed', 'no list');
      const { operations = 1000 } = this.#rules.limits;
      if (message.length > operations) throw patchError('patch/size', 'too many patches');
      if (!this.#feed.versioning) return this.#each(message);
      const pending = message.map((batch) => readNumbered(parsePatch(batch, this.#rules.limits)));
      if (this.#versions.isNew || pending.some(({ m }) => m > this.#versions.server)) {
        this.#adopts = pending.length === 0;
        this.#forget();
      } else {
        const first = pending[0]?.n ?? 0;
        if (first > this.#versions.client + 1) this.#skipTo(first);
        const outcome = this.#each(message);
        if (outcome.kind === 'rejected') return outcome;
      }
      for (const { n } of pending) this.#versions.client = Math.max(this.#versions.client, n);
      this.#early.clear();
      return applied;
    });
  }

  /**
   * The patch that brings this follower up to now, as JSON text, and counts as sent (SC-85, SC-96). With versions every patch
   * has a new number, even when nothing changed; without them it may be `[]`. The whole document when `whole` says so, when
   * the follower was given nothing yet, when the root was replaced (SC-16), or when the history has forgotten. Throws what
   * `Feed.tree` throws.
   */
  take({ whole = false }: { readonly whole?: boolean } = {}): string {
    this.#feed.catchUp();
    const { history } = this.#feed;
    const { client, server, isNew } = this.#versions;
    const isWhole =
      whole ||
      isNew ||
      this.#repairs.isWhole ||
      this.#toldStep < history.wholeStep ||
      this.#toldStep < history.oldest ||
      this.#repairs.due().some((path) => path.length === 0);
    const operations = isWhole
      ? `{"op":"replace","path":"","value":${this.#feed.tree(client, server + 1)}}`
      : operationsFor(this, this.#feed, this.#toldStep, this.#repairs);
    this.#versions.mark(history.step, { counts: true });
    this.#settle(isWhole);
    return this.#feed.patch(client, server + 1, operations);
  }

  /** What to answer: `[]` to a ping; a socket gets nothing for what was queued or ignored (SC-64 to SC-66, SC-82). */
  answer({ kind }: Outcome, by: 'http' | 'socket'): string | undefined {
    if (kind === 'ping') return '[]';
    if (kind === 'rejected' || (by === 'socket' && kind !== 'applied')) return undefined;
    return this.take();
  }

  #each(batches: readonly unknown[]): Outcome {
    for (const batch of batches) {
      const outcome = this.receive(batch);
      if (outcome.kind === 'rejected') return outcome;
    }
    return applied;
  }

  /** What a patch that must not be carried out became. */
  #guarded(work: () => Outcome): Outcome {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof SessionError)) throw error;
      this.#early.clear();
      const { client, server } = this.#versions;
      const patch = this.#current;
      return rejected(
        error,
        patch && `client version ${patch.n} after ${client}, server version ${patch.m} of ${server}`,
      );
    } finally {
      this.#current = undefined;
    }
  }

  #inTurn(patch: NumberedPatch): Outcome {
    for (let next: NumberedPatch | undefined = patch; next !== undefined; ) {
      const { n, m, operations }: NumberedPatch = next;
      this.#current = next;
      this.#versions.seen(m);
      this.#repairs.seen(m);
      this.#carryOut(operations, m);
      this.#versions.client = n;
      next = this.#early.take(n + 1);
    }
    return applied;
  }

  /** `m`: the version that the client had seen. */
  #carryOut(operations: readonly PatchOperation[], m: number | undefined): void {
    const from =
      m === undefined
        ? this.#knowledge.withoutVersions(this.#toldStep)
        : this.#knowledge.at(m, this.#toldStep);
    if (from === undefined) {
      this.#forget();
      return;
    }
    const run = new PatchRun(this.#feed, this.#rules, this.#repairs, from);
    try {
      const wishes = operations.map((operation, index) => {
        run.at = index;
        return readWish(operation, this.#feed);
      });
      if (m !== undefined && this.#knowledge.leavesOut(m)) {
        run.leaveOut(wishes);
        return;
      }
      run.check(wishes);
      run.carryOut(wishes);
    } catch (error) {
      if (!(error instanceof SessionError)) throw error;
      const { code, status, message } = error;
      const place = (operations[run.at]?.path ?? '').slice(0, 200);
      throw new SessionError(code, { status, message: `${message} (change ${run.at}: ${place})` });
    }
    this.#knowledge.isNow(run.unseen, run.isStructural, m ?? this.#versions.server);
  }

  /** The patches before this one are lost. */
  #skipTo(n: number): void {
    this.#versions.client = n - 1;
    this.#repairs.oweAll();
  }

  /** Which places the client means is forgotten. It gets the document, which undoes what it did, all of it until then. */
  #forget(): void {
    this.#knowledge.isLost();
    this.#repairs.oweAll();
  }

  /** The follower was told everything, with the newest version. */
  #settle(isWhole: boolean): void {
    this.#toldStep = this.#feed.history.step;
    this.#repairs.sent(this.#versions.server, isWhole);
    this.#knowledge.isTold(isWhole);
  }
}
