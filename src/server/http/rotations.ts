import { SessionNotFound } from '../core/errors.js';
import type { Session } from '../core/session.js';
import type { Sessions } from '../core/sessions.js';

/** Gives sessions new ids, one at a time each. */
export interface Rotations<Data> {
  /**
   * Ends `old`, then begins its successor for the user `uid`. Whoever asks for the same while that goes on, or shortly
   * after, in a request that began before it, gets the same successor (S13). Rejects with `SessionNotFound` when `old` is
   * over already, unless `anew`: then its end does not matter, since whoever asks has proved who they are.
   */
  replace(rotation: Rotation<Data>): Promise<Session<Data>>;
}

export interface Rotation<Data> {
  readonly old: Session<Data>;
  readonly uid: string | null;
  readonly anew: boolean;
  readonly begin: () => Promise<Session<Data>>;
}

/** Milliseconds for which a successor is remembered: longer than any two requests that a page sends at once are apart. */
const remembered = 10_000;
/** More than this at once, and the oldest are forgotten: their latecomers get a 401. */
const mostRemembered = 10_000;

interface Done<Data> {
  readonly successor: Promise<Session<Data>>;
  readonly at: number;
}

/** Known to this process only: where several share a store, a latecomer in another gets `session/not-found`. */
export function createRotations<Data>(sessions: Sessions<Data>, now: () => number): Rotations<Data> {
  /** In the order of their time. */
  const rotations = new Map<string, Done<Data>>();

  function forgetOld(): void {
    for (const [key, { at }] of rotations) {
      if (at + remembered > now() && rotations.size <= mostRemembered) return;
      rotations.delete(key);
    }
  }

  async function rotate({ old, anew, begin }: Rotation<Data>): Promise<Session<Data>> {
    const ended = await sessions.destroy(old.id, 'revoked');
    if (!ended && !anew) throw new SessionNotFound(old.id);
    return begin();
  }

  return {
    async replace(rotation) {
      forgetOld();
      const key = JSON.stringify([rotation.old.id, rotation.uid]);
      const running = rotations.get(key);
      if (running === undefined) {
        const successor = rotate(rotation);
        rotations.set(key, { successor, at: now() });
        successor.catch(() => rotations.delete(key));
        return successor;
      }
      const successor = await running.successor;
      // It may have been signed out in the meantime, and nothing brings it back (S20).
      if ((await sessions.find(successor.id)) === undefined) throw new SessionNotFound(successor.id);
      return successor;
    },
  };
}
