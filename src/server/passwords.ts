import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { SessionError } from '../protocol/errors.js';
import { invalidOption } from './core/options.js';

/** What one scrypt costs (RFC 7914 §2): 128 · r · 2^ln bytes of memory, and time in proportion to 2^ln · r · p. */
export interface ScryptCost {
  /** Logarithm of N. 10 to 16. */
  readonly ln: number;
  /** Block size. 1 to 16. */
  readonly r: number;
  /** Parallelisation. 1 to 16. */
  readonly p: number;
}

/** A password at rest. Made by `parsePasswordHash`, so its cost is known to be bearable. */
export interface PasswordHash extends ScryptCost {
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

/** 16 MiB and some 200 ms each: one of the settings that OWASP's Password Storage Cheat Sheet holds equal. */
export const defaultCost: ScryptCost = { ln: 14, r: 8, p: 5 };

const mostMemory = 67_108_864;
/** Of N · r · p; the default is a sixth of it. */
const mostWork = 2 ** 22;

/**
 * The line to store for a password, in the PHC string format: `$scrypt$ln=14,r=8,p=5$salt$hash`, 16 random bytes of
 * salt and 32 of hash in base64 without padding. Rejects with `config/invalid` when the cost is out of range.
 */
export async function hashPassword(password: string, cost: ScryptCost = defaultCost): Promise<string> {
  if (!isBearable(cost)) throw invalidOption('The cost of a password hash is out of range.');
  const salt = randomBytes(16);
  return formatPasswordHash({ ...cost, salt, hash: await derive(password, salt, 32, cost) });
}

export function formatPasswordHash({ ln, r, p, salt, hash }: PasswordHash): string {
  return `$scrypt$ln=${ln},r=${r},p=${p}$${unpadded(salt)}$${unpadded(hash)}`;
}

const phc =
  /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{22,86})\$([A-Za-z0-9+/]{43,86})$/;

/** Reads a line of `hashPassword`; `undefined` = it is none, or its cost is beyond what this process would pay. */
export function parsePasswordHash(line: string): PasswordHash | undefined {
  const [, ln, r, p, salt = '', hash = ''] = phc.exec(line) ?? [];
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
  if (!isBearable(cost)) return undefined;
  return { ...cost, salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') };
}

/** Whether this is the password, compared in constant time. Rejects with `request/rate` when too many wait already. */
export async function verifyPassword(password: string, known: PasswordHash): Promise<boolean> {
  return timingSafeEqual(await derive(password, known.salt, known.hash.length, known), known.hash);
}

function isBearable({ ln, r, p }: ScryptCost): boolean {
  const inRange = (value: number, least: number, most: number): boolean =>
    Number.isInteger(value) && value >= least && value <= most;
  if (!inRange(ln, 10, 16) || !inRange(r, 1, 16) || !inRange(p, 1, 16)) return false;
  return 128 * r * 2 ** ln <= mostMemory && 2 ** ln * r * p <= mostWork;
}

function derive(password: string, salt: Uint8Array, length: number, cost: ScryptCost): Promise<Buffer> {
  const { ln, r, p } = cost;
  const options = { N: 2 ** ln, r, p, maxmem: 2 * mostMemory };
  return inTurn(
    () =>
      new Promise((resolve, reject) => {
        // One spelling for what looks the same on every keyboard (NIST SP 800-63B §3.1.1.2).
        scrypt(password.normalize('NFKC'), salt, length, options, (error, key) => {
          if (error === null) resolve(key);
          else reject(error);
        });
      }),
  );
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '');
}

/** Two of the four threads that files and name look-ups share in Node: a flood of sign-ins leaves the rest at work. */
const mostRunning = 2;
/** Whoever comes later would wait for more than ten seconds, and is refused at once instead. */
const mostWaiting = 64;
const waiting: (() => void)[] = [];
let running = 0;

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running < mostRunning) running += 1;
  else if (waiting.length >= mostWaiting) throw new SessionError('request/rate', { status: 429 });
  // Whoever leaves hands over its place, so the number of running ones stays.
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }
}
