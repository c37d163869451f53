import { hash } from 'node:crypto';
import { SessionError } from '../../protocol/errors.js';
import type { Json } from '../../protocol/messages.js';
import { SessionNotFound } from '../core/errors.js';
import { throughJson } from '../core/json.js';
import type { Session } from '../core/session.js';
import type { SessionUser } from '../core/user.js';
import type { Announcer } from './announcer.js';
import { Changes } from './changes.js';
import type { HttpHeaders, HttpRequest } from './exchange.js';
import type { Found } from './found.js';
import type { Rotations, Successor } from './rotations.js';
import type { Watch } from './watch.js';

export type { PendingAnswer, Watch } from './watch.js';

/**
 * Says once for the whole application what its sessions keep: `declare module 'can-connect-session/server' { interface
 * SessionTypes { data: { cart: string[] } } }`. Frameworks that have one type of request take it from here.
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is there to be added to.
export interface SessionTypes {}

/** What sessions keep, as `SessionTypes` says it; else any JSON. */
export type SessionData = SessionTypes extends { data: infer Data } ? Data : { [key: string]: Json };

/**
 * The session of one request (V-54), Starcounter's `Session.Current` (SC-12). Nothing is stored, and no cookie is sent, for a
 * request that stores nothing (S38). Changes happen one after the other, in the order in which they were asked for; a host
 * answers only when all of them are done, and answers with the failure of one that the handler did not wait for.
 */
export class CurrentSession<Data = SessionData> {
  readonly #request: HttpRequest;
  readonly #announcer: Announcer<Data>;
  readonly #rotations: Rotations<Data>;
  readonly #watch: Watch | undefined;
  readonly #found: Found<Data>;
  #reason: SessionError | undefined;
  #session: Session<Data> | undefined;
  #looked = false;
  #changed = false;
  readonly #changes = new Changes();
  /** The session that the client is to be told of. */
  #announced: { readonly headers: HttpHeaders; isOver(): boolean } | undefined;
  #cleared: HttpHeaders = {};

