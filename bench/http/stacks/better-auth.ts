import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { toNodeHandler } from 'better-auth/node';
import { dataOf, users } from '../content.js';
import type { Stack, Stacks } from '../stack.js';

const password = 'password';

/**
 * Its own routes on its own handler for node:http. Users are its records, so the content of a session is three fields of
 * its user. Passwords are compared as they are; the limit of requests, on by default in production, is off.
 */
async function betterAuthStack(): Promise<Stack> {
  const db = { user: [], session: [], account: [], verification: [] };
  const auth = betterAuth({
    baseURL: 'http://127.0.0.1',
    secret: randomBytes(32).toString('hex'),
    database: memoryAdapter(db),
    emailAndPassword: {
      enabled: true,
      password: { hash: async (text) => text, verify: async ({ hash, password }) => hash === password },
    },
    user: { additionalFields: { user: { type: 'string' }, about: { type: 'string' } } },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { disabled: true },
  });
  for (const user of users) {
    const { name, email, roles, theme, language } = dataOf(user);
    const about = [...roles, theme, language].join(' ');
    await auth.api.signUpEmail({ body: { name, email, password, user, about } });
  }
  db.session.length = 0;
  return {
    server: createServer(toNodeHandler(auth)),
    dialect: {
      signInPath: '/api/auth/sign-in/email',
      credentials: JSON.stringify({ email: dataOf('??').email, password }),
      whoAmIPath: '/api/auth/get-session',
    },
  };
}

export const stacks: Stacks = { 'better-auth': betterAuthStack };
