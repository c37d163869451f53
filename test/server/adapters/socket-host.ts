import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ClientOptions, WebSocket } from 'ws';
import {
  type SessionSockets,
  type SessionSocketsOptions,
  sessionSockets,
} from '../../../src/server/adapters/sockets.js';
import type { HttpRequest } from '../../../src/server/http/exchange.js';
import type { SocketEvents, SocketPort, Upgrade } from '../../../src/server/live/sockets/socket-port.js';
import { Room } from '../live/sockets/socket-fixture.js';

export const protocol = 'can-connect-session.v1';

/** What happened, for whoever waits for the next of it. */
export class Log<T> {
  readonly all: T[] = [];
  #read = 0;
  #waiting: ((entry: T) => void)[] = [];

  add(entry: T): void {
    this.all.push(entry);
    const waiting = this.#waiting.shift();
    if (waiting === undefined) return;
    this.#read += 1;
    waiting(entry);
  }

  next(): Promise<T> {
    const entry = this.all[this.#read];
    if (entry === undefined) return new Promise((resolve) => this.#waiting.push(resolve));
    this.#read += 1;
    return Promise.resolve(entry);
  }
}

export interface Message {
  readonly text: string;
  readonly binary: boolean;
}

/** A client that keeps what it hears. */
export class Client {
  readonly messages = new Log<Message>();
  readonly pings = new Log<string>();
  readonly opened: Promise<void>;
  /** Code and reason. */
  readonly closed: Promise<string>;
  readonly socket: WebSocket;

  constructor(url: string, protocols: readonly string[] = [], options: ClientOptions = {}) {
    const socket = new WebSocket(url.replace('http', 'ws'), [...protocols], options);
    this.socket = socket;
    socket.on('message', (data: Buffer, binary) => this.messages.add({ text: data.toString(), binary }));
    socket.on('ping', () => this.pings.add('ping'));
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve(`${code} ${reason}`.trim()));
    });
    this.opened = new Promise((resolve) => socket.on('open', resolve));
  }

  say(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }
}

/** A connection without a library, which has sent this; gives all it gets until its end. */
export function raw(
  port: number,
  bytes: string | Buffer,
): { readonly socket: Socket; readonly answer: Promise<string> } {
  const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
  const answer = new Promise<string>((resolve) => {
    let all = '';
    socket.on('data', (data) => {
      all += data;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(all));
  });
  return { socket, answer };
}

/** The lines of a handshake. */
export function handshake(
  path: string,
  changes: { readonly [name: string]: string | undefined } = {},
): string {
  const headers = {
    host: 'localhost',
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'sec-websocket-version': '13',
    ...changes,
  };
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : `${name}: ${value}`,
  );
  return [`GET ${path} HTTP/1.1`, ...lines, '', ''].join('\r\n');
}

/** What stands at the other end of a socket. */
export interface End {
  readonly port: SocketPort;
  readonly pongs: Log<string>;
  readonly closed: Promise<void>;
}

/** A session server with one live session, at `/live`, of which it shows both ends. */
export class SocketHost {
  readonly ends = new Log<End>();
  readonly requests = new Log<HttpRequest>();
  readonly failures: unknown[] = [];
  /** What the judgement of a request waits for. */
  gate: Promise<void> = Promise.resolve();
  /** Instead of the usual verdict. */
  verdict: (() => Upgrade | undefined) | undefined;

  constructor(readonly room: Room) {}

  async upgrade(request: HttpRequest): Promise<Upgrade | undefined> {
    this.requests.add(request);
    await this.gate;
    if (this.verdict) return this.verdict();
    if (request.url !== '/live') return undefined;
    if (request.header('origin') === 'https://evil.example') {
      const headers = { 'content-type': 'application/problem+json', 'set-cookie': ['a=1', 'b=2'] };
      return { refused: { status: 403, headers, body: '{"code":"request/origin","é":1}' } };
    }
    const isOurs = request.header('sec-websocket-protocol')?.includes(protocol) === true;
    return {
      protocol: isOurs ? protocol : undefined,
      accept: (port) => this.#accept(port, isOurs),
    };
  }

  #accept(port: SocketPort, isOurs: boolean): SocketEvents {
    const { follower } = this.room.join(port, isOurs ? 'client-first' : 'server-first');
    const pongs = new Log<string>();
    let tell = (): void => undefined;
    const closed = new Promise<void>((resolve) => {
      tell = resolve;
    });
    this.ends.add({ port, pongs, closed });
    return {
      message: (data, binary) => follower.message(data, binary),
      drained: () => follower.drained(),
      pong() {
        follower.pong();
        pongs.add('pong');
      },
      closed() {
        follower.closed();
        tell();
      },
    };
  }
}

export interface Running {
  readonly host: SocketHost;
  readonly room: Room;
  readonly sockets: SessionSockets;
  readonly http: Server;
  readonly url: string;
  readonly port: number;
  client(protocols?: readonly string[], options?: ClientOptions): Client;
}

type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** Runs the host on node:http while `use` does, and ends all that is left then. */
export async function withHost(
  use: (running: Running) => Promise<void>,
  {
    room = new Room({ name$: 'Ada', text: '' }),
    others = [],
    ...options
  }: SessionSocketsOptions & { readonly room?: Room; readonly others?: readonly UpgradeListener[] } = {},
): Promise<void> {
  const host = new SocketHost(room);
  const onError = (error: unknown) => host.failures.push(error);
  const sockets = sessionSockets(host, { onError, ...options });
  const http = createServer((_, response) => response.end('plain'));
  http.on('upgrade', sockets);
  for (const other of others) http.on('upgrade', other);
  const raws = new Set<Socket>();
  http.on('connection', (socket) => raws.add(socket));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const clients: Client[] = [];
  const client: Running['client'] = (protocols, settings) => {
    const made = new Client(`${url}/live`, protocols, settings);
    clients.push(made);
    return made;
  };
  try {
    await use({ host, room, sockets, http, url, port, client });
  } finally {
    for (const { socket } of clients) socket.terminate();
    for (const socket of raws) socket.destroy();
    await new Promise((resolve) => http.close(resolve));
  }
}
