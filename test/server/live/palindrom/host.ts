import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Json } from '../../../../src/protocol/messages.js';
import { nodeHandler, type SessionRequest } from '../../../../src/server/adapters/node.js';
import { sessionSockets } from '../../../../src/server/adapters/sockets.js';
import { createSessions } from '../../../../src/server/core/sessions.js';
import type { Mount } from '../../../../src/server/live/channel/namespaces.js';
import type { LiveOptions } from '../../../../src/server/live/live-options.js';
import type { LiveSession } from '../../../../src/server/live/live-session.js';
import { createLiveSessions, type LiveSessions } from '../../../../src/server/live/live-sessions.js';
import { SessionOptions } from '../../../../src/server/live/session-options.js';
import { starcounter, starcounterLive, starcounterServer } from '../../../../src/server/presets.js';
import { createSessionServer } from '../../../../src/server/session-server.js';
import { memoryStore } from '../../../../src/server/stores/memory.js';
import { Log } from '../../adapters/socket-host.js';
import { patience, unlike } from './page.js';

// biome-ignore lint/suspicious/noExplicitAny: any JSON, looked at as the test knows it to be.
export type Data = any;
export type PageRequest = SessionRequest<Data>;
/** A page of the app. */
export type Route = (request: PageRequest, response: ServerResponse, host: Host) => Promise<void>;

/** A request that is held. */
interface Waiting {
  readonly length: number;
  /** Resolves when it was answered. */
  go(): Promise<unknown>;
}

/** What was asked of the server, and what it said of the place of the session. */
interface Told {
  readonly request: string;
  readonly status: number;
  readonly location: string | undefined;
  readonly xLocation: string | undefined;
}

export interface HostOptions {
  readonly versions: boolean;
  /** Bits of `SessionOptions`, besides the versions. */
  readonly flags?: number;
  readonly mounts?: readonly Mount[];
  readonly live?: Partial<LiveOptions<Data>>;
  readonly routes?: { readonly [path: string]: Route };
}

export type Host = Awaited<ReturnType<typeof startHost>>;

/** A server with Starcounter’s sessions, and what can happen to its connections. */
export async function startHost({ versions, flags = 0, mounts, live: more, routes = {} }: HostOptions) {
  const failures: unknown[] = [];
  const onError = (error: unknown) => failures.push(error);
  const sessions = createSessions<Data>({ ...starcounter, store: memoryStore(), sweepInterval: 0 });
  const bits = flags + (versions ? SessionOptions.PatchVersioning : SessionOptions.Default);
  const preset = starcounterLive({ options: bits, ...(mounts && { mounts }) });
  const live: LiveSessions<Data> = createLiveSessions<Data>({ ...preset, sessions, onError, ...more });
  const server = createSessionServer<Data>({
    ...starcounterServer(),
    sessions,
    live,
    authenticate: () => null,
    onError,
  });
  const told: Told[] = [];
  let gate: Waiting[] | undefined;
  const held = new Log<string>();
  const upgraded = new Set<Duplex>();
  const connections = new Set<Socket>();

  async function answer(request: PageRequest, response: ServerResponse): Promise<void> {
    const [path = ''] = (request.url ?? '').split('?', 1);
    const route = routes[path];
    if (route === undefined) response.writeHead(404).end();
    else await route(request, response, host);
  }

  const handler = nodeHandler(server, answer);
  const http = createServer((request: IncomingMessage, response: ServerResponse) => {
    response.on('finish', () => {
      const header = (name: string) => response.getHeader(name) as string | undefined;
      const { statusCode: status } = response;
      const [location, xLocation] = [header('location'), header('x-location')];
      told.push({ request: `${request.method} ${request.url}`, status, location, xLocation });
    });
    if (gate === undefined) handler(request, response);
    else {
      const length = Number(request.headers['content-length'] ?? 0);
      const answered = new Promise((resolve) => response.once('close', resolve));
      gate.push({
        length,
        go() {
          handler(request, response);
          return answered;
        },
      });
      held.add(request.url ?? '');
    }
  });
  const sockets = sessionSockets(server, { onError });
  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgraded.add(socket);
    socket.on('close', () => upgraded.delete(socket));
    sockets.call(http, request, socket, head);
  });
  http.on('connection', (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;

  const host = {
    url,
    sessions,
    live,
    server,
    sockets,
    /** What the server heard of and nobody caught. */
    failures,
    /** All answers over HTTP. */
    told,
    /** Connections of WebSockets. */
    upgraded,
    address: (id: string) => `${url}/__default/${id}`,

    async begin(data: Json): Promise<string> {
      return (await sessions.create(data)).id;
    },

    /** What the session keeps. */
    data: async (id: string): Promise<Data> => (await sessions.peek(id))?.data,

    /** Resolves when the session keeps something like this. */
    async until(id: string, what: (data: Data) => boolean): Promise<Data> {
      let forget = () => {};
      let timer: NodeJS.Timeout | undefined;
      try {
        return await new Promise<Data>((resolve, reject) => {
          const look = async () => {
            const data = await host.data(id);
            if (data !== undefined && what(data)) resolve(data);
          };
          forget = sessions.onSave(() => void look().catch(reject));
          timer = setTimeout(() => void host.data(id).then((data) => reject(unlike(what, data))), patience);
          look().catch(reject);
        });
      } finally {
        forget();
        clearTimeout(timer);
      }
    },

    /** A task with the session that lasts until it is let go, and does meanwhile what it is given. */
    async occupy(id: string) {
      const works = new Log<((session: LiveSession<Data>) => unknown) | 'over'>();
      const done = live.run(id, async (session) => {
        for (;;) {
          const work = await works.next();
          if (work === 'over' || session === null) return;
          await work(session);
        }
      });
      const run = (work: (session: LiveSession<Data>) => unknown) =>
        new Promise<void>((resolve) => {
          works.add(async (session) => {
            await work(session);
            resolve();
          });
        });
      await run(() => undefined);
      return {
        run,
        release() {
          works.add('over');
          return done;
        },
      };
    },

    /** Requests wait until they are let go, by what this gives: one after the other, the shortest first, or the longest. */
    hold(): (order?: 'shortest' | 'longest') => Promise<void> {
      const waiting: Waiting[] = [];
      gate = waiting;
      return async (order = 'shortest') => {
        host.pass();
        waiting.sort((one, other) => one.length - other.length);
        for (const { go } of order === 'longest' ? waiting.reverse() : waiting) await go();
      };
    },

    /** Resolves when so many more requests wait. */
    async held(count: number): Promise<void> {
      for (let more = count; more > 0; more -= 1) await held.next();
    },

    /** Requests wait no longer; those that did still do. */
    pass(): void {
      gate = undefined;
    },

    /** Nothing of what sockets send arrives any more. */
    deafen(): void {
      // Of a socket that is only paused, ws reads the rest when it is closed.
      for (const socket of upgraded) socket.removeAllListeners('data').resume();
    },

    /** Nothing of what is sent to sockets arrives any more. */
    mute(): void {
      for (const socket of upgraded) socket.cork();
    },

    /** All sockets lose their connection. */
    cut(): void {
      for (const socket of upgraded) socket.destroy();
    },

    /** The server is gone. */
    close(): void {
      http.close();
      for (const socket of connections) socket.destroy();
    },

    async stop(): Promise<void> {
      live.close();
      host.close();
      await sessions.close();
    },
  };
  return host;
}
