import type { Json } from '../../protocol/messages.js';
import type { FoxxUser } from './sessions-options.js';

/** A user as `authenticate` finds one. */
export interface SessionUser {
  /** 1 to 256 characters. Travels as the JWT's `sub`. */
  readonly id: string;
  /** What the browser may know of the user. JSON; default `{}`. Never part of a token. */
  readonly userData?: Json;
}

const longestUid = 256;

/** What a session keeps of a user, whichever form it has. Throws a TypeError unless its id is a text of 1 to 256 characters. */
export function userOf(
  user: SessionUser | FoxxUser,
  userIdFrom?: (user: FoxxUser) => unknown,
): { readonly id: string; readonly userData: unknown } {
  const model = 'get' in user && typeof user.get === 'function' && userIdFrom !== undefined;
  const id = model ? userIdFrom(user) : 'id' in user ? user.id : undefined;
  const userData = model ? user.get('userData') : 'userData' in user ? user.userData : undefined;
  return { id: uidOf(id), userData };
}

/** Throws a TypeError unless this can be the id of a user. */
export function uidOf(id: unknown): string {
  if (typeof id === 'string' && id.length > 0 && id.length <= longestUid) return id;
  throw new TypeError(`The id of a user must be a text of 1 to ${longestUid} characters.`);
}
