/** A process that pushes to sockets: one kind of server, chosen by its first argument. Spoken to over IPC. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { sessionSockets } from '../../src/server/adapters/sockets.js';
import { createSessions } from '../../src/server/core/sessions.js';
import { createLiveSessions } from '../../src/server/live/live-sessions.js';
import { starcounter, starcounterServer } from '../../src/server/presets.js';
import { createSessionServer } from '../../src/server/session-server.js';
import { memoryStore } from '../../src/server/stores/memory.js';

/** What a kind of server can do. */
interface Kind {
  /** Where the sockets go. */
  readonly paths: readonly string[];
  /** Sends one change to the first so many sockets, or to all of one session. */
  push(): Promise<void> | void;
}

const [, , kind = '', sockets = '1000'] = process.argv;
const count = Number(sockets);
const host = createServer();

/** Each message has these bytes, but for the numbers. */
const text = (version: number) =>
  `[{"op":"replace","path":"/_ver#s","value":${version}},{"op":"test","path":"/_ver#c$","value":0},{"op":"replace","path":"/count","value":${version}}]`;

function bare(): Kind {
  const server = new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false });
  const open = new Set<WebSocket>();
  host.on('upgrade', (request, socket, head) => {
    server.handleUpgrade(request, socket, head, (client) => {
      open.add(client);
      client.on('close', () => open.delete(client));
      client.on('error', () => undefined);
      // As ours, the client speaks first.
      client.on('message', () => client.send(text(1)));
    });
  });
  let version = 1;
  return {
    paths: ['/'],
    push() {
      version += 1;
      const message = text(version);
      for (const client of open) client.send(message);
    },
  };
}

async function ours(each: 'one session' | 'own session'): Promise<Kind> {
  const sessions = createSessions<{ count: number }>({ ...starcounter, store: memoryStore() });
  const live = createLiveSessions<{ count: number }>({ sessions, mostFollowers: 100_000 });
  const server = createSessionServer<{ count: number }>({
    ...starcounterServer(),
    sessions,
    live,
    authenticate: () => null,
  });
  host.on('upgrade', sessionSockets(server));
  const ids: string[] = [];
  for (let made = 0; made < (each === 'one session' ? 1 : count); made += 1) {
    ids.push((await sessions.create({ count: 1 })).id);
  }
  return {
    paths: ids.map((id) => live.prefix + id),
    push: () =>
      live.scheduleTask(
        process.argv[4] === 'first' ? ids.slice(0, 1) : ids,
        (session) => {
          if (session !== null) session.data.count += 1;
        },
        true,
      ),
  };
}

function used(): number {
  for (let round = 0; round < 4; round += 1) globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

const chosen = await (kind === 'bare' ? bare() : ours(kind === 'one session' ? kind : 'own session'));
host.on('request', (_, response) => response.end());
host.listen(0, '127.0.0.1', () => {
  const { port } = host.address() as AddressInfo;
  process.send?.({ port, paths: chosen.paths });
});
process.on('message', async (asked) => {
  if (asked === 'push') await chosen.push();
  // Pools and tables that grow in steps have their size by now.
  else process.send?.({ heap: used() });
});
