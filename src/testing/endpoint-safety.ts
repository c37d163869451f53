import { equal, ok } from './assert.js';
import { oneConnection, pipeline, sendAndLeave } from './endpoint-http.js';
import {
  type Answer,
  type EndpointDraft,
  foreign,
  isProblem,
  json,
  type Kit,
  sameOrigin,
} from './endpoint-kit.js';
import { listOf } from './endpoint-life.js';
import { sessionOf } from './endpoint-sign-in.js';

const preflight = (origin: string) => ({
  origin,
  'access-control-request-method': 'DELETE',
  'access-control-request-headers': 'content-type',
});

/** A sign-in and a sign-out that say where they come from are refused, and change nothing. */
function refuses(name: string, source: { readonly [name: string]: string }): EndpointDraft {
  return {
    name,
    async act(kit) {
      const credential = await kit.signIn();
      const signIn = await kit.send({ method: 'POST', headers: { ...json, ...source }, body: kit.body });
      isProblem(signIn, 403, 'request/origin', 'sign-in');
      equal(signIn.cookies, [], 'no cookie');
      const headers = { ...credential.headers, ...source };
      isProblem(await kit.send({ method: 'DELETE', headers }), 403, 'request/origin', 'sign-out');
      await kit.lives(credential, 'the session goes on');
    },
  };
}

