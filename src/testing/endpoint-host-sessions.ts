import { equal, ok } from './assert.js';
import type { HostDraft } from './endpoint-host-kit.js';
import { oneConnection, pipeline, send } from './endpoint-http.js';
import { isProblem } from './endpoint-kit.js';

/** What a handler does with its session, and what the client gets of it. */
export const sessionCases: readonly HostDraft[] = [
  {
    name: 'S38 begins no session and sets no cookie for those who store nothing',
    async act(kit) {
      for (const path of ['/app/me', '/app/plain']) {
        const answer = await kit.get(path);
        equal([answer.status, answer.cookies], [200, []], path);
      }
      await kit.sees({}, {}, 'nobody');
    },
  },
  {
    name: 'V-45 begins a session with the first save, and tells the client by one cookie',
    async act(kit) {
      const answer = await kit.post('/app/save?value=a');
      equal([answer.status, answer.json], [200, { user: null, value: 'a' }], 'the handler sees it');
      await kit.sees(kit.proof(answer), { value: 'a' }, 'and so does the next request');
    },
  },
  {
    name: 'S29 protects the cookie with all that there is',
    async act(kit) {
      const { attributes } = kit.oneCookie(await kit.post('/app/save?value=a'));
      for (const name of ['httponly', 'samesite', 'path', 'max-age']) ok(attributes.has(name), name);
      ok(!attributes.has('domain'), 'no Domain');
    },
  },
  {
    name: 'V-45 sets no cookie when it saves a session that the client knows',
    async act(kit) {
      const proof = await kit.begin('a');
      const answer = await kit.post('/app/save?value=b', proof);
      equal([answer.json, answer.cookies], [{ user: null, value: 'b' }, []], 'answer');
      await kit.sees(proof, { value: 'b' }, 'the next request');
    },
  },
  {
    name: 'V-48, S11 gives a session a new id, and the old one is dead',
    async act(kit) {
      const old = await kit.begin('a');
      const answer = await kit.post('/app/resave?value=b&user=ada', old);
      equal(answer.json, { user: 'ada', value: 'b' }, 'the handler sees the new one');
      const next = kit.proof(answer);
      ok(next.cookie !== old.cookie, 'another secret');
      await kit.sees(next, { user: 'ada', value: 'b' }, 'the new one');
      await kit.sees(old, {}, 'the old one');
    },
  },
  {
    name: 'V-49 ends a session and leaves the client its cookie',
    async act(kit) {
      const proof = await kit.begin('a');
      const answer = await kit.post('/app/destroy', proof);
      equal([answer.status, answer.json, answer.cookies], [200, { user: null, value: null }, []], 'answer');
      await kit.sees(proof, {}, 'the next request');
    },
  },
  {
    name: 'V-50 ends a session and makes the client forget it',
    async act(kit) {
      const began = await kit.post('/app/save?value=a');
      const set = kit.oneCookie(began);
      const cleared = kit.oneCookie(await kit.post('/app/logout', kit.proof(began)));
      equal(cleared.value, '', 'an empty cookie');
      ok(cleared.attributes.get('max-age') === '0' || cleared.attributes.has('expires'), 'that is over');
      for (const name of ['path', 'secure', 'samesite']) {
        equal(cleared.attributes.get(name), set.attributes.get(name), name);
      }
      await kit.sees(kit.proof(began), {}, 'the next request');
    },
  },
  {
    name: 'V-50 makes a client forget what is no session any more',
    async act(kit) {
      equal(kit.oneCookie(await kit.post('/app/logout')).value, '', 'an empty cookie');
    },
  },
  {
    name: 'S20 neither revives a session that ended meanwhile nor sets a cookie for it',
    async act(kit) {
      const proof = await kit.begin('a');
      const hold = kit.control.hold('update');
      const saving = kit.post('/app/save?value=b', proof);
      await Promise.race([hold.reached, saving]);
      await kit.post('/app/logout', proof);
      hold.release();
      const answer = await saving;
      equal([answer.status, answer.cookies], [401, []], 'the late save');
      await kit.sees(proof, {}, 'the session is over');
    },
  },
  {
    name: 'V-44 answers 401 to a handler that needs a session',
    async act(kit) {
      equal((await kit.get('/app/throw')).status, 401, 'without one');
      equal((await kit.get('/app/throw', await kit.begin('a'))).status, 200, 'with one');
    },
  },
  {
    name: 'S66, S70 answers it with a problem and a challenge',
    needs: 'problems',
    async act(kit) {
      isProblem(await kit.get('/app/throw'), 401, 'token/missing');
      const proof = await kit.begin('a');
      await kit.post('/app/destroy', proof);
      isProblem(await kit.get('/app/throw', proof), 401, 'session/not-found');
    },
  },
  {
    name: 'S42 refuses a change by a page elsewhere before any handler hears of it',
    async act(kit) {
      const proof = await kit.begin('a');
      const headers = { ...proof, 'sec-fetch-site': 'cross-site' };
      isProblem(await kit.post('/app/save?value=b', headers), 403, 'request/origin');
      await kit.sees(proof, { value: 'a' }, 'nothing has changed');
    },
  },
  {
    name: 'S39 refuses a request with two sessions',
    async act(kit) {
      const [one, two] = [await kit.begin('a'), await kit.begin('b')];
      const cookie = `${one.cookie}; ${two.cookie}`;
      isProblem(await kit.get('/app/me', { cookie }), 400, 'request/ambiguous');
    },
  },
  {
    name: 'S76 answers 503 while the store is away, and never that there is no session',
    async act(kit) {
      const proof = await kit.begin('a');
      kit.control.breakDown(true);
      isProblem(await kit.get('/app/me', proof), 503, 'store/unavailable');
      kit.control.breakDown(false);
      await kit.sees(proof, { value: 'a' }, 'the session is still there');
    },
  },
  {
    name: 'answers at the address of the session itself',
    async act(kit) {
      isProblem(await kit.get('/session'), 401, 'token/missing');
      const proof = await kit.begin('a');
      equal((await kit.get('/session', proof)).status, 200, 'with a session');
      const out = await send(kit.url, { ...kit.sent('/session'), method: 'DELETE' });
      equal(out.status, 204, 'sign-out');
    },
  },
  {
    name: 'V-54 gives every request on a connection its own session',
    async act(kit) {
      const [one, two] = [await kit.begin('a'), await kit.begin('b')];
      const agent = oneConnection();
      try {
        for (const [headers, value] of [
          [one, 'a'],
          [{}, null],
          [two, 'b'],
        ] as const) {
          const { json } = await send(kit.url, { path: '/app/me', headers: { ...headers }, agent });
          equal(json, { user: null, value }, 'one after the other');
        }
      } finally {
        agent.destroy();
      }
      const save = kit.sent('/app/save?value=c');
      const seen = await pipeline(kit.url, [
        { path: '/app/me', headers: two },
        { ...save, headers: { 'sec-fetch-site': 'same-origin', ...one } },
        { path: '/app/me' },
        { path: '/app/me', headers: two },
      ]);
      equal(
        seen.map((each) => (each as { value?: unknown } | null)?.value),
        ['b', 'c', null, 'b'],
        'all at once',
      );
    },
  },
  {
    name: 'V-54 gives every one of a hundred requests at once its own session',
    async act(kit) {
      const values = Array.from({ length: 10 }, (_, index) => `v${index}`);
      const proofs = await Promise.all(values.map((value) => kit.begin(value)));
      const requests = Array.from({ length: 100 }, (_, index) => index % 10);
      const seen = await Promise.all(requests.map((index) => kit.get('/app/slow', proofs[index])));
      equal(
        seen.map(({ json }) => (json as { value?: unknown }).value),
        requests.map((index) => values[index]),
        'values',
      );
    },
  },
  {
    name: 'SC-12 knows the current session wherever the handler goes',
    needs: 'ambient',
    async act(kit) {
      const [one, two] = [await kit.begin('a'), await kit.begin('b')];
      const [first, second, third] = await Promise.all([
        kit.get('/app/current', one),
        kit.get('/app/current', two),
        kit.get('/app/current'),
      ]);
      equal(first.json, { user: null, value: 'a' }, 'one');
      equal(second.json, { user: null, value: 'b' }, 'another');
      equal(third.json, { user: null, value: null }, 'none');
    },
  },
];
