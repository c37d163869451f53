/** The package has no types of its own. */
declare module 'better-sqlite3-session-store' {
  import type session from 'express-session';

  class SqliteStore extends session.Store {
    constructor(options: { client: object });
    startInterval(): void;
    clearExpiredSessions(): void;
    get(sid: string, callback: (error: unknown, session?: session.SessionData | null) => void): void;
    set(sid: string, session: session.SessionData, callback?: (error?: unknown) => void): void;
    destroy(sid: string, callback?: (error?: unknown) => void): void;
  }
  export default function make(session: { Store: typeof session.Store }): typeof SqliteStore;
}
