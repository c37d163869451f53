import { SessionError } from '../../../protocol/errors.js';
import type { Outcome } from '../channel/outcome.js';
import type { Follower, FollowerLink } from './follower-link.js';
import { closeFor, cutReason } from './socket-close.js';
import { type Frame, frameOf, Inbox, messageIn } from './socket-inbox.js';
import type { SocketRules } from './socket-options.js';
import type { SocketEvents, SocketPort } from './socket-port.js';

/**
 * Who speaks first. `client-first`: the client, with what it had pending, and it is told nothing before that.
 * `server-first`: the server, right after the handshake (SC-81).
 */
export type SocketMode = 'client-first' | 'server-first';

/** Characters, or bytes, of a message that count as one. */
const each = 4096;

/** Stands in the queue for patches that do not come any more. */
const missing = Symbol();

/**
 * Speaks for one socket that follows a document. It has no timer and no listener of its own: a thousand idle ones cost little
 * more than their connections.
 */
export class SocketFollower implements Follower, SocketEvents {
  readonly #port: SocketPort;
  readonly #link: FollowerLink;
  readonly #rules: SocketRules;
  #isBegun: boolean;
  #isOver = false;
  /** Whether a message is at work. */
  #isBusy = false;
  /** Whether too much waits for the client to be read: until it is gone, nothing is sent. */
  #isStuck = false;
  /** Whether something was not sent for that reason. */
  #isOwed = false;
  /** Whether the last ping is all that happened since it was sent. */
  #isUnanswered = false;
  #inbox: Inbox<Frame | typeof missing> | undefined;
  /** When the client may send a whole burst again. */
  #restedAt = 0;
  /** What waited for the client when it last became less, and when that was; 0 = nobody watches it. */
  #left = 0;
  #leftAt = 0;
  /** The client's version after which a patch is missing, as seen by the last tick; -1 = none is. */
  #gap = -1;

  constructor(port: SocketPort, link: FollowerLink, rules: SocketRules, mode: SocketMode) {
    this.#port = port;
    this.#link = link;
    this.#rules = rules;
    this.#isBegun = mode === 'server-first';
  }

