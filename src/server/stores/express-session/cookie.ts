import type { ExpressCookie } from './types.js';

/** When a session is over and how long it lives, as its cookie says. Milliseconds. */
export interface CookieLifetime {
  /** 0 = for ever. */
  readonly timeToLive: number;
  readonly expiresAt: number;
}

/**
 * What a cookie means for a store. One without a lifetime lasts until the browser is closed, of which no store hears: the
 * session then lives for `otherwise` after each request.
 */
export function lifetimeOf(cookie: ExpressCookie, now: number, otherwise: number): CookieLifetime {
  const end = endOf(cookie, now);
  if (end === undefined) {
    return { timeToLive: otherwise, expiresAt: otherwise === 0 ? Number.POSITIVE_INFINITY : now + otherwise };
  }
  const { originalMaxAge } = cookie;
  // A touch moves the end on by the lifetime of the cookie; where it has none, by what is left of it now. 0 would be for ever.
  const timeToLive = Math.max(1, Math.round(isNumber(originalMaxAge) ? originalMaxAge : end - now));
  return { timeToLive, expiresAt: end };
}

function endOf({ expires, maxAge }: ExpressCookie, now: number): number | undefined {
  const end = expires === null || expires === undefined ? Number.NaN : new Date(expires).getTime();
  if (!Number.isNaN(end)) return end;
  return isNumber(maxAge) ? Math.round(now + maxAge) : undefined;
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && !Number.isNaN(value);
