import { SessionError } from '../protocol/errors.js';
import { callable, endOfTime, harmless, invalidOption, oneOf, wholeNumber, yesOrNo } from './core/options.js';
import type { Sessions } from './core/sessions.js';
import type { Labels } from './core/store.js';
import type { Tokens } from './core/tokens.js';
import { type AttemptLimits, type AttemptLimitsOptions, createAttemptLimits } from './http/attempts.js';
import type { Carrier } from './http/carrier.js';
import { bearerCarrier } from './http/carriers/bearer.js';
import { type CookieOptions, cookieCarrier } from './http/carriers/cookie.js';
import type { HttpRequest } from './http/exchange.js';
import type { Authenticate } from './http/resources/session.js';
import type { Authorize } from './http/resources/sessions.js';
import type { LiveSessions } from './live/live-sessions.js';

export interface SessionServerOptions<Data> {
  readonly sessions: Sessions<Data>;
  /** Whose credentials these are; `null` = nobody's. */
  readonly authenticate: Authenticate<Data>;
  /** Signs what the browser holds: `createTokens(…)`. Without it, sign-ins are told by the carriers alone: a cookie. */
  readonly tokens?: Tokens;
  /**
   * Where in a request a session can travel, best first. Default: `[bearerCarrier(), cookieCarrier(cookie)]`, and without
   * `tokens` the cookie alone.
   */
  readonly carriers?: readonly Carrier[];
  /** The cookie of the default carriers. */
  readonly cookie?: CookieOptions;
  /**
   * How a sign-in at `url` is told: `token` in the body, or by what the carriers announce, `carriers`, and then no body ever
   * holds a secret (S33). Default: `token` when there are `tokens`.
   */
  readonly signInBy?: 'token' | 'carriers';
  /**
   * Whether requests of the host's own that have no session get an empty one at once, stored and announced (V-04): so that
   * something can be bound to it before the sign-in. Default false: nothing stored for those who store nothing.
   */
  readonly saveUninitialized?: boolean;
  /** Whether `current()` may be called. It costs every request something. Default false. */
  readonly ambient?: boolean;
  /** What a new session is labelled with. Default: `{ agent }`, the first 256 characters of User-Agent. */
  readonly labels?: (request: HttpRequest) => Labels;
  /** What a browser forgets at a sign-out (S37). `cookies` and `storage` are those of the whole host. Default `cache`. */
  readonly clearSiteData?: readonly ('cache' | 'cookies' | 'storage')[];
  /**
   * How many proxies of yours stand in front: the address of the client and whether it used https are then what the first of
   * them says (X-Forwarded-For, X-Forwarded-Proto). 0 to 10. Default 0: such headers are not believed.
   */
  readonly proxies?: number;
  /**
   * Origins, besides our own host, whose pages may call: `https://app.example`. Default: none. Requests that would change
   * something and come from a page elsewhere are refused with 403.
   */
  readonly origins?: readonly string[];
  /** Path of the session. Default `/session`. Begins with `/`, does not end with one, has no query. */
  readonly url?: string;
  /**
   * What a client may do with what its session keeps, at `url` + `/data`. `read-write`: whoever holds the session can set it
   * to anything, so it must hold nothing that your server relies on. `none`: the path is not ours. Default `read`.
   */
  readonly dataAccess?: 'read-write' | 'read' | 'none';
  /** Whether a client must say which state of the data it changes: If-Match, else 428. Default true. */
  readonly requireIfMatch?: boolean;
  /**
   * Path where users list and end their sessions; `/:id` follows for one. `false` = there is none. Default: `url` + `s`, and
   * none for a store that cannot list.
   */
  readonly listUrl?: string | false;
  /** Milliseconds after a sign-in for which it is enough to list and end sessions, 0 to 8.64e15; 0 = always. Default 15 minutes. */
  readonly freshFor?: number;
  /** Who may list and end the sessions of others. Default: nobody, and nothing is there to ask. */
  readonly authorize?: Authorize<Data>;
  /** Sessions whose data browsers follow: made by `createLiveSessions` with the same `sessions`. Default: none. */
  readonly live?: LiveSessions<Data>;
  /** Path where anybody may ask whether the server and its store work. Default: none. */
  readonly healthUrl?: string;
  /**
   * How failed sign-ins and guesses are slowed down (S74, S75). Default `{}`: the limits at their defaults. `false` = not at
   * all, where something in front of the server does it.
   */
  readonly attempts?: Omit<AttemptLimitsOptions, 'now'> | false;
  /** Bytes of a request's body, at most 1 MiB. Default 16384. More is refused with 413. */
  readonly bodyLimit?: number;
  /**
   * Hears of every failure that was answered with a 5xx: what `authenticate` or the store threw, as it was thrown.
   * Default: name, code and place of it on standard error, without its message, which may quote what the user sent.
   */
  readonly onError?: (error: unknown) => void;
  /** The present, in milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: () => number;
}

/** The options, checked and complete. */
export interface Settings<Data>
  extends Required<
    Omit<
      SessionServerOptions<Data>,
      'tokens' | 'cookie' | 'clearSiteData' | 'listUrl' | 'authorize' | 'healthUrl' | 'attempts' | 'live'
    >
  > {
  readonly tokens: Tokens | undefined;
  readonly listUrl: string | undefined;
  readonly authorize: Authorize<Data> | undefined;
  readonly healthUrl: string | undefined;
  readonly live: LiveSessions<Data> | undefined;
  /** `undefined` = none. */
  readonly limits: AttemptLimits | undefined;
  /** Value of Clear-Site-Data; empty = none. */
  readonly clearSiteData: string;
}

export const mebibyte = 1_048_576;
export const mostProxies = 10;
const mostCarriers = 16;
const quarterOfAnHour = 900_000;

/** Throws `config/invalid` for a value that cannot be. */
export function settingsOf<Data>(options: SessionServerOptions<Data>): Settings<Data> {
  const { sessions, authenticate, tokens, healthUrl } = options;
  const url = pathOption('url', options.url ?? '/session');
  if (typeof sessions?.get !== 'function')
    throw invalidOption('The option sessions must be made by createSessions.');
  if (tokens !== undefined && typeof tokens?.verify !== 'function') {
    throw invalidOption('The option tokens must be made by createTokens.');
  }
  if (typeof authenticate !== 'function') throw invalidOption('The option authenticate must be a function.');
  if (options.live !== undefined && typeof options.live?.followers !== 'object') {
    throw invalidOption('The option live must be made by createLiveSessions.');
  }
  const carriers = carriersOf(options);
  const now = callable('now', options.now) ?? Date.now;
  return {
    sessions,
    authenticate,
    tokens,
    url,
    carriers,
    signInBy: signInByOf({ ...options, carriers }),
    saveUninitialized: yesOrNo('saveUninitialized', options.saveUninitialized ?? false),
    ambient: yesOrNo('ambient', options.ambient ?? false),
    labels: callable('labels', options.labels) ?? agentLabel,
    clearSiteData: siteDataOf(options.clearSiteData ?? ['cache']),
    proxies: wholeNumber('proxies', options.proxies ?? 0, 0, mostProxies, 'proxies'),
    origins: options.origins ?? [],
    dataAccess: oneOf('dataAccess', options.dataAccess ?? 'read', ['read-write', 'read', 'none']),
    requireIfMatch: yesOrNo('requireIfMatch', options.requireIfMatch ?? true),
    listUrl: listUrlOf(options, url),
    freshFor: wholeNumber('freshFor', options.freshFor ?? quarterOfAnHour, 0, endOfTime, 'milliseconds'),
    authorize: callable('authorize', options.authorize),
    healthUrl: healthUrl === undefined ? undefined : pathOption('healthUrl', healthUrl),
    live: options.live,
    bodyLimit: wholeNumber('bodyLimit', options.bodyLimit ?? 16_384, 1, mebibyte, 'bytes'),
    onError: harmless(callable('onError', options.onError) ?? reportFailure),
    now,
    limits: options.attempts === false ? undefined : createAttemptLimits({ ...options.attempts, now }),
  };
}

/** Throws `config/invalid` unless this is a path as all our URLs are. */
export function pathOption(option: string, path: string): string {
  if (/^(\/[\w.~-]+)+$/.test(path)) return path;
  throw invalidOption(`The option ${option} must be a path such as /session.`);
}

function listUrlOf<Data>({ sessions, listUrl }: SessionServerOptions<Data>, url: string): string | undefined {
  const canList = sessions.supports('list');
  if (listUrl === false || (listUrl === undefined && !canList)) return undefined;
  if (!canList) {
    throw new SessionError('store/unsupported', {
      message: 'The option listUrl needs a store that can do this: list.',
      status: 501,
    });
  }
  return pathOption('listUrl', listUrl ?? `${url}s`);
}

function carriersOf({
  carriers,
  cookie,
  tokens,
  proxies = 0,
}: Pick<SessionServerOptions<never>, 'carriers' | 'cookie' | 'tokens' | 'proxies'>): readonly Carrier[] {
  if (carriers === undefined) {
    return tokens === undefined ? [cookieCarrier(cookie)] : [bearerCarrier(), cookieCarrier(cookie)];
  }
  if (cookie !== undefined)
    throw invalidOption('The option cookie is for the default carriers: give it to cookieCarrier.');
  if (!Array.isArray(carriers) || carriers.length === 0 || carriers.length > mostCarriers) {
    throw invalidOption(`The option carriers must hold 1 to ${mostCarriers} carriers.`);
  }
  for (const carrier of carriers) {
    if (typeof carrier?.find !== 'function')
      throw invalidOption('The option carriers must hold carriers only.');
    if (carrier.name === 'bearer' && tokens === undefined) {
      throw invalidOption('The bearer carrier needs the option tokens.');
    }
    if (carrier.name === 'socket' && proxies > 0) {
      throw invalidOption(
        'The socket carrier is for clients that connect directly: not with the option proxies.',
      );
    }
  }
  return [...carriers];
}

function signInByOf({
  signInBy,
  tokens,
  carriers,
}: Pick<SessionServerOptions<never>, 'signInBy' | 'tokens'> & Pick<Settings<never>, 'carriers'>):
  | 'token'
  | 'carriers' {
  const how = oneOf('signInBy', signInBy ?? (tokens === undefined ? 'carriers' : 'token'), [
    'token',
    'carriers',
  ]);
  if (how === 'token' && tokens === undefined) {
    throw invalidOption("The option signInBy can be 'token' only with the option tokens.");
  }
  if (how === 'carriers' && carriers.every(({ announce }) => announce === undefined)) {
    throw invalidOption(
      'None of the option carriers announces a session, so that no sign-in would be noticed.',
    );
  }
  return how;
}

const siteData: readonly string[] = ['cache', 'cookies', 'storage'];

function siteDataOf(kinds: readonly string[]): string {
  if (!Array.isArray(kinds) || !kinds.every((kind) => siteData.includes(kind))) {
    throw invalidOption(`The option clearSiteData must hold some of ${siteData.join(', ')}.`);
  }
  return kinds.map((kind) => `"${kind}"`).join(', ');
}

const longestLabel = 256;

function agentLabel(request: HttpRequest): Labels {
  const agent = request.header('user-agent');
  return agent === undefined ? {} : { agent: agent.slice(0, longestLabel) };
}

/** Where it happened, without what it says (S72). */
export function reportFailure(error: unknown): void {
  const code = error instanceof SessionError ? ` ${error.code}` : '';
  const root = error instanceof SessionError && error.cause instanceof Error ? error.cause : error;
  const name = root instanceof Error ? root.name : typeof root;
  const frames =
    root instanceof Error ? (root.stack?.replace(root.message, '').match(/^ {4}at .*$/gm) ?? []) : [];
  console.error(['can-connect-session: a request failed.', `${name}${code}`, ...frames].join('\n'));
}
