import {
  createHash,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  type JsonWebKey,
  KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { invalidOption, wholeNumber } from './options.js';
import { isWeakPoint } from './token-weak-points.js';

/** For one server, or for several that trust each other: whoever can verify can sign. */
export interface SecretTokenKey {
  readonly alg: 'HS256';
  /** At least 32 bytes (RFC 7518 §3.2); a text counts in UTF-8. Random, and known to the server alone. */
  readonly secret: string | Uint8Array;
  /** Names the key in the headers of its tokens: 1 to 128 printable ASCII characters. Default: it is not named. */
  readonly kid?: string;
}

/** A key as PEM text, as JWK or as a KeyObject of Node. */
export type TokenKeySource = string | JsonWebKey | KeyObject;

/**
 * For other servers to verify what only this one can sign. EdDSA is Ed25519 (RFC 8037), ES256 is P-256 (RFC 7518 §3.4). Of an
 * ES256 token whoever holds it can write a twin that is as good, as with all ECDSA: a token is named by its `jti`, never by
 * its text.
 */
export interface PairTokenKey {
  readonly alg: 'EdDSA' | 'ES256';
  /** PKCS #8 or SEC 1 without a passphrase. Without it the key verifies only, and cannot be the first. */
  readonly privateKey?: TokenKeySource;
  /** Default: what belongs to `privateKey`. */
  readonly publicKey?: TokenKeySource;
  /**
   * Names the key in the headers of its tokens and in `jwks()`: 1 to 128 printable ASCII characters. Default: the `kid` of
   * the JWK, or else the thumbprint of the public key (RFC 7638).
   */
  readonly kid?: string;
}

/** A key and the one algorithm it is good for: no header of a token ever chooses another (S50). */
export type TokenKey = SecretTokenKey | PairTokenKey;

/** The public half of a key, for everybody to read (RFC 7517). */
export interface PublicTokenKey {
  readonly kty: 'OKP' | 'EC';
  readonly crv: 'Ed25519' | 'P-256';
  readonly x: string;
  readonly y?: string;
  readonly use: 'sig';
  readonly alg: 'EdDSA' | 'ES256';
  readonly kid: string;
}

export interface KnownSecret {
  readonly alg: 'HS256';
  readonly kid: string | undefined;
  readonly secret: KeyObject;
}

export interface KnownPair {
  readonly alg: 'EdDSA' | 'ES256';
  readonly kid: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject | undefined;
  readonly published: PublicTokenKey;
}

export type KnownKey = KnownSecret | KnownPair;

const mostKeys = 8;
const leastSecretBytes = 32;

/** All keys of a server, checked (S57); the first one signs. Throws `config/invalid` and shows nothing of a key. */
export function readKeys(keys: readonly TokenKey[]): readonly [KnownKey, ...KnownKey[]] {
  const count = Array.isArray(keys) ? keys.length : 0;
  wholeNumber('keys.length', count, 1, mostKeys, 'keys');
  const [first, ...others] = keys.map(readKey);
  if (first === undefined || (first.alg !== 'HS256' && first.privateKey === undefined)) {
    throw invalidOption('The first of the option keys signs: it needs a privateKey.');
  }
  const names = [first, ...others].flatMap(({ kid }) => kid ?? []);
  if (new Set(names).size < names.length) {
    throw invalidOption('The option keys holds a key twice, or two keys of one kid.');
  }
  return [first, ...others];
}

function readKey(key: TokenKey): KnownKey {
  if (key?.alg === 'HS256') return { alg: key.alg, kid: kidOf(key.kid), secret: secretOf(key.secret) };
  if (key?.alg === 'EdDSA' || key?.alg === 'ES256') return pairOf(key);
  throw invalidOption('The option keys holds a key whose alg is not HS256, EdDSA or ES256.');
}

function secretOf(secret: string | Uint8Array): KeyObject {
  const bytes = typeof secret === 'string' ? Buffer.from(secret) : secret;
  if (!(bytes instanceof Uint8Array) || bytes.length < leastSecretBytes) {
    throw invalidOption(
      `The option keys holds a secret that is shorter than ${leastSecretBytes} bytes (RFC 7518 §3.2).`,
    );
  }
  // A public key is no secret: whoever reads it could sign (RFC 8725 §2.1).
  if (/-----BEGIN |"kty"/.test(Buffer.from(bytes).toString('latin1'))) {
    throw invalidOption('The option keys holds a secret that is a PEM or JWK text: its alg is not HS256.');
  }
  return createSecretKey(bytes);
}

function pairOf({ alg, privateKey, publicKey, kid }: PairTokenKey): KnownPair {
  const signer = privateKey === undefined ? undefined : keyObjectOf(privateKey, 'private', alg);
  const verifier =
    publicKey === undefined ? signer && createPublicKey(signer) : keyObjectOf(publicKey, 'public', alg);
  if (verifier === undefined) {
    throw invalidOption('The option keys holds a key with neither privateKey nor publicKey.');
  }
  const point = pointOf(verifier, alg);
  if (signer !== undefined && !belongTogether(signer, verifier, alg)) {
    throw invalidOption('The option keys holds a privateKey and a publicKey that do not belong together.');
  }
  const name = kidOf(kid ?? kidIn(privateKey) ?? kidIn(publicKey)) ?? thumbprint(point);
  const published = Object.freeze({ ...point, use: 'sig', alg, kid: name } as const);
  return { alg, kid: name, publicKey: verifier, privateKey: signer, published };
}

function keyObjectOf(source: TokenKeySource, type: 'private' | 'public', alg: string): KeyObject {
  const failure = invalidOption(
    `The option keys holds a ${type}Key that is no ${type} key of ${alg} as PEM text, JWK or KeyObject.`,
  );
  if (source instanceof KeyObject) {
    if (source.type !== type) throw failure;
    return source;
  }
  if (typeof source !== 'string' && !isMeantFor(source, type === 'private' ? 'sign' : 'verify', alg)) {
    throw failure;
  }
  // Node makes a public key out of a private one without a word; such a mistake would hide what was given away.
  if (type === 'public' && isPrivate(source)) throw failure;
  const input = typeof source === 'string' ? source : ({ key: source, format: 'jwk' } as const);
  try {
    return type === 'private' ? createPrivateKey(input) : createPublicKey(input);
  } catch {
    // Its error may show the key.
    throw failure;
  }
}

function isPrivate(source: string | JsonWebKey): boolean {
  return typeof source === 'string' ? source.includes('PRIVATE KEY') : 'd' in source;
}

/** A JWK may say what it is for (RFC 7517 §4.2 to §4.4); then it is for nothing else. */
function isMeantFor(jwk: JsonWebKey, operation: string, alg: string): boolean {
  if (typeof jwk !== 'object' || jwk === null) return false;
  const { use = 'sig', alg: its = alg, key_ops: operations = [operation] } = jwk;
  return use === 'sig' && its === alg && Array.isArray(operations) && operations.includes(operation);
}

type Point = Pick<PublicTokenKey, 'kty' | 'crv' | 'x' | 'y'>;

/** The members that make the key, in the order of RFC 7638. */
function pointOf(publicKey: KeyObject, alg: KnownPair['alg']): Point {
  const { crv, x = '', y = '' } = jwkOf(publicKey);
  if (alg === 'EdDSA' && crv === 'Ed25519' && !isWeakPoint(x)) return { crv, kty: 'OKP', x };
  if (alg === 'ES256' && crv === 'P-256') return { crv, kty: 'EC', x, y };
  throw invalidOption(
    `The option keys holds a key of ${alg} that is ${alg === 'EdDSA' ? 'not on Ed25519, or weak' : 'not on P-256'}.`,
  );
}

function jwkOf(publicKey: KeyObject): JsonWebKey {
  try {
    return publicKey.export({ format: 'jwk' });
  } catch {
    // A curve or a kind of key that has no JWK is none of ours.
    return {};
  }
}

/** RFC 7638 §3: no space, members in the order of their names. */
function thumbprint({ crv, kty, x, y }: Point): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}

/** Signs something: a JWK may hold halves of two keys, and nobody would notice before the first sign-in. */
function belongTogether(privateKey: KeyObject, publicKey: KeyObject, alg: KnownPair['alg']): boolean {
  const hash = alg === 'EdDSA' ? null : 'sha256';
  const text = Buffer.from('proof');
  try {
    return verify(hash, text, publicKey, sign(hash, text, privateKey));
  } catch {
    return false;
  }
}

function kidIn(source: TokenKeySource | undefined): unknown {
  return typeof source === 'object' && !(source instanceof KeyObject) ? source.kid : undefined;
}

function kidOf(kid: unknown): string | undefined {
  if (kid === undefined || (typeof kid === 'string' && /^[!-~]{1,128}$/.test(kid))) return kid;
  throw invalidOption('The option keys holds a kid that is not 1 to 128 printable ASCII characters.');
}
