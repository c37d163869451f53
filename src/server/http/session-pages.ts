import { hash } from 'node:crypto';
import type { Session } from '../core/session.js';
import type { Sessions } from '../core/sessions.js';
import type { Labels } from '../core/store.js';

/** A session in a list, as its user and administrators may see it: nothing of what it keeps. */
export interface ListedSession {
  /** Names it, and is no secret. */
  readonly id: string;
  readonly uid: string | null;
  /** Milliseconds since the epoch, as all times here. */
  readonly created: number;
  readonly lastAccess: number;
  /** `null` when the session never expires. */
  readonly expiresAt: number | null;
  readonly labels: Labels;
  /** Whether it is the session of this very request. */
  readonly current: boolean;
}

/** Body of `GET /sessions`. */
export interface SessionsAnswer {
  readonly sessions: readonly ListedSession[];
  /** For `?after=`; `null` = this was the last page. */
  readonly next: string | null;
}

export interface PageOptions {
  /** Sessions, from 1. */
  readonly limit: number;
  readonly after: string | undefined;
  /** Id of the session of this request. */
  readonly current: string;
}

/** Sessions as lists show them. */
export interface SessionPages<Data> {
  /** Those of a user that have not expired. */
  ofUser(uid: string): AsyncIterable<Session<Data>>;
  /** Those of all users, and of nobody. Rejects with `store/unsupported`. */
  ofAll(): AsyncIterable<Session<Data>>;
  /** One page of them, by the order of their names: going from page to page, one that is there all the time comes once. */
  page(found: AsyncIterable<Session<Data>>, options: PageOptions): Promise<SessionsAnswer>;
  /** The one of this name; `undefined` = it is not among them. */
  named(found: AsyncIterable<Session<Data>>, name: string): Promise<Session<Data> | undefined>;
}

/** How many are read at once. */
const batch = 1000;

/**
 * Pages are in an order of our own, which costs a look at all sessions of the user: what a store calls the next page may be
 * an id, and with some id schemes an id signs in.
 */
export function createSessionPages<Data>(sessions: Sessions<Data>): SessionPages<Data> {
  /** The id, or its digest where the id itself is what travels (Foxx, Starcounter): no body holds a secret (S33). */
  function nameOf(id: string): string {
    return sessions.idOf(id) === id ? hash('sha256', id, 'base64url') : id;
  }

  function listed(name: string, session: Session<Data>, current: string): ListedSession {
    const { id, uid, created, lastAccess, labels } = session;
    const { expiresAt } = session.toJSON();
    return { id: name, uid, created, lastAccess, expiresAt, labels, current: id === current };
  }

  return {
    async *ofUser(uid) {
      let after: string | undefined;
      do {
        const page = await sessions.list(uid, { limit: batch, ...(after === undefined ? {} : { after }) });
        yield* page.sessions;
        after = page.next;
      } while (after !== undefined);
    },

    async *ofAll() {
      for await (const session of sessions.all()) if (!session.hasExpired()) yield session;
    },

    async page(found, { limit, after = '', current }) {
      let first: ListedSession[] = [];
      const cut = (): void => {
        first = first.sort(byName).slice(0, limit + 1);
      };
      for await (const session of found) {
        const name = nameOf(session.id);
        if (name > after) first.push(listed(name, session, current));
        // Now and then: memory for a page or two, however many there are.
        if (first.length > limit + batch) cut();
      }
      cut();
      const page = first.slice(0, limit);
      return { sessions: page, next: first.length > limit ? (page.at(-1)?.id ?? null) : null };
    },

    async named(found, name) {
      for await (const session of found) if (nameOf(session.id) === name) return session;
      return undefined;
    },
  };
}

function byName(one: ListedSession, other: ListedSession): number {
  return one.id < other.id ? -1 : 1;
}
