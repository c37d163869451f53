import { setTimeout as pause } from 'node:timers/promises';
import { invalidOption } from '../../core/options.js';

/** What this store binds and reads: no bytes, no bigints. */
export type SqliteValue = string | number | null;

/** A prepared statement of libsql, better-sqlite3 or node:sqlite. */
export interface SqliteStatement {
  run(...parameters: SqliteValue[]): { readonly changes: number | bigint };
  get(...parameters: SqliteValue[]): unknown;
  all(...parameters: SqliteValue[]): unknown[];
}

/** A database of libsql, better-sqlite3 or node:sqlite, open and at rest: in no transaction while a store uses it. */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
}

/** What some drivers can do besides. A row as an array costs two thirds of the row as an object. */
interface Modes {
  raw?(on: boolean): unknown;
  setReturnArrays?(on: boolean): unknown;
  safeIntegers?(on: boolean): unknown;
  setReadBigInts?(on: boolean): unknown;
}

/** A statement that reads; each row comes as an array, in the order of its columns. */
export interface Query<Row> {
  /** Only for what writes nothing: see `all`. */
  first(...parameters: SqliteValue[]): Row | undefined;
  /**
   * Reads to the end. That is when SQLite looks after its log: a statement that writes, returns a row and is left there
   * has written, but never moves the log into the database, and the log grows without bound.
   */
  all(...parameters: SqliteValue[]): Row[];
}

export function query<Row extends readonly SqliteValue[]>(db: SqliteDatabase, sql: string): Query<Row> {
  const statement: SqliteStatement & Modes = db.prepare(sql);
  // A handle may be set to bigints; no number here needs one.
  statement.safeIntegers?.(false);
  statement.setReadBigInts?.(false);
  if (statement.raw !== undefined) statement.raw(true);
  else if (statement.setReturnArrays !== undefined) statement.setReturnArrays(true);
  else {
    return {
      first: noted(db, (...parameters) => {
        const row = statement.get(...parameters);
        return row === undefined ? undefined : columnsOf<Row>(row);
      }),
      all: noted(db, (...parameters) => statement.all(...parameters).map(columnsOf<Row>)),
    };
  }
  return {
    first: noted(db, (...parameters) => statement.get(...parameters) as Row | undefined),
    all: noted(db, (...parameters) => statement.all(...parameters) as Row[]),
  };
}

/** node:sqlite before 22.16 knows objects only; no two columns of a statement here have one name. */
function columnsOf<Row>(row: unknown): Row {
  return Object.values(row as object) as unknown as Row;
}

/** A statement that writes; gives how many rows it wrote, without those that triggers wrote. */
export function command(db: SqliteDatabase, sql: string): (...parameters: SqliteValue[]) => number {
  const statement = db.prepare(sql);
  return noted(db, (...parameters) => Number(statement.run(...parameters).changes));
}

type Run<T> = (...parameters: SqliteValue[]) => T;

/**
 * Statements that found the database busy, by database. libsql resets one only when it runs again; until then it holds the
 * whole connection to the state that the database had at that moment: reads are old and writes can never succeed.
 */
const unfinished = new WeakMap<SqliteDatabase, () => void>();

function noted<T>(db: SqliteDatabase, run: Run<T>): Run<T> {
  return (...parameters) => {
    try {
      return run(...parameters);
    } catch (error) {
      // Nothing is NULL that a statement looks for, so that it can run again without doing anything. Only libsql has this
      // property on its errors, and only libsql needs this.
      if (isBusy(error) && 'rawCode' in Object(error))
        unfinished.set(db, () => run(...parameters.map(() => null)));
      throw error;
    }
  };
}

/** Lets the connection go on to the present. Throws when the database is still busy. */
function finish(db: SqliteDatabase): void {
  try {
    unfinished.get(db)?.();
  } catch (error) {
    if (isBusy(error)) throw error;
    // It may refuse the values: it has run, and that is all that is wanted.
  }
  unfinished.delete(db);
}

/** The value of a pragma, after it was set. */
export function pragma(db: SqliteDatabase, text: string): SqliteValue | undefined {
  return query<[SqliteValue]>(db, `PRAGMA ${text}`).first()?.[0];
}

/** The handle, if it is one. Throws `config/invalid` otherwise. */
export function databaseOf(db: SqliteDatabase): SqliteDatabase {
  if (typeof db?.prepare === 'function' && typeof db.exec === 'function') return db;
  throw invalidOption('The SQLite store needs a database of libsql, better-sqlite3 or node:sqlite.');
}

const busy = 5;

/** Whether somebody else was writing. The three drivers say it in three ways. */
export function isBusy(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, rawCode, errcode } = error as { code?: unknown; rawCode?: unknown; errcode?: unknown };
  // The low byte is the code; the rest says which kind of busy.
  return (Number(errcode ?? rawCode) & 0xff) === busy || String(code).startsWith('SQLITE_BUSY');
}

/** Runs a step now, and again while another process writes. */
export type Attempt = <T>(step: () => T) => Promise<T>;

/**
 * Each try waits `inPlace` milliseconds in SQLite, which blocks this process; between tries the process is free. After
 * `inAll` milliseconds of waiting it rejects with what the driver said.
 *
 * The first try takes the lock when it writes, which is all that is needed as a rule. Where others write without pause, what
 * it has read may be old by then, again and again (SQLITE_BUSY_SNAPSHOT): so every further try takes the lock first.
 */
export function attempts(db: SqliteDatabase, inPlace: number, inAll: number): Attempt {
  return async (step) => {
    let waited = 0;
    let take = step;
    for (let next = 2; ; next = Math.min(2 * next, 100)) {
      try {
        finish(db);
        return take();
      } catch (error) {
        waited += inPlace + next;
        if (!isBusy(error) || waited > inAll) throw error;
      }
      take = () => locked(db, step);
      await pause(next);
    }
  };
}

function locked<T>(db: SqliteDatabase, step: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = step();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    try {
      db.exec('ROLLBACK');
    } catch {
      // Some failures have rolled back already.
    }
    throw error;
  }
}

/** The same for the time of set-up, when a program has nothing better to do than wait. */
export function attemptNow<T>(step: () => T, inAll: number): T {
  const clock = new Int32Array(new SharedArrayBuffer(4));
  for (let waited = 0; ; waited += 10) {
    try {
      return step();
    } catch (error) {
      if (!isBusy(error) || waited >= inAll) throw error;
    }
    Atomics.wait(clock, 0, 0, 10);
  }
}
