import type { SignedClaims } from './token-claims.js';

/** The newest `most` tokens whose signature was found good, in a ring: a new one pushes out the oldest. */
export class TokenMemory {
  /** By the whole token: whatever differs in one character is another token. */
  readonly #known = new Map<string, SignedClaims>();
  readonly #ring: string[] = [];
  #next = 0;

  constructor(readonly most: number) {}

  get(token: string): SignedClaims | undefined {
    // Even in an empty map, a look-up computes the hash of some 400 characters.
    return this.most === 0 ? undefined : this.#known.get(token);
  }

  put(token: string, signed: SignedClaims): void {
    // Two requests may verify the same token at the same time.
    if (this.most === 0 || this.#known.has(token)) return;
    const oldest = this.#ring[this.#next];
    if (oldest !== undefined) this.#known.delete(oldest);
    const own = copyOf(token);
    this.#ring[this.#next] = own;
    this.#known.set(own, signed);
    this.#next = (this.#next + 1) % this.most;
  }

  delete(token: string): void {
    this.#known.delete(token);
  }
}

/** A token is cut out of a header, and a slice would keep all of it alive. Tokens are ASCII. */
function copyOf(token: string): string {
  return Buffer.from(token, 'latin1').toString('latin1');
}
