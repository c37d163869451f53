import { jwtDecode } from 'jwt-decode';
import { demand, fail } from './fail.js';

/**
 * What the payload of a token, or in cookie mode the session of an answer, tells the app. Claims are shown, never
 * trusted: nothing in a browser proves them. Times are seconds since the epoch (RFC 7519 §2, NumericDate).
 */
export interface SessionClaims {
  /** When the token expires. A token without it is refused (CAN-05); in cookie mode it may be absent. */
  readonly exp?: number;
  /** Whom the session belongs to. Claims of the same subject update an instance, others get a new one. */
  readonly sub?: string;
  readonly [claim: string]: unknown;
}

/** Checks that a token must pass besides being well-formed and unexpired. */
export interface ClaimChecks {
  /** Accepted values of `iss`. Default: not checked. */
  readonly issuer?: string | readonly string[];
  /** Accepted values of `aud`; one in common is enough. Default: not checked. */
  readonly audience?: string | readonly string[];
  /** How far this clock may be off when `exp` and `nbf` are judged, in milliseconds. Default 0. */
  readonly leeway?: number;
}

/** A NumericDate from here on, the year 5138, is one that somebody wrote in milliseconds. */
const MILLISECONDS_FROM = 1e11;

/** The token inside a stored text or a raw answer; some back ends and older apps quote it as a JSON string (CAN-04). */
export function unquote(text: string): string {
  return text.trim().replace(/^"(.*)"$/, '$1');
}

/**
 * Takes a token apart and checks the shape of what is inside, not the time.
 *
 * @throws SessionError `token/missing`, `token/malformed`, `token/not-base64url`, `token/not-json`,
 * `token/not-object`, `token/exp-missing`, `token/exp-invalid`, `token/exp-milliseconds`
 */
export function decodeToken(token: unknown): SessionClaims {
  demand(typeof token === 'string' && token, 'token/missing');
  demand(/^[^.]+\.[^.]+\.[^.]+$/.test(token), 'token/malformed');
  demand(/^[\w.-]+$/.test(token), 'token/not-base64url');
  let claims: SessionClaims;
  try {
    claims = jwtDecode(token);
  } catch (error) {
    // Its message is looked at but not passed on, since it may quote the payload.
    throw fail(/base64/.test(String(error)) ? 'token/not-base64url' : 'token/not-json');
  }
  demand(claims && typeof claims === 'object' && !Array.isArray(claims), 'token/not-object');
  const { exp } = claims;
  demand(exp !== undefined, 'token/exp-missing');
  demand(Number.isFinite(exp), 'token/exp-invalid');
  demand(exp < MILLISECONDS_FROM, 'token/exp-milliseconds');
  return Object.freeze(claims);
}

/**
 * Judges decoded claims at an instant. `exp` itself is no longer valid (RFC 7519 §4.1.4), `nbf` is (§4.1.5).
 *
 * @throws SessionError `token/expired`, `token/not-yet-valid`, `token/issuer`, `token/audience`
 */
export function judgeClaims(claims: SessionClaims, checks: ClaimChecks, now: number): SessionClaims {
  const { exp, nbf = 0, iss, aud } = claims;
  const { issuer, audience, leeway = 0 } = checks;
  demand(exp === undefined || now < exp * 1000 + leeway, 'token/expired');
  demand(typeof nbf === 'number' && now + leeway >= nbf * 1000, 'token/not-yet-valid');
  demand(names(iss, issuer), 'token/issuer');
  demand(names(aud, audience), 'token/audience');
  return claims;
}

/** Whether a claim, a text or a list of them, names one of the accepted values; anything will do where none are. */
function names(claim: unknown, accepted: string | readonly string[] | undefined): boolean {
  return accepted === undefined || [claim].flat().some((name) => [accepted].flat().includes(name as string));
}

/**
 * The claims of cookie mode: the session as the server shows it, in `session` or bare, under the names that a JWT has
 * for the same two facts, so that an app need not know the mode.
 *
 * @throws SessionError `session/malformed`
 */
export function sessionClaims(answer: unknown): SessionClaims {
  const session = Object(answer).session ?? answer;
  demand(session && typeof session === 'object', 'session/malformed');
  const { uid: sub, expiresAt } = session;
  return Object.freeze({ sub, exp: expiresAt ? expiresAt / 1000 : undefined, ...session });
}
