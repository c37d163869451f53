import type { SessionError } from '../../protocol/errors.js';
import type { BrowserEndReason } from '../../protocol/messages.js';
import { fail } from './fail.js';
import { createAttempts, type SessionState, type SettledState } from './state.js';
import {
  type ClaimChecks,
  decodeToken,
  judgeClaims,
  type SessionClaims,
  sessionClaims,
  unquote,
} from './token.js';
import type { TokenStorage } from './token-storage.js';

/** The way to a server. Each call rejects with a SessionError that carries the HTTP status, 0 when there was none. */
export interface Transport {
  /** Signs in. Resolves with the answer: text, or parsed JSON. */
  create(credentials: object): Promise<unknown>;
  /** Asks who is signed in. */
  get(token: string | null): Promise<unknown>;
  /** Tells that a session is over. */
  destroy(token: string | null): Promise<unknown>;
}

/** Finds the token in an answer, which is raw text or parsed JSON. */
export type ReadToken = (answer: unknown) => unknown;

/** Options that decide how a session is judged. */
export interface CoreOptions {
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
  /** What a token's claims must say. Default: `exp` only, to the millisecond. */
  readonly claims?: ClaimChecks;
  /** Whether `get()` also asks `GET url` about a stored token. Default false. */
  readonly verify?: boolean;
  /** The clock, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
}

/** A session as one page sees it, without CanJS and without a network. */
export interface SessionCore {
  /** Called after each change of state, when nothing is half done. */
  changed(): void;
  readonly state: SessionState;
  /** The token in use; null when there is none, and in cookie mode. For requests, and for nothing that can be seen. */
  readonly token: string | null;
  /** Whether a check would find what is known already, so that nobody need wait for one. */
  holds(): boolean;
  /**
   * Finds out who is signed in. Calls at the same time share one answer.
   *
   * @param asks - whether the server is asked. Default: where the options say so
   */
  check(asks?: boolean): Promise<SessionClaims>;
  signIn(credentials: object): Promise<SessionClaims>;
  /** Takes a token (in cookie mode, a session) that came another way. */
  adopt(answer: unknown): void;
  /** Takes claims for which there is no token, or undefined for nobody. */
  assume(claims: SessionClaims | undefined): void;
  /**
   * Ends the session here, at once. Never rejects.
   *
   * @param reason - why, where the server has ended it. Default: the user signs out, and the server is told
   */
  signOut(reason?: BrowserEndReason): Promise<void>;
}

export function createCore(options: CoreOptions, storage: TokenStorage, transport: Transport): SessionCore {
  const { readToken = findToken, claims: checks = {}, verify, now = Date.now } = options;
  const cookie = options.token === 'cookie';
  const asksAlways = cookie || verify;
  let state: SessionState = { name: 'unknown' };
  /** The token in use and its claims: decoded when it changes, not on every look. */
  let token: string | null = null;
  let claims: SessionClaims | undefined;
  let checking: Promise<SessionClaims> | undefined;
  let signing: Promise<SessionClaims>;

  function enter(next: SessionState) {
    state = next;
    core.changed();
  }

  const begin = createAttempts(enter);

  /** The state that holds as long as nothing under way succeeds. */
  const settled = () => (state.name === 'authenticating' ? state.previous : state);

  const signedIn = (stale = false): SettledState => ({
    name: 'authenticated',
    claims: claims as SessionClaims,
    stale,
    persisted: storage.persisted,
  });

  /** Nobody is signed in. Why an earlier session ended stays readable. */
  function nobody(error = fail('session/ended')): SettledState {
    const before = settled();
    return before.name === 'ended' ? before : { name: 'anonymous', error };
  }

  /** Judges a token and stores it, bare, so that the next look is a comparison. */
  function judge(found: unknown) {
    const text = typeof found === 'string' ? unquote(found) : found;
    claims = judgeClaims(claims && text === token ? claims : decodeToken(text), checks, now());
    token = text as string;
    if (storage.read() !== token) storage.write(token);
    return claims;
  }

  function admit(answer: unknown) {
    if (!cookie) return judge(readToken(answer));
    claims = sessionClaims(answer);
    return claims;
  }

  /** Removes what is stored. Gives the token that it was. */
  function forget() {
    const text = storage.read();
    storage.remove();
    token = null;
    claims = undefined;
    return text && unquote(text);
  }

  async function run(asks?: boolean): Promise<SessionClaims> {
    const settle = begin();
    let stale = false;
    // However fast the answer, `current` is undefined first.
    await undefined;
    settle();
    try {
      if (!cookie) judge(storage.read());
      if (asks) {
        const answer = await transport.get(token);
        settle();
        if (cookie) admit(answer);
      }
    } catch (cause) {
      settle();
      const error = cause as SessionError;
      const { code, status } = error;
      // Only what was judged here or a 401 ends a session; a network failure or a 5xx never does.
      stale = status === undefined ? !code.startsWith('token') : status !== 401;
      if (!stale) {
        const missing = code === 'token/missing';
        let reason: BrowserEndReason = status ? 'revoked' : 'tampered';
        if (missing) reason = 'storage-cleared';
        if (code.endsWith('expired')) reason = 'expired';
        // There was a session: one that is shown, or a token that was found here.
        const ended = claims ?? !(status || missing);
        forget();
        settle(ended ? { name: 'ended', reason, error } : nobody(error));
      } else if (!claims) settle({ name: 'unknown', error });
      if (!claims) throw error;
    }
    settle(signedIn(stale));
    return claims as SessionClaims;
  }

  async function create(credentials: object): Promise<SessionClaims> {
    const previous = settled();
    const settle = begin();
    enter({ name: 'authenticating', previous });
    try {
      const answer = await transport.create(credentials);
      settle();
      const admitted = admit(answer);
      settle(signedIn());
      return admitted;
    } catch (error) {
      settle(previous);
      throw error;
    }
  }

  function check(asks = asksAlways): Promise<SessionClaims> {
    // A sign-in under way answers the question too; if it fails, what was there before does.
    if (state.name === 'authenticating') return signing.catch(() => check(asks));
    checking ??= run(asks).finally(() => {
      checking = undefined;
    });
    return checking;
  }

  const core: SessionCore = {
    changed() {},
    get state() {
      return state;
    },
    get token() {
      return token;
    },
    holds() {
      try {
        return !asksAlways && state.name === 'authenticated' && judge(storage.read()) === state.claims;
      } catch {
        return false;
      }
    },
    check,
    signIn(credentials) {
      signing = create(credentials);
      return signing;
    },
    adopt(answer) {
      // Judged first: a bad answer must not void a sign-in that is under way.
      admit(answer);
      begin()(signedIn());
    },
    assume(assumed) {
      forget();
      claims = assumed;
      begin()(assumed ? signedIn() : nobody());
    },
    async signOut(reason) {
      const known = claims ?? cookie;
      const last = forget();
      const settle = begin();
      if (!known && !last) return settle(nobody());
      const ended: SettledState = {
        name: 'ended',
        reason: reason ?? 'signed-out',
        error: fail('session/ended'),
      };
      settle(ended);
      if (reason) return;
      try {
        settle({
          ...ended,
          told: await transport.destroy(last).then(
            () => true,
            () => false,
          ),
        });
      } catch {
        // Somebody has signed in meanwhile.
      }
    },
  };
  return core;
}

/** The token is the text itself, or the member `token`, `jwt` or `access_token` of an object. */
function findToken(answer: unknown): unknown {
  const { token, jwt, access_token } = Object(answer);
  return typeof answer === 'string' ? answer : (token ?? jwt ?? access_token);
}
