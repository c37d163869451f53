import { AsyncLocalStorage } from 'node:async_hooks';
import { SessionError } from '../../protocol/errors.js';
import { SessionNotFound } from '../core/errors.js';
import type { Sessions } from '../core/sessions.js';
import { LiveSession } from './live-session.js';
import type { OpenSession } from './open-session.js';
import type { Found, OpenSessions } from './open-sessions.js';
import { TaskUse } from './task-use.js';

/** Something to do with a session; null = there is none. */
export type Work<Data, Result> = (session: LiveSession<Data> | null) => Result | Promise<Result>;

export interface UseOptions {
  /** Whether it counts as an access. */
  readonly access: boolean;
  /** Milliseconds to wait for the session. */
  readonly waitMs: number;
  /** Whether it may be part of the use that the caller is in; else it comes after it. */
  readonly nested: boolean;
}

/** The one way in which the document of a session is changed, whoever changes it: alone, from what is stored, and stored before it is told. */
export interface Uses<Data> {
  /**
   * Runs `work` alone with the session. What it changed is stored and told when it ends, all of it or, when it fails, nothing. Where
   * another process changed the session meanwhile, it runs again with what is there now.
   */
  run<Result>(id: string, work: Work<Data, Result>, options: UseOptions): Promise<Result>;
  /**
   * Carries out what cannot run again, as patches of clients. `work` does it at once and gives what is called when it is
   * stored, before others are told. Rejects with `SessionNotFound` when there is no such session, and with `session/active`
   * within a task with the same session, which it would wait for.
   */
  carryOut(id: string, work: (open: OpenSession) => () => void): Promise<void>;
  /** The session to which something is being carried out right now. */
  readonly patched: LiveSession<Data> | undefined;
}

/** Nobody loses this often against writers of other processes. */
const mostAttempts = 20;

export function createUses<Data>(
  { exclusive }: Pick<Sessions<Data>, 'exclusive'>,
  opened: OpenSessions<Data>,
  waitMs: number,
): Uses<Data> {
  /** The sessions of the tasks that are at work. */
  const inTask = new Map<string, LiveSession<Data>>();
  /** The session to which something is carried out: tasks that it sets off come after it. */
  let patched: LiveSession<Data> | undefined;
  const outside = AsyncLocalStorage.snapshot();

  async function alone<Result>(
    id: string,
    access: boolean,
    work: (found: Found<Data> | undefined) => Promise<Result>,
  ): Promise<Result> {
    const found = await opened.open(id, access);
    if (found === undefined) return work(undefined);
    found.open.begin(found.session);
    try {
      return await work(found);
    } finally {
      opened.leave(found.open);
    }
  }

  function attempt<Result>(
    id: string,
    work: Work<Data, Result>,
    access: boolean,
  ): Promise<{ readonly result: Result } | undefined> {
    return alone(id, access, async (found) => {
      if (found === undefined) return { result: await work(null) };
      const use = new TaskUse(found, opened, access);
      inTask.set(id, use.live);
      try {
        const result = await work(use.live);
        await use.finish();
        return { result };
      } catch (error) {
        await use.fail();
        if (use.isLost) return undefined;
        throw error;
      } finally {
        inTask.delete(id);
        LiveSession.end(use.live);
      }
    });
  }

  async function again<Result>(id: string, work: Work<Data, Result>, access: boolean): Promise<Result> {
    const outer = inTask.get(id);
    // Called by a task with this very session: what both did is stored when that one ends.
    if (outer !== undefined) return work(outer);
    for (let pass = 0; pass < mostAttempts; pass += 1) {
      const done = await attempt(id, work, access);
      if (done !== undefined) return done.result;
    }
    throw new SessionError('session/busy', { status: 503 });
  }

  return {
    get patched() {
      return patched;
    },

    run(id, work, options) {
      const start = () =>
        exclusive.run(id, () => again(id, work, options.access), { waitMs: options.waitMs });
      return options.nested && patched === undefined ? start() : outside(start);
    },

    async carryOut(id, work) {
      // It would wait for the task that waits for it.
      if (patched === undefined && exclusive.isHeld(id)) throw inUse();
      const start = () =>
        alone(id, true, async (found) => {
          if (found === undefined) throw new SessionNotFound(id);
          const { open, session } = found;
          let answer: () => void;
          try {
            const seen = new LiveSession<Data>({ open, session, push: refuse, delete: refuse });
            patched = seen;
            try {
              answer = work(open);
            } finally {
              LiveSession.end(seen);
              patched = undefined;
            }
            if (open.isChanged || LiveSession.takeChange(seen))
              await open.store(session, { conflicts: 'merge' });
          } catch (error) {
            open.restore();
            throw error;
          }
          try {
            answer();
          } finally {
            open.publish();
          }
        });
      return outside(() => exclusive.run(id, start, { waitMs }));
    },
  };
}

/** A patch is stored as a whole, and a session does not end while one is at work. */
async function refuse(): Promise<never> {
  throw inUse();
}

function inUse(): SessionError {
  return new SessionError('session/active', { status: 500, message: 'A task with this session is at work.' });
}
