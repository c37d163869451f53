import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { EndReason } from '../../protocol/messages.js';
import { SessionNotFound } from './errors.js';
import { demand, type Policy } from './sessions-options.js';
import type { SessionRecord } from './store.js';

/** A session that is over, as a destroy callback sees it. */
export interface SessionEnd
  extends Pick<SessionRecord, 'id' | 'uid' | 'userData' | 'data' | 'labels' | 'created'> {
  /** `revoked` also where a store forgot why, see `EndedQueue`. */
  readonly reason: EndReason;
  /** When it ended, in milliseconds since the epoch. */
  readonly at: number;
}

/** What it throws, or rejects with, goes to `onError`; the others run all the same. */
export type DestroyCallback = (end: SessionEnd) => void | Promise<void>;

/** Callbacks for sessions that are over. */
export interface Ends {
  /** Each end once among all processes that share the store; see `Sessions.onDestroy`. Gives what takes it back. */
  onAny(callback: DestroyCallback): () => void;
  /**
   * The end of one session, in this process. Gives what takes it back. Rejects with `SessionNotFound` when it is over
   * already.
   */
  onOne(id: string, callback: DestroyCallback): Promise<() => void>;
  /** Runs the callbacks of what has ended since the last time, and waits for them. Never rejects. */
  tell(): Promise<void>;
}

const batch = 64;
/** Milliseconds for a batch of callbacks; what is not done by then, somebody else does too. */
const leaseMs = 60_000;

/** Of its own, since the same function may be there twice. */
interface Callback {
  readonly call: DestroyCallback;
}

interface Watched {
  /** As it was when the callback came. */
  record: SessionRecord | undefined;
  readonly callbacks: Set<Callback>;
}

/** The callback that the running code is part of. */
interface Calling {
  /** Whose callback it is: the sessions of one store. */
  readonly of: object;
  readonly outer: Calling | undefined;
}

/** One for the whole process: each further one that was ever used would make every promise of it slower. */
const calling = new AsyncLocalStorage<Calling>();

export function createEnds({ store, now, onError }: Policy): Ends {
  const owner = randomUUID();
  const anyCallbacks = new Set<Callback>();
  const watched = new Map<string, Watched>();
  let cursor: Promise<string> | undefined;
  let running: Promise<void> | undefined;
  let again = false;
  /** How many wait for the cursor. */
  let arriving = 0;

  /** One that ends a session must not wait for itself. */
  function isCallback(): boolean {
    for (let now = calling.getStore(); now !== undefined; now = now.outer)
      if (now.of === watched) return true;
    return false;
  }

  async function run(callbacks: Iterable<Callback>, end: SessionEnd): Promise<void> {
    // Whoever comes while they run comes for the next end.
    for (const { call } of [...callbacks]) {
      try {
        await calling.run({ of: watched, outer: calling.getStore() }, async () => call(end));
      } catch (error) {
        onError(error);
      }
    }
  }

  async function endOne(record: SessionRecord, reason: EndReason, at: number): Promise<void> {
    const found = watched.get(record.id);
    if (found === undefined) return;
    watched.delete(record.id);
    await run(found.callbacks, endOf(record, reason, at));
  }

  async function follow(): Promise<void> {
    if (watched.size === 0) {
      if (arriving > 0) return;
      cursor = undefined;
      return;
    }
    for (;;) {
      const news = await store.ended.since(await cursor, batch);
      cursor = Promise.resolve(news.cursor);
      if (news.lost) await lookAfterAll();
      for (const { record, reason, at } of news.ended) await endOne(record, reason, at);
      if (news.ended.length === 0) return;
    }
  }

  async function lookAfterAll(): Promise<void> {
    for (const [id, { record }] of [...watched]) {
      if (record === undefined || (await store.get(id)) !== undefined) continue;
      await endOne(record, 'revoked', now());
    }
  }

  async function share(): Promise<void> {
    while (anyCallbacks.size > 0) {
      const claimed = await store.ended.claim(owner, batch, leaseMs, now());
      if (claimed.length === 0) return;
      for (const { record, reason, at } of claimed) {
        await run(anyCallbacks, endOf(record, reason, at));
      }
      await store.ended.ack(
        owner,
        claimed.map(({ entry }) => entry),
      );
    }
  }

  async function tellAll(): Promise<void> {
    do {
      again = false;
      try {
        await follow();
        await share();
      } catch (error) {
        onError(error);
      }
    } while (again);
  }

  return {
    onAny(callback) {
      demand(store, 'ended', 'onDestroy');
      const entry = { call: callback };
      anyCallbacks.add(entry);
      return () => void anyCallbacks.delete(entry);
    },

    async onOne(id, callback) {
      demand(store, 'ended', 'onDestroy');
      arriving += 1;
      try {
        // First the place in the queue, then the name in the list, then the look at the session: whatever is there at the
        // end of this ends after that place, and is heard of.
        cursor ??= store.ended.since(undefined, 1).then((news) => news.cursor);
        await cursor;
      } catch (error) {
        cursor = undefined;
        throw error;
      } finally {
        arriving -= 1;
      }
      const entry: Watched = watched.get(id) ?? { record: undefined, callbacks: new Set() };
      const own: Callback = { call: callback };
      entry.callbacks.add(own);
      watched.set(id, entry);
      const takeBack = (): void => {
        entry.callbacks.delete(own);
        if (entry.callbacks.size === 0 && watched.get(id) === entry) watched.delete(id);
      };
      try {
        entry.record = await store.get(id);
      } catch (error) {
        takeBack();
        throw error;
      }
      if (entry.record === undefined && watched.get(id) === entry) {
        watched.delete(id);
        throw new SessionNotFound(id);
      }
      return takeBack;
    },

    async tell() {
      if (watched.size === 0 && anyCallbacks.size === 0) return;
      again = true;
      running ??= tellAll().finally(() => {
        running = undefined;
      });
      if (!isCallback()) await running;
    },
  };
}

function endOf(record: SessionRecord, reason: EndReason, at: number): SessionEnd {
  const { id, uid, userData, data, labels, created } = record;
  return { id, uid, userData, data, labels, created, reason, at };
}
