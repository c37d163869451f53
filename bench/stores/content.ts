import express from 'express-session';
import type { SessionRecord } from '../../src/server/core/store.js';

/**
 * What each session keeps: 318 bytes of JSON. Ours keeps as much beside its own fields; the session objects of express-session
 * have a cookie inside, and so much less of their own. That is to their advantage.
 */
const BYTES = 318;
const WEEK = 7 * 24 * 60 * 60 * 1000;

/** A new string on every call, in one piece, as it comes out of a request: its hash is not known yet. */
const flat = (text: string) => Buffer.from(text, 'latin1').toString('latin1');

/** The name of a session: as many characters as a digest in base64url, in no order. */
export function idOf(number: number): string {
  // An odd factor visits every number once, far from its neighbours.
  const mixed = Math.imul(number + 1, 0x9e3779b1) >>> 0;
  return flat(
    `${mixed.toString(36).padStart(8, '0')}-${number.toString(36).padStart(8, '0')}-${'x'.repeat(25)}`,
  );
}

/** Whose it is: everybody has one session. */
export const uidOf = (number: number) => flat(`user-${number.toString().padStart(9, '0')}`);

/** What applications keep: many small things. The token at the end is as long as it takes to have 318 bytes. */
function session(number: number, more: object): string {
  const text = (csrf: string) =>
    JSON.stringify({
      ...more,
      user: { id: number, name: `Ada Lovelace ${number % 1000}`, roles: ['reader', 'editor'] },
      preferences: { theme: 'dark', language: 'en-GB', pageSize: 50 },
      csrf,
    });
  return text('c'.repeat(BYTES - text('').length));
}

/** Fresh objects and fresh strings on every call, as they come out of a request. */
export function ourContent(number: number) {
  const cart = [number % 97, number % 89, number % 83];
  return JSON.parse(
    session(number, { cart, seen: { at: 1_767_323_045_000, page: '/orders', count: number % 7 } }),
  );
}

/** What express-session really hands to a store: its own class, which JSON.stringify has to ask. */
const Cookie = express.Cookie as unknown as new (options: { readonly maxAge: number }) => express.Cookie;

/** The same as express-session has it. */
export function theirContent(number: number, maxAge = WEEK) {
  const cookie = new Cookie({ maxAge });
  return { ...JSON.parse(session(number, { cookie })), cookie };
}

/** A session of ours that slides for a week, or has expired some time in the last hour. */
export function ourRecord(number: number, now: number, expired = false): SessionRecord {
  const clocks = { created: now, lastAccess: now, lastUpdate: now };
  return {
    id: idOf(number),
    version: 1,
    uid: uidOf(number),
    userData: {},
    data: ourContent(number),
    labels: {},
    ...clocks,
    timeToLive: WEEK,
    ttlType: 'lastAccess',
    notAfter: Number.POSITIVE_INFINITY,
    // Live ones end all through a week, as those of many users do.
    expiresAt: expired
      ? now - (number % 3_600_000)
      : now + 3_600_000 + ((Math.imul(number, 7919) >>> 0) % WEEK),
  };
}
