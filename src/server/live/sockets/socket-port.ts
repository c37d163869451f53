import type { HttpAnswer } from '../../http/exchange.js';

/** One end of a WebSocket, whatever library a host has for it. After it was closed, all of this does nothing. */
export interface SocketPort {
  /** Sends one whole message: as text, or the same bytes as a binary frame. */
  send(text: string, binary: boolean): void;
  ping(): void;
  /** Closes with a handshake. `reason`: at most 123 bytes of UTF-8 (RFC 6455 §5.5). */
  close(code: number, reason: string): void;
  /** Drops the connection, without a word. */
  terminate(): void;
  /** Bytes that wait to be given to the network. */
  readonly buffered: number;
  /** Asks for one `drained`, as soon as all that was sent until now was given to the network. */
  tellDrained(): void;
}

/** What happens on a socket. */
export interface SocketEvents {
  message(data: Uint8Array | string, binary: boolean): void;
  /** The other side is there: it sent a pong, or a ping, which the host has answered. */
  pong(): void;
  /** What `tellDrained` asked for. */
  drained(): void;
  /** Once, after which nothing else comes. */
  closed(): void;
}

/**
 * What becomes of a request to speak over a WebSocket: refused before the handshake, or accepted, and then `accept` is called
 * with the open socket (it may close it at once: a page cannot see why a handshake failed). It is never called when the
 * handshake itself is wrong, or the client has gone by then.
 */
export type Upgrade =
  | { readonly refused: HttpAnswer }
  | { readonly protocol: string | undefined; accept(port: SocketPort): SocketEvents };
