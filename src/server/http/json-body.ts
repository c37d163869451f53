import { SessionError } from '../../protocol/errors.js';
import type { HttpRequest } from './exchange.js';

/**
 * The JSON object in the body of a request. Rejects with `request/type` unless the content type is application/json, with
 * or without parameters (S44), with `request/size` beyond `limit` bytes, and with `request/malformed` when the body is not
 * UTF-8, not JSON or no object. The object has no prototype that a key could reach.
 */
export async function jsonObject(request: HttpRequest, limit: number): Promise<ReadonlyMap<string, unknown>> {
  if (!/^application\/json *(;|$)/i.test(request.header('content-type') ?? '')) {
    throw new SessionError('request/type', { status: 415 });
  }
  const value = parse(await request.body(limit));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed();
  return new Map(Object.entries(value));
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    // The parser's own message would quote the body, and with it perhaps a password.
    throw malformed();
  }
}

function malformed(): SessionError {
  return new SessionError('request/malformed', { status: 400 });
}
