// What the three apps share: who may sign in, and where sessions rest. The password is made up at every start.
import { randomBytes } from 'node:crypto';
import {
  authenticateWith,
  createSessionServer,
  createSessions,
  hashPassword,
  memoryStore,
  parseUsers,
} from 'can-connect-session/server';

/** What a session keeps. Every app here has the same, so it is said once for all of them. */
declare module 'can-connect-session/server' {
  interface SessionTypes {
    data: { notes?: string[] };
  }
}

const password = randomBytes(9).toString('base64url');
const users = parseUsers(`ann:${await hashPassword(password)}:{"name":"Ann"}`);

export const sessions = createSessions<{ notes?: string[] }>({ store: memoryStore() });

export const sessionServer = createSessionServer({
  sessions,
  authenticate: authenticateWith(users),
  // Browsers take no Secure cookie from a development server on plain http.
  cookie: { secure: process.env.NODE_ENV === 'production' },
});

export const port = Number(process.env.PORT ?? 3000);

export function ready(actualPort: number): void {
  console.log(`Open http://localhost:${actualPort} and sign in as ann with the password ${password}`);
}
