import QUnit from 'qunit';
import { hashPassword, parsePasswordHash, verifyPassword } from '../../src/server/passwords.js';
import { codeOf } from './fixture.js';

const cheap = { ln: 10, r: 1, p: 1 };

async function hashed(password: string) {
  const hash = parsePasswordHash(await hashPassword(password, cheap));
  if (hash === undefined) throw new Error('hashPassword made a line that parsePasswordHash does not read');
  return hash;
}

QUnit.module('server/passwords', () => {
  QUnit.test('S78 knows the password again, and no other', async (assert) => {
    const hash = await hashed('correct horse');
    assert.true(await verifyPassword('correct horse', hash));
    for (const wrong of ['', 'correct hors', 'correct horse ', 'Correct horse']) {
      assert.false(await verifyPassword(wrong, hash), wrong);
    }
  });

  QUnit.test('takes the same letters in another encoding for the same password', async (assert) => {
    assert.true(await verifyPassword('re\u0301sume\u0301', await hashed('r\u00e9sum\u00e9')));
  });

  QUnit.test('S78 costs 16 MiB by default and salts each hash', async (assert) => {
    const [one, two] = [await hashPassword('same'), await hashPassword('same')];
    assert.true(/^\$scrypt\$ln=14,r=8,p=5\$[\w+/]{22}\$[\w+/]{43}$/.test(one), one);
    assert.notEqual(one.split('$')[3], two.split('$')[3]);
    assert.false(one.includes('same'));
  });

  QUnit.test('reproduces a vector of RFC 7914 §12', async (assert) => {
    const salt = Buffer.from('NaCl'.padEnd(16, '.')).toString('base64').replace(/=+$/, '');
    const line = `$scrypt$ln=10,r=8,p=16$${salt}$${'A'.repeat(43)}`;
    const vector = parsePasswordHash(line);
    const hash = Buffer.from(
      'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640',
      'hex',
    );
    // The vector's salt is shorter than a line may hold, so it is put in behind the parser.
    assert.true(
      vector !== undefined &&
        (await verifyPassword('password', { ...vector, salt: Buffer.from('NaCl'), hash })),
    );
  });

  const salt = 'A'.repeat(22);
  const hash = 'A'.repeat(43);
  for (const line of [
    '',
    'plain text',
    `$scrypt$ln=31,r=8,p=1$${salt}$${hash}`,
    `$scrypt$ln=16,r=16,p=1$${salt}$${hash}`,
    `$scrypt$ln=16,r=8,p=16$${salt}$${hash}`,
    `$scrypt$ln=9,r=8,p=1$${salt}$${hash}`,
    `$scrypt$ln=14,r=0,p=1$${salt}$${hash}`,
    `$scrypt$ln=14,r=99,p=1$${salt}$${hash}`,
    `$scrypt$ln=-1,r=8,p=1$${salt}$${hash}`,
    `$scrypt$ln=1e1,r=8,p=1$${salt}$${hash}`,
    `$scrypt$ln=14,r=8,p=1$${salt}$`,
    `$scrypt$ln=14,r=8,p=1$$${hash}`,
    `$scrypt$ln=14,r=8,p=1$${salt}$${hash}\n`,
    `$scrypt$ln=14,r=8,p=1$${salt}$${'A'.repeat(9999)}`,
    `$argon2id$v=19$m=65536,t=3,p=4$${salt}$${hash}`,
  ]) {
    QUnit.test(
      `refuses the line ${JSON.stringify(line.slice(0, 40))} of ${line.length} characters`,
      (assert) => {
        assert.strictEqual(parsePasswordHash(line), undefined);
      },
    );
  }

  QUnit.test('refuses to hash at a cost that it would not verify', async (assert) => {
    assert.equal(await codeOf(() => hashPassword('x', { ln: 20, r: 8, p: 1 })), 'config/invalid');
  });

  QUnit.test('refuses at once when too many wait, and works again afterwards', async (assert) => {
    const known = await hashed('x');
    const codes = await Promise.all(
      Array.from({ length: 100 }, () => codeOf(() => verifyPassword('x', known))),
    );
    assert.equal(codes.filter((code) => code === 'no error').length, 66);
    assert.equal(codes.filter((code) => code === 'request/rate').length, 34);
    assert.true(await verifyPassword('x', known));
  });
});
