import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import QUnit from 'qunit';
import { nodeHandler } from '../../../../src/server/adapters/node.js';
import type { Conflicts } from '../../../../src/server/core/sessions-options.js';
import type { SessionStore } from '../../../../src/server/core/store.js';
import { memoryStore } from '../../../../src/server/stores/memory.js';
import type { FixtureOptions } from '../../fixture.js';
import { resourceFixture, type Sent } from './plain.js';

const url = '/session/data';
const json = { 'content-type': 'application/json' };
const merge = { 'content-type': 'application/merge-patch+json' };
const patch = { 'content-type': 'application/json-patch+json' };
const first = { 'if-match': '"1"' };

const writable = (options: FixtureOptions = {}) =>
  resourceFixture({ ...options, server: { dataAccess: 'read-write', ...options.server } });

/** A store whose next update does something else. */
function storeWith(update: (store: SessionStore) => SessionStore['update']): SessionStore {
  const store = memoryStore();
  return { ...store, update: update(store) };
}

QUnit.module('server/http/resources/data', () => {
  QUnit.module('GET', () => {
    QUnit.test('answers with the data and its version as a strong ETag', async (assert) => {
      const { signIn } = resourceFixture();
      const answer = await (await signIn()).send('GET', url);
      assert.deepEqual([answer.status, answer.json], [200, { colour: 'red' }]);
      assert.equal(answer.headers.etag, '"1"');
      assert.equal(answer.headers['content-type'], 'application/json');
      assert.equal(answer.headers['cache-control'], 'no-store');
    });

    QUnit.test('answers 401 without a session', async (assert) => {
      const { send } = resourceFixture();
      assert.equal((await send('GET', url)).json.code, 'token/missing');
    });

    for (const [header, status] of [
      ['"1"', 304],
      ['W/"1"', 304],
      ['*', 304],
      ['"0", "1"', 304],
      ['"2"', 200],
      ['1', 200],
      ['"11"', 200],
      ['', 200],
    ] as const) {
      QUnit.test(`answers ${status} to If-None-Match: ${header}`, async (assert) => {
        const { signIn } = resourceFixture();
        const answer = await (await signIn()).send('GET', url, { headers: { 'if-none-match': header } });
        assert.deepEqual([answer.status, answer.headers.etag], [status, '"1"']);
        assert.equal(answer.json === undefined, status === 304);
      });
    }

    QUnit.test('moves the ETag with a save, and not with an access', async (assert) => {
      const { signIn, sessions, clock } = resourceFixture();
      const ada = await signIn();
      clock.time += 1000;
      assert.equal((await ada.send('GET', url)).headers.etag, '"1"');
      await (await sessions.get(ada.id)).save();
      assert.equal((await ada.send('GET', url)).headers.etag, '"2"');
    });
  });

  QUnit.module('dataAccess', () => {
    QUnit.test('lets a client read and not write, by default', async (assert) => {
      const { signIn, sessions } = resourceFixture();
      const ada = await signIn();
      for (const method of ['PUT', 'PATCH']) {
        const answer = await ada.send(method, url, { headers: { ...json, ...first }, body: '{}' });
        assert.deepEqual([answer.status, answer.headers.allow], [405, 'GET, HEAD, OPTIONS']);
      }
      assert.deepEqual((await sessions.get(ada.id)).data, { colour: 'red' });
    });

    QUnit.test('leaves the path to the host when it is none', async (assert) => {
      const { server, signIn } = resourceFixture({ server: { dataAccess: 'none' } });
      assert.false(server.owns(url));
      assert.equal((await (await signIn()).send('GET', url)).status, 404);
    });

    QUnit.test('stands below the url of the session', (assert) => {
      const { server } = resourceFixture({ server: { url: '/api/me' } });
      assert.true(server.owns('/api/me/data?x'));
      assert.false(server.owns('/session/data'));
    });
  });

  QUnit.module('PUT', () => {
    QUnit.test('replaces the data and answers 204 with the new ETag', async (assert) => {
      const { signIn, sessions } = writable();
      const ada = await signIn();
      const answer = await ada.send('PUT', url, { headers: { ...json, ...first }, body: '{"a":[1]}' });
      assert.deepEqual([answer.status, answer.headers.etag, answer.json], [204, '"2"', undefined]);
      assert.deepEqual((await sessions.get(ada.id)).data as object, { a: [1] });
    });

    QUnit.test('S69 writes nothing but the data', async (assert) => {
      const { signIn, sessions } = writable();
      const ada = await signIn();
      const body = '{"uid":"eve","id":"x","userData":{"admin":true},"created":0,"data":1,"labels":{"a":"b"}}';
      assert.equal((await ada.send('PUT', url, { headers: { ...json, ...first }, body })).status, 204);
      const { uid, id, userData, created, labels, data } = await sessions.get(ada.id);
      assert.deepEqual({ uid, id, userData, labels }, { uid: 'ada', id: ada.id, userData: {}, labels: {} });
      assert.notEqual(created, 0);
      assert.deepEqual(data, JSON.parse(body));
    });

    for (const body of ['', '{', 'null', '7', '"x"', '[]', '{"a":1}x', '{"__proto__":{"x":1}}'].concat(
      '{"a":[{"__proto__":1}]}',
      '{"a":{"\\u005f_proto__":1}}',
      `${'['.repeat(8000)}${']'.repeat(8000)}`,
    )) {
      QUnit.test(`S69 answers 400 to ${body.slice(0, 30)}`, async (assert) => {
        const { signIn, sessions } = writable();
        const ada = await signIn();
        const answer = await ada.send('PUT', url, { headers: { ...json, ...first }, body });
        assert.deepEqual([answer.status, answer.json.code], [400, 'request/malformed']);
        assert.equal((await sessions.get(ada.id)).version, 1);
      });
    }

    QUnit.test('takes a key whose value looks like a bad key', async (assert) => {
      const { signIn } = writable();
      const body = '{"a":"__proto__","constructor":"\\u0041"}';
      const answer = await (await signIn()).send('PUT', url, { headers: { ...json, ...first }, body });
      assert.equal(answer.status, 204);
    });
  });

  QUnit.module('PATCH', () => {
    QUnit.test('merges a merge patch and answers with the data and its ETag', async (assert) => {
      const { signIn, sessions } = writable();
      const ada = await signIn();
      const body = '{"colour":null,"size":"L"}';
      const answer = await ada.send('PATCH', url, { headers: { ...merge, ...first }, body });
      assert.deepEqual([answer.status, answer.headers.etag, answer.json], [200, '"2"', { size: 'L' }]);
      assert.deepEqual((await sessions.get(ada.id)).data, { size: 'L' });
    });

    QUnit.test('applies a JSON Patch and answers with the data and its ETag', async (assert) => {
      const { signIn, sessions } = writable();
      const ada = await signIn();
      const body =
        '[{"op":"test","path":"/colour","value":"red"},{"op":"move","from":"/colour","path":"/c"}]';
      const answer = await ada.send('PATCH', url, {
        headers: { 'content-type': 'Application/JSON-Patch+json; charset=utf-8', ...first },
        body,
      });
      assert.deepEqual([answer.status, answer.headers.etag, answer.json], [200, '"2"', { c: 'red' }]);
      assert.deepEqual((await sessions.get(ada.id)).data, { c: 'red' });
    });

    QUnit.test('writes nothing for a patch that changes nothing', async (assert) => {
      const { signIn } = writable();
      const ada = await signIn();
      for (const [headers, body] of [
        [merge, '{"colour":"red"}'],
        [patch, '[{"op":"test","path":"/colour","value":"red"}]'],
      ] as const) {
        const answer = await ada.send('PATCH', url, { headers: { ...headers, ...first }, body });
        assert.deepEqual([answer.status, answer.headers.etag], [200, '"1"']);
      }
    });

    const op = (...operations: readonly object[]) => JSON.stringify(operations);
    const refused: readonly (readonly [string, Sent['headers'], string, number, string])[] = [
      ['no list', patch, '{}', 400, 'patch/malformed'],
      ['an unknown operation', patch, op({ op: 'give', path: '/a' }), 400, 'patch/malformed'],
      [
        'a pointer to a prototype',
        patch,
        op({ op: 'add', path: '/__proto__/x', value: 1 }),
        400,
        'patch/malformed',
      ],
      ['broken JSON', patch, '[', 400, 'request/malformed'],
      ['a key __proto__', merge, '{"__proto__":{"x":1}}', 400, 'request/malformed'],
      ['data that would be no object', merge, '7', 400, 'patch/malformed'],
      [
        'data that would be a list',
        patch,
        op({ op: 'replace', path: '', value: [] }),
        400,
        'patch/malformed',
      ],
      ['a test that fails', patch, op({ op: 'test', path: '/colour', value: 'blue' }), 409, 'patch/conflict'],
      ['no such place', patch, op({ op: 'remove', path: '/size' }), 409, 'patch/conflict'],
      [
        'a protected field, which is not there',
        patch,
        op({ op: 'replace', path: '/uid', value: 'eve' }),
        409,
        'patch/conflict',
      ],
      ['too many operations', patch, op(...Array(1001).fill(0)), 413, 'patch/size'],
      ['a long body', patch, ' '.repeat(16_385), 413, 'request/size'],
    ];
    for (const [what, headers, body, status, code] of refused) {
      QUnit.test(`S67 S69 answers ${status} ${code} to ${what}, and writes nothing`, async (assert) => {
        const { signIn, sessions } = writable();
        const ada = await signIn();
        const answer = await ada.send('PATCH', url, { headers: { ...headers, ...first }, body });
        assert.deepEqual([answer.status, answer.json.code], [status, code]);
        const { data, version } = await sessions.get(ada.id);
        assert.deepEqual([data, version], [{ colour: 'red' }, 1]);
      });
    }

    QUnit.test('S67 applies none of the operations when the last one fails', async (assert) => {
      const { signIn, sessions } = writable();
      const ada = await signIn();
      const body = op({ op: 'add', path: '/a', value: 1 }, { op: 'remove', path: '/nowhere' });
      assert.equal((await ada.send('PATCH', url, { headers: { ...patch, ...first }, body })).status, 409);
      assert.deepEqual((await sessions.get(ada.id)).data, { colour: 'red' });
    });

    QUnit.test('S67 leaves all or nothing when the store fails', async (assert) => {
      for (const [store, left] of [
        [storeWith(() => () => Promise.reject(new Error('down'))), { colour: 'red' }],
        [
          storeWith((inner) => async (...args) => {
            await inner.update(...args);
            throw new Error('the answer was lost');
          }),
          { a: 1, b: 2, colour: 'red' },
        ],
      ] as const) {
        const { signIn, sessions, failures } = writable({ store });
        const ada = await signIn();
        const body = op({ op: 'add', path: '/a', value: 1 }, { op: 'add', path: '/b', value: 2 });
        const answer = await ada.send('PATCH', url, { headers: { ...patch, ...first }, body });
        assert.deepEqual([answer.status, answer.json.code], [503, 'store/unavailable']);
        assert.equal(answer.headers.etag, undefined);
        assert.equal(failures.length, 1);
        assert.deepEqual((await sessions.get(ada.id)).data as object, left);
      }
    });

    QUnit.test('S79 answers 413 to data that would be too large', async (assert) => {
      const { signIn } = writable({ sessions: { dataLimit: 100 } });
      const body = JSON.stringify({ a: 'x'.repeat(100) });
      const ada = await signIn();
      for (const [method, headers] of [
        ['PUT', json],
        ['PATCH', merge],
      ] as const) {
        const answer = await ada.send(method, url, { headers: { ...headers, ...first }, body });
        assert.deepEqual([answer.status, answer.json.code], [413, 'session/size']);
      }
    });
  });

  QUnit.module('content type', () => {
    for (const [method, type] of [
      ['PUT', 'text/plain'],
      ['PUT', 'application/merge-patch+json'],
      ['PUT', ''],
      ['PATCH', 'application/json'],
      ['PATCH', 'text/plain'],
      ['PATCH', 'application/json-patch'],
      ['PATCH', ''],
    ] as const) {
      QUnit.test(`S44 answers 415 to ${method} with ${type || 'none'}`, async (assert) => {
        const { signIn } = writable();
        const answer = await (await signIn()).send(method, url, {
          headers: { ...first, 'content-type': type },
          body: () => Promise.reject(new Error('was read')),
        });
        assert.deepEqual([answer.status, answer.json.code], [415, 'request/type']);
        assert.equal(
          answer.headers['accept-patch'],
          method === 'PATCH' ? 'application/merge-patch+json, application/json-patch+json' : undefined,
        );
      });
    }
  });

  QUnit.module('If-Match', () => {
    const changes = [
      ['PUT', json, '{"colour":"blue"}'],
      ['PATCH', merge, '{"colour":"blue"}'],
      ['PATCH', patch, '[{"op":"add","path":"/colour","value":"blue"}]'],
    ] as const;
    const table = [
      [undefined, true, 428, 'request/precondition-required'],
      [undefined, false, 0, undefined],
      ['"1"', true, 0, undefined],
      ['"1"', false, 0, undefined],
      ['"0","1"', true, 0, undefined],
      ['*', true, 0, undefined],
      ['"2"', true, 412, 'request/precondition'],
      ['"2"', false, 412, 'request/precondition'],
      ['"0"', true, 412, 'request/precondition'],
      ['W/"1"', true, 412, 'request/precondition'],
      ['1', true, 412, 'request/precondition'],
      ['', true, 412, 'request/precondition'],
      ['"01"', true, 412, 'request/precondition'],
      ['"1', true, 412, 'request/precondition'],
    ] as const;
    for (const [method, type, body] of changes) {
      for (const [ifMatch, requireIfMatch, status, code] of table) {
        const rule = requireIfMatch ? '' : ' where it is not required';
        const kind = type['content-type'].replace('application/', '');
        QUnit.test(
          `S68 ${method} ${kind}, ${ifMatch ?? 'none'}${rule}: ${code ?? 'writes'}`,
          async (assert) => {
            const { signIn, sessions } = writable({ server: { requireIfMatch } });
            const ada = await signIn();
            const headers = { ...type, ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }) };
            const answer = await ada.send(method, url, { headers, body });
            assert.equal(answer.status, status || (method === 'PUT' ? 204 : 200));
            assert.equal(answer.json?.code, code);
            const { data } = await sessions.get(ada.id);
            assert.deepEqual(data, { colour: code === undefined ? 'blue' : 'red' });
          },
        );
      }

      for (const conflicts of ['merge', 'reject', 'last-writer-wins'] satisfies Conflicts[]) {
        for (const [ifMatch, status, code] of [
          ['"1"', 412, 'request/precondition'],
          ['*', 409, 'session/conflict'],
        ] as const) {
          const kind = type['content-type'].replace('application/', '');
          const title = `S68 ${method} ${kind}, ${ifMatch}: ${status} when somebody else saves first (${conflicts})`;
          QUnit.test(title, async (assert) => {
            const { signIn, sessions } = writable({ sessions: { conflicts } });
            const ada = await signIn();
            const answer = await ada.send(method, url, {
              headers: { ...type, 'if-match': ifMatch },
              // The session has been found when the body is read.
              async body() {
                const theirs = await sessions.get(ada.id);
                theirs.data = { colour: 'red', other: 'theirs' };
                await theirs.save();
                return body;
              },
            });
            assert.deepEqual([answer.status, answer.json.code], [status, code]);
            const { data, version } = await sessions.get(ada.id);
            assert.deepEqual([data, version], [{ colour: 'red', other: 'theirs' }, 2]);
          });
        }
      }

      QUnit.test(`S20 ${method} does not revive what ended meanwhile`, async (assert) => {
        const { signIn, sessions } = writable();
        const ada = await signIn();
        const answer = await ada.send(method, url, {
          headers: { ...type, ...first },
          async body() {
            await sessions.destroy(ada.id);
            return body;
          },
        });
        assert.deepEqual([answer.status, answer.json.code], [401, 'session/not-found']);
        assert.equal(await sessions.count(), 0);
      });
    }

    QUnit.test('S68 lets one of many writers with the same tag win', async (assert) => {
      const { signIn, sessions } = writable();
      const ada = await signIn();
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          ada.send('PUT', url, { headers: { ...json, ...first }, body: `{"n":"${index}"}` }),
        ),
      );
      const winners = answers.filter(({ status }) => status === 204);
      assert.equal(winners.length, 1);
      assert.true(answers.every(({ status }) => status === 204 || status === 412));
      const { data, version } = await sessions.get(ada.id);
      assert.deepEqual(
        [data, version],
        [{ n: String(answers.findIndex(({ status }) => status === 204)) }, 2],
      );
    });
  });

  QUnit.test('S42 refuses a change that a page elsewhere asks for', async (assert) => {
    const { signIn, sessions } = writable();
    const ada = await signIn();
    const headers = { ...json, ...first, 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
    const answer = await ada.send('PUT', url, { headers, body: '{}' });
    assert.deepEqual([answer.status, answer.json.code], [403, 'request/origin']);
    assert.deepEqual((await sessions.get(ada.id)).data, { colour: 'red' });
  });

  QUnit.test('goes over real HTTP: GET, 304, HEAD, PUT, PATCH', async (assert) => {
    const { server: sessionServer, tokens, sessions } = writable();
    const session = await sessions.create({ colour: 'red' }, { id: 'ada' });
    const authorization = `Bearer ${await tokens.issue(session)}`;
    const server = createServer(nodeHandler(sessionServer));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const send = async (method: string, headers: { [name: string]: string } = {}, body?: string) => {
      const answer = await fetch(`http://127.0.0.1:${port}${url}`, {
        method,
        headers: { authorization, ...headers },
        ...(body === undefined ? {} : { body }),
      });
      return [answer.status, answer.headers.get('etag'), await answer.text()];
    };
    try {
      assert.deepEqual(await send('GET'), [200, '"1"', '{"colour":"red"}']);
      // fetch would add `cache-control: no-cache` of its own; the answer is the same.
      assert.deepEqual(await send('GET', { 'if-none-match': '"1"' }), [304, '"1"', '']);
      assert.deepEqual(await send('HEAD'), [200, '"1"', '']);
      assert.deepEqual(await send('HEAD', { 'if-none-match': '"1"' }), [304, '"1"', '']);
      assert.deepEqual(await send('PUT', { ...json, ...first }, '{"a":"1"}'), [204, '"2"', '']);
      assert.deepEqual(await send('PATCH', { ...merge, 'if-match': '"2"' }, '{"b":"2"}'), [
        200,
        '"3"',
        '{"a":"1","b":"2"}',
      ]);
      assert.deepEqual((await send('PATCH', { ...merge, 'if-match': '"2"' }, '{"b":"3"}'))[0], 412);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
