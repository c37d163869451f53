import { createHash, createHmac, sign } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import QUnit from 'qunit';
import { readKeys, type TokenKey } from '../../../src/server/core/token-keys.js';
import { isSignedWith } from '../../../src/server/core/tokens.js';
import { codeOf, secret } from '../fixture.js';
import {
  bytesOf,
  encode,
  fixture,
  goodClaims,
  goodHeader,
  handMade,
  pairs,
  session,
  signedBy,
  signers,
} from './tokens-fixture.js';

const allKeys = signers.map(({ key }) => key);

QUnit.module('server/core/tokens signatures', () => {
  QUnit.module('signature', () => {
    const input = (alg: string): string =>
      `${encode(JSON.stringify({ alg, typ: 'at+jwt' }))}.${encode(JSON.stringify(goodClaims))}`;
    const bigint = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
    const bytes = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, '0'), 'hex');
    /** The order of P-256 (FIPS 186-4 D.1.2.3), and of Ed25519 (RFC 8032 §5.1). */
    const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
    const l = 2n ** 252n + 27742317777372353535851937790883648493n;
    const ecSignature = bytesOf(pairs.ES256.seal(input('ES256')));
    const edSignature = bytesOf(pairs.EdDSA.seal(input('EdDSA')));
    const [r, s] = [ecSignature.subarray(0, 32), ecSignature.subarray(32)];
    const zero = Buffer.alloc(32);
    const [point, scalar] = [edSignature.subarray(0, 32), edSignature.subarray(32)];
    const mac = (hash: string) => createHmac(hash, secret).update(input('HS256')).digest();

    const cases: readonly (readonly ['HS256' | 'EdDSA' | 'ES256', string, Uint8Array])[] = [
      [
        'ES256',
        'DER instead of r and s',
        sign('sha256', Buffer.from(input('ES256')), pairs.ES256.privateKey),
      ],
      ['ES256', 'r = 0', Buffer.concat([zero, s])],
      ['ES256', 's = 0', Buffer.concat([r, zero])],
      ['ES256', 'r = s = 0', Buffer.concat([zero, zero])],
      ['ES256', 'r = s = 1', Buffer.concat([bytes(1n), bytes(1n)])],
      ['ES256', 'r = s = n', Buffer.concat([bytes(n), bytes(n)])],
      ['ES256', 'r = n', Buffer.concat([bytes(n), s])],
      ['ES256', 's = n', Buffer.concat([r, bytes(n)])],
      ['ES256', 'r = 0, s = n', Buffer.concat([zero, bytes(n)])],
      ['ES256', 's = n - 1', Buffer.concat([r, bytes(n - 1n)])],
      ['ES256', 'r and s swapped', Buffer.concat([s, r])],
      ['ES256', 'r without s', r],
      [
        'ES256',
        'r and s with a zero in front of each',
        Buffer.concat([zero.subarray(0, 1), r, zero.subarray(0, 1), s]),
      ],
      ['ES256', 'the length of P-384', Buffer.concat([zero.subarray(16), r, zero.subarray(16), s])],
      ['ES256', 'the digest', createHash('sha256').update(input('ES256')).digest()],
      ['EdDSA', 'S + L', Buffer.concat([point, bytes(bigint(Buffer.from(scalar).reverse()) + l).reverse()])],
      ['EdDSA', 'S = 0', Buffer.concat([point, zero])],
      ['EdDSA', 'R = 0', Buffer.concat([zero, scalar])],
      ['EdDSA', 'R = 1, S = 0', Buffer.concat([Buffer.from([1]), Buffer.alloc(63)])],
      ['EdDSA', 'R and S swapped', Buffer.concat([scalar, point])],
      ['EdDSA', 'R without S', point],
      ['EdDSA', 'the length of Ed448', Buffer.concat([edSignature, Buffer.alloc(50)])],
      [
        'EdDSA',
        'the signature of the digest',
        sign(null, createHash('sha512').update(input('EdDSA')).digest(), pairs.EdDSA.privateKey),
      ],
      ['HS256', 'half a MAC', mac('sha256').subarray(0, 16)],
      ['HS256', 'a MAC of SHA-512', mac('sha512')],
      ['HS256', 'the first half of a MAC of SHA-512', mac('sha512').subarray(0, 32)],
      ['HS256', 'a MAC of SHA-1', mac('sha1')],
      [
        'HS256',
        'a digest with the secret in front',
        createHash('sha256').update(secret).update(input('HS256')).digest(),
      ],
      ['HS256', 'a MAC with an empty key', createHmac('sha256', '').update(input('HS256')).digest()],
      [
        'HS256',
        'a MAC of the payload alone',
        createHmac('sha256', secret)
          .update(input('HS256').split('.')[1] ?? '')
          .digest(),
      ],
      ['HS256', 'the MAC as text', Buffer.from(mac('sha256').toString('base64url'))],
    ];
    for (const [alg, what, signature] of cases) {
      QUnit.test(`refuses ${what} as a signature of ${alg}`, async (assert) => {
        const { tokens } = fixture({ keys: allKeys });
        const token = `${input(alg)}.${encode(signature)}`;
        assert.equal(await codeOf(() => tokens.verify(token)), 'token/signature');
      });
    }

    QUnit.test('accepts the signatures that the cases above vary', async (assert) => {
      const { tokens } = fixture({ keys: allKeys });
      for (const [alg, signature] of [
        ['ES256', ecSignature],
        ['EdDSA', edSignature],
        ['HS256', mac('sha256')],
      ] as const) {
        assert.equal(
          await codeOf(() => tokens.verify(`${input(alg)}.${encode(signature)}`)),
          'no error',
          alg,
        );
      }
    });

    QUnit.test(
      'takes n - s for s, as all ECDSA does: it is another text, and remembered as such',
      async (assert) => {
        const { tokens } = fixture({ keys: allKeys });
        const [token, other] = [ecSignature, Buffer.concat([r, bytes(n - bigint(s))])].map(
          (signature) => `${input('ES256')}.${encode(signature)}`,
        );
        await tokens.verify(token ?? '');
        assert.strictEqual(tokens.recall(other ?? ''), undefined);
        assert.equal((await tokens.verify(other ?? '')).sid, session.id);
      },
    );
  });

  QUnit.module('beside jose', () => {
    const key = Buffer.from(secret);
    const checks = { issuer: goodClaims.iss, audience: goodClaims.aud, typ: 'at+jwt', algorithms: ['HS256'] };

    QUnit.test(
      'accepts what jose signs, and signs what jose accepts, with the same claims',
      async (assert) => {
        const { tokens, clock } = fixture();
        const currentDate = new Date(clock.time);
        for (const sub of ['ada', '', 'é', '\u0000', '😀'.repeat(64), '"}', '__proto__']) {
          const ours = await tokens.issue({ ...session, uid: sub });
          const theirs = await new SignJWT({ ...goodClaims, sub }).setProtectedHeader(goodHeader).sign(key);
          assert.equal(theirs, handMade({ ...goodClaims, sub }), 'the same text');
          for (const token of [ours, theirs]) {
            const { payload } = await jwtVerify(token, key, { ...checks, currentDate });
            assert.deepEqual({ ...(await tokens.verify(token)) }, payload);
          }
        }
      },
    );

    QUnit.test('S50 leaves jose no choice of the algorithm either', async (assert) => {
      const [known] = readKeys([{ alg: 'EdDSA', privateKey: pairs.EdDSA.privateKey }]);
      const verdict = (alg: string) => {
        const [header = '', payload = '', signature = ''] = signedBy('EdDSA', { alg }).split('.');
        return isSignedWith(known, { input: `${header}.${payload}`, signature });
      };
      assert.true(await verdict('EdDSA'));
      assert.false(await verdict('Ed25519'), 'another name of the same');
    });

    QUnit.test('S50 accepts no change of one bit, in any part', async (assert) => {
      for (const { alg, key: one } of signers) {
        const { tokens } = fixture({ keys: [one], remembered: 0 });
        const parts = signedBy(alg, { alg, typ: 'at+jwt' }).split('.');
        let accepted = 0;
        for (const [index, part] of parts.entries()) {
          for (let at = 0; at < bytesOf(part).length; at += 1) {
            const changed = bytesOf(part);
            changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
            const token = parts
              .map((other, position) => (position === index ? encode(changed) : other))
              .join('.');
            if ((await codeOf(() => tokens.verify(token))) === 'no error') accepted += 1;
          }
        }
        assert.equal(accepted, 0, alg);
      }
    });
  });

  QUnit.module('vectors', () => {
    const joe =
      'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ';
    const a1 = 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow';
    const vectors: readonly (readonly [string, TokenKey, input: string, signature: string])[] = [
      [
        'RFC 7515 A.1, HS256',
        { alg: 'HS256', secret: bytesOf(a1) },
        `eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.${joe}`,
        'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
      ],
      [
        'RFC 7515 A.3, ES256',
        {
          alg: 'ES256',
          privateKey: {
            kty: 'EC',
            crv: 'P-256',
            x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
            y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
            d: 'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI',
          },
        },
        `eyJhbGciOiJFUzI1NiJ9.${joe}`,
        'DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q',
      ],
      [
        'RFC 8037 A.4, EdDSA',
        {
          alg: 'EdDSA',
          privateKey: {
            kty: 'OKP',
            crv: 'Ed25519',
            d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
            x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
          },
        },
        'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc',
        'hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg',
      ],
    ];
    for (const [what, key, input, signature] of vectors) {
      QUnit.test(`verifies the signature of ${what}, and no other`, async (assert) => {
        const [known] = readKeys([key]);
        assert.true(await isSignedWith(known, { input, signature }));
        assert.false(await isSignedWith(known, { input: `${input}A`, signature }));
        assert.false(await isSignedWith(known, { input, signature: `A${signature.slice(1)}` }));
      });

      QUnit.test(`S56 refuses the whole token of ${what}, which is none of ours`, async (assert) => {
        const { tokens } = fixture({ keys: [key] });
        assert.equal(await codeOf(() => tokens.verify(`${input}.${signature}`)), 'token/type');
      });
    }
  });
});
