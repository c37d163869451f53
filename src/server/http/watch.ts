import type { HttpHeaders } from './exchange.js';

/** What the host wants to know while its handler runs. */
export interface Watch {
  /** Called once, when the handler first looks at the session: now the answer depends on it (S36). */
  looked(): void;
  /** Called once, before the handler first changes it: now the answer has to wait, and gets headers. */
  changed(answer: PendingAnswer): void;
  /** Whether the head of the answer has been sent, so that no client can be told of a session any more. Default: no. */
  sent?(): boolean;
}

/** What an answer has to wait for, and what it has to tell. */
export interface PendingAnswer {
  /**
   * `undefined` = nothing is pending, and nothing failed behind the handler's back. Rejects with what could not be stored and
   * nobody has heard of. To be asked again when it resolves.
   */
  pending(): Promise<unknown> | undefined;
  /** For the client; complete when nothing is pending. */
  headers(): HttpHeaders;
}
