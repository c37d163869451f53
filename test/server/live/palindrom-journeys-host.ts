import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Json } from '../../../src/protocol/messages.js';
import { nodeHandler, type SessionRequest } from '../../../src/server/adapters/node.js';
import { sessionSockets } from '../../../src/server/adapters/sockets.js';
import { createSessions } from '../../../src/server/core/sessions.js';
import type { LiveOptions } from '../../../src/server/live/live-options.js';
import type { LiveSession } from '../../../src/server/live/live-session.js';
import { createLiveSessions, type LiveSessions } from '../../../src/server/live/live-sessions.js';
import type { Mount } from '../../../src/server/live/namespaces.js';
import { SessionOptions } from '../../../src/server/live/session-options.js';
import { starcounter, starcounterLive, starcounterServer } from '../../../src/server/presets.js';
import { createSessionServer } from '../../../src/server/session-server.js';
import { memoryStore } from '../../../src/server/stores/memory.js';
import { Log } from '../adapters/socket-host.js';
import { Page, type PageClient, type PalindromOptions, patience, unlike } from './palindrom-journeys-page.js';

// biome-ignore lint/suspicious/noExplicitAny: any JSON, looked at as the test knows it to be.
export type Data = any;
type Request = SessionRequest<Data>;
/** A page of the app. */
export type Route = (request: Request, response: ServerResponse, host: Host) => Promise<void>;

/** How a client speaks to the server. */
export interface Mode {
  readonly name: string;
  readonly socket: boolean;
  readonly versions: boolean;
}

export const modes: readonly Mode[] = [
  { name: 'over HTTP, with versions', socket: false, versions: true },
  { name: 'over HTTP, without versions', socket: false, versions: false },
  { name: 'over a socket, with versions', socket: true, versions: true },
  { name: 'over a socket, without versions', socket: true, versions: false },
];
export const [httpVersioned, httpPlain, socketVersioned, socketPlain] = modes as [Mode, Mode, Mode, Mode];

/** With these, the client numbers its patches, and transforms ours. */
export const versionPaths = { ot: true, localVersionPath: '/_ver#c$', remoteVersionPath: '/_ver#s' };

/** What was asked of the server, and what it said of the place of the session. */
interface Told {
  readonly request: string;
  readonly status: number;
  readonly location: string | undefined;
  readonly xLocation: string | undefined;
}

export interface JourneyOptions extends Mode {
  /** Besides the versions. */
  readonly flags?: number;
  readonly mounts?: readonly Mount[];
  readonly live?: Partial<LiveOptions<Data>>;
  readonly routes?: { readonly [path: string]: Route };
}

export type Host = Awaited<ReturnType<typeof startHost>>;

/** A server with Starcounter’s sessions, and what can happen to its connections. */
async function startHost({ versions, flags = 0, mounts, live: more, routes = {} }: JourneyOptions) {
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
  let gate: Promise<void> | undefined;
  const held = new Log<string>();
  const upgraded = new Set<Duplex>();
  const connections = new Set<Socket>();

  async function answer(request: Request, response: ServerResponse): Promise<void> {
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
    const go = () => handler(request, response);
    if (gate === undefined) go();
    else {
      gate.then(go);
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
      const works = new Log<((session: LiveSession<Data>) => unknown) | undefined>();
      const done = live.run(id, async (session) => {
        for (;;) {
          const work = await works.next();
          if (work === undefined || session === null) return;
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
          works.add(undefined);
          return done;
        },
      };
    },

    /** Requests wait until they are let go, by what this gives. */
    hold(): () => void {
      let release = () => {};
      gate = new Promise((resolve) => {
        release = resolve;
      });
      return () => {
        host.pass();
        release();
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

export interface Journey {
  readonly host: Host;
  readonly page: Page;
  readonly mode: Mode;
  /** What the client of this mode is made with. */
  options(remoteUrl: string): PalindromOptions;
  /** A session that keeps this, and a client that follows it. */
  follow(data: Json, more?: Partial<PalindromOptions>): Promise<{ id: string; client: PageClient }>;
}

let shared: Page | undefined;

/** For the hooks of a module: one page serves all its tests. */
export const pageHooks = {
  before() {
    shared = new Page();
  },
  after() {
    shared?.stop();
  },
};

/** Runs a journey. When it ends, nothing may have gone wrong on either side, but for failures that it waited for. */
export async function journey(
  assert: Assert,
  options: JourneyOptions,
  go: (journey: Journey) => Promise<void>,
): Promise<void> {
  const page = shared as Page;
  const host = await startHost(options);
  const settings = (remoteUrl: string): PalindromOptions => ({
    remoteUrl,
    useWebSocket: options.socket,
    ...(options.versions ? versionPaths : undefined),
  });
  try {
    await go({
      host,
      page,
      mode: options,
      options: settings,
      async follow(data, more) {
        const id = await host.begin(data);
        return { id, client: await page.open({ ...settings(host.address(id)), ...more }) };
      },
    });
    assert.deepEqual([...host.failures, ...page.troubles], [], 'nothing went wrong');
  } finally {
    await page.clear();
    await host.stop();
  }
}

/** The document, as a page that begins a session answers with it (PAL-01). */
export const beginRoute =
  (data: Json): Route =>
  async (request, response, { sessions, live }) => {
    const session = await sessions.create(data);
    request.session.use(session);
    response.setHeader('content-type', 'application/json');
    response.end(await live.documentOf(session.id));
  };

/** A page that does something to the session, and may be asked for as a mere patch (PAL-15, SC-69). */
export const patchRoute =
  (work: (session: LiveSession<Data>, request: Request) => void): Route =>
  async (request, response, { live }) => {
    const { id } = request.session;
    if (id !== undefined)
      await live.run(id, (session) => {
        if (session !== null) work(session, request);
      });
    const patch = await live.patchFor(request.headers.accept, id);
    response.setHeader('content-type', patch === undefined ? 'text/html' : 'application/json-patch+json');
    response.end(patch ?? '<!doctype html>');
  };
