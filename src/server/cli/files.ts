import { type FileHandle, lstat, open } from 'node:fs/promises';
import { SessionError } from '../../protocol/errors.js';
import { parseUsers, type Users } from '../users.js';
import { Refusal } from './refusal.js';

const readableByOthers = 0o077;
const writableByOthers = 0o002;
const longestUsersFile = 16 * 1_048_576;
const longestSecretFile = 4096;
const leastSecretBytes = 32;

/** The users of a file that nobody but its owner and group can change. */
export async function readUsers(path: string): Promise<Users> {
  const bytes = await readOwnFile(path, 'users', longestUsersFile, writableByOthers, 'written');
  try {
    const users = parseUsers(bytes.toString());
    if (users.size > 0) return users;
  } catch (error) {
    throw error instanceof SessionError ? new Refusal(error.message) : error;
  }
  throw new Refusal('The users file holds no user; add a line with: can-connect-session hash-password NAME');
}

/** The bytes of a secret file that nobody but its owner can read, without the line's end that editors add. */
export async function readSecret(path: string): Promise<Uint8Array> {
  const bytes = await readOwnFile(path, 'secret', longestSecretFile, readableByOthers, 'read');
  const end = /\r?\n$/.exec(bytes.toString('latin1'))?.[0].length ?? 0;
  const secret = bytes.subarray(0, bytes.length - end);
  if (secret.length >= leastSecretBytes) return secret;
  throw new Refusal(`The secret in the secret file is shorter than ${leastSecretBytes} bytes.`);
}

/** Makes sure that a file is there that nobody but its owner can read: a new one is made so. */
export async function ownFile(path: string, what: string): Promise<void> {
  const file = await open(path, 'a', 0o600).catch(() => {
    throw new Refusal(`The ${what} file cannot be written.`);
  });
  try {
    await judge(file, what, Number.POSITIVE_INFINITY, readableByOthers, 'read');
  } finally {
    await file.close();
  }
}

async function readOwnFile(
  path: string,
  what: string,
  most: number,
  forbiddenMode: number,
  done: string,
): Promise<Buffer> {
  const file = await open(path).catch(async () => {
    const exists = await lstat(path).then(
      () => true,
      () => false,
    );
    throw new Refusal(`The ${what} file ${exists ? 'cannot be read' : 'does not exist'}.`);
  });
  try {
    await judge(file, what, most, forbiddenMode, done);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** Asked of the open file, so that what is judged is what is used. */
async function judge(
  file: FileHandle,
  what: string,
  most: number,
  forbiddenMode: number,
  done: string,
): Promise<void> {
  const stat = await file.stat();
  if (!stat.isFile()) throw new Refusal(`The ${what} file is not a file.`);
  if (stat.size > most) throw new Refusal(`The ${what} file is larger than ${most} bytes.`);
  // Windows keeps its permissions elsewhere.
  if (process.platform !== 'win32' && (stat.mode & forbiddenMode) !== 0) {
    const cure = forbiddenMode === readableByOthers ? 'chmod 600' : 'chmod o-w';
    throw new Refusal(`The ${what} file can be ${done} by others than its owner; run ${cure} on it.`);
  }
}
