import { SessionError } from '../../../protocol/errors.js';
import type { SessionAnswer, SignInAnswer } from '../../../protocol/messages.js';
import type { Session } from '../../core/session.js';
import type { Sessions } from '../../core/sessions.js';
import type { Tokens } from '../../core/tokens.js';
import type { SessionUser } from '../../core/user.js';
import type { Authentication } from '../authentication.js';
import { bearerToken } from '../carriers/bearer.js';
import { CurrentSession } from '../current-session.js';
import { emptyAnswer, type HttpAnswer, type HttpRequest, jsonAnswer } from '../exchange.js';
import { jsonObject } from '../json-body.js';
import type { Resource } from '../resource.js';

/** What the sign-in form sends. Both are texts of at least one character. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Who somebody is, and what their new session begins with. */
export interface SignedIn<Data> extends SessionUser {
  /** Default `{}`. The data of the session before is not taken over: whoever wants that takes it from `current`. */
  readonly data?: Data;
}

/**
 * Whose credentials these are; `null` = nobody's. It should take the same time for an unknown user as for a wrong password
 * (`authenticateWith` does). `current` is the session before the sign-in, which ends with it. A `SessionError` it throws is
 * answered with its code, anything else with `server/failed`.
 */
export type Authenticate<Data = never> = (
  credentials: Credentials,
  current: CurrentSession<Data>,
) => SignedIn<Data> | null | Promise<SignedIn<Data> | null>;

export interface SessionResourceOptions<Data> {
  readonly sessions: Sessions<Data>;
  readonly tokens: Tokens | undefined;
  /** Whether a sign-in is answered with a token; else no body holds a secret, and the carriers tell the client (S33). */
  readonly tellToken: boolean;
  readonly authentication: Authentication<Data>;
  /** Bytes. */
  readonly bodyLimit: number;
}

/** `/session`: POST signs in, GET says who is signed in, DELETE signs out. Only these change anything (S48). */
export function sessionResource<Data>(options: SessionResourceOptions<Data>): Resource<Data> {
  const { sessions, tokens, tellToken, authentication, bodyLimit } = options;

  async function signIn(request: HttpRequest, current: CurrentSession<Data>): Promise<HttpAnswer> {
    const credentials = credentialsOf(await jsonObject(request, bodyLimit));
    const { data = {} as Data, ...who } = await authentication(request, credentials, current);
    let token: string | undefined;
    if (tellToken && tokens !== undefined) {
      token = await tokens.issue(await CurrentSession.replace(current, data, who));
    } else {
      await current.resave(data, who);
    }
    const session = current.get();
    const { address } = request;
    sessions.report({
      type: 'signed-in',
      id: session.id,
      uid: who.id,
      address,
      agent: request.header('user-agent'),
    });
    const body: SessionAnswer | SignInAnswer = {
      ...(token === undefined ? undefined : { token }),
      ...viewOf(session),
    };
    return jsonAnswer(201, body);
  }

  async function whoAmI(_: HttpRequest, current: CurrentSession<Data>): Promise<HttpAnswer> {
    return jsonAnswer(200, viewOf(current.get()));
  }

  /** 204 whoever asks, since afterwards nobody is signed in with what was shown. Only a store that fails is told. */
  async function signOut(request: HttpRequest, current: CurrentSession<Data>): Promise<HttpAnswer> {
    const sid = current.session === undefined ? await expiredToken(request) : undefined;
    if (sid !== undefined) await sessions.destroy(sid);
    await current.logout();
    return emptyAnswer(204);
  }

  /** The session of a token whose time is over: it may still be ended by whoever holds it. */
  async function expiredToken(request: HttpRequest): Promise<string | undefined> {
    const token = bearerToken(request);
    if (tokens === undefined || token === undefined) return undefined;
    try {
      return (await tokens.verify(token, { allowExpired: true })).sid;
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

function viewOf(session: Session<unknown>): SessionAnswer {
  return { session: session.toJSON() };
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
