import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { getIronSession } from 'iron-session';
import { type Data, dataOf, isSignIn, readJson, sendJson } from '../content.js';
import type { Stack, Stacks } from '../stack.js';

/** Keeps the session in the cookie, encrypted. */
function ironSession(): Stack {
  const password = randomBytes(32).toString('hex');
  const options = { password, cookieName: 'session', cookieOptions: { secure: false } };
  const server = createServer(async (request, response) => {
    const session = await getIronSession<{ user: Data }>(request, response, options);
    if (!isSignIn(request)) return sendJson(response, session.user);
    readJson(request, async ({ user }) => {
      session.user = dataOf(user);
      await session.save();
      sendJson(response, session.user);
    });
  });
  return { server };
}

export const stacks: Stacks = { 'iron-session': ironSession };
