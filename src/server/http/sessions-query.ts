import { SessionError } from '../../protocol/errors.js';

/** Which sessions are meant: those of a user, or all. `undefined` = those of whoever asks. */
export type Whose = { readonly user: string } | { readonly all: true } | undefined;

export interface ListQuery {
  readonly whose: Whose;
  readonly limit: number;
  readonly after: string | undefined;
}

export interface EndQuery {
  readonly whose: Whose;
  /** Whether the session of the request itself is to stay. */
  readonly others: boolean;
}

const usualLimit = 100;
const largestLimit = 1000;
/** Of the id of a user or a session. */
const longestName = 256;

/** `?limit`, `?after`, and `?user` or `?all`. Throws `request/malformed`. */
export function listQuery(url: string): ListQuery {
  const query = parametersOf(url, ['limit', 'after', 'user', 'all']);
  const limit = query.get('limit') ?? String(usualLimit);
  if (!/^[1-9]\d{0,3}$/.test(limit) || Number(limit) > largestLimit) throw malformed();
  return { whose: whoseOf(query), limit: Number(limit), after: nameIn(query, 'after') };
}

/** `?except=current`, `?user` or `?all`; nothing at all = every session of whoever asks. Throws `request/malformed`. */
export function endQuery(url: string): EndQuery {
  const query = parametersOf(url, ['except', 'user', 'all']);
  if (query.size > 1 || (query.get('except') ?? 'current') !== 'current') throw malformed();
  return { whose: whoseOf(query), others: query.has('except') };
}

/** A word that nobody knows is no word: `?expect=current` must not end what it was to spare. */
function parametersOf(url: string, known: readonly string[]): ReadonlyMap<string, string> {
  const [, query = ''] = url.split('?', 2);
  const found = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    if (!known.includes(name) || found.has(name)) throw malformed();
    found.set(name, value);
  }
  return found;
}

function whoseOf(query: ReadonlyMap<string, string>): Whose {
  const user = nameIn(query, 'user');
  const all = query.get('all');
  if (all === undefined) return user === undefined ? undefined : { user };
  if (all !== '' || user !== undefined) throw malformed();
  return { all: true };
}

function nameIn(query: ReadonlyMap<string, string>, parameter: string): string | undefined {
  const name = query.get(parameter);
  if (name !== undefined && (name === '' || name.length > longestName)) throw malformed();
  return name;
}

function malformed(): SessionError {
  return new SessionError('request/malformed', { status: 400 });
}
