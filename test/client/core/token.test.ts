import QUnit from 'qunit';
import { type ClaimChecks, decodeToken, judgeClaims } from '../../../src/client/core/token.js';
import { codeOf, jwt, NOW, SECONDS } from '../kit.js';

const { module, test } = QUnit;

function judge(token: unknown, checks: ClaimChecks = {}, now = NOW) {
  return judgeClaims(decodeToken(token), checks, now);
}

module('token judgement (CAN-03, CAN-05, C-08)', () => {
  test('gives the claims of a good token, also those of other alphabets', (assert) => {
    const payload = { sub: 'zoë ✓ 漢字', exp: SECONDS + 1, roles: ['a', 'b'] };
    assert.deepEqual(judge(jwt(payload)), payload);
  });

  const refused: Record<string, readonly [unknown, string]> = {
    nothing: [null, 'token/missing'],
    'an empty text': ['', 'token/missing'],
    'what is no text': [42, 'token/missing'],
    'one part': ['abc', 'token/malformed'],
    'two parts': ['abc.def', 'token/malformed'],
    'four parts': ['a.b.c.d', 'token/malformed'],
    'an empty part': [jwt({ exp: SECONDS + 1 }).replace(/\.[^.]*$/, '.'), 'token/malformed'],
    'characters of plain base64': ['a+/=.b.c', 'token/not-base64url'],
    'a part of impossible length': ['abcd.abcde.abcd', 'token/not-base64url'],
    'white space': [jwt({ exp: SECONDS + 1 }).replace('.', ' .'), 'token/not-base64url'],
    'a payload that is no JSON': [jwt('{"exp":'), 'token/not-json'],
    'a payload with NaN, which JSON does not have': [jwt('{"exp":NaN}'), 'token/not-json'],
    'a payload that is null': [jwt('null'), 'token/not-object'],
    'a payload that is a list': [jwt('[1]'), 'token/not-object'],
    'a payload that is a text': [jwt('"exp"'), 'token/not-object'],
    'no exp': [jwt({ sub: 'ann' }), 'token/exp-missing'],
    'exp as text': [jwt({ exp: String(SECONDS + 1) }), 'token/exp-invalid'],
    'exp as null': [jwt({ exp: null }), 'token/exp-invalid'],
    'an exp too large for a number': [jwt('{"exp":1e999}'), 'token/exp-invalid'],
    'exp in milliseconds': [jwt({ exp: NOW + 3_600_000 }), 'token/exp-milliseconds'],
    'exp in the past': [jwt({ exp: SECONDS - 1 }), 'token/expired'],
    'nbf in the future': [jwt({ exp: SECONDS + 9, nbf: SECONDS + 1 }), 'token/not-yet-valid'],
    'nbf as text': [jwt({ exp: SECONDS + 9, nbf: 'now' }), 'token/not-yet-valid'],
  };
  for (const [what, [token, code]] of Object.entries(refused)) {
    test(`refuses ${what} with ${code}`, async (assert) => {
      assert.equal(await codeOf(() => judge(token)), code);
    });
  }

  test('counts exp itself as expired, and the millisecond before not (RFC 7519 §4.1.4)', async (assert) => {
    const token = jwt({ exp: SECONDS });
    assert.equal(await codeOf(() => judge(token, {}, NOW - 1)), undefined);
    assert.equal(await codeOf(() => judge(token, {}, NOW)), 'token/expired');
    assert.equal(await codeOf(() => judge(token, {}, NOW + 1)), 'token/expired');
  });

  test('counts nbf itself as valid, and the millisecond before not (RFC 7519 §4.1.5)', async (assert) => {
    const token = jwt({ exp: SECONDS + 9, nbf: SECONDS });
    assert.equal(await codeOf(() => judge(token, {}, NOW - 1)), 'token/not-yet-valid');
    assert.equal(await codeOf(() => judge(token, {}, NOW)), undefined);
  });

  test('stretches both by the leeway, and by no millisecond more', async (assert) => {
    const leeway = 2_000;
    const expired = jwt({ exp: SECONDS });
    assert.equal(await codeOf(() => judge(expired, { leeway }, NOW + 1_999)), undefined);
    assert.equal(await codeOf(() => judge(expired, { leeway }, NOW + 2_000)), 'token/expired');
    const early = jwt({ exp: SECONDS + 9, nbf: SECONDS + 2 });
    assert.equal(await codeOf(() => judge(early, { leeway }, NOW)), undefined);
    assert.equal(await codeOf(() => judge(early, { leeway }, NOW - 1)), 'token/not-yet-valid');
  });

  test('asks for the issuer when told to', async (assert) => {
    const token = jwt({ exp: SECONDS + 1, iss: 'https://a.example' });
    assert.equal(await codeOf(() => judge(token, { issuer: 'https://a.example' })), undefined);
    assert.equal(
      await codeOf(() => judge(token, { issuer: ['https://b.example', 'https://a.example'] })),
      undefined,
    );
    assert.equal(await codeOf(() => judge(token, { issuer: 'https://b.example' })), 'token/issuer');
    assert.equal(await codeOf(() => judge(jwt({ exp: SECONDS + 1 }), { issuer: 'x' })), 'token/issuer');
  });

  test('asks for one audience in common, text or list', async (assert) => {
    const one = jwt({ exp: SECONDS + 1, aud: 'app' });
    const many = jwt({ exp: SECONDS + 1, aud: ['other', 'app'] });
    for (const token of [one, many]) {
      assert.equal(await codeOf(() => judge(token, { audience: 'app' })), undefined);
      assert.equal(await codeOf(() => judge(token, { audience: ['app', 'else'] })), undefined);
      assert.equal(await codeOf(() => judge(token, { audience: 'ap' })), 'token/audience');
    }
    assert.equal(await codeOf(() => judge(jwt({ exp: SECONDS + 1 }), { audience: 'app' })), 'token/audience');
  });

  test('takes a token of the year 2270 and refuses one of 1985 (CAN-47)', async (assert) => {
    assert.equal(await codeOf(() => judge(jwt({ exp: Date.UTC(2270, 0) / 1000 }))), undefined);
    assert.equal(await codeOf(() => judge(jwt({ exp: Date.UTC(1985, 0) / 1000 }))), 'token/expired');
  });

  test('never quotes the token or its payload', async (assert) => {
    for (const [token] of Object.values(refused)) {
      if (typeof token !== 'string' || token.length < 8) continue;
      try {
        judge(token);
        assert.ok(false, 'throws');
      } catch (error) {
        const { message, cause, stack } = error as Error;
        for (const part of token.split('.').filter((text) => text.length > 4)) {
          assert.notOk(`${message} ${String(cause)} ${stack}`.includes(part));
        }
      }
    }
  });
});