  /** Call it once, when the session knows of this follower: it may end at once. */
  begin(): void {
    if (this.#isBegun) this.#link.whenFree(() => this.#tell(false, false));
  }

  publish(): void {
    if (!this.#isBegun || this.#isOver) return;
    if (this.#isStuck) {
      this.#isOwed = true;
      return;
    }
    try {
      if (this.#link.channel.isBehind) this.#send(this.#link.channel.take(), false);
    } catch (error) {
      this.#fail(error);
    }
  }

  end(code: number, reason: string): void {
    if (this.#leave()) this.#port.close(code, cutReason(reason));
  }

  tick(): void {
    if (this.#isOver) return;
    if (this.#port.buffered > 0) this.#expectReading();
    else this.#expectLife();
    if (!this.#isOver) this.#expectMissing();
  }

  message(data: Uint8Array | string, binary: boolean): void {
    // A long one is as much work as several.
    if (!this.#heard(1 + Math.floor(data.length / each))) return;
    const frame = frameOf(data, binary);
    this.#enter(frame, frame.text?.length ?? 0);
  }

  pong(): void {
    this.#heard(1);
  }

  drained(): void {
    this.#left = 0;
    if (!this.#isStuck) return;
    // It was asked for before that much waited.
    if (this.#port.buffered > 0) this.#watch();
    else if (this.#isOwed) this.#link.whenFree(() => this.#catchUp());
    else this.#isStuck = false;
  }

  closed(): void {
    this.#leave();
  }

  /** Whether it may go on. Pings count as messages: they cost us as much as empty ones. */
  #heard(messages: number): boolean {
    if (this.#isOver) return false;
    this.#isUnanswered = false;
    const { burst, perSecond, now } = this.#rules;
    const [time, rest] = [now(), 1000 / perSecond];
    let ahead = this.#restedAt - time;
    // The second happens when the clock was set back.
    if (ahead < 0 || ahead > burst * rest + 1) ahead = 0;
    // Half a message of tolerance, since fractions of milliseconds do not add up. One that is longer than a burst is let
    // through after a rest, since it may be allowed to be that long.
    if (ahead + Math.min(messages, burst) * rest > (burst + 0.5) * rest) {
      this.end(1008, 'request/rate');
      return false;
    }
    this.#restedAt = time + ahead + Math.min(messages, burst) * rest;
    return true;
  }

  #enter(entry: Frame | typeof missing, size: number): void {
    if (!this.#isBusy) {
      this.#isBusy = true;
      this.#work(entry);
      return;
    }
    this.#inbox ??= new Inbox();
    if (!this.#inbox.put(entry, size, this.#rules)) this.end(1008, 'request/rate: too much waits');
  }

  /** One after the other, in the order in which they came. Never rejects. */
  async #work(first: Frame | typeof missing): Promise<void> {
    try {
      let entry: Frame | typeof missing | undefined = first;
      while (entry !== undefined) {
        await this.#handle(entry);
        entry = this.#inbox?.take();
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#isBusy = false;
    this.#inbox = undefined;
  }

  async #handle(entry: Frame | typeof missing): Promise<void> {
    const link = this.#link;
    const binary = entry !== missing && entry.binary;
    const answer = (outcome: Outcome) => this.#answer(outcome, binary);
    if (entry === missing) await link.skipMissing(answer);
    else if (this.#isBegun) await link.receive(messageIn(entry), answer);
    else await link.reconnect(messageIn(entry), answer);
  }

  /** Does not throw: whoever calls has a session in its hands. */
  #answer(outcome: Outcome, binary: boolean): void {
    if (this.#isOver) return;
    if (outcome.kind === 'rejected') {
      this.end(outcome.closeCode, outcome.reason);
      return;
    }
    if (!this.#isBegun) {
      this.#isBegun = true;
      this.#tell(true, binary);
      return;
    }
    if (this.#isStuck) {
      // What arrives at a slow reader answers its ping, too.
      if (outcome.kind === 'applied') this.#isOwed = true;
      return;
    }
    try {
      const text = this.#link.channel.answer(outcome, 'socket');
      if (text !== undefined) this.#send(text, binary);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** However much a slow reader missed, it gets one message. */
  #catchUp(): void {
    this.#isStuck = false;
    this.#isOwed = false;
    this.#tell(true, false);
  }

  #tell(whole: boolean, binary: boolean): void {
    if (this.#isOver) return;
    try {
      this.#send(this.#link.channel.take({ whole }), binary);
    } catch (error) {
      this.#fail(error);
    }
  }

  #send(text: string, binary: boolean): void {
    const { snapshotLimit, bufferLimit, onError } = this.#rules;
    // A character has at most three bytes, so short texts need not be measured.
    if (text.length * 3 > snapshotLimit && Buffer.byteLength(text) > snapshotLimit) {
      onError(new SessionError('session/size', { message: 'The document is too large for its sockets.' }));
      this.end(1009, 'session/size: the document is too large to be sent');
      return;
    }
    this.#port.send(text, binary);
    if (this.#isStuck || this.#port.buffered <= bufferLimit) return;
    this.#isStuck = true;
    this.#watch();
  }

  /** Sees to it that what waits for the client is read some time. */
  #watch(): void {
    if (this.#left > 0) return;
    this.#left = this.#port.buffered;
    this.#leftAt = this.#rules.now();
    this.#port.tellDrained();
  }

  /** For a client that has something to read: it must have read some of it since `stallLimit`. */
  #expectReading(): void {
    this.#isUnanswered = false;
    const { buffered } = this.#port;
    const time = this.#rules.now();
    if (this.#left === 0) this.#watch();
    else if (buffered < this.#left) {
      this.#left = buffered;
      this.#leftAt = time;
    } else if (time - this.#leftAt >= this.#rules.stallLimit) this.#drop();
  }

  /** For any other: it must have said something since the last tick, a pong at least. */
  #expectLife(): void {
    if (this.#isUnanswered) {
      this.#drop();
      return;
    }
    this.#isUnanswered = true;
    this.#port.ping();
  }

  /** What is missing since the last tick was lost. */
  #expectMissing(): void {
    const { waiting, clientVersion } = this.#link.channel;
    const isLost = waiting > 0 && this.#gap === clientVersion;
    this.#gap = waiting > 0 && !isLost ? clientVersion : -1;
    if (isLost) this.#enter(missing, 0);
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    const { code, reason, isFault } = closeFor(error, this.#rules.closing);
    if (isFault) this.#rules.onError(error);
    this.end(code, reason);
  }

  #drop(): void {
    if (this.#leave()) this.#port.terminate();
  }

  /** Whether this was the first goodbye. */
  #leave(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#inbox = undefined;
    this.#link.detach(this);
    return true;
  }
}
