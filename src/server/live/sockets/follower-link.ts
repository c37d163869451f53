import type { Channel } from '../channel/channel.js';
import type { Outcome } from '../channel/outcome.js';

/**
 * Called once what a client sent was carried out and stored, while nobody else uses the session: only now, and in
 * `Follower.publish` and `whenFree`, may the channel be asked what to send, and it must be sent at once. At other times a task may be
 * at work, whose changes nobody may see yet.
 */
export type Answer = (outcome: Outcome) => void;

/**
 * What a socket asks of the live session that it follows. Each of the three that take something waits for its turn with the
 * session, stores what changed, counts as an access, calls `answer` once and then tells the other followers. Rejects with a
 * `SessionError`, without calling `answer`: `session/not-found` and `session/expired` when the session is over,
 * `session/busy`, `store/unavailable`; then the document is as it was before.
 */
export interface FollowerLink {
  readonly channel: Channel;
  /** One message of the client, read from JSON; a ping too. */
  receive(message: unknown, answer: Answer): Promise<void>;
  /** What a client had pending when it lost its connection. */
  reconnect(message: unknown, answer: Answer): Promise<void>;
  /** The patches that the channel waits for will not come. */
  skipMissing(answer: Answer): Promise<void>;
  /** Does something that asks the channel: at once when nobody uses the session, else as soon as nobody does. */
  whenFree(work: () => void): void;
  /** The socket is closed: the session tells it nothing more. */
  detach(follower: Follower): void;
}

/** What a live session tells a socket that follows it. */
export interface Follower {
  /** The document changed: tell it, unless the socket is too slow. Nobody uses the session now. */
  publish(): void;
  /** The session is over, or this socket has to go for another reason. */
  end(code: number, reason: string): void;
  /** Called from time to time, every `pingInterval`: half-open connections are found here. */
  tick(): void;
}
