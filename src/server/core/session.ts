import type { EndReason, Json, SessionView } from '../../protocol/messages.js';
import type { DestroyCallback } from './ends.js';
import { accessedAt, type Clocks, expiryOf } from './expiry.js';
import { copyJson, throughJson } from './json.js';
import { checkedLabels } from './labels.js';
import { duration, type FoxxUser } from './sessions-options.js';
import type { Labels, SessionRecord } from './store.js';
import { type SessionUser, uidOf, userOf } from './user.js';
import type { SaveOptions, Write } from './writer.js';

/** What a session asks of the sessions it belongs to. */
export interface SessionKeeper {
  readonly write: Write;
  touch(id: string): Promise<number>;
  destroy(id: string, reason: EndReason): Promise<boolean>;
  destroyByUser(uid: string, except: string): Promise<number>;
  onDestroy(id: string, callback: DestroyCallback): Promise<() => void>;
  now(): number;
  readonly grace: number;
  /** A lifetime as records hold it. */
  lifetime(ms: number): number;
  readonly userIdFrom: (user: FoxxUser) => unknown;
}

/**
 * One session in the hands of one request. Its content is the caller's own copy: changes are lost unless saved, and
 * nobody else sees them before.
 */
export class Session<Data> {
  #record: SessionRecord;
  #data: Data | undefined;
  #opened = false;
  #timeToLive: number | undefined;
  /** Times that `set` or `delete` moved, on this object only. */
  #moved: { -readonly [Time in keyof Clocks]?: number } = {};
  readonly #keeper: SessionKeeper;
  readonly #wire: string | undefined;
  uid: string | null;
  userData: Json;
  /** Up to eight texts of at most 256 characters, with names of 1 to 32. */
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
    if (!this.#opened) this.data = copyJson(this.#record.data) as Data;
    return this.#data as Data;
  }

  set data(data: Data) {
    this.#data = data;
    this.#opened = true;
  }

  get created(): number {
    return this.#moved.created ?? this.#record.created;
  }

  get lastAccess(): number {
    return this.#moved.lastAccess ?? this.#record.lastAccess;
  }

  get lastUpdate(): number {
    return this.#moved.lastUpdate ?? this.#record.lastUpdate;
  }

  /** Milliseconds this session lives after the time that `ttlType` names; 0 = no such limit. Changes with the next save. */
  get timeToLive(): number {
    const { timeToLive } = this.#record;
    return this.#timeToLive ?? (timeToLive === 0 ? 0 : timeToLive - this.#keeper.grace);
  }

  /** Throws `config/invalid` unless it is a whole number from 0 to 8.64e15. */
  set timeToLive(ms: number) {
    this.#timeToLive = duration('timeToLive', ms);
  }

  /** Milliseconds this session lives after its creation at most; 0 = no such limit. */
  get absoluteTimeToLive(): number {
    const { notAfter, created } = this.#record;
    return notAfter === Number.POSITIVE_INFINITY ? 0 : notAfter - created - this.#keeper.grace;
  }

  /** The first instant at which the session is over, as last read or saved; `Infinity` = never. */
  get expiresAt(): number {
    return this.#record.expiresAt;
  }

  /**
   * The last instant at which the session can end, however much it is used: `expiresAt` where that never moves, else what
   * the absolute limit says; `Infinity` = there is none.
   */
  get latestEnd(): number {
    const { ttlType, expiresAt, notAfter } = this.#record;
    return ttlType === 'created' ? expiresAt : notAfter;
  }

  /** Of the state that was last read or saved: the one `save` compares with. */
  get version(): number {
    return this.#record.version;
  }

  /**
   * An attribute by its name (FOXX-20): `_key` or `id`, `uid`, `sessionData` or `data`, `userData`, `created`, `lastAccess`,
   * `lastUpdate`, `expiresAt`, `timeToLive`, `version`, `labels`. `undefined` for any other name.
   */
  get(name: string): unknown {
    switch (name) {
      case '_key':
        return this.id;
      case 'sessionData':
        return this.data;
      case 'id':
      case 'uid':
      case 'data':
      case 'userData':
      case 'created':
      case 'lastAccess':
      case 'lastUpdate':
      case 'expiresAt':
      case 'timeToLive':
      case 'version':
      case 'labels':
        return this[name];
      default:
        return undefined;
    }
  }

  /**
   * Sets an attribute and gives this session. The three times move on this object only: what counts for the store is when
   * things happened (FOXX-58, S16). Throws a TypeError for an attribute that cannot be set.
   */
  set(name: string, value: unknown): this {
    switch (name) {
      case 'data':
      case 'sessionData':
        this.data = value as Data;
        return this;
      case 'uid':
        this.uid = value === undefined || value === null ? null : uidOf(value);
        return this;
      case 'userData':
        this.userData = value as Json;
        return this;
      case 'labels':
        this.labels = checkedLabels(value as Labels);
        return this;
      case 'timeToLive':
        this.timeToLive = value as number;
        return this;
      case 'created':
      case 'lastAccess':
      case 'lastUpdate':
        this.#moved[name] = duration(name, value as number);
        return this;
      default:
        throw new TypeError('This attribute of a session cannot be set.');
    }
  }

