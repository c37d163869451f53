import { SessionError } from '../../protocol/errors.js';
import { SessionNotFound } from '../core/errors.js';
import type { Session } from '../core/session.js';
import type { Sessions } from '../core/sessions.js';
import type { Carrier, Readers } from './carrier.js';
import type { HttpRequest } from './exchange.js';
import { type Found, none } from './found.js';
import type { Origins } from './origins.js';

/** Finds the session of a request. */
export interface Door<Data> {
  /**
   * Rejects with `request/origin`, `request/ambiguous`, `request/not-found`, `store/unavailable`: such a request must not go
   * on.
   */
  find(request: HttpRequest): Promise<Found<Data>>;
}

export interface DoorOptions<Data> {
  readonly sessions: Sessions<Data>;
  /** The first that carries something good in form decides. */
  readonly carriers: readonly Carrier[];
  readonly readers: Readers;
  readonly origins: Origins;
}

export function createDoor<Data>({ sessions, carriers, readers, origins }: DoorOptions<Data>): Door<Data> {
  /** The one that lives. Two would be a choice that a request must not leave to us (S39). */
  async function only(ids: readonly string[]): Promise<Session<Data>> {
    const [first = ''] = ids;
    if (ids.length === 1) return sessions.get(first);
    const found = await Promise.all(ids.map((id) => sessions.find(id)));
    const living = found.filter((session) => session !== undefined);
    if (living.length > 1) throw new SessionError('request/ambiguous', { status: 400 });
    const [one] = living;
    if (one === undefined) throw new SessionNotFound(first);
    return one;
  }

  return {
    async find(request) {
      let reason: SessionError | undefined;
      for (const carrier of carriers) {
        let ids: readonly string[];
        try {
          const found = carrier.find(request, readers);
          ids = found instanceof Promise ? await found : found;
        } catch (error) {
          if (!(error instanceof SessionError) || !error.code.startsWith('token/')) throw error;
          reason ??= error;
          continue;
        }
        if (ids.length === 0) continue;
        if (carrier.ambient) origins.admit(request, true);
        try {
          return { session: await only(ids), ids, carrier: carrier.name, reason: undefined };
        } catch (error) {
          if (!(error instanceof SessionNotFound)) throw error;
          carrier.forget?.(request);
          if (carrier.required === true) throw new SessionError('request/not-found', { status: 404 });
          return { session: undefined, ids, carrier: carrier.name, reason: error };
        }
      }
      return reason === undefined ? none : { ...none, reason };
    },
  };
}
