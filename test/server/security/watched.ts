import type { SessionEvent } from '../../../src/server/core/events.js';
import type { HttpAnswer, HttpRequest } from '../../../src/server/http/exchange.js';
import { type FixtureOptions, password, sessionServerFixture, testClock } from '../fixture.js';
import { plainRequest } from '../http/resources/plain.js';

export interface Ask {
  readonly headers?: { readonly [name: string]: string };
  readonly body?: string;
  readonly address?: string | undefined;
  readonly secure?: boolean;
}

/** A session server that tells all it does, and requests from any address, over https unless it is said otherwise. */
export function watched(options: FixtureOptions = {}) {
  const clock = testClock();
  const { now } = clock;
  const events: SessionEvent[] = [];
  const parts = sessionServerFixture({
    ...options,
    sessions: { now, sweepInterval: 0, onEvent: (event) => events.push(event), ...options.sessions },
    tokens: { now, ...options.tokens },
    server: { now, ...options.server },
  });

  const requestOf = (method: string, url: string, ask: Ask = {}): HttpRequest => ({
    ...plainRequest(method, url, { headers: { host: 'app.example', ...ask.headers }, body: ask.body ?? '' }),
    secure: ask.secure ?? true,
    address: 'address' in ask ? ask.address : '192.0.2.1',
  });

  const send = (method: string, url: string, ask?: Ask): Promise<HttpAnswer> =>
    parts.server.handle(requestOf(method, url, ask));

  return {
    ...parts,
    clock,
    events,
    requestOf,
    send,
    get: (headers: { readonly [name: string]: string }, ask: Ask = {}) =>
      send('GET', '/session', { ...ask, headers }),
    /** A sign-in, with the right password unless another is given. */
    signIn(username = 'ada', typed = password, ask: Ask = {}): Promise<HttpAnswer> {
      return send('POST', '/session', {
        ...ask,
        headers: { 'content-type': 'application/json', ...ask.headers },
        body: JSON.stringify({ username, password: typed }),
      });
    },
  };
}

// biome-ignore lint/suspicious/noExplicitAny: a test says what it expects.
export const bodyOf = ({ body }: HttpAnswer): any => (body === undefined ? undefined : JSON.parse(body));

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** The value of the first cookie that an answer sets. */
export function cookieOf({ headers }: Pick<HttpAnswer, 'headers'>): string {
  const [first = ''] = [headers['set-cookie'] ?? []].flat();
  return decodeURIComponent(/^[^=]+=([^;]*)/.exec(first)?.[1] ?? '');
}

/** Statuses, with how often each came. */
export function counted(answers: readonly HttpAnswer[]): { [status: number]: number } {
  const counts: { [status: number]: number } = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
