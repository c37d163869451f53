import { AsyncLocalStorage } from 'node:async_hooks';
import QUnit from 'qunit';
import type { Json } from '../../../../src/protocol/messages.js';
import { anyEdit } from '../../../../src/server/live/channel/policy.js';
import { patch, replace } from '../../live/channel/live-fixture.js';
import { jsonPatch, site, starcounterSite } from '../live-site.js';

const json = 'application/json';
const outside = AsyncLocalStorage.snapshot();
const accepting = (accept: string) => ({ headers: { accept } });
const versions = (server: number, client: number) => [
  replace('/_ver#s', server),
  { op: 'test', path: '/_ver#c$', value: client },
];

QUnit.module('server/http/resources/live', () => {
  QUnit.module('SC-60, SC-61, SC-62, SC-72 GET', () => {
    QUnit.test(
      'answers with the whole document, its versions in front, and lets nobody keep it',
      async (assert) => {
        const { ask, begin } = starcounterSite();
        for (const sent of [
          {},
          accepting(json),
          accepting('*/*'),
          accepting('application/*;q=0.5'),
          accepting(' '),
        ]) {
          const { url } = await begin({ name$: 'Ann' });
          const answer = await ask('GET', url, sent);
          assert.deepEqual(
            [answer.status, answer.type, answer.text, answer.headers['cache-control']],
            [200, json, '{"_ver#c$":0,"_ver#s":0,"name$":"Ann"}', 'no-store'],
          );
        }
      },
    );

    QUnit.test('has no versions without the option (SC-18)', async (assert) => {
      const { ask, begin } = starcounterSite({}, 0);
      const { url } = await begin({ name$: 'Ann' });
      assert.equal((await ask('GET', url)).text, '{"name$":"Ann"}');
      const answer = await ask('PATCH', url, { body: [replace('/name$', 'Bob')] });
      assert.deepEqual([answer.status, answer.text], [200, '[]']);
    });

    QUnit.test('goes by the first type that is one of ours, and answers 406 when none is', async (assert) => {
      const { ask, begin } = starcounterSite();
      const { url } = await begin({ n: 1 });
      const types: readonly (readonly [accept: string, type: string])[] = [
        [`text/html, ${json}`, json],
        [`${jsonPatch}, ${json}`, jsonPatch],
        [`Application/JSON;q=0.1, ${jsonPatch}`, json],
        [`text/html, */*;q=0.1, ${jsonPatch}`, json],
      ];
      for (const [accept, type] of types)
        assert.equal((await ask('GET', url, accepting(accept))).type, type, accept);
      for (const accept of ['text/html', 'application/jsonx', 'text/*', 'json']) {
        for (const [method, path] of [
          ['GET', url],
          ['PATCH', url],
          ['PATCH', `${url}/reconnect`],
          ['HEAD', url],
        ] as const) {
          const answer = await ask(method, path, { ...accepting(accept), body: [] });
          assert.deepEqual(
            [answer.status, answer.json.code],
            [406, 'request/not-acceptable'],
            `${method} ${accept}`,
          );
        }
      }
    });

    QUnit.test('tells what changed to whoever accepts a patch', async (assert) => {
      const { ask, begin, live } = starcounterSite();
      const { url, id } = await begin({ n: 1 });
      await ask('GET', url);
      await live.run(id, (session) => {
        if (session) session.data.n = 2;
      });
      const answer = await ask('GET', url, accepting(jsonPatch));
      assert.deepEqual(
        [answer.status, answer.type, answer.json],
        [200, jsonPatch, [...versions(1, 0), replace('/n', 2)]],
      );
    });

    QUnit.test('as HEAD says the same without a body, and takes nobody’s place', async (assert) => {
      const { ask, begin } = starcounterSite();
      const { url } = await begin({ a$: 1 });
      await ask('GET', url);
      await ask('PATCH', url, { body: patch(1, 0) });
      for (const [path, accept, type] of [
        [url, json, json],
        [url, jsonPatch, jsonPatch],
        [`${url}/reconnect`, jsonPatch, json],
      ] as const) {
        const head = await ask('HEAD', path, accepting(accept));
        assert.deepEqual([head.status, head.type, head.text], [200, type, undefined]);
      }
      const answer = await ask('PATCH', url, { body: patch(2, 1, replace('/a$', 2)) });
      assert.deepEqual(answer.json, versions(2, 2));
    });

    QUnit.test('is no place for data that is no document: 500', async (assert) => {
      const { ask, begin, failures } = starcounterSite();
      const { url } = await begin(5 as never);
      const answer = await ask('GET', url);
      assert.deepEqual([answer.status, answer.json.code, failures.length], [500, 'server/failed', 1]);
    });
  });

  QUnit.module('PATCH', () => {
    QUnit.test(
      'SC-63 carries out a patch, whatever its content type, and answers with what else changed',
      async (assert) => {
        const { ask, begin, live, sessions } = starcounterSite();
        const { url, id } = await begin({ a$: 1, n: 0 });
        await ask('GET', url);
        await live.run(id, (session) => {
          if (session) session.data.n = 1;
        });
        const headers = { 'content-type': 'text/plain' };
        const answer = await ask('PATCH', url, { headers, body: patch(1, 0, replace('/a$', 2)) });
        assert.deepEqual(
          [answer.status, answer.type, answer.json, answer.headers['cache-control']],
          [200, jsonPatch, [...versions(1, 1), replace('/n', 1)], 'no-store'],
        );
        assert.deepEqual((await sessions.peek(id))?.data, { a$: 2, n: 1 });
      },
    );

    QUnit.test('SC-64 answers [] with [], without a version, and counts the access', async (assert) => {
      const { ask, begin, clock, sessions } = starcounterSite();
      const { url, id } = await begin({ a$: 1 });
      clock.time += 120_000;
      for (let turn = 0; turn < 2; turn += 1) {
        const answer = await ask('PATCH', url, { body: [] });
        assert.deepEqual([answer.status, answer.type, answer.text], [200, jsonPatch, '[]']);
      }
      const { lastAccess = 0 } = (await sessions.peek(id)) ?? {};
      assert.true(clock.time - lastAccess < 60_000);
      // One more than what whoever was here before had.
      assert.equal((await ask('GET', url)).json['_ver#s'], 1);
    });

    QUnit.test(
      'SC-65, SC-66 answers 202 to what comes early, 200 to what was there already',
      async (assert) => {
        const { ask, begin, sessions } = starcounterSite();
        const { url, id } = await begin({ a$: 0 });
        await ask('GET', url);
        const statuses = [];
        for (const n of [2, 1, 2, 1]) {
          const answer = await ask('PATCH', url, { body: patch(n, 0, replace('/a$', n)) });
          statuses.push([answer.status, answer.type, answer.json[0].value, answer.json[1].value]);
        }
        assert.deepEqual(statuses, [
          [202, jsonPatch, 1, 0],
          [200, jsonPatch, 2, 2],
          [200, jsonPatch, 3, 2],
          [200, jsonPatch, 4, 2],
        ]);
        assert.deepEqual((await sessions.peek(id))?.data, { a$: 2 });
      },
    );

    QUnit.test('SC-68 answers with the whole document to whoever accepts JSON', async (assert) => {
      const { ask, begin } = starcounterSite();
      const { url } = await begin({ a$: 0 });
      await ask('GET', url);
      const sent = { ...accepting(json), body: patch(1, 0, replace('/a$', 1)) };
      const answer = await ask('PATCH', url, sent);
      assert.deepEqual(
        [answer.status, answer.type, answer.text],
        [200, json, '{"_ver#c$":1,"_ver#s":1,"a$":1}'],
      );
      const early = await ask('PATCH', url, { ...accepting(json), body: patch(3, 0) });
      assert.deepEqual([early.status, early.text], [202, '{"_ver#c$":1,"_ver#s":2,"a$":1}']);
    });

    QUnit.test('SC-67 answers 400 with the place and the versions, and without values', async (assert) => {
      const { ask, begin } = starcounterSite();
      const { url } = await begin({ a: 1 });
      await ask('GET', url);
      const { status, type, json, headers } = await ask('PATCH', url, {
        body: patch(1, 0, replace('/a', 'my password')),
      });
      assert.deepEqual(
        [status, type, json.status, json.code, headers['cache-control']],
        [400, 'application/problem+json', 400, 'request/forbidden', 'no-store'],
      );
      assert.true(
        /change 0: \/a\).*client version 1 after 0, server version 0 of 0/.test(json.detail),
        json.detail,
      );
      assert.false(JSON.stringify(json).includes('password'));
    });

    QUnit.test('SC-16 goes on with the same versions when the document is replaced', async (assert) => {
      const { ask, begin, live } = starcounterSite();
      const { url, id } = await begin({ a$: 0 });
      await ask('GET', url);
      for (const n of [1, 2]) await ask('PATCH', url, { body: patch(n, n - 1) });
      await live.run(id, (session) => {
        if (session) session.data = { b$: 1 };
      });
      const answer = await ask('PATCH', url, { body: patch(3, 2) });
      assert.deepEqual(answer.json, [...versions(3, 3), replace('', { '_ver#c$': 3, '_ver#s': 3, b$: 1 })]);
    });
  });

  QUnit.module('SC-70, SC-71 …/reconnect', () => {
    QUnit.test('carries out what was pending, each once, and answers with the document', async (assert) => {
      const { ask, begin } = starcounterSite();
      const { url } = await begin({ a$: 0, b$: 0 });
      await ask('GET', url);
      await ask('PATCH', url, { body: patch(1, 0, replace('/a$', 1)) });
      const body = [
        patch(1, 0, replace('/a$', 9)),
        patch(2, 1, replace('/a$', 2)),
        patch(3, 1, replace('/b$', 3)),
      ];
      const answer = await ask('PATCH', `${url}/reconnect`, { ...accepting(json), body });
      assert.deepEqual(
        [answer.status, answer.type, answer.text],
        [200, json, '{"_ver#c$":3,"_ver#s":2,"a$":2,"b$":3}'],
      );
      const quiet = await ask('PATCH', `${url}/reconnect`, { body: [] });
      assert.deepEqual([quiet.status, quiet.json], [200, { '_ver#c$': 3, '_ver#s': 3, a$: 2, b$: 3 }]);
    });

    QUnit.test('answers a GET as one with nothing pending (PAL-11)', async (assert) => {
      const { ask, begin } = starcounterSite({}, 0);
      const { url } = await begin({ a$: 0 });
      const answer = await ask('GET', `${url}/reconnect`);
      assert.deepEqual([answer.status, answer.type, answer.json], [200, json, { a$: 0 }]);
      const versioned = starcounterSite();
      const { url: other } = await versioned.begin({ a$: 0 });
      await versioned.ask('GET', other);
      assert.equal(
        (await versioned.ask('GET', `${other}/reconnect`)).text,
        '{"_ver#c$":0,"_ver#s":1,"a$":0}',
      );
    });

    QUnit.test('answers 400 to what is no list of patches', async (assert) => {
      const { ask, begin, sessions } = starcounterSite();
      const { url, id } = await begin({ a$: 0 });
      await ask('GET', url);
      for (const body of [{}, 5, [5], [[]], [patch(1, 0, replace('/a$', 1)), 5], patch(1, 0)]) {
        const answer = await ask('PATCH', `${url}/reconnect`, { body });
        assert.deepEqual([answer.status, answer.json.code], [400, 'patch/malformed'], JSON.stringify(body));
      }
      const many = await ask('PATCH', `${url}/reconnect`, { body: Array.from({ length: 1001 }, () => []) });
      assert.deepEqual([many.status, many.json.code], [413, 'patch/size']);
      assert.deepEqual((await sessions.peek(id))?.data, { a$: 0 });
    });
  });

  QUnit.module('followers', () => {
    QUnit.test('have versions of their own by their names', async (assert) => {
      const { ask, begin } = starcounterSite();
      const { url } = await begin({ a$: 0 });
      for (const name of ['one', 'two']) assert.equal((await ask('GET', `${url}/${name}`)).json['_ver#s'], 0);
      await ask('PATCH', `${url}/one`, { body: patch(1, 0, replace('/a$', 1)) });
      await ask('PATCH', `${url}/one`, { body: patch(2, 1, replace('/a$', 2)) });
      const answer = await ask('PATCH', `${url}/two`, { body: patch(1, 0) });
      assert.deepEqual(answer.json, [...versions(1, 1), replace('/a$', 2)]);
      assert.equal((await ask('PATCH', `${url}/two/reconnect`, { body: [] })).json['_ver#c$'], 1);
    });

    QUnit.test('are refused with names that cannot be: 404', async (assert) => {
      const { ask, begin } = starcounterSite();
      const { url } = await begin({});
      const wrong = [
        '',
        'a b',
        'ü',
        'x'.repeat(65),
        'a/b',
        'reconnect/reconnect',
        'a/reconnect/x',
        'a%20b',
        '.',
      ];
      for (const name of wrong) {
        const answer = await ask('GET', `${url}/${name}`);
        assert.deepEqual([answer.status, answer.json.code], [404, 'request/not-found'], name);
      }
      for (const name of ['a', '_-9Z', 'x'.repeat(64), 'a?x=/y/z']) {
        assert.equal((await ask('GET', `${url}/${name}`)).status, 200, name);
      }
    });

    QUnit.test('too many of them are refused: 429', async (assert) => {
      const { ask, begin, live } = starcounterSite({ live: { mostFollowers: 1, replaces: false } });
      const { url, id } = await begin({});
      const place = await live.followers.followable(id);
      const port = { send() {}, ping() {}, close() {}, terminate() {}, tellDrained() {}, buffered: 0 };
      place.attach('one', 'server-first', port);
      const answer = await ask('GET', `${url}/two`);
      assert.deepEqual([answer.status, answer.json.code], [429, 'request/rate']);
    });
  });

  QUnit.module('whose session it is', () => {
    QUnit.test('is proved by a bearer token: the address has the session’s id', async (assert) => {
      const { ask, begin } = site();
      const { url, bearer } = await begin({ a$: 1 });
      const answer = await ask('GET', url, { headers: bearer });
      assert.deepEqual([answer.status, answer.json.a$], [200, 1]);
      const changed = await ask('PATCH', url, { headers: bearer, body: patch(1, 0, replace('/a$', 2)) });
      assert.deepEqual(changed.json, versions(1, 1));
    });

    QUnit.test('is proved by the cookie; a change says where it comes from, too', async (assert) => {
      const { ask, begin, sessions } = site();
      const { url, id, cookie } = await begin({ a$: 1 });
      assert.equal((await ask('GET', url, { headers: cookie })).status, 200);
      const own = { ...cookie, origin: 'https://app.example', host: 'app.example' };
      const body = patch(1, 0, replace('/a$', 2));
      for (const headers of [
        cookie,
        { ...own, origin: 'https://evil.example' },
        { ...own, 'sec-fetch-site': 'cross-site' },
      ]) {
        const answer = await ask('PATCH', url, { headers, body });
        assert.deepEqual([answer.status, answer.json.code], [403, 'request/origin']);
      }
      assert.deepEqual((await sessions.peek(id))?.data, { a$: 1 });
      assert.equal((await ask('PATCH', url, { headers: own, body })).status, 200);
    });

    QUnit.test(
      'is proved by the secret in the address where there is a uri carrier (SC-40)',
      async (assert) => {
        const { ask, begin } = starcounterSite();
        const { url } = await begin({ a$: 1 });
        const { id } = await begin({});
        // The address goes before all others.
        const answer = await ask('GET', url, { headers: { cookie: `ScSessionCookie=${id}` } });
        assert.equal(answer.json.a$, 1);
      },
    );

    QUnit.test('takes the wire form in the address for the id, of whoever has proved it', async (assert) => {
      const { ask, begin } = site();
      const { wire, bearer } = await begin({ a$: 1 });
      assert.equal((await ask('GET', `/__default/${wire}`, { headers: bearer })).status, 200);
      assert.equal((await ask('GET', `/__default/${wire}`)).status, 401, 'which is no proof here');
    });

    QUnit.test('of somebody else is not there: 404', async (assert) => {
      const { ask, begin } = site();
      const ann = await begin({});
      const bob = await begin({}, 'bob');
      for (const url of [bob.url, `/__default/${bob.wire}`, '/__default/x', `${ann.url}x`]) {
        for (const method of ['GET', 'HEAD', 'PATCH']) {
          const answer = await ask(method, url, { headers: ann.bearer, body: [] });
          assert.deepEqual([answer.status, answer.json.code], [404, 'request/not-found']);
        }
      }
    });

    QUnit.test('without proof is 401, with why', async (assert) => {
      const { ask, begin, clock, sessions } = site();
      const { url, bearer, id } = await begin({});
      const codes = async (headers: { [name: string]: string }) => {
        const answer = await ask('GET', url, { headers });
        return [answer.status, answer.json.code];
      };
      assert.deepEqual(await codes({}), [401, 'token/missing']);
      assert.deepEqual(await codes({ authorization: 'Bearer x' }), [401, 'token/malformed']);
      await sessions.destroy(id);
      assert.deepEqual(await codes(bearer), [401, 'session/not-found']);
      clock.time += 8 * 3_600_000;
      assert.deepEqual(await codes(bearer), [401, 'token/expired']);
    });

    QUnit.test('that is over, or was never there, is 404 at its own address (SC-46)', async (assert) => {
      const { ask, begin, sessions } = starcounterSite();
      const { url, id } = await begin({});
      await sessions.delete(id);
      for (const path of [url, `/__default/${'0'.repeat(24)}`]) {
        for (const [method, rest] of [
          ['GET', ''],
          ['PATCH', ''],
          ['PATCH', '/reconnect'],
        ] as const) {
          const answer = await ask(method, path + rest, { body: [] });
          assert.deepEqual([answer.status, answer.json.code], [404, 'request/not-found']);
        }
      }
    });
  });

  QUnit.module('methods', () => {
    QUnit.test('other than its own are 405, with those that it has', async (assert) => {
      const { ask, begin } = starcounterSite();
      const { url } = await begin({});
      for (const method of ['POST', 'PUT', 'DELETE', 'patch', 'CONNECT']) {
        const answer = await ask(method, url, { body: [] });
        assert.deepEqual([answer.status, answer.headers.allow], [405, 'GET, PATCH, HEAD, OPTIONS'], method);
      }
      const options = await ask('OPTIONS', `${url}/name`);
      assert.deepEqual([options.status, options.headers.allow], [204, 'GET, PATCH, HEAD, OPTIONS']);
    });

    QUnit.test('of listed origins pass the preflight, and no other (S43, S47)', async (assert) => {
      const { ask, begin } = site({ server: { origins: ['https://page.example'] } });
      const { url } = await begin({});
      const preflight = (origin: string) =>
        ask('OPTIONS', url, {
          headers: { origin, host: 'app.example', 'access-control-request-method': 'PATCH' },
        });
      const good = await preflight('https://page.example');
      assert.deepEqual(
        [good.status, good.headers['access-control-allow-methods']],
        [204, 'GET, PATCH, HEAD, OPTIONS'],
      );
      assert.equal((await preflight('https://evil.example')).status, 403);
    });

    QUnit.test('are at its path only', (assert) => {
      const { server } = starcounterSite();
      const owned = ['/__default/x', '/__default/x/y?z', '/__default', '/__default/', '/__other/x', '/x'];
      assert.deepEqual(owned.map(server.owns), [true, true, false, false, false, false]);
    });
  });

  QUnit.module('what goes wrong behind it', () => {
    QUnit.test('a store that is away is 503, and the document as before', async (assert) => {
      const { ask, begin, broken, sessions, failures } = starcounterSite();
      const { url, id } = await begin({ a$: 0 });
      await ask('GET', url);
      broken.add('update');
      const answer = await ask('PATCH', url, { body: patch(1, 0, replace('/a$', 1)) });
      assert.deepEqual([answer.status, answer.json.code, failures.length], [503, 'store/unavailable', 1]);
      broken.clear();
      assert.deepEqual((await sessions.peek(id))?.data, { a$: 0 });
      assert.equal((await ask('GET', url)).json.a$, 0);
    });

    QUnit.test('a session in use is 503 when the wait is over', async (assert) => {
      const { ask, begin, live } = starcounterSite({ live: { waitMs: 0 } });
      const { url, id } = await begin({});
      await live.run(id, async () => {
        // As if from outside.
        const answer = await new Promise<Awaited<ReturnType<typeof ask>>>((resolve) => {
          outside(() => ask('GET', url).then(resolve));
        });
        assert.deepEqual([answer.status, answer.json.code], [503, 'session/busy']);
      });
    });

    QUnit.test('data that is too large is 413, and the document as before', async (assert) => {
      const { ask, begin, sessions } = starcounterSite();
      const { url, id } = await begin({ a$: '', big: 'x'.repeat(262_000) });
      await ask('GET', url);
      const answer = await ask('PATCH', url, { body: patch(1, 0, replace('/a$', 'x'.repeat(200))) });
      assert.deepEqual([answer.status, answer.json.code], [413, 'session/size']);
      assert.equal((await sessions.peek(id))?.data.a$, '');
      assert.equal((await ask('GET', url)).json.a$, '');
    });
  });

  QUnit.module('bad input', () => {
    const deep = (levels: number) => {
      let value: Json = 1;
      for (let level = 0; level < levels; level += 1) value = [value];
      return value;
    };
    const cases: readonly (readonly [what: string, body: unknown, status: number, code: string])[] = [
      ['nothing', '', 400, 'request/malformed'],
      ['no JSON', '[', 400, 'request/malformed'],
      ['no UTF-8', undefined, 400, 'request/malformed'],
      ['no list', {}, 400, 'patch/malformed'],
      ['a number', 5, 400, 'patch/malformed'],
      ['null', 'null', 400, 'patch/malformed'],
      ['operations that are none', [1, null, 'x'], 400, 'patch/malformed'],
      ['no versions', [replace('/a$', 1)], 400, 'patch/malformed'],
      ['versions in the wrong order', [...patch(1, 0)].reverse(), 400, 'patch/malformed'],
      [
        'an unknown operation',
        patch(1, 0, { op: 'swap' as 'add', path: '/a$', value: 1 }),
        400,
        'patch/malformed',
      ],
      [
        'an operation without a value',
        patch(1, 0, { op: 'replace', path: '/a$' } as never),
        400,
        'patch/malformed',
      ],
      ['a path that is none', patch(1, 0, replace('a$', 1)), 400, 'patch/malformed'],
      ['a path with a bad escape', patch(1, 0, replace('/a~2', 1)), 400, 'patch/malformed'],
      ['move', patch(1, 0, { op: 'move', from: '/a$', path: '/b$' } as never), 400, 'request/forbidden'],
      ['copy', patch(1, 0, { op: 'copy', from: '/a$', path: '/b$' } as never), 400, 'request/forbidden'],
      ['test', patch(1, 0, { op: 'test', path: '/a$', value: 1 }), 400, 'request/forbidden'],
      ['the document itself', patch(1, 0, replace('', {})), 400, 'request/forbidden'],
      ['a place that is not there', patch(1, 0, replace('/x$', 1)), 400, 'patch/conflict'],
      ['/__proto__', patch(1, 0, replace('/__proto__', 1)), 400, 'patch/malformed'],
      ['/__proto__/x', patch(1, 0, replace('/__proto__/x', 1)), 400, 'patch/malformed'],
      [
        '/constructor/prototype/x',
        patch(1, 0, replace('/constructor/prototype/x', 1)),
        400,
        'patch/conflict',
      ],
      ['/list/length', patch(1, 0, replace('/list$/length', 9)), 400, 'patch/conflict'],
      ['an index that is none', patch(1, 0, replace('/list$/01', 9)), 400, 'patch/conflict'],
      ['an item behind the end', patch(1, 0, replace('/list$/9', 9)), 400, 'patch/conflict'],
      ['a key __proto__', '[{"op":"add","path":"/b","value":{"__proto__":1}}]', 400, 'request/malformed'],
      ['a version of the server from the future', patch(1, 7), 400, 'patch/conflict'],
      ['a negative version', patch(-1, 0), 400, 'patch/malformed'],
      ['a negative version of the server', patch(1, -1), 400, 'patch/malformed'],
      ['a fractional version', patch(1.5, 0), 400, 'patch/malformed'],
      ['a fractional version of the server', patch(1, 0.5), 400, 'patch/malformed'],
      ['a version that is no number', patch('1' as never, 0), 400, 'patch/malformed'],
      ['a version that is no safe number', patch(2 ** 53, 0), 400, 'patch/malformed'],
      ['a path of 65 parts', patch(1, 0, replace('/a'.repeat(65), 1)), 413, 'patch/size'],
      ['a value 65 levels deep', patch(1, 0, replace('/b', deep(65))), 413, 'patch/size'],
      ['100,000 operations', Array.from({ length: 100_000 }, () => ({})), 413, 'patch/size'],
      ['1,001 operations', patch(1, 0, ...Array(999).fill(replace('/a$', 1))), 413, 'patch/size'],
      ['a body over the limit', ' '.repeat(1_048_577), 413, 'request/size'],
      [
        'a patch far ahead of its turn, and large',
        patch(50, 0, replace('/a$', 'x'.repeat(300_000))),
        413,
        'patch/size',
      ],
    ];
    for (const [what, body, status, code] of cases) {
      QUnit.test(`${what}: ${status} ${code}, and the document as before`, async (assert) => {
        const { ask, begin, server, sessions } = starcounterSite({ server: { bodyLimit: 1_048_576 } });
        const data = { a$: 1, b: 1, list$: [1, 2] };
        const { url, id } = await begin(data);
        await ask('GET', url);
        const version = (await sessions.peek(id))?.version;
        const answer =
          body === undefined
            ? await server
                .handle({
                  method: 'PATCH',
                  url,
                  secure: false,
                  address: '127.0.0.1',
                  connection: undefined,
                  header: () => undefined,
                  body: async () => new Uint8Array([0x5b, 0xff, 0x5d]),
                })
                .then(({ status, body = '' }) => ({ status, json: JSON.parse(body) }))
            : await ask('PATCH', url, { body });
        assert.deepEqual([answer.status, answer.json.status, answer.json.code], [status, status, code]);
        const after = await sessions.peek(id);
        assert.deepEqual([after?.data, after?.version], [data, version]);
        const { '_ver#c$': client, '_ver#s': _, ...shown } = (await ask('GET', url)).json;
        assert.deepEqual([client, shown], [0, data]);
        assert.equal(({} as { x?: number }).x, undefined);
      });
    }

    QUnit.test(
      'a wrong type is left out, and the true value comes back; strict refuses it (SC-91)',
      async (assert) => {
        for (const [flags, status, data] of [
          [2, 200, { n$: 1, a$: 'new' }],
          [6, 400, { n$: 1, a$: '' }],
        ] as const) {
          const { ask, begin, sessions } = starcounterSite({}, flags);
          const { url, id } = await begin({ n$: 1, a$: '' });
          await ask('GET', url);
          const body = patch(1, 0, replace('/n$', 'invalid'), replace('/a$', 'new'));
          const answer = await ask('PATCH', url, { body });
          assert.equal(answer.status, status);
          if (status === 200) assert.deepEqual(answer.json.slice(2), [replace('/n$', 1)]);
          assert.deepEqual((await sessions.peek(id))?.data, data);
        }
      },
    );

    QUnit.test('a prototype is out of reach for those who may do all (S69)', async (assert) => {
      const { ask, begin, sessions } = starcounterSite({ live: { policy: anyEdit } });
      const { url, id } = await begin({ a: {} });
      await ask('GET', url);
      let n = 0;
      for (const path of ['/__proto__', '/a/__proto__', '/__proto__/x', '/a/constructor/x']) {
        n += 1;
        const answer = await ask('PATCH', url, { body: patch(n, 0, { op: 'add', path, value: { x: 1 } }) });
        assert.true(answer.status === 400 || answer.status === 200, `${path} ${answer.status}`);
        if (answer.status !== 200) n -= 1;
      }
      assert.deepEqual([({} as { x?: number }).x, (await sessions.peek(id))?.data], [undefined, { a: {} }]);
    });
  });
});
