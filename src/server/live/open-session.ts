import { SessionError } from '../../protocol/errors.js';
import { isJsonObject, isList } from '../../protocol/json.js';
import type { EndReason, Json } from '../../protocol/messages.js';
import { SessionNotFound } from '../core/errors.js';
import type { Session } from '../core/session.js';
import type { SaveOptions } from '../core/writer.js';
import { Channel } from './channel/channel.js';
import { Feed } from './channel/feed.js';
import { createDocument, type LiveDocument } from './document/document.js';
import { reconcile } from './document/reconcile.js';
import type { LiveSettings } from './live-options.js';
import type { Follower } from './sockets/follower-link.js';

/** How long before its end a session that is in use is touched: milliseconds. */
const margin = 5000;
/** How long after a handshake its socket may come: milliseconds. */
const handshake = 10_000;

/** A state of the session in the store, as far as the document depends on it. */
interface Stored extends Pick<Session<unknown>, 'version' | 'expiresAt' | 'latestEnd'> {
  readonly data: Json;
}

function storedIn(session: Session<unknown>): Stored {
  const { version, expiresAt, latestEnd } = session;
  return { version, expiresAt, latestEnd, data: session.toJSON().data };
}

/** The place of one follower, with its versions: kept for a while when its socket is gone. */
export interface Seat {
  readonly channel: Channel;
  /** The socket that sits here. */
  follower: Follower | undefined;
  /** When it was last used, in milliseconds since the epoch. */
  usedAt: number;
}

