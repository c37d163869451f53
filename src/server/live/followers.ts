import { type ErrorCode, SessionError } from '../../protocol/errors.js';
import type { EndReason } from '../../protocol/messages.js';
import type { Channel } from './channel/channel.js';
import { applied, type Outcome } from './channel/outcome.js';
import type { OpenSession, Seat } from './open-session.js';
import type { OpenSessions } from './open-sessions.js';
import { SeatLink } from './seat-link.js';
import type { Follower } from './sockets/follower-link.js';
import { cutReason, passing } from './sockets/socket-close.js';
import { SocketFollower, type SocketMode } from './sockets/socket-follower.js';
import type { SocketRules } from './sockets/socket-options.js';
import type { SocketEvents, SocketPort } from './sockets/socket-port.js';
import type { Uses } from './uses.js';

/** What became of a client's message, and what it is answered with: JSON text. */
export interface Reply {
  readonly outcome: Outcome;
  /** Empty when the message was refused. */
  readonly body: string;
}

/** A session that a socket may follow. */
export interface Followable {
  /** Lets a socket follow it, by the name that its client goes by. */
  attach(name: string, mode: SocketMode, port: SocketPort): SocketEvents;
}

/**
 * Those who follow sessions, over HTTP and over sockets. `name` = what a client of a session calls itself, '' = nothing: then it is the one
 * that got the document last. All reject as `Uses.carryOut` does.
 */
export interface Followers {
  /** The document, for a client that begins (SC-60). */
  start(id: string, name: string): Promise<string>;
  /** Takes a client's patch (SC-63). `whole`: answer with the document (SC-68). */
  patch(id: string, name: string, message: unknown, whole: boolean): Promise<Reply>;
  /** Takes what a client had pending, and answers with the document (SC-70). */
  reconnect(id: string, name: string, message: unknown): Promise<Reply>;
  /** What changed since the client last heard of it, as a patch (SC-69). */
  changes(id: string, name: string): Promise<string>;
  /** Rejects with `session/not-found` when there is none. */
  followable(id: string): Promise<Followable>;
  /** For a socket that may not follow anything: says why, and is closed. */
  dismiss(why: ErrorCode | EndReason, port: SocketPort): SocketEvents;
}

export interface FollowersOptions {
  readonly replaces: boolean;
  readonly mostFollowers: number;
  readonly sockets: SocketRules;
}

export function createFollowers<Data>(
  uses: Uses<Data>,
  opened: OpenSessions<Data>,
  { replaces, mostFollowers, sockets }: FollowersOptions,
): Followers {
  /** Where a client sits that may have been here before. */
  const seatOf = (open: OpenSession, name: string): Seat => open.seats.get(name) ?? open.sit(name);

  /** The socket whose place a new one takes. */
  function sitting(open: OpenSession, name: string): Follower | undefined {
    return name === '' ? undefined : open.seats.get(name)?.follower;
  }

  /** Where a socket sits: with what its client got over HTTP, unless another socket goes on from there. */
  function seatFor(open: OpenSession, name: string): Seat {
    const seat = open.seats.get(name);
    return seat === undefined || seat.follower !== undefined ? open.sit(name) : seat;
  }

  /** Does something with the channel of a client, and gives what it makes of it once that is stored. */
  async function withChannel<T>(
    id: string,
    seat: (open: OpenSession) => Seat,
    work: (channel: Channel) => () => T,
  ): Promise<T> {
    let result: { readonly value: T } | undefined;
    await uses.carryOut(id, (open) => {
      const at = seat(open);
      open.seatUsed(at);
      const finish = work(at.channel);
      return () => {
        result = { value: finish() };
      };
    });
    if (result === undefined) throw new SessionError('server/failed', { status: 500 });
    return result.value;
  }

  function attach(open: OpenSession, name: string, mode: SocketMode, port: SocketPort): SocketEvents {
    if (open.over !== undefined) return dismiss(open.over, port);
    if (!opened.has(open)) return goodbye(1013, 'session/busy', port);
    if (replaces) for (const other of [...open.followers]) other.end(1000, '');
    sitting(open, name)?.end(1000, '');
    if (open.followers.size >= mostFollowers) return goodbye(1008, 'request/rate', port);
    const seat = seatFor(open, name);
    const link = new SeatLink(open, seat, uses, opened);
    const follower = new SocketFollower(port, link, sockets, mode);
    open.attach(seat, follower);
    opened.used(open);
    follower.begin();
    return follower;
  }

  function dismiss(why: ErrorCode | EndReason, port: SocketPort): SocketEvents {
    const code = passing.get(why);
    const close = code === undefined ? sockets.closing(why) : { code, reason: why };
    return goodbye(close.code, close.reason, port);
  }

  return {
    start: (id, name) =>
      withChannel(
        id,
        (open) => open.sit(name),
        (channel) => () => channel.start(),
      ),

    patch: (id, name, message, whole) =>
      withChannel(
        id,
        (open) => seatOf(open, name),
        (channel) => {
          const outcome = channel.receive(message);
          return () => ({
            outcome,
            body:
              whole && outcome.kind !== 'rejected'
                ? channel.whole()
                : (channel.answer(outcome, 'http') ?? ''),
          });
        },
      ),

    reconnect: (id, name, message) =>
      withChannel(
        id,
        (open) => {
          const seat = seatOf(open, name);
          // What a client leaves behind when it lost its connection (SC-70).
          seat.follower?.end(1000, '');
          return seat;
        },
        (channel) => {
          const outcome = channel.reconnect(message);
          return () => ({ outcome, body: outcome.kind === 'rejected' ? '' : channel.whole() });
        },
      ),

    changes: (id, name) =>
      withChannel(
        id,
        (open) => seatOf(open, name),
        (channel) => () => channel.answer(applied, 'http') ?? '',
      ),

    async followable(id) {
      let found: OpenSession | undefined;
      await uses.carryOut(id, (open) => {
        found = open;
        open.expect();
        return () => undefined;
      });
      const open = found as OpenSession;
      return { attach: (name, mode, port) => attach(open, name, mode, port) };
    },

    dismiss,
  };
}

/** Nobody listens to what such a socket still says. */
const deaf: SocketEvents = { message() {}, pong() {}, drained() {}, closed() {} };

function goodbye(code: number, reason: string, port: SocketPort): SocketEvents {
  port.close(code, cutReason(reason));
  return deaf;
}
