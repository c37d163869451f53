import { SessionError } from '../../protocol/errors.js';
import type { Channel } from './channel/channel.js';
import type { Outcome } from './channel/outcome.js';
import type { OpenSession, Seat } from './open-session.js';
import type { OpenSessions } from './open-sessions.js';
import type { Answer, Follower, FollowerLink } from './sockets/follower-link.js';
import type { Uses } from './uses.js';

/** What a socket that sits somewhere asks of its session. A class: there may be a great many. */
export class SeatLink implements FollowerLink {
  readonly #open: OpenSession;
  readonly #seat: Seat;
  readonly #uses: Pick<Uses<never>, 'carryOut'>;
  readonly #opened: Pick<OpenSessions<never>, 'used'>;

  constructor(
    open: OpenSession,
    seat: Seat,
    uses: Pick<Uses<never>, 'carryOut'>,
    opened: Pick<OpenSessions<never>, 'used'>,
  ) {
    this.#open = open;
    this.#seat = seat;
    this.#uses = uses;
    this.#opened = opened;
  }

  get channel(): Channel {
    return this.#seat.channel;
  }

  receive(message: unknown, answer: Answer): Promise<void> {
    return this.#carryOut(() => this.channel.receive(message), answer);
  }

  reconnect(message: unknown, answer: Answer): Promise<void> {
    return this.#carryOut(() => this.channel.reconnect(message), answer);
  }

  skipMissing(answer: Answer): Promise<void> {
    return this.#carryOut(() => this.channel.skipMissing(), answer);
  }

  whenFree(work: () => void): void {
    this.#open.whenFree(work);
  }

  detach(follower: Follower): void {
    this.#open.detach(this.#seat, follower);
    this.#opened.used(this.#open);
  }

  #carryOut(work: () => Outcome, answer: Answer): Promise<void> {
    return this.#uses.carryOut(this.#open.id, (found) => {
      // Another document took its place: what this one says nobody stores.
      if (found !== this.#open) throw new SessionError('session/busy', { status: 503 });
      const outcome = work();
      return () => answer(outcome);
    });
  }
}
