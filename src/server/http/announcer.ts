import type { Session } from '../core/session.js';
import type { Sessions } from '../core/sessions.js';
import type { Labels } from '../core/store.js';
import type { SessionUser } from '../core/user.js';
import type { Carrier } from './carrier.js';
import type { HttpHeaders, HttpRequest } from './exchange.js';
import type { Origins } from './origins.js';

/** Begins sessions for requests, and tells clients of their beginning and their end. */
export interface Announcer<Data> {
  /** Throws `request/origin` and `config/insecure`: no session may be announced in answer to this request. */
  check(request: HttpRequest): void;
  begin(
    request: HttpRequest,
    data: Data | undefined,
    user: SessionUser | null | undefined,
  ): Promise<Session<Data>>;
  announce(request: HttpRequest, session: Session<Data>): HttpHeaders;
  clear(request: HttpRequest): HttpHeaders;
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
  readonly now: () => number;
}

export function createAnnouncer<Data>(options: AnnouncerOptions<Data>): Announcer<Data> {
  const { sessions, carriers, origins, labels, clearSiteData, now } = options;
  const announcing = carriers.filter((carrier) => carrier.announce !== undefined);

  return {
    check(request) {
      // A foreign page must not give this browser a session of its choice (S46).
      origins.admit(request, false);
      for (const carrier of announcing) carrier.check?.(request);
    },

    begin: (request, data, user) => sessions.create(data, user, { labels: labels(request) }),

    announce(request, session) {
      const { id, wire, latestEnd, expiresAt } = session;
      if (wire === undefined) return {};
      // A cookie outlives an idle session by design: when it is over, only the server judges (S16).
      const maxAge =
        expiresAt === Number.POSITIVE_INFINITY
          ? undefined
          : Math.max(0, Math.floor((latestEnd - now()) / 1000));
      const told = announcing.map((carrier) => carrier.announce?.({ request, id, wire, maxAge }) ?? {});
      return Object.assign({}, ...told, notStored);
    },

    clear(request) {
      const told = carriers.map((carrier) => carrier.clear?.(request) ?? {});
      const siteData = clearSiteData === '' ? {} : { 'clear-site-data': clearSiteData };
      return Object.assign({}, ...told, notStored, siteData);
    },
  };
}
