import { SessionError } from '../../../protocol/errors.js';
import { isJsonObject } from '../../../protocol/json.js';
import { mergePatch } from '../../../protocol/merge-patch.js';
import type { Json } from '../../../protocol/messages.js';
import { applyPatch } from '../../../protocol/patch.js';
import { SessionConflict } from '../../core/errors.js';
import type { Session } from '../../core/session.js';
import type { CurrentSession } from '../current-session.js';
import { etagOf, isKnown, namesState } from '../etag.js';
import { emptyAnswer, type HttpAnswer, type HttpRequest } from '../exchange.js';
import { demandJson, jsonDocument, mediaTypeOf, objectOf } from '../json-body.js';
import { Refusal } from '../problem.js';
import type { Resource } from '../resource.js';

export interface DataResourceOptions {
  /** Whether the client may change what the session keeps. */
  readonly writable: boolean;
  /** Whether a change must say which state it changes. */
  readonly requireIfMatch: boolean;
  /** Bytes. */
  readonly bodyLimit: number;
}

/** What a patch makes of the data. */
type Patch = (data: Json, patch: unknown) => Json;

/** The two kinds of patches, by media type (RFC 7396, RFC 6902). */
const patches: ReadonlyMap<string, Patch> = new Map<string, Patch>([
  ['application/merge-patch+json', (data, patch) => mergePatch(data, patch)],
  ['application/json-patch+json', (data, patch) => applyPatch(data, patch)],
]);

/** RFC 5789 §3.1 */
const acceptPatch = { 'accept-patch': [...patches.keys()].join(', ') };

/**
 * `/session/data`: what the session keeps, and nothing else of it, so that no pointer reaches its user or its times (S69).
 * It is an object and stays one, since the server's own code reads its keys. A change is one compare-and-set with the
 * version that the request named or found: all of it happens or nothing (S67), and nothing is merged into it (S68).
 */
export function dataResource<Data>(options: DataResourceOptions): Resource<Data> {
  const { writable, requireIfMatch, bodyLimit } = options;

  async function read(request: HttpRequest, current: CurrentSession<Data>): Promise<HttpAnswer> {
    const session = current.get();
    const headers = { etag: etagOf(session.version) };
    return isKnown(request, session.version) ? emptyAnswer(304, headers) : dataAnswer(session);
  }

  async function replace(request: HttpRequest, current: CurrentSession<Data>): Promise<HttpAnswer> {
    const session = current.get();
    demandJson(request);
    const named = namesState(request, session.version, requireIfMatch);
    await write(session, objectOf(await jsonDocument(request, bodyLimit)), named);
    // No body, and yet a tag: what was stored is what was sent (RFC 9110 §9.3.4).
    return emptyAnswer(204, { etag: etagOf(session.version) });
  }

  async function patch(request: HttpRequest, current: CurrentSession<Data>): Promise<HttpAnswer> {
    const session = current.get();
    const apply = patches.get(mediaTypeOf(request));
    if (apply === undefined) throw new Refusal('request/type', acceptPatch);
    const named = namesState(request, session.version, requireIfMatch);
    const before = dataOf(session);
    const after = apply(before, await jsonDocument(request, bodyLimit));
    if (!isJsonObject(after)) throw new SessionError('patch/malformed', { status: 400 });
    // The very same: there is nothing to write.
    if (after !== before) await write(session, after, named);
    return dataAnswer(session);
  }

  return new Map([
    ['GET', read],
    ...(writable
      ? ([
          ['PUT', replace],
          ['PATCH', patch],
        ] as const)
      : []),
  ]);
}

async function write<Data>(session: Session<Data>, data: Json, named: boolean): Promise<void> {
  session.data = data as Data;
  try {
    await session.save({ conflicts: 'reject' });
  } catch (error) {
    if (!named || !(error instanceof SessionConflict)) throw error;
    // It was the state that the request named when the session was found, and is no longer.
    throw new SessionError('request/precondition', { status: 412 });
  }
}

/** As it is stored, which nobody may change. */
function dataOf(session: Session<unknown>): Json {
  return session.toJSON().data;
}

function dataAnswer(session: Session<unknown>): HttpAnswer {
  const headers = { 'content-type': 'application/json', etag: etagOf(session.version) };
  return { status: 200, headers, body: JSON.stringify(dataOf(session)) };
}
