/**
 * A small app behind the session server, as a process of its own: `node --import tsx app.ts STORE SECRET`. It prints its
 * URL. `POST /set?key=…` reads the session, waits until `gate` others have read theirs too, sets the key and saves.
 * `POST /slow` reads the session, and saves it only when `POST /go` says so.
 */

import { createServer, type IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { nodeHandler } from '../../../src/server/adapters/node.js';
import {
  createSessionServer,
  createSessions,
  createTokens,
  memoryStore,
  SessionError,
} from '../../../src/server/index.js';
import { sqliteStore } from '../../../src/server/stores/sqlite.js';

const [, , where = 'memory', secret = ''] = process.argv;
const Database = createRequire(import.meta.url)('libsql');
const store = where === 'memory' ? memoryStore() : sqliteStore(new Database(where));
const sessions = createSessions<{ [key: string]: number }>({ store });
const tokens = createTokens({ keys: [{ alg: 'HS256', secret }], issuer: 'app', audience: 'app' });
const authenticate = async () => ({ id: 'ann' });
const handle = nodeHandler(createSessionServer({ sessions, tokens, authenticate }));

/** Holds everybody back until enough have come. */
function gate() {
  let open: () => void = () => {};
  let waiting = 0;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {
    open: () => open(),
    pass(needed: number) {
      waiting += 1;
      if (waiting >= needed) open();
      return opened;
    },
  };
}

const together = gate();
const slow = gate();
let arrived: () => void = () => {};
const slowHasRead = new Promise<void>((resolve) => {
  arrived = resolve;
});

async function sessionOf(request: IncomingMessage) {
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
  return sessions.get((await tokens.verify(token)).sid);
}

async function answer(request: IncomingMessage): Promise<object> {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://app');
  if (pathname === '/go') {
    slow.open();
    return {};
  }
  if (pathname === '/slow-has-read') {
    await slowHasRead;
    return {};
  }
  const session = await sessionOf(request);
  if (pathname === '/set') {
    await together.pass(Number(searchParams.get('gate')));
    session.data[searchParams.get('key') ?? ''] = 1;
    await session.save();
  }
  if (pathname === '/slow') {
    session.data.late = 1;
    arrived();
    await slow.pass(Number.POSITIVE_INFINITY);
    await session.save();
  }
  return session.data;
}

const server = createServer((request, response) => {
  handle(request, response, () => {
    answer(request).then(
      (body) => response.end(JSON.stringify(body)),
      (error: unknown) => {
        const { status = 500, code } = error instanceof SessionError ? error : {};
        response.writeHead(status || 500).end(JSON.stringify({ code }));
      },
    );
  });
});
server.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
process.once('SIGTERM', () => process.exit());
