import { createSessions } from '../../../src/server/core/sessions.js';
import type { SessionStore } from '../../../src/server/core/store.js';
import type { CurrentSession, SessionData } from '../../../src/server/http/current-session.js';
import { createSessionServer, type SessionServer } from '../../../src/server/session-server.js';

export type Server = SessionServer<SessionData>;
export type Current = CurrentSession<SessionData>;

/** A server that runs, wherever it came from. */
export interface Listening {
  readonly url: string;
  stop(): Promise<void>;
}

/** A session server with cookies, for the app that the suite of hosts wants. */
export function hostServer(store: SessionStore) {
  const sessions = createSessions<SessionData>({ store, sweepInterval: 0 });
  const server = createSessionServer({
    sessions,
    authenticate: () => null,
    ambient: true,
    onError: () => {},
  });
  return { server, close: () => sessions.close() };
}

const seen = (session: Current | undefined) => ({
  user: session?.user?.id ?? null,
  value: session?.data?.value ?? null,
});

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

type Act = (session: Current, query: URLSearchParams, server: Server) => object | Promise<object>;

/** What each route does with the session; the answer is the result as JSON. */
export const acts: { readonly [route: string]: Act } = {
  me: seen,
  async save(session, query) {
    await session.save({ value: query.get('value') });
    return seen(session);
  },
  forget(session, query) {
    keep(session, query);
    return { said: query.get('value') };
  },
  async later(session, query) {
    keep(session, query);
    await turn();
    return { said: query.get('value') };
  },
  async resave(session, query) {
    await session.resave({ value: query.get('value') }, { id: query.get('user') ?? '' });
    return seen(session);
  },
  async destroy(session) {
    await session.destroy();
    return seen(session);
  },
  async logout(session) {
    await session.logout();
    return seen(session);
  },
  async slow(session) {
    await turn();
    return seen(session);
  },
  throw: (session) => ({ user: session.get().uid }),
  async current(_, __, server) {
    await turn();
    return seen(server.current());
  },
};

/** Of the path and query of a request. */
export function routeOf(url: string): { readonly name: string; readonly query: URLSearchParams } {
  const { pathname, searchParams } = new URL(url, 'http://app');
  return { name: pathname.replace('/app/', ''), query: searchParams };
}

/** For the routes that answer in a way of their own, which do not wait for the store. */
export function keep(session: Current, query: URLSearchParams): void {
  session.save({ value: query.get('value') });
}
