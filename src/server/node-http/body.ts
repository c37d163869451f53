import type { IncomingMessage } from 'node:http';
import { SessionError } from '../../protocol/errors.js';

/** The body of a request. Rejects with `request/size` beyond `limit` bytes and with `request/malformed` when it breaks off. */
export function readBody(request: IncomingMessage, limit: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > limit) {
      reject(tooLarge());
      return;
    }
    const taken = request.readableEnded ? takenBody(request) : undefined;
    if (taken !== undefined) {
      if (taken.length > limit) reject(tooLarge());
      else resolve(taken);
      return;
    }
    if (request.destroyed || request.readableEnded) {
      reject(brokenOff());
      return;
    }
    const chunks: Uint8Array[] = [];
    let size = 0;
    const stop = (): void => {
      request.off('data', onData).off('end', onEnd).off('close', onClose).pause();
    };
    const onData = (chunk: Uint8Array): void => {
      size += chunk.length;
      chunks.push(chunk);
      if (size <= limit) return;
      stop();
      reject(tooLarge());
    };
    const onEnd = (): void => {
      stop();
      resolve(Buffer.concat(chunks));
    };
    const onClose = (): void => {
      stop();
      reject(brokenOff());
    };
    // A broken connection says `error` and then `close`; the second is the one we act on.
    request.on('error', () => {});
    request.on('data', onData).on('end', onEnd).on('close', onClose);
  });
}

/**
 * What somebody has read before us: `rawBody`, as platforms keep it, or `body`, as the parsers of Express and Connect leave
 * it. `undefined` = nobody kept anything.
 */
function takenBody(request: IncomingMessage & { rawBody?: unknown; body?: unknown }): Uint8Array | undefined {
  const { rawBody, body } = request;
  if (rawBody instanceof Uint8Array) return rawBody;
  if (body === undefined || body instanceof Uint8Array) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

function tooLarge(): SessionError {
  return new SessionError('request/size', { status: 413 });
}

function brokenOff(): SessionError {
  return new SessionError('request/malformed', { status: 400 });
}

const mostDiscarded = 4_194_304;
const longestDiscarding = 1000;

/**
 * Takes in what a client still sends after it was answered, and forgets it. A connection that is closed while something
 * unread waits is reset, and a reset can destroy the answer on its way (RFC 9112 §9.6). Ends after 4 MiB, after a second,
 * or with the request.
 */
export function discardRest(request: IncomingMessage): Promise<void> {
  if (request.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    let size = 0;
    const finish = (): void => {
      clearTimeout(timer);
      request.off('data', onData).off('end', finish).off('close', finish);
      resolve();
    };
    const onData = (chunk: Uint8Array): void => {
      size += chunk.length;
      if (size > mostDiscarded) finish();
    };
    const timer = setTimeout(finish, longestDiscarding).unref();
    request.on('error', () => {});
    request.on('data', onData).on('end', finish).on('close', finish).resume();
  });
}
