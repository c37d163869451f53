/** The two functions of a page that wait. */
export interface Timers {
  /** Calls `work` once after `ms` milliseconds. Gives what `clear` wants. */
  set(work: () => void, ms: number): unknown;
  clear(handle: unknown): void;
}

/** What a page tells of itself. */
export interface PageSignals {
  /** False while the browser knows that there is no network. */
  isOnline(): boolean;
  /**
   * Hears of what makes a connection worth another look (`wake`: online again, visible again, back from the back/forward
   * cache), of a network that is gone (`offline`) and of a page that is put away (`hide`). Gives what stops it.
   */
  listen(heard: (signal: 'wake' | 'offline' | 'hide') => void): () => void;
}

/** How a connection is kept. All durations in milliseconds. */
export interface SocketOptions {
  /** The constructor. Default: the page's own. */
  readonly WebSocket?: typeof WebSocket;
  /**
   * The longest wait before an attempt: `least` after the first failure, twice as much after each further one, `most` in the
   * end. The wait itself is chosen evenly from 0 up to it. Default: 1,000 and 30,000.
   */
  readonly backOff?: { readonly least?: number; readonly most?: number };
  /**
   * How long nothing may come before the server is asked for a sign of life, and how long it may take to answer or to open.
   * Default 25,000.
   */
  readonly heartbeat?: number;
  readonly timers?: Timers;
  /** Default `Math.random`. */
  readonly random?: () => number;
  /** Default `Date.now`. */
  readonly now?: () => number;
  readonly page?: PageSignals;
}

/**
 * `connected`: the document is as the server's was a moment ago. `reconnecting`: an attempt is under way or planned, the first
 * one too. `offline`: nobody tries, since the browser knows of no network, or nobody is signed in.
 */
export type SocketStatus = 'connected' | 'reconnecting' | 'offline';

/** Whom the connection is for. */
export interface SocketUser {
  /** Asked before each attempt. */
  address(): { readonly url: string; readonly protocols: readonly string[] };
  /** A connection is open. Gives the first frame. */
  opened(): string;
  /** A message came, read from JSON. False when it does not fit, and the connection must begin anew. */
  received(message: unknown): boolean;
  /** The connection is gone; what was sent last may not have arrived. 1006: without a word. */
  closed(code: number, reason: string): void;
  changed(status: SocketStatus): void;
}

const pageTimers: Timers = {
  set: (work, ms) => setTimeout(work, ms),
  clear: (handle) => clearTimeout(handle as number),
};

/** Stands for a connection that this side gave up, since what came did not fit. */
const MISFIT = 4000;

/** Closed for what this side did, or for what the server is not able to do: not to be tried again at once. */
const GRAVE = new Set([1008, 1009, 1011, 1013, 4401, MISFIT]);

/** One WebSocket at a time, opened again whenever it is lost, until it is stopped. */
export class ReconnectingSocket {
  readonly #user: SocketUser;
  readonly #options: SocketOptions;
  readonly #timers: Timers;
  readonly #now: () => number;
  readonly #heartbeat: number;
  readonly #page: PageSignals;
  #socket: WebSocket | undefined;
  #timer: unknown;
  #failures = 0;
  /** When something came last, or the attempt began. */
  #heardAt = 0;
  #isAsked = false;
  /** When this connection brought the document. */
  #syncedAt: number | undefined;
  #status: SocketStatus = 'offline';
  #unlisten: (() => void) | undefined;

  constructor(user: SocketUser, options: SocketOptions = {}) {
    const { timers = pageTimers, now = Date.now, heartbeat = 25_000, page = browserPage() } = options;
    this.#user = user;
    this.#options = options;
    this.#timers = timers;
    this.#now = now;
    this.#heartbeat = heartbeat;
    this.#page = page;
  }

  get status(): SocketStatus {
    return this.#status;
  }

