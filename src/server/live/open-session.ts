import { SessionError } from '../../protocol/errors.js';
import type { EndReason, Json } from '../../protocol/messages.js';
import { isJsonObject, isList } from '../core/json.js';
import type { Session } from '../core/session.js';
import { Channel } from './channel.js';
import { createDocument, type LiveDocument } from './document.js';
import { Feed } from './feed.js';
import type { Follower } from './follower-link.js';
import type { LiveSettings } from './live-options.js';
import { reconcile } from './reconcile.js';

/** How long before its end a session that is in use is touched: milliseconds. */
const margin = 5000;

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

  /** Whether it would be missed: somebody is there, or may come back. */
  isWanted(now: number): boolean {
    return this.isBusy || this.#followers.size > 0 || now < this.usedAt + this.#settings.remember;
  }

  /** Somebody works with it now. */
  begin(session: Session<unknown>): void {
    this.#forgetStrays();
    this.isBusy = true;
    this.#user = session;
  }

  /** Nobody does any more: those that waited for it go on. */
  release(): void {
    this.isBusy = false;
    this.#user = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const work of waiting) work();
  }

  /** In use, it does not die (SC-08). */
  async keepAlive(now: number): Promise<void> {
    if (this.#user === undefined || now + margin < this.#expiry.at) return;
    this.noteExpiry(await this.#user.touch());
  }

  /** Brings the document to what is stored, whoever stored it. */
  follow(session: Session<unknown>): void {
    if (this.#version !== session.version) this.show(session.toJSON().data);
    this.#version = session.version;
    this.noteExpiry(session);
  }

  /** The document was stored; what others had stored meanwhile may have been merged in. */
  stored(session: Session<unknown>): void {
    this.feed.catchUp();
    if (session.version === this.#version + 1) this.#version = session.version;
    this.follow(session);
  }

  /** Changes the document to this one, by as little as that takes. */
  show(data: Json): void {
    reconcile(this.document, data);
    this.feed.catchUp();
  }

  noteExpiry({ expiresAt, latestEnd }: Pick<Session<unknown>, 'expiresAt' | 'latestEnd'>): void {
    this.#expiry = { at: expiresAt, reason: expiresAt >= latestEnd ? 'absolute' : 'idle' };
  }

  /** A place for a client that begins. */
  sit(name: string): Seat {
    const { channel: options } = this.#settings;
    const seat: Seat = {
      channel: new Channel(this.feed, options),
      follower: undefined,
      usedAt: this.#settings.now(),
    };
    this.seats.delete(name);
    this.#makeRoom();
    this.seats.set(name, seat);
    return seat;
  }

  attach(seat: Seat, follower: Follower): void {
    seat.follower = follower;
    this.#followers.add(follower);
  }

  detach(seat: Seat, follower: Follower): void {
    this.#followers.delete(follower);
    if (seat.follower === follower) seat.follower = undefined;
    seat.usedAt = this.#settings.now();
    this.usedAt = seat.usedAt;
  }

  /** Tells all who follow what was stored. */
  publish(): void {
    for (const follower of this.#followers) follower.publish();
  }

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
    const { code, reason: text } = this.#settings.closing(reason);
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
  }

  /** What a task changed after its end, with what it kept of the document: nobody would ever store it. */
  #forgetStrays(): void {
    if (this.document.changed) this.document.undo();
  }
}
