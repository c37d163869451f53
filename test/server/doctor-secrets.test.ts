import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import QUnit from 'qunit';
import { guessableBits } from '../../src/server/doctor/guessable.js';
import { diagnose } from '../../src/server/doctor.js';
import { committedFiles, root } from '../support/repository.js';

/** As random as can be, and the same each time. */
function bytes(seed: number, count: number): Buffer {
  return createHash('sha512').update(`seed ${seed}`).digest().subarray(0, count);
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Ways in which people write down random bytes; each has 128 bits at least. */
const random: readonly (readonly [string, (seed: number) => string | Uint8Array])[] = [
  ['32 bytes', (seed) => bytes(seed, 32)],
  ['32 bytes in base64', (seed) => bytes(seed, 32).toString('base64')],
  ['32 bytes in base64url', (seed) => bytes(seed, 32).toString('base64url')],
  ['32 bytes in hex', (seed) => bytes(seed, 32).toString('hex')],
  ['16 bytes in hex', (seed) => bytes(seed, 16).toString('hex')],
  ['16 bytes in upper-case hex', (seed) => bytes(seed, 16).toString('hex').toUpperCase()],
  ['32 letters and digits', (seed) => [...bytes(seed, 32)].map((byte) => letters[byte % 62]).join('')],
  ['a text of bytes', (seed) => Buffer.from(bytes(seed, 32).toString('base64'))],
];

const weak = [
  's'.repeat(64),
  'ab'.repeat(20),
  'Zk9#vQ2!'.repeat(5),
  '12345678901234567890123456789012',
  'abcdefghijklmnopqrstuvwxyz012345',
  '0123456789abcdef0123456789abcdef',
  'qwerty'.repeat(6),
  'changeme-changeme-changeme-changeme',
  'keyboard cat keyboard cat keyboard cat',
  'supersecretsupersecretsupersecret!',
  'please-change-this-secret-in-production',
  'your-256-bit-secret-your-256-bit-secret',
  'ThisIsMyVerySecureSecretKeyForJWT!',
  'correct horse battery staple correct',
  'the quick brown fox jumps over the dog',
];

const codesOf = async (secret: string | Uint8Array) => {
  const keys = [{ alg: 'HS256', secret } as const];
  return (await diagnose({ tokens: { keys, issuer: 'i', audience: 'a' } })).map(({ code }) => code);
};

QUnit.module('server/doctor/secrets', () => {
  for (const [what, make] of random) {
    QUnit.test(`takes no random secret for weak: ${what}`, (assert) => {
      const bits = Array.from({ length: 500 }, (_, seed) => guessableBits(make(seed)));
      assert.true(Math.min(...bits) >= 100, `${Math.min(...bits)}`);
    });
  }

  for (const secret of weak) {
    QUnit.test(`finds that ${secret} can be guessed`, async (assert) => {
      assert.deepEqual(await codesOf(secret), ['weak-secret']);
      assert.deepEqual(await codesOf(Buffer.from(secret)), ['weak-secret'], 'as bytes');
    });
  }

  QUnit.test('counts nothing for nothing', (assert) => {
    assert.deepEqual([guessableBits(''), guessableBits(new Uint8Array(32)) < 10], [0, true]);
  });

  QUnit.test('finds every secret that our own documents show', async (assert) => {
    const shown = committedFiles()
      .filter((file) => file.endsWith('.md'))
      .flatMap((file) => [...readFileSync(join(root, file), 'utf8').matchAll(/secret: [^}\n]*?'([^'\n]+)'/g)])
      .map(([, secret = '']) => secret);
    assert.true(shown.length >= 3, `${shown.length}`);
    for (const secret of shown) {
      const [code = 'none'] = await codesOf(secret);
      assert.true(['weak-secret', 'short-secret'].includes(code), `${secret}: ${code}`);
    }
  });
});
