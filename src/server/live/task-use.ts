import type { EndReason } from '../../protocol/messages.js';
import { SessionConflict } from '../core/errors.js';
import type { Session } from '../core/session.js';
import { LiveSession, type Use } from './live-session.js';
import type { OpenSession } from './open-session.js';
import type { Found, OpenSessions } from './open-sessions.js';

/** The use of a session by one task: what it changes is stored, and told when all of it is. */
export class TaskUse<Data> implements Use<Data> {
  readonly open: OpenSession;
  readonly session: Session<Data>;
  /** The session as the task sees it. */
  readonly live: LiveSession<Data>;
  readonly #opened: Pick<OpenSessions<Data>, 'end'>;
  /** Whether it counts as an access. */
  readonly #access: boolean;
  #pushing: Promise<void> = Promise.resolve();
  #isTold = false;
  #isDeleted = false;
  #isFailed = false;
  #isLost = false;

  constructor({ open, session }: Found<Data>, opened: Pick<OpenSessions<Data>, 'end'>, access: boolean) {
    this.open = open;
    this.session = session;
    this.live = new LiveSession(this);
    this.#opened = opened;
    this.#access = access;
  }

  /** Whether another process came between, and nobody was told yet: the task begins anew. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** One after the other; when one fails, so do those after it, and so does the task. */
  push(): Promise<void> {
    this.#pushing = this.#pushing.then(() => this.#push());
    // A task that does not wait for it fails when it ends.
    this.#pushing.catch(() => undefined);
    return this.#pushing;
  }

  async delete(reason?: EndReason): Promise<boolean> {
    const isEnd = await this.session.delete(reason);
    this.#isDeleted = true;
    // Where the store tells nobody of ends.
    if (isEnd) this.#opened.end(this.open, reason ?? 'signed-out');
    return isEnd;
  }

  /** The task is done. */
  async finish(): Promise<void> {
    if (!this.#isDeleted) await this.push();
  }

  /** The task failed: only what is being stored already stays. */
  async fail(): Promise<void> {
    this.#isFailed = true;
    await this.#pushing.catch(() => undefined);
    this.open.restore();
  }

  async #push(): Promise<void> {
    const { open, session, live } = this;
    let isStored = false;
    // Again when something changed while it was stored: nobody must see more than the store has.
    while (!this.#isFailed && (open.document.changed || LiveSession.takeChange(live))) {
      // To begin anew would do again what was told, or what the task itself stored in another way.
      const isFinal = this.#isTold || open.isOvertaken;
      const conflicts = isFinal ? 'merge' : 'reject';
      try {
        const isLost = await open.store(session, { conflicts, access: this.#access });
        if (isLost) throw new SessionConflict([]);
      } catch (error) {
        this.#isLost = !isFinal && error instanceof SessionConflict;
        throw error;
      }
      isStored = this.#isTold = true;
    }
    if (isStored) open.publish();
  }
}
