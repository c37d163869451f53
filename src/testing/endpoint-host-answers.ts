import { equal, ok } from './assert.js';
import type { HostDraft, HostKit } from './endpoint-host-kit.js';
import { send, sendAndLeave } from './endpoint-http.js';
import { listOf } from './endpoint-life.js';

/** A route that changes the session without waiting for it. */
const forgetful: readonly (readonly [path: string, what: string, status: number])[] = [
  ['/app/forget', 'an answer', 200],
  ['/app/stream', 'an answer in parts', 200],
  ['/app/redirect', 'a redirect', 303],
  ['/app/own', 'an answer with headers of its own', 202],
];

async function begins(kit: HostKit, path: string, status: number): Promise<void> {
  const answer = await kit.heldUntilStored('create', () => kit.post(`${path}?value=a`));
  equal(answer.status, status, 'status');
  equal(answer.header('cache-control'), 'no-store', 'S35: no-store');
  await kit.sees(kit.proof(answer), { value: 'a' }, 'the next request');
}

/** Answers and the store: what is told has happened. */
export const answerCases: readonly HostDraft[] = [
  ...forgetful.map(
    ([path, what, status]): HostDraft => ({
      name: `V-45 keeps ${what} back until the store has the session`,
      act: (kit) => begins(kit, path, status),
    }),
  ),
  ...forgetful.map(
    ([path, what]): HostDraft => ({
      name: `S76 answers 503 in place of ${what} when the store fails, and sets no cookie`,
      async act(kit) {
        const { cookie } = await kit.begin('a');
        // Only the change fails: the session of the request was found before.
        const fail = () => kit.control.failNext('update');
        const post = () => kit.post(`${path}?value=b`, { cookie });
        const answer = await kit.heldUntilStored('update', post, fail);
        equal(answer.status, 503, 'status');
        equal(answer.cookies, [], 'no cookie, not even of the handler');
        for (const name of ['location', 'x-own']) equal(answer.header(name), undefined, name);
        ok(!answer.text.includes('"b"'), 'nothing of what the handler said');
        await kit.sees({ cookie }, { value: 'a' }, 'the session is as it was');
      },
    }),
  ),
  {
    name: 'S76 answers 503 when the store failed long before the answer, and nobody heard of it',
    async act(kit) {
      const { cookie } = await kit.begin('a');
      kit.control.failNext('update');
      const answer = await kit.post('/app/later?value=b', { cookie });
      equal([answer.status, answer.cookies], [503, []], 'answer');
      await kit.sees({ cookie }, { value: 'a' }, 'the session is as it was');
    },
  },
  {
    name: 'V-47 lets the handler hear that the store failed',
    async act(kit) {
      kit.control.breakDown(true);
      const answer = await kit.post('/app/save?value=a');
      kit.control.breakDown(false);
      equal(answer.status, 503, 'status');
      equal(answer.cookies, [], 'no cookie');
    },
  },
  {
    name: 'SC-53 leaves the headers and cookies of the handler as they are',
    async act(kit) {
      const answer = await kit.post('/app/own?value=a');
      equal(answer.status, 202, 'status');
      equal(answer.header('x-own'), 'own', 'a header');
      equal(answer.header('content-type')?.split(';')[0], 'text/plain', 'the content type');
      equal(
        answer.cookies.map(({ name }) => name).filter((name) => name === 'theme'),
        ['theme'],
        'a cookie',
      );
      kit.oneCookie(answer);
      const varies = listOf(answer.header('vary')).map((name) => name.toLowerCase());
      ok(varies.includes('accept-language'), 'its Vary');
      equal(answer.text, 'own', 'the body');
    },
  },
  {
    name: 'V-45 leaves the address of a redirect as it is',
    async act(kit) {
      const answer = await kit.post('/app/redirect?value=a');
      equal([answer.status, answer.header('location')], [303, '/app/me'], 'answer');
    },
  },
  {
    name: 'sends all parts of an answer, in their order',
    async act(kit) {
      equal((await kit.post('/app/stream?value=a')).text, 'one,two,three', 'body');
    },
  },
  {
    name: 'S36 says that an answer depends on the session when the handler has looked',
    async act(kit) {
      const looked = listOf((await kit.get('/app/me')).header('vary')).map((name) => name.toLowerCase());
      ok(looked.includes('cookie'), 'Vary: Cookie');
      const plain = listOf((await kit.get('/app/plain')).header('vary')).map((name) => name.toLowerCase());
      ok(!plain.includes('cookie'), 'and only then');
    },
  },
  {
    name: 'S36 keeps what the handler itself says of Vary',
    async act(kit) {
      const answer = await kit.post('/app/own?value=a', await kit.begin('b'));
      const varies = listOf(answer.header('vary')).map((name) => name.toLowerCase());
      equal(
        varies.filter((name) => ['accept-language', 'cookie'].includes(name)).sort(),
        ['accept-language', 'cookie'],
        'both, once',
      );
    },
  },
  {
    name: 'answers HEAD with the headers of GET and no body',
    async act(kit) {
      const { cookie } = await kit.begin('a');
      const answer = await send(kit.url, { method: 'HEAD', path: '/app/me', headers: { cookie } });
      equal([answer.status, answer.text], [200, ''], 'answer');
      ok(
        listOf(answer.header('vary')).some((name) => name.toLowerCase() === 'cookie'),
        'Vary: Cookie',
      );
    },
  },
  {
    name: 'leaves the body of a request to the handler',
    async act(kit) {
      const { headers } = kit.sent('');
      const body = JSON.stringify({ text: 'x'.repeat(100_000) });
      const type = { ...headers, 'content-type': 'application/json', 'content-length': String(body.length) };
      const answer = await send(kit.url, { method: 'POST', path: '/app/echo', headers: type, body });
      equal(answer.json, JSON.parse(body), 'what the handler read');
    },
  },
  {
    name: 'goes on when a client leaves before the store has its session',
    async act(kit) {
      const { cookie } = await kit.begin('a');
      const hold = kit.control.hold('update');
      const sent = kit.sent('/app/forget?value=b');
      const client = sendAndLeave(kit.url, { ...sent, headers: { ...sent.headers, cookie } });
      await hold.reached;
      await client.gone();
      hold.release();
      await kit.sees({ cookie }, { value: 'b' }, 'what was under way is done');
    },
  },
];
