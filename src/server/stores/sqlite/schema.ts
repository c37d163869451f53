import { invalidOption } from '../../core/options.js';
import { attemptNow, pragma, query, type SqliteDatabase } from './port.js';

/** The quoted names of what the store keeps in a database that may hold other tables too. */
export interface Names {
  readonly sessions: string;
  readonly ended: string;
  readonly open: string;
}

/** Throws `config/invalid` when the prefix is no safe beginning of a name. SQLite hardly tells capitals from small letters. */
export function namesOf(prefix: string): Names {
  if (!/^(?!sqlite_)[a-z_][a-z0-9_]{0,39}$/.test(prefix)) {
    throw invalidOption(
      'The option prefix must be 1 to 40 small letters, digits and _, and not begin with a digit or sqlite_.',
    );
  }
  return { sessions: `"${prefix}sessions"`, ended: `"${prefix}ended"`, open: `"${prefix}ended_open"` };
}

/** What a session is while it lives and after. The large things come last: SQLite reads a row from its beginning. */
const columns = `
  version INTEGER NOT NULL,
  uid TEXT,
  created INTEGER NOT NULL,
  last_access INTEGER NOT NULL,
  last_update INTEGER NOT NULL,
  time_to_live INTEGER NOT NULL,
  ttl_type TEXT NOT NULL,
  not_after INTEGER,
  expires_at INTEGER,
  labels TEXT,
  user_data TEXT,
  data TEXT`;

/** Raised whenever a released version of this file would make other tables. */
const schemaVersion = 1;

/**
 * `row` survives VACUUM, which may give new rowids to tables that name none. A session that enters the queue of the ended
 * leaves the living by a trigger, so that every way to end one is one statement and nothing can do half of it.
 */
function definition(prefix: string, { sessions, ended, open }: Names): string {
  return `
    CREATE TABLE IF NOT EXISTS ${sessions} (
      row INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,${columns}
    ) STRICT;
    CREATE INDEX IF NOT EXISTS "${prefix}sessions_expiry" ON ${sessions} (expires_at) WHERE expires_at IS NOT NULL;
    CREATE INDEX IF NOT EXISTS "${prefix}sessions_user" ON ${sessions} (uid) WHERE uid IS NOT NULL;
    CREATE TABLE IF NOT EXISTS ${ended} (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL,${columns},
      reason TEXT, -- NULL: it expired
      ended_at INTEGER NOT NULL,
      owner TEXT,
      held_until INTEGER NOT NULL DEFAULT 0,
      acknowledged INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX IF NOT EXISTS ${open} ON ${ended} (seq, held_until) WHERE acknowledged = 0;
    CREATE TRIGGER IF NOT EXISTS "${prefix}ends" AFTER INSERT ON ${ended} BEGIN
      DELETE FROM ${sessions} WHERE id = NEW.id;
    END;
    CREATE TABLE IF NOT EXISTS "${prefix}schema" (version INTEGER NOT NULL) STRICT;
    INSERT INTO "${prefix}schema" SELECT ${schemaVersion} WHERE NOT EXISTS (SELECT 1 FROM "${prefix}schema");`;
}

function foundVersion(db: SqliteDatabase, prefix: string): number | undefined {
  const tables = query<[string]>(db, `SELECT name FROM sqlite_master WHERE type = 'table' AND name = ?`);
  if (tables.first(`${prefix}schema`) === undefined) return undefined;
  return query<[number]>(db, `SELECT version FROM "${prefix}schema"`).first()?.[0];
}

/**
 * Makes the tables if they are missing, in one step also between processes that start together. Throws `config/invalid`
 * when they are of another version than ours.
 */
export function createTables(db: SqliteDatabase, prefix: string, names: Names, busyTimeout: number): void {
  attemptNow(() => {
    if (foundVersion(db, prefix) !== undefined) return;
    db.exec('BEGIN IMMEDIATE');
    try {
      db.exec(definition(prefix, names));
      db.exec('COMMIT');
    } catch (error) {
      db.exec('ROLLBACK');
      throw error;
    }
  }, busyTimeout);
  if (foundVersion(db, prefix) !== schemaVersion) {
    throw invalidOption(
      'The tables of the SQLite store were made by another version of can-connect-session.',
    );
  }
}

/** The settings of a connection. Gives how long SQLite waits in place for another writer: what the handle had, or 25. */
export function configure(
  db: SqliteDatabase,
  synchronous: 'normal' | 'full' | 'unchanged',
  busyTimeout: number,
): number {
  // The change to WAL is refused at once, whatever the time-out, while another connection makes it.
  attemptNow(() => {
    if (pragma(db, 'journal_mode') !== 'wal') pragma(db, 'journal_mode = WAL');
  }, busyTimeout);
  if (synchronous !== 'unchanged') db.exec(`PRAGMA synchronous = ${synchronous}`);
  const own = Number(pragma(db, 'busy_timeout'));
  return own > 0 ? own : Number(pragma(db, `busy_timeout = ${Math.min(25, busyTimeout)}`));
}
