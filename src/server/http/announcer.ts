import type { Session } from '../core/session.js';
import type { CreateOptions, Sessions } from '../core/sessions.js';
import type { Labels } from '../core/store.js';
import type { SessionUser } from '../core/user.js';
import type { Carrier } from './carrier.js';
import type { HttpHeaders, HttpRequest } from './exchange.js';
import type { Origins } from './origins.js';

/** Begins sessions for requests, and tells clients of their beginning and their end. */
export interface Announcer<Data> {
  /** Throws `request/origin` and `config/insecure`: no session may be announced in answer to this request. */
  check(request: HttpRequest): void;
  /** `instead`: the session that goes on in this one, without a new proof of who it is. */
  begin(
    request: HttpRequest,
    data: Data | undefined,
    user: SessionUser | null | undefined,
    instead?: Session<Data>,
  ): Promise<Session<Data>>;
  /** The secret of a session; `undefined` = nobody knows it any more. */
  wireOf(session: Session<Data>): string | undefined;
  /** `wire` is its secret. */
  announce(request: HttpRequest, session: Session<Data>, wire: string): HttpHeaders;
  clear(request: HttpRequest): HttpHeaders;
  /** The session of this request is over: what the server itself remembers of it goes. */
  forget(request: HttpRequest): void;
}

/** Ends with the answer, so nothing of it may stay in a cache (S35). */
const notStored: HttpHeaders = { 'cache-control': 'no-store' };

export interface AnnouncerOptions<Data> {
  readonly sessions: Sessions<Data>;
  readonly carriers: readonly Carrier[];
  readonly origins: Origins;
  readonly labels: (request: HttpRequest) => Labels;
  /** Value of Clear-Site-Data; empty = none. */
  readonly clearSiteData: string;
}

export function createAnnouncer<Data>(options: AnnouncerOptions<Data>): Announcer<Data> {
  const { sessions, carriers, origins, labels, clearSiteData } = options;
  const announcing = carriers.filter((carrier) => carrier.announce !== undefined);

  return {
    check(request) {
      // A foreign page must not give this browser a session of its choice (S46).
      origins.admit(request, false);
      for (const carrier of announcing) carrier.check?.(request);
    },

    begin: (request, data, user, instead) =>
      sessions.create(data, user, { labels: labels(request), ...ageOf(instead) }),

    wireOf({ id, wire }) {
      // Some schemes have one text for both.
      return wire ?? (sessions.idOf(id) === id ? id : undefined);
    },

    announce(request, session, wire) {
      // 0 would make a browser forget the cookie at once. It outlives an idle session by design: when that is over, only the
      // server judges (S16).
      const seconds = Math.max(1, Math.floor(mostLeft(session) / 1000));
      const maxAge = session.expiresAt === Number.POSITIVE_INFINITY ? undefined : seconds;
      const announcement = { request, id: session.id, wire, maxAge };
      return joined([...announcing.map((carrier) => carrier.announce?.(announcement)), notStored]);
    },

    clear(request) {
      const siteData = clearSiteData === '' ? {} : { 'clear-site-data': clearSiteData };
      return joined([...carriers.map((carrier) => carrier.clear?.(request)), notStored, siteData]);
    },

    forget(request) {
      for (const carrier of carriers) carrier.forget?.(request);
    },
  };
}

/** Milliseconds a session can last from now on, however much it is used; `Infinity` = without end. */
function mostLeft(session: Session<unknown>): number {
  const { expiresAt, latestEnd } = session;
  return latestEnd === Number.POSITIVE_INFINITY ? latestEnd : session.getTTL() + (latestEnd - expiresAt);
}

/** Nobody gets more time, or counts as just signed in, by a new id alone (S15, S23): that takes a new proof. */
function ageOf(instead: Session<unknown> | undefined): Omit<CreateOptions, 'labels'> {
  if (instead === undefined || instead.uid === null) return {};
  const { created, timeToLive, absoluteTimeToLive } = instead;
  return { created, timeToLive, absoluteTimeToLive };
}

/** Headers of several: cookies stand beside each other, of all else the last counts. */
function joined(parts: readonly (HttpHeaders | undefined)[]): HttpHeaders {
  const all: { [name: string]: string | readonly string[] } = Object.assign({}, ...parts);
  const cookies = parts.flatMap((part) => part?.['set-cookie'] ?? []);
  return cookies.length === 0 ? all : { ...all, 'set-cookie': cookies };
}
