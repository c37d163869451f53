import { equal, ok } from './assert.js';
import { type Credential, type EndpointDraft, isProblem, tokenOf } from './endpoint-kit.js';

/** What a sign-in answers, and what it refuses. */
export const signInCases: readonly EndpointDraft[] = [
  {
    name: 'answers a sign-in with 201 and the session',
    async act(kit) {
      const { answer } = await kit.signIn();
      equal(answer.header('content-type')?.split(';')[0], 'application/json', 'content type');
      const session = sessionOf(answer.json);
      ok(typeof session.id === 'string' && session.id !== '', 'the session has an id');
      ok(typeof session.uid === 'string' && session.uid !== '', 'the session has a user');
      ok('userData' in session && 'data' in session, 'the session has userData and data');
      for (const time of ['created', 'lastAccess']) {
        const value = session[time];
        ok(Number.isSafeInteger(value) && Number(value) > 1e11, `${time} is in milliseconds`);
      }
      const { expiresAt } = session;
      ok(
        expiresAt === null || Number(expiresAt) > Number(session.created),
        'it ends after it began, or never',
      );
    },
  },
  {
    name: 'S59 answers with a token that names session and user, and says when it ends',
    mode: 'token',
    async act(kit) {
      const { answer } = await kit.signIn();
      const session = sessionOf(answer.json);
      const claims = partOf(tokenOf(answer), 1);
      equal([claims.sid, claims.sub], [session.id, session.uid], 'sid and sub');
      ok(Number.isSafeInteger(claims.exp) && Number(claims.exp) < 1e11, 'exp is in seconds');
      ok(typeof claims.iss === 'string' && claims.aud !== undefined, 'iss and aud are there');
    },
  },
  {
    name: 'S33 tells the session by a cookie and shows its secret nowhere else',
    mode: 'cookie',
    async act(kit) {
      const { answer, secret } = await kit.signIn();
      ok(!answer.text.includes(secret), 'the body does not hold the secret');
      equal((answer.json as { token?: unknown }).token, undefined, 'the body holds no token');
      for (const [name, values] of Object.entries(answer.fields)) {
        ok(name === 'set-cookie' || !values.join().includes(secret), `${name} does not hold the secret`);
      }
    },
  },
  {
    name: 'S29, S30 protects its cookie with all that there is',
    mode: 'cookie',
    async act(kit) {
      const { answer } = await kit.signIn();
      const { name, attributes } = kit.sessionCookie(answer);
      ok(attributes.has('httponly'), 'HttpOnly');
      ok(
        ['lax', 'strict'].includes(attributes.get('samesite')?.toLowerCase() ?? ''),
        'SameSite is Lax or Strict',
      );
      equal(attributes.get('path'), '/', 'Path');
      ok(!attributes.has('domain'), 'no Domain');
      if (!kit.facts.cookie.secure) return;
      ok(attributes.has('secure'), 'Secure');
      ok(/^__(Host|Host-Http)-/.test(name), 'a name that binds it to the host');
    },
  },
  {
    name: 'S32 keeps its cookie below 4096 bytes and 400 days',
    mode: 'cookie',
    async act(kit) {
      const { answer } = await kit.signIn();
      const { name, value, attributes } = kit.sessionCookie(answer);
      ok(name.length + value.length <= 4096, 'name and value');
      ok(Number(attributes.get('max-age') ?? 0) <= 400 * 86_400, 'Max-Age');
    },
  },
  {
    name: 'S1 gives every session a secret of its own, of 16 bytes or more',
    async act(kit) {
      const [one, two] = [await kit.signIn(), await kit.signIn()];
      ok(one.secret !== two.secret, 'two secrets');
      ok(one.secret.length >= 22, 'long enough for 128 bits');
      await kit.lives(one, 'the first session goes on');
      await kit.lives(two, 'so does the second');
    },
  },
  {
    name: 'S11 ends the session with which a client signs in again',
    async act(kit) {
      const old = await kit.signIn();
      const next = await kit.signIn(old.headers);
      ok(next.secret !== old.secret, 'a new secret');
      await kit.isOver(old, 'the old credential');
      await kit.lives(next, 'the new one is good');
    },
  },
  {
    name: 'S5 takes no secret that it did not issue, and makes no session of it',
    async act(kit) {
      const issued = await kit.signIn();
      const chosen = changed(issued);
      await kit.isOver({ headers: kit.proof(chosen) }, 'a secret that somebody chose');
      const next = await kit.signIn(kit.proof(chosen));
      ok(next.secret !== chosen, 'the session gets a secret of the server’s choice');
    },
  },
  {
    name: 'S66 answers a wrong password and an unknown user alike',
    async act(kit) {
      const { username } = kit.facts.credentials;
      const wrong = await kit.post(kit.wrongBody);
      const unknown = await kit.post(JSON.stringify({ username: `${username}-nobody`, password: 'x' }));
      isProblem(wrong, 401, 'credentials/wrong');
      equal(wrong.text, unknown.text, 'one body');
      const comparable = Object.entries(wrong.fields).filter(([name]) => name !== 'date');
      for (const [name, values] of comparable) equal(unknown.fields[name], values, `one header ${name}`);
      equal(wrong.cookies, [], 'no cookie');
    },
  },
  ...[
    ['a text', 'text/plain'],
    ['a form', 'application/x-www-form-urlencoded'],
    ['a multipart form that pretends', 'multipart/form-data; boundary=application/json'],
    ['a type that only begins alike', 'application/jsonp'],
  ].map(
    ([what, type = '']): EndpointDraft => ({
      name: `S44 refuses credentials in ${what}`,
      async act(kit) {
        isProblem(await kit.post(kit.body, { 'content-type': type }), 415, 'request/type');
      },
    }),
  ),
  {
    name: 'S44 refuses a body that does not say its type',
    async act(kit) {
      isProblem(await kit.post(undefined, {}), 415, 'request/type');
    },
  },
  {
    name: 'accepts the content type with a parameter',
    async act(kit) {
      equal(
        (await kit.post(kit.body, { 'content-type': 'application/json; charset=utf-8' })).status,
        201,
        'status',
      );
    },
  },
  {
    name: 'answers 400 to what is no JSON object',
    async act(kit) {
      for (const body of ['', '{"username":"a","password":', '"a"', 'null', '["a","b"]', `\0${kit.body}`]) {
        isProblem(await kit.post(body), 400, 'request/malformed', JSON.stringify(body).slice(0, 20));
      }
    },
  },
  {
    name: 'answers 400 to a name or a password that is no text',
    async act(kit) {
      for (const body of ['{"username":1,"password":"x"}', '{"username":"a","password":{"$ne":""}}']) {
        isProblem(await kit.post(body), 400, 'request/malformed', body);
      }
    },
  },
  {
    name: 'answers 400 when the name or the password is missing',
    async act(kit) {
      for (const body of ['{}', '{"username":"a"}', '{"username":"","password":"x"}']) {
        isProblem(await kit.post(body), 400, 'credentials/missing', body);
      }
    },
  },
  {
    name: 'S69 lets no key of a body reach a prototype',
    async act(kit) {
      isProblem(await kit.post(`{"__proto__":${kit.body}}`), 400, 'credentials/missing');
      equal(
        (await kit.post(kit.body.replace('{', '{"__proto__":{"admin":true},'))).status,
        201,
        'others are ignored',
      );
    },
  },
  {
    name: 'reads a body that comes in parts',
    async act(kit) {
      equal((await kit.post([kit.body.slice(0, 9), kit.body.slice(9)])).status, 201, 'status');
    },
  },
  {
    name: 'answers 413 to a body of 2 MiB',
    async act(kit) {
      isProblem(await kit.post(kit.body.padEnd(2_097_152)), 413, 'request/size');
    },
  },
  {
    name: 'accepts a body of the limit and not a byte more, however it is sent',
    needs: 'bodyLimit',
    async act(kit) {
      const { bodyLimit = 0 } = kit.facts;
      equal((await kit.post(kit.body.padEnd(bodyLimit))).status, 201, 'the limit');
      const over = kit.body.padEnd(bodyLimit + 1);
      isProblem(await kit.post(over), 413, 'request/size', 'a byte more');
      isProblem(await kit.post([over.slice(0, 99), over.slice(99)]), 413, 'request/size', 'in parts');
    },
  },
];

export function sessionOf(body: unknown): { readonly [member: string]: unknown } {
  const session = (body as { session?: unknown } | undefined)?.session;
  ok(typeof session === 'object' && session !== null, 'the body holds a session');
  return session as { readonly [member: string]: unknown };
}

/** A part of a JWT, 0 or 1. */
export function partOf(token: string, index: 0 | 1): { readonly [member: string]: unknown } {
  const parts = token.split('.');
  equal(parts.length, 3, 'the token has three parts');
  return JSON.parse(Buffer.from(parts[index] ?? '', 'base64url').toString());
}

/** The same in form, but another. */
export function changed({ secret }: Credential): string {
  const at = Math.floor(secret.length / 2);
  return `${secret.slice(0, at)}${secret[at] === 'A' ? 'B' : 'A'}${secret.slice(at + 1)}`;
}
