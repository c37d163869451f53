import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { nodeHandler } from '../../src/server/adapters/node.js';
import { sessionSockets } from '../../src/server/adapters/sockets.js';
import { createSessions } from '../../src/server/core/sessions.js';
import { createTokens } from '../../src/server/core/tokens.js';
import { anyEdit } from '../../src/server/live/channel/policy.js';
import { createLiveSessions } from '../../src/server/live/live-sessions.js';
import { createSessionServer } from '../../src/server/session-server.js';
import { memoryStore } from '../../src/server/stores/memory.js';

/*
 * A real session server with live sessions, in a process of its own, for tests in a browser; it says where it listens. Orders
 * come as POST to `/order/<what>`, as text, which needs no preflight. The first one names the origin of the page.
 */
type Data = { [key: string]: unknown };

const open = new Set<Socket>();

function createHost(origin: string) {
  const sessions = createSessions<Data>({ store: memoryStore() });
  const live = createLiveSessions<Data>({ sessions, policy: anyEdit });
  const tokens = createTokens({
    keys: [{ alg: 'HS256', secret: 'a secret of the tests, 32 bytes or more' }],
    issuer: 'https://issuer.example',
    audience: 'https://app.example',
  });
  const server = createSessionServer<Data>({
    sessions,
    tokens,
    live,
    origins: [origin],
    authenticate: ({ username }) => (typeof username === 'string' ? { id: username } : null),
  });

  /** What a test can have done to a session. Gives the data that it then has. */
  async function order(what: string, id: string, value: unknown): Promise<unknown> {
    if (what === 'cut') for (const socket of open) socket.destroy();
    else if (what === 'end') await sessions.destroy(id, 'revoked');
    else if (what !== 'start') {
      return live.run(id, (session) => {
        if (session === null) throw new Error('no such session');
        if (what === 'data') session.data = value as Data;
        if (what === 'add') (session.data.items as unknown[]).unshift(value);
        if (what === 'set') Object.assign(session.data, value);
        return JSON.parse(JSON.stringify(session.data));
      });
    }
    return null;
  }

  return { handler: nodeHandler(server), upgrade: sessionSockets(server), order };
}

let host: ReturnType<typeof createHost> | undefined;

async function orders(request: IncomingMessage, response: ServerResponse): Promise<void> {
  host ??= createHost(String(request.headers.origin));
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const { id, value } = JSON.parse(Buffer.concat(chunks).toString());
  const [status, body] = await host.order(String(request.url).slice('/order/'.length), id, value).then(
    (done) => [200, done] as const,
    (error) => [500, String(error)] as const,
  );
  response.writeHead(status, { 'access-control-allow-origin': '*', 'content-type': 'application/json' });
  response.end(JSON.stringify(body ?? null));
}

const http = createServer((request, response) => {
  if (request.url?.startsWith('/order/')) void orders(request, response);
  else host?.handler(request, response);
});
http.on('upgrade', (request, socket: Socket, head) => {
  open.add(socket);
  socket.once('close', () => open.delete(socket));
  host?.upgrade(request, socket, head);
});
http.listen(0, '127.0.0.1', () => {
  console.log(`live host at http://127.0.0.1:${(http.address() as AddressInfo).port}`);
});
// Whoever started it is gone.
process.stdin.on('end', () => process.exit()).resume();
