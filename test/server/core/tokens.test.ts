import { generateKeyPairSync } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import QUnit from 'qunit';
import { SessionError } from '../../../src/protocol/errors.js';
import type { TokensOptions } from '../../../src/server/core/tokens.js';
import { codeOf, secret, start } from '../fixture.js';
import { day, encode, fixture, goodClaims, goodHeader, handMade, second, session } from './tokens-fixture.js';

QUnit.module('server/core/tokens', () => {
  QUnit.module('issue', () => {
    QUnit.test('S56, S59 signs these claims, in seconds, and no others', async (assert) => {
      const { tokens } = fixture();
      const token = await tokens.issue(session);
      const { jti, ...claims } = decodeJwt(token);
      assert.deepEqual(decodeProtectedHeader(token), goodHeader);
      assert.deepEqual(claims, {
        iss: 'https://issuer.example',
        aud: 'https://app.example',
        sub: 'ada',
        sid: session.id,
        iat: second,
        exp: second + (7 * day) / 1000,
      });
      assert.equal(String(jti).length, 22);
      assert.notEqual(jti, decodeJwt(await tokens.issue(session)).jti);
    });

    QUnit.test('leaves sub out while the session is nobody’s', async (assert) => {
      const { tokens } = fixture();
      const token = await tokens.issue({ ...session, uid: null });
      assert.false('sub' in decodeJwt(token));
      assert.strictEqual((await tokens.verify(token)).sub, undefined);
    });

    QUnit.test('ends with the session, or after tokenTimeToLive if that comes first', async (assert) => {
      const exp = async (tokenTimeToLive: number, expiresAt: number) =>
        Number(decodeJwt(await fixture({ tokenTimeToLive }).tokens.issue({ ...session, expiresAt })).exp) -
        second;
      assert.equal(await exp(60_000, start + day), 60);
      assert.equal(await exp(60_000, start + 59_999), 59, 'rounded down');
      assert.equal(await exp(60_000, Number.POSITIVE_INFINITY), 60);
    });

    QUnit.test('gives the token of a session without end 400 days', async (assert) => {
      const token = await fixture().tokens.issue({ ...session, expiresAt: Number.POSITIVE_INFINITY });
      assert.equal(decodeJwt(token).exp, second + (400 * day) / 1000);
    });
  });

  QUnit.module('verify', () => {
    QUnit.test('accepts its own token with the longest names', async (assert) => {
      const longest = '\u0001'.repeat(256);
      const { tokens } = fixture({ issuer: longest, audience: longest });
      assert.equal((await tokens.verify(await tokens.issue({ ...session, uid: longest }))).sub, longest);
    });

    QUnit.test('gives the claims of a token of its own', async (assert) => {
      const { tokens } = fixture();
      const claims = await tokens.verify(await tokens.issue(session));
      assert.deepEqual([claims.sid, claims.sub, claims.iat], [session.id, 'ada', second]);
    });

    QUnit.test('accepts the hand-made token that the refusals below vary', async (assert) => {
      assert.deepEqual(await fixture().tokens.verify(handMade(goodClaims)), goodClaims);
    });

    for (const [offset, code] of [
      [3599_999, 'no error'],
      [3600_000, 'token/expired'],
      [3600_001, 'token/expired'],
    ] as const) {
      QUnit.test(`S54 judges a token ${offset - 3600_000} ms from exp: ${code}`, async (assert) => {
        const { tokens, clock } = fixture();
        clock.time += offset;
        assert.equal(await codeOf(() => tokens.verify(handMade(goodClaims))), code);
      });
    }

    QUnit.test('S54 grants the leeway and not a second more', async (assert) => {
      const { tokens, clock } = fixture({ leeway: 15_000 });
      clock.time += 3614_000;
      assert.equal(await codeOf(() => tokens.verify(handMade(goodClaims))), 'no error');
      clock.time += 1000;
      assert.equal(await codeOf(() => tokens.verify(handMade(goodClaims))), 'token/expired');
      const early = handMade({ ...goodClaims, iat: clock.time / 1000 + 15, exp: clock.time });
      assert.equal(await codeOf(() => tokens.verify(early)), 'no error');
    });

    const without = (claim: string) => JSON.parse(JSON.stringify({ ...goodClaims, [claim]: undefined }));
    const claimCases: readonly (readonly [string, string | object, string])[] = [
      ['S54 no exp', without('exp'), 'token/exp-missing'],
      ['S54 exp that is a text', { ...goodClaims, exp: '9999999999' }, 'token/exp-invalid'],
      ['S54 exp null', { ...goodClaims, exp: null }, 'token/exp-invalid'],
      ['S54 iat in the future', { ...goodClaims, iat: second + 1 }, 'token/not-yet-valid'],
      ['S54 no iat', without('iat'), 'token/type'],
      ['S54 nbf in the future', { ...goodClaims, nbf: second + 1 }, 'token/not-yet-valid'],
      ['S55 another issuer', { ...goodClaims, iss: 'https://issuer.example/' }, 'token/issuer'],
      ['S55 no issuer', without('iss'), 'token/issuer'],
      ['S55 another audience', { ...goodClaims, aud: 'https://other.example' }, 'token/audience'],
      ['S55 an audience list', { ...goodClaims, aud: ['https://app.example', 'x'] }, 'token/audience'],
      ['S55 no audience', without('aud'), 'token/audience'],
      ['no sid', without('sid'), 'token/type'],
      ['a sid that is no text', { ...goodClaims, sid: { $ne: '' } }, 'token/type'],
      ['no jti', without('jti'), 'token/type'],
      ['a payload that is an array', '[]', 'token/not-object'],
      ['a payload that is not JSON', '{"exp":', 'token/not-object'],
    ];
    for (const [what, claims, code] of claimCases) {
      QUnit.test(`refuses ${what}: ${code}`, async (assert) => {
        assert.equal(await codeOf(() => fixture().tokens.verify(handMade(claims))), code);
      });
    }

    QUnit.test('takes the last of two claims of one name, as JSON does (RFC 7519 §4)', async (assert) => {
      const twice = (first: number, last: number) =>
        handMade(JSON.stringify(goodClaims).replace(/"exp":\d+/, `"exp":${first},"exp":${last}`));
      const { tokens } = fixture();
      assert.equal(await codeOf(() => tokens.verify(twice(second + 9, second - 9))), 'token/expired');
      assert.equal(await codeOf(() => tokens.verify(twice(second - 9, second + 9))), 'no error');
    });

    const unsigned = `${encode(JSON.stringify({ alg: 'none', typ: 'at+jwt' }))}.${encode(JSON.stringify(goodClaims))}`;
    const headerCases: readonly (readonly [string, string, string])[] = [
      ['S50 alg none with an empty signature', `${unsigned}.`, 'token/malformed'],
      ['S50 alg none with a signature', `${unsigned}.AAAA`, 'token/signature'],
      ['S50 alg None', handMade(goodClaims, { ...goodHeader, alg: 'None' }), 'token/signature'],
      ['S50 alg hs256', handMade(goodClaims, { ...goodHeader, alg: 'hs256' }), 'token/signature'],
      ['S50 no alg', handMade(goodClaims, { typ: 'at+jwt' }), 'token/signature'],
      ['S52 crit', handMade(goodClaims, { ...goodHeader, crit: ['exp'], exp: 1 }), 'token/signature'],
      ['S52 an empty crit', handMade(goodClaims, { ...goodHeader, crit: [] }), 'token/signature'],
      ['S52 b64', handMade(goodClaims, { ...goodHeader, b64: false, crit: ['b64'] }), 'token/signature'],
      ['S56 typ JWT', handMade(goodClaims, { ...goodHeader, typ: 'JWT' }), 'token/type'],
      ['S56 no typ', handMade(goodClaims, { alg: 'HS256' }), 'token/type'],
      ['a header that is not JSON', handMade(goodClaims, '{"alg"'), 'token/malformed'],
      ['a header that is null', handMade(goodClaims, 'null'), 'token/malformed'],
      ['another key', handMade(goodClaims, goodHeader, `${secret}!`), 'token/signature'],
      ['an empty text', '', 'token/missing'],
      ['two parts', 'a.b', 'token/malformed'],
      ['four parts', `${handMade(goodClaims)}.a`, 'token/malformed'],
      ['more than 8192 characters', handMade({ ...goodClaims, x: 'x'.repeat(6144) }), 'token/size'],
    ];
    for (const [what, token, code] of headerCases) {
      QUnit.test(`refuses ${what}: ${code}`, async (assert) => {
        assert.equal(await codeOf(() => fixture().tokens.verify(token)), code);
      });
    }

    QUnit.test('S50 refuses a token of another algorithm, whoever signed it', async (assert) => {
      const { tokens } = fixture();
      const { privateKey } = generateKeyPairSync('ed25519');
      const eddsa = await new SignJWT(goodClaims)
        .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt' })
        .sign(privateKey);
      const longKey = Buffer.from(secret.padEnd(64, '.'));
      const hs512 = await new SignJWT(goodClaims)
        .setProtectedHeader({ alg: 'HS512', typ: 'at+jwt' })
        .sign(longKey);
      assert.equal(await codeOf(() => tokens.verify(eddsa)), 'token/signature');
      assert.equal(await codeOf(() => tokens.verify(hs512)), 'token/signature');
    });

    QUnit.test('S51 takes no key from a header', async (assert) => {
      const own = 'the attacker’s own key, 32 bytes or more';
      const jwk = { kty: 'oct', k: encode(own) };
      for (const extra of [{ jwk }, { kid: '../../dev/null' }, { jku: 'http://x' }, { x5u: 'http://x' }]) {
        const forged = handMade(goodClaims, { ...goodHeader, ...extra }, own);
        assert.equal(await codeOf(() => fixture().tokens.verify(forged)), 'token/signature');
      }
    });

    QUnit.test('refuses a token whose claims were changed', async (assert) => {
      const [header, , signature] = handMade(goodClaims).split('.');
      const changed = [header, encode(JSON.stringify({ ...goodClaims, sub: 'eve' })), signature].join('.');
      assert.equal(await codeOf(() => fixture().tokens.verify(changed)), 'token/signature');
    });

    QUnit.test('S53 accepts one spelling of a token only', async (assert) => {
      const { tokens } = fixture();
      const token = handMade(goodClaims);
      const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
      // The 43rd character of a signature carries four bits: three others mean the same bytes.
      const last = alphabet.indexOf(token.slice(-1));
      const twins = [1, 2, 3].map((bits) => token.slice(0, -1) + alphabet[last + bits]);
      const others = [
        `${token}=`,
        `${token}\n`,
        ` ${token}`,
        token.replace('.', '=.'),
        `${token}AA`,
        `${token}é`,
      ];
      for (const spelling of [...twins, ...others]) {
        assert.equal(await codeOf(() => tokens.verify(spelling)), 'token/not-base64url', spelling.slice(-3));
      }
      const [, , signature = ''] = token.split('.');
      for (const twin of twins) {
        assert.equal(
          Buffer.from(twin.split('.')[2] ?? '', 'base64url').toString('base64url'),
          signature,
          'the same bytes',
        );
      }
    });

    QUnit.test('lets allowExpired excuse the time and nothing else', async (assert) => {
      const { tokens, clock } = fixture();
      clock.time += 365 * day;
      const verify = (claims: object, key?: string) =>
        codeOf(() => tokens.verify(handMade(claims, goodHeader, key), { allowExpired: true }));
      assert.equal(await verify(goodClaims), 'no error');
      assert.equal(await verify({ ...goodClaims, aud: 'other' }), 'token/audience');
      assert.equal(await verify({ ...goodClaims, sid: undefined }), 'token/type');
      assert.equal(await verify(goodClaims, `${secret}!`), 'token/signature');
    });

    QUnit.test('S72 shows nothing of the token in an error', async (assert) => {
      const token = handMade({ ...goodClaims, aud: 'other' });
      await assert.rejects(fixture().tokens.verify(token), (error: unknown) => {
        const text = error instanceof SessionError ? `${error.stack} ${JSON.stringify(error)}` : token;
        return (
          error instanceof SessionError &&
          error.cause === undefined &&
          !token.split('.').some((part) => text.includes(part)) &&
          !text.includes(session.id)
        );
      });
    });
  });

  QUnit.test('S9 replaces a key in three steps and signs nobody out', async (assert) => {
    const key = (name: string) => ({ alg: 'HS256', secret: name.padEnd(32, '.') }) as const;
    const [old, both, fresh] = [[key('old')], [key('new'), key('old')], [key('new')]].map(
      (keys) => fixture({ keys }).tokens,
    );
    const token = (await old?.issue(session)) ?? '';
    const next = (await both?.issue(session)) ?? '';
    assert.equal(await codeOf(() => both?.verify(token)), 'no error');
    assert.equal(await codeOf(() => fresh?.verify(next)), 'no error');
    assert.equal(await codeOf(() => fresh?.verify(token)), 'token/signature');
    assert.equal(await codeOf(() => old?.verify(next)), 'token/signature');
  });

  QUnit.module('options', () => {
    const key = { alg: 'HS256', secret } as const;
    for (const [what, option, value] of [
      ['no key', 'keys', []],
      ['nine keys', 'keys', new Array(9).fill(key)],
      ['S57 a secret of 31 bytes', 'keys', [{ ...key, secret: 'x'.repeat(31) }]],
      ['S57 a short key behind a good one', 'keys', [key, { ...key, secret: new Uint8Array(8) }]],
      ['a key of alg none', 'keys', [{ ...key, alg: 'none' }]],
      ['an empty issuer', 'issuer', ''],
      ['no audience', 'audience', undefined],
      ['a token life under a second', 'tokenTimeToLive', 999],
      ['a token life over 400 days', 'tokenTimeToLive', 401 * day],
      ['a leeway over a minute', 'leeway', 60_001],
      ['more than a million remembered tokens', 'remembered', 1_000_001],
      ['half a remembered token', 'remembered', 0.5],
    ] as const) {
      QUnit.test(`refuses ${what}, names ${option} and shows no secret`, (assert) => {
        assert.throws(
          () => fixture({ [option]: value } as unknown as TokensOptions),
          (error: unknown) =>
            error instanceof SessionError &&
            error.code === 'config/invalid' &&
            error.message.includes(option) &&
            !error.message.includes('xxx'),
        );
      });
    }
  });
});
