import { type ErrorCode, SessionError } from '../../../protocol/errors.js';
import type { SocketRules } from './socket-options.js';

export interface Close {
  readonly code: number;
  readonly reason: string;
  /** Whether the host should hear of it. */
  readonly isFault: boolean;
}

/** What says nothing of the session, nor of the proof: with `config/type` the server has a fault, with all others time helps. */
export const passing: ReadonlyMap<string, number> = new Map<ErrorCode, number>([
  ['session/busy', 1013],
  // Another process changed the same place meanwhile. The client comes back, and sees.
  ['session/conflict', 1013],
  ['store/unavailable', 1013],
  ['request/rate', 1008],
  ['session/size', 1009],
  ['config/type', 1011],
]);

/** How a socket is closed after an error: the codes of docs/protocol.md, and never a text that we did not write. */
export function closeFor(error: unknown, closing: SocketRules['closing']): Close {
  if (!(error instanceof SessionError)) return { code: 1011, reason: 'server/failed', isFault: true };
  const { code, message } = error;
  const isFault = code === 'config/type';
  const known = passing.get(code);
  if (known !== undefined) return { code: known, reason: isFault ? message : code, isFault };
  switch (code) {
    case 'session/not-found':
    case 'session/expired':
    case 'session/ended':
      return { ...closing(code), isFault: false };
    case 'patch/size':
      return { code: 1009, reason: message, isFault: false };
    case 'patch/malformed':
    case 'patch/conflict':
    // There is no document (SC-83).
    case 'request/not-found':
      return { code: 1011, reason: message, isFault: false };
    default:
      return { code: 1011, reason: 'server/failed', isFault: true };
  }
}

const encoder = new TextEncoder();
/** A control frame has 125 bytes, and the code takes two of them (RFC 6455 §5.5). */
const room = new Uint8Array(123);

/** As much of a reason as a close frame holds, in whole characters (SC-83). */
export function cutReason(reason: string): string {
  return reason.slice(0, encoder.encodeInto(reason, room).read);
}
