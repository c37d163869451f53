import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import QUnit from 'qunit';
import { SessionError } from '../../src/protocol/errors.js';
import { formatPasswordHash } from '../../src/server/passwords.js';
import { authenticateWith, parseUsers } from '../../src/server/users.js';

const cost = { ln: 10, r: 1, p: 1 };
const salt = Buffer.from('sixteen bytes ok');
const hash = formatPasswordHash({
  ...cost,
  salt,
  hash: crypto.scryptSync('secret', salt, 32, { N: 2 ** cost.ln, r: cost.r, p: cost.p }),
});

QUnit.module('server/users', () => {
  QUnit.test('reads one user a line, and skips comments and empty lines', (assert) => {
    const users = parseUsers(
      `\uFEFF# people\r\n\r\nada:${hash}\r\n  bob:${hash}:{"name":"Bob: the builder"}\n`,
    );
    assert.deepEqual([...users.keys()], ['ada', 'bob']);
    assert.deepEqual(users.get('ada')?.userData, {});
    assert.deepEqual(users.get('bob')?.userData, { name: 'Bob: the builder' });
  });

  for (const [what, line] of [
    ['without a hash', 'ada'],
    ['with a plain password', 'ada:hunter2'],
    ['without a name', `:${hash}`],
    ['with an overlong name', `${'a'.repeat(257)}:${hash}`],
    ['with broken JSON', `ada:${hash}:{"hunter2"}`],
    ['with JSON that is no object', `ada:${hash}:["hunter2"]`],
    ['with a name that an earlier line has', `bob:${hash}`],
  ] as const) {
    QUnit.test(`refuses a line ${what} by its number alone`, (assert) => {
      assert.throws(
        () => parseUsers(`bob:${hash}\n\n${line}`),
        (error: unknown) =>
          error instanceof SessionError &&
          error.code === 'config/invalid' &&
          error.message.startsWith('Line 3 of the users file') &&
          !/hunter2|ada|scrypt/.test(error.message),
      );
    });
  }

  QUnit.test('signs in who knows the password', async (assert) => {
    const authenticate = authenticateWith(parseUsers(`ada:${hash}:{"name":"Ada"}`));
    assert.deepEqual(await authenticate({ username: 'ada', password: 'secret' }), {
      id: 'ada',
      userData: { name: 'Ada' },
    });
    assert.strictEqual(await authenticate({ username: 'ada', password: 'Secret' }), null);
  });

  QUnit.test('S66 works as hard for a name that nobody has', async (assert) => {
    const { scrypt } = crypto;
    const costs: unknown[] = [];
    Object.assign(crypto, {
      scrypt: (...args: Parameters<typeof scrypt>) => {
        costs.push([args[2], args[3]]);
        scrypt(...args);
      },
    });
    syncBuiltinESMExports();
    try {
      const authenticate = authenticateWith(parseUsers(`ada:${hash}`));
      for (const username of ['ada', 'nobody', '__proto__', 'constructor']) {
        assert.strictEqual(await authenticate({ username, password: 'wrong' }), null);
      }
    } finally {
      Object.assign(crypto, { scrypt });
      syncBuiltinESMExports();
    }
    assert.equal(costs.length, 4);
    for (const each of costs) assert.deepEqual(each, costs[0]);
  });

  QUnit.test('signs in nobody when there are no users', async (assert) => {
    assert.strictEqual(await authenticateWith(new Map())({ username: 'a', password: 'b' }), null);
  });
});
