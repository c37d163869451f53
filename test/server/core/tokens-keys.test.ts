import {
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  verify,
} from 'node:crypto';
import { calculateJwkThumbprint, createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import QUnit from 'qunit';
import { SessionError } from '../../../src/protocol/errors.js';
import { createTokens, type TokenKey } from '../../../src/server/core/tokens.js';
import { codeOf, secret, testClock, tokensOptions } from '../fixture.js';
import { bytesOf, day, encode, fixture, pairs, session, signedBy, signers } from './tokens-fixture.js';

const jwk = (key: KeyObject): JsonWebKey => key.export({ format: 'jwk' });
const pem = (key: KeyObject): string =>
  String(key.export({ format: 'pem', type: key.type === 'private' ? 'pkcs8' : 'spki' }));

/** RFC 8037 appendix A.1 to A.3. */
const rfc8037 = {
  key: {
    kty: 'OKP',
    crv: 'Ed25519',
    d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
    x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  },
  thumbprint: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
};

const kidsOf = (...keys: TokenKey[]) =>
  fixture({ keys })
    .tokens.jwks()
    .keys.map(({ kid }) => kid);

QUnit.module('server/core/tokens keys', () => {
  for (const alg of ['EdDSA', 'ES256'] as const) {
    const { privateKey, publicKey } = pairs[alg];

    QUnit.test(`reads a key of ${alg} in every form as the same key`, async (assert) => {
      const forms: readonly TokenKey[] = [
        { alg, privateKey },
        { alg, privateKey: pem(privateKey) },
        { alg, privateKey: jwk(privateKey) },
        { alg, privateKey, publicKey },
        { alg, privateKey: pem(privateKey), publicKey: pem(publicKey) },
        { alg, privateKey: jwk(privateKey), publicKey: jwk(publicKey) },
      ];
      const all = forms.map((key) => fixture({ keys: [key] }).tokens);
      const token = (await all[0]?.issue(session)) ?? '';
      for (const tokens of all) {
        assert.equal((await tokens.verify(token)).sid, session.id);
        assert.deepEqual(tokens.jwks(), all[0]?.jwks());
      }
    });

    QUnit.test(`verifies with a key of ${alg} that is public only`, async (assert) => {
      const token = await fixture({ keys: [{ alg, privateKey }] }).tokens.issue(session);
      for (const source of [publicKey, pem(publicKey), jwk(publicKey)]) {
        const { tokens } = fixture({
          keys: [
            { alg: 'HS256', secret },
            { alg, publicKey: source },
          ],
        });
        assert.equal((await tokens.verify(token)).sid, session.id);
      }
    });

    QUnit.test(`names a key of ${alg} by its thumbprint, in jwks and in the header`, async (assert) => {
      const { tokens } = fixture({ keys: [{ alg, privateKey }] });
      const kid = await calculateJwkThumbprint({ ...jwk(publicKey), kty: alg === 'EdDSA' ? 'OKP' : 'EC' });
      assert.deepEqual(kidsOf({ alg, privateKey }), [kid]);
      assert.deepEqual(decodeProtectedHeader(await tokens.issue(session)), { alg, typ: 'at+jwt', kid });
    });

    QUnit.test(`signs with ${alg} what others verify with jwks and jose`, async (assert) => {
      const { tokens, clock } = fixture({ keys: [{ alg, privateKey }] });
      const { payload } = await jwtVerify(
        await tokens.issue(session),
        createLocalJWKSet({ keys: [...tokens.jwks().keys] }),
        {
          typ: 'at+jwt',
          algorithms: [alg],
          issuer: 'https://issuer.example',
          currentDate: new Date(clock.time),
        },
      );
      assert.equal(payload.sid, session.id);
    });
  }

  QUnit.test('reads PEM of SEC 1, as older tools write it', async (assert) => {
    const { privateKey } = pairs.ES256;
    const sec1 = String(privateKey.export({ format: 'pem', type: 'sec1' }));
    assert.deepEqual(kidsOf({ alg: 'ES256', privateKey: sec1 }), kidsOf({ alg: 'ES256', privateKey }));
  });

  QUnit.test('gives the thumbprint of RFC 8037 A.3', (assert) => {
    assert.deepEqual(kidsOf({ alg: 'EdDSA', privateKey: rfc8037.key }), [rfc8037.thumbprint]);
  });

  QUnit.test('signs with Ed25519 as Node does', async (assert) => {
    const token = await fixture({ keys: [{ alg: 'EdDSA', privateKey: rfc8037.key }] }).tokens.issue(session);
    const [header, payload, signature = ''] = token.split('.');
    const { d: _, ...publicJwk } = rfc8037.key;
    const publicKey = createPublicKey({ key: publicJwk, format: 'jwk' });
    assert.true(verify(null, Buffer.from(`${header}.${payload}`), publicKey, bytesOf(signature)));
  });

  QUnit.test(
    'takes the kid that is given before that of the JWK, and that before the thumbprint',
    (assert) => {
      const privateKey = { ...rfc8037.key, kid: 'its-own' };
      assert.deepEqual(kidsOf({ alg: 'EdDSA', privateKey }), ['its-own']);
      assert.deepEqual(kidsOf({ alg: 'EdDSA', privateKey, kid: 'given' }), ['given']);
      const publicKey = { ...jwk(pairs.EdDSA.publicKey), kid: 'public' };
      assert.deepEqual(kidsOf({ alg: 'HS256', secret }, { alg: 'EdDSA', publicKey }), ['public']);
    },
  );

  QUnit.module('kid', () => {
    const named = (kid: string, secretOfIt: string) => ({ alg: 'HS256', secret: secretOfIt, kid }) as const;

    QUnit.test('writes the kid of a secret that has one, and none otherwise', async (assert) => {
      const token = await fixture({ keys: [named('k1', secret)] }).tokens.issue(session);
      assert.deepEqual(decodeProtectedHeader(token), { alg: 'HS256', typ: 'at+jwt', kid: 'k1' });
      assert.false('kid' in decodeProtectedHeader(await fixture().tokens.issue(session)));
    });

    QUnit.test('S51 verifies a token that names a key with that key only', async (assert) => {
      const other = `${secret}!`;
      const token = await fixture({ keys: [named('k1', secret)] }).tokens.issue(session);
      const verdict = (...keys: TokenKey[]) => codeOf(() => fixture({ keys }).tokens.verify(token));
      assert.equal(await verdict(named('k2', other), named('k1', secret)), 'no error');
      assert.equal(await verdict(named('k2', secret)), 'token/signature', 'the right secret by another name');
      assert.equal(await verdict({ alg: 'HS256', secret }), 'token/signature', 'and without a name');
      assert.equal(await verdict(named('k1', other), named('k2', secret)), 'token/signature');
    });

    QUnit.test('tries all keys of the algorithm for a token that names none', async (assert) => {
      const token = await fixture().tokens.issue(session);
      const keys = [
        ...signers.slice(1).map(({ key }) => key),
        named('k1', `${secret}!`),
        named('k2', secret),
      ];
      assert.equal((await fixture({ keys }).tokens.verify(token)).sid, session.id);
    });

    for (const { alg, key } of signers) {
      for (const kid of [
        '',
        'K1',
        'k1 ',
        'k',
        '../k1',
        "' OR 1=1",
        '__proto__',
        1,
        null,
        ['k1'],
        { k1: 1 },
      ]) {
        QUnit.test(`S51 refuses the kid ${JSON.stringify(kid)} beside k1 of ${alg}`, async (assert) => {
          const { tokens } = fixture({ keys: [{ ...key, kid: 'k1' }] });
          const verdict = (its: unknown) =>
            codeOf(() => tokens.verify(signedBy(alg, { alg, typ: 'at+jwt', kid: its })));
          assert.equal(await verdict('k1'), 'no error');
          assert.equal(await verdict(kid), 'token/signature');
        });
      }
    }
  });

  QUnit.module('jwks', () => {
    QUnit.test('S58 publishes public parts, and of every pair', (assert) => {
      const { tokens } = fixture({
        keys: [
          { alg: 'EdDSA', privateKey: pairs.EdDSA.privateKey, kid: 'a' },
          { alg: 'HS256', secret, kid: 'b' },
          { alg: 'ES256', publicKey: pairs.ES256.publicKey, kid: 'c' },
        ],
      });
      const { x: edX } = jwk(pairs.EdDSA.publicKey);
      const { x, y } = jwk(pairs.ES256.publicKey);
      assert.deepEqual(JSON.parse(JSON.stringify(tokens.jwks())), {
        keys: [
          { kty: 'OKP', crv: 'Ed25519', x: edX, use: 'sig', alg: 'EdDSA', kid: 'a' },
          { kty: 'EC', crv: 'P-256', x, y, use: 'sig', alg: 'ES256', kid: 'c' },
        ],
      });
    });

    QUnit.test('S58 publishes nothing of a secret', (assert) => {
      assert.deepEqual(fixture().tokens.jwks(), { keys: [] });
    });

    QUnit.test('publishes nothing else that a JWK may hold', (assert) => {
      const privateKey = {
        ...rfc8037.key,
        alg: 'EdDSA',
        use: 'sig',
        key_ops: ['sign'],
        x5u: 'http://x',
        p: 'q',
      };
      const { tokens } = fixture({ keys: [{ alg: 'EdDSA', privateKey }] });
      const [published = {}] = tokens.jwks().keys;
      assert.deepEqual(Object.keys(published).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x']);
    });

    QUnit.test('gives a list that nobody can change', (assert) => {
      const jwks = fixture({ keys: signers.map(({ key }) => key) }).tokens.jwks();
      assert.true([jwks, jwks.keys, ...jwks.keys].every(Object.isFrozen));
    });
  });

  QUnit.test(
    'S9, S58 retires a key when its last token has expired, and signs nobody out',
    async (assert) => {
      const clock = testClock();
      const life = 15 * 60_000;
      const { privateKey, publicKey } = pairs.EdDSA;
      const next = generateKeyPairSync('ed25519').privateKey;
      const server = (...keys: TokenKey[]) =>
        createTokens({ ...tokensOptions(clock.now), keys, tokenTimeToLive: life });
      const living = { ...session, expiresAt: clock.time + 30 * day };

      const before = server({ alg: 'EdDSA', privateKey, kid: 'old' });
      clock.time += day;
      const last = await before.issue(living);

      // The change: the new key signs, of the old one only the public half is left.
      const during = server(
        { alg: 'EdDSA', privateKey: next, kid: 'new' },
        { alg: 'EdDSA', publicKey, kid: 'old' },
      );
      const first = await during.issue(living);
      assert.deepEqual(
        during.jwks().keys.map(({ kid }) => kid),
        ['new', 'old'],
      );
      assert.equal(decodeProtectedHeader(first).kid, 'new');
      clock.time += life - 1;
      assert.equal(await codeOf(() => during.verify(last)), 'no error');
      assert.equal(await codeOf(() => during.verify(first)), 'no error');
      const fresh = await during.issue(living);
      clock.time += 1;
      assert.equal(
        await codeOf(() => during.verify(last)),
        'token/expired',
        'nothing is lost by its removal',
      );

      const after = server({ alg: 'EdDSA', privateKey: next, kid: 'new' });
      assert.equal(await codeOf(() => after.verify(fresh)), 'no error');
      assert.equal(await codeOf(() => after.verify(last)), 'token/signature');
      assert.equal(await codeOf(() => after.verify(last, { allowExpired: true })), 'token/signature');
      assert.deepEqual(
        after.jwks().keys.map(({ kid }) => kid),
        ['new'],
      );
    },
  );

  QUnit.module('S57 refuses', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const k256 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
    const ed448 = generateKeyPairSync('ed448');
    const x25519 = generateKeyPairSync('x25519');
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const otherEd = generateKeyPairSync('ed25519');
    const [ed, ec] = [pairs.EdDSA, pairs.ES256];
    const point = (x: string, y = x): JsonWebKey => ({ kty: 'EC', crv: 'P-256', x, y });
    const raw = (byte: string) => encode(Buffer.from(byte.repeat(32), 'hex'));
    const locked = String(
      ed.privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'p' }),
    );
    const edPair = (more: object) => ({ alg: 'EdDSA', privateKey: ed.privateKey, ...more });
    const edPublic = (publicKey: unknown) => ({ alg: 'EdDSA', publicKey });
    const ecPublic = (publicKey: unknown) => ({ alg: 'ES256', publicKey });
    const edPrivate = (privateKey: unknown) => ({ alg: 'EdDSA', privateKey });
    const ecPrivate = (privateKey: unknown) => ({ alg: 'ES256', privateKey });

    const cases: readonly (readonly [string, unknown])[] = [
      ['no object', null],
      ['a text', pem(ed.privateKey)],
      ['an algorithm that is not ours', { ...edPrivate(ed.privateKey), alg: 'RS256' }],
      ['the algorithm none', { alg: 'none' }],
      ['a pair without a half', { alg: 'EdDSA' }],
      ['RSA as EdDSA', edPrivate(rsa.privateKey)],
      ['RSA as ES256', ecPrivate(pem(rsa.privateKey))],
      ['an RSA JWK as ES256', ecPublic(jwk(rsa.publicKey))],
      ['RSA with exponent 1', ecPublic({ ...jwk(rsa.publicKey), e: 'AQ' })],
      ['P-384 as ES256', ecPrivate(p384.privateKey)],
      ['a P-384 JWK as ES256', ecPublic(jwk(p384.publicKey))],
      ['secp256k1 as ES256', ecPrivate(k256.privateKey)],
      ['Ed448 as EdDSA', edPrivate(ed448.privateKey)],
      ['X25519 as EdDSA', edPublic(x25519.publicKey)],
      ['P-256 as EdDSA', edPrivate(ec.privateKey)],
      ['Ed25519 as ES256', ecPrivate(ed.privateKey)],
      ['a secret as private key', edPrivate(createSecretKey(Buffer.alloc(32, 1)))],
      ['a secret JWK as public key', ecPublic({ kty: 'oct', k: encode(secret) })],
      ['a public key where the private one belongs', edPrivate(ed.publicKey)],
      ['a public PEM where the private one belongs', edPrivate(pem(ed.publicKey))],
      ['a public JWK where the private one belongs', edPrivate(jwk(ed.publicKey))],
      ['a private key where the public one belongs', edPublic(ed.privateKey)],
      ['a private PEM where the public one belongs', ecPublic(pem(ec.privateKey))],
      [
        'a SEC 1 PEM where the public one belongs',
        ecPublic(ec.privateKey.export({ format: 'pem', type: 'sec1' })),
      ],
      ['both PEMs where the public one belongs', ecPublic(pem(ec.publicKey) + pem(ec.privateKey))],
      ['a private JWK where the public one belongs', edPublic(jwk(ed.privateKey))],
      ['a PEM with a passphrase', edPrivate(locked)],
      ['a text that is no PEM', edPrivate('-----BEGIN PRIVATE KEY-----\nxxx\n-----END PRIVATE KEY-----')],
      ['an empty text', ecPublic('')],
      ['bytes', edPublic(Buffer.from(pem(ed.publicKey)))],
      ['a number', edPrivate(7)],
      ['a list', ecPublic([])],
      ['a JWK for another algorithm', edPrivate({ ...jwk(ed.privateKey), alg: 'ES256' })],
      ['a JWK for encryption', ecPublic({ ...jwk(ec.publicKey), use: 'enc' })],
      ['a JWK that may not sign', ecPrivate({ ...jwk(ec.privateKey), key_ops: ['verify'] })],
      ['a JWK that may not verify', ecPublic({ ...jwk(ec.publicKey), key_ops: 'verify' })],
      ['a JWK without its type', edPublic({ ...jwk(ed.publicKey), kty: undefined })],
      ['a point that is not on the curve', ecPublic(point(raw('01')))],
      ['the point zero', ecPublic(point(raw('00')))],
      ['coordinates that are too long', ecPublic(point(`${jwk(ec.publicKey).x}AAAA`, jwk(ec.publicKey).y))],
      [
        'an Ed25519 key of 31 bytes',
        edPublic({ kty: 'OKP', crv: 'Ed25519', x: encode(Buffer.alloc(31, 5)) }),
      ],
      ['a private key 0', ecPrivate({ ...jwk(ec.privateKey), d: raw('00') })],
      [
        'a private JWK with the point of another',
        ecPrivate({ ...jwk(other.privateKey), d: jwk(ec.privateKey).d }),
      ],
      ['a pair of two keys', edPair({ publicKey: otherEd.publicKey })],
      ['a pair of two algorithms', edPair({ publicKey: ec.publicKey })],
      ['an empty kid', edPair({ kid: '' })],
      ['a kid with a space', edPair({ kid: 'a b' })],
      ['a kid with a line feed', edPair({ kid: 'a\n' })],
      ['a kid of 129 characters', edPair({ kid: 'x'.repeat(129) })],
      ['a kid that is a number', edPrivate({ ...jwk(ed.privateKey), kid: 7 })],
      ['a kid of a secret that is none', { alg: 'HS256', secret, kid: 'é' }],
      ['a secret of 31 bytes', { alg: 'HS256', secret: 'é'.repeat(15) }],
      ['a secret that is a number', { alg: 'HS256', secret: 32 }],
      ['S50 a public PEM as secret', { alg: 'HS256', secret: pem(ed.publicKey) }],
      [
        'S50 the bytes of a public PEM as secret',
        { alg: 'HS256', secret: Buffer.from(`\n${pem(ec.publicKey)}`) },
      ],
      ['S50 a JWK text as secret', { alg: 'HS256', secret: JSON.stringify(jwk(ec.publicKey)) }],
    ];
    const material = [ed, ec].map(({ privateKey }) => String(jwk(privateKey).d));

    function refusal(assert: Assert, keys: readonly unknown[]): void {
      assert.throws(
        () => fixture({ keys: keys as readonly TokenKey[] }),
        (error: unknown) =>
          error instanceof SessionError &&
          error.code === 'config/invalid' &&
          error.cause === undefined &&
          error.message.includes('keys') &&
          ![...material, secret, 'xxx'].some((text) => error.message.includes(text)),
      );
    }

    for (const [what, key] of cases) {
      // As a second key, so that it is not refused for signing nothing.
      QUnit.test(what, (assert) => refusal(assert, [{ alg: 'HS256', secret: `${secret}-first` }, key]));
    }

    for (const alg of ['EdDSA', 'ES256'] as const) {
      QUnit.test(`a first key of ${alg} that cannot sign`, (assert) =>
        refusal(assert, [
          { alg, publicKey: pairs[alg].publicKey },
          { alg: 'HS256', secret },
        ]),
      );
      QUnit.test(`one key of ${alg} twice`, (assert) =>
        refusal(assert, [
          { alg, privateKey: pairs[alg].privateKey },
          { alg, publicKey: pairs[alg].publicKey },
        ]),
      );
    }

    QUnit.test('one kid for two keys of two algorithms', (assert) =>
      refusal(assert, [
        { alg: 'HS256', secret, kid: 'k' },
        { ...edPrivate(ed.privateKey), kid: 'k' },
      ]),
    );

    for (const y of [
      '00',
      '01',
      `ec${'ff'.repeat(30)}7f`,
      `ed${'ff'.repeat(30)}7f`,
      `ee${'ff'.repeat(30)}7f`,
      '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    ] as const) {
      QUnit.test(`the Ed25519 key ${y.slice(0, 4)}…, under which anybody can sign`, (assert) => {
        const bytes = Buffer.alloc(32);
        Buffer.from(y, 'hex').copy(bytes);
        const publicKey = { kty: 'OKP', crv: 'Ed25519', x: encode(bytes) };
        const anyone = Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]);
        const key = createPublicKey({ key: publicKey, format: 'jwk' });
        const texts = Array.from({ length: 200 }, (_, count) => Buffer.from(`text ${count}`));
        assert.true(
          texts.some((text) => verify(null, text, key, anyone)),
          'Node takes the key, and a signature that no key made',
        );
        refusal(assert, [{ alg: 'HS256', secret }, edPublic(publicKey)]);
        bytes[31] = (bytes[31] ?? 0) | 0x80;
        refusal(assert, [{ alg: 'HS256', secret }, edPublic({ ...publicKey, x: encode(bytes) })]);
      });
    }

    QUnit.test('nothing of the good keys that the cases above spoil', (assert) => {
      const good: readonly TokenKey[] = [
        { alg: 'EdDSA', privateKey: { ...jwk(ed.privateKey), alg: 'EdDSA', use: 'sig', key_ops: ['sign'] } },
        { alg: 'ES256', publicKey: { ...jwk(ec.publicKey), alg: 'ES256', key_ops: ['verify'] } },
        { alg: 'ES256', privateKey: createPrivateKey(pem(other.privateKey)), kid: `!${'x'.repeat(126)}~` },
        { alg: 'HS256', secret: 'é'.repeat(16) },
      ];
      assert.equal(fixture({ keys: good }).tokens.jwks().keys.length, 3);
    });
  });
});
