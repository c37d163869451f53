import { hash, randomFillSync } from 'node:crypto';

/** What travels and what is stored. Whoever holds the wire form holds the session; the id only names it. */
export interface IssuedId {
  /** Secret: it belongs in a cookie or a header, never in a log, an error or a store. */
  readonly wire: string;
  /** What stores, lists, logs and the JWT's `sid` hold: 1 to 256 printable ASCII characters without a space. */
  readonly id: string;
}

/** How ids are made and recognised. */
export interface IdScheme {
  /** A new pair. Nobody can guess its wire form. `now` is the present, for schemes that show it. */
  issue(now: number): IssuedId;
  /** The id that a wire form stands for; `undefined` = no wire form of this scheme, so no store is asked (S6). */
  read(wire: string): string | undefined;
}

/** What an id can look like, whatever made it; nothing else reaches a store (S6). */
const possible = /^[!-~]{1,256}$/;

export function isId(id: unknown): id is string {
  return typeof id === 'string' && possible.test(id);
}

const secretBytes = 32;
/** Asking the system takes longer than all the rest of a sign-in, however little is asked for. */
const pool = Buffer.alloc(128 * secretBytes);
let used = pool.length;

/** Random bytes that nobody else gets, and that are kept nowhere else. */
function drawn(count: number): Buffer {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const from = pool.subarray(used, used + count);
  used += count;
  const bytes = Buffer.from(from);
  from.fill(0);
  return bytes;
}

/** 32 bytes are 43 characters, and the last one carries only four bits: any other spelling is refused (S53). */
const canonical = /^[\w-]{42}[AEIMQUYcgkosw048]$/;

/**
 * The default scheme: 256 random bits travel (base64url, 43 characters), their SHA-256 digest (the same form) is the id.
 * A copy of the database signs nobody in (S7), and nothing secret is ever compared (S8).
 */
export function digestIds(): IdScheme {
  const digest = (wire: string): string => hash('sha256', wire, 'base64url');
  return {
    issue() {
      const wire = drawn(secretBytes).toString('base64url');
      return { wire, id: digest(wire) };
    },
    read(wire) {
      return typeof wire === 'string' && canonical.test(wire) ? digest(wire) : undefined;
    },
  };
}
