import { SessionError } from '../../protocol/errors.js';
import type { Sessions } from '../core/sessions.js';
import type { LiveSettings } from './live-options.js';
import type { LiveSession } from './live-session.js';
import type { Uses } from './uses.js';

/** Something to do with a session, and its id as it was given; null = there is no such session (any more) (SC-30). */
export type Task<Data> = (session: LiveSession<Data> | null, id: string) => unknown;

/** Work on one, many or all sessions. Each task has its session to itself. */
export interface Tasks<Data> {
  /**
   * Runs a task with one session, or with each of several in their order, an id that stands there twice twice (SC-30, SC-31). It
   * counts as an access. With `waitForCompletion` it resolves when all have ended, and rejects with what the task of one id
   * threw, or with an AggregateError of what those of a group threw: none keeps the others from running. Without, it resolves
   * at once, comes after the task that it is called from, and `onError` hears of failures. A task waits `waitMs` for its
   * session, then it fails with `session/busy`. It may run again where another process changed the session at the same time.
   */
  scheduleTask(id: string, task: Task<Data>, waitForCompletion?: boolean): Promise<void>;
  scheduleTask(ids: Iterable<string>, task: Task<Data>, waitForCompletion?: boolean): Promise<void>;
  /**
   * Runs a task with every session that lives and is not in use at that moment (SC-33), those of other processes too. It is no
   * access. Rejects with `store/unsupported` where the store cannot tell all.
   */
  forAll(task: Task<Data>, waitForCompletion?: boolean): Promise<void>;
  /** The later name of `scheduleTask` (SC-34). */
  runTask: Tasks<Data>['scheduleTask'];
  /** The later name of `forAll`. */
  runTaskForAll: Tasks<Data>['forAll'];
}

export function createTasks<Data>(
  sessions: Pick<Sessions<Data>, 'all' | 'supports'>,
  uses: Uses<Data>,
  { waitMs, parallel, onError }: Pick<LiveSettings, 'waitMs' | 'parallel' | 'onError'>,
): Tasks<Data> {
  const one = (id: string, task: Task<Data>, nested: boolean): Promise<unknown> =>
    uses.run(id, (session) => task(session, id), { access: true, waitMs, nested });

  /** Not in use, and no access. */
  async function passing(id: string, task: Task<Data>): Promise<void> {
    let isInUse = true;
    const passed = (session: LiveSession<Data> | null): unknown => {
      isInUse = false;
      return session === null ? undefined : task(session, id);
    };
    try {
      await uses.run(id, passed, { access: false, waitMs: 0, nested: false });
    } catch (error) {
      const isSkipped = isInUse && error instanceof SessionError && error.code === 'session/busy';
      if (!isSkipped) throw error;
    }
  }

  /** As many at once as may be, begun in their order; the first of them at once. */
  async function each(
    ids: AsyncIterator<string> | Iterator<string>,
    run: (id: string) => Promise<unknown>,
  ): Promise<void> {
    const failures: unknown[] = [];
    const worker = async (): Promise<void> => {
      for (;;) {
        try {
          const step = ids.next();
          const { done, value } = step instanceof Promise ? await step : step;
          if (done) return;
          await run(value);
        } catch (error) {
          failures.push(error);
        }
      }
    };
    await Promise.all(Array.from({ length: parallel }, worker));
    if (failures.length > 0) throw new AggregateError(failures, `${failures.length} tasks failed.`);
  }

  async function* living(): AsyncGenerator<string> {
    for await (const session of sessions.all()) if (!session.hasExpired()) yield session.id;
  }

  /** Nobody waits: a failure is told to whoever listens. */
  function unattended(work: Promise<unknown>): Promise<void> {
    work.catch((error: unknown) => {
      for (const failure of error instanceof AggregateError ? error.errors : [error]) onError(failure);
    });
    return Promise.resolve();
  }

  async function scheduleTask(
    ids: string | Iterable<string>,
    task: Task<Data>,
    waitForCompletion = false,
  ): Promise<void> {
    // Now, whatever becomes of the iterable meanwhile.
    const work =
      typeof ids === 'string'
        ? one(ids, task, waitForCompletion)
        : each([...ids].values(), (id) => one(id, task, waitForCompletion));
    if (waitForCompletion) await work;
    else await unattended(work);
  }

  async function forAll(task: Task<Data>, waitForCompletion = false): Promise<void> {
    if (!sessions.supports('all')) throw new SessionError('store/unsupported', { status: 501 });
    const work = each(living(), (id) => passing(id, task));
    if (waitForCompletion) await work;
    else await unattended(work);
  }

  return { scheduleTask, forAll, runTask: scheduleTask, runTaskForAll: forAll };
}
