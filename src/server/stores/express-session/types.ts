/**
 * What express-session calls a store, as much of it as is needed. Nothing is imported from it, so that neither this package
 * nor its types ask for express-session: whoever uses the bridge hands it in.
 */

/** As express-session's `Cookie`, in the hands of a store. */
export interface ExpressCookie {
  /** Milliseconds a session lives after each request; `null` = until the browser is closed. */
  originalMaxAge?: number | null | undefined;
  /** When the cookie ends. A text where the session went through JSON. */
  expires?: Date | string | null | undefined;
  maxAge?: number | null | undefined;
}

/** As express-session's `SessionData`. */
export interface ExpressSessionData {
  cookie: ExpressCookie;
}

/** `error` is falsy when all is well. */
export type ExpressCallback<T = unknown> = (error?: unknown, value?: T) => void;

/** A store that was written for express-session. What they take and give differs a little from one to the next. */
export interface ExpressStore {
  get(sid: string, callback: (error?: unknown, session?: unknown) => void): unknown;
  set(sid: string, session: never, callback?: (error?: unknown) => void): unknown;
  destroy(sid: string, callback?: (error?: unknown) => void): unknown;
  all?(callback: (error?: unknown, sessions?: unknown) => void): unknown;
}

/** The express-session module, or whatever else has its class `Store`. */
export interface ExpressSessionModule<Base extends object> {
  readonly Store: abstract new () => Base;
}

/** What our stores are to express-session. */
export interface ExpressStoreMethods {
  /** The session, with the end of its cookie as it is now; nothing when there is none or it has expired. */
  get(sid: string, callback: (error: unknown, session?: ExpressSessionData) => void): void;
  /** Puts a session down, new or not: the last writer wins, and a session that was destroyed meanwhile is there again. */
  set(sid: string, session: ExpressSessionData, callback?: ExpressCallback): void;
  /** Moves the end of a session on. It revives nothing, and writes content only when the cookie itself was changed. */
  touch(sid: string, session: ExpressSessionData, callback?: ExpressCallback): void;
  /** Ends a session. That there is none is no error. */
  destroy(sid: string, callback?: ExpressCallback): void;
  /** All sessions that have not expired, by their ids. */
  all(callback: (error: unknown, sessions?: { [sid: string]: ExpressSessionData }) => void): void;
  /** How many have not expired. */
  length(callback: (error: unknown, length?: number) => void): void;
  /** Ends all sessions. */
  clear(callback?: ExpressCallback): void;
  /** Ends what has expired; the second argument of the callback says how many. */
  prune(callback?: (error: unknown, ended?: number) => void): void;
  /** Prunes no more by itself. What was handed in stays open. */
  stop(): void;
}
