import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sqliteStore } from 'can-connect-session/server/sqlite';
import Database from 'libsql';

/** What outlasts the demo's process, in a folder that nobody else may read: the sessions, and the secret of their tokens. */
export async function openRest(folder: string) {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  const db = new Database(join(folder, 'sessions.sqlite'));
  const store = sqliteStore(db);
  return {
    secret: await secretIn(join(folder, 'secret')),
    store,
    /** After the sessions are closed. */
    close: () => db.close(),
  };
}

/** Made at the first start, and the same at every later one: else nobody would still be signed in. */
async function secretIn(file: string): Promise<Buffer> {
  await writeFile(file, randomBytes(32), { mode: 0o600, flag: 'wx' }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    },
  );
  return readFile(file);
}
