import { type ErrorCode, SessionError } from '../../protocol/errors.js';

/** `typ` of our tokens (RFC 9068): it keeps them apart from whatever else the same key may sign (S56). */
export const tokenType = 'at+jwt';

/** What a header names; nobody has looked yet whether there is such a key. */
export interface TokenHeader {
  readonly alg: unknown;
  readonly kid?: unknown;
}

/** A token taken apart, before any cryptography. */
export interface TokenText {
  readonly header: TokenHeader;
  /** Header, dot, payload: what is signed. */
  readonly input: string;
  readonly payload: Uint8Array;
  readonly signature: string;
}

/** Ours have some 450 characters, and with the longest names, in the costliest letters, 6700. */
const longestToken = 8192;

/** The header of the tokens of one key, as text. */
export function headerText({ alg, kid }: TokenHeader): string {
  return encode({ alg, typ: tokenType, kid });
}

/**
 * Takes a token apart, and refuses what can be refused before any cryptography: libraries are more patient with spellings
 * and headers than we are. `known` are headers that need not be read again.
 */
export function readText(token: string, known: ReadonlyMap<string, TokenHeader>): TokenText {
  if (typeof token !== 'string' || token.length === 0) throw refused('token/missing');
  if (token.length > longestToken) throw refused('token/size');
  const first = token.indexOf('.');
  const last = token.lastIndexOf('.');
  const header = token.slice(0, Math.max(first, 0));
  const payload = token.slice(first + 1, last);
  const signature = token.slice(last + 1);
  if (header === '' || payload === '' || signature === '' || payload.includes('.')) {
    throw refused('token/malformed');
  }
  const bytes = bytesOf(payload);
  bytesOf(signature);
  return {
    header: known.get(header) ?? readHeader(bytesOf(header)),
    input: token.slice(0, last),
    payload: bytes,
    signature,
  };
}

/**
 * A header holds `alg`, `typ` and `kid` and nothing else: `jku`, `jwk`, `x5u` and `x5c` would name a key (S51), and a `crit`
 * that we do not know must be refused (RFC 7515 §4.1.11), and we know none (S52).
 */
function readHeader(bytes: Uint8Array): TokenHeader {
  const { alg, typ, kid, ...others } = readJson(bytes, 'token/malformed');
  if (Object.keys(others).length > 0) throw refused('token/signature');
  if (typ !== tokenType) throw refused('token/type');
  return { alg, kid };
}

/**
 * Node skips what is no base64url, and so do padding, white space and bits left over: only the text that the bytes are
 * written as is read as these bytes (S53).
 */
function bytesOf(part: string): Uint8Array {
  const bytes = Buffer.from(part, 'base64url');
  if (bytes.toString('base64url') !== part) throw refused('token/not-base64url');
  return bytes;
}

/** A byte order mark is kept, and then it is no JSON; what is no UTF-8 is no text. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The members of a JSON object. Of two members of one name the last counts (RFC 7519 §4). */
export function readJson(bytes: Uint8Array, code: ErrorCode): { readonly [name: string]: unknown } {
  try {
    const value: unknown = JSON.parse(utf8.decode(bytes));
    if (isMembers(value)) return value;
  } catch {
    // No JSON: no token.
  }
  throw refused(code);
}

function isMembers(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An object as a part of a token. */
export function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** Says which rule was broken and never shows the token, nor keeps the error of a library, which may hold its payload. */
export function refused(code: ErrorCode): SessionError {
  return new SessionError(code, { status: 401 });
}
