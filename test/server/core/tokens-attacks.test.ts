import type { JsonWebKey, KeyObject } from 'node:crypto';
import QUnit from 'qunit';
import type { TokenKey } from '../../../src/server/core/tokens.js';
import { codeOf } from '../fixture.js';
import {
  bytesOf,
  encode,
  fixture,
  goodClaims,
  handMade,
  pairs,
  sealed,
  second,
  signedBy,
  signers,
} from './tokens-fixture.js';

type Parts = readonly [header: string, payload: string, signature: string];

const partsOf = (token: string): Parts => {
  const [header = '', payload = '', signature = ''] = token.split('.');
  return [header, payload, signature];
};
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const allKeys = signers.map(({ key }) => key);
const text = (parts: Parts | readonly string[]): string => parts.join('.');

/** The same bytes in another spelling: bits that the last character does not use are set. */
function twin(part: string): string {
  const last = alphabet.indexOf(part.slice(-1));
  return part.slice(0, -1) + alphabet[last + 1];
}

/** A claim that makes the payload end in a character with bits left over, whatever the algorithm. */
const paddedClaims = (): object => {
  const claims = { ...goodClaims, jti: 'x' };
  while (Buffer.byteLength(JSON.stringify(claims)) % 3 === 0) claims.jti += 'x';
  return claims;
};