/** A session whose document is in memory, and all who follow it. */
export class OpenSession {
  readonly id: string;
  readonly document: LiveDocument<object>;
  readonly feed: Feed;
  /** By the name that a client chose; those without a name are found here only by the newest of them, under ''. */
  readonly seats = new Map<string, Seat>();
  readonly #settings: LiveSettings;
  readonly #followers = new Set<Follower>();
  #waiting: (() => void)[] = [];
  /** The session of whoever works with the document. */
  #user: Session<unknown> | undefined;
  /** Of the stored state that the document shows. */
  #version = 0;
  /** The step of the history at which it showed that. */
  #step = 0;
  /** The newest state that was stored, while somebody works with the document. */
  #newest: Stored | undefined;
  /** Until when a socket is expected. */
  #expectsUntil = 0;
  /** When the session is over unless it is used, and why it then is. */
  #expiry: { readonly at: number; readonly reason: EndReason } = {
    at: Number.POSITIVE_INFINITY,
    reason: 'idle',
  };
  /** Whether somebody works with the document. */
  isBusy = false;
  /** Why there is no such session any more. */
  over: EndReason | undefined;
  usedAt: number;

  /** Throws `config/type` when the data of the session is neither an object nor a list. */
  constructor(session: Session<unknown>, settings: LiveSettings) {
    const { data } = session.toJSON();
    if (!isList(data) && !isJsonObject(data)) {
      throw new SessionError('config/type', {
        message: 'The data of a live session must be an object or a list.',
      });
    }
    this.id = session.id;
    this.#settings = settings;
    this.document = createDocument(data, { ...settings.document, fresh: false });
    this.feed = new Feed(this.document, settings);
    this.usedAt = settings.now();
    this.#version = session.version;
    this.noteExpiry(session);
  }

  get followers(): ReadonlySet<Follower> {
    return this.#followers;
  }

  /** Whether it must stay, though nobody may follow it. */
  isNeeded(now: number): boolean {
    return this.isBusy || this.#followers.size > 0 || now < this.#expectsUntil;
  }

  /** Whether it would be missed: somebody is there, or may come back. */
  isWanted(now: number): boolean {
    return this.isNeeded(now) || now < this.usedAt + this.#settings.remember;
  }

  /** A socket is on its way. */
  expect(): void {
    this.#expectsUntil = this.#settings.now() + handshake;
  }

  /** Somebody works with it now. */
  begin(session: Session<unknown>): void {
    this.#forgetStrays();
    this.isBusy = true;
    this.#user = session;
    this.#newest = storedIn(session);
    this.#step = this.feed.history.step;
  }

  /** Somebody stored the session while the document is at work: whoever works with it, or what they called. */
  noteSaved(session: Session<unknown>): void {
    if (this.#newest !== undefined && session.version > this.#newest.version)
      this.#newest = storedIn(session);
  }

  /** Whether whoever works with the document has stored the session in another way. */
  get isOvertaken(): boolean {
    return this.#newest !== undefined && this.#newest.version > this.#version;
  }

  /** Whether the document has something that the store has not. */
  get isChanged(): boolean {
    this.feed.catchUp();
    return this.feed.history.step !== this.#step;
  }

  /**
   * Stores the document as it is now. Gives whether something was lost that changed while it was stored, since others had stored
   * something too. Rejects as `Session.save` does.
   */
  async store(session: Session<unknown>, options: SaveOptions): Promise<boolean> {
    this.feed.catchUp();
    const { step } = this.feed.history;
    // A copy: whoever works with the document goes on while a store takes its time.
    session.data = this.document.toJSON();
    await session.save(options);
    this.#step = step;
    const isMerged = session.version !== this.#version + 1;
    this.#version = session.version;
    this.noteExpiry(session);
    if (!isMerged) return false;
    const isLost = this.document.changed;
    this.#show(storedIn(session));
    if (isLost) this.publish();
    return isLost;
  }

  /** Takes back what is not stored. Whoever saw it, a client its own change, is told of the way back with what comes next. */
  restore(): void {
    this.#forgetStrays();
    // Overtaken, it is shown what is stored at the end of the use.
    if (this.feed.history.step === this.#step || this.#newest === undefined || this.isOvertaken) return;
    this.#show(this.#newest);
  }

  /** Nobody does any more: those that waited for it go on. Throws DocumentTypeError as `follow` does. */
  release(): void {
    const newest = this.#newest;
    this.isBusy = false;
    this.#user = undefined;
    this.#newest = undefined;
    // What a task had called has stored it.
    if (newest !== undefined && newest.version > this.#version) {
      this.#show(newest);
      this.publish();
    }
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const work of waiting) work();
  }

  /** In use, it does not die (SC-08). */
  async keepAlive(now: number): Promise<void> {
    if (this.#user === undefined || now + margin < this.#expiry.at) return;
    try {
      this.noteExpiry(await this.#user.touch());
    } catch (error) {
      // Whoever uses it will see.
      if (!(error instanceof SessionNotFound)) throw error;
    }
  }

  /** Brings the document to what is stored, and tells it. Throws DocumentTypeError when that is no document. */
  follow(session: Session<unknown>): void {
    this.noteExpiry(session);
    if (this.#version === session.version) return;
    this.#forgetStrays();
    this.#show(storedIn(session));
    this.publish();
  }

  /** By as little as that takes. */
  #show(stored: Stored): void {
    reconcile(this.document, stored.data);
    this.feed.catchUp();
    this.#version = stored.version;
    this.#step = this.feed.history.step;
    this.noteExpiry(stored);
  }

  noteExpiry({ expiresAt, latestEnd }: Pick<Session<unknown>, 'expiresAt' | 'latestEnd'>): void {
    this.#expiry = { at: expiresAt, reason: expiresAt >= latestEnd ? 'absolute' : 'idle' };
  }

  /** A place for a client that begins. */
  sit(name: string): Seat {
    const { channel: options } = this.#settings;
    const before = this.seats.get(name);
    if (before?.follower === undefined) before?.channel.forgetWaiting();
    const seat: Seat = {
      channel: new Channel(this.feed, options, before?.channel),
      follower: undefined,
      usedAt: this.#settings.now(),
    };
    this.seats.delete(name);
    this.#makeRoom();
    this.seats.set(name, seat);
    return seat;
  }

  /** Its client is there. */
  seatUsed(seat: Seat): void {
    seat.usedAt = this.#settings.now();
  }

  attach(seat: Seat, follower: Follower): void {
    this.#expectsUntil = 0;
    seat.follower = follower;
    this.#followers.add(follower);
  }

  detach(seat: Seat, follower: Follower): void {
    this.#followers.delete(follower);
    seat.channel.forgetWaiting();
    if (seat.follower === follower) seat.follower = undefined;
    this.seatUsed(seat);
    this.usedAt = seat.usedAt;
  }

  /** Tells all who follow what was stored. */
  publish(): void {
    this.#forgetStrays();
    for (const follower of this.#followers) follower.publish();
  }

  /** Does it when nobody works with the document. */
  whenFree(work: () => void): void {
    if (this.isBusy) {
      this.#waiting.push(work);
      return;
    }
    this.#forgetStrays();
    work();
  }

  /** When it has expired without a use, why it is over. */
  expired(now: number): EndReason | undefined {
    return now < this.#expiry.at ? undefined : this.#expiry.reason;
  }

  /** The session is over: every socket is told, and closed. */
  end(reason: EndReason): void {
    if (this.over !== undefined) return;
    this.over = reason;
    const { code, reason: text } = this.#settings.sockets.closing(reason);
    for (const follower of [...this.#followers]) follower.end(code, text);
    this.seats.clear();
  }

  /** Nobody can be served any more, though the session lives on. */
  close(code: number, reason: string): void {
    for (const follower of [...this.#followers]) follower.end(code, reason);
  }

  /** The seat that was left the longest ago makes room; those whose socket is there stay. */
  #makeRoom(): void {
    if (this.seats.size < this.#settings.mostFollowers) return;
    let oldest: [string, Seat] | undefined;
    for (const [name, seat] of this.seats) {
      if (seat.follower === undefined && (oldest === undefined || seat.usedAt < oldest[1].usedAt))
        oldest = [name, seat];
    }
    if (oldest === undefined)
      throw new SessionError('request/rate', { status: 429, message: 'Too many followers of one session.' });
    this.seats.delete(oldest[0]);
    oldest[1].channel.forgetWaiting();
  }

  /** What a task changed after its end, with what it kept of the document: nobody would ever store it. */
  #forgetStrays(): void {
    if (this.document.changed) this.document.undo();
  }
}
