import { SessionError } from '../../protocol/errors.js';
import { isJsonObject, type JsonObject } from '../../protocol/json.js';
import type { Json } from '../../protocol/messages.js';
import type { HttpRequest } from './exchange.js';

/** What the body of a request says it is: lower case, without parameters. Empty = it does not say. */
export function mediaTypeOf(request: HttpRequest): string {
  const [type = ''] = (request.header('content-type') ?? '').split(';', 1);
  return type.trim().toLowerCase();
}

/** Throws `request/type` unless the content type is application/json, with or without parameters (S44). */
export function demandJson(request: HttpRequest): void {
  if (mediaTypeOf(request) !== 'application/json') throw new SessionError('request/type', { status: 415 });
}

/**
 * The JSON object in the body of a request. Rejects with `request/type` unless it says that it is one, with `request/size`
 * beyond `limit` bytes, and with `request/malformed` when the body is not UTF-8, not JSON or no object. The object has no
 * prototype that a key could reach.
 */
export async function jsonObject(request: HttpRequest, limit: number): Promise<ReadonlyMap<string, unknown>> {
  demandJson(request);
  return new Map(Object.entries(objectOf(parse(textOf(await request.body(limit))))));
}

/**
 * JSON to be kept, whatever the content type. Rejects as `jsonObject` does, and with `request/malformed` when there is a key
 * `__proto__` at any depth: whoever copies that carelessly sets a prototype (S69).
 */
export async function jsonDocument(request: HttpRequest, limit: number): Promise<Json> {
  return documentOf(textOf(await request.body(limit)));
}

/** The same for a text. */
export function documentOf(text: string): Json {
  // Only who writes the key, or spells it, is searched: that takes ten times as long as to parse.
  return parse(text, /__proto__|\\u/.test(text) ? refusePrototypes : undefined);
}

/** Throws `request/malformed` unless this is an object. */
export function objectOf(value: Json): JsonObject {
  if (isJsonObject(value)) return value;
  throw malformed();
}

/** Throws `request/malformed` unless this is UTF-8. */
export function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw malformed();
  }
}

function parse(text: string, reviver?: (key: string, value: Json) => Json): Json {
  try {
    return JSON.parse(text, reviver);
  } catch {
    // The parser's own message would quote the body, and with it perhaps a password.
    throw malformed();
  }
}

function refusePrototypes(key: string, value: Json): Json {
  if (key === '__proto__') throw malformed();
  return value;
}

function malformed(): SessionError {
  return new SessionError('request/malformed', { status: 400 });
}
