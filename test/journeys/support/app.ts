/**
 * A small app behind the session server, as a process of its own: `node --import tsx app.ts STORE SECRET`. It prints its
 * URL. `POST /set?key=…` reads the session, waits until `gate` requests have read theirs, sets the key and saves.
 * `POST /slow` reads the session, and saves it only when `POST /go` says so. `round` keeps one try from the next.
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

/** Holds everybody back until enough have come, or until somebody opens it. */
class Gate {
  #waiting = 0;
  #open: () => void = () => {};
  readonly #opened = new Promise<void>((resolve) => {
    this.#open = resolve;
  });

  open(): void {
    this.#open();
  }

  pass(needed = Number.POSITIVE_INFINITY): Promise<void> {
    this.#waiting += 1;
    if (this.#waiting >= needed) this.#open();
    return this.#opened;
  }
}

const gates = new Map<string, Gate>();

function gate(name: string): Gate {
  const found = gates.get(name) ?? new Gate();
  gates.set(name, found);
  return found;
}

async function sessionOf(request: IncomingMessage) {
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
  return sessions.get((await tokens.verify(token)).sid);
}

async function answer(request: IncomingMessage): Promise<object> {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://app');
  const round = searchParams.get('round');
  if (pathname === '/go') {
    gate(`go ${round}`).open();
    return {};
  }
  if (pathname === '/slow-has-read') {
    await gate(`slow ${round}`).pass();
    return {};
  }
  const session = await sessionOf(request);
  if (pathname === '/set') {
    await gate(`set ${round}`).pass(Number(searchParams.get('gate')));
    session.data[searchParams.get('key') ?? ''] = 1;
    await session.save();
  }
  if (pathname === '/slow') {
    session.data.late = 1;
    gate(`slow ${round}`).open();
    await gate(`go ${round}`).pass();
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
