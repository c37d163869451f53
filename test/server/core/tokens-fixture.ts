import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { createTokens, type TokenKey, type TokensOptions } from '../../../src/server/core/tokens.js';
import { secret, start, testClock, tokensOptions } from '../fixture.js';

export const second = start / 1000;
export const day = 86_400_000;
export const session = { id: 'the-id-of-the-session', uid: 'ada', expiresAt: start + 7 * day };
export const goodClaims = {
  iss: 'https://issuer.example',
  aud: 'https://app.example',
  sub: 'ada',
  sid: session.id,
  jti: 'jti',
  iat: second,
  exp: second + 3600,
};
export const goodHeader = { alg: 'HS256', typ: 'at+jwt' };

export const encode = (part: string | Uint8Array): string => Buffer.from(part).toString('base64url');
export const bytesOf = (part: string): Buffer => Buffer.from(part, 'base64url');

export type Part = string | object | Uint8Array;

const partOf = (part: Part): string =>
  encode(typeof part === 'string' || part instanceof Uint8Array ? part : JSON.stringify(part));

/** A token of any text, rightly signed: what somebody with our key, but not our code, could make. */
export function handMade(claims: Part, header: Part = goodHeader, key: string | Uint8Array = secret): string {
  return sealed(partOf(header), partOf(claims), (input) =>
    createHmac('sha256', key).update(input).digest('base64url'),
  );
}

/** A token of two parts as they are, and a signature over them. */
export function sealed(header: string, payload: string, seal: (input: string) => string): string {
  const input = `${header}.${payload}`;
  return `${input}.${seal(input)}`;
}

const ed25519 = generateKeyPairSync('ed25519');
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });

export const pairs = {
  EdDSA: { ...ed25519, seal: (input: string) => encode(sign(null, Buffer.from(input), ed25519.privateKey)) },
  ES256: {
    ...p256,
    seal: (input: string) =>
      encode(sign('sha256', Buffer.from(input), { key: p256.privateKey, dsaEncoding: 'ieee-p1363' })),
  },
};

/** One key of each algorithm, and how it signs any text. */
export const signers: readonly {
  readonly alg: TokenKey['alg'];
  readonly key: TokenKey;
  readonly seal: (input: string) => string;
}[] = [
  {
    alg: 'HS256',
    key: { alg: 'HS256', secret },
    seal: (input) => createHmac('sha256', secret).update(input).digest('base64url'),
  },
  { alg: 'EdDSA', key: { alg: 'EdDSA', privateKey: ed25519.privateKey }, seal: pairs.EdDSA.seal },
  { alg: 'ES256', key: { alg: 'ES256', privateKey: p256.privateKey }, seal: pairs.ES256.seal },
];

/** `handMade` for every algorithm. */
export function signedBy(alg: TokenKey['alg'], header: Part, claims: Part = goodClaims): string {
  const { seal } = signers.find((signer) => signer.alg === alg) ?? {};
  if (seal === undefined) throw new Error(`There is no signer for ${alg}.`);
  return sealed(partOf(header), partOf(claims), seal);
}

export function fixture(options: Partial<TokensOptions> = {}) {
  const clock = testClock();
  return { clock, tokens: createTokens({ ...tokensOptions(clock.now), ...options }) };
}
