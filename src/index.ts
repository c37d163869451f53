/** The door of the browser half. */

export type { SessionOptions } from './client/behaviors/session.js';
export { default } from './client/behaviors/session.js';
export {
  type ConnectSessionOptions,
  connectSession,
  type SessionConnection,
  type SessionInstance,
  type SessionMethods,
  type SessionType,
} from './client/connect-session.js';
export type { ReadToken } from './client/core/session.js';
export type { SessionState, SettledState } from './client/core/state.js';
export type { ClaimChecks, SessionClaims } from './client/core/token.js';
export type { WebStorage } from './client/core/token-storage.js';
export type { SessionUrl } from './client/transports/ajax.js';
export { type ErrorCode, SessionError, type SessionErrorDetails } from './protocol/errors.js';
export type { BrowserEndReason, EndReason } from './protocol/messages.js';
