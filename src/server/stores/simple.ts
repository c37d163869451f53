import { invalidOption, yesOrNo } from '../core/options.js';
import type { SessionStore } from '../core/store.js';
import { overThreeMethods, type ThreeMethods } from '../three-methods/store.js';

export type { SessionStore } from '../core/store.js';
export type { StoredSession } from '../three-methods/record.js';
export type { ThreeMethods } from '../three-methods/store.js';

export interface SimpleStoreOptions {
  /**
   * Whether this process is the only one that uses what lies below. Default false. `true` makes the store complete in two
   * things more: its steps are atomic, and the queue of ended sessions (which destroy callbacks and live sessions need)
   * is kept, in the memory of this process: the newest 10000 ends, lost when the process ends.
   */
  readonly oneProcess?: boolean;
}

/**
 * A session store over three methods: `get`, `set` and `destroy` (V-20); with a fourth, `all`, it can also list, count, clear
 * and sweep, by looking at every session. Within this process it keeps the whole contract: it creates only what is not
 * there, compares and sets, and revives nothing. What it cannot do is in `cannot`, and is refused with `store/unsupported`.
 * A value that is no session record makes the methods reject that meet it under its id.
 * Throws `config/invalid` when a method is missing or an option has a value it cannot have.
 */
export function simpleStore(three: ThreeMethods, options: SimpleStoreOptions = {}): SessionStore {
  const complete = (['get', 'set', 'destroy'] as const).every((name) => typeof three?.[name] === 'function');
  if (!complete) throw invalidOption('A simple store needs the methods get, set and destroy.');
  const oneProcess = yesOrNo('oneProcess', options.oneProcess ?? false);
  return overThreeMethods({
    three,
    shared: three,
    ended: oneProcess,
    cannot: oneProcess ? [] : ['atomic', 'ended'],
  });
}
