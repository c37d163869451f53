import { policyOf, type SessionsOptions } from './core/sessions-options.js';
import { readKeys } from './core/token-keys.js';
import { createTokens, type TokensOptions } from './core/tokens.js';
import { cookieFindings } from './doctor/cookies.js';
import { doubtful, type Finding, refusalOf, unreadable } from './doctor/finding.js';
import { proxyFindings } from './doctor/proxies.js';
import { signingSecrets, tokenSecrets } from './doctor/secrets.js';
import { storeFindings } from './doctor/store.js';
import type { CookieOptions } from './http/carriers/cookie.js';
import type { HttpRequest } from './http/exchange.js';
import { createSessionServer } from './session-server.js';
import type { SessionServerOptions } from './session-server-options.js';

export type { Finding, FindingCode } from './doctor/finding.js';

/** The same objects that make the parts. What is missing is not looked at. */
export interface DiagnosisOptions<Data = { [key: string]: unknown }> {
  /** What `createSessions` gets. Its store is asked whether it answers. */
  readonly sessions?: SessionsOptions;
  /** What `createTokens` gets. */
  readonly tokens?: TokensOptions;
  /** What `createSessionServer` gets; `sessions`, `tokens` and `authenticate` may be missing. */
  readonly server?: Partial<SessionServerOptions<Data>>;
  /** What `cookieCarrier` gets, where `server.carriers` has one. Default: `server.cookie`. */
  readonly cookie?: CookieOptions;
  /** A request as it comes to this process from outside, to see what proxies say. Default: none. */
  readonly request?: Pick<HttpRequest, 'header' | 'secure'>;
  /** Whether this process encrypts by itself. Default false. */
  readonly https?: boolean;
  /** Whether this is no development. Default: whether NODE_ENV is `production`. */
  readonly production?: boolean;
}

/**
 * What is wrong with a configuration, a sentence each; empty = nothing that can be seen. Makes nothing and never rejects: what
 * the constructors would throw is a finding too. Takes as long as the store takes to answer, at most `storeDeadline` twice.
 * No sentence shows the value of an option.
 */
export async function diagnose<Data>(options: DiagnosisOptions<Data>): Promise<readonly Finding[]> {
  const { sessions, tokens, server, https = false, request } = options;
  const cookie = options.cookie ?? server?.cookie;
  const production = options.production ?? process.env.NODE_ENV === 'production';
  const parts = [
    sessions && examined('createSessions', sessions, (own) => sessionsFindings(own, production)),
    tokens && examined('createTokens', tokens, tokensFindings),
    cookie && examined('the cookie', cookie, (own) => cookieFindings(own, production)),
    server &&
      examined('createSessionServer', server, (own) => [
        ...serverFindings(own, options),
        ...originFindings(own.origins ?? [], production),
        ...proxyFindings({ proxies: own.proxies ?? 0, https, production, request }),
      ]),
  ];
  return (await Promise.all(parts)).flatMap((findings) => findings ?? []);
}

/** Callers without types hand in anything. */
function examined<Options>(
  what: string,
  options: Options,
  examine: (options: Options) => readonly Finding[] | Promise<readonly Finding[]>,
): readonly Finding[] | Promise<readonly Finding[]> {
  return typeof options === 'object' ? examine(options) : [unreadable(what)];
}

async function sessionsFindings(options: SessionsOptions, production: boolean): Promise<readonly Finding[]> {
  const secrets = Array.isArray(options.secrets) ? signingSecrets(options.secrets, 'session ids') : [];
  const refused = refusalOf(() => policyOf(options), 'createSessions');
  if (refused.length > 0) return [...secrets, ...refused];
  const policy = policyOf(options);
  const { timeToLive, ttlType, absoluteTimeToLive } = policy;
  const endless = absoluteTimeToLive === 0 && (timeToLive === 0 || ttlType !== 'created');
  return [
    ...secrets,
    ...(endless
      ? [
          doubtful(
            'endless-session',
            'A session that is used often enough never ends, nor does a stolen one: set the option absoluteTimeToLive.',
          ),
        ]
      : []),
    ...(await storeFindings(policy, production)),
  ];
}

/** Good for nothing but to see whether the other options are. */
const anyKey = { alg: 'HS256', secret: new Uint8Array(32) } as const;

function tokensFindings(options: TokensOptions): readonly Finding[] {
  const secrets = Array.isArray(options.keys) ? tokenSecrets(options.keys) : [];
  return [
    ...secrets,
    ...(secrets.some(({ code }) => code === 'short-secret')
      ? []
      : refusalOf(() => readKeys(options.keys), 'createTokens')),
    ...refusalOf(() => createTokens({ ...options, keys: [anyKey] }), 'createTokens'),
  ];
}

function serverFindings<Data>(
  server: Partial<SessionServerOptions<Data>>,
  { sessions, tokens }: DiagnosisOptions<Data>,
): readonly Finding[] {
  const { cookie, ...others } = server;
  const standIns = {
    sessions: {
      get: () => undefined,
      supports: (feature: never) => sessions?.store?.cannot?.includes(feature) !== true,
    } as unknown as SessionServerOptions<Data>['sessions'],
    authenticate: () => null,
    ...(tokens === undefined ? {} : { tokens: createTokens({ keys: [anyKey], issuer: '-', audience: '-' }) }),
  };
  return refusalOf(
    () =>
      createSessionServer<Data>({
        ...standIns,
        ...others,
        // Its own values are looked at elsewhere.
        ...(cookie === undefined ? {} : { cookie: {} }),
      }),
    'createSessionServer',
  );
}

/** A page that is not encrypted anybody on the way can have written. */
function originFindings(origins: readonly string[], production: boolean): readonly Finding[] {
  const plain = Array.isArray(origins) && origins.some((origin) => isPlain(origin));
  if (!plain || !production) return [];
  const sentence =
    'One of the origins that may call is not encrypted, so that anybody on the way can write its pages: take https.';
  return [doubtful('insecure-origin', sentence)];
}

function isPlain(origin: unknown): boolean {
  return typeof origin === 'string' && /^http:\/\/(?!(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$)/.test(origin);
}
