import { SessionError } from '../../../../src/protocol/errors.js';
import type { HttpAnswer, HttpHeaders, HttpRequest } from '../../../../src/server/http/exchange.js';
import { type FixtureOptions, password, sessionServerFixture, testClock } from '../../fixture.js';

export interface Sent {
  readonly headers?: { readonly [name: string]: string };
  /** A function is called when the body is read. */
  readonly body?: string | (() => Promise<string>);
}

/** A request as an adapter makes it, with nothing below. */
export function plainRequest(
  method: string,
  url: string,
  { headers = {}, body = '' }: Sent = {},
): HttpRequest {
  return {
    method,
    url,
    secure: false,
    address: '127.0.0.1',
    connection: undefined,
    header: (name) => headers[name],
    body: async (limit) => {
      const bytes = Buffer.from(typeof body === 'string' ? body : await body());
      if (bytes.length > limit) throw new SessionError('request/size', { status: 413 });
      return bytes;
    },
  };
}

export interface Answered {
  readonly status: number;
  readonly headers: HttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects.
  readonly json: any;
}

export function answered({ status, headers, body }: HttpAnswer): Answered {
  return { status, headers, json: body === undefined ? undefined : JSON.parse(body) };
}

/** A session server and its users, who come with a bearer token. Every user has the same password. */
export function resourceFixture(options: FixtureOptions = {}) {
  const clock = testClock();
  const { now } = clock;
  const parts = sessionServerFixture({
    ...options,
    sessions: { now, ...options.sessions },
    tokens: { now, ...options.tokens },
    server: {
      now,
      authenticate: ({ username }) => ({ id: username, data: { colour: 'red' } }),
      ...options.server,
    },
  });
  const send = async (method: string, url: string, sent?: Sent) =>
    answered(await parts.server.handle(plainRequest(method, url, sent)));

  return {
    ...parts,
    clock,
    send,
    /** What a browser of this user sends from now on. */
    async signIn(username = 'ada', agent?: string) {
      const { json } = await send('POST', '/session', {
        headers: {
          'content-type': 'application/json',
          ...(agent === undefined ? {} : { 'user-agent': agent }),
        },
        body: JSON.stringify({ username, password }),
      });
      const authorization = `Bearer ${json.token}`;
      return {
        id: json.session.id as string,
        send: (method: string, url: string, { headers, body = '' }: Sent = {}) =>
          send(method, url, { headers: { authorization, ...headers }, body }),
      };
    },
  };
}
