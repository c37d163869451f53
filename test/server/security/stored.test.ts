import QUnit from 'qunit';
import { defaultCost, hashPassword, parsePasswordHash } from '../../../src/server/passwords.js';
import { authenticateWith, parseUsers } from '../../../src/server/users.js';
import { password } from '../fixture.js';
import { bearer, bodyOf, cookieOf, watched } from './watched.js';

/** So that no test waits for it. */
const small = { ln: 10, r: 1, p: 1 };
const json = { 'content-type': 'application/json' };
const megabyte = 'x'.repeat(1_000_000);

QUnit.module('server/security › stored', () => {
  QUnit.test('S78 keeps neither the password nor its hash with the session', async (assert) => {
    const hash = await hashPassword(password, small);
    const users = parseUsers(`ada:${hash}:{"name":"Ada"}`);
    const { signIn, store } = watched({ server: { authenticate: authenticateWith(users) } });
    const answer = await signIn();
    assert.equal(answer.status, 201);
    const record = await store.get(bodyOf(answer).session.id);
    assert.deepEqual([record?.uid, record?.userData], ['ada', { name: 'Ada' }]);
    const { salt = '', hash: digest = '' } = parsePasswordHash(hash) ?? {};
    const [salted, digested] = [salt, digest].map((bytes) =>
      Buffer.from(bytes).toString('base64').slice(0, 20),
    );
    for (const text of [JSON.stringify(record), JSON.stringify(answer)]) {
      for (const hidden of [password, hash, 'scrypt', salted, digested]) {
        assert.false(hidden === undefined || hidden === '' || text.includes(hidden));
      }
    }
  });

  QUnit.test('S78 checks passwords with scrypt at a cost of 16 MiB and more', (assert) => {
    const { ln, r, p } = defaultCost;
    assert.true(128 * r * 2 ** ln >= 16 * 1024 * 1024);
    // OWASP's cheat sheet on passwords: N=2^14, r=8, p=5 is among the least.
    assert.true(2 ** ln * r * p >= 2 ** 14 * 8 * 5);
  });

  QUnit.test(
    'S79 refuses to write 1 MB through the door with 413, and keeps what was there',
    async (assert) => {
      for (const bodyLimit of [16_384, 1_048_576]) {
        const { signIn, send, store } = watched({
          server: { bodyLimit, dataAccess: 'read-write', requireIfMatch: false },
        });
        const { token, session } = bodyOf(await signIn());
        const headers = { ...json, ...bearer(token) };
        const ask = (method: string, type: string, body: unknown) =>
          send(method, '/session/data', {
            headers: { ...headers, 'content-type': type },
            body: JSON.stringify(body),
          });
        assert.equal((await ask('PUT', 'application/json', { a: 'kept' })).status, 204);
        const answers = [
          await ask('PUT', 'application/json', { a: megabyte }),
          await ask('PATCH', 'application/merge-patch+json', { a: megabyte }),
          await ask('PATCH', 'application/json-patch+json', [{ op: 'add', path: '/a', value: megabyte }]),
        ];
        const code = bodyLimit === 16_384 ? 'request/size' : 'session/size';
        assert.deepEqual(
          answers.map((answer) => [answer.status, bodyOf(answer).code]),
          [1, 2, 3].map(() => [413, code]),
        );
        assert.deepEqual((await store.get(session.id))?.data, { a: 'kept' });
      }
    },
  );

  QUnit.test('S79 lets no patch double what is there until it is too much', async (assert) => {
    const { signIn, send, store } = watched({
      server: { dataAccess: 'read-write', requireIfMatch: false },
    });
    const { token, session } = bodyOf(await signIn());
    const headers = { 'content-type': 'application/json-patch+json', ...bearer(token) };
    let last = 200;
    for (let round = 0; round < 30 && last === 200; round += 1) {
      const body = JSON.stringify(
        round === 0
          ? [{ op: 'add', path: '/a', value: ['x'.repeat(1000)] }]
          : [
              { op: 'copy', from: '/a', path: '/b' },
              { op: 'add', path: '/a/-', value: {} },
              { op: 'move', from: '/b', path: `/a/${round}` },
            ],
      );
      last = (await send('PATCH', '/session/data', { headers, body })).status;
    }
    assert.equal(last, 413);
    assert.true(JSON.stringify((await store.get(session.id))?.data).length <= 262_144);
  });

  QUnit.test('S79 answers 413 when the handler of a host keeps too much', async (assert) => {
    const { server, signIn, requestOf, store } = watched({ server: { signInBy: 'carriers' } });
    const answer = await signIn();
    const request = requestOf('GET', '/', { headers: { cookie: `__Host-session=${cookieOf(answer)}` } });
    const current = await server.open(request);
    try {
      await current.save({ a: megabyte });
      assert.true(false, 'it was stored');
    } catch (error) {
      const refused = server.refuse(error, request);
      assert.deepEqual([refused.status, bodyOf(refused).code], [413, 'session/size']);
    }
    assert.deepEqual((await store.get(bodyOf(answer).session.id))?.data, {});
  });

  QUnit.test(
    'S79 S6 refuses what no header of ours has the length of, without asking the store',
    async (assert) => {
      const { get, store } = watched();
      let asked = 0;
      const { get: inner } = store;
      Object.assign(store, {
        get: (...args: Parameters<typeof inner>) => {
          asked += 1;
          return inner(...args);
        },
      });
      for (const length of [10_000, 1_000_000]) {
        assert.equal((await get(bearer('x'.repeat(length)))).status, 401);
        assert.equal((await get({ cookie: `__Host-session=${'x'.repeat(length)}` })).status, 401);
      }
      const many = Array.from({ length: 1000 }, (_, index) => `__Host-session=x${index}`).join('; ');
      assert.equal((await get({ cookie: many })).status, 401);
      assert.equal(asked, 0);
    },
  );
});
