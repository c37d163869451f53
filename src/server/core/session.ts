import type { Json, SessionView } from '../../protocol/messages.js';
import type { Labels, SessionRecord } from './store.js';

/** A user as `authenticate` finds one. */
export interface SessionUser {
  /** 1 to 256 characters. Travels as the JWT's `sub`. */
  readonly id: string;
  /** What the browser may know of the user. JSON; default `{}`. Never part of a token. */
  readonly userData?: Json;
}

/** What a session asks of the sessions it belongs to. */
export interface SessionKeeper {
  write(last: SessionRecord, content: SessionContent): Promise<SessionRecord>;
  remove(id: string): Promise<boolean>;
}

/** The part of a record that belongs to whoever holds the session. */
export type SessionContent = Pick<SessionRecord, 'uid' | 'userData' | 'data' | 'labels'>;

/**
 * One session in the hands of one request. Its content is the caller's own copy: changes are lost unless saved, and
 * nobody else sees them before.
 */
export class Session<Data> {
  #record: SessionRecord;
  #data: Data | undefined;
  #opened = false;
  readonly #keeper: SessionKeeper;
  readonly #wire: string | undefined;
  uid: string | null;
  userData: Json;
  labels: Labels;

  /** Made by `Sessions` only. */
  constructor(keeper: SessionKeeper, record: SessionRecord, wire?: string) {
    this.#keeper = keeper;
    this.#record = record;
    this.#wire = wire;
    this.uid = record.uid;
    this.userData = record.userData;
    this.labels = record.labels;
  }

  get id(): string {
    return this.#record.id;
  }

  /** The secret that travels; known only on the object that `create` gave, since no store keeps it. */
  get wire(): string | undefined {
    return this.#wire;
  }

  /** What the application keeps. Change it in place or replace it, then `save()`. */
  get data(): Data {
    // Copied when first looked at: most requests never do.
    if (!this.#opened) this.data = structuredClone(this.#record.data) as Data;
    return this.#data as Data;
  }

  set data(data: Data) {
    this.#data = data;
    this.#opened = true;
  }

  get created(): number {
    return this.#record.created;
  }

  get lastAccess(): number {
    return this.#record.lastAccess;
  }

  get lastUpdate(): number {
    return this.#record.lastUpdate;
  }

  /** The first instant at which the session is over; `Infinity` = never. */
  get expiresAt(): number {
    return this.#record.expiresAt;
  }

  /** Of the state that was last read or saved: the one `save` compares with. */
  get version(): number {
    return this.#record.version;
  }

  /**
   * Writes `uid`, `userData`, `data` and `labels`; `lastAccess` and `lastUpdate` become now (FOXX-26). Gives this session.
   * Rejects with `session/conflict` when somebody else saved it meanwhile, with `SessionExpired` or `SessionNotFound` when
   * it is over (nothing revives it), with `store/unavailable`.
   */
  async save(): Promise<this> {
    const { uid, userData, labels } = this;
    const data = this.#opened ? (this.#data as Json) : this.#record.data;
    this.#record = await this.#keeper.write(this.#record, { uid, userData, labels, data });
    return this;
  }

  /** Ends the session. `false` = it was gone already (FOXX-51). Rejects with `store/unavailable`. */
  delete(): Promise<boolean> {
    return this.#keeper.remove(this.id);
  }

  /** The session as its owner may see it. The wire form is no part of it. */
  toJSON(): SessionView {
    return {
      id: this.id,
      uid: this.uid,
      userData: this.userData,
      data: this.#opened ? (this.#data as Json) : this.#record.data,
      created: this.created,
      lastAccess: this.lastAccess,
      expiresAt: this.expiresAt === Number.POSITIVE_INFINITY ? null : this.expiresAt,
    };
  }
}
