import canReflect from 'can-reflect';
import SimpleObservable from 'can-simple-observable';
import type { SessionError } from '../../protocol/errors.js';
import type { SessionPart } from '../behaviors/part.js';
import { fail } from '../core/fail.js';
import type { FollowerLimits } from '../core/live/follower.js';
import type { SocketOptions, SocketStatus } from '../transports/websocket.js';
import type { LiveConnection } from './live/live-connection.js';
import { LiveSession } from './live/live-session.js';

export type { FollowerLimits } from '../core/live/follower.js';
export type { PageSignals, SocketOptions, Timers } from '../transports/websocket.js';
export type { LiveConnection } from './live/live-connection.js';

/** Options of `live()`. */
export interface LiveOptions extends SocketOptions {
  /** Where the documents are on the server, resolved against the URL of the session. Default `/__default`. */
  readonly url?: string;
  /** The name of this page among those that follow the session: letters, digits, `_` and `-`, 64 at most. Default: random. */
  readonly follower?: string;
  /** What may wait to be sent. */
  readonly pending?: FollowerLimits;
  /**
   * Hears what went wrong: `request/forbidden` and `patch/…` of an edit that the server does not accept, which is then taken
   * back; `patch/size` of an edit that is too large; `request/rate`, `store/unavailable`, `server/failed` of a connection that
   * was closed and is opened again. Default: nobody does, besides `connection.live.error`.
   */
  readonly onError?: (error: SessionError) => void;
}

/**
 * Keeps `Session.current.data` the same as the server's document, in both directions: what the server changes is changed in
 * place, and bindings follow; what the user changes is sent at the end of the turn. `data` is undefined until the server has
 * told it. It is what the model makes of it: a DefineMap, or what the model declares; in an ObservableObject that declares
 * nothing, ObservableObject and ObservableArray all the way down.
 *
 * Works as long as somebody is signed in, with a token that has a claim `sid`, or in cookie mode. `connection.live` tells how.
 */
export function live(options: LiveOptions = {}): SessionPart {
  return ({ connection, core, kept }) => {
    const Type = connection.Map;
    const status = new SimpleObservable<SocketStatus>('offline');
    const error = new SimpleObservable<SessionError | undefined>(undefined);
    const isPending = new SimpleObservable(false);
    let session: LiveSession | undefined;

    kept.add('data');
    if (!('data' in Type.prototype)) {
      canReflect.defineInstanceKey(Type, 'data', { enumerable: true, configurable: true, writable: true });
    }

    function failed(found: SessionError) {
      error.set(found);
      options.onError?.(found);
    }

    /** The session that is to be followed now. */
    function current(): { readonly id: string; readonly instance: object } | undefined {
      const { state } = core;
      // What was there before a sign-in goes on until it succeeds.
      if (state.name === 'authenticating') return session;
      if (state.name !== 'authenticated') return undefined;
      const { sid, id } = state.claims as { readonly sid?: unknown; readonly id?: unknown };
      const found = connection.token === 'cookie' ? id : sid;
      const instance = (Type as unknown as { readonly current?: object | null }).current;
      if (typeof found === 'string' && found && instance) return { id: found, instance };
      if (!found) failed(fail('session/malformed'));
      return undefined;
    }

    function follow() {
      const next = current();
      if (next?.id === session?.id && next?.instance === session?.instance) return;
      session?.stop();
      session = undefined;
      status.set('offline');
      isPending.set(false);
      if (!next) return;
      const { url = '/__default', follower = randomName(), pending } = options;
      const endpoint = connection.url ?? '/session';
      const origin = new URL(typeof endpoint === 'string' ? endpoint : endpoint.getData, location.href);
      const made = new LiveSession(next.id, next.instance, core, eventsOf(), {
        ...options,
        ...pending,
        base: new URL(url, origin),
        follower,
      });
      session = made;
      made.start();
    }

    const eventsOf = () => ({
      status(now: SocketStatus) {
        if (now === 'connected') error.set(undefined);
        status.set(now);
      },
      failed,
      moved: () => isPending.set(session?.isSettled === false),
      shown: (instance: object) => connection.updatedInstance(instance, null),
    });

    const { changed } = core;
    core.changed = () => {
      changed();
      follow();
    };

    const shown: LiveConnection = {
      get status() {
        return status.get();
      },
      get error() {
        return error.get();
      },
      get isPending() {
        return isPending.get();
      },
      flush: () => session?.flush() ?? Promise.reject(fail('session/ended')),
    };
    Object.assign(connection, { live: shown });
  };
}

/** 96 random bits. */
function randomName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
