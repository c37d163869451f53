import type { ErrorCode, SessionError } from '../../../protocol/errors.js';
import type { EndReason } from '../../../protocol/messages.js';
import { fail } from '../../core/fail.js';
import { DocumentFollower, type FollowerLimits } from '../../core/live/follower.js';
import type { SessionCore } from '../../core/session.js';
import { ReconnectingSocket, type SocketOptions, type SocketStatus } from '../../transports/websocket.js';
import { ObservedData } from './observed-data.js';

/** What one live session tells whoever shows it. */
export interface LiveEvents {
  status(status: SocketStatus): void;
  failed(error: SessionError): void;
  /** What is pending may have changed. */
  moved(): void;
  /** A change of the server is on the instance, and nobody has been told yet. */
  shown(instance: object): void;
}

export interface LiveSessionOptions extends SocketOptions, FollowerLimits {
  /** The address of the document, without the id of the session. */
  readonly base: URL;
  readonly follower: string;
}

const ends: readonly EndReason[] = ['signed-out', 'revoked', 'idle', 'absolute', 'reuse', 'cleared'];

/** What a close code means where its reason does not say more. */
const codes: { readonly [code: number]: ErrorCode } = {
  1008: 'request/rate',
  1009: 'request/size',
  1011: 'server/failed',
  1013: 'store/unavailable',
  4401: 'session/ended',
};

/** The document of one session on one instance, from the sign-in to the end. */
export class LiveSession {
  readonly #core: SessionCore;
  readonly #events: LiveEvents;
  readonly #follower: DocumentFollower;
  readonly #data: ObservedData;
  readonly #socket: ReconnectingSocket;
  #waiting: { resolve(): void; reject(error: SessionError): void }[] = [];

  constructor(
    readonly id: string,
    readonly instance: object,
    core: SessionCore,
    events: LiveEvents,
    options: LiveSessionOptions,
  ) {
    this.#core = core;
    this.#events = events;
    this.#follower = new DocumentFollower(options);
    this.#data = new ObservedData(
      instance,
      (to, from) => this.#edited(this.#follower.edit(to, from)),
      () => events.shown(instance),
    );
    const { base, follower } = options;
    const url = new URL(base);
    url.protocol = base.protocol.replace(/^http/, 'ws');
    url.pathname = `${base.pathname}/${encodeURIComponent(id)}/${follower}`;
    let token: string | null = null;
    this.#socket = new ReconnectingSocket(
      {
        address: () => {
          token = core.token;
          const proof = token ? [`bearer.${token}`] : [];
          return { url: url.href, protocols: ['can-connect-session.v1', ...proof] };
        },
        opened: () => this.#follower.opened(),
        received: (message) => this.#received(message),
        closed: (code, reason) => this.#closed(code, reason, token),
        changed: events.status,
      },
      options,
    );
  }

  get isSettled(): boolean {
    return this.#follower.isSettled;
  }

  start(): void {
    this.#socket.start();
  }

  stop(): void {
    this.#data.stop();
    this.#socket.stop();
    for (const { reject } of this.#waiting.splice(0)) reject(fail('session/ended'));
  }

  flush(): Promise<void> {
    this.#data.flush();
    if (this.isSettled) return Promise.resolve();
    return new Promise((resolve, reject) => void this.#waiting.push({ resolve, reject }));
  }

  #edited(error: SessionError | undefined): boolean {
    if (error) this.#events.failed(error);
    this.#send();
    return !error;
  }

  #received(message: unknown): boolean {
    // What the user did before this came is about what was shown before.
    this.#data.flush();
    const received = this.#follower.received(message);
    if (received.kind === 'resync') return false;
    this.#show(received.kind === 'changed' ? received.changes : []);
    this.#send();
    return true;
  }

  #show(changes: Parameters<ObservedData['show']>[0]): void {
    const { view } = this.#follower;
    if (changes.length > 0 && view !== undefined) this.#data.show(changes, view);
  }

  #send(): void {
    const text = this.#follower.outgoing();
    if (text !== undefined) this.#socket.send(text);
    this.#events.moved();
    if (this.isSettled) for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  #closed(code: number, reason: string, token: string | null): void {
    this.#data.flush();
    const said = /^\w+\/[\w-]+/.exec(reason)?.[0];
    const isRefused =
      (code === 1009 && said !== 'session/size') || (code === 1011 && /^(?:patch|request)\//.test(reason));
    if (isRefused) this.#show(this.#follower.refused() ?? []);
    else this.#follower.closed();
    if (isRefused) this.#send();
    // Of this list: `said` is a code of the server, which may be newer than this half.
    const error = codes[code] && fail((said as ErrorCode | undefined) ?? codes[code]);
    const end = ends.find((one) => one === reason);
    // A sign-in ends the session before it; if it fails, the next attempt to connect hears of the end once more.
    if (this.#core.state.name === 'authenticating') return;
    if (code === 4401 && end) void this.#core.signOut(end);
    else if (isAboutProof(code, reason)) {
      // A token that was renewed meanwhile is tried first.
      if (token === this.#core.token) this.#core.check(true).catch(() => {});
    } else if (error) this.#events.failed(error);
  }
}

/** Whether a server says that it does not, or no longer, know who this is; the last two as Starcounter does. */
function isAboutProof(code: number, reason: string): boolean {
  return (
    code === 4401 ||
    (code === 1001 && reason === 'Session is expired.') ||
    (code === 1011 && /^(?:token|session)\//.test(reason))
  );
}
