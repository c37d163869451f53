import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import express from 'express';
import expressSession, { type Session, type SessionData } from 'express-session';
import { type Data, dataOf, firstUser } from '../content.js';
import { noSessions, type Stack, type Stacks } from '../stack.js';

declare module 'express-session' {
  interface SessionData {
    account: Data;
  }
}

/** Ours, in the same program, says otherwise what a request's session is. */
const requestOf = (request: object) => request as { session: Session & Partial<SessionData> };

function bare(): Stack {
  const app = express();
  const data = dataOf(firstUser);
  app.get('/me', (_request, response) => response.json(data));
  app.post('/sign-in', express.json(), (request, response) => response.json(dataOf(request.body.user)));
  return { server: createServer(app), dialect: noSessions };
}

/** With the MemoryStore that it has by default, which warns of itself. */
function withSession(): Stack {
  const { warn } = console;
  console.warn = () => {};
  const secret = randomBytes(32).toString('hex');
  const middleware = expressSession({ secret, resave: false, saveUninitialized: false });
  console.warn = warn;

  const app = express();
  app.use(middleware);
  app.get('/me', (request, response) => response.json(requestOf(request).session.account));
  app.post('/sign-in', express.json(), (request, response, next) => {
    const held = requestOf(request);
    held.session.regenerate((error) => {
      if (error) return next(error);
      // Another one now.
      held.session.account = dataOf(request.body.user);
      response.json(held.session.account);
    });
  });
  return { server: createServer(app) };
}

export const stacks: Stacks = { 'bare Express': bare, 'express-session': withSession };
