import { invalidOption } from './core/options.js';
import { foxxIds, starcounterIds } from './core/plain-ids.js';
import type { SessionsOptions } from './core/sessions-options.js';
import { signedIds } from './core/signed-ids.js';
import type { Carrier } from './http/carrier.js';
import { type CookieOptions, cookieCarrier } from './http/carriers/cookie.js';
import { headerCarrier } from './http/carriers/header.js';
import { refererCarrier } from './http/carriers/referer.js';
import { socketCarrier } from './http/carriers/socket.js';
import { uriCarrier } from './http/carriers/uri.js';
import type { Mount } from './live/channel/namespaces.js';
import type { LiveOptions } from './live/live-options.js';
import { readSessionOptions, SessionOptions } from './live/session-options.js';

/** Options of `createSessions` without the store. Later ones win: `{ ...foxx, store, timeToLive: 60_000 }`. */
export type Preset = Omit<SessionsOptions, 'store'>;

/**
 * ArangoDB Foxx's sessions app, 2.3 to 2.5: one week from the creation, over at the very instant, expired records stay,
 * the last writer wins, nothing sweeps. What differs on purpose stands in docs/deviations.md.
 */
export const foxx = Object.freeze({
  timeToLive: 604_800_000,
  ttlType: 'created',
  validAtExpiry: false,
  onExpiredRead: 'keep',
  touchOnGet: true,
  conflicts: 'last-writer-wins',
  sweepInterval: 0,
  ids: foxxIds(),
} satisfies Preset);

/**
 * V's `x.sessions`: thirty days from the first save, still good at the very instant, an expired record is removed when it
 * is read, a read is no access, the last writer wins, nothing sweeps. Ids are signed, so the option `secrets` is needed.
 */
export const vweb = Object.freeze({
  timeToLive: 2_592_000_000,
  ttlType: 'created',
  validAtExpiry: true,
  onExpiredRead: 'purge',
  touchOnGet: false,
  conflicts: 'last-writer-wins',
  sweepInterval: 0,
  ids: signedIds,
} satisfies Preset);

/**
 * Starcounter's sessions: twenty minutes since the last use, by a clock that ticks once a minute (SC-07), and five minutes of
 * waiting for one that is in use.
 */
export const starcounter = Object.freeze({
  timeToLive: 1_200_000,
  ttlType: 'lastAccess',
  validAtExpiry: false,
  tick: 60_000,
  onExpiredRead: 'purge',
  touchOnGet: true,
  sweepInterval: 60_000,
  waitMs: 300_000,
  ids: starcounterIds(),
} satisfies Preset);

/** Options of `createSessionServer`: `{ ...vwebServer(), sessions, authenticate }`. */
export interface ServerPreset {
  readonly carriers: readonly Carrier[];
  readonly saveUninitialized: boolean;
}

/** As `activateSessions` of Foxx has it (FOXX-75, FOXX-78): a cookie, a header, or both. */
export interface FoxxServerOptions {
  /** `true` = a cookie named `sid`, a text = of that name, `companion` among its options = signed. Default: none. */
  readonly cookie?: boolean | string | CookieOptions;
  /** `true` = `X-Session-Id`, a text = a header of that name. Default: none. */
  readonly header?: boolean | string;
  /** Whether every request has a session, stored at once (FOXX-70). Default true. */
  readonly autoCreate?: boolean;
}

/** How requests find their session in Foxx. Throws `config/invalid` when there is neither cookie nor header. */
export function foxxServer({ cookie, header, autoCreate = true }: FoxxServerOptions): ServerPreset {
  const named = typeof cookie === 'string' ? { name: cookie } : typeof cookie === 'object' ? cookie : {};
  const carriers = [
    ...(cookie === undefined || cookie === false ? [] : [cookieCarrier({ name: 'sid', ...named })]),
    ...(header === undefined || header === false
      ? []
      : [headerCarrier(typeof header === 'string' ? { name: header } : {})]),
  ];
  if (carriers.length === 0) throw invalidOption('One of the options cookie and header must be there.');
  return { carriers, saveUninitialized: autoCreate };
}

/** The fields of V's `Sessions` that concern requests. */
export interface VwebServerOptions {
  /** What differs from V's cookie: `sid`, SameSite=Strict. */
  readonly cookie?: CookieOptions;
  /** V-04. Default false. */
  readonly saveUninitialized?: boolean;
}

/** How requests find their session in V. */
export function vwebServer({ cookie, saveUninitialized = false }: VwebServerOptions = {}): ServerPreset {
  return {
    carriers: [cookieCarrier({ name: 'sid', sameSite: 'strict', ...cookie })],
    saveUninitialized,
  };
}

/** The switches of Starcounter that concern requests. */
export interface StarcounterServerOptions {
  /** Whether a new session is told by the cookie `ScSessionCookie`, not by Location and X-Location (SC-51). Default false. */
  readonly useSessionCookie?: boolean;
  /** Sessions are at `/__<database>/<id>`. Default `default` (SC-04). */
  readonly database?: string;
  /**
   * Whether every client connects to this process directly: then a connection keeps its session. Behind a proxy that would
   * hand the session of one to another. Default false.
   */
  readonly direct?: boolean;
}

/** How requests find their session in Starcounter (SC-40): the address decides before all others. */
export function starcounterServer(options: StarcounterServerOptions = {}): ServerPreset {
  const { useSessionCookie = false, database = 'default', direct = false } = options;
  return {
    carriers: [
      uriCarrier({ prefix: `/__${database}/`, announce: !useSessionCookie }),
      refererCarrier({ name: 'X-Referer' }),
      cookieCarrier({ name: 'ScSessionCookie', persistent: false, announce: useSessionCookie }),
      refererCarrier(),
      ...(direct ? [socketCarrier()] : []),
    ],
    saveUninitialized: false,
  };
}

/** The switches of Starcounter that concern the document of a session. */
export interface StarcounterLiveOptions {
  /** A sum of `SessionOptions` (SC-18). Default `SessionOptions.Default`: without versions. */
  readonly options?: number;
  /** Where the JSON of which app hangs, for `SessionOptions.IncludeNamespaces` (SC-100). */
  readonly mounts?: readonly Mount[];
  /** As in `starcounterServer`. */
  readonly database?: string;
}

/** Options of `createLiveSessions` as Starcounter has them: `{ ...starcounterLive(), sessions }`. Throws `config/invalid`. */
export function starcounterLive({
  options = SessionOptions.Default,
  mounts = [],
  database = 'default',
}: StarcounterLiveOptions = {}): Pick<
  LiveOptions<never>,
  'name' | 'versioning' | 'strict' | 'namespaces' | 'replaces' | 'closing'
> {
  const { versioning, strict, namespaces } = readSessionOptions(options);
  return {
    name: database,
    versioning,
    strict,
    ...(namespaces ? { namespaces: mounts } : undefined),
    replaces: true,
    // SC-83: what has no slash is the reason of an end, any other a code.
    closing: (why) =>
      why.includes('/') ? { code: 1011, reason: why } : { code: 1001, reason: 'Session is expired.' },
  };
}
