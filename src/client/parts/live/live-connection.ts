import type { SessionError } from '../../../protocol/errors.js';

/** The connection that keeps `Session.current.data` and the server's document the same. */
export interface LiveConnection {
  /**
   * `connected`: what is shown is what the server had a moment ago. `reconnecting`: an attempt is under way or planned, the
   * first one too. `offline`: the browser knows of no network, or nobody is signed in. Observable.
   */
  readonly status: 'connected' | 'reconnecting' | 'offline';
  /** What went wrong last; undefined once all is well again. Observable. */
  readonly error: SessionError | undefined;
  /** Whether there are edits that the server has not confirmed. Observable. */
  readonly isPending: boolean;
  /**
   * Sends what the user did at once. Resolves when the server has confirmed all of it; rejects with `session/ended` when
   * nobody is signed in any more.
   */
  flush(): Promise<void>;
}
