import { SessionError } from '../../../protocol/errors.js';
import type { ProblemBody } from '../../../protocol/messages.js';
import type { Followers, Reply } from '../../live/followers.js';
import type { CurrentSession } from '../current-session.js';
import { emptyAnswer, type HttpAnswer, type HttpRequest } from '../exchange.js';
import { jsonDocument } from '../json-body.js';
import { problemAnswer } from '../problem.js';
import type { Resource } from '../resource.js';

/** What stands behind the prefix in the address of a live document. */
export interface LiveAddress {
  /** The wire form of a session, or its id. */
  readonly session: string;
  /** What the client calls itself; empty = nothing. */
  readonly follower: string;
  readonly isReconnect: boolean;
}

export interface LiveResourceOptions {
  readonly followers: Followers;
  /** The id that a wire form stands for. */
  idOf(wire: string): string | undefined;
  /** Bytes. */
  readonly bodyLimit: number;
}

const json = 'application/json';
const jsonPatch = 'application/json-patch+json';
/** What the server's own ends with. No client goes by this name. */
const reconnect = 'reconnect';

/** `<session>`, `<session>/<follower>`, each with `/reconnect` or without; `undefined` for anything else. */
export function addressOf(rest: string): LiveAddress | undefined {
  const parts = rest.split('/');
  const isReconnect = parts.length > 1 && parts.at(-1) === reconnect;
  if (isReconnect) parts.pop();
  const [session = '', follower = '', ...more] = parts;
  const isNamed = parts.length === 1 || (/^[\w-]{1,64}$/.test(follower) && follower !== reconnect);
  return session !== '' && more.length === 0 && isNamed ? { session, follower, isReconnect } : undefined;
}

/**
 * `/__default/<session>`: the live document (SC-60 to SC-72). GET reads it from the start, PATCH changes it and tells what else
 * changed, PATCH on `…/reconnect` goes on after a break. A client may put a name of its own after the session, and then follows beside
 * others. `name`: what stands behind the prefix.
 */
export function liveResource<Data>({ followers, idOf, bodyLimit }: LiveResourceOptions): Resource<Data> {
  function located(current: CurrentSession<Data>, name: string): LiveAddress & { readonly id: string } {
    const address = addressOf(name);
    if (address === undefined) throw new SessionError('request/not-found', { status: 404 });
    return { ...address, id: ownId(current, address, idOf) };
  }

  async function read(
    request: HttpRequest,
    current: CurrentSession<Data>,
    name: string,
  ): Promise<HttpAnswer> {
    const { id, follower, isReconnect } = located(current, name);
    const type = acceptedType(request);
    // It must not take the place of whoever follows (RFC 9110 §9.2.1).
    if (request.method === 'HEAD') {
      const isPatch = type === jsonPatch && !isReconnect;
      return emptyAnswer(200, { 'content-type': isPatch ? jsonPatch : json });
    }
    // A client without numbers goes on like this (PAL-11).
    if (isReconnect) return replied(await followers.reconnect(id, follower, []), json);
    if (type === jsonPatch) return patchAnswer(await followers.changes(id, follower));
    return documentAnswer(await followers.start(id, follower));
  }

  async function change(
    request: HttpRequest,
    current: CurrentSession<Data>,
    name: string,
  ): Promise<HttpAnswer> {
    const { id, follower, isReconnect } = located(current, name);
    const type = acceptedType(request);
    const message: unknown = await jsonDocument(request, bodyLimit);
    if (isReconnect) return replied(await followers.reconnect(id, follower, message), json);
    const whole = type === json;
    return replied(await followers.patch(id, follower, message, whole), whole ? json : jsonPatch);
  }

  return new Map([
    ['GET', read],
    ['PATCH', change],
  ]);
}

/** The id of the session that the address names, if the request has proved to be of that one. Throws why not. */
export function ownId<Data>(
  current: CurrentSession<Data>,
  { session }: Pick<LiveAddress, 'session'>,
  idOf: (wire: string) => string | undefined,
): string {
  const { id } = current.get();
  if (session === id || idOf(session) === id) return id;
  throw new SessionError('request/not-found', { status: 404 });
}

/**
 * The type that a client wants, by the first in its list that is one of ours (SC-61); without a list, or for any type, undefined. Throws
 * `request/not-acceptable` when none is.
 */
function acceptedType(request: HttpRequest): typeof json | typeof jsonPatch | undefined {
  const accept = request.header('accept');
  if (accept === undefined || accept.trim() === '') return undefined;
  for (const range of accept.split(',')) {
    const type = range.split(';', 1)[0]?.trim().toLowerCase();
    if (type === json || type === jsonPatch) return type;
    if (type === '*/*' || type === 'application/*') return undefined;
  }
  throw new SessionError('request/not-acceptable', { status: 406 });
}

function replied({ outcome, body }: Reply, type: string): HttpAnswer {
  if (outcome.kind !== 'rejected') return { status: outcome.status, headers: { 'content-type': type }, body };
  const answer = problemAnswer(outcome.error);
  const problem: ProblemBody = JSON.parse(answer.body ?? '{}');
  // The place and the versions, without values (SC-67).
  const told: ProblemBody = { ...problem, status: outcome.status, detail: outcome.reason };
  return { ...answer, status: outcome.status, body: JSON.stringify(told) };
}

function documentAnswer(body: string): HttpAnswer {
  return { status: 200, headers: { 'content-type': json }, body };
}

function patchAnswer(body: string): HttpAnswer {
  return { status: 200, headers: { 'content-type': jsonPatch }, body };
}
