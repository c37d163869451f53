import type { Secret } from '../core/signed-ids.js';
import type { TokenKey } from '../core/tokens.js';
import { doubtful, type Finding, wrong } from './finding.js';
import { guessableBits } from './guessable.js';

const leastBytes = 32;
/** Whoever has one token can try 2^64 secrets at home. */
const hopeless = 64;
/** NIST SP 800-131A §3 wants 112; a random text of 128 is estimated at no less than this. */
const enough = 100;

/** Secrets of the keys that sign tokens. */
export function tokenSecrets(keys: readonly TokenKey[]): readonly Finding[] {
  return keys.flatMap((key) => (key?.alg === 'HS256' ? secretFindings(key.secret, 'tokens', wrong) : []));
}

/** Secrets that sign ids, and companions of cookies. V signs with nine bytes (V-10), so a short one may be meant. */
export function signingSecrets(secrets: readonly Secret[], what: string): readonly Finding[] {
  return secrets.flatMap((secret) => secretFindings(secret, what, doubtful));
}

function secretFindings(secret: unknown, what: string, judge: typeof wrong): readonly Finding[] {
  // Whoever takes it says that it is none.
  if (typeof secret !== 'string' && !(secret instanceof Uint8Array)) return [];
  if (Buffer.byteLength(secret) < leastBytes) {
    const sentence = `A secret that signs ${what} is shorter than ${leastBytes} bytes: take ${leastBytes} random ones.`;
    return [judge('short-secret', sentence)];
  }
  const bits = guessableBits(secret);
  if (bits >= enough) return [];
  const sentence = `A secret that signs ${what} looks as if it could be guessed: take ${leastBytes} random bytes.`;
  return [(bits < hopeless ? wrong : doubtful)('weak-secret', sentence)];
}
