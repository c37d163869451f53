import { SessionError } from '../../protocol/errors.js';
import type { SessionAnswer, SignInAnswer } from '../../protocol/messages.js';
import { SessionNotFound } from '../core/errors.js';
import type { Sessions } from '../core/sessions.js';
import type { Tokens } from '../core/tokens.js';
import type { SessionUser } from '../core/user.js';
import { bearerToken } from './bearer.js';
import { emptyAnswer, type HttpAnswer, type HttpRequest, jsonAnswer } from './exchange.js';
import { jsonObject } from './json-body.js';

/** What the sign-in form sends. Both are texts of at least one character. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/**
 * Whose credentials these are; `null` = nobody's. It is told nothing else, and should take the same time for an unknown
 * user as for a wrong password (`authenticateWith` does). A `SessionError` it throws is answered with its code, anything
 * else with `server/failed`.
 */
export type Authenticate = (credentials: Credentials) => SessionUser | null | Promise<SessionUser | null>;

/** One URL: what each method does there. */
export type Resource = ReadonlyMap<string, (request: HttpRequest) => Promise<HttpAnswer>>;

export interface SessionEndpointOptions<Data> {
  readonly sessions: Sessions<Data>;
  readonly tokens: Tokens;
  readonly authenticate: Authenticate;
  /** Bytes. */
  readonly bodyLimit: number;
}

/** `/session`: POST signs in, GET says who is signed in, DELETE signs out. Only these change anything (S48). */
export function sessionEndpoint<Data>(options: SessionEndpointOptions<Data>): Resource {
  const { sessions, tokens, authenticate, bodyLimit } = options;

  async function signIn(request: HttpRequest): Promise<HttpAnswer> {
    const user = await authenticate(credentialsOf(await jsonObject(request, bodyLimit)));
    // Unknown user and wrong password are one answer (S66).
    if (user === null) throw new SessionError('credentials/wrong', { status: 401 });
    const session = await sessions.create(undefined, user);
    const body: SignInAnswer = { token: await tokens.issue(session), session: session.toJSON() };
    return jsonAnswer(201, body);
  }

  async function whoAmI(request: HttpRequest): Promise<HttpAnswer> {
    const { sid } = await tokens.verify(bearerToken(request));
    // The token is good; whether the session still is, only the store knows (S60).
    const body: SessionAnswer = { session: (await sessions.get(sid)).toJSON() };
    return jsonAnswer(200, body);
  }

  /** 204 whoever asks, since afterwards nobody is signed in with what was shown. Only a store that fails is told. */
  async function signOut(request: HttpRequest): Promise<HttpAnswer> {
    const sid = await shownSession(request);
    if (sid !== undefined) {
      await sessions.delete(sid).catch((error: unknown) => {
        if (!(error instanceof SessionNotFound)) throw error;
      });
    }
    return emptyAnswer(204);
  }

  async function shownSession(request: HttpRequest): Promise<string | undefined> {
    try {
      return (await tokens.verify(bearerToken(request), { allowExpired: true })).sid;
    } catch (error) {
      if (error instanceof SessionError && error.code.startsWith('token/')) return undefined;
      throw error;
    }
  }

  return new Map([
    ['GET', whoAmI],
    ['POST', signIn],
    ['DELETE', signOut],
  ]);
}

function credentialsOf(body: ReadonlyMap<string, unknown>): Credentials {
  const username = body.get('username') ?? '';
  const password = body.get('password') ?? '';
  if (typeof username !== 'string' || typeof password !== 'string') {
    throw new SessionError('request/malformed', { status: 400 });
  }
  if (username === '' || password === '') throw new SessionError('credentials/missing', { status: 400 });
  return { username, password };
}
