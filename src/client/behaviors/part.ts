import type { SessionCore } from '../core/session.js';
import type { SessionUrl } from '../transports/ajax.js';
import type { Connection } from './install.js';

/** What a part is given: the session as this page has it, without CanJS and with it. */
export interface PartContext {
  /** The finished connection. A part adds a member of its own name to it. */
  readonly connection: Connection & { readonly url?: SessionUrl; readonly token?: 'cookie' };
  /** State, token and what can be done with them. A part that wants to hear of changes wraps `changed` and calls it first. */
  readonly core: SessionCore;
  /** Properties of an instance that are not claims: a new token neither sets nor clears them. A part adds its own. */
  readonly kept: Set<string>;
}

/**
 * One more thing that a session can do, and that only those carry who import it. Called once, when `get`, `save`, `current`
 * and the rest are installed and nothing has happened yet.
 */
export type SessionPart = (context: PartContext) => void;
