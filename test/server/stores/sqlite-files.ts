import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SessionStore } from '../../../src/server/core/store.js';
import { type SqliteStoreOptions, sqliteStore } from '../../../src/server/stores/sqlite.js';
import { type Handle, openDatabase } from './sqlite-driver.js';

const folders = new Set<string>();
const files = new WeakMap<SessionStore, string>();

/** A file that does not exist yet, in a folder of its own. */
export function newFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'can-connect-session-sqlite-'));
  folders.add(folder);
  return join(folder, 'sessions.sqlite');
}

/** Removes every folder that `newFile` made. */
export function removeFiles(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  folders.clear();
}

/** A store over a file, whose close closes the handle too. It waits for no disk: what it shows is not what a disk does. */
export function openStore(file = newFile(), options: SqliteStoreOptions = {}): SessionStore {
  const db = openDatabase(file);
  db.exec('PRAGMA synchronous = OFF');
  const store = sqliteStore(db, { synchronous: 'unchanged', ...options });
  const closing = {
    ...store,
    async close() {
      await store.close();
      db.close();
    },
  };
  files.set(closing, file);
  return closing;
}

/** The file of a store that `openStore` opened. */
export function fileOf(store: SessionStore): string {
  const file = files.get(store);
  if (file === undefined) throw new Error('This store is not of ours.');
  return file;
}

/** A fresh file with its handle, for the length of some work. */
export async function withDatabase<T>(work: (db: Handle, file: string) => Promise<T> | T): Promise<T> {
  const file = newFile();
  const db = openDatabase(file);
  try {
    return await work(db, file);
  } finally {
    db.close();
  }
}
