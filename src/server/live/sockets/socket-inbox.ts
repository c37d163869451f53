import { patchError } from '../../../protocol/patch-limits.js';
import type { SocketRules } from './socket-options.js';

/** One message of a client. */
export interface Frame {
  /** Undefined when it is no UTF-8. */
  readonly text: string | undefined;
  readonly binary: boolean;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** As text at once: the bytes are a view into something much larger. */
export function frameOf(data: Uint8Array | string, binary: boolean): Frame {
  if (typeof data === 'string') return { text: data, binary };
  try {
    return { text: decoder.decode(data), binary };
  } catch {
    return { text: undefined, binary };
  }
}

/** The message of a frame. Throws `patch/malformed`. */
export function messageIn({ text }: Frame): unknown {
  if (text === undefined) throw patchError('patch/malformed', 'no UTF-8');
  try {
    return JSON.parse(text);
  } catch {
    // Without the cause, which quotes what was sent.
    throw patchError('patch/malformed', 'no JSON');
  }
}

/** What waits while something else is at work: a few entries at most, and nothing at all for most sockets. */
export class Inbox<Entry> {
  readonly #entries: { readonly entry: Entry; readonly size: number }[] = [];
  #size = 0;

  /** False = there is no room. */
  put(entry: Entry, size: number, { queuedMessages, queuedSize }: SocketRules): boolean {
    if (this.#entries.length >= queuedMessages || this.#size + size > queuedSize) return false;
    this.#entries.push({ entry, size });
    this.#size += size;
    return true;
  }

  take(): Entry | undefined {
    const first = this.#entries.shift();
    this.#size -= first?.size ?? 0;
    return first?.entry;
  }
}
