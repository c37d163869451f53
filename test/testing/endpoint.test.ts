import { createServer } from 'node:http';
import QUnit from 'qunit';
import { nodeHandler } from '../../src/server/adapters/node.js';
import type { Watch } from '../../src/server/http/current-session.js';
import type { HttpAnswer, HttpHeaders, HttpRequest } from '../../src/server/http/exchange.js';
import { memoryStore } from '../../src/server/stores/memory.js';
import {
  AssertionError,
  controlledStore,
  type EndpointCase,
  endpointConformance,
  hostConformance,
} from '../../src/testing/endpoint.js';
import { hostServer, type Server } from '../server/adapters/host-app.js';
import { hosts, listen } from '../server/adapters/hosts.js';
import { password, sessionServerFixture } from '../server/fixture.js';

const origin = 'https://app.example';
const week = 604_800_000;

type Mode = 'token' | 'cookie';
type Handle = (request: HttpRequest) => Promise<HttpAnswer>;
/** Spoils what a good backend answers. */
type Fault = (good: Handle) => Handle;

/** Runs the cases that may see the fault, and gives the names of those that do. */
async function seenBy(cases: readonly EndpointCase[], pattern: RegExp): Promise<string[]> {
  const seen: string[] = [];
  for (const { name, run } of cases.filter((each) => pattern.test(each.name))) {
    await run().catch((error: unknown) => {
      if (!(error instanceof AssertionError)) throw error;
      seen.push(name);
    });
  }
  return seen;
}

function faulty(mode: Mode, fault: Fault): readonly EndpointCase[] {
  return endpointConformance({
    credentials: { username: 'ada', password },
    mode,
    origin,
    bodyLimit: 16_384,
    canBreakStore: true,
    async backend() {
      const control = controlledStore(memoryStore());
      const { server, sessions } = sessionServerFixture({
        store: control.store,
        server: { origins: [origin], signInBy: mode === 'token' ? 'token' : 'carriers', attempts: false },
      });
      const handler = nodeHandler({ ...server, handle: fault(server.handle) });
      const running = await listen(createServer(handler));
      return {
        url: `${running.url}/session`,
        breakStore: control.breakDown,
        stop: () => running.stop().then(() => sessions.close()),
      };
    },
  });
}

/** The answers that a fault is about, spoilt. */
const answers =
  (
    is: (answer: HttpAnswer, request: HttpRequest) => boolean,
    spoil: (answer: HttpAnswer) => HttpAnswer,
  ): Fault =>
  (good) =>
  async (request) => {
    const answer = await good(request);
    return is(answer, request) ? spoil(answer) : answer;
  };

const all = () => true;
const status = (wanted: number) => (answer: HttpAnswer) => answer.status === wanted;
const to =
  (wanted: string) =>
  (_: HttpAnswer, { method }: HttpRequest) =>
    method === wanted;

const headers =
  (change: (headers: HttpHeaders) => HttpHeaders) =>
  (answer: HttpAnswer): HttpAnswer => ({ ...answer, headers: change(answer.headers) });
const without = (name: string) => headers(({ [name]: _, ...others }) => others);
const withHeader = (name: string, value: string) => headers((given) => ({ ...given, [name]: value }));
const cookie = (from: RegExp, into: string) =>
  headers((given) => {
    const set = given['set-cookie'];
    return set === undefined
      ? given
      : { ...given, 'set-cookie': [set].flat().map((line) => line.replace(from, into)) };
  });
const body = (from: RegExp | string, into: string) => (answer: HttpAnswer) => ({
  ...answer,
  body: answer.body?.replace(from, into),
});

/** The request without a header, or with another one. */
const asking =
  (name: string, value?: string): Fault =>
  (good) =>
  (request) =>
    good({
      method: request.method,
      url: request.url,
      secure: request.secure,
      address: request.address,
      connection: request.connection,
      header: (asked) => (asked === name ? value : request.header(asked)),
      body: (limit) => request.body(limit),
    });

