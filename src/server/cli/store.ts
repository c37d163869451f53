import { resolve } from 'node:path';
import { SessionError } from '../../protocol/errors.js';
import type { SessionStore } from '../core/store.js';
import { memoryStore } from '../stores/memory.js';
import { type SqliteDatabase, sqliteStore } from '../stores/sqlite.js';
import { ownFile } from './files.js';
import { Refusal } from './refusal.js';

const defaultFile = './sessions.sqlite';

/** A store, and what it rests on: whoever opened that closes it. */
interface OpenStore {
  readonly store: SessionStore;
  /** Said at start when nobody chose this store. */
  readonly notice?: string;
}

/**
 * What `--store` names: `memory`, `sqlite:FILE`, or a path with a `/`, a `\` or a `.` in it. Default:
 * `sqlite:./sessions.sqlite`. Rejects with a `Refusal`, whose sentence does not show the value: it may hold a password.
 */
export async function openStore(value: string | undefined): Promise<OpenStore> {
  if (value === 'memory') return { store: memoryStore() };
  if (value === undefined) {
    const notice = `No --store: sessions rest in ${defaultFile}.`;
    return { store: await openSqlite(defaultFile), notice };
  }
  const file = fileOf(value);
  if (file !== undefined) return { store: await openSqlite(file) };
  throw new Refusal('The option --store can be memory, sqlite:FILE or the path of a file.');
}

function fileOf(value: string): string | undefined {
  const named = /^sqlite:(?!\/\/)(.+)$/s.exec(value)?.[1];
  if (named !== undefined) return named;
  // One letter and a colon are a drive of Windows.
  const isUrl = /^[a-z][a-z\d+.-]+:/i.test(value);
  return !isUrl && /[./\\]/.test(value) ? value : undefined;
}

interface Handle extends SqliteDatabase {
  close(): unknown;
}

async function openSqlite(path: string): Promise<SessionStore> {
  const Database = await driver();
  // Whole, so that no driver takes it for one of its own names, such as `:memory:`, `file:` or `http:`.
  const file = resolve(path);
  await ownFile(file, 'store');
  try {
    const db = new Database(file);
    const store = sqliteStore(db);
    return {
      ...store,
      async close() {
        await store.close();
        db.close();
      },
    };
  } catch (error) {
    if (error instanceof SessionError) throw new Refusal(error.message);
    throw new Refusal('The store file is no SQLite database, or it cannot be opened.');
  }
}

/** The first driver that is there. No package of ours brings one: it would be a large one for all who need none. */
async function driver(): Promise<new (file: string) => Handle> {
  try {
    return (await import('libsql')).default;
  } catch {
    // Not installed, or not made for this machine.
  }
  // A name that the compiler does not look for: its types of Node 20 do not know the module.
  const builtIn: string = 'node:sqlite';
  try {
    return (await import(builtIn)).DatabaseSync;
  } catch {
    throw new Refusal(
      'Sessions cannot rest in a file: install the package libsql, or use Node 22.13 or newer, or add --store memory.',
    );
  }
}
