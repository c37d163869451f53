import { equal, ok } from './assert.js';
import { type EndpointDraft, isProblem } from './endpoint-kit.js';
import { changed, partOf, sessionOf } from './endpoint-sign-in.js';

const allowed = ['GET', 'POST', 'DELETE', 'HEAD', 'OPTIONS'];

/** Who is signed in, until they sign out. */
export const lifeCases: readonly EndpointDraft[] = [
  {
    name: 'says who is signed in',
    async act(kit) {
      const credential = await kit.signIn();
      const answer = await kit.whoAmI(credential);
      equal(
        [answer.status, answer.header('content-type')?.split(';')[0]],
        [200, 'application/json'],
        'answer',
      );
      const [began, now] = [sessionOf(credential.answer.json), sessionOf(answer.json)];
      for (const member of ['id', 'uid', 'created']) equal(now[member], began[member], member);
      equal((answer.json as { token?: unknown }).token, undefined, 'and hands out no token');
    },
  },
  {
    name: 'finds the session whatever the query says',
    async act(kit) {
      const { headers } = await kit.signIn();
      equal((await kit.send({ path: `${kit.path}?a=/x`, headers })).status, 200, 'status');
    },
  },
  {
    name: 'answers HEAD as GET, without a body',
    async act(kit) {
      const { headers } = await kit.signIn();
      const { status, text } = await kit.send({ method: 'HEAD', headers });
      equal([status, text], [200, ''], 'answer');
    },
  },
  {
    name: 'S66 answers 401 with a challenge to whoever shows nothing',
    async act(kit) {
      isProblem(await kit.send({}), 401, 'token/missing');
    },
  },
  {
    name: 'S6 answers 401 to whatever it did not issue',
    async act(kit) {
      const issued = await kit.signIn();
      const hostile = [
        'x',
        '../../etc/passwd',
        '__proto__',
        `${issued.secret}x`,
        changed(issued),
        'a'.repeat(5000),
      ];
      for (const secret of hostile) {
        await kit.isOver({ headers: kit.proof(secret) }, secret.slice(0, 20));
      }
    },
  },
  {
    name: 'S65 takes a token from the Authorization header only',
    mode: 'token',
    async act(kit) {
      const { secret } = await kit.signIn();
      const elsewhere = [
        { path: `${kit.path}?access_token=${secret}` },
        { headers: { 'x-session-id': secret, 'x-authorization': `Bearer ${secret}` } },
        { headers: { cookie: `session-jwt=${secret}; token=${secret}` } },
      ];
      for (const sent of elsewhere) isProblem(await kit.send(sent), 401, 'token/missing');
    },
  },
  {
    name: 'S34 takes a session from its cookie only',
    mode: 'cookie',
    async act(kit) {
      const { secret } = await kit.signIn();
      const elsewhere = [
        { path: `${kit.path}?${kit.facts.cookie.name}=${secret}` },
        { headers: { 'x-session-id': secret, authorization: `Bearer ${secret}` } },
        { headers: { cookie: `x${kit.facts.cookie.name}=${secret}` } },
      ];
      for (const sent of elsewhere)
        equal((await kit.send(sent)).status, 401, JSON.stringify(Object.keys(sent)));
    },
  },
  {
    name: 'S39 finds its session among cookies of the same name that others have set',
    mode: 'cookie',
    async act(kit) {
      const { headers, secret } = await kit.signIn();
      for (const cookie of [
        `${kit.facts.cookie.name}=forged; ${headers.cookie}`,
        `${headers.cookie}; ${kit.facts.cookie.name}=forged`,
      ]) {
        equal((await kit.send({ headers: { cookie } })).status, 200, cookie.replace(secret, '…'));
      }
    },
  },
  {
    name: 'S50 takes no token without a signature, or with one that is for something else',
    mode: 'token',
    async act(kit) {
      const { secret } = await kit.signIn();
      const [header = '', payload = '', signature = ''] = secret.split('.');
      const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
      const unsigned = encoded({ ...partOf(secret, 0), alg: 'none' });
      const another = encoded({ ...partOf(secret, 1), sub: 'somebody-else' });
      for (const token of [
        `${unsigned}.${payload}.`,
        `${unsigned}.${payload}.${signature}`,
        `${header}.${another}.${signature}`,
        `${header}.${payload}.`,
      ]) {
        await kit.isOver({ headers: kit.proof(token) }, token.slice(0, 20));
      }
    },
  },
  {
    name: 'S19 ends the session on the server when its user signs out',
    async act(kit) {
      const credential = await kit.signIn();
      const { status, text } = await kit.signOut(credential);
      equal([status, text], [204, ''], 'answer');
      await kit.isOver(credential, 'what the client held');
    },
  },
  {
    name: 'S19 clears the cookie with the attributes with which it was set',
    mode: 'cookie',
    async act(kit) {
      const credential = await kit.signIn();
      const set = kit.sessionCookie(credential.answer);
      const cleared = kit.sessionCookie(await kit.signOut(credential));
      equal(cleared.value, '', 'an empty value');
      const past =
        cleared.attributes.get('max-age') === '0' || Date.parse(cleared.attributes.get('expires') ?? '') < 1;
      ok(past, 'it is over');
      for (const name of ['path', 'domain', 'secure', 'samesite', 'partitioned']) {
        equal(cleared.attributes.get(name), set.attributes.get(name), name);
      }
    },
  },
  {
    name: 'answers 204 to a second sign-out',
    async act(kit) {
      const credential = await kit.signIn();
      await kit.signOut(credential);
      equal((await kit.signOut(credential)).status, 204, 'status');
    },
  },
  {
    name: 'ends one session and no other',
    async act(kit) {
      const [one, two] = [await kit.signIn(), await kit.signIn()];
      await kit.signOut(one);
      await kit.lives(two, 'the other goes on');
    },
  },
  {
    name: 'answers 204 when a stranger signs out, and ends nothing',
    async act(kit) {
      const credential = await kit.signIn();
      equal((await kit.signOut({ headers: {} })).status, 204, 'without anything');
      equal((await kit.signOut({ headers: kit.proof('nonsense') })).status, 204, 'with nonsense');
      equal((await kit.signOut({ headers: kit.proof(changed(credential)) })).status, 204, 'with a forgery');
      await kit.lives(credential, 'the session goes on');
    },
  },
  {
    name: 'S48 ends no session by a request that is only to read',
    async act(kit) {
      const credential = await kit.signIn();
      for (const path of [`${kit.path}?_method=DELETE`, `${kit.path}/logout`, '/logout']) {
        await kit.send({ path, headers: { ...credential.headers, 'x-http-method-override': 'DELETE' } });
      }
      await kit.lives(credential, 'the session goes on');
    },
  },
  {
    name: 'answers 405 to other methods and says which there are',
    async act(kit) {
      for (const method of ['PUT', 'PATCH']) {
        const answer = await kit.send({ method, headers: { origin: new URL(kit.url).origin } });
        isProblem(answer, 405, 'request/method', method);
        equal(listOf(answer.header('allow')).sort(), [...allowed].sort(), 'Allow');
      }
    },
  },
  {
    name: 'tells by OPTIONS which methods there are',
    async act(kit) {
      const answer = await kit.send({ method: 'OPTIONS' });
      ok(answer.status === 204 || answer.status === 200, 'status');
      equal(listOf(answer.header('allow')).sort(), [...allowed].sort(), 'Allow');
    },
  },
];

export function listOf(value: string | undefined): string[] {
  return (value ?? '').split(',').flatMap((item) => (item.trim() === '' ? [] : [item.trim()]));
}
