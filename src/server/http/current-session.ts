import { SessionError } from '../../protocol/errors.js';
import type { Json } from '../../protocol/messages.js';
import { SessionNotFound } from '../core/errors.js';
import type { Session } from '../core/session.js';
import type { SessionUser } from '../core/user.js';
import type { Announcer } from './announcer.js';
import type { HttpHeaders, HttpRequest } from './exchange.js';
import type { Found } from './found.js';
import type { Rotations } from './rotations.js';

/**
 * Says once for the whole application what its sessions keep: `declare module 'can-connect-session/server' { interface
 * SessionTypes { data: { cart: string[] } } }`. Frameworks that have one type of request take it from here.
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is there to be added to.
export interface SessionTypes {}

/** What sessions keep, as `SessionTypes` says it; else any JSON. */
export type SessionData = SessionTypes extends { data: infer Data } ? Data : { [key: string]: Json };

/** What the host wants to know while its handler runs. */
export interface Watch {
  /** Called once, when the handler first looks at the session: now the answer depends on it (S36). */
  looked(): void;
  /** Called once, before the handler first changes it: now the answer has to wait, and gets headers. */
  changed(answer: PendingAnswer): void;
}

/** What an answer has to wait for, and what it has to tell. */
export interface PendingAnswer {
  /** `undefined` = nothing is pending. Rejects with what could not be stored. */
  pending(): Promise<unknown> | undefined;
  /** For the client; complete when nothing is pending. */
  headers(): HttpHeaders;
}

/**
 * The session of one request (V-54), Starcounter's `Session.Current` (SC-12). Nothing is stored, and no cookie is sent, for a
 * request that stores nothing (S38). Calls run one after the other, in the order in which they were made; a host answers
 * only when all of them are done.
 */
export class CurrentSession<Data = SessionData> {
  readonly #request: HttpRequest;
  readonly #announcer: Announcer<Data>;
  readonly #rotations: Rotations<Data>;
  readonly #watch: Watch | undefined;
  readonly #carrier: string | undefined;
  #reason: SessionError | undefined;
  #session: Session<Data> | undefined;
  #looked = false;
  #changed = false;
  #pending: Promise<void> | undefined;
  #headers: HttpHeaders = {};

  /** Made by the session server only. */
  constructor(
    request: HttpRequest,
    found: Found<Data>,
    announcer: Announcer<Data>,
    rotations: Rotations<Data>,
    watch?: Watch,
  ) {
    this.#request = request;
    this.#session = found.session;
    this.#carrier = found.carrier;
    this.#reason = found.reason;
    this.#announcer = announcer;
    this.#rotations = rotations;
    this.#watch = watch;
  }

  /** Id of the session, which is no secret with the default ids; `undefined` = there is none. */
  get id(): string | undefined {
    return this.#look()?.id;
  }

  /** Who is signed in; `null` = nobody. */
  get user(): { readonly id: string; readonly userData: Json } | null {
    const session = this.#look();
    return session === undefined || session.uid === null
      ? null
      : { id: session.uid, userData: session.userData };
  }

  /** What the session keeps, this request's own copy: change it, then `save()`. `undefined` = there is no session. */
  get data(): Data | undefined {
    return this.#look()?.data;
  }

  /** The whole session: its times, labels, `touch`, `onDestroy`. `undefined` = there is none. */
  get session(): Session<Data> | undefined {
    return this.#look();
  }

  /** How the session came: `cookie`, `bearer` … `undefined` = it did not come with the request. */
  get carrier(): string | undefined {
    return this.#carrier;
  }

  /**
   * The session (V-44). Throws why there is none: `token/missing` when the request carries nothing, `token/…`,
   * `session/expired`, `session/not-found`, each with status 401.
   */
  get(): Session<Data> {
    const session = this.#look();
    if (session !== undefined) return session;
    throw this.#reason ?? new SessionError('token/missing', { status: 401 });
  }

