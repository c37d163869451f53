import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { nodeHandler } from '../../../src/server/adapters/node.js';
import { type SessionSocketsOptions, sessionSockets } from '../../../src/server/adapters/sockets.js';
import { createSessions } from '../../../src/server/core/sessions.js';
import { createTokens } from '../../../src/server/core/tokens.js';
import type { LiveOptions } from '../../../src/server/live/live-options.js';
import { createLiveSessions } from '../../../src/server/live/live-sessions.js';
import { createSessionServer } from '../../../src/server/session-server.js';
import { tokensOptions } from '../fixture.js';
import { watchedStore } from '../http/visits.js';
import { HttpClient, type Json, ProtocolDocument, SocketClient } from './protocol-client.js';

export type Doc = { [key: string]: Json };

export interface HostOptions {
  readonly live?: Partial<Omit<LiveOptions<Doc>, 'sessions'>>;
  readonly sockets?: SessionSocketsOptions;
  readonly data?: Doc;
}

const v1 = 'can-connect-session.v1';

/** Runs a real server on a real port, with one session of ann’s, while `use` does. */
export async function withProtocol(
  { live: liveOptions, sockets: socketsOptions, data = {} }: HostOptions,
  use: (host: Awaited<ReturnType<typeof startHost>>) => Promise<void>,
): Promise<void> {
  const host = await startHost(data, liveOptions, socketsOptions);
  try {
    await use(host);
  } finally {
    await host.stop();
  }
}

async function startHost(data: Doc, liveOptions: HostOptions['live'], options?: SessionSocketsOptions) {
  const { store, broken } = watchedStore();
  const onError = (): void => undefined;
  const sessions = createSessions<Doc>({ store, onError });
  const live = createLiveSessions<Doc>({
    sessions,
    onError,
    sockets: { burst: 100_000, queuedMessages: 10_000 },
    ...liveOptions,
  });
  const tokens = createTokens(tokensOptions(Date.now));
  const server = createSessionServer<Doc>({
    sessions,
    tokens,
    live,
    onError,
    authenticate: ({ username }) => ({ id: String(username), data }),
  });
  const http = createServer(nodeHandler(server));
  const sockets = sessionSockets(server, options);
  http.on('upgrade', sockets);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;

  const answer = await fetch(`${origin}/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'ann', password: 'any' }),
  });
  const { token } = (await answer.json()) as { token: string };
  const { sid: id } = JSON.parse(String(Buffer.from(String(token.split('.')[1]), 'base64url')));
  const url = `${origin}/__default/${id}`;
  const clients: SocketClient[] = [];

  return {
    live,
    sessions,
    sockets,
    broken,
    id: String(id),
    url,
    token,
    origin,
    /** Changes the document as a task of the app does. */
    change: (edit: (data: Doc) => void) =>
      live.run(id, (session) => {
        if (session) edit(session.data);
      }),
    whole: () => live.run(id, (session) => JSON.parse(JSON.stringify(session?.data)) as Json),
    socket(
      follower: string,
      document = new ProtocolDocument(),
      { protocols = [v1, `bearer.${token}`], from = undefined as string | undefined } = {},
    ) {
      const client = new SocketClient(`${url}/${follower}`, protocols, document, from);
      clients.push(client);
      return client;
    },
    http: (follower: string) => new HttpClient(`${url}/${follower}`, token),
    async stop() {
      for (const { socket } of clients) socket.terminate();
      live.close();
      await sockets.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
      await sessions.close();
    },
  };
}
