import type { ErrorCode } from '../../../protocol/errors.js';
import type { EndReason } from '../../../protocol/messages.js';
import { callable, harmless, wholeNumber } from '../../core/options.js';
import { longestWait } from '../../core/timers.js';

/** How a socket is told that it has to go. */
export interface Closing {
  /** 1000 to 4999 (RFC 6455 §7.4). */
  readonly code: number;
  /** At most 123 bytes of UTF-8 are sent. */
  readonly reason: string;
}

/** What a socket may cost, and how it is told goodbye. */
export interface SocketOptions {
  /** Messages of a client that wait for their turn, 0 to 10,000. More: close code 1008. Default: 64. */
  readonly queuedMessages?: number;
  /** Characters that they have together, up to 2^31 - 1. More: close code 1008. Default: 1 MiB. */
  readonly queuedSize?: number;
  /**
   * Messages that a client may send at once, 1 to 1,000,000; each 4 KiB of a long one count as one. More: close code 1008,
   * `request/rate`. Default: 100.
   */
  readonly burst?: number;
  /** Messages a second that it may send for ever, 1 to 1,000,000. Default: 50. */
  readonly perSecond?: number;
  /**
   * Bytes that may wait for a slow reader, up to 2^31 - 1. With more it is sent nothing until they are gone, and then the
   * whole document. Default: 1 MiB.
   */
  readonly bufferLimit?: number;
  /** Milliseconds in which some of what waits must go, or the connection is dropped: 1 to 2^31 - 1. Default: 30 seconds. */
  readonly stallLimit?: number;
  /** Bytes of the longest message, 1 to 2^31 - 1. A document that is longer: close code 1009. Default: 16 MiB. */
  readonly snapshotLimit?: number;
  /** How a socket is told of the end of its session: `why` is the reason of the end, or an error code. Default: 4401 and why. */
  readonly closing?: (why: EndReason | ErrorCode) => Closing;
  /** The present, in milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: () => number;
  /** Hears what is nobody's fault but the server's. Default: nobody does. */
  readonly onError?: (error: unknown) => void;
}

/** The options, checked and complete: one object for all sockets. */
export type SocketRules = Required<SocketOptions>;

const mebibyte = 1_048_576;
const most = 2 ** 31 - 1;

/** Throws `config/invalid`. */
export function readSocketRules(options: SocketOptions = {}): SocketRules {
  return {
    queuedMessages: wholeNumber('queuedMessages', options.queuedMessages ?? 64, 0, 10_000, 'messages'),
    queuedSize: wholeNumber('queuedSize', options.queuedSize ?? mebibyte, 0, most, 'characters'),
    burst: wholeNumber('burst', options.burst ?? 100, 1, 1_000_000, 'messages'),
    perSecond: wholeNumber('perSecond', options.perSecond ?? 50, 1, 1_000_000, 'messages'),
    bufferLimit: wholeNumber('bufferLimit', options.bufferLimit ?? mebibyte, 0, most, 'bytes'),
    stallLimit: wholeNumber('stallLimit', options.stallLimit ?? 30_000, 1, longestWait, 'milliseconds'),
    snapshotLimit: wholeNumber('snapshotLimit', options.snapshotLimit ?? 16 * mebibyte, 1, most, 'bytes'),
    closing: sureClosing(callable('closing', options.closing)),
    now: callable('now', options.now) ?? Date.now,
    onError: harmless(callable('onError', options.onError) ?? (() => undefined)),
  };
}

/** Whoever ends a session has many sockets to close: what a host says wrongly must keep none of them open. */
function sureClosing(closing: SocketOptions['closing']): SocketRules['closing'] {
  return (why) => {
    try {
      const told = closing?.(why);
      if (told !== undefined && isSendable(told.code) && typeof told.reason === 'string') return told;
    } catch {
      // As without the option.
    }
    return { code: 4401, reason: why };
  };
}

/** The codes that may stand in a close frame (RFC 6455 §7.4). */
function isSendable(code: number): boolean {
  const isKnown = code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
  return Number.isInteger(code) && (isKnown || (code >= 3000 && code <= 4999));
}
