import connect from 'can-connect';
import { demand } from '../core/fail.js';
import { createCore, type ReadToken, type SessionCore } from '../core/session.js';
import type { ClaimChecks } from '../core/token.js';
import { createTokenStorage, type WebStorage } from '../core/token-storage.js';
import { ajaxTransport, type SessionUrl } from '../transports/ajax.js';
import { type Connection, install } from './install.js';

/** What a session connection can be told, in the options object of `connect()` or of `connectSession()`. */
export interface SessionOptions {
  /**
   * Where the session lives on the server: one URL, or one for each of `getData`, `createData` and `destroyData`.
   * Default `/session`.
   */
  readonly url?: SessionUrl;
  /** The key under which the token is stored. Default `session-jwt` (CAN-02). */
  readonly storageKey?: string;
  /** Where the token is stored, or a function that gives it. Default `sessionStorage`, and memory where that fails. */
  readonly tokenStorage?: WebStorage | (() => WebStorage);
  /**
   * `'cookie'`: the server keeps the session in a cookie that the browser cannot read, nothing is stored here, and each
   * `get()` asks `GET url`. Default: a JWT is stored here.
   */
  readonly token?: 'cookie';
  /**
   * Finds the token in an answer, which is raw text or parsed JSON. Default: the text itself, or the member `token`,
   * `jwt` or `access_token`.
   */
  readonly readToken?: ReadToken;
  /** Signs in instead of the POST. Resolves with what the POST would have answered: a token, or an object with one. */
  readonly signIn?: (credentials: object) => unknown;
  /** What a token's claims must say. Default: `exp` only, to the millisecond. */
  readonly claims?: ClaimChecks;
  /** Whether `get()` also asks `GET url` about a stored token. Default false. */
  readonly verify?: boolean;
  /** The clock, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
}

/**
 * The behavior `data/session`: loads, creates and destroys one user session instead of records.
 *
 * List it first among the behaviors of a connection that has `constructor` and `can/map`. On the finished connection and
 * its type it installs `get`, `save` and `destroy`, `Session.current`, `currentPromise`, `saving` and `state`.
 */
const sessionBehavior = connect.behavior('data/session', (base: { init?(): void }) => {
  let core: SessionCore;
  return {
    init(this: Connection & SessionOptions) {
      base.init?.call(this);
      if (process.env.NODE_ENV !== 'production') {
        demand(this.Map, 'config/type');
        demand('createdInstance' in this && 'cidStore' in this, 'config/behaviors');
      }
      let follow = () => {};
      core = assemble(this, () => follow());
      follow = install(this, core);
    },
    /** Loads and judges the session. Rejects when there is none (CAN-03). */
    getData: async () => ({ ...(await core.check()) }),
    /** Signs in (CAN-06). */
    createData: async (credentials: object) => ({ ...(await core.signIn(credentials)) }),
    /** Signs out: here at once, then on the server if it can be reached (CAN-07). */
    destroyData: async () => {
      await core.signOut();
      return {};
    },
    /** Takes a token that came another way (OAuth, a link); in cookie mode, a session. Resolves with the instance. */
    async adopt(this: Connection, token: unknown) {
      core.adopt(token);
      return this.get();
    },
  };
});

export default sessionBehavior;

/** Reads the options, all of them here. */
function assemble(options: SessionOptions, changed: () => void): SessionCore {
  const {
    url = '/session',
    storageKey = 'session-jwt',
    tokenStorage = () => sessionStorage,
    readToken: read = readToken,
    claims: checks = {},
    verify = false,
    now = Date.now,
    signIn,
  } = options;
  const cookie = options.token === 'cookie';
  const open = typeof tokenStorage === 'function' ? tokenStorage : () => tokenStorage;
  const transport = ajaxTransport(url, cookie);
  if (signIn) transport.create = async (credentials) => signIn(credentials);
  const storage = createTokenStorage(storageKey, open);
  return createCore({ storage, transport, cookie, read, checks, verify, now, changed });
}

/** The token is the text itself, or the member `token`, `jwt` or `access_token` of an object. */
function readToken(answer: unknown): unknown {
  const { token, jwt, access_token } = Object(answer);
  return typeof answer === 'string' ? answer : (token ?? jwt ?? access_token);
}