  /**
   * Makes a user the session's own, without saving (FOXX-52): a `{ id, userData }`, or a model with `get` (`userIdFrom` says
   * where its id is). Nothing makes it nobody's (FOXX-54). Throws a TypeError when the user has no id. Gives this session.
   */
  setUser(user?: SessionUser | FoxxUser | null): this {
    if (user === undefined || user === null) {
      this.uid = null;
      this.userData = {};
      return this;
    }
    const { id, userData } = userOf(user, this.#keeper.userIdFrom);
    this.uid = id;
    this.userData = throughJson(userData) ?? {};
    return this;
  }

  /** When the session is over, from the times and the lifetime on this object (FOXX-55, FOXX-58); `Infinity` = never. */
  getExpiry(): number {
    const { created, lastAccess, lastUpdate } = this;
    if (this.#timeToLive === undefined && Object.keys(this.#moved).length === 0) return this.expiresAt;
    return expiryOf({ ...this.#record, created, lastAccess, lastUpdate, timeToLive: this.#lifetime() });
  }

  /** Milliseconds until then: 0 or more, or `Infinity` (FOXX-56). */
  getTTL(): number {
    return Math.max(0, this.getExpiry() - this.#keeper.now());
  }

  /** FOXX-57: at the instant itself, it has. */
  hasExpired(): boolean {
    return this.getTTL() === 0;
  }

  /**
   * Writes `uid`, `userData`, `data`, `labels` and `timeToLive`; `lastAccess` and `lastUpdate` become now (FOXX-26). What
   * others saved meanwhile is merged in, unless the option `conflicts` says otherwise, and is then on this session too.
   * Gives this session. Rejects with `SessionConflict`, with `SessionExpired` or `SessionNotFound` when the session is over
   * (nothing revives it), with `session/size`, `session/busy`, `store/unavailable`, or a TypeError for what no JSON can hold.
   * With `conflicts: 'reject'` it writes only if the stored version is still `version`; with `access: false` it is no access.
   */
  async save(options: SaveOptions = {}): Promise<this> {
    const { uid, userData } = this;
    const labels = checkedLabels(this.labels);
    const data = this.#opened ? ((this.#data ?? {}) as Json) : this.#record.data;
    const content = { uid, userData, labels, data, timeToLive: this.#lifetime() };
    const { record, merged } = await this.#keeper.write(this.#record, content, options);
    this.#record = record;
    this.#moved = {};
    this.#timeToLive = undefined;
    if (merged) {
      this.#opened = false;
      this.uid = record.uid;
      this.userData = record.userData;
      this.labels = record.labels;
    }
    return this;
  }

  /** Marks the session as accessed now, and writes nothing else. Rejects as `save` does when it is over. */
  async touch(): Promise<this> {
    const at = await this.#keeper.touch(this.id);
    this.#record = { ...this.#record, ...accessedAt(this.#record, at) };
    return this;
  }

  /** Ends the session. `false` = it was gone already (FOXX-51). `reason`: default `signed-out`. */
  async delete(reason: EndReason = 'signed-out'): Promise<boolean> {
    const now = this.#keeper.now();
    this.#moved = { ...this.#moved, lastAccess: now, lastUpdate: now };
    return this.#keeper.destroy(this.id, reason);
  }

  /** Ends every other session of this session's user, with the reason `revoked` (S22). How many; 0 while it is nobody's. */
  async deleteOthers(): Promise<number> {
    return this.uid === null ? 0 : this.#keeper.destroyByUser(this.uid, this.id);
  }

  /**
   * Calls back once when this session is over, for whatever reason (SC-09): in the order of registration, each whatever
   * the others do, before what ended it resolves. Here, or when another process ended it, with the next sweep. Ends with
   * this process. Gives what takes it back. Rejects with `SessionNotFound` when it is over already, with `store/unsupported`.
   */
  onDestroy(callback: DestroyCallback): Promise<() => void> {
    return this.#keeper.onDestroy(this.id, callback);
  }

  /** The attributes under Foxx's names (FOXX-59). */
  forClient(): { readonly [name: string]: unknown } {
    const { id: _key, uid, userData, data: sessionData, created, lastAccess, lastUpdate } = this;
    return { _key, uid, sessionData, userData, created, lastAccess, lastUpdate };
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

  #lifetime(): number {
    const ms = this.#timeToLive;
    return ms === undefined ? this.#record.timeToLive : this.#keeper.lifetime(ms);
  }
}