/** What strangers, other pages and bad luck can do. */
export const safetyCases: readonly EndpointDraft[] = [
  refuses('S42, S46 refuses pages of other sites by Fetch Metadata', { 'sec-fetch-site': 'cross-site' }),
  refuses('S42 refuses pages of other hosts of the site', { 'sec-fetch-site': 'same-site' }),
  refuses('S43 refuses pages of other origins by their Origin', { origin: foreign }),
  refuses('S43 refuses pages without an origin', { origin: 'null' }),
  refuses('S43 refuses pages of other origins by their Referer', { referer: `${foreign}/page` }),
  {
    name: 'S43 refuses changes by a cookie that nobody says the origin of',
    mode: 'cookie',
    async act(kit) {
      const { headers } = await kit.signIn();
      isProblem(await kit.send({ method: 'DELETE', headers }), 403, 'request/origin');
      await kit.lives({ headers }, 'the session goes on');
    },
  },
  {
    name: 'serves the pages of its own origin',
    async act(kit) {
      const { origin } = new URL(kit.url);
      equal(
        (await kit.send({ method: 'POST', headers: { ...json, origin }, body: kit.body })).status,
        201,
        'by Origin',
      );
      equal((await kit.post(kit.body)).status, 201, 'by Fetch Metadata');
    },
  },
  {
    name: 'S47 lets no page elsewhere read an answer',
    async act(kit) {
      const { headers } = await kit.signIn();
      for (const origin of [foreign, 'null', `${new URL(kit.url).origin}.elsewhere.example`]) {
        const read = await kit.send({ headers: { ...headers, origin } });
        const asked = await kit.send({ method: 'OPTIONS', headers: preflight(origin) });
        for (const answer of [read, asked]) {
          equal(answer.header('access-control-allow-origin'), undefined, `granted to ${origin}`);
        }
      }
    },
  },
  {
    name: 'S47 lets the pages of a listed origin read every answer',
    needs: 'origin',
    async act(kit) {
      const { origin = '', mode } = kit.facts;
      const { headers } = await kit.signIn();
      const answers = [
        await kit.send({ headers: { ...headers, origin } }),
        await kit.send({ headers: { origin } }),
        await kit.send({ method: 'POST', headers: { ...json, origin }, body: kit.body }),
      ];
      equal(
        answers.map(({ status }) => status),
        [200, 401, 201],
        'statuses',
      );
      for (const answer of answers) {
        equal(answer.header('access-control-allow-origin'), origin, 'the origin');
        ok(listOf(answer.header('vary')).includes('Origin'), 'Vary: Origin');
        if (mode === 'cookie')
          equal(answer.header('access-control-allow-credentials'), 'true', 'with cookies');
      }
    },
  },
  {
    name: 'S47 answers the preflight of a listed origin',
    needs: 'origin',
    async act(kit) {
      const { origin = '' } = kit.facts;
      const answer = await kit.send({ method: 'OPTIONS', headers: preflight(origin) });
      ok(answer.status === 204 || answer.status === 200, 'status');
      equal(answer.header('access-control-allow-origin'), origin, 'the origin');
      for (const method of ['GET', 'POST', 'DELETE']) {
        ok(listOf(answer.header('access-control-allow-methods')).includes(method), method);
      }
      const granted = listOf(answer.header('access-control-allow-headers')).map((name) => name.toLowerCase());
      for (const name of ['content-type', 'authorization']) ok(granted.includes(name), name);
    },
  },
  {
    name: 'S35, S36, S40 protects every answer',
    async act(kit) {
      await everyAnswer(kit);
      const carrier = kit.facts.mode === 'token' ? 'authorization' : 'cookie';
      for (const answer of kit.answers) {
        const what = `${answer.status}`;
        ok(listOf(answer.header('cache-control')).includes('no-store'), `${what}: no-store`);
        equal(answer.header('x-content-type-options'), 'nosniff', `${what}: nosniff`);
        const varies = listOf(answer.header('vary')).map((name) => name.toLowerCase());
        ok(varies.includes('*') || varies.includes(carrier), `${what}: Vary: ${carrier}`);
        equal(answer.header('x-powered-by'), undefined, `${what}: does not say what it is made of`);
      }
    },
  },
  {
    name: 'S70, S72 shows password and secret to nobody but who signs in',
    async act(kit) {
      const { secret, answer } = await everyAnswer(kit);
      const { password } = kit.facts.credentials;
      ok(!answer.text.includes(password), 'nor the password to them');
      for (const { text, fields, status } of kit.answers) {
        const all = text + JSON.stringify(fields);
        ok(!all.includes(password), `${status}: the password`);
        for (const part of secret.split('.')) ok(!all.includes(part), `${status}: the secret`);
        ok(!/node_modules|\bat .+:\d+:\d+/.test(text), `${status}: a stack`);
      }
    },
  },
  {
    name: 'S76 answers 503 while its store is away, and never that nobody is signed in',
    needs: 'breakStore',
    async act(kit) {
      const credential = await kit.signIn();
      kit.breakStore(true);
      isProblem(await kit.whoAmI(credential), 503, 'store/unavailable', 'who am I');
      isProblem(await kit.signOut(credential), 503, 'store/unavailable', 'sign-out');
      const signIn = await kit.post(kit.body);
      isProblem(signIn, 503, 'store/unavailable', 'sign-in');
      equal(signIn.cookies, [], 'no cookie');
      kit.breakStore(false);
      await kit.lives(credential, 'the session is still there');
    },
  },
  {
    name: 'keeps the requests on one connection apart',
    async act(kit) {
      const [one, two] = [await kit.signIn(), await kit.signIn()];
      const id = ({ answer }: { readonly answer: Answer }) => sessionOf(answer.json).id;
      const agent = oneConnection();
      try {
        for (const { headers, expected } of [
          { headers: one.headers, expected: id(one) },
          { headers: {}, expected: undefined },
          { headers: two.headers, expected: id(two) },
        ]) {
          const { json: body } = await kit.send({ headers, agent });
          equal((body as { session?: { id?: unknown } }).session?.id, expected, 'one after the other');
        }
      } finally {
        agent.destroy();
      }
      if (!kit.url.startsWith('http:')) return;
      const asked = [one, { headers: {} }, two].map(({ headers }) => ({ path: kit.path, headers }));
      const bodies = await pipeline(kit.url, asked);
      const ids = bodies.map((body) => (body as { session?: { id?: unknown } } | null)?.session?.id);
      equal(ids, [id(one), undefined, id(two)], 'all at once');
    },
  },
  {
    name: 'survives a client that goes away in the middle of its sign-in',
    async act(kit) {
      const headers = { ...json, ...sameOrigin, 'content-length': '999' };
      await sendAndLeave(kit.url, { path: kit.path, method: 'POST', headers, body: ['{"username":'] }).gone();
      equal((await kit.post(kit.body)).status, 201, 'the next one is served');
    },
  },
];

/** One of each kind, but the answer of a good sign-in only in the result. */
async function everyAnswer(kit: Kit) {
  const credential = await kit.signIn();
  const { headers, secret } = credential;
  await kit.whoAmI(credential);
  await kit.send({});
  await kit.whoAmI({ headers: kit.proof(`${secret}x`) });
  await kit.post(kit.wrongBody);
  await kit.post(`${kit.body}}`);
  await kit.post(kit.body, { 'content-type': 'text/plain' });
  await kit.send({ method: 'PUT', headers: { ...headers, ...sameOrigin } });
  await kit.send({ method: 'OPTIONS' });
  await kit.signOut(credential);
  await kit.whoAmI(credential);
  return credential;
}
