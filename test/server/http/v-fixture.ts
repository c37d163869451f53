import { createHmac } from 'node:crypto';
import { type VwebServerOptions, vweb, vwebServer } from '../../../src/server/presets.js';
import { visitsFixture } from './visits.js';

export const secret = 'sessions_ctx_test';

/** V's sessions, over requests: `signed` is what travels in the cookie `sid`. */
export function fixture(options: VwebServerOptions = {}, sessions: { readonly timeToLive?: number } = {}) {
  return visitsFixture({
    sessions: { ...vweb, secrets: [secret], ...sessions },
    server: { ...vwebServer(options), clearSiteData: [] },
    cookieName: options.cookie?.name ?? 'sid',
  });
}

/** A signed id that no session ever had. */
export function signedStranger(key = secret): string {
  const id = '0123456789abcdef0123456789abcdef';
  return `${id}.${createHmac('sha256', key).update(id).digest('base64url')}`;
}
