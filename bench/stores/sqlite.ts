import { closeSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import makeSqliteStore from 'better-sqlite3-session-store';
import session from 'express-session';
import Database from 'libsql';
import { sqliteStore } from '../../src/server/stores/sqlite.js';
import { bareStatements, sameJob } from './by-hand.js';
import { ours, type Side, theirs } from './sides.js';

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

/** Ours first. Beside each its database, for filling it in a few transactions, and the file of it. */
export function inSqlite(file: (name: string) => string): readonly (readonly [Side, Handle, string])[] {
  const [mineFile, peerFile, sameFile, bareFile] = ['ours.db', 'peer.db', 'same.db', 'bare.db'].map(file) as [
    string,
    string,
    string,
    string,
  ];
  const mine = ourSqlite(mineFile);
  const peer = theirSqlite(peerFile);
  const [same, bare] = [open(sameFile), open(bareFile)];
  return [
    [ours(mine.it), mine.db, mineFile],
    [theirs('better-sqlite3-session-store', peer.it), peer.db, peerFile],
    [sameJob(same), same, sameFile],
    [bareStatements(bare), bare, bareFile],
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
