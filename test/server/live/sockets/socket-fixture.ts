import type { Json } from '../../../../src/protocol/messages.js';
import { Channel } from '../../../../src/server/live/channel/channel.js';
import { Feed } from '../../../../src/server/live/channel/feed.js';
import type { Answer, FollowerLink } from '../../../../src/server/live/sockets/follower-link.js';
import { SocketFollower, type SocketMode } from '../../../../src/server/live/sockets/socket-follower.js';
import { readSocketRules, type SocketOptions } from '../../../../src/server/live/sockets/socket-options.js';
import type { SocketPort } from '../../../../src/server/live/sockets/socket-port.js';
import { testClock } from '../../fixture.js';
import { PlainDocument } from '../document/plain-document.js';

/** Lets everything go on that can. */
export const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** The smallest live session: a document, those who follow it, and one at a time. */
export class Room {
  readonly clock = testClock();
  readonly failures: unknown[] = [];
  readonly document: PlainDocument;
  readonly feed: Feed;
  readonly rules;
  readonly followers = new Set<SocketFollower>();
  /** What the link rejects with. */
  failure: unknown;
  /** What every use of the session waits for. */
  gate: Promise<void> = Promise.resolve();

  constructor(root: Json | undefined, options: SocketOptions & { readonly versioning?: boolean } = {}) {
    const { versioning = true, ...rules } = options;
    this.document = new PlainDocument(root);
    this.feed = new Feed(this.document, { versioning });
    const onError = (error: unknown) => this.failures.push(error);
    this.rules = readSocketRules({ now: this.clock.now, onError, ...rules });
  }

  /** Nobody gets the session before the function that it gives is called. */
  hold(): () => void {
    let release = (): void => undefined;
    this.gate = new Promise((resolve) => {
      release = resolve;
    });
    return release;
  }

  join(port: SocketPort, mode: SocketMode = 'server-first', channel = new Channel(this.feed)) {
    const link = new RoomLink(this, channel);
    const follower = new SocketFollower(port, link, this.rules, mode);
    link.follower = follower;
    this.followers.add(follower);
    follower.begin();
    return { follower, link, channel };
  }

  /** A change by the server. */
  set(key: string, value: Json): void {
    this.document.change(['replace', [key], value]);
    for (const follower of this.followers) follower.publish();
  }

  tick(ms = 30_000): void {
    this.clock.time += ms;
    for (const follower of this.followers) follower.tick();
  }
}

class RoomLink implements FollowerLink {
  follower: SocketFollower | undefined;
  detached = 0;
  received: unknown[] = [];

  constructor(
    readonly room: Room,
    readonly channel: Channel,
  ) {}

  receive(message: unknown, answer: Answer): Promise<void> {
    return this.#use(() => {
      this.received.push(message);
      answer(this.channel.receive(message));
    });
  }

  reconnect(message: unknown, answer: Answer): Promise<void> {
    return this.#use(() => answer(this.channel.reconnect(message)));
  }

  skipMissing(answer: Answer): Promise<void> {
    return this.#use(() => answer(this.channel.skipMissing()));
  }

  whenFree(work: () => void): void {
    work();
  }

  detach(): void {
    this.detached += 1;
    if (this.follower) this.room.followers.delete(this.follower);
  }

  async #use(work: () => void): Promise<void> {
    await this.room.gate;
    if (this.room.failure !== undefined) throw this.room.failure;
    work();
    for (const other of this.room.followers) if (other !== this.follower) other.publish();
  }
}

/** A socket that keeps what it is told. */
export class TestPort implements SocketPort {
  readonly sent: (readonly [text: string, binary: boolean])[] = [];
  /** How it was closed: code and reason, or `dropped`. */
  goodbye: string | undefined;
  pings = 0;
  buffered = 0;
  drains = 0;

  get texts(): readonly string[] {
    return this.sent.map(([text]) => text);
  }

  send(text: string, binary: boolean): void {
    this.sent.push([text, binary]);
  }

  ping(): void {
    this.pings += 1;
  }

  close(code: number, reason: string): void {
    this.goodbye ??= `${code} ${reason}`;
  }

  terminate(): void {
    this.goodbye ??= 'dropped';
  }

  tellDrained(): void {
    this.drains += 1;
  }
}
