import { type ErrorCode, SessionError } from '../../protocol/errors.js';

/** As much of an id as a message may show: enough to find it in a list, too little to be of use to anybody else. */
const shownCharacters = 6;

function shown(id: string | undefined): string {
  if (typeof id !== 'string') return 'undefined';
  return id.length > shownCharacters ? `${id.slice(0, shownCharacters)}…` : id;
}

/**
 * There is no session with this id: it never existed, or it has ended. Code `session/not-found`, status 401.
 * The message shows the first six characters of the id (FOXX-40, FOXX-41).
 */
export class SessionNotFound extends SessionError {
  static {
    // V8 writes the first line of a stack before the fields of a subclass exist; it finds the name here (FOXX-42).
    Object.defineProperty(SessionNotFound.prototype, 'name', {
      value: 'SessionNotFound',
      writable: true,
    });
  }

  override readonly name: string = 'SessionNotFound';

  constructor(id?: string, code: ErrorCode = 'session/not-found', what = 'not found') {
    super(code, { message: `Session with session id ${shown(id)} ${what}.`, status: 401 });
  }
}

/** The session is known, and its time is over. Code `session/expired`, status 401. */
export class SessionExpired extends SessionNotFound {
  static {
    Object.defineProperty(SessionExpired.prototype, 'name', { value: 'SessionExpired', writable: true });
  }

  override readonly name: string = 'SessionExpired';

  constructor(id?: string) {
    super(id, 'session/expired', 'has expired');
  }
}

/**
 * Somebody else saved the session meanwhile, and both changed the same. Code `session/conflict`, status 409. Nothing was
 * written: get the session again and decide.
 */
export class SessionConflict extends SessionError {
  override readonly name: string = 'SessionConflict';
  /**
   * Where the changes contradict each other: JSON Pointers into `{ uid, userData, data, labels, timeToLive }`. Empty where
   * they do not and the option `conflicts` rejects them all the same.
   */
  readonly paths: readonly string[];

  constructor(paths: readonly string[]) {
    super('session/conflict', {
      message: `The session was changed by someone else meanwhile${paths.length > 0 ? `, at ${paths.join(', ')}` : ''}.`,
      status: 409,
    });
    this.paths = paths;
  }
}
