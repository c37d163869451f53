import { createSessions } from '../../../src/server/core/sessions.js';
import type { SessionsOptions } from '../../../src/server/core/sessions-options.js';
import { createTokens, type Tokens } from '../../../src/server/core/tokens.js';
import type { LiveOptions } from '../../../src/server/live/live-options.js';
import { createLiveSessions } from '../../../src/server/live/live-sessions.js';
import type { Upgrade } from '../../../src/server/live/sockets/socket-port.js';
import { starcounter, starcounterLive, starcounterServer } from '../../../src/server/presets.js';
import { createSessionServer } from '../../../src/server/session-server.js';
import type { SessionServerOptions } from '../../../src/server/session-server-options.js';
import { handTimers } from '../core/hand-timers.js';
import { testClock, tokensOptions } from '../fixture.js';
import { type Doc, hour } from '../live/live-world.js';
import { TestPort } from '../live/sockets/socket-fixture.js';
import { plainRequest, type Sent } from './resources/plain.js';
import { watchedStore } from './visits.js';

export interface SiteOptions {
  readonly live?: Partial<Omit<LiveOptions<Doc>, 'sessions'>>;
  readonly server?: Partial<SessionServerOptions<Doc>>;
}

export const jsonPatch = 'application/json-patch+json';

function parts(
  { live: liveOptions, server: serverOptions }: SiteOptions,
  preset: Partial<SessionsOptions>,
  serverPreset: (now: () => number) => Partial<SessionServerOptions<Doc>>,
) {
  const clock = testClock();
  const { store, broken } = watchedStore();
  const failures: unknown[] = [];
  const onError = (error: unknown): void => void failures.push(error);
  const ticks = handTimers();
  const common = { now: clock.now, onError };
  const sessions = createSessions<Doc>({
    store,
    timeToLive: hour,
    ttlType: 'lastAccess',
    ...preset,
    ...common,
    sweepInterval: 0,
  });
  const live = createLiveSessions<Doc>({ sessions, timers: ticks.timers, ...common, ...liveOptions });
  const server = createSessionServer<Doc>({
    sessions,
    live,
    authenticate: ({ username }) => ({ id: username }),
    ...serverPreset(clock.now),
    ...serverOptions,
    ...common,
  });

  /** The answer, with its body as it was sent and, where it is JSON, read. */
  async function ask(
    method: string,
    url: string,
    { body, ...sent }: Omit<Sent, 'body'> & { body?: unknown } = {},
  ) {
    const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await server.handle(plainRequest(method, url, { ...sent, body: text }));
    return {
      status: answer.status,
      headers: answer.headers,
      type: answer.headers['content-type'],
      text: answer.body,
      // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects.
      json: (answer.body ? JSON.parse(answer.body) : undefined) as any,
    };
  }

  /** What becomes of a handshake: a status, or what is said to the socket. */
  async function upgrade(url: string, headers: { readonly [name: string]: string } = {}) {
    const outcome: Upgrade | undefined = await server.upgrade(plainRequest('GET', url, { headers }));
    if (outcome === undefined) return 'not ours';
    if ('refused' in outcome) return outcome.refused;
    const port = new TestPort();
    const events = outcome.accept(port);
    return { protocol: outcome.protocol, port, events };
  }

  return { clock, store, broken, sessions, live, server, failures, ticks, ask, upgrade };
}

/** A server whose users come with a bearer token, or with a cookie. */
export function site(options: SiteOptions = {}) {
  const signers: Tokens[] = [];
  const all = parts(options, {}, (now) => {
    const tokens = createTokens(tokensOptions(now));
    signers.push(tokens);
    return { tokens };
  });
  return {
    ...all,
    /** A session, and the headers of whoever holds it. */
    async begin(data: Doc = {}, uid = 'ann') {
      const session = await all.sessions.create(data, { id: uid });
      const token = (await signers[0]?.issue(session)) ?? '';
      return {
        id: session.id,
        url: `/__default/${session.id}`,
        token,
        bearer: { authorization: `Bearer ${token}` },
        cookie: { cookie: `__Host-session=${session.wire}` },
        wire: session.wire ?? '',
      };
    },
  };
}

/** A server as Starcounter had them: the address is the proof. */
export function starcounterSite(options: SiteOptions = {}, flags = 2) {
  const all = parts(
    { ...options, live: { ...starcounterLive({ options: flags }), ...options.live } },
    starcounter,
    () => starcounterServer(),
  );
  return {
    ...all,
    async begin(data: Doc = {}) {
      const { id } = await all.sessions.create(data);
      return { id, url: `/__default/${id}` };
    },
  };
}
