import { SessionNotFound } from '../core/errors.js';
import type { IssuedId } from '../core/ids.js';
import type { Session } from '../core/session.js';
import type { Sessions } from '../core/sessions.js';

/** Gives sessions new ids, one at a time each. */
export interface Rotations<Data> {
  /**
   * Begins the successor of `old`, then ends `old`. Whoever asks for the very same while that goes on, or shortly after, in a
   * request that began before it, gets the same successor (S13). Rejects with `SessionNotFound` when `old` is over already,
   * unless `proven`: then its end does not matter.
   */
  replace(rotation: Rotation<Data>): Promise<Successor<Data>>;
  /** Ends whatever has just taken the place of this session: for a sign-out that came too late for the session itself (S20). */
  endAfter(id: string): Promise<void>;
}

export interface Rotation<Data> {
  readonly old: Session<Data>;
  /**
   * Says what the successor is to be: whose it is and what it keeps. Whoever asks for something else must not get it: where
   * an id was planted (session fixation), two can ask for its successor who are not the same.
   */
  readonly content: string;
  /** Whether whoever asks has proved just now who they are. */
  readonly proven: boolean;
  /** The successor. `tooLate` = the old one had ended before, so that nothing of it may come back. */
  readonly begin: (tooLate: boolean) => Promise<Session<Data>>;
}

export interface Successor<Data> {
  /** The caller's own. */
  readonly session: Session<Data>;
  /** The secret that travels. */
  readonly wire: string | undefined;
  /** Whether it was signed out since: nobody is to be told of it any more. */
  isOver(): boolean;
}

/** Milliseconds for which a successor is remembered: longer than any two requests that a page sends at once are apart. */
const remembered = 10_000;
/** More than this at once, and the oldest are forgotten: their latecomers get a 401. */
const mostRemembered = 10_000;

interface Done {
  readonly content: string;
  readonly successor: Promise<Pick<IssuedId, 'id'> & { readonly wire: string | undefined }>;
  over: boolean;
}

interface Place {
  readonly at: number;
  readonly taken: Set<Done>;
}

/** Known to this process only: where several share a store, a latecomer in another gets `session/not-found`. */
export function createRotations<Data>(sessions: Sessions<Data>, now: () => number): Rotations<Data> {
  /** By the id of the old session, in the order of their time. */
  const places = new Map<string, Place>();

  function forgetOld(): void {
    for (const [id, { at }] of places) {
      if (at + remembered > now() && places.size <= mostRemembered) return;
      places.delete(id);
    }
  }

  function takenOf(id: string): Set<Done> {
    forgetOld();
    const place = places.get(id) ?? { at: now(), taken: new Set() };
    places.set(id, place);
    return place.taken;
  }

  /** `false` = it was over before. What has expired is (S18). */
  async function end(old: Session<Data>): Promise<boolean> {
    // Somebody else may have used it since, and then it lives on.
    if (old.hasExpired()) await old.touch();
    return sessions.destroy(old.id, 'revoked');
  }

  /**
   * The new one first, of which nobody knows yet: so a store that fails costs nobody their session, and whoever ends all
   * sessions of a user finds one of the two at any moment (S21).
   */
  async function rotate({ old, proven, begin }: Rotation<Data>): Promise<Session<Data>> {
    const next = await begin(false);
    try {
      if (await end(old)) return next;
      throw new SessionNotFound(old.id);
    } catch (error) {
      // Nobody has heard of it; where not even this works, it expires.
      await sessions.destroy(next.id, 'revoked').catch(() => {});
      if (!proven || !(error instanceof SessionNotFound)) throw error;
      return begin(true);
    }
  }

  async function first(rotation: Rotation<Data>, taken: Set<Done>): Promise<Successor<Data>> {
    const session = rotate(rotation);
    // No more of it than latecomers need: data can be large.
    const successor = session.then(({ id, wire }) => ({ id, wire }));
    const done: Done = { content: rotation.content, successor, over: false };
    taken.add(done);
    successor.catch(() => taken.delete(done));
    const mine = await session;
    return { session: mine, wire: mine.wire, isOver: () => done.over };
  }

  async function late(done: Done): Promise<Successor<Data>> {
    const { id, wire } = await done.successor;
    // Each request has its own copy. And it may have been signed out meanwhile: nothing brings it back (S20).
    return { session: await sessions.get(id), wire, isOver: () => done.over };
  }

  async function endAfter(id: string): Promise<void> {
    for (const done of places.get(id)?.taken ?? []) {
      const successor = await done.successor.catch(() => undefined);
      if (successor === undefined) continue;
      await sessions.destroy(successor.id);
      done.over = true;
      await endAfter(successor.id);
    }
  }

  return {
    replace(rotation) {
      const taken = takenOf(rotation.old.id);
      for (const done of taken) if (done.content === rotation.content) return late(done);
      return first(rotation, taken);
    },
    endAfter,
  };
}