/** Faults that real backends have, each with a case that has to see it. */
const faults: readonly (readonly [fault: string, modes: readonly Mode[], seenBy: RegExp, make: Fault])[] = [
  [
    'answers a sign-in with 200',
    ['token', 'cookie'],
    /answers a sign-in with 201/,
    answers(status(201), (answer) => ({ ...answer, status: 200 })),
  ],
  [
    'names no user',
    ['token', 'cookie'],
    /answers a sign-in with 201/,
    answers(status(201), body(/"uid":"ada"/, '"uid":null')),
  ],
  [
    'counts in seconds',
    ['token', 'cookie'],
    /answers a sign-in with 201/,
    answers(status(201), body(/("created":\d+)\d{3}/, '$1')),
  ],
  [
    'keeps the token to itself',
    ['token'],
    /names session and user/,
    answers(status(201), body(/"token"/, '"jwt"')),
  ],
  [
    'puts a token beside the cookie',
    ['cookie'],
    /nowhere else/,
    answers(status(201), body(/^\{/, '{"token":"x",')),
  ],
  [
    'puts the cookie’s value into the body',
    ['cookie'],
    /nowhere else/,
    answers(status(201), (answer) => ({
      ...answer,
      body: answer.body?.replace(
        /^\{/,
        `{"sid":"${/=([^;]+)/.exec(String(answer.headers['set-cookie']))?.[1]}",`,
      ),
    })),
  ],
  ['forgets HttpOnly', ['cookie'], /S29, S30/, answers(all, cookie(/; HttpOnly/, ''))],
  ['forgets SameSite', ['cookie'], /S29, S30/, answers(all, cookie(/; SameSite=\w+/, ''))],
  ['forgets Secure', ['cookie'], /S29, S30/, answers(all, cookie(/; Secure/, ''))],
  ['sets a Domain', ['cookie'], /S29, S30/, answers(all, cookie(/$/, '; Domain=127.0.0.1'))],
  [
    'keeps cookies for two years',
    ['cookie'],
    /S32/,
    answers(status(201), cookie(/Max-Age=\d+/, 'Max-Age=63072000')),
  ],
  [
    'sets the cookie twice',
    ['cookie'],
    /S33/,
    answers(
      status(201),
      headers((given) => ({
        ...given,
        'set-cookie': [given['set-cookie'] ?? ''].flat().flatMap((line) => [line, line]),
      })),
    ),
  ],
  [
    'does not look at what the client held',
    ['cookie'],
    /S11 ends/,
    (good) => (request) => (request.method === 'POST' ? asking('cookie')(good)(request) : good(request)),
  ],
  [
    'does not look at the token the client held',
    ['token'],
    /S11 ends/,
    (good) => (request) =>
      request.method === 'POST' ? asking('authorization')(good)(request) : good(request),
  ],
  [
    'tells whether a user exists',
    ['token', 'cookie'],
    /S66 answers a wrong password/,
    (good) => async (request) => {
      const bytes = await request.body(99_999).catch(() => new Uint8Array());
      const answer = await good({ ...plain(request), body: async () => bytes });
      return answer.status === 401 && Buffer.from(bytes).includes('nobody')
        ? body('wrong', 'unknown')(answer)
        : answer;
    },
  ],
  ['forgets the challenge', ['token', 'cookie'], /S66/, answers(status(401), without('www-authenticate'))],
  [
    'reads JSON of any type',
    ['token', 'cookie'],
    /S44 refuses credentials in a text/,
    (good) => (request) =>
      request.method === 'POST' ? asking('content-type', 'application/json')(good)(request) : good(request),
  ],
  [
    'answers 500 to broken JSON',
    ['token', 'cookie'],
    /is no JSON object/,
    answers(status(400), (answer) => ({ ...answer, status: 500 })),
  ],
  [
    'writes errors as plain JSON',
    ['token', 'cookie'],
    /is no text/,
    answers(status(400), withHeader('content-type', 'application/json')),
  ],
  [
    'gives errors no code',
    ['token', 'cookie'],
    /password is missing/,
    answers(status(400), body(/"code"/, '"reason"')),
  ],
  [
    'reads bodies of any size',
    ['token', 'cookie'],
    /limit and not a byte more/,
    (good) => (request) => good({ ...plain(request), body: () => request.body(1e7) }),
  ],
  [
    'says who somebody else is',
    ['token', 'cookie'],
    /says who is signed in/,
    answers(to('GET'), body(/"uid":"ada"/, '"uid":"bob"')),
  ],
  [
    'hands out a token to whoever asks',
    ['cookie'],
    /says who is signed in/,
    answers(to('GET'), body(/^\{/, '{"token":"x",')),
  ],
  [
    'does not know HEAD',
    ['token', 'cookie'],
    /HEAD/,
    answers(to('HEAD'), (answer) => ({ ...answer, status: 405 })),
  ],
  [
    'looks at the query',
    ['token'],
    /S65/,
    (good) => (request) => {
      const token = /access_token=(.*)/.exec(request.url)?.[1];
      return token === undefined ? good(request) : asking('authorization', `Bearer ${token}`)(good)(request);
    },
  ],
  [
    'looks at X-Session-Id',
    ['cookie'],
    /S34 takes/,
    (good) => (request) => {
      const wire = request.header('x-session-id');
      return wire === undefined ? good(request) : asking('cookie', `__Host-session=${wire}`)(good)(request);
    },
  ],
  [
    'believes the first cookie',
    ['cookie'],
    /S39/,
    (good) => (request) => asking('cookie', request.header('cookie')?.split(';')[0])(good)(request),
  ],
  [
    'signs out the browser only',
    ['token', 'cookie'],
    /S19 ends/,
    (good) => async (request) =>
      request.method === 'DELETE' ? { status: 204, headers: {}, body: undefined } : good(request),
  ],
  [
    'answers a sign-out with a body',
    ['token', 'cookie'],
    /S19 ends/,
    answers(to('DELETE'), (answer) => ({ ...answer, status: 200, body: '{}' })),
  ],
  [
    'clears the cookie at another path',
    ['cookie'],
    /S19 clears/,
    answers(to('DELETE'), cookie(/Path=\//, 'Path=/x')),
  ],
  ['does not clear the cookie', ['cookie'], /S19 clears/, answers(to('DELETE'), without('set-cookie'))],
  [
    'answers 401 to a second sign-out',
    ['token', 'cookie'],
    /second sign-out/,
    (good) => {
      let count = 0;
      return async (request) => {
        const answer = await good(request);
        if (request.method === 'DELETE') count += 1;
        return request.method === 'DELETE' && count > 1 ? { ...answer, status: 401 } : answer;
      };
    },
  ],
  [
    'signs out by GET',
    ['token', 'cookie'],
    /S48/,
    (good) => (request) =>
      request.url.includes('_method=DELETE')
        ? good({
            ...plain(request),
            method: 'DELETE',
            header: (name) => (name === 'sec-fetch-site' ? 'same-origin' : request.header(name)),
          })
        : good(request),
  ],
  ['does not say what is allowed', ['token', 'cookie'], /405/, answers(status(405), without('allow'))],
  [
    'answers OPTIONS with nothing',
    ['token', 'cookie'],
    /tells by OPTIONS/,
    answers(to('OPTIONS'), without('allow')),
  ],
  ['does not know Fetch Metadata', ['token', 'cookie'], /S42/, asking('sec-fetch-site')],
  [
    'does not look at Origin',
    ['token'],
    /S43 refuses pages of other origins by their Origin/,
    asking('origin'),
  ],
  ['does not look at Referer', ['token'], /by their Referer/, asking('referer')],
  [
    'trusts whoever says nothing',
    ['cookie'],
    /nobody says the origin/,
    (good) => (request) =>
      good({
        ...plain(request),
        header: (name) =>
          name === 'sec-fetch-site' ? (request.header(name) ?? 'same-origin') : request.header(name),
      }),
  ],
  [
    'echoes any origin',
    ['token', 'cookie'],
    /lets no page elsewhere/,
    (good) => async (request) => {
      const asked = request.header('origin');
      const answer = await good(request);
      return asked === undefined ? answer : withHeader('access-control-allow-origin', asked)(answer);
    },
  ],
  [
    'grants to everybody',
    ['token', 'cookie'],
    /S47/,
    answers(all, withHeader('access-control-allow-origin', '*')),
  ],
  [
    'lets no listed page read a 401',
    ['token', 'cookie'],
    /listed origin read/,
    answers(status(401), without('access-control-allow-origin')),
  ],
  [
    'answers no preflight',
    ['token', 'cookie'],
    /preflight/,
    answers(to('OPTIONS'), without('access-control-allow-methods')),
  ],
  [
    'may be cached',
    ['token', 'cookie'],
    /S35, S36/,
    answers(status(401), withHeader('cache-control', 'private')),
  ],
  ['does not vary', ['token', 'cookie'], /S35, S36/, answers(status(200), withHeader('vary', 'Origin'))],
  [
    'says what it is made of',
    ['token', 'cookie'],
    /S40/,
    answers(all, withHeader('x-powered-by', 'Something')),
  ],
  [
    'shows the stack',
    ['token', 'cookie'],
    /S70, S72/,
    answers(status(400), body(/"title":"/, '"title":"at parse (file.js:1:2) ')),
  ],
  [
    'repeats what it could not read',
    ['token', 'cookie'],
    /S70, S72/,
    (good) => async (request) => {
      const bytes = await request.body(99_999).catch(() => new Uint8Array());
      const answer = await good({ ...plain(request), body: async () => bytes });
      return answer.status === 400 ? body(/"title":"/, `"title":"${password} `)(answer) : answer;
    },
  ],
  [
    'calls a broken store a sign-out',
    ['token', 'cookie'],
    /S76/,
    answers(status(503), (answer) => ({ ...answer, status: 401 })),
  ],
  [
    'takes no token as somebody’s',
    ['token'],
    /S6 answers 401/,
    answers(
      (answer, { method }) => method === 'GET' && answer.status === 401,
      (answer) => ({ ...answer, status: 200 }),
    ),
  ],
  [
    'mixes up who asks',
    ['token', 'cookie'],
    /keeps the requests on one connection apart/,
    (good) => {
      let last: HttpAnswer | undefined;
      return async (request) => {
        const answer = await good(request);
        if (request.method === 'GET' && answer.status === 401 && last !== undefined) return last;
        if (request.method === 'GET') last = answer;
        return answer;
      };
    },
  ],
];

function plain(request: HttpRequest): HttpRequest {
  const { method, url, secure, address, connection } = request;
  return {
    method,
    url,
    secure,
    address,
    connection,
    header: (name) => request.header(name),
    body: (limit) => request.body(limit),
  };
}

/** How sessions may be put into a host badly. */
const hostFaults: readonly (readonly [
  fault: string,
  seenBy: RegExp,
  make: (good: Server) => Partial<Server>,
])[] = [
  [
    'waits for nothing, and tells nothing',
    /V-45 keeps an answer back/,
    (good) => ({ open: (request) => good.open(request) }),
  ],
  [
    'does not wait',
    /V-45 keeps a redirect back/,
    watching((watch) => ({
      ...watch,
      changed: (answer) => watch.changed({ ...answer, pending: () => undefined }),
    })),
  ],
  [
    'answers although the store failed',
    /S76 answers 503 in place of an answer in parts/,
    watching((watch) => ({
      ...watch,
      changed(answer) {
        let waited = false;
        const pending = () => {
          if (waited) return undefined;
          waited = true;
          return answer.pending()?.catch(() => {});
        };
        watch.changed({ headers: () => answer.headers(), pending });
      },
    })),
  ],
  [
    'sets the cookie twice',
    /one cookie/,
    watching((watch) => ({
      ...watch,
      changed: (answer) =>
        watch.changed({ pending: () => answer.pending(), headers: () => twice(answer.headers()) }),
    })),
  ],
  [
    'always sets a cookie',
    /S38/,
    watching((watch) => ({
      looked: () => {
        watch.looked();
        watch.changed({ pending: () => undefined, headers: () => ({ 'set-cookie': ['__Host-session=x'] }) });
      },
      changed: watch.changed,
    })),
  ],
  [
    'may be cached',
    /an answer back until/,
    watching((watch) => ({
      ...watch,
      changed: (answer) =>
        watch.changed({
          pending: () => answer.pending(),
          headers: () => leave(answer.headers(), 'cache-control'),
        }),
    })),
  ],
  ['does not vary', /S36 says/, (good) => ({ varies: 'Origin', open: good.open })],
  [
    'has one session for all',
    /V-54/,
    (good) => {
      let one: ReturnType<Server['open']> | undefined;
      return {
        open(request, watch) {
          if (request.header('cookie') === undefined) return good.open(request, watch);
          one ??= good.open(request, watch);
          return one;
        },
      };
    },
  ],
  [
    'answers a broken store as if nobody were signed in',
    /S76 answers 503 while/,
    (good) => ({
      open: (request, watch) =>
        good
          .open(request, watch)
          .catch(() => good.open({ ...plain(request), header: () => undefined }, watch)),
    }),
  ],
  [
    'lets pages elsewhere in',
    /S42 refuses a change/,
    (good) => ({
      open: (request, watch) =>
        good.open(
          {
            ...plain(request),
            header: (name) => (name === 'sec-fetch-site' ? 'same-origin' : request.header(name)),
          },
          watch,
        ),
    }),
  ],
  ['does not know its own address', /address of the session itself/, () => ({ owns: () => false })],
  [
    'loses the current session',
    /SC-12/,
    (good) => ({ run: (_, handler) => handler(), current: good.current }),
  ],
  [
    'answers 500 to whoever is not signed in',
    /V-44 answers 401/,
    (good) => ({ refuse: (error, request) => ({ ...good.refuse(error, request), status: 500 }) }),
  ],
];

function watching(change: (watch: Watch) => Watch): (good: Server) => Partial<Server> {
  return (good) => ({ open: (request, watch) => good.open(request, watch && change(watch)) });
}

const twice = (told: HttpHeaders): HttpHeaders => ({
  ...told,
  'set-cookie': [told['set-cookie'] ?? []].flat(2).flatMap((line) => [line, line]),
});
const leave = ({ ...told }: { [name: string]: string | readonly string[] }, name: string): HttpHeaders => {
  delete told[name];
  return told;
};

function faultyHost(make: (good: Server) => Partial<Server>): readonly EndpointCase[] {
  const [, start] = hosts[0] ?? [];
  if (start === undefined) throw new Error('There is no host.');
  return hostConformance({
    makeStore: memoryStore,
    async start(store) {
      const { server, close } = hostServer(store);
      const running = await start({ ...server, ...make(server) });
      return { url: running.url, stop: () => running.stop().then(close) };
    },
  });
}

QUnit.module('testing/endpoint', () => {
  for (const [fault, modes, pattern, make] of faults) {
    for (const mode of modes) {
      QUnit.test(`sees a backend that ${fault} (${mode})`, async (assert) => {
        const seen = await seenBy(faulty(mode, make), pattern);
        assert.true(seen.length > 0, String(pattern));
      });
    }
  }

  for (const [fault, pattern, make] of hostFaults) {
    QUnit.test(`sees a host that ${fault}`, async (assert) => {
      const seen = await seenBy(faultyHost(make), pattern);
      assert.true(seen.length > 0, String(pattern));
    });
  }

  QUnit.test('gives every case a name of its own', (assert) => {
    for (const cases of [
      faulty('token', (good) => good),
      faulty('cookie', (good) => good),
      faultyHost(() => ({})),
    ]) {
      const names = cases.map(({ name }) => name);
      assert.deepEqual([...new Set(names)], names);
    }
  });

  QUnit.test('leaves out what it was not told enough for', (assert) => {
    const credentials = { username: 'ada', password };
    const names = endpointConformance({ backend: 'http://127.0.0.1:1/session', credentials }).map(
      ({ name }) => name,
    );
    assert.false(
      names.some((name) => /listed origin|byte more|S76/.test(name)),
      names.join('\n'),
    );
  });

  QUnit.test('judges a backend that runs already', async (assert) => {
    const { server, sessions } = sessionServerFixture({ sessions: { timeToLive: week } });
    const running = await listen(createServer(nodeHandler(server)));
    const credentials = { username: 'ada', password };
    const cases = endpointConformance({ backend: `${running.url}/session`, credentials });
    assert.deepEqual(await seenBy(cases, /./), []);
    await running.stop();
    await sessions.close();
  });
});
