import { createSessions } from '../../../src/server/core/sessions.js';
import type { SessionsOptions } from '../../../src/server/core/sessions-options.js';
import type { SessionStore } from '../../../src/server/core/store.js';
import type { CurrentSession } from '../../../src/server/http/current-session.js';
import type { HttpHeaders, HttpRequest } from '../../../src/server/http/exchange.js';
import type { PendingAnswer } from '../../../src/server/http/watch.js';
import { createSessionServer } from '../../../src/server/session-server.js';
import type { SessionServerOptions } from '../../../src/server/session-server-options.js';
import { memoryStore } from '../../../src/server/stores/memory.js';
import { testClock } from '../fixture.js';

export type Data = { [key: string]: string | number };

export type Method = Exclude<keyof SessionStore, 'cannot' | 'ended'>;

/** A store that counts its calls, and fails where it is told to. */
export function watchedStore(inner: SessionStore = memoryStore()) {
  const calls: string[] = [];
  const broken = new Set<Method>();
  const store = new Proxy(inner, {
    get(target, name: Method) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        calls.push(name);
        return broken.has(name) ? Promise.reject(new Error('away')) : Reflect.apply(value, target, args);
      };
    },
  });
  return { store, calls, broken };
}

export interface Visit {
  readonly method?: string;
  readonly url?: string;
  readonly headers?: { readonly [name: string]: string };
  /** The wire form in the session cookie. */
  readonly cookie?: string | undefined;
  readonly secure?: boolean;
  readonly address?: string;
  readonly connection?: object;
  readonly sent?: () => boolean;
}

export interface VisitsOptions {
  readonly sessions?: Partial<SessionsOptions>;
  readonly server?: Partial<Omit<SessionServerOptions<Data>, 'sessions'>>;
  readonly cookieName?: string;
}

export function requestOf(visit: Visit, cookieName = '__Host-session'): HttpRequest {
  const { method = 'GET', url = '/', secure = true, address = '192.0.2.1', connection, cookie } = visit;
  const headers: { [name: string]: string } = { host: 'app.example', ...visit.headers };
  if (cookie !== undefined) headers.cookie = `${cookieName}=${cookie}`;
  return {
    method,
    url,
    secure,
    address,
    connection,
    header: (name) => (Object.hasOwn(headers, name) ? headers[name] : undefined),
    body: async () => new Uint8Array(),
  };
}

/** Requests of a host that uses the sessions, without any host. */
export function visitsFixture({ sessions: own, server: options, cookieName }: VisitsOptions = {}) {
  const clock = testClock();
  const { store, calls, broken } = watchedStore();
  const sessions = createSessions<Data>({ store, now: clock.now, sweepInterval: 0, ...own });
  const failures: unknown[] = [];
  const server = createSessionServer<Data>({
    sessions,
    authenticate: () => null,
    now: clock.now,
    onError: (error) => failures.push(error),
    ...options,
  });

  async function visit(of: Visit = {}) {
    let told: PendingAnswer | undefined;
    const seen = { looked: 0, changed: 0 };
    const session = await server.open(requestOf(of, cookieName), {
      looked() {
        seen.looked += 1;
      },
      changed(answer) {
        seen.changed += 1;
        told = answer;
      },
      ...(of.sent === undefined ? undefined : { sent: of.sent }),
    });
    return {
      session,
      seen,
      pending: () => told?.pending(),
      /** What goes out with the answer, when it may go. */
      async answer() {
        for (let wait = told?.pending(); wait !== undefined; wait = told?.pending()) await wait;
        return told?.headers() ?? {};
      },
      headers: () => told?.headers() ?? {},
    };
  }

  /** Begins a session, and gives what the client then carries. */
  async function begun(data: Data = {}, user?: { id: string }) {
    const session = await sessions.create(data, user);
    return { id: session.id, wire: session.wire ?? '' };
  }

  /** What is stored under an id, without an access. */
  const stored = async (id: string) => (await store.get(id))?.data;

  return { clock, store, calls, broken, sessions, server, failures, visit, begun, stored };
}

export type Visited = Awaited<ReturnType<ReturnType<typeof visitsFixture>['visit']>>;
export type Current = CurrentSession<Data>;

/** The cookies of an answer. */
export function cookiesOf(headers: HttpHeaders): readonly string[] {
  const cookies = headers['set-cookie'] ?? [];
  return typeof cookies === 'string' ? [cookies] : cookies;
}

/** The wire form that the only cookie of an answer holds. */
export function wireOf(headers: HttpHeaders): string {
  const cookies = cookiesOf(headers);
  if (cookies.length !== 1) throw new Error(`There are ${cookies.length} cookies.`);
  return decodeURIComponent(/^[^=]+=([^;]*)/.exec(cookies[0] ?? '')?.[1] ?? '');
}

/** The attributes of a cookie, in a fixed order. */
export function attributesOf(cookie = ''): readonly string[] {
  return cookie.split('; ').slice(1).sort();
}

/** Lets everything run that can. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
