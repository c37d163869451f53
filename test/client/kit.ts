import type { WebStorage } from '../../src/client/core/token-storage.js';

/** The instant at which the clock of these tests stands still, in milliseconds: 2026-01-01T00:00:00Z. */
export const NOW = Date.UTC(2026, 0, 1);

/** The same in the unit of JWT claims. */
export const SECONDS = NOW / 1000;

/** A clock that a test sets. */
export function testClock(at = NOW) {
  const clock = () => clock.at;
  clock.at = at;
  return clock;
}

function base64url(text: string): string {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** A token with this payload, given as an object or as the text itself. Nothing in a browser checks the signature. */
export function jwt(payload: unknown): string {
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
  return [base64url('{"alg":"HS256","typ":"JWT"}'), base64url(text), base64url('signature')].join('.');
}

/** Claims of a user that hold for an hour from NOW. */
export function claimsOf(sub: string, more: object = {}) {
  return { sub, exp: SECONDS + 3600, ...more };
}

/** Web Storage in memory, which a test can look into and break. */
export class TestStorage implements WebStorage {
  readonly items = new Map<string, string>();
  refusesWrites = false;

  getItem(key: string): string | null {
    return this.items.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    if (this.refusesWrites) throw new DOMException('no room', 'QuotaExceededError');
    this.items.set(key, value);
  }

  removeItem(key: string): void {
    this.items.delete(key);
  }
}

/** The code of the SessionError that a call throws or a promise rejects with; fails the test when there is none. */
export async function codeOf(outcome: Promise<unknown> | (() => unknown)): Promise<string | undefined> {
  try {
    await (typeof outcome === 'function' ? outcome() : outcome);
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return undefined;
}
