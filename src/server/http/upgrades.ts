import { SessionError } from '../../protocol/errors.js';
import type { Followers } from '../live/followers.js';
import type { Upgrade } from '../live/sockets/socket-port.js';
import type { CurrentSession } from './current-session.js';
import { type HttpAnswer, type HttpRequest, pathOf } from './exchange.js';
import type { Found } from './found.js';
import type { Origins } from './origins.js';
import { addressOf, ownId } from './resources/live.js';

/** The protocol of our own clients on a socket: they speak first. */
const ownProtocol = 'can-connect-session.v1';
const bearerPrefix = 'bearer.';

export interface UpgradesOptions<Data> {
  readonly followers: Followers;
  readonly prefix: string;
  readonly origins: Origins;
  idOf(wire: string): string | undefined;
  find(request: HttpRequest): Promise<Found<Data>>;
  /** The session of a request that was found. */
  current(request: HttpRequest, found: Found<Data>): CurrentSession<Data>;
  refuse(error: unknown, request: HttpRequest): HttpAnswer;
}

/**
 * Answers requests to speak over a WebSocket (S49). A page may open one to any host, and the browser adds its cookies: so each
 * origin has to be one of ours, as for a request that changes something. Whatever else is wrong is told by a close code.
 */
export function createUpgrades<Data>(
  options: UpgradesOptions<Data>,
): (request: HttpRequest) => Promise<Upgrade | undefined> {
  const { followers, prefix, origins, idOf, find, current, refuse } = options;

  return async (direct) => {
    if (!direct.url.startsWith(prefix)) return undefined;
    const offered = protocolsOf(direct);
    const request = upgradeRequest(direct, offered);
    const isOwn = offered.includes(ownProtocol);
    const protocol = isOwn ? ownProtocol : undefined;
    try {
      origins.admit(request, false);
      const address = addressOf(pathOf(request.url).slice(prefix.length));
      if (address === undefined || address.isReconnect)
        throw new SessionError('request/not-found', { status: 404 });
      const id = ownId(current(request, await find(request)), address, idOf);
      const followable = await followers.followable(id);
      const mode = isOwn ? 'client-first' : 'server-first';
      return { protocol, accept: (port) => followable.attach(address.follower, mode, port) };
    } catch (error) {
      if (!(error instanceof SessionError) || error.code === 'request/origin')
        return { refused: refuse(error, direct) };
      const { code } = error;
      return { protocol, accept: (port) => followers.dismiss(code, port) };
    }
  };
}

function protocolsOf(request: HttpRequest): readonly string[] {
  return (request.header('sec-websocket-protocol') ?? '').split(',').map((protocol) => protocol.trim());
}

/**
 * The request as the rest of the server understands it: one that opens a way to change something, as CONNECT does (RFC 8441 §4), and
 * whose token, which a page can put nowhere else, stands where tokens stand.
 */
function upgradeRequest(direct: HttpRequest, offered: readonly string[]): HttpRequest {
  const bearer = offered.find((protocol) => protocol.startsWith(bearerPrefix));
  const authorization = bearer === undefined ? undefined : `Bearer ${bearer.slice(bearerPrefix.length)}`;
  const { url, secure, address, connection } = direct;
  return {
    method: 'CONNECT',
    url,
    secure,
    address,
    connection,
    header: (name) =>
      name === 'authorization' ? (direct.header(name) ?? authorization) : direct.header(name),
    body: (limit) => direct.body(limit),
  };
}
