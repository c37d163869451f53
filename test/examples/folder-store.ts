import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type StoredSession, simpleStore } from '../../src/server/stores/simple.js';

/** Sessions in a folder, one file for each. One process only. */
export function folderStore(folder: string) {
  mkdirSync(folder, { recursive: true });
  let written = 0;

  // An id may be longer than a file name, and a file system may ignore case: its digest has neither problem.
  const fileOf = (id: string) => join(folder, `${createHash('sha256').update(id).digest('hex')}.json`);

  async function read(file: string): Promise<StoredSession | undefined> {
    try {
      return JSON.parse(await readFile(file, 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  return simpleStore(
    {
      get: (id) => read(fileOf(id)),
      async set(id, session) {
        // Whoever reads meanwhile finds the old file or the new one, never half of one.
        const draft = join(folder, `${++written}.draft`);
        await writeFile(draft, JSON.stringify(session));
        await rename(draft, fileOf(id));
      },
      destroy: (id) => rm(fileOf(id), { force: true }),
      async *all() {
        for (const name of await readdir(folder)) {
          const session = name.endsWith('.json') ? await read(join(folder, name)) : undefined;
          if (session !== undefined) yield session;
        }
      },
    },
    { oneProcess: true },
  );
}
