import { EventEmitter } from 'node:events';
import { type IncomingMessage, STATUS_CODES, validateHeaderValue } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ServerOptions, WebSocket, WebSocketServer } from 'ws';
import { callable, harmless, wholeNumber } from '../core/options.js';
import { longestWait, nodeTimers, type Timers } from '../core/timers.js';
import type { HttpAnswer, HttpRequest } from '../http/exchange.js';
import type { SocketEvents, SocketPort, Upgrade } from '../live/sockets/socket-port.js';
import { NodeRequest } from '../node-http/request.js';

/** As much of a session server as sockets need. */
export interface SocketServer {
  /** What becomes of a request to speak over a WebSocket. Undefined: its path is somebody else's. */
  upgrade(request: HttpRequest): Promise<Upgrade | undefined>;
}

export interface SessionSocketsOptions {
  /** Bytes of one message of a client, 1 to 2^30. More: close code 1009. Default 65536 (64 KiB). */
  readonly maxPayload?: number;
  /**
   * Milliseconds that a client gets to answer a close frame before its connection is dropped, 0 to 2^31 - 1. Default: five
   * seconds.
   */
  readonly closeWait?: number;
  /** Hears why a request could not be judged. Default: nobody does. */
  readonly onError?: (error: unknown) => void;
  /** Default: those of Node. */
  readonly timers?: Timers;
}

/** What a server of node:http calls for `upgrade`. */
export interface SessionSockets {
  (this: unknown, request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Connections that are open. */
  readonly size: number;
  /** Refuses new connections with 503 and closes the others with 1001. Resolves when they are gone, `closeWait` later at most. */
  close(): Promise<void>;
}

/**
 * The sockets of live sessions: `httpServer.on('upgrade', sessionSockets(server))`, where `httpServer` is that of
 * `http.createServer`, what `app.listen()` of Express gives, or `app.server` of Fastify. Requests for other paths are left to
 * the other listeners for `upgrade`; where there are none, they get 404. Throws `config/invalid`.
 */
export function sessionSockets(server: SocketServer, options: SessionSocketsOptions = {}): SessionSockets {
  const maxPayload = wholeNumber('maxPayload', options.maxPayload ?? 65_536, 1, 2 ** 30, 'bytes');
  const closeWait = wholeNumber('closeWait', options.closeWait ?? 5000, 0, longestWait, 'milliseconds');
  const onError = harmless(callable('onError', options.onError) ?? (() => undefined));
  const timers = options.timers ?? nodeTimers;
  const open = new Set<LiveSocket>();
  const protocols = new WeakMap<IncomingMessage, string>();
  let closing: Promise<void> | undefined;
  let emptied = (): void => undefined;

  const settings: ServerOptions<typeof LiveSocket> & { readonly closeTimeout: number } = {
    noServer: true,
    clientTracking: false,
    // Patches are short; what it costs, in memory above all, is more than what it saves.
    perMessageDeflate: false,
    maxPayload,
    closeTimeout: closeWait,
    handleProtocols: (_, request) => protocols.get(request) ?? false,
    WebSocket: LiveSocket,
  };
  const handshakes = new WebSocketServer<typeof LiveSocket>(settings);

  function accept(
    { protocol, accept }: Accepted,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): void {
    if (protocol !== undefined) protocols.set(request, protocol);
    // Calls back before it returns, and so nothing that the client sends is lost.
    handshakes.handleUpgrade(request, socket, head, (live) => {
      open.add(live);
      live.on('close', onClose).on('message', onMessage).on('ping', onPong).on('pong', onPong);
      // What is wrong on the wire: ws closes with the right code.
      live.on('error', ignore);
      live.gone = gone;
      try {
        live.events = accept(new Port(live));
      } catch (error) {
        onError(error);
        live.close(1011);
      }
    });
  }

  function gone(live: LiveSocket): void {
    open.delete(live);
    if (open.size === 0) emptied();
  }

  async function judge(request: IncomingMessage): Promise<Upgrade | undefined> {
    try {
      return await server.upgrade(new NodeRequest(request));
    } catch (error) {
      onError(error);
      return { refused: plain(500) };
    }
  }

  async function upgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    isShared: boolean,
  ): Promise<void> {
    // Nobody else listens while we ask, and an error that nobody hears would end the process.
    socket.on('error', ignore);
    const verdict = await judge(request);
    socket.off('error', ignore);
    if (verdict === undefined) {
      if (!isShared) refuse(socket, plain(404));
    } else if ('refused' in verdict) refuse(socket, verdict.refused);
    else if (closing !== undefined) refuse(socket, plain(503));
    else accept(verdict, request, socket, head);
  }

