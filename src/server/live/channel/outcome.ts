import type { SessionError } from '../../../protocol/errors.js';

/** What became of an incoming message, for HTTP and WebSocket alike (SC-63 to SC-67, SC-82, SC-83). */
export type Outcome =
  | { readonly kind: 'ping' | 'applied'; readonly status: 200 }
  | { readonly kind: 'ignored'; readonly status: 200; readonly reason: string }
  | { readonly kind: 'queued'; readonly status: 202; readonly reason: string }
  | {
      readonly kind: 'rejected';
      readonly status: 400 | 413;
      readonly closeCode: 1009 | 1011;
      /** Why, with the place and the versions, without values (SC-67). A close reason takes 123 bytes of it. */
      readonly reason: string;
      readonly error: SessionError;
    };

export const applied: Outcome = Object.freeze({ kind: 'applied', status: 200 });
export const ping: Outcome = Object.freeze({ kind: 'ping', status: 200 });
export const ignored: Outcome = Object.freeze({
  kind: 'ignored',
  status: 200,
  reason: 'Patch already applied',
});

export function queued(last: number): Outcome {
  return { kind: 'queued', status: 202, reason: `Patch queued, last known client version: ${last}` };
}

/** `versions`: where both sides stood, in words. */
export function rejected(error: SessionError, versions?: string): Outcome {
  const isSize = error.status === 413;
  return {
    kind: 'rejected',
    status: isSize ? 413 : 400,
    closeCode: isSize ? 1009 : 1011,
    reason: versions === undefined ? error.message : `${error.message}; ${versions}`,
    error,
  };
}
