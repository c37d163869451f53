import type { HttpHeaders, HttpRequest } from './exchange.js';

/** Turns what travels into the id of a session. */
export interface Readers {
  /** The id that a wire form stands for; `undefined` = nothing we ever issued. */
  idOf(wire: string): string | undefined;
  /** The id that a token of ours names. Throws or rejects with a `token/…` code. */
  sidOf(token: string): string | Promise<string>;
}

/** A session that a client is to be told of. */
export interface Announcement {
  readonly request: HttpRequest;
  readonly id: string;
  /** The secret that travels. */
  readonly wire: string;
  /** Seconds the session can last, 1 or more; `Infinity` = as long as it is used, `undefined` = it never ends by itself. */
  readonly maxAge: number | undefined;
}

/**
 * A place in a request where a session can travel. Carriers stand in one list: the first that carries something good in form
 * decides, so a request never has two sessions (S34, SC-40). What is bad in form leaves the decision to the next (SC-42).
 */
export interface Carrier {
  readonly name: string;
  /** Whether a browser sends it without being told to, so that a foreign page can make it do so (CSRF). */
  readonly ambient: boolean;
  /** The request header it looks at, for `Vary`; `undefined` = none. */
  readonly header: string | undefined;
  /** Whether a session that is named here has to live: else the request is refused with 404 (SC-46). Default false. */
  readonly required?: boolean;
  /** The ids that the request carries here; none = an empty list. Throws or rejects with why it carries no good one. */
  find(request: HttpRequest, readers: Readers): readonly string[] | Promise<readonly string[]>;
  /** Throws `config/insecure` when a session must not be announced on this connection. */
  check?(request: HttpRequest): void;
  /** Headers that tell the client of its new session. Absent: this carrier tells nothing. */
  announce?(announcement: Announcement): HttpHeaders;
  /** Headers that make the client forget its session. */
  clear?(request: HttpRequest): HttpHeaders;
  /** The session that `find` gave, or that was announced, is over: for what the carrier itself remembers. */
  forget?(request: HttpRequest): void;
}

export const none: readonly string[] = [];
