import { foxxIds, starcounterIds } from './core/plain-ids.js';
import type { SessionsOptions } from './core/sessions-options.js';
import { signedIds } from './core/signed-ids.js';

/** Options of `createSessions` without the store. Later ones win: `{ ...foxx, store, timeToLive: 60_000 }`. */
export type Preset = Omit<SessionsOptions, 'store'>;

/**
 * ArangoDB Foxx's sessions app, 2.3 to 2.5: one week from the creation, over at the very instant, expired records stay,
 * the last writer wins, nothing sweeps. What differs on purpose stands in docs/deviations.md.
 */
export const foxx = Object.freeze({
  timeToLive: 604_800_000,
  ttlType: 'created',
  validAtExpiry: false,
  onExpiredRead: 'keep',
  touchOnGet: true,
  conflicts: 'last-writer-wins',
  sweepInterval: 0,
  ids: foxxIds(),
} satisfies Preset);

/**
 * V's `x.sessions`: thirty days from the first save, still good at the very instant, an expired record is removed when it
 * is read, a read is no access, the last writer wins, nothing sweeps. Ids are signed, so the option `secrets` is needed.
 */
export const vweb = Object.freeze({
  timeToLive: 2_592_000_000,
  ttlType: 'created',
  validAtExpiry: true,
  onExpiredRead: 'purge',
  touchOnGet: false,
  conflicts: 'last-writer-wins',
  sweepInterval: 0,
  ids: signedIds,
} satisfies Preset);

/**
 * Starcounter's sessions: twenty minutes since the last use, looked after once a minute, and five minutes of waiting for
 * one that is in use.
 */
export const starcounter = Object.freeze({
  timeToLive: 1_200_000,
  ttlType: 'lastAccess',
  validAtExpiry: true,
  onExpiredRead: 'purge',
  touchOnGet: true,
  sweepInterval: 60_000,
  waitMs: 300_000,
  ids: starcounterIds(),
} satisfies Preset);
