import { randomBytes } from 'node:crypto';
import { SessionError } from '../protocol/errors.js';
import type { Json } from '../protocol/messages.js';
import type { SessionUser } from './core/user.js';
import type { Credentials } from './http/resources/session.js';
import {
  defaultCost,
  type PasswordHash,
  parsePasswordHash,
  type ScryptCost,
  verifyPassword,
} from './passwords.js';

/** One line of a users file. */
export interface User {
  /** What is typed into the form and becomes the user's id, exactly as spelt. */
  readonly name: string;
  readonly password: PasswordHash;
  /** What the browser may know. `{}` when the line says nothing. */
  readonly userData: Json;
}

/** Users by name. */
export type Users = ReadonlyMap<string, User>;

/** `name:hash`, or `name:hash:{"any":"JSON object"}`; the name has 1 to 256 characters, none of them a colon or a control. */
const userLine = /^([^:\p{Cc}]{1,256}):([^:]+)(?::(\{.*\}))?$/u;

/**
 * Reads a users file: one user a line as `can-connect-session hash-password NAME` prints it; empty lines and lines that
 * begin with `#` are skipped. Throws `config/invalid` with the number of the first line that is wrong, never its content.
 */
export function parseUsers(text: string): Users {
  const users = new Map<string, User>();
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const user = parseUser(line.trim());
    if (user === undefined) throw wrongLine(index + 1, 'is not name:hash or name:hash:{JSON}');
    if (users.has(user.name)) throw wrongLine(index + 1, 'repeats the name of an earlier line');
    users.set(user.name, user);
  }
  return users;
}

function parseUser(line: string): User | undefined {
  const [, name = '', hash = '', json = '{}'] = userLine.exec(line) ?? [];
  const password = parsePasswordHash(hash);
  if (password === undefined || name.length > 256) return undefined;
  try {
    return { name: name.normalize(), password, userData: JSON.parse(json) };
  } catch {
    return undefined;
  }
}

function wrongLine(number: number, what: string): SessionError {
  return new SessionError('config/invalid', { message: `Line ${number} of the users file ${what}.` });
}

/**
 * Signs in the users of a file. A name that nobody has costs the same time as a wrong password, provided that all hashes
 * of the file have the same cost: it is checked against a hash of that cost which no password has.
 */
export function authenticateWith(users: Users): (credentials: Credentials) => Promise<SessionUser | null> {
  const [anyone] = users.values();
  const decoy = decoyOf(anyone?.password ?? defaultCost);
  return async ({ username, password }) => {
    const user = users.get(username.normalize());
    const right = await verifyPassword(password, user?.password ?? decoy);
    return right && user !== undefined ? { id: user.name, userData: user.userData } : null;
  };
}

function decoyOf({ ln, r, p }: ScryptCost): PasswordHash {
  return { ln, r, p, salt: randomBytes(16), hash: randomBytes(32) };
}
