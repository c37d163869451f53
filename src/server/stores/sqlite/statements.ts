import { command, query, type SqliteDatabase } from './port.js';
import { type Head, headOfSession, type Row, recordColumns, rowOfEnd, rowOfSession } from './rows.js';
import type { Names } from './schema.js';

/** In place of a limit that there is not. */
const largest = '9223372036854775807';

/** So many records are read at a time when all are. */
const pageOfAll = 100;

/** What a store says to SQLite about living sessions. Prepared once: that is worth more than half of the time of a get. */
export function sessionStatements(db: SqliteDatabase, { sessions, ended }: Names) {
  const alive = '(expires_at IS NULL OR expires_at > ?)';
  // What a writer has read must still be so when it writes. `row` finds it in half the time that the id takes; the id
  // stands here too, since a row is given to another when its session has ended.
  const asRead = 'row = ? AND id = ? AND version = ? AND expires_at IS ?';
  const content = `version = version + 1, labels = ?, user_data = ?, data = ?, last_access = ?, last_update = ?,
    time_to_live = ?`;
  // One statement, and so one transaction: the trigger takes away what arrives here.
  const end = `INSERT INTO ${ended} (${recordColumns}, reason, ended_at) SELECT ${recordColumns}, ?, ? FROM ${sessions}`;

  return {
    insert: command(
      db,
      `INSERT INTO ${sessions} (${recordColumns}) VALUES (${recordColumns.replace(/\w+/g, '?')})
       ON CONFLICT (id) DO NOTHING`,
    ),
    rowById: query<Row>(db, `SELECT ${rowOfSession} FROM ${sessions} WHERE id = ?`),
    headById: query<Head>(db, `SELECT ${headOfSession} FROM ${sessions} WHERE id = ?`),

    // The rule of `accessedAt`, for those who need not read the session.
    touch: command(
      db,
      `UPDATE ${sessions} SET last_access = max(last_access, ?), expires_at = CASE
         WHEN ttl_type <> 'lastAccess' OR expires_at IS NULL THEN expires_at
         WHEN time_to_live = 0 THEN max(expires_at, not_after)
         ELSE max(expires_at, min(max(last_access, ?) + time_to_live, ifnull(not_after, ${largest}))) END
       WHERE id = ? AND ${alive} AND last_access < ?`,
    ),
    // A column that is named is written to its index too, changed or not, at a third of what the statement costs: so there
    // is one for each case.
    setAccess: command(db, `UPDATE ${sessions} SET last_access = ? WHERE ${asRead} AND last_access = ?`),
    setAccessAndEnd: command(
      db,
      `UPDATE ${sessions} SET last_access = ?, expires_at = ? WHERE ${asRead} AND last_access = ?`,
    ),
    setContent: command(db, `UPDATE ${sessions} SET ${content} WHERE ${asRead}`),
    setContentAndEnd: command(db, `UPDATE ${sessions} SET ${content}, expires_at = ? WHERE ${asRead}`),
    setAll: command(db, `UPDATE ${sessions} SET ${content}, expires_at = ?, uid = ? WHERE ${asRead}`),

    endOne: query<Row>(db, `${end} WHERE id = ? RETURNING ${rowOfEnd}`),
    anyDue: query<[number]>(db, `SELECT 1 FROM ${sessions} WHERE expires_at <= ? LIMIT 1`),
    endDue: command(db, `${end} WHERE expires_at <= ? ORDER BY expires_at LIMIT ?`),
    endAny: command(db, `${end} LIMIT ?`),

    ofUser: query<Row>(
      db,
      `SELECT ${rowOfSession} FROM ${sessions} WHERE uid = ? AND row > ? AND ${alive} ORDER BY row LIMIT ?`,
    ),
    countOfUser: query<[number]>(db, `SELECT count(*) FROM ${sessions} WHERE uid = ? AND ${alive}`),
    // Both counts walk an index and no row.
    count: query<[number]>(
      db,
      `SELECT (SELECT count(*) FROM ${sessions}) - (SELECT count(*) FROM ${sessions} WHERE expires_at <= ?)`,
    ),
    page: query<Row>(
      db,
      `SELECT ${rowOfSession} FROM ${sessions} WHERE row > ? ORDER BY row LIMIT ${pageOfAll}`,
    ),
  };
}
