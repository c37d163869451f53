import { SessionError } from '../../protocol/errors.js';
import type { SocketRules } from './socket-options.js';

export interface Close {
  readonly code: number;
  readonly reason: string;
  /** Whether the host should hear of it. */
  readonly isFault: boolean;
}

/** How a socket is closed after an error: the codes of docs/protocol.md, and never a text that we did not write. */
export function closeFor(error: unknown, { endCode, endReason }: SocketRules): Close {
  if (!(error instanceof SessionError)) return { code: 1011, reason: 'server/failed', isFault: true };
  const { code, message } = error;
  switch (code) {
    case 'session/not-found':
    case 'session/expired':
    case 'session/ended':
      return { code: endCode, reason: endReason ?? code, isFault: false };
    case 'session/busy':
    case 'store/unavailable':
      return { code: 1013, reason: code, isFault: false };
    case 'session/size':
      return { code: 1009, reason: code, isFault: false };
    case 'patch/size':
      return { code: 1009, reason: message, isFault: false };
    case 'patch/malformed':
    case 'patch/conflict':
    // There is no document (SC-83), or none that has room for versions.
    case 'request/not-found':
      return { code: 1011, reason: message, isFault: false };
    case 'config/type':
      return { code: 1011, reason: message, isFault: true };
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
