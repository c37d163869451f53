import { readJson, refused } from './token-text.js';

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

/** What a good signature vouches for, for good; only its time has to be judged again. */
export interface SignedClaims {
  /** Frozen: everybody who asks gets the same. */
  readonly claims: TokenClaims;
  /** The first millisecond at which it is valid. */
  readonly from: number;
  /** The first millisecond at which it is expired. */
  readonly until: number;
}

/** Reads the payload of a token whose signature is good, and judges all of it but the time (S54, S55). */
export function readClaims(payload: Uint8Array, issuer: string, audience: string): SignedClaims {
  const { iss, aud, sub, sid, jti, iat, nbf, exp } = readJson(payload, 'token/not-object');
  if (exp === undefined) throw refused('token/exp-missing');
  if (iss !== issuer) throw refused('token/issuer');
  // A list that holds our audience is not ours either: we never write one.
  if (aud !== audience) throw refused('token/audience');
  if (typeof sid !== 'string' || typeof jti !== 'string') throw refused('token/type');
  if (sub !== undefined && typeof sub !== 'string') throw refused('token/type');
  if (!isInstant(iat)) throw refused('token/type');
  if (nbf !== undefined && !isInstant(nbf)) throw refused('token/not-yet-valid');
  if (!isInstant(exp)) throw refused('token/exp-invalid');
  // Written out twice: to copy a part into the whole costs more than the signature's comparison.
  const claims =
    sub === undefined
      ? { iss: issuer, aud: audience, sid, jti, iat, exp }
      : { iss: issuer, aud: audience, sub, sid, jti, iat, exp };
  return {
    claims: Object.freeze(claims),
    from: Math.max(iat, nbf ?? iat) * 1000,
    until: exp * 1000,
  };
}

/** A text that looks like a number is none, and `1e999` is no instant. */
function isInstant(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
