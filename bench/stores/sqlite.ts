import { closeSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import makeSqliteStore from 'better-sqlite3-session-store';
import session from 'express-session';
import Database from 'libsql';
import { sqliteStore } from '../../src/server/stores/sqlite.js';
import { ourRecord } from './content.js';
import { ours, present, type Side, type Target, theirs, tick } from './sides.js';

type Handle = InstanceType<typeof Database>;

/** A database in a file of its own, and how to end it. */
export interface Opened<T> {
  readonly it: T;
  readonly db: Handle;
}

export function inFolder<T>(work: (file: (name: string) => string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-stores-'));
  return work((name) => join(folder, name)).finally(() => rmSync(folder, { recursive: true, force: true }));
}

/** Write-ahead log, and no wait for the disk: what ours chooses, and what the others get. */
function open(file: string): Handle {
  const db = new Database(file);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = NORMAL');
  return db;
}

export function ourSqlite(file: string) {
  const db = open(file);
  return { db, it: sqliteStore(db) };
}

/** Without its timer, which nobody can stop. */
class Quiet extends makeSqliteStore(session) {
  override startInterval(): void {}
}

export function theirSqlite(file: string) {
  const db = open(file);
  return { db, it: new Quiet({ client: db }) };
}

/**
 * The limit: what somebody writes by hand who wants the same of a session: found by its id, by its user and by its end. It
 * compares no versions and keeps no ends; `destroy` only deletes.
 */
function byHand(db: Handle): Side {
  db.exec(`
    CREATE TABLE sessions (
      id TEXT PRIMARY KEY, uid TEXT, version INTEGER NOT NULL, last_access INTEGER NOT NULL, expires_at INTEGER, data TEXT
    );
    CREATE INDEX by_end ON sessions (expires_at);
    CREATE INDEX by_user ON sessions (uid);`);
  const insert = db.prepare('INSERT INTO sessions VALUES (?, ?, 1, ?, ?, ?)');
  const select = db.prepare('SELECT version, uid, last_access, expires_at, data FROM sessions WHERE id = ?');
  const access = db.prepare(
    'UPDATE sessions SET last_access = ?, expires_at = ? WHERE id = ? AND expires_at > ?',
  );
  const update = db.prepare(
    'UPDATE sessions SET version = version + 1, data = ?, last_access = ?, expires_at = ? WHERE id = ? AND expires_at > ?',
  );
  const remove = db.prepare('DELETE FROM sessions WHERE id = ?');
  const records = Array.from({ length: 1024 }, (_, number) => ourRecord(number, present()));
  const recordOf = (number: number) => records[number & 1023] as (typeof records)[number];
  const week = 7 * 24 * 60 * 60 * 1000;

  function get({ id }: Target) {
    const row = select.get(id) as { data: string };
    return { ...row, data: JSON.parse(row.data) };
  }
  function touch({ id }: Target) {
    const now = tick();
    return access.run(now, now + week, id, now);
  }
  return {
    name: 'prepared statements by hand',
    create({ id, uid, number }) {
      const { data, created, expiresAt } = recordOf(number);
      return insert.run(id, uid, created, expiresAt, JSON.stringify(data));
    },
    get,
    touch,
    getAndTouch(target) {
      const found = get(target);
      touch(target);
      return found;
    },
    save({ id, number }) {
      const now = tick();
      return update.run(JSON.stringify(recordOf(number + 1).data), now, now + week, id, now);
    },
    destroy: ({ id }) => remove.run(id),
  };
}

/** Ours first. Beside each its database, for filling it in a few transactions, and the file of it. */
export function inSqlite(file: (name: string) => string): readonly (readonly [Side, Handle, string])[] {
  const [mineFile, peerFile, handFile] = [file('ours.db'), file('peer.db'), file('hand.db')];
  const mine = ourSqlite(mineFile);
  const peer = theirSqlite(peerFile);
  const hand = open(handFile);
  return [
    [ours(mine.it), mine.db, mineFile],
    [theirs('better-sqlite3-session-store', peer.it), peer.db, peerFile],
    [byHand(hand), hand, handFile],
  ];
}

/** Brings all of a database back into the memory of the system: else who was filled last would be read fastest. */
export function warm(file: string): void {
  const buffer = Buffer.alloc(2 ** 20);
  const descriptor = openSync(file, 'r');
  while (readSync(descriptor, buffer) > 0);
  closeSync(descriptor);
}

/** Work in transactions of ten thousand steps: filling a table is not what is measured. */
export async function inTransactions(
  db: Handle,
  steps: number,
  step: (number: number) => unknown,
): Promise<void> {
  for (let number = 0; number < steps; number += 1) {
    if (number % 10_000 === 0) db.exec('BEGIN');
    await step(number);
    if (number % 10_000 === 9999 || number === steps - 1) db.exec('COMMIT');
  }
}