  start(): void {
    if (this.#unlisten) return;
    this.#unlisten = this.#page.listen((signal) => {
      if (signal === 'wake') this.#wake();
      else this.#drop(1006, '', signal === 'hide');
    });
    this.#connect();
  }

  /** Closes for good: nothing is heard of it any more. */
  stop(): void {
    this.#unlisten?.();
    this.#unlisten = undefined;
    this.#timers.clear(this.#timer);
    this.#close();
    this.#enter('offline');
  }

  /** Sends at once, if there is a connection. */
  send(text: string): void {
    if (this.#socket?.readyState === 1) this.#socket.send(text);
  }

  /** Gives up the connection, and begins anew. */
  restart(): void {
    this.#drop(MISFIT, '');
  }

  #connect(): void {
    this.#timers.clear(this.#timer);
    if (!this.#unlisten) return;
    if (!this.#page.isOnline()) {
      this.#enter('offline');
      return;
    }
    this.#enter('reconnecting');
    const { url, protocols } = this.#user.address();
    const Constructor = this.#options.WebSocket ?? WebSocket;
    let socket: WebSocket;
    try {
      socket = new Constructor(url, [...protocols]);
    } catch {
      // A policy of the page forbids it, or the address is none. It may be another one next time.
      this.#retry(1006, '');
      return;
    }
    this.#socket = socket;
    this.#syncedAt = undefined;
    this.#isAsked = false;
    this.#heard();
    socket.onopen = () => {
      this.#heard();
      socket.send(this.#user.opened());
    };
    socket.onmessage = ({ data }) => this.#message(data);
    socket.onclose = ({ code, reason }) => {
      this.#socket = undefined;
      this.#retry(code, reason);
    };
    this.#watch(this.#heartbeat);
  }

  #message(data: unknown): void {
    this.#heard();
    let message: unknown;
    try {
      message = readJson(String(data));
    } catch {
      this.restart();
      return;
    }
    const socket = this.#socket;
    const isPing = Array.isArray(message) && message.length === 0;
    if (!isPing && !this.#user.received(message)) {
      this.restart();
      return;
    }
    // Whoever heard of it may have stopped this.
    if (isPing || this.#socket !== socket || this.#syncedAt !== undefined) return;
    this.#syncedAt = this.#now();
    this.#enter('connected');
  }

  #heard(): void {
    this.#heardAt = this.#now();
    this.#isAsked = false;
  }

  /** One timer for the whole connection: messages move a time, not a timer. */
  #watch(ms: number): void {
    this.#timers.clear(this.#timer);
    this.#timer = this.#timers.set(() => this.#look(), ms);
  }

  /** Asks for a sign of life when nothing came for long, and gives up when none came for as long again. */
  #look(): void {
    const silence = this.#now() - this.#heardAt;
    if (silence < this.#heartbeat) {
      this.#watch(this.#heartbeat - silence);
    } else if (this.#isAsked || this.#socket?.readyState !== 1 || this.#syncedAt === undefined) {
      this.#drop(1006, '');
    } else this.#ask();
  }

  #ask(): void {
    this.#isAsked = true;
    this.#heardAt = this.#now();
    this.send('[]');
    this.#watch(this.#heartbeat);
  }

  /** The page is back: the connection may be dead without a word, or worth another attempt. */
  #wake(): void {
    if (!this.#socket) this.#connect();
    else if (this.#syncedAt !== undefined && !this.#isAsked) this.#ask();
  }

  #drop(code: number, reason: string, isPutAway = false): void {
    this.#close();
    if (isPutAway) {
      // A page with an open connection does not go into the back/forward cache. It wakes up again.
      this.#timers.clear(this.#timer);
      this.#enter('reconnecting');
      this.#user.closed(code, reason);
    } else this.#retry(code, reason);
  }

  /** Lets go of the socket: whatever still comes from it is not heard. */
  #close(): void {
    const socket = this.#socket;
    if (!socket) return;
    this.#socket = undefined;
    socket.onopen = null;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }

  #retry(code: number, reason: string): void {
    const { least = 1_000, most = 30_000 } = this.#options.backOff ?? {};
    const { random = Math.random } = this.#options;
    this.#timers.clear(this.#timer);
    const isSound =
      this.#syncedAt !== undefined && (!GRAVE.has(code) || this.#now() - this.#syncedAt >= most);
    if (isSound) this.#failures = 0;
    this.#syncedAt = undefined;
    this.#enter(this.#page.isOnline() ? 'reconnecting' : 'offline');
    this.#user.closed(code, reason);
    // `closed` may have stopped it.
    if (!this.#unlisten || !this.#page.isOnline()) return;
    const wait = random() * Math.min(most, least * 2 ** this.#failures);
    this.#failures += 1;
    this.#timer = this.#timers.set(() => this.#connect(), wait);
  }

  #enter(status: SocketStatus): void {
    if (status === this.#status) return;
    this.#status = status;
    this.#user.changed(status);
  }
}

/** JSON without keys `__proto__`, which an observable would take for its prototype (S69). */
function readJson(text: string): unknown {
  if (!/__proto__|\\u005f/i.test(text)) return JSON.parse(text);
  return JSON.parse(text, function (this: object, key, value) {
    if (key !== '__proto__') return value;
    return undefined;
  });
}

/** The page that this runs in; a process without one is always online. */
function browserPage(): PageSignals {
  const page = globalThis as Partial<Window & typeof globalThis>;
  return {
    isOnline: () => page.navigator?.onLine !== false,
    listen(heard) {
      const wake = () => heard('wake');
      const visible = () => page.document?.visibilityState === 'visible' && wake();
      const away = ({ persisted }: PageTransitionEvent) => persisted && heard('hide');
      const offline = () => heard('offline');
      page.addEventListener?.('online', wake);
      page.addEventListener?.('offline', offline);
      page.addEventListener?.('pageshow', wake);
      page.addEventListener?.('pagehide', away);
      page.document?.addEventListener('visibilitychange', visible);
      return () => {
        page.removeEventListener?.('online', wake);
        page.removeEventListener?.('offline', offline);
        page.removeEventListener?.('pageshow', wake);
        page.removeEventListener?.('pagehide', away);
        page.document?.removeEventListener('visibilitychange', visible);
      };
    },
  };
}
