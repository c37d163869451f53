/** The door of the server half: `can-connect-session/server`. */
export { type ErrorCode, SessionError, type SessionErrorDetails } from '../protocol/errors.js';
export type {
  EndReason,
  Json,
  ProblemBody,
  SessionAnswer,
  SessionView,
  SignInAnswer,
} from '../protocol/messages.js';
export { type Problem, problems } from '../protocol/problems.js';
export { SessionExpired, SessionNotFound } from './core/errors.js';
export { accessedAt, type Clocks, expiryOf, isExpired, type Lifetime, type TtlType } from './core/expiry.js';
export { digestIds, type IdScheme, type IssuedId } from './core/ids.js';
export type { Session, SessionUser } from './core/session.js';
export { createSessions, type Sessions, type SessionsOptions } from './core/sessions.js';
export type { Labels, SessionChange, SessionRecord, SessionStore, UpdateResult } from './core/store.js';
export {
  createTokens,
  type TokenClaims,
  type TokenKey,
  type TokenSubject,
  type Tokens,
  type TokensOptions,
} from './core/tokens.js';
export type { HttpAnswer, HttpHeaders, HttpRequest } from './http/exchange.js';
export type { Authenticate, Credentials } from './http/session-endpoint.js';
export {
  defaultCost,
  hashPassword,
  type PasswordHash,
  parsePasswordHash,
  type ScryptCost,
  verifyPassword,
} from './passwords.js';
export { createSessionServer, type SessionServer, type SessionServerOptions } from './session-server.js';
export { memoryStore } from './stores/memory.js';
export { authenticateWith, parseUsers, type User, type Users } from './users.js';
