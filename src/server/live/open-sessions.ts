import { AsyncLocalStorage } from 'node:async_hooks';
import type { EndReason } from '../../protocol/messages.js';
import { SessionNotFound } from '../core/errors.js';
import type { Session } from '../core/session.js';
import type { Sessions } from '../core/sessions.js';
import type { LiveSettings } from './live-options.js';
import { OpenSession } from './open-session.js';

/** A session as it is stored, and its document. */
export interface Found<Data> {
  readonly session: Session<Data>;
  readonly open: OpenSession;
}

/** The sessions whose documents are in memory. */
export interface OpenSessions<Data> {
  /**
   * A session with its document as it is stored now; `undefined` = there is none. `access`: whether this counts as one. To be
   * called by whoever has the session to themselves.
   */
  open(id: string, access: boolean): Promise<Found<Data> | undefined>;
  /** Whoever had it has done: what comes of `open` ends with this. */
  leave(open: OpenSession): void;
  /** Somebody came or left: it is forgotten later. */
  used(open: OpenSession): void;
  /** Its session is over. */
  end(open: OpenSession, reason: EndReason): void;
  /** Whether this is the document of its session, and will be told of what happens to it. */
  has(open: OpenSession): boolean;
  /** How many documents there are. */
  readonly size: number;
  /** Forgets all documents, and tells who follows that the server goes. */
  close(): void;
}

/** How soon the browser is told of an end that nobody in this process brought about, in milliseconds. */
const second = 1000;

export function createOpenSessions<Data>(
  sessions: Sessions<Data>,
  settings: LiveSettings,
): OpenSessions<Data> {
  const { now, timers, onError, mostIdle, pingInterval } = settings;
  const all = new Map<string, { readonly open: OpenSession; readonly unwatch: () => void }>();
  /** Those that nobody follows, the longest unused first. */
  const idle = new Set<OpenSession>();
  const hearsEnds = sessions.supports('ended');
  let timer: unknown;
  let sincePing = 0;
  let isClosed = false;
  // A timer is nobody's: whoever was the first to use a session would be remembered, and be in all that it sets off.
  const outside = AsyncLocalStorage.snapshot();

  // Others may store without asking us: handlers of requests.
  const unhear = sessions.onSave((session) => {
    const open = all.get(session.id)?.open;
    if (open === undefined) return;
    if (open.isBusy) {
      open.noteSaved(session);
      return;
    }
    showing(open, () => open.follow(session));
  });

  function drop(open: OpenSession): void {
    const found = all.get(open.id);
    idle.delete(open);
    if (found?.open !== open) return;
    all.delete(open.id);
    found.unwatch();
  }

  function end(open: OpenSession, reason: EndReason): void {
    open.end(reason);
    drop(open);
  }

  /** What is stored may be no document: then nobody can follow it. */
  function showing(open: OpenSession, show: () => void): void {
    try {
      show();
    } catch (error) {
      open.close(1011, 'config/type');
      drop(open);
      throw error;
    }
  }

  async function begin(session: Session<Data>): Promise<OpenSession | undefined> {
    const open = new OpenSession(session, settings);
    const unwatch = hearsEnds ? await watch(open, session) : () => undefined;
    if (unwatch === undefined || open.over !== undefined) return undefined;
    if (isClosed) unwatch();
    else all.set(open.id, { open, unwatch });
    schedule();
    return open;
  }

  /** `undefined` = it is over already. */
  async function watch(open: OpenSession, session: Session<Data>): Promise<(() => void) | undefined> {
    try {
      return await session.onDestroy(({ reason }) => end(open, reason));
    } catch (error) {
      if (error instanceof SessionNotFound) return undefined;
      throw error;
    }
  }

  /** Whoever used it elsewhere may have kept it alive. */
  async function lookAgain(open: OpenSession): Promise<void> {
    const session = await sessions.peek(open.id);
    if (session !== undefined) return open.noteExpiry(session);
    // Who ended it tells why.
    await sessions.hearEnds();
    end(open, open.expired(now()) ?? 'revoked');
  }

  /** The longest unused, as many as there are too many. */
  function forgetIdle(at: number): void {
    for (const oldest of idle) {
      if (idle.size <= mostIdle) return;
      if (!oldest.isNeeded(at)) drop(oldest);
    }
  }

  async function look(isPing: boolean): Promise<void> {
    const at = now();
    const open = [...all.values()].map((each) => each.open);
    // What needs no store comes first: a store may take its time.
    for (const each of open) {
      if (isPing) for (const follower of [...each.followers]) follower.tick();
      if (!each.isWanted(at)) drop(each);
    }
    forgetIdle(at);
    for (const each of open) {
      try {
        await lookAfter(each, at, isPing);
      } catch (error) {
        // Nobody else fares better now.
        onError(error);
        break;
      }
    }
    if (all.size > 0) await sessions.hearEnds();
  }

  async function lookAfter(open: OpenSession, at: number, isPing: boolean): Promise<void> {
    if (all.get(open.id)?.open !== open) return;
    if (open.isBusy) await open.keepAlive(at);
    // Where nobody tells of ends, each session is looked after.
    else if (open.expired(at) !== undefined || (isPing && !hearsEnds)) await lookAgain(open);
  }

  function schedule(): void {
    if (timer !== undefined || isClosed || all.size === 0) return;
    timer = outside(() => timers.set(tick, second));
  }

  function tick(): void {
    sincePing += second;
    const isPing = sincePing >= pingInterval;
    if (isPing) sincePing = 0;
    look(isPing)
      .catch(onError)
      .finally(() => {
        timer = undefined;
        schedule();
      });
  }

  function used(open: OpenSession): void {
    open.usedAt = now();
    idle.delete(open);
    if (open.followers.size > 0 || all.get(open.id)?.open !== open) return;
    idle.add(open);
    forgetIdle(open.usedAt);
  }

  return {
    end,

    has: (open) => all.get(open.id)?.open === open,

    get size() {
      return all.size;
    },

    async open(id, access) {
      const session = access ? await sessions.find(id) : await sessions.peek(id);
      const known = all.get(id)?.open;
      if (session === undefined) {
        if (known !== undefined) await lookAgain(known);
        return undefined;
      }
      if (known === undefined) {
        const open = await begin(session);
        return open && { open, session };
      }
      showing(known, () => known.follow(session));
      return { open: known, session };
    },

    leave(open) {
      try {
        showing(open, () => open.release());
      } catch (error) {
        // Whoever had it is not to blame, or knows.
        onError(error);
      }
      used(open);
    },

    used,

    close() {
      isClosed = true;
      unhear();
      timers.clear(timer);
      for (const { open } of [...all.values()]) {
        open.close(1001, 'The server shuts down.');
        drop(open);
      }
    },
  };
}