  /** Made by the session server only. */
  constructor(
    request: HttpRequest,
    found: Found<Data>,
    announcer: Announcer<Data>,
    rotations: Rotations<Data>,
    watch?: Watch,
  ) {
    this.#request = request;
    this.#found = found;
    this.#session = found.session;
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
    return session === undefined ? null : userOf(session);
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
    this.#look();
    return this.#found.carrier;
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
   * Stores the session's data, or a copy of `data` in its place, at once (V-45, FOXX-72: nothing is ever saved without being
   * told to). Without a session it begins one, and the answer tells the client. Rejects as `Session.save` does; then the
   * data is what it was before (V-47). A session that has ended meanwhile is not revived, and no cookie is sent for it (S20).
   */
  save(data?: Data): Promise<void> {
    return this.#change(data, async (own) => {
      const session = this.#session;
      if (session === undefined) {
        // Before anything is stored: it may be that the client cannot be told, or not safely.
        this.#demandListener();
        this.#become(alone(await this.#begin(own)));
      } else {
        await this.#store(session, own);
      }
    });
  }

  /**
   * A new id for the session (V-48, S11, S12): for every sign-in, change of rights and of the password. A new session begins
   * with a copy of `data` and with `user` (default: the old one; `null` = nobody), the old one ends, and the answer tells the
   * client. Without `data` it keeps the old data, unless that was another user's. When the old session cannot be ended,
   * nothing changes. When it was over already and no `user` is given, it stays so: rejects with `SessionNotFound`. Two that
   * run at once for one session and want the same become one (S13). Without a `user`, whoever is signed in gets no more
   * time than they had (S15).
   */
  resave(data?: Data, user?: SessionUser | null): Promise<void> {
    return this.#change(data, async (own) => {
      this.#demandListener();
      this.#become(await this.#replace(own, user));
    });
  }

  /** Ends the session, and leaves the client what it carries (V-49). What is saved afterwards begins a new one. */
  destroy(): Promise<void> {
    return this.#change(undefined, () => this.#end());
  }

  /**
   * Ends the session and makes the client forget it, whether there was one or not (V-50). What is saved afterwards begins
   * a new one (V-51).
   */
  logout(): Promise<void> {
    return this.#change(undefined, async () => {
      await this.#end();
      this.#cleared = this.#announcer.clear(this.#request);
    });
  }

  /**
   * Makes a session the current one, and the answer tells the client, unless it came with it (SC-01, SC-12, SC-50). It has to
   * be one that `Sessions.create` has just begun, or with ids that are no secret apart any: else nobody knows what the client
   * would have to carry, and it throws a TypeError. `null` lets go of the current one, which lives on. Throws
   * `session/active` when another one is current, or a change goes on.
   */
  use(session: Session<Data> | null): void {
    this.#touchAnswer();
    const current = this.#session;
    const isOther = session !== null && current !== undefined && current.id !== session.id;
    if (isOther || this.#changes.areRunning) throw new SessionError('session/active', { status: 500 });
    if (session === null) {
      this.#session = undefined;
      this.#announced = undefined;
    } else if (current !== undefined) {
      this.#session = session;
    } else {
      this.#demandListener();
      const wire = this.#announcer.wireOf(session);
      if (wire === undefined) {
        throw new TypeError(
          'Only a session that was just created can be announced: its secret is stored nowhere.',
        );
      }
      this.#become({ ...alone(session), wire });
    }
  }

  /** For sign-ins that tell the client in their own way: `resave` that announces nothing. */
  static async replace<Data>(
    current: CurrentSession<Data>,
    data: Data | undefined,
    user: SessionUser,
  ): Promise<Session<Data>> {
    await current.#change(data, async (own) => {
      const { session } = await current.#replace(own, user);
      current.#session = session;
      current.#announced = undefined;
    });
    return current.get();
  }

  #look(): Session<Data> | undefined {
    if (!this.#looked) {
      this.#looked = true;
      this.#watch?.looked();
    }
    return this.#session;
  }

  #begin(data: Data | undefined, user?: SessionUser | null, instead?: Session<Data>): Promise<Session<Data>> {
    return this.#announcer.begin(this.#request, data, user, instead);
  }

  async #store(session: Session<Data>, own: Data | undefined): Promise<void> {
    const before = own === undefined ? undefined : session.data;
    if (own !== undefined) session.data = own;
    try {
      await session.save();
    } catch (error) {
      // Unless the handler has put something else there meanwhile.
      if (before !== undefined && session.data === own) session.data = before;
      throw error;
    }
  }

  async #replace(own: Data | undefined, user: SessionUser | null | undefined): Promise<Successor<Data>> {
    const old = this.#session;
    if (old === undefined) return alone(await this.#begin(own, user));
    const next = user === undefined ? userOf(old) : user;
    const proven = user !== undefined && user !== null;
    // Nobody inherits what somebody else left.
    const inherits = own === undefined && (old.uid === null || old.uid === next?.id);
    const data = inherits ? old.data : own;
    return this.#rotations.replace({
      old,
      content: hash('sha256', JSON.stringify([next?.id, next?.userData, data])),
      proven,
      begin: (tooLate) => this.#begin(tooLate ? own : data, next, proven ? undefined : old),
    });
  }

  #become(successor: Successor<Data>): void {
    const { session, wire } = successor;
    this.#session = session;
    this.#announced =
      wire === undefined
        ? undefined
        : {
            headers: this.#announcer.announce(this.#request, session, wire),
            isOver: () => successor.isOver(),
          };
  }

  async #end(): Promise<void> {
    const session = this.#session;
    if (session !== undefined) {
      await session.delete();
      this.#session = undefined;
      this.#reason = new SessionNotFound(session.id);
    }
    // Somebody else may just have given it a new id.
    for (const id of this.#found.ids) await this.#rotations.endAfter(id);
    // Whatever this request announced is over with it.
    this.#announced = undefined;
    this.#announcer.forget(this.#request);
  }

  #demandListener(): void {
    if (this.#watch?.sent?.() === true) {
      throw new SessionError('server/failed', {
        message: 'The answer is on its way already: its client cannot be told of a new session any more.',
        status: 500,
      });
    }
    this.#announcer.check(this.#request);
  }

  /** For the client. */
  #headers(): HttpHeaders {
    const announced = this.#announced;
    return announced === undefined || announced.isOver() ? this.#cleared : announced.headers;
  }

  #touchAnswer(): void {
    if (this.#changed) return;
    this.#changed = true;
    // What becomes of a change depends on the session.
    this.#look();
    this.#watch?.changed({ pending: () => this.#changes.pending(), headers: () => this.#headers() });
  }

  #change(data: Data | undefined, work: (own: Data | undefined) => Promise<void>): Promise<void> {
    this.#touchAnswer();
    const own = ownCopy(data);
    return this.#changes.add(async () => {
      try {
        await work(own);
      } catch (error) {
        // It may be a session that this very request has announced.
        if (error instanceof SessionNotFound) this.#announced = undefined;
        throw error;
      }
    });
  }
}

/** As JSON keeps it: what the caller does with its own object afterwards is not stored by accident. */
function ownCopy<Data>(data: Data | undefined): Data | undefined {
  if (data === undefined) return undefined;
  try {
    return (throughJson(data) ?? {}) as Data;
  } catch {
    // Too deep, or nothing that JSON can hold: the sessions say which.
    return data;
  }
}

/** A session that took the place of none. */
function alone<Data>(session: Session<Data>): Successor<Data> {
  return { session, wire: session.wire, isOver: () => false };
}

function userOf(session: Session<unknown>): { readonly id: string; readonly userData: Json } | null {
  return session.uid === null ? null : { id: session.uid, userData: session.userData };
}
