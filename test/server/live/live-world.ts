import type { Json } from '../../../src/protocol/messages.js';
import { applyPatch } from '../../../src/protocol/patch.js';
import { createSessions } from '../../../src/server/core/sessions.js';
import type { SessionsOptions } from '../../../src/server/core/sessions-options.js';
import type { SessionStore } from '../../../src/server/core/store.js';
import type { LiveOptions } from '../../../src/server/live/live-options.js';
import { createLiveSessions, type LiveSessions } from '../../../src/server/live/live-sessions.js';
import type { SocketMode } from '../../../src/server/live/sockets/socket-follower.js';
import type { SocketEvents } from '../../../src/server/live/sockets/socket-port.js';
import { memoryStore } from '../../../src/server/stores/memory.js';
import { handTimers } from '../core/hand-timers.js';
import { testClock } from '../fixture.js';
import { settled } from '../http/visits.js';
import type { Operation } from './channel/palindrom-model.js';
import { TestPort } from './sockets/socket-fixture.js';

export type Doc = { [key: string]: Json };

export interface WorldOptions {
  readonly store?: SessionStore;
  readonly sessions?: Partial<SessionsOptions>;
  readonly live?: Partial<Omit<LiveOptions<Doc>, 'sessions'>>;
}

export const hour = 3_600_000;

/** Live sessions on a clock and timers of their own; `failures` collects what they report. */
export function world({ store = memoryStore(), ...options }: WorldOptions = {}) {
  const clock = testClock();
  const failures: unknown[] = [];
  const onError = (error: unknown): void => void failures.push(error);
  /** One process that shares the store. */
  const process = () => {
    const waits = handTimers();
    const ticks = handTimers();
    const sessions = createSessions<Doc>({
      store,
      now: clock.now,
      timers: waits.timers,
      sweepInterval: 0,
      timeToLive: hour,
      ttlType: 'lastAccess',
      onError,
      ...options.sessions,
    });
    const live = createLiveSessions<Doc>({
      sessions,
      now: clock.now,
      timers: ticks.timers,
      onError,
      ...options.live,
    });
    return {
      sessions,
      live,
      waits,
      ticks,
      /** Lets a second, or more, go by. */
      async tick(ms = 1000) {
        clock.time += ms;
        ticks.fire();
        await settled();
      },
      /** `tree`: what the browser has already. */
      follow: (id: string, name = '', mode: SocketMode = 'server-first', tree: Json = null) =>
        follow(live, id, name, mode, tree),
    };
  };
  return {
    ...process(),
    clock,
    store,
    failures,
    process,
    /** What is stored, without an access. */
    stored: async (id: string) => (await store.get(id))?.data,
  };
}

export type World = ReturnType<typeof world>;

/** One browser that follows a session over a socket. Its own edits must not be where others edit. */
export class Browser {
  readonly port = new TestPort();
  /** The document as it shows it. */
  tree: Json = null;
  /** The server's last version. */
  server = 0;
  sent = 0;
  /** The newest of its patches that the server has confirmed. */
  confirmed = 0;
  #events: SocketEvents | undefined;

  begin(events: SocketEvents): void {
    this.#events = events;
    const { send } = this.port;
    this.port.send = (text, binary) => {
      send.call(this.port, text, binary);
      this.#hear(JSON.parse(text));
    };
  }

  edit(...operations: readonly Operation[]): void {
    this.sent += 1;
    const versions = [
      { op: 'replace', path: '/_ver#c$', value: this.sent },
      { op: 'test', path: '/_ver#s', value: this.server },
    ];
    this.tree = applyPatch(this.tree, operations);
    this.say([...versions, ...operations]);
  }

  say(message: Json): void {
    this.#events?.message(JSON.stringify(message), false);
  }

  leave(): void {
    this.#events?.closed();
  }

  get goodbye(): string | undefined {
    return this.port.goodbye;
  }

  #hear(operations: readonly (Operation & { readonly value?: Json })[]): void {
    if (operations.length === 0) return;
    const [server, client, ...rest] = operations;
    if (this.server !== 0 && server?.value !== this.server + 1) throw new Error('a version is missing');
    this.server = Number(server?.value);
    this.confirmed = Number(client?.value);
    for (const operation of rest) {
      if (operation.path === '') {
        const { '_ver#c$': _c, '_ver#s': _s, ...tree } = operation.value as Doc;
        this.tree = tree;
      } else this.tree = applyPatch(this.tree, [operation]);
    }
  }
}

async function follow(
  live: LiveSessions<Doc>,
  id: string,
  name: string,
  mode: SocketMode,
  tree: Json,
): Promise<Browser> {
  const browser = new Browser();
  browser.tree = tree;
  const place = await live.followers.followable(id);
  // The first message comes from within: nothing may be lost.
  const hold: string[] = [];
  browser.port.send = (text) => void hold.push(text);
  const events = place.attach(name, mode, browser.port);
  Reflect.deleteProperty(browser.port, 'send');
  browser.begin(events);
  for (const text of hold) browser.port.send(text, false);
  return browser;
}

/** A store that does something before its next updates. */
export function interrupted(inner: SessionStore = memoryStore()) {
  const before: (() => Promise<void>)[] = [];
  const store: SessionStore = {
    ...inner,
    async update(...all) {
      await before.shift()?.();
      return inner.update(...all);
    },
  };
  return {
    store,
    /** Runs this before the next update. */
    next: (work: () => Promise<void>) => void before.push(work),
  };
}

/** A promise to be settled by hand. */
export function gate() {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}

export { settled };
