import { AsyncLocalStorage } from 'node:async_hooks';
import { SessionError } from '../protocol/errors.js';
import { invalidOption } from './core/options.js';
import type { Sessions } from './core/sessions.js';
import type { Tokens } from './core/tokens.js';
import { createAnnouncer } from './http/announcer.js';
import type { Readers } from './http/carrier.js';
import { CurrentSession, type PendingAnswer, type Watch } from './http/current-session.js';
import { createDoor } from './http/door.js';
import type { Endpoint, HttpAnswer, HttpRequest } from './http/exchange.js';
import type { Found } from './http/found.js';
import { createOrigins } from './http/origins.js';
import { problemAnswer } from './http/problem.js';
import { throughProxies } from './http/proxies.js';
import { publicAnswer } from './http/public-answer.js';
import { createRefusals } from './http/refusals.js';
import { actOf, methodsOf, type Resource } from './http/resource.js';
import { createRotations } from './http/rotations.js';
import { securityHeaders } from './http/security-headers.js';
import { createUpgrades } from './http/upgrades.js';
import type { Upgrade } from './live/sockets/socket-port.js';
import { type SessionServerOptions, settingsOf } from './session-server-options.js';
import { mountedResources } from './session-server-resources.js';

/** The session server: framework-free, stateless but for its store. Adapters connect it to a host. */
export interface SessionServer<Data = { [key: string]: unknown }> extends Endpoint {
  /**
   * The session of a request that the host answers itself. Rejects with a `SessionError` when the request must not go on:
   * `refuse` makes the answer.
   */
  open(request: HttpRequest, watch?: Watch): Promise<CurrentSession<Data>>;
  /**
   * What becomes of a request to speak over a WebSocket; `undefined` = its path is not one of ours, or there is no option `live`.
   * For `sessionSockets`. Never rejects.
   */
  upgrade(request: HttpRequest): Promise<Upgrade | undefined>;
  /** Runs the host's handler, so that `current()` finds the session. */
  run<T>(session: CurrentSession<Data>, handler: () => T): T;
  /** The answer to a request that failed: problem details (RFC 9457). `onError` hears of it when it is a 5xx. */
  refuse(error: unknown, request: HttpRequest): HttpAnswer;
  /** What the answers of the host depend on, once the session is looked at: for `Vary` (S36). */
  readonly varies: string;
  /**
   * The current session, anywhere within a handler (SC-12); `undefined` outside of one. Throws `config/invalid` unless the
   * server was made with `ambient: true`.
   */
  current(): CurrentSession<Data> | undefined;
}

/** Puts the server together. Throws `config/invalid` when an option has a value it cannot have. */
export function createSessionServer<Data>(options: SessionServerOptions<Data>): SessionServer<Data> {
  const settings = settingsOf(options);
  const { sessions, tokens, carriers, proxies, saveUninitialized } = settings;
  const varies = carriers.flatMap(({ header }) => header ?? []);
  const origins = createOrigins({
    listed: settings.origins,
    credentials: carriers.some(({ ambient }) => ambient),
    headers: varies,
  });
  const headersOf = securityHeaders(varies);
  const door = createDoor({ sessions, carriers, origins, readers: readersOf(sessions, tokens) });
  const announcer = createAnnouncer({ ...settings, origins });
  const refusals = createRefusals(sessions, settings.limits);
  const rotations = createRotations(sessions, settings.now);
  const context = settings.ambient ? new AsyncLocalStorage<CurrentSession<Data>>() : undefined;
  const routes = mountedResources(settings);
  const upgrades =
    settings.live &&
    createUpgrades({
      ...settings.live,
      origins,
      idOf: sessions.idOf,
      find,
      current: (request, found) => new CurrentSession(request, found, announcer, rotations),
      refuse: (error, request) => complete(problemOf(error), request),
    });

  async function answer(
    request: HttpRequest,
    resource: Resource<Data> | undefined,
    name = '',
  ): Promise<HttpAnswer> {
    if (resource === undefined) return problemAnswer(new SessionError('request/not-found'));
    if (request.method === 'OPTIONS') return origins.preflight(request, methodsOf(resource));
    const act = actOf(resource, request.method);
    if (act === undefined) {
      return problemAnswer(new SessionError('request/method'), { allow: methodsOf(resource) });
    }
    origins.admit(request, false);
    let told: PendingAnswer | undefined;
    const watch: Watch = {
      looked() {},
      changed(pending) {
        told = pending;
      },
    };
    const current = new CurrentSession(request, await find(request), announcer, rotations, watch);
    const answer = await act(request, current, name);
    // `authenticate` may have changed something and not waited for it.
    for (let wait = told?.pending(); wait !== undefined; wait = told?.pending()) await wait;
    return told === undefined ? answer : { ...answer, headers: { ...answer.headers, ...told.headers() } };
  }

  async function find(request: HttpRequest): Promise<Found<Data>> {
    const found = await door.find(request);
    refusals.note(found, request);
    return found;
  }

  /** A pre-session is nobody's wish in particular: it does not begin where one must not, instead of refusing the request. */
  function mayBegin(request: HttpRequest): boolean {
    // A preflight never carries a cookie, and keeps none.
    if (request.method === 'OPTIONS') return false;
    try {
      announcer.check(request);
      return true;
    } catch (error) {
      if (error instanceof SessionError && error.code === 'request/origin') return false;
      throw error;
    }
  }

  function problemOf(error: unknown): HttpAnswer {
    const problem = problemAnswer(error);
    if (problem.status >= 500) settings.onError(error);
    return problem;
  }

  function complete({ status, headers, body }: HttpAnswer, request: HttpRequest): HttpAnswer {
    return {
      status,
      headers: { ...headersOf(request.secure), ...origins.headersFor(request), ...headers },
      body,
    };
  }

  return {
    varies: varies.join(', '),
    owns: (path) => routes.find(path) !== undefined,
    refuse: (error, request) => complete(problemOf(error), throughProxies(request, proxies)),

    upgrade: async (direct) => upgrades?.(throughProxies(direct, proxies)),

    async handle(direct) {
      const request = throughProxies(direct, proxies);
      const route = routes.find(request.url);
      const { personal, shared } = route?.resource ?? {};
      if (shared !== undefined) return publicAnswer(shared, request, headersOf(request.secure));
      return complete(await answer(request, personal, route?.name).catch(problemOf), request);
    },

    async open(direct, watch) {
      const request = throughProxies(direct, proxies);
      const found = await find(request);
      const session = new CurrentSession(request, found, announcer, rotations, watch);
      if (saveUninitialized && found.session === undefined && mayBegin(request)) await session.save();
      return session;
    },

    run: (session, handler) => (context === undefined ? handler() : context.run(session, handler)),

    current() {
      if (context === undefined)
        throw invalidOption('The session server needs the option ambient for current().');
      return context.getStore();
    },
  };
}

function readersOf(sessions: Pick<Sessions<never>, 'idOf'>, tokens: Tokens | undefined): Readers {
  return {
    idOf: sessions.idOf,
    sidOf(token) {
      if (tokens === undefined) throw new SessionError('token/signature', { status: 401 });
      return tokens.recall(token)?.sid ?? tokens.verify(token).then(({ sid }) => sid);
    },
  };
}
