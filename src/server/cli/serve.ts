import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { nodeHandler } from '../adapters/node.js';
import { sessionSockets } from '../adapters/sockets.js';
import { createSessions } from '../core/sessions.js';
import { createTokens } from '../core/tokens.js';
import { type DiagnosisOptions, diagnose } from '../doctor.js';
import { createLiveSessions } from '../live/live-sessions.js';
import { createSessionServer } from '../session-server.js';
import { authenticateWith } from '../users.js';
import { parseArguments } from './arguments.js';
import { readSecret, readUsers } from './files.js';
import { Refusal } from './refusal.js';
import { openStore } from './store.js';

const known = {
  options: ['port', 'host', 'users', 'issuer', 'audience', 'store'],
  repeatable: ['origin', 'secret-file'],
  flags: ['behind-tls', 'live'],
};

/** Milliseconds that running requests get to finish after SIGTERM. */
const longestGoodbye = 10_000;

/** `can-connect-session serve`: runs until SIGTERM or SIGINT. Rejects with a `Refusal`. */
export async function serve(args: readonly string[]): Promise<void> {
  const { values } = parseArguments(args, known);
  const option = (name: string): string | undefined => values.get(name)?.[0];

  const port = portOf(option('port') ?? '3000');
  const host = option('host') ?? '127.0.0.1';
  if (!isLoopback(host) && !values.has('behind-tls')) {
    throw new Refusal(
      'Passwords would cross the network unencrypted: keep --host on 127.0.0.1, or add --behind-tls when a proxy encrypts.',
    );
  }
  const usersFile = option('users');
  if (usersFile === undefined) {
    throw new Refusal(
      'The option --users is missing: a file with lines of can-connect-session hash-password NAME.',
    );
  }

  const users = await readUsers(usersFile);
  const secrets = await Promise.all((values.get('secret-file') ?? []).map(readSecret));
  if (secrets.length === 0) {
    secrets.push(randomBytes(32));
    console.error('No --secret-file: a secret was generated, and tokens are good until this process ends.');
  }
  const { store, notice } = await openStore(option('store'));
  if (notice !== undefined) console.error(notice);

  const options = {
    sessions: { store },
    tokens: {
      keys: secrets.map((secret) => ({ alg: 'HS256' as const, secret })),
      issuer: option('issuer') ?? 'can-connect-session',
      audience: option('audience') ?? 'can-connect-session',
    },
    server: {
      authenticate: authenticateWith(users),
      origins: values.get('origin') ?? [],
      // Then the addresses, and what is encrypted, are what that proxy says.
      proxies: values.has('behind-tls') ? 1 : 0,
    },
  };
  await examine(options);
  const sessions = createSessions(options.sessions);
  const live = values.has('live') ? createLiveSessions({ sessions }) : undefined;
  const sessionServer = createSessionServer({
    ...options.server,
    sessions,
    tokens: createTokens(options.tokens),
    ...(live && { live }),
  });
  const sockets = live && sessionSockets(sessionServer);

  const handle = nodeHandler(sessionServer);
  // No request of ours takes longer to arrive; a slow one must not hold a connection.
  const server = createServer({ requestTimeout: 15_000, headersTimeout: 10_000 }, (request, response) => {
    response.once('close', () => server.listening || setImmediate(() => server.closeIdleConnections()));
    handle(request, response);
  });
  if (sockets !== undefined) server.on('upgrade', sockets);
  const stopped = untilSignal(server, () => sockets?.close());
  console.log(`Listening on ${await listen(server, port, host)}`);
  await stopped;
  live?.close();
  await sessions.close();
}

function portOf(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new Refusal('The option --port must be a whole number from 0 to 65535.');
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/** Says what is doubtful, and refuses what cannot be or protects nobody. */
async function examine(options: DiagnosisOptions): Promise<void> {
  const findings = await diagnose(options);
  for (const { severity, sentence } of findings) if (severity === 'warning') console.error(sentence);
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Refusal(errors.map(({ sentence }) => sentence).join('\n'));
}

/** Gives the URL it listens on, with the port that the system chose for 0. */
function listen(server: Server, port: number, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'somebody else listens there' : (error.code ?? 'it failed');
      reject(new Refusal(`Cannot listen on the given host and port: ${why}.`, 1));
    });
    server.listen(port, host, () => {
      const address = server.address();
      const actual = typeof address === 'object' && address !== null ? address.port : port;
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${actual}`);
    });
  });
}

/** Takes no new connections after the first signal, and is done when the running requests are. A second signal kills. */
function untilSignal(server: Server, goodbye: () => unknown): Promise<void> {
  // Browsers open connections ahead of time, and `close` would wait for those on which nothing was asked.
  const silent = new Set<Socket>();
  server.on('connection', (socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  server.on('request', ({ socket }) => silent.delete(socket));
  return new Promise((resolve) => {
    const stop = (): void => {
      process.off('SIGTERM', stop).off('SIGINT', stop);
      setTimeout(() => server.closeAllConnections(), longestGoodbye).unref();
      server.close(() => resolve());
      goodbye();
      for (const socket of silent) socket.destroy();
    };
    process.on('SIGTERM', stop).on('SIGINT', stop);
  });
}
