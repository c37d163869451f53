/** The door of the server half: `can-connect-session/server`. */

export type { Change, Path } from '../protocol/change.js';
export { type ErrorCode, SessionError, type SessionErrorDetails } from '../protocol/errors.js';
export type {
  EndReason,
  Json,
  ProblemBody,
  SessionAnswer,
  SessionView,
  SignInAnswer,
} from '../protocol/messages.js';
export type { PatchLimits } from '../protocol/patch-limits.js';
export { type Problem, problems } from '../protocol/problems.js';
export type { DestroyCallback, SessionEnd } from './core/ends.js';
export { SessionConflict, SessionExpired, SessionNotFound } from './core/errors.js';
export {
  type EventListener,
  handleOf,
  jsonLines,
  type SessionEvent,
  type SessionEventType,
  type SessionNotice,
} from './core/events.js';
export { createExclusive, type Exclusive, type ExclusiveOptions } from './core/exclusive.js';
export {
  accessedAt,
  type Clocks,
  expiryOf,
  expiryReason,
  isExpired,
  type Lifetime,
  type TtlType,
} from './core/expiry.js';
export { digestIds, type IdScheme, type IssuedId } from './core/ids.js';
export { type FoxxIdsOptions, foxxIds, starcounterIds } from './core/plain-ids.js';
export type { Session } from './core/session.js';
export { type CreateOptions, createSessions, type SessionList, type Sessions } from './core/sessions.js';
export type { Conflicts, FoxxUser, SessionsOptions } from './core/sessions-options.js';
export { newSessionId, type Secret, signedIds, verifySessionId } from './core/signed-ids.js';
export type {
  EndedNews,
  EndedQueue,
  EndedSession,
  Labels,
  SessionChange,
  SessionPage,
  SessionRecord,
  SessionStore,
  StoreFeature,
  TouchResult,
  UpdateResult,
} from './core/store.js';
export type { Timers } from './core/timers.js';
export {
  createTokens,
  type PairTokenKey,
  type PublicTokenKey,
  type SecretTokenKey,
  type TokenClaims,
  type TokenKey,
  type TokenKeySource,
  type TokenSubject,
  type Tokens,
  type TokensOptions,
} from './core/tokens.js';
export type { SessionUser } from './core/user.js';
export type { SaveOptions } from './core/writer.js';
export { type DiagnosisOptions, diagnose, type Finding, type FindingCode } from './doctor.js';
export { type FoxxApi, type FoxxApiOptions, foxxApi } from './foxx-api.js';
export type { AttemptLimitsOptions } from './http/attempts.js';
export type { Announcement, Carrier, Readers } from './http/carrier.js';
export { bearerCarrier } from './http/carriers/bearer.js';
export { type CookieOptions, cookieCarrier } from './http/carriers/cookie.js';
export { type HeaderCarrierOptions, headerCarrier } from './http/carriers/header.js';
export { type RefererCarrierOptions, refererCarrier } from './http/carriers/referer.js';
export { socketCarrier } from './http/carriers/socket.js';
export { type UriCarrierOptions, uriCarrier } from './http/carriers/uri.js';
export type { CurrentSession, SessionData, SessionTypes } from './http/current-session.js';
export type { Endpoint, HttpAnswer, HttpHeaders, HttpRequest } from './http/exchange.js';
export type { HealthAnswer } from './http/resources/health.js';
export type { Authenticate, Credentials, SignedIn } from './http/resources/session.js';
export type { Authorize, AuthorizeTarget, EndedAnswer } from './http/resources/sessions.js';
export type { ListedSession, SessionsAnswer } from './http/session-pages.js';
export type { PendingAnswer, Watch } from './http/watch.js';
export { anyType, type Convert, type Input, type InputHandler, lenient } from './live/channel/input.js';
export type { Mount } from './live/channel/namespaces.js';
export { anyEdit, dollarNames, type Edit, type EditPolicy } from './live/channel/policy.js';
export { DocumentTypeError } from './live/document/admit.js';
export { createDocument, type DocumentOptions, type LiveDocument } from './live/document/document.js';
export type { Followable, Followers, Reply } from './live/followers.js';
export type { LiveOptions } from './live/live-options.js';
export type { LiveSession } from './live/live-session.js';
export { createLiveSessions, type LiveSessions, type PatchedSession } from './live/live-sessions.js';
export { SessionOptions } from './live/session-options.js';
export type { Closing, SocketOptions } from './live/sockets/socket-options.js';
export type { SocketEvents, SocketPort, Upgrade } from './live/sockets/socket-port.js';
export type { Task, Tasks } from './live/tasks.js';
export {
  defaultCost,
  hashPassword,
  type PasswordHash,
  parsePasswordHash,
  type ScryptCost,
  verifyPassword,
} from './passwords.js';
export {
  type FoxxServerOptions,
  foxx,
  foxxServer,
  type Preset,
  type ServerPreset,
  type StarcounterLiveOptions,
  type StarcounterServerOptions,
  starcounter,
  starcounterLive,
  starcounterServer,
  type VwebServerOptions,
  vweb,
  vwebServer,
} from './presets.js';
export { createSessionServer, type SessionServer } from './session-server.js';
export type { SessionServerOptions } from './session-server-options.js';
export { type MemoryStoreOptions, memoryStore } from './stores/memory.js';
export { authenticateWith, parseUsers, type User, type Users } from './users.js';
