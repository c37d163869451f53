import connect from 'can-connect';
import canMap from 'can-connect/can/map/map.js';
import constructor from 'can-connect/constructor/constructor.js';
import sessionBehavior, { type SessionOptions } from './behaviors/session.js';
import { demand } from './core/fail.js';
import type { SessionState } from './core/state.js';
import type { SessionClaims } from './core/token.js';
import type { LiveConnection } from './parts/live/live-connection.js';

/** What an instance can do, whatever its claims. */
export interface SessionMethods<Claims> {
  /**
   * Signs in with the instance's own fields as credentials. Resolves with the instance, which then holds the claims and
   * no longer the credentials. Rejects with a SessionError, and with `session/superseded` where a later sign-in or a
   * sign-out took its place.
   */
  save(): Promise<SessionInstance<Claims>>;
  /** Signs out. Never rejects: `Session.state` tells whether the server heard of it. */
  destroy(): Promise<SessionInstance<Claims>>;
  isNew(): boolean;
  isSaving(): boolean;
  isDestroying(): boolean;
}

/** A session: the claims at top level (CAN-09). */
export type SessionInstance<Claims = SessionClaims> = Readonly<Claims> & SessionMethods<Claims>;

/** The connection behind a Session type. */
export interface SessionConnection<Claims = SessionClaims> {
  get(): Promise<SessionInstance<Claims>>;
  save(instance: SessionInstance<Claims>): Promise<SessionInstance<Claims>>;
  /** Signs out, with or without an instance, and also when nobody is signed in (CAN-10). Never rejects. */
  destroy(instance?: SessionInstance<Claims>): Promise<SessionInstance<Claims> | null | undefined>;
  /**
   * Signs in with a token that came another way, such as a redirect; in cookie mode, with a session object.
   * Rejects with the `token/…` code of what is wrong with it, and then changes nothing.
   */
  adopt(token: unknown): Promise<SessionInstance<Claims>>;
  /** The connection that keeps `data` the same here and on the server. Only with the part `live()`. */
  readonly live?: LiveConnection;
}

/** A Session type: what `connectSession()` makes of a DefineMap or an ObservableObject. */
export interface SessionType<Claims = SessionClaims> {
  new (credentials?: object): SessionInstance<Claims>;
  /**
   * Finds out who is signed in. Resolves with the instance; rejects with a SessionError when nobody is. The stored
   * token is judged without a request, unless `verify` or cookie mode asks for one.
   */
  get(): Promise<SessionInstance<Claims>>;
  /** The signed-in instance, null when nobody is signed in, undefined while that is unknown. Observable. */
  get current(): SessionInstance<Claims> | null | undefined;
  /** Takes an instance that came with the page, or null for nobody. */
  set current(instance: SessionInstance<Claims> | null | undefined);
  /** `get()` without asking twice; safe to read and not to handle. */
  readonly currentPromise: Promise<SessionInstance<Claims>>;
  /** The instance whose sign-in is under way. Observable. */
  readonly saving: SessionInstance<Claims> | undefined;
  /** Everything there is to know, as one tagged union. Observable. */
  readonly state: SessionState<Claims>;
  readonly connection: SessionConnection<Claims>;
}

/** Options of `connectSession()`: those of the behavior, and the type to connect. */
export interface ConnectSessionOptions extends SessionOptions {
  /** The DefineMap or ObservableObject that becomes the Session type. Either name will do. */
  readonly Map?: object;
  readonly ObjectType?: object;
  /** Not needed: there is one session, not a list. Accepted, as can-connect names them. */
  readonly List?: object;
  readonly ArrayType?: object;
  /** The connection's name in can-connect's own messages. Default `session`. */
  readonly name?: string;
}

/**
 * Connects a type to the session, in one call.
 *
 * @typeParam Claims - what the server's tokens say about a user
 * @returns the type that was handed in, now with `get`, `current`, `connection` and the rest of SessionType
 * @throws SessionError `config/type` without a type
 */
export function connectSession<Claims extends object = SessionClaims>(
  options: ConnectSessionOptions,
): SessionType<Claims> {
  const Type = options.Map ?? options.ObjectType;
  if (process.env.NODE_ENV !== 'production') demand(Type, 'config/type');
  const connection = connect([sessionBehavior, constructor, canMap], {
    name: 'session',
    ...options,
    Map: Type,
  });
  return Object.assign(Type as object, { connection }) as unknown as SessionType<Claims>;
}
