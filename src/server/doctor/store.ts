import type { Policy } from '../core/sessions-options.js';
import { doubtful, type Finding, wrong } from './finding.js';

/** No scheme of ours makes such an id. */
const nobody = 'no-session:is-the-store-there?';
/** Milliseconds. More, and sessions end early on one machine and late on another. */
const mostSkew = 1000;

/** What is wrong with the store: first what it says of itself, then what it does. */
export async function storeFindings(
  { store, now }: Pick<Policy, 'store' | 'now'>,
  production: boolean,
): Promise<readonly Finding[]> {
  return [...(production ? doubtsAbout(store) : []), ...(await asked(store, now))];
}

function doubtsAbout({ volatile, cannot }: Policy['store']): readonly Finding[] {
  if (volatile === true) {
    const sentence =
      'Sessions rest in the memory of this process: a restart signs everybody out, and no second process sees them; ' +
      'choose another store for production.';
    return [doubtful('memory-store', sentence)];
  }
  if (!cannot.includes('atomic')) return [];
  const sentence =
    'The store is safe for one process only: if there is a second one, the two can lose each other’s writes.';
  return [doubtful('shared-store', sentence)];
}

async function asked(store: Policy['store'], now: () => number): Promise<readonly Finding[]> {
  try {
    await store.get(nobody);
    const before = now();
    const its = await store.clock?.();
    if (its === undefined || isBetween(its, before - mostSkew, now() + mostSkew)) return [];
    const sentence =
      'The clocks of the store and of this machine differ by more than a second: let both follow a time server.';
    return [doubtful('clock-skew', sentence)];
  } catch {
    // Its own words may hold an address with a password in it.
    return [wrong('store-unavailable', 'The session store does not answer: every request will get a 503.')];
  }
}

/** False for what is no number. */
function isBetween(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}
