import { SessionError } from '../protocol/errors.js';
import type { JsonObject } from '../protocol/json.js';
import type { ProblemBody } from '../protocol/messages.js';
import { SessionExpired, SessionNotFound } from './core/errors.js';
import { callable, harmless, invalidOption, wholeNumber } from './core/options.js';
import type { Session } from './core/session.js';
import type { Sessions } from './core/sessions.js';
import {
  type Endpoint,
  emptyAnswer,
  type HttpAnswer,
  type HttpRequest,
  jsonAnswer,
} from './http/exchange.js';
import { demandJson, documentOf, objectOf, textOf } from './http/json-body.js';
import { createOrigins } from './http/origins.js';
import { problemAnswer, typePrefix } from './http/problem.js';
import { throughProxies } from './http/proxies.js';
import { actOf, type Methods, methodsOf } from './http/resource.js';
import { createRoutes } from './http/routes.js';
import { securityHeaders } from './http/security-headers.js';
import { mebibyte, mostProxies, pathOption, reportFailure } from './session-server-options.js';

export interface FoxxApiOptions {
  /**
   * Whether this caller may begin, read, change and end sessions, all of them: for servers of your own, by their address or by
   * a secret in a header. Only `true` is a yes. There is no default, since Foxx let everybody in. What it throws is answered
   * as `authenticate` of the session server.
   */
  readonly admit: (request: HttpRequest) => boolean | Promise<boolean>;
  /** Where it stands. Default `/foxx-sessions`. */
  readonly path?: string;
  /** As for the session server. Default 16384. */
  readonly bodyLimit?: number;
  /** As for the session server. Default 0. */
  readonly proxies?: number;
  /** Hears of every failure that was answered with a 5xx. Default: as for the session server. */
  readonly onError?: (error: unknown) => void;
}

/** Foxx's HTTP API over sessions. Adapters connect it to a host. */
export type FoxxApi = Endpoint;

/** `sid`: what travels. */
type Act = (request: HttpRequest, sid: string) => Promise<HttpAnswer>;

/**
 * The HTTP API of the sessions app (FOXX-60 … FOXX-63). What travels stands in its URLs, which servers and proxies write to
 * their logs: keep it between servers of your own. Throws `config/invalid` when an option has a value it cannot have.
 */
export function foxxApi<Data>(sessions: Sessions<Data>, options: FoxxApiOptions): FoxxApi {
  const { admit, path, bodyLimit, proxies, onError } = settingsOf(options);
  const headersOf = securityHeaders([]);
  // No page but those of our own host: this is not for browsers.
  const origins = createOrigins({ listed: [], credentials: false });

  async function found(sid: string): Promise<Session<Data>> {
    const id = sessions.idOf(sid);
    if (id === undefined) throw new SessionNotFound();
    return sessions.get(id);
  }

  async function bodyOf(request: HttpRequest): Promise<JsonObject> {
    demandJson(request);
    return objectOf(documentOf(textOf(await request.body(bodyLimit))));
  }

  async function create(request: HttpRequest): Promise<HttpAnswer> {
    const text = textOf(await request.body(bodyLimit));
    if (text !== '') demandJson(request);
    const data = text === '' ? {} : objectOf(documentOf(text));
    const session = await sessions.create(data as Data);
    return viewAnswer(201, session, session.wire ?? '');
  }

  async function read(_: HttpRequest, sid: string): Promise<HttpAnswer> {
    return viewAnswer(200, await found(sid), sid);
  }

  /** Saves what `change` makes of the data and the body. */
  const write =
    (change: (data: Data, body: JsonObject) => object): Act =>
    async (request, sid) => {
      const body = await bodyOf(request);
      const session = await found(sid);
      session.data = change(session.data, body) as Data;
      return viewAnswer(200, await session.save(), sid);
    };

  async function end(_: HttpRequest, sid: string): Promise<HttpAnswer> {
    const id = sessions.idOf(sid);
    if (id === undefined || !(await sessions.destroy(id))) throw new SessionNotFound();
    return emptyAnswer(204);
  }

  const routes = createRoutes<Methods<Act>>([
    [path, new Map([['POST', create]])],
    [
      `${path}/:id`,
      new Map<string, Act>([
        ['GET', read],
        ['PUT', write((_, body) => body)],
        // Shallow, and not a JSON Patch.
        ['PATCH', write((data, body) => ({ ...data, ...body }))],
        ['DELETE', end],
      ]),
    ],
  ]);

  async function answer(request: HttpRequest): Promise<HttpAnswer> {
    const route = routes.find(request.url);
    if (route === undefined) throw new SessionError('request/not-found', { status: 404 });
    origins.admit(request, false);
    if ((await admit(request)) !== true) throw new SessionError('request/forbidden', { status: 403 });
    const allow = methodsOf(route.resource);
    if (request.method === 'OPTIONS') return emptyAnswer(204, { allow });
    const act = actOf(route.resource, request.method);
    return act === undefined
      ? problemAnswer(new SessionError('request/method'), { allow })
      : act(request, route.name);
  }

  function problemOf(error: unknown): HttpAnswer {
    if (error instanceof SessionNotFound) return goneAnswer(error);
    const problem = problemAnswer(error);
    if (problem.status >= 500) onError(error);
    return problem;
  }

  return {
    owns: (url) => routes.find(url) !== undefined,
    async handle(direct) {
      const request = throughProxies(direct, proxies);
      const { status, headers, body } = await answer(request).catch(problemOf);
      return { status, headers: { ...headersOf(request.secure), ...headers }, body };
    },
  };
}

function settingsOf(options: FoxxApiOptions): Required<FoxxApiOptions> {
  if (typeof options?.admit !== 'function') throw invalidOption('The option admit must be a function.');
  return {
    admit: options.admit,
    path: pathOption('path', options.path ?? '/foxx-sessions'),
    bodyLimit: wholeNumber('bodyLimit', options.bodyLimit ?? 16_384, 1, mebibyte, 'bytes'),
    proxies: wholeNumber('proxies', options.proxies ?? 0, 0, mostProxies, 'proxies'),
    onError: harmless(callable('onError', options.onError) ?? reportFailure),
  };
}

/** FOXX-59. `_key` is what the caller needs to come again, which is not what the store keeps. */
function viewAnswer(status: number, session: Session<unknown>, sid: string): HttpAnswer {
  return jsonAnswer(status, { ...session.forClient(), _key: sid });
}

/** FOXX-43: both are 404, told apart by these words. */
function goneAnswer(error: SessionNotFound): HttpAnswer {
  const { code } = error;
  const title = error instanceof SessionExpired ? 'Session has expired' : 'Session does not exist';
  const body: ProblemBody = { type: typePrefix + code, title, status: 404, code };
  return jsonAnswer(404, body, { 'content-type': 'application/problem+json' });
}
