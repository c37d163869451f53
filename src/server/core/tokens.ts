import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { type ErrorCode, SessionError } from '../../protocol/errors.js';
import { invalidOption, shortText, wholeNumber } from './options.js';

/** A key and the one algorithm it is good for: no header of a token ever chooses another (S50). */
export interface TokenKey {
  readonly alg: 'HS256';
  /** At least 32 bytes (RFC 7518 §3.2); a text counts in UTF-8. Random, and known to the server alone. */
  readonly secret: string | Uint8Array;
}

export interface TokensOptions {
  /** 1 to 8 keys: the first signs, all verify, so that a key can be replaced without signing anybody out (S9). */
  readonly keys: readonly TokenKey[];
  /** `iss`: who makes the tokens. 1 to 256 characters, compared exactly. */
  readonly issuer: string;
  /** `aud`: whom they are for. 1 to 256 characters, compared exactly. */
  readonly audience: string;
  /** Milliseconds a token lives at most; it never outlives its session. From one second. Default and most: 400 days. */
  readonly tokenTimeToLive?: number;
  /** Milliseconds by which the clocks of two servers may differ. Default 0, at most one minute (S54). */
  readonly leeway?: number;
  /** The present, in milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: () => number;
}

/** What a token is made from: a session. */
export interface TokenSubject {
  readonly id: string;
  readonly uid: string | null;
  readonly expiresAt: number;
}

/** The claims of a token of ours, times in seconds. There is no personal data in it beyond `sub` (S59). */
export interface TokenClaims {
  readonly iss: string;
  readonly aud: string;
  /** The user's id; absent while the session is nobody's. */
  readonly sub?: string;
  /** The session's id. */
  readonly sid: string;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
}

export interface Tokens {
  /** Signs a token for a session. */
  issue(session: TokenSubject): Promise<string>;
  /**
   * The claims of a token that this server signed, for this audience, and that has not expired. Rejects with a
   * `SessionError` whose code begins with `token/`. `allowExpired` lets the time pass, and nothing else: whoever holds an
   * old token may still end its session.
   */
  verify(token: string, options?: { readonly allowExpired?: boolean }): Promise<TokenClaims>;
}

const type = 'at+jwt';
const day = 24 * 60 * 60 * 1000;
const longestLife = 400 * day;
/** Ours have some 450 characters, and with the longest names, in the costliest letters, 6500. */
const longestToken = 8192;
const mostKeys = 8;
const leastSecretBytes = 32;

/** Signs and verifies the JWTs of one server. Throws `config/invalid` when an option has a value it cannot have. */
export function createTokens(options: TokensOptions): Tokens {
  const keys = keysOf(options.keys);
  const issuer = shortText('issuer', options.issuer, 256);
  const audience = shortText('audience', options.audience, 256);
  const life = wholeNumber(
    'tokenTimeToLive',
    options.tokenTimeToLive ?? longestLife,
    1000,
    longestLife,
    'milliseconds',
  );
  const leeway = wholeNumber('leeway', options.leeway ?? 0, 0, 60_000, 'milliseconds') / 1000;
  const now = options.now ?? Date.now;

  const expected = {
    algorithms: ['HS256'],
    issuer,
    audience,
    typ: type,
    clockTolerance: leeway,
    requiredClaims: ['exp', 'iat', 'sid', 'jti'],
  };

  async function payloadOf(token: string, key: KeyObject, allowExpired: boolean): Promise<JWTPayload> {
    try {
      return (await jwtVerify(token, key, { ...expected, currentDate: new Date(now()) })).payload;
    } catch (error) {
      // jose looks at `exp` last, so all the rest was right.
      if (allowExpired && error instanceof errors.JWTExpired) return error.payload;
      throw error;
    }
  }

  return {
    issue({ id, uid, expiresAt }) {
      const at = now();
      const payload = {
        iss: issuer,
        aud: audience,
        ...(uid === null ? undefined : { sub: uid }),
        sid: id,
        jti: randomBytes(16).toString('base64url'),
        iat: Math.floor(at / 1000),
        // Rounded down: the token is never valid when the session is not.
        exp: Math.floor(Math.min(expiresAt, at + life) / 1000),
      };
      return new SignJWT(payload).setProtectedHeader({ alg: 'HS256', typ: type }).sign(keys[0]);
    },

    async verify(token, { allowExpired = false } = {}) {
      admit(token);
      let failure: unknown;
      for (const key of keys) {
        try {
          return claimsOf(await payloadOf(token, key, allowExpired), now() / 1000 + leeway);
        } catch (error) {
          failure = error;
          if (!(error instanceof errors.JWSSignatureVerificationFailed)) break;
        }
      }
      throw failure instanceof errors.JOSEError ? refused(codeOf(failure)) : failure;
    },
  };
}

function keysOf(keys: readonly TokenKey[]): readonly [KeyObject, ...KeyObject[]] {
  const count = Array.isArray(keys) ? keys.length : 0;
  wholeNumber('keys.length', count, 1, mostKeys, 'keys');
  const [first, ...others] = keys.map(({ alg, secret }) => {
    if (alg !== 'HS256') throw invalidOption('The option keys holds a key whose alg is not HS256.');
    const bytes = typeof secret === 'string' ? Buffer.from(secret) : secret;
    if (!(bytes instanceof Uint8Array) || bytes.length < leastSecretBytes) {
      throw invalidOption(
        `The option keys holds a secret that is shorter than ${leastSecretBytes} bytes (RFC 7518 §3.2).`,
      );
    }
    return createSecretKey(bytes);
  });
  if (first === undefined) throw invalidOption('The option keys must hold a key.');
  return [first, ...others];
}

/** What can be refused before any cryptography; jose is more patient with spellings than we are (S53). */
function admit(token: string): void {
  if (typeof token !== 'string' || token.length === 0) throw refused('token/missing');
  if (token.length > longestToken) throw refused('token/size');
  const parts = token.split('.');
  const [header] = parts;
  if (header === undefined || parts.length !== 3 || parts.includes('')) throw refused('token/malformed');
  if (!parts.every(isCanonical)) throw refused('token/not-base64url');

  const { alg, typ, ...others } = headerOf(header);
  // A `crit` that we do not know must be refused (RFC 7515 §4.1.11), and we know none (S52).
  if (alg !== 'HS256' || 'crit' in others) throw refused('token/signature');
  if (typ !== type) throw refused('token/type');
}

function headerOf(part: string): { readonly [name: string]: unknown } {
  try {
    const header: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    if (typeof header === 'object' && header !== null) return { ...header };
  } catch {
    // No JSON: no token.
  }
  throw refused('token/malformed');
}

const alphabet = /^[\w-]+$/;
/** By length modulo 4: the last characters that leave no bit over, so that a token has exactly one spelling. */
const lastCharacters = [/.$/, /^$/, /[AQgw]$/, /[AEIMQUYcgkosw048]$/];

function isCanonical(part: string): boolean {
  return alphabet.test(part) && lastCharacters[part.length % 4]?.test(part) === true;
}

function claimsOf(payload: JWTPayload, latestIssue: number): TokenClaims {
  const { iss, aud, sub, sid, jti, iat, exp } = payload;
  if (typeof sid !== 'string' || typeof jti !== 'string') throw refused('token/type');
  if (typeof iss !== 'string' || typeof aud !== 'string') throw refused('token/audience');
  if (exp === undefined) throw refused('token/exp-missing');
  if (iat === undefined || iat > latestIssue) throw refused('token/not-yet-valid');
  if (sub !== undefined && typeof sub !== 'string') throw refused('token/type');
  return { iss, aud, sid, jti, iat, exp, ...(sub === undefined ? undefined : { sub }) };
}

function codeOf(failure: errors.JOSEError): ErrorCode {
  if (failure instanceof errors.JWTExpired) return 'token/expired';
  if (failure instanceof errors.JWTInvalid) return 'token/not-object';
  if (!(failure instanceof errors.JWTClaimValidationFailed)) return 'token/signature';
  if (failure.claim === 'exp')
    return failure.reason === 'missing' ? 'token/exp-missing' : 'token/exp-invalid';
  return codeOfClaim.get(failure.claim) ?? 'token/type';
}

const codeOfClaim: ReadonlyMap<string, ErrorCode> = new Map([
  ['iss', 'token/issuer'],
  ['aud', 'token/audience'],
  ['nbf', 'token/not-yet-valid'],
]);

/** Says which rule was broken and never shows the token, nor keeps jose's error, which holds its payload. */
function refused(code: ErrorCode): SessionError {
  return new SessionError(code, { status: 401 });
}
