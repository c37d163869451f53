import { createHmac, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';
import { compactVerify, errors, SignJWT } from 'jose';
import type { ErrorCode } from '../../protocol/errors.js';
import { shortText, wholeNumber } from './options.js';
import { readClaims, type SignedClaims, type TokenClaims } from './token-claims.js';
import { type KnownKey, type KnownPair, type PublicTokenKey, readKeys, type TokenKey } from './token-keys.js';
import { TokenMemory } from './token-memory.js';
import { encode, headerText, readText, refused, type TokenText, tokenType } from './token-text.js';

export type { TokenClaims } from './token-claims.js';
export type {
  PairTokenKey,
  PublicTokenKey,
  SecretTokenKey,
  TokenKey,
  TokenKeySource,
} from './token-keys.js';

export interface TokensOptions {
  /**
   * 1 to 8 keys: the first signs, all verify, so that a key can be replaced without signing anybody out (S9). An old key
   * can go when the last token it signed has expired: `tokenTimeToLive` after it was the first (S58).
   */
  readonly keys: readonly TokenKey[];
  /** `iss`: who makes the tokens. 1 to 256 characters, compared exactly. */
  readonly issuer: string;
  /** `aud`: whom they are for. 1 to 256 characters, compared exactly. */
  readonly audience: string;
  /** Milliseconds a token lives at most; it never outlives its session. From one second. Default and most: 400 days. */
  readonly tokenTimeToLive?: number;
  /** Milliseconds by which the clocks of two servers may differ. Default 0, at most one minute (S54). */
  readonly leeway?: number;
  /**
   * How many verified tokens are remembered, so that their signature is not computed again: 0 (none) to 1,000,000. Default
   * 10,000, at some 0.8 kB each. A new one pushes out the oldest.
   */
  readonly remembered?: number;
  /** The present, in milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: () => number;
}

/** What a token is made from: a session. */
export interface TokenSubject {
  readonly id: string;
  readonly uid: string | null;
  readonly expiresAt: number;
}

export interface Tokens {
  /** Signs a token for a session. */
  issue(session: TokenSubject): Promise<string>;
  /**
   * The claims of a token that this server signed, for this audience, and that has not expired; they are frozen. Rejects
   * with a `SessionError` whose code begins with `token/`. `allowExpired` lets the time pass, and nothing else: whoever
   * holds an old token may still end its session.
   *
   * A good token says that there was a session, not that there still is one: look `sid` up in the store (S60).
   */
  verify(token: string, options?: { readonly allowExpired?: boolean }): Promise<TokenClaims>;
  /**
   * The claims, at once, if this very token was verified before and its time has neither passed nor is yet to come;
   * `undefined` = ask `verify`. What is remembered is that the signature was good, until `exp`; time is judged at every use,
   * and the session is still to be looked up. Never throws.
   */
  recall(token: string): TokenClaims | undefined;
  /**
   * The public halves of all EdDSA and ES256 keys, those that verify only among them, for `/.well-known/jwks.json` (S58).
   * Without such keys the list is empty, and there is nothing to publish.
   */
  jwks(): { readonly keys: readonly PublicTokenKey[] };
}

const day = 24 * 60 * 60 * 1000;
const longestLife = 400 * day;

/** Signs and verifies the JWTs of one server. Throws `config/invalid` when an option has a value it cannot have. */
export function createTokens(options: TokensOptions): Tokens {
  const keys = readKeys(options.keys);
  const issuer = shortText('issuer', options.issuer, 256);
  const audience = shortText('audience', options.audience, 256);
  const life = wholeNumber(
    'tokenTimeToLive',
    options.tokenTimeToLive ?? longestLife,
    1000,
    longestLife,
    'milliseconds',
  );
  const leeway = wholeNumber('leeway', options.leeway ?? 0, 0, 60_000, 'milliseconds');
  const remembered = wholeNumber('remembered', options.remembered ?? 10_000, 0, 1_000_000, 'tokens');
  const now = options.now ?? Date.now;

  const headers = new Map(keys.map((key) => [headerText(key), key]));
  const memory = new TokenMemory(remembered);
  const published = Object.freeze({
    keys: Object.freeze(keys.flatMap((key) => (key.alg === 'HS256' ? [] : key.published))),
  });

  /** What is wrong with the time, judged at every use (S54): the leeway is granted at both ends. */
  function untimely({ from, until }: SignedClaims, allowExpired: boolean): ErrorCode | undefined {
    const at = now();
    if (from > at + leeway) return 'token/not-yet-valid';
    return until <= at - leeway && !allowExpired ? 'token/expired' : undefined;
  }

  function recall(token: string, allowExpired = false): TokenClaims | undefined {
    const signed = memory.get(token);
    if (signed === undefined) return undefined;
    if (untimely(signed, allowExpired) === undefined) return signed.claims;
    memory.delete(token);
    return undefined;
  }

  return {
    issue({ id, uid, expiresAt }) {
      const at = now();
      return sign(keys[0], {
        iss: issuer,
        aud: audience,
        ...(uid === null ? undefined : { sub: uid }),
        sid: id,
        jti: randomBytes(16).toString('base64url'),
        iat: Math.floor(at / 1000),
        // Rounded down: the token is never valid when the session is not.
        exp: Math.floor(Math.min(expiresAt, at + life) / 1000),
      });
    },

    async verify(token, { allowExpired = false } = {}) {
      const known = recall(token, allowExpired);
      if (known !== undefined) return known;
      const text = readText(token, headers);
      const { alg, kid } = text.header;
      for (const key of keys) {
        if (key.alg !== alg || (kid !== undefined && key.kid !== kid)) continue;
        const good = isSignedWith(key, text);
        // To wait for what is known already would cost as much as all the refusals.
        if (!(typeof good === 'boolean' ? good : await good)) continue;
        const signed = readClaims(text.payload, issuer, audience);
        const wrong = untimely(signed, allowExpired);
        if (wrong !== undefined) throw refused(wrong);
        if (!allowExpired) memory.put(token, signed);
        return signed.claims;
      }
      throw refused('token/signature');
    },

    recall: (token) => recall(token),

    jwks: () => published,
  };
}

/** Signs as jose does. HS256 is one call of Node's and needs no promise, which WebCrypto does: 5 µs, and not 40. */
async function sign(key: KnownKey, claims: TokenClaims): Promise<string> {
  if (key.alg === 'HS256') {
    const input = `${headerText(key)}.${encode(claims)}`;
    return `${input}.${macOf(key.secret, input)}`;
  }
  const { alg, kid, privateKey } = key;
  if (privateKey === undefined) throw new TypeError('A key without a private half signs nothing.');
  return new SignJWT({ ...claims }).setProtectedHeader({ alg, typ: tokenType, kid }).sign(privateKey);
}

/** Whether this key made this signature; what the header says is none of its business. Not for use outside. */
export function isSignedWith(
  key: KnownKey,
  { input, signature }: Pick<TokenText, 'input' | 'signature'>,
): boolean | Promise<boolean> {
  if (key.alg !== 'HS256') return isSignedByPair(key, `${input}.${signature}`);
  // As text, not as the bytes it stands for: there is one spelling (S53).
  const [given, expected] = [Buffer.from(signature), Buffer.from(macOf(key.secret, input))];
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** WebCrypto computes in a thread of its own: 100 µs and more that hold up nobody else. */
async function isSignedByPair({ alg, publicKey }: KnownPair, token: string): Promise<boolean> {
  try {
    await compactVerify(token, publicKey, { algorithms: [alg] });
    return true;
  } catch (error) {
    if (error instanceof errors.JOSEError) return false;
    throw error;
  }
}

function macOf(secret: KeyObject, input: string): string {
  return createHmac('sha256', secret).update(input).digest('base64url');
}
