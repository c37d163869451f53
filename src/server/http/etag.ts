import { SessionError } from '../../protocol/errors.js';
import type { HttpRequest } from './exchange.js';

/** The entity tag of a version: strong, since it names one state and no other (RFC 9110 §8.8.3). */
export function etagOf(version: number): string {
  return `"${version}"`;
}

/** Whether the client has this state already (If-None-Match, RFC 9110 §13.1.2): weak comparison. */
export function isKnown(request: HttpRequest, version: number): boolean {
  const header = request.header('if-none-match');
  return header !== undefined && names(header, version, true);
}

/**
 * Whether the request names the state that it changes (If-Match, RFC 9110 §13.1.1); `*` is any. Throws
 * `request/precondition` when it names another one, and `request/precondition-required` when it names none although
 * `required` (RFC 6585 §3).
 */
export function namesState(request: HttpRequest, version: number, required: boolean): boolean {
  const header = request.header('if-match')?.trim();
  if (header === undefined) {
    if (required) throw new SessionError('request/precondition-required', { status: 428 });
    return false;
  }
  // Strong comparison: a weak tag matches nothing.
  if (!names(header, version, false)) throw new SessionError('request/precondition', { status: 412 });
  return header !== '*';
}

/** A list of entity tags; within the quotes there may be a comma. */
function names(header: string, version: number, weakToo: boolean): boolean {
  if (header.trim() === '*') return true;
  const tags = header.match(/(W\/)?"[^"]*"/g) ?? [];
  const etag = etagOf(version);
  return tags.some((tag) => tag === etag || (weakToo && tag === `W/${etag}`));
}
