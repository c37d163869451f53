import { SessionError } from './errors.js';
import type { Json } from './messages.js';

/** What a patch may cost. Each is a whole number from 0; `config/invalid` otherwise. */
export interface PatchLimits {
  /** Operations in one patch, up to 1,000,000. Default: 1000. */
  readonly operations?: number;
  /** Parts of the longest pointer, in the patch or into what it makes, up to 1000. Default: 64. */
  readonly depth?: number;
  /**
   * Bytes of JSON in UTF-8 that the operations may add, up to 2^31 - 1. Default: 1 MiB. Every value that is added, put in the
   * place of another, or copied counts, with its key; nothing is given back for what goes away. A value to test against may
   * be as long. So this bounds the growth of the document and the work; whoever bounds the document itself measures it where
   * it is stored.
   */
  readonly size?: number;
}

/** Bytes that may still be added. */
export interface Allowance {
  bytes: number;
}

const statuses = { 'patch/malformed': 400, 'patch/conflict': 409, 'patch/size': 413 } as const;

/** Why a patch is refused, in three words at most: they are part of the page. No word of the document or the patch. */
export function patchError(code: keyof typeof statuses, reason: string): SessionError {
  return new SessionError(code, { status: statuses[code], message: `${code}: ${reason}` });
}

/** The limits with their defaults. Throws `config/invalid`. */
export function checkedLimits(limits: PatchLimits): Required<PatchLimits> {
  const { operations = 1000, depth = 64, size = 1_048_576 } = limits;
  within('operations', operations, 1_000_000);
  within('depth', depth, 1000);
  within('size', size, 2 ** 31 - 1);
  return { operations, depth, size };
}

function within(limit: keyof PatchLimits, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= most) return;
  throw new SessionError('config/invalid', { message: `${limit}: 0 to ${most}` });
}

/**
 * Takes the bytes of a value, as JSON in UTF-8, off the allowance. Throws `patch/size` beyond it and below `depth` levels,
 * so that neither a long nor a deep nor a circular value is walked to its end, and `patch/malformed` when it is no JSON or
 * has a key `__proto__`. Strikes what it meets off `owned`.
 */
export function charge(
  value: unknown,
  depth: number,
  allowance: Allowance,
  owned?: Set<object>,
): asserts value is Json {
  if (depth < 0) throw patchError('patch/size', 'too deep');
  if (typeof value !== 'object' || value === null) return spend(allowance, scalarBytes(value));
  owned?.delete(value);
  if (Array.isArray(value)) {
    spend(allowance, Math.max(2, value.length + 1));
    for (const item of value) charge(item, depth - 1, allowance, owned);
    return;
  }
  const members = Object.entries(value);
  spend(allowance, Math.max(2, 2 * members.length + 1));
  for (const [key, member] of members) {
    if (key === '__proto__') throw patchError('patch/malformed', 'bad key');
    spend(allowance, textBytes(key));
    charge(member, depth - 1, allowance, owned);
  }
}

/** Takes bytes off the allowance. Throws `patch/size` beyond it. */
export function spend(allowance: Allowance, bytes: number): void {
  allowance.bytes -= bytes;
  if (allowance.bytes < 0) throw patchError('patch/size', 'too large');
}

function scalarBytes(value: unknown): number {
  if (typeof value === 'string') return textBytes(value);
  if (value === null || typeof value === 'boolean' || Number.isFinite(value)) return String(value).length;
  throw patchError('patch/malformed', 'no JSON');
}

/** Bytes of a text as JSON.stringify writes it (lone surrogates escaped), in UTF-8. */
export function textBytes(text: string): number {
  const written = JSON.stringify(text);
  let bytes = written.length;
  for (let index = 0; index < written.length; index += 1) {
    const unit = written.charCodeAt(index);
    // Four bytes for the two halves of a pair, three for the rest above 0x7ff.
    if (unit >= 0x80) bytes += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2;
  }
  return bytes;
}