  async function close(): Promise<void> {
    if (open.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = timers.set(() => {
        for (const live of open) live.terminate();
      }, closeWait);
      emptied = () => {
        timers.clear(timer);
        resolve();
      };
      for (const live of open) live.close(1001);
    });
  }

  function listener(this: unknown, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const isShared = !(this instanceof EventEmitter) || this.listenerCount('upgrade') > 1;
    upgrade(request, socket, head, isShared).catch((error) => {
      onError(error);
      socket.destroy();
    });
  }
  return Object.defineProperties(listener, {
    size: { get: () => open.size },
    close: {
      value() {
        closing ??= close();
        return closing;
      },
    },
  }) as SessionSockets;
}

type Accepted = Exclude<Upgrade, { readonly refused: HttpAnswer }>;

/** A socket that knows whom to tell; so all of them share their listeners. */
class LiveSocket extends WebSocket {
  events: SocketEvents | undefined;
  gone: ((live: LiveSocket) => void) | undefined;
}

class Port implements SocketPort {
  readonly #live: LiveSocket;

  constructor(live: LiveSocket) {
    this.#live = live;
  }

  get buffered(): number {
    return this.#live.bufferedAmount;
  }

  send(text: string, binary: boolean): void {
    // As it is: to make a Buffer first, even one for all, is no faster.
    if (this.#isOpen) this.#live.send(binary ? Buffer.from(text) : text);
  }

  ping(): void {
    if (this.#isOpen) this.#live.ping();
  }

  close(code: number, reason: string): void {
    this.#live.close(code, reason);
  }

  terminate(): void {
    this.#live.terminate();
  }

  tellDrained(): void {
    // Its turn comes when all before it has gone.
    if (!this.#isOpen) return;
    this.#live.ping(undefined, undefined, (error) => {
      if (!error) this.#live.events?.drained();
    });
  }

  /** What is sent to a socket that closes would be counted as waiting. */
  get #isOpen(): boolean {
    return this.#live.readyState === WebSocket.OPEN;
  }
}

function onMessage(this: WebSocket, data: unknown, isBinary: boolean): void {
  (this as LiveSocket).events?.message(data as Buffer, isBinary);
}

function onPong(this: WebSocket): void {
  (this as LiveSocket).events?.pong();
}

function onClose(this: WebSocket): void {
  const live = this as LiveSocket;
  live.gone?.(live);
  live.events?.closed();
}

function ignore(): void {}

/** An answer of the adapter itself. */
function plain(status: number): HttpAnswer {
  const headers = { 'content-type': 'text/plain', 'cache-control': 'no-store' };
  return { status, headers, body: STATUS_CODES[status] };
}

/** Answers without a handshake: node:http has given up the connection, so this is written by hand. */
function refuse(socket: Duplex, { status, headers, body = '' }: HttpAnswer): void {
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`];
  for (const [name, value] of Object.entries(headers)) {
    for (const one of typeof value === 'string' ? [value] : value) {
      validateHeaderValue(name, one);
      lines.push(`${name}: ${one}`);
    }
  }
  lines.push('connection: close', `content-length: ${Buffer.byteLength(body)}`, '', body);
  socket.on('error', ignore);
  socket.once('finish', () => socket.destroy());
  socket.end(lines.join('\r\n'));
}
