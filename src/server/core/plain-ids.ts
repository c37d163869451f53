import { randomBytes, randomInt } from 'node:crypto';
import type { IdScheme } from './ids.js';
import { invalidOption, wholeNumber } from './options.js';

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** 22 of 62 symbols are the first to pass 128 bits (S3). */
const leastLength = 22;
const mostLength = 128;

export interface FoxxIdsOptions {
  /** Random characters from a-z, A-Z, 0-9. 22 to 128; below, an id could be guessed (S3). Default 22 (Foxx: 20). */
  readonly sidLength?: number;
  /** Whether the id begins with the time it was made, in base64, and a dash: readable by all. Default false. */
  readonly sidTimestamp?: boolean;
}

/** Foxx's scheme (FOXX-10, FOXX-11): what travels is what is stored. A copy of the store signs in with every id in it. */
export function foxxIds({ sidLength = leastLength, sidTimestamp = false }: FoxxIdsOptions = {}): IdScheme {
  const length = wholeNumber('sidLength', sidLength, leastLength, mostLength, 'characters');
  if (typeof sidTimestamp !== 'boolean')
    throw invalidOption('The option sidTimestamp must be true or false.');
  // 13 digits, until the year 2286, make 20 characters of base64 with their padding.
  const form = new RegExp(`^${sidTimestamp ? '[A-Za-z\\d+/]{16,24}={0,2}-' : ''}[A-Za-z\\d]{${length}}$`);
  return plain(form, (now) => {
    const random = Array.from({ length }, () => letters[randomInt(letters.length)]).join('');
    return sidTimestamp ? `${Buffer.from(String(now)).toString('base64')}-${random}` : random;
  });
}

/**
 * Starcounter's form (SC-02, SC-03): 24 upper-case hex digits. All 96 bits are random here; there, 64 were, and the rest
 * told scheduler and slot. What travels, in URLs too, is what is stored.
 */
export function starcounterIds(): IdScheme {
  return plain(/^[\dA-F]{24}$/, () => randomBytes(12).toString('hex').toUpperCase());
}

function plain(form: RegExp, make: (now: number) => string): IdScheme {
  return {
    issue(now) {
      const id = make(now);
      return { wire: id, id };
    },
    read: (wire) => (typeof wire === 'string' && form.test(wire) ? wire : undefined),
  };
}
