import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';

export interface HandMade {
  readonly secret: string;
  readonly issuer: string;
  readonly audience: string;
}

/**
 * The least code that does it: `alg` and `typ` are read from the header, the signature is compared in constant time, and of
 * the claims those are judged that must be. Spellings, other members of the header and types of claims are not looked at,
 * and nothing is remembered.
 */
export function byHand({ secret, issuer, audience }: HandMade) {
  const key = createSecretKey(Buffer.from(secret));
  return (token: string): unknown => {
    const [header = '', payload = '', signature = ''] = token.split('.');
    const { alg, typ } = JSON.parse(Buffer.from(header, 'base64url').toString());
    if (alg !== 'HS256' || typ !== 'at+jwt') throw new Error('header');
    const expected = createHmac('sha256', key).update(`${header}.${payload}`).digest();
    const given = Buffer.from(signature, 'base64url');
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new Error('signature');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    if (claims.iss !== issuer || claims.aud !== audience || claims.exp * 1000 <= Date.now()) {
      throw new Error('claims');
    }
    return claims;
  };
}
