import type { EndReason, Json } from '../../protocol/messages.js';
import type { DestroyCallback } from '../core/ends.js';
import { SessionNotFound } from '../core/errors.js';
import type { Session } from '../core/session.js';
import type { Labels } from '../core/store.js';
import type { OpenSession } from './open-session.js';

/** What the session of a task asks of the use that it belongs to. */
export interface Use<Data> {
  readonly open: OpenSession;
  readonly session: Session<Data>;
  /** Stores what changed so far, and tells everybody who follows. */
  push(): Promise<void>;
  /** Ends the session. */
  delete(reason?: EndReason): Promise<boolean>;
}

/**
 * A session in the hands of a task: nobody else uses it until the task is over. What the task does to `data` is stored and told
 * to all who follow when it ends, all of it or, when it fails, nothing.
 */
export class LiveSession<Data> {
  readonly #use: Use<Data>;
  #changed = false;
  #over = false;

  /** Made by `LiveSessions` only. */
  constructor(use: Use<Data>) {
    this.#use = use;
  }

  get id(): string {
    return this.#use.session.id;
  }

  /** Whose session it is; `null` = nobody's. */
  get uid(): string | null {
    return this.#use.session.uid;
  }

  get userData(): Json {
    return this.#use.session.userData;
  }

  get created(): number {
    return this.#use.session.created;
  }

  get lastAccess(): number {
    return this.#use.session.lastAccess;
  }

  get expiresAt(): number {
    return this.#use.session.expiresAt;
  }

  get labels(): Labels {
    return this.#use.session.labels;
  }

  set labels(labels: Labels) {
    this.#mayChange();
    this.#use.session.labels = labels;
    this.#changed = true;
  }

  /** Milliseconds it lives after the time that `ttlType` names. */
  get timeToLive(): number {
    return this.#use.session.timeToLive;
  }

  set timeToLive(ms: number) {
    this.#mayChange();
    this.#use.session.timeToLive = ms;
    this.#changed = true;
  }

  /** What the session keeps: change it in place, like plain JSON. Throws `session/not-found` when the task or the session is over. */
  get data(): Data {
    this.#mayChange();
    return this.#use.open.document.root as Data;
  }

  /** Puts another document in the place of this one; followers get it as a whole (SC-16). */
  set data(data: Data) {
    this.#mayChange();
    this.#use.open.document.replace(data as object);
  }

  /** Whether the session lives, as far as this process knows (SC-11). */
  get isAlive(): boolean {
    return this.#use.open.over === undefined;
  }

  /** Whether anybody follows it over a socket of this process. */
  get isFollowed(): boolean {
    return this.#use.open.followers.size > 0;
  }

  /**
   * Stores and tells what changed so far, and not only at the end of the task (SC-85, `CalculatePatchAndPushOnWebSocket`).
   * Rejects as `Session.save` does; then the task fails with it, whatever it does, and nothing since the last `push` is left.
   */
  push(): Promise<void> {
    this.#mayChange();
    return this.#use.push();
  }

  /** Ends the session, closes its sockets and calls its callbacks (SC-10). `false` = it was gone. `reason`: default `signed-out`. */
  delete(reason?: EndReason): Promise<boolean> {
    return this.#use.delete(reason);
  }

  /** Calls back once when the session is over (SC-09); see `Session.onDestroy`. */
  onDestroy(callback: DestroyCallback): Promise<() => void> {
    return this.#use.session.onDestroy(callback);
  }

  /** Whether something besides the document changed since this was last asked. Asked by its use only. */
  static takeChange<Data>(session: LiveSession<Data>): boolean {
    const changed = session.#changed;
    session.#changed = false;
    return changed;
  }

  /** What a task keeps of the session is of no use after it. */
  static end<Data>(session: LiveSession<Data>): void {
    session.#over = true;
  }

  #mayChange(): void {
    if (this.#over || !this.isAlive) throw new SessionNotFound(this.id);
  }
}
