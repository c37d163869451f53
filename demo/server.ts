// What `npm start` opens: the session server, its sockets and the app on one origin. `PORT=3001 npm start` takes another port.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import {
  authenticateWith,
  createLiveSessions,
  createSessionServer,
  createSessions,
  createTokens,
  parseUsers,
} from 'can-connect-session/server';
import { nodeHandler } from 'can-connect-session/server/node';
import { sessionSockets } from 'can-connect-session/server/sockets';
import { openAdmin } from './admin.js';
import { appHandler } from './app-handler.js';
import { openChat } from './chat.js';
import { newPage, type Page } from './page.js';
import { openPerson } from './person.js';
import { openRest } from './rest.js';

/** Short, so that the countdown is worth watching: milliseconds. */
const timeToLive = 10 * 60 * 1000;

const host = '127.0.0.1';
const port = process.env.PORT ?? '3000';
const folder = process.env.DEMO_DATA ?? fileURLToPath(new URL('data', import.meta.url));

function giveUp(sentence: string): never {
  console.error(sentence);
  process.exit(1);
}

if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) giveUp('PORT must be a whole number from 0 to 65535.');

const users = parseUsers(await readFile(new URL('users', import.meta.url), 'utf8'));
const rest = await openRest(folder);
const sessions = createSessions<Page>({
  store: rest.store,
  timeToLive,
  // Somebody came, or went.
  onEvent: ({ type }) => {
    if (type === 'created' || type === 'ended') admin.show();
  },
});
const live = createLiveSessions<Page>({ sessions });
const whoIs = authenticateWith(users);
const sessionServer = createSessionServer<Page>({
  sessions,
  live,
  async authenticate(credentials) {
    const user = await whoIs(credentials);
    return user && { ...user, data: newPage(user) };
  },
  tokens: createTokens({
    keys: [{ alg: 'HS256', secret: rest.secret }],
    issuer: 'session-demo',
    audience: 'session-demo',
  }),
});

openPerson(live);
const admin = openAdmin(live, sessions);
await openChat(live, sessions);
await admin.show();

const handleSession = nodeHandler(sessionServer);
const sockets = sessionSockets(sessionServer);
const handleApp = await appHandler();

const server = createServer((request, response) => {
  handleSession(request, response, () => handleApp(request, response));
});
server.on('upgrade', sockets);

server.once('error', ({ code, message }: NodeJS.ErrnoException) => {
  const taken = `Port ${port} is taken. Another one: PORT=${(Number(port) % 65_535) + 1} npm start`;
  giveUp(code === 'EADDRINUSE' ? taken : message);
});

server.listen(Number(port), host, () => {
  const address = server.address();
  const actual = typeof address === 'object' && address !== null ? address.port : port;
  console.log(`The session demo is at http://${host}:${actual}`);
  console.log(`Sign in as ${[...users.keys()].join(' or ')}; the passwords are on the page.`);
  console.log('Sessions and a generated secret rest in demo/data: a restart keeps you signed in (Ctrl+C).');
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    // Answers under way may finish; a browser also keeps connections open on which it has asked nothing yet.
    setTimeout(() => server.closeAllConnections(), 300).unref();
    // Pages hear that they may come back.
    await Promise.all([sockets.close(), closed]);
    live.close();
    await sessions.close();
    rest.close();
  });
}
