import connect from 'can-connect';
import { demand } from '../core/fail.js';
import { type CoreOptions, createCore, type SessionCore } from '../core/session.js';
import { createTokenStorage, type WebStorage } from '../core/token-storage.js';
import { ajaxTransport, type SessionUrl } from '../transports/ajax.js';
import { type Connection, install } from './install.js';
import type { SessionPart } from './part.js';

/** What a session connection can be told, in the options object of `connect()` or of `connectSession()`. */
export interface SessionOptions extends CoreOptions {
  /**
   * Where the session lives on the server: one URL, or one for each of `getData`, `createData` and `destroyData`.
   * Default `/session`.
   */
  readonly url?: SessionUrl;
  /** The key under which the token is stored. Default `session-jwt` (CAN-02). */
  readonly storageKey?: string;
  /** Where the token is stored, or a function that gives it. Default `sessionStorage`, and memory where that fails. */
  readonly tokenStorage?: WebStorage | (() => WebStorage);
  /** Signs in instead of the POST. Resolves with what the POST would have answered: a token, or an object with one. */
  readonly signIn?: (credentials: object) => unknown;
  /** What else the session can do, such as `live()` from `can-connect-session/live`. Default: nothing. */
  readonly parts?: readonly SessionPart[];
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
      const {
        url = '/session',
        storageKey = 'session-jwt',
        tokenStorage = () => sessionStorage,
        signIn,
        parts = [],
      } = this;
      const open = typeof tokenStorage === 'function' ? tokenStorage : () => tokenStorage;
      const transport = ajaxTransport(url, this.token === 'cookie');
      if (signIn) transport.create = async (credentials) => signIn(credentials);
      core = createCore(this, createTokenStorage(storageKey, open), transport);
      const kept = new Set<string>();
      install(this, core, kept);
      for (const part of parts) part({ connection: this, core, kept });
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