QUnit.module('server/core/tokens attacked', () => {
  QUnit.module('spelling', () => {
    const malformed = 'token/malformed';
    const spelling = 'token/not-base64url';
    const signature = 'token/signature';
    const cases: readonly (readonly [string, string, (parts: Parts) => unknown])[] = [
      ['a token without header', malformed, ([, p, s]) => `.${p}.${s}`],
      ['a token without payload', malformed, ([h, , s]) => `${h}..${s}`],
      ['S50 a token without signature', malformed, ([h, p]) => `${h}.${p}.`],
      ['S50 a token of two parts', malformed, ([h, p]) => `${h}.${p}`],
      ['a header alone', malformed, ([h]) => h],
      ['dots alone', malformed, () => '..'],
      ['one dot', malformed, () => '.'],
      ['a fourth part', malformed, (parts) => `${text(parts)}.${parts[2]}`],
      ['five parts, as of an encrypted token', malformed, (parts) => `${text(parts)}.AAAA.AAAA`],
      ['a dot in front', malformed, (parts) => `.${text(parts)}`],
      ['a dot behind', malformed, (parts) => `${text(parts)}.`],
      ['two tokens', malformed, (parts) => `${text(parts)},${text(parts)}`],
      ['S53 padding of the header', spelling, ([h, p, s]) => `${h}=.${p}.${s}`],
      ['S53 padding of the payload', spelling, ([h, p, s]) => `${h}.${p}=.${s}`],
      ['S53 padding of the signature', spelling, ([h, p, s]) => `${h}.${p}.${s}=`],
      ['S53 double padding', spelling, ([h, p, s]) => `${h}.${p}.${s}==`],
      ['S53 a space in front', spelling, (parts) => ` ${text(parts)}`],
      ['S53 a space behind', spelling, (parts) => `${text(parts)} `],
      ['S53 a line feed behind', spelling, (parts) => `${text(parts)}\n`],
      [
        'S53 a line end within the payload',
        spelling,
        ([h, p, s]) => `${h}.${p.slice(0, 9)}\r\n${p.slice(9)}.${s}`,
      ],
      [
        'S53 a tab within the signature',
        spelling,
        ([h, p, s]) => `${h}.${p}.${s.slice(0, 9)}\t${s.slice(9)}`,
      ],
      ['S53 a space within the header', spelling, ([h, p, s]) => `${h.slice(0, 4)} ${h.slice(4)}.${p}.${s}`],
      ['S53 a zero behind', spelling, (parts) => `${text(parts)}\0`],
      ['S53 a zero in front', spelling, (parts) => `\0${text(parts)}`],
      ['S53 a plus', spelling, ([h, p, s]) => `${h}.${p}.+${s.slice(1)}`],
      ['S53 a slash', spelling, ([h, p, s]) => `${h}.${p}./${s.slice(1)}`],
      ['S53 an asterisk', spelling, ([h, p, s]) => `${h}.${p.slice(0, 5)}*${p.slice(5)}.${s}`],
      ['S53 a letter that is no ASCII', spelling, ([h, p, s]) => `${h}.${p}é.${s}`],
      ['S53 a letter whose low byte is ASCII', spelling, ([h, p, s]) => `${h}.${p}.\u0141${s.slice(1)}`],
      ['S53 a full-width letter', spelling, ([h, p, s]) => `${h}.${p}.\uff21${s.slice(1)}`],
      ['S53 half a surrogate pair', spelling, ([h, p, s]) => `${h}.${p}.${s}\ud83d`],
      ['S53 a byte order mark in front', spelling, (parts) => `\ufeff${text(parts)}`],
      ['S53 a joiner without width', spelling, ([h, p, s]) => `${h}.${p}\u200d.${s}`],
      ['S53 quotation marks', spelling, (parts) => `"${text(parts)}"`],
      ['S53 the scheme in front', spelling, (parts) => `Bearer ${text(parts)}`],
      ['S53 a percent escape', spelling, ([h, p, s]) => `${h}.${p}.%41${s.slice(1)}`],
      ['S53 bits left over in the payload', spelling, ([h, p, s]) => `${h}.${twin(p)}.${s}`],
      ['S53 bits left over in the signature', spelling, ([h, p, s]) => `${h}.${p}.${twin(s)}`],
      [
        'S53 one character more',
        spelling,
        ([h, p, s]) => `${h}.${p}.${s.slice(0, s.length - (s.length % 4))}A`,
      ],
      ['a dot that is none', malformed, (parts) => parts.join('\u3002')],
      [
        'a token in JSON',
        malformed,
        ([h, p, s]) => JSON.stringify({ protected: h, payload: p, signature: s }),
      ],
      ['payload and signature swapped', signature, ([h, p, s]) => `${h}.${s}.${p}`],
      ['header and payload swapped', signature, ([h, p, s]) => `${p}.${h}.${s}`],
      ['the payload twice', signature, ([h, p, s]) => `${h}.${encode(bytesOf(p).toString().repeat(2))}.${s}`],
      [
        'the signature twice',
        signature,
        ([h, p, s]) => `${h}.${p}.${encode(Buffer.concat([bytesOf(s), bytesOf(s)]))}`,
      ],
      ['a signature of one byte', signature, ([h, p]) => `${h}.${p}.AA`],
      [
        'a signature without its last byte',
        signature,
        ([h, p, s]) => `${h}.${p}.${encode(bytesOf(s).subarray(0, -1))}`,
      ],
      ['half a signature', signature, ([h, p, s]) => `${h}.${p}.${encode(bytesOf(s).subarray(0, 16))}`],
      [
        'a signature with a byte more',
        signature,
        ([h, p, s]) => `${h}.${p}.${encode(Buffer.concat([bytesOf(s), Buffer.alloc(1)]))}`,
      ],
      [
        'a byte in front of the signature',
        signature,
        ([h, p, s]) => `${h}.${p}.${encode(Buffer.concat([Buffer.alloc(1), bytesOf(s)]))}`,
      ],
      ['a signature backwards', signature, ([h, p, s]) => `${h}.${p}.${encode(bytesOf(s).reverse())}`],
      [
        'a signature of zeros',
        signature,
        ([h, p, s]) => `${h}.${p}.${encode(Buffer.alloc(bytesOf(s).length))}`,
      ],
      [
        'a signature of ones',
        signature,
        ([h, p, s]) => `${h}.${p}.${encode(Buffer.alloc(bytesOf(s).length, 0xff))}`,
      ],
      [
        'the signature in hexadecimal',
        signature,
        ([h, p, s]) => `${h}.${p}.${encode(bytesOf(s).toString('hex'))}`,
      ],
      ['the payload as signature', signature, ([h, p]) => `${h}.${p}.${p}`],
      ['a header of 9000 characters', 'token/size', ([, p, s]) => `${encode('{'.padEnd(6750))}.${p}.${s}`],
      ['a signature of 9000 characters', 'token/size', ([h, p]) => `${h}.${p}.${'A'.repeat(9000)}`],
      ['ten thousand dots', 'token/size', () => '.'.repeat(10_000)],
      ['nothing', 'token/missing', () => undefined],
      ['null', 'token/missing', () => null],
      ['a number', 'token/missing', () => 7],
      ['a list of one token', 'token/missing', (parts) => [text(parts)]],
      ['an object that turns into a token', 'token/missing', (parts) => ({ toString: () => text(parts) })],
    ];
    for (const [what, expected, change] of cases) {
      QUnit.test(`refuses ${what}: ${expected}`, async (assert) => {
        for (const { alg, key } of signers) {
          const { tokens } = fixture({ keys: [key, ...allKeys.filter((one) => one !== key)] });
          const token = signedBy(alg, { alg, typ: 'at+jwt' }, paddedClaims());
          const changed = change(partsOf(token)) as string;
          const before = await codeOf(() => tokens.verify(changed));
          assert.equal(await codeOf(() => tokens.verify(token)), 'no error', `${alg}: the token itself`);
          const code = await codeOf(() => tokens.verify(changed));
          assert.deepEqual([before, code], [expected, expected], alg);
        }
      });
    }
  });

  QUnit.module('header', () => {
    const extras: readonly (readonly [string, object])[] = [
      ['S51 jku', { jku: 'https://issuer.example/.well-known/jwks.json' }],
      ['S51 jwk', { jwk: pairs.EdDSA.publicKey.export({ format: 'jwk' }) }],
      ['S51 x5u', { x5u: 'https://issuer.example/key.pem' }],
      ['S51 x5c', { x5c: ['AAAA'] }],
      ['S51 x5t', { x5t: 'AAAA' }],
      ['S51 x5t#S256', { 'x5t#S256': 'AAAA' }],
      ['S52 crit', { crit: ['exp'], exp: 1 }],
      ['S52 an empty crit', { crit: [] }],
      ['S52 a crit of what is known', { crit: ['typ'] }],
      ['S52 b64 false', { b64: false, crit: ['b64'] }],
      ['S52 b64 true', { b64: true }],
      ['cty', { cty: 'JWT' }],
      ['zip', { zip: 'DEF' }],
      ['enc', { enc: 'A128GCM' }],
      ['a claim in the header', { iss: 'https://issuer.example' }],
      ['a name of no meaning', { x: 1 }],
      ['a second spelling of alg', { Alg: 'none' }],
    ];
    for (const [what, extra] of extras) {
      QUnit.test(`refuses ${what}, though the signature is good: token/signature`, async (assert) => {
        for (const { alg } of signers) {
          const { tokens } = fixture({ keys: allKeys });
          const token = signedBy(alg, { alg, typ: 'at+jwt', ...extra });
          assert.equal(await codeOf(() => tokens.verify(token)), 'token/signature', alg);
        }
      });
    }

    const texts: readonly (readonly [string, string | Uint8Array, string])[] = [
      ['__proto__', '{"alg":"HS256","typ":"at+jwt","__proto__":{"kid":"x"}}', 'token/signature'],
      ['a list', '["HS256"]', 'token/malformed'],
      ['a text', '"HS256"', 'token/malformed'],
      ['a number', '7', 'token/malformed'],
      ['two objects', '{"alg":"HS256","typ":"at+jwt"}{}', 'token/malformed'],
      ['a comment', '{"alg":"HS256","typ":"at+jwt"}//', 'token/malformed'],
      ['single quotation marks', "{'alg':'HS256','typ':'at+jwt'}", 'token/malformed'],
      ['a comma too many', '{"alg":"HS256","typ":"at+jwt",}', 'token/malformed'],
      ['a byte order mark', '\ufeff{"alg":"HS256","typ":"at+jwt"}', 'token/malformed'],
      [
        'bytes that are no UTF-8',
        Buffer.concat([
          Buffer.from('{"alg":"HS256","typ":"at+jwt","kid":"'),
          Buffer.from([0xff, 0x22, 0x7d]),
        ]),
        'token/malformed',
      ],
      ['UTF-16', Buffer.from('{"alg":"HS256","typ":"at+jwt"}', 'utf16le'), 'token/malformed'],
      ['a thousand levels', '['.repeat(1000) + ']'.repeat(1000), 'token/malformed'],
      [
        'the last of two alg, which is none',
        '{"alg":"HS256","typ":"at+jwt","alg":"none"}',
        'token/signature',
      ],
      ['the last of two typ, which is another', '{"alg":"HS256","typ":"at+jwt","typ":"JWT"}', 'token/type'],
    ];
    for (const [what, header, code] of texts) {
      QUnit.test(`refuses a header that holds ${what}: ${code}`, async (assert) => {
        const { tokens } = fixture({ keys: allKeys });
        assert.equal(await codeOf(() => tokens.verify(handMade(goodClaims, header))), code);
      });
    }

    QUnit.test('reads a header by its meaning, not by its text', async (assert) => {
      const { tokens } = fixture({ keys: allKeys });
      for (const header of ['{ "typ": "at+jwt", "alg": "HS256" }', '{"\\u0061lg":"HS256","typ":"at+jwt"}']) {
        assert.equal(await codeOf(() => tokens.verify(handMade(goodClaims, header))), 'no error');
      }
    });

    for (const typ of ['JWT', 'AT+JWT', 'application/at+jwt', 'at+jwt ', 'rt+jwt', '', null, 7, ['at+jwt']]) {
      QUnit.test(`S56 refuses the typ ${JSON.stringify(typ)}`, async (assert) => {
        const { tokens } = fixture({ keys: allKeys });
        for (const { alg } of signers) {
          assert.equal(await codeOf(() => tokens.verify(signedBy(alg, { alg, typ }))), 'token/type');
        }
      });
    }
  });

  QUnit.module('algorithm', () => {
    const names = ['none', 'None', 'NONE', 'nOnE', '', 'hs256', 'HS256 ', 'HS384', 'HS512', 'RS256', 'PS256'];
    for (const alg of [
      ...names,
      'ES384',
      'ES256K',
      'Ed25519',
      'Ed448',
      'dir',
      null,
      7,
      ['HS256'],
      undefined,
    ]) {
      QUnit.test(`S50 refuses the alg ${JSON.stringify(alg)}, whatever signed`, async (assert) => {
        const { tokens } = fixture({ keys: allKeys });
        for (const signer of signers) {
          const token = signedBy(signer.alg, { alg, typ: 'at+jwt' });
          assert.equal(await codeOf(() => tokens.verify(token)), 'token/signature', signer.alg);
        }
      });
    }

    for (const { alg, seal } of signers) {
      for (const other of signers.filter((signer) => signer.alg !== alg)) {
        QUnit.test(`S50 refuses a signature of ${alg} under the name of ${other.alg}`, async (assert) => {
          const token = signedBy(alg, { alg: other.alg, typ: 'at+jwt' });
          for (const keys of [allKeys, [other.key], allKeys.filter((key) => key.alg === alg)]) {
            assert.equal(await codeOf(() => fixture({ keys }).tokens.verify(token)), 'token/signature');
          }
        });
      }

      QUnit.test(`S50 refuses ${alg} where there is no key of ${alg}`, async (assert) => {
        const { tokens } = fixture({ keys: allKeys.filter((key) => key.alg !== alg) });
        const token = sealed(
          encode(JSON.stringify({ alg, typ: 'at+jwt' })),
          encode(JSON.stringify(goodClaims)),
          seal,
        );
        assert.equal(await codeOf(() => tokens.verify(token)), 'token/signature');
      });

      QUnit.test(`S50 pins the algorithm of a key that ${alg} names by its kid`, async (assert) => {
        const keys = signers.map(({ key }) => ({ ...key, kid: key.alg }) as TokenKey);
        const { tokens } = fixture({ keys });
        for (const kid of ['HS256', 'EdDSA', 'ES256']) {
          const token = signedBy(alg, { alg, typ: 'at+jwt', kid });
          assert.equal(
            await codeOf(() => tokens.verify(token)),
            kid === alg ? 'no error' : 'token/signature',
          );
        }
      });
    }

    const forms: readonly (readonly [string, (key: KeyObject) => string | Uint8Array])[] = [
      ['PEM', (key) => key.export({ format: 'pem', type: 'spki' })],
      ['PEM without its last line feed', (key) => String(key.export({ format: 'pem', type: 'spki' })).trim()],
      ['DER', (key) => key.export({ format: 'der', type: 'spki' })],
      ['JWK', (key) => JSON.stringify(key.export({ format: 'jwk' }))],
      ['x of the JWK', (key) => bytesOf((key.export({ format: 'jwk' }) as JsonWebKey).x ?? '')],
    ];
    for (const [form, secretOf] of forms) {
      QUnit.test(`S50 refuses an HMAC with the public key (${form}) as its secret`, async (assert) => {
        for (const alg of ['EdDSA', 'ES256'] as const) {
          const { publicKey, privateKey } = pairs[alg];
          for (const keys of [[{ alg, privateKey }], allKeys] as const) {
            const { tokens } = fixture({ keys });
            for (const name of ['HS256', alg]) {
              const forged = handMade(goodClaims, { alg: name, typ: 'at+jwt' }, secretOf(publicKey));
              assert.equal(await codeOf(() => tokens.verify(forged)), 'token/signature');
              const kid = tokens.jwks().keys.at(-1)?.kid;
              const named = handMade(goodClaims, { alg: name, typ: 'at+jwt', kid }, secretOf(publicKey));
              assert.equal(await codeOf(() => tokens.verify(named)), 'token/signature');
            }
          }
        }
      });
    }
  });

  QUnit.module('claims', () => {
    const cases: readonly (readonly [string, string | Uint8Array, string])[] = [
      ['exp 1e999', JSON.stringify(goodClaims).replace(/"exp":\d+/, '"exp":1e999'), 'token/exp-invalid'],
      ['exp true', JSON.stringify({ ...goodClaims, exp: true }), 'token/exp-invalid'],
      ['exp []', JSON.stringify({ ...goodClaims, exp: [second + 9] }), 'token/exp-invalid'],
      ['a negative exp', JSON.stringify({ ...goodClaims, exp: -1 }), 'token/expired'],
      ['iat that is a text', JSON.stringify({ ...goodClaims, iat: String(second) }), 'token/type'],
      ['iat -1e999', JSON.stringify(goodClaims).replace(/"iat":\d+/, '"iat":-1e999'), 'token/type'],
      ['nbf that is a text', JSON.stringify({ ...goodClaims, nbf: '0' }), 'token/not-yet-valid'],
      ['nbf null', JSON.stringify({ ...goodClaims, nbf: null }), 'token/not-yet-valid'],
      ['sub that is a number', JSON.stringify({ ...goodClaims, sub: 7 }), 'token/type'],
      ['sub null', JSON.stringify({ ...goodClaims, sub: null }), 'token/type'],
      ['iss in a list', JSON.stringify({ ...goodClaims, iss: [goodClaims.iss] }), 'token/issuer'],
      ['aud in a list', JSON.stringify({ ...goodClaims, aud: [goodClaims.aud] }), 'token/audience'],
      [
        'aud in capitals',
        JSON.stringify({ ...goodClaims, aud: goodClaims.aud.toUpperCase() }),
        'token/audience',
      ],
      ['claims in __proto__', `{"__proto__":${JSON.stringify(goodClaims)}}`, 'token/exp-missing'],
      ['a byte order mark', `\ufeff${JSON.stringify(goodClaims)}`, 'token/not-object'],
      ['null', 'null', 'token/not-object'],
      ['a text', '"sid"', 'token/not-object'],
      [
        'bytes that are no UTF-8',
        Buffer.from(JSON.stringify({ ...goodClaims, sub: 'é' }), 'latin1'),
        'token/not-object',
      ],
      ['a token within the token', handMade(goodClaims), 'token/not-object'],
      ['a thousand levels', `${'['.repeat(1000)}${']'.repeat(1000)}`, 'token/not-object'],
    ];
    for (const [what, claims, code] of cases) {
      QUnit.test(`refuses ${what}, though the signature is good: ${code}`, async (assert) => {
        for (const { alg } of signers) {
          const { tokens } = fixture({ keys: allKeys });
          assert.equal(
            await codeOf(() => tokens.verify(signedBy(alg, { alg, typ: 'at+jwt' }, claims))),
            code,
            alg,
          );
        }
      });
    }
  });
});
