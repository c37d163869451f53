/** A value that survives JSON. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/**
 * Why a session ended. The list is closed: `signed-out` the user, `revoked` someone with the right to, `idle` and
 * `absolute` the two limits, `reuse` a renewal token used twice, `cleared` the whole store.
 */
export type EndReason = 'signed-out' | 'revoked' | 'idle' | 'absolute' | 'reuse' | 'cleared';

/** What a browser adds to the list: the token ran out, another tab signed out, someone changed or emptied the storage. */
export type BrowserEndReason =
  | EndReason
  | 'expired'
  | 'signed-out-elsewhere'
  | 'tampered'
  | 'storage-cleared';

/** A session as its owner may see it. All times are milliseconds since the epoch. */
export interface SessionView {
  readonly id: string;
  readonly uid: string | null;
  readonly userData: Json;
  readonly data: Json;
  readonly created: number;
  readonly lastAccess: number;
  /** `null` when the session never expires. */
  readonly expiresAt: number | null;
}

/** Body of `GET /session`, and of `POST /session` in cookie mode. */
export interface SessionAnswer {
  readonly session: SessionView;
}

/** Body of `POST /session`: the JWT is all the browser needs, the view saves it a request. */
export interface SignInAnswer extends SessionAnswer {
  readonly token: string;
}

/** RFC 9457. Status and code stand in the body too, since can-ajax loses the HTTP status of a JSON error. */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  /** More about this one, where something can be told that is nobody's secret. */
  readonly detail?: string;
}
