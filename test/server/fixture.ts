import { SessionError } from '../../src/protocol/errors.js';
import { createSessions } from '../../src/server/core/sessions.js';
import type { SessionsOptions } from '../../src/server/core/sessions-options.js';
import type { SessionStore } from '../../src/server/core/store.js';
import { createTokens, type TokensOptions } from '../../src/server/core/tokens.js';
import { createSessionServer } from '../../src/server/session-server.js';
import type { SessionServerOptions } from '../../src/server/session-server-options.js';
import { memoryStore } from '../../src/server/stores/memory.js';

export const password = 'correct horse battery staple';
export const secret = 'a secret of the tests, 32 bytes or more';
/** 2026-01-02T03:04:05.000Z: a whole second, so that the edges of `exp` are easy to see. */
export const start = 1_767_323_045_000;

/** A clock that only the test moves. */
export function testClock(time = start) {
  const clock = { time, now: () => clock.time };
  return clock;
}

export const tokensOptions = (now: () => number): TokensOptions => ({
  keys: [{ alg: 'HS256', secret }],
  issuer: 'https://issuer.example',
  audience: 'https://app.example',
  now,
});

export interface FixtureOptions {
  readonly store?: SessionStore;
  readonly sessions?: Partial<SessionsOptions>;
  readonly tokens?: Partial<TokensOptions>;
  readonly server?: Partial<Omit<SessionServerOptions<{ [key: string]: string }>, 'sessions'>>;
}

/** A session server with one user, ada, on a clock of its own; `failures` collects what it reports. */
export function sessionServerFixture(options: FixtureOptions = {}) {
  const clock = testClock();
  const store = options.store ?? memoryStore();
  const sessions = createSessions<{ [key: string]: string }>({ store, now: clock.now, ...options.sessions });
  const tokens = createTokens({ ...tokensOptions(clock.now), ...options.tokens });
  const failures: unknown[] = [];
  const server = createSessionServer({
    sessions,
    tokens,
    authenticate: (credentials) =>
      credentials.username === 'ada' && credentials.password === password
        ? { id: 'ada', userData: { name: 'Ada Lovelace' } }
        : null,
    onError: (error) => failures.push(error),
    ...options.server,
  });
  return { clock, store, sessions, tokens, server, failures };
}

/** The code of the `SessionError` that this throws or rejects with. */
export async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    return error instanceof SessionError ? error.code : `not a SessionError: ${error}`;
  }
  return 'no error';
}
