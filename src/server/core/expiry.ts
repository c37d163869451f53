/** Which of a session's three times `timeToLive` counts from (FOXX-04). */
export type TtlType = 'created' | 'lastAccess' | 'lastUpdate';

/** The three times of a session: integer milliseconds since the epoch. */
export interface Clocks {
  readonly created: number;
  readonly lastAccess: number;
  readonly lastUpdate: number;
}

/** How long a session lives. */
export interface Lifetime {
  /** Milliseconds after the time that `ttlType` names. 0 = this limit is off (FOXX-02). */
  readonly timeToLive: number;
  readonly ttlType: TtlType;
  /** The absolute limit: no access and no save moves the end past this instant (S15). `Infinity` = there is none. */
  readonly notAfter: number;
}

/** The one number that ends a session, in milliseconds since the epoch. `Infinity` = it never expires (FOXX-55). */
export function expiryOf(session: Clocks & Lifetime): number {
  return endOf(session, session[session.ttlType]);
}

function endOf({ timeToLive, notAfter }: Lifetime, from: number): number {
  return timeToLive === 0 ? notAfter : Math.min(notAfter, from + timeToLive);
}

/** The instant of expiry itself is expired (FOXX-57). */
export function isExpired(session: { readonly expiresAt: number }, now: number): boolean {
  return session.expiresAt <= now;
}

/**
 * What an access at `now` changes in a session that has not expired by then; judge that first (FOXX-25). A clock that
 * runs behind never shortens a session.
 */
export function accessedAt(
  session: Clocks & Lifetime & { readonly expiresAt: number },
  now: number,
): { readonly lastAccess: number; readonly expiresAt: number } {
  const lastAccess = Math.max(session.lastAccess, now);
  if (session.ttlType !== 'lastAccess') return { lastAccess, expiresAt: session.expiresAt };
  return { lastAccess, expiresAt: Math.max(session.expiresAt, endOf(session, lastAccess)) };
}

/** Why a session that expired did: its idle time ran out, or a limit that no access moves. */
export function expiryReason(session: Lifetime & { readonly expiresAt: number }): 'idle' | 'absolute' {
  return session.ttlType === 'created' || session.expiresAt >= session.notAfter ? 'absolute' : 'idle';
}