  /**
   * Stores the session's data, or `data` in its place, at once (V-45, FOXX-72: nothing is ever saved without being told to).
   * Without a session it begins one, and the answer tells the client. Rejects as `Session.save` does; then the data is what
   * it was before (V-47). A session that has ended meanwhile is not revived, and no cookie is sent for it (S20).
   */
  save(data?: Data): Promise<void> {
    return this.#change(async () => {
      const session = this.#session;
      if (session === undefined) {
        // Before anything is stored: it may be that the client cannot be told safely.
        this.#announcer.check(this.#request);
        this.#become(await this.#begin(data));
        return;
      }
      const before = data === undefined ? undefined : session.data;
      if (data !== undefined) session.data = data;
      try {
        await session.save();
      } catch (error) {
        if (before !== undefined) session.data = before;
        throw error;
      }
    });
  }

  /**
   * A new id for the session (V-48, S11, S12): for every sign-in, change of rights and of the password. The old session ends,
   * then the new one begins with `data` (default: the old data) and `user` (default: the old one; `null` = nobody), and
   * the answer tells the client. When the old one cannot be ended, nothing changes. When somebody else ended it meanwhile
   * and no `user` is given, it stays ended: rejects with `SessionNotFound`. Two that run at once for one session become
   * one (S13).
   */
  resave(data?: Data, user?: SessionUser | null): Promise<void> {
    return this.#change(async () => {
      this.#announcer.check(this.#request);
      this.#become(await this.#replace(data, user));
    });
  }

  /** Ends the session, and leaves the client what it carries (V-49). What is saved afterwards begins a new one. */
  destroy(): Promise<void> {
    return this.#change(() => this.#end());
  }

  /**
   * Ends the session and makes the client forget it, whether there was one or not (V-50). What is saved afterwards begins
   * a new one (V-51).
   */
  logout(): Promise<void> {
    return this.#change(async () => {
      await this.#end();
      this.#headers = this.#announcer.clear(this.#request);
    });
  }

  /**
   * Makes a session that `Sessions.create` has begun the current one, and the answer tells the client (SC-01, SC-12). `null`
   * lets go of the current one, which lives on. Throws `session/active` when another one is current.
   */
  use(session: Session<Data> | null): void {
    this.#touchAnswer();
    if (session === null) {
      this.#session = undefined;
      return;
    }
    if (this.#session !== undefined && this.#session.id !== session.id)
      throw new SessionError('session/active');
    if (session.wire === undefined) {
      throw new TypeError(
        'Only a session that was just created can be announced: its secret is stored nowhere.',
      );
    }
    this.#announcer.check(this.#request);
    this.#become(session);
  }

  /** For sign-ins that tell the client in their own way: `resave` that announces nothing. */
  static async replace<Data>(
    current: CurrentSession<Data>,
    data: Data | undefined,
    user: SessionUser,
  ): Promise<Session<Data>> {
    const session = await current.#replace(data, user);
    current.#session = session;
    return session;
  }

  #look(): Session<Data> | undefined {
    if (!this.#looked) {
      this.#looked = true;
      this.#watch?.looked();
    }
    return this.#session;
  }

  #begin(data: Data | undefined, user?: SessionUser | null): Promise<Session<Data>> {
    return this.#announcer.begin(this.#request, data, user);
  }

  #replace(data: Data | undefined, user: SessionUser | null | undefined): Promise<Session<Data>> {
    const old = this.#session;
    if (old === undefined) return this.#begin(data, user);
    const next = user === undefined ? userOf(old) : user;
    return this.#rotations.replace({
      old,
      uid: next?.id ?? null,
      anew: user !== undefined,
      begin: () => this.#begin(data ?? old.data, next),
    });
  }

  #become(session: Session<Data>): void {
    this.#session = session;
    this.#reason = undefined;
    this.#headers = this.#announcer.announce(this.#request, session);
  }

  async #end(): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    await session.delete();
    this.#session = undefined;
    this.#reason = new SessionNotFound(session.id);
    // Whatever this request announced is over with it.
    this.#headers = {};
  }

  #touchAnswer(): void {
    if (this.#changed) return;
    this.#changed = true;
    this.#watch?.changed({ pending: () => this.#pending, headers: () => this.#headers });
  }

  #change(work: () => Promise<void>): Promise<void> {
    this.#touchAnswer();
    // One after the other, whatever became of those before.
    const done = this.#pending === undefined ? work() : this.#pending.then(work, work);
    this.#pending = done;
    // Whoever does not wait for it is told by the host, which does; whoever waits is told first.
    const clear = (): void => {
      if (this.#pending === done) this.#pending = undefined;
    };
    done.then(clear, clear);
    return done;
  }
}

function userOf(session: Session<unknown>): SessionUser | null {
  return session.uid === null ? null : { id: session.uid, userData: session.userData };
}
