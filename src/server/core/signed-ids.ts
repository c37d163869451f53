import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IdScheme, IssuedId } from './ids.js';
import { isId } from './ids.js';
import { invalidOption } from './options.js';

/** What ids are signed with. At least one byte (V's example has nine); 32 random bytes are good. A text counts in UTF-8. */
export type Secret = string | Uint8Array;

const mostSecrets = 8;
/** A signature has 43 characters, an id at most 256, and there is a dot. */
const longestWire = 300;

function signatureOf(id: string, secret: Secret): string {
  return createHmac('sha256', secret).update(id).digest('base64url');
}

/**
 * A new id of 32 characters from 0-9a-f and its signed form `id.signature` (V-06, V-10, V-11), for those who use a store
 * without the sessions above it. The signature is unpadded base64url of HMAC-SHA256 over the text of the id.
 */
export function newSessionId(secret: Secret): IssuedId {
  const id = randomBytes(16).toString('hex');
  return { id, wire: `${id}.${signatureOf(id, secretOf(secret))}` };
}

/**
 * Reads a signed id. Two parts with a dot between them give the first as `id`, also when the signature is not ours; any
 * other form gives an empty one (V-13). Only with `valid` may it be used. Takes the same time however wrong a signature
 * is, and admits one spelling of it (V-14, S53).
 */
export function verifySessionId(
  raw: string,
  secret: Secret,
): { readonly id: string; readonly valid: boolean } {
  const parts = typeof raw === 'string' ? raw.split('.') : [];
  const [id = '', signature = ''] = parts;
  if (parts.length !== 2 || id === '') return { id: '', valid: false };
  // As text, not as the bytes it stands for: a decoder would skip what is no base64url.
  const [given, expected] = [Buffer.from(signature), Buffer.from(signatureOf(id, secretOf(secret)))];
  return { id, valid: given.length === expected.length && timingSafeEqual(given, expected) };
}

/**
 * V's scheme: `id.signature` travels, the id is stored, so a copy of the store signs nobody in without the secret.
 * `secrets`: 1 to 8; the first signs, all verify, so that one can be replaced without signing anybody out (S9). Throws
 * `config/invalid`.
 */
export function signedIds(secrets: readonly Secret[]): IdScheme {
  const all = secretsOf('secrets', secrets);
  const [first] = all;
  return {
    issue: () => newSessionId(first),
    read(wire) {
      if (typeof wire !== 'string' || wire.length > longestWire) return undefined;
      for (const secret of all) {
        const { id, valid } = verifySessionId(wire, secret);
        if (valid) return isId(id) ? id : undefined;
      }
      return undefined;
    },
  };
}

/** 1 to 8 secrets. Throws `config/invalid`. */
export function secretsOf(option: string, secrets: readonly Secret[]): readonly [Secret, ...Secret[]] {
  const [first, ...others] = Array.isArray(secrets) ? secrets.map(secretOf) : [];
  if (first === undefined || others.length >= mostSecrets) {
    throw invalidOption(`The option ${option} must hold 1 to ${mostSecrets} secrets: the first signs.`);
  }
  return [first, ...others];
}

function secretOf(secret: Secret): Secret {
  if ((typeof secret === 'string' || secret instanceof Uint8Array) && secret.length > 0) return secret;
  throw invalidOption('Each secret must be a text or bytes, and not empty.');
}
