import { SessionError } from '../../../protocol/errors.js';
import { isId } from '../../core/ids.js';
import type { Session } from '../../core/session.js';
import type { Sessions } from '../../core/sessions.js';
import type { CurrentSession } from '../current-session.js';
import { emptyAnswer, type HttpAnswer, type HttpRequest, jsonAnswer } from '../exchange.js';
import type { FreshUser } from '../freshness.js';
import type { Resource } from '../resource.js';
import { createSessionPages } from '../session-pages.js';
import { endQuery, listQuery, type Whose } from '../sessions-query.js';

/** What an administrator asks for: one session, those of a user, or all of them. */
export interface AuthorizeTarget {
  readonly session?: string;
  readonly user?: string;
  readonly all?: true;
}

/**
 * Whether somebody may list or end sessions that are not theirs. Only `true` is a yes. `actor`: the session of the request,
 * whose user signed in lately. A `SessionError` it throws is answered with its code, anything else with `server/failed`.
 */
export type Authorize<Data = never> = (
  actor: Session<Data>,
  action: 'list' | 'end',
  target: AuthorizeTarget,
) => boolean | Promise<boolean>;

/** Body of `DELETE /sessions`. */
export interface EndedAnswer {
  /** How many sessions it ended. */
  readonly ended: number;
}

export interface SessionsResourcesOptions<Data> {
  readonly sessions: Sessions<Data>;
  readonly freshUser: FreshUser;
  /** `undefined` = nobody has a right to the sessions of others, and there is nothing to ask for them (S24). */
  readonly authorize: Authorize<Data> | undefined;
}

export interface SessionsResources<Data> {
  /** `/sessions`: GET lists, DELETE ends many. */
  readonly many: Resource<Data>;
  /** `/sessions/:id`: DELETE ends one. */
  readonly one: Resource<Data>;
}

/**
 * The sessions of whoever asks, and with `authorize` those of others. All of it wants a sign-in that is not long ago (S23).
 * To a user, the session of somebody else is what no session is (S25).
 */
export function sessionsResources<Data>(options: SessionsResourcesOptions<Data>): SessionsResources<Data> {
  const { sessions, freshUser, authorize } = options;
  const pages = createSessionPages(sessions);

  async function may(
    actor: Session<Data>,
    action: 'list' | 'end',
    target: AuthorizeTarget,
  ): Promise<boolean> {
    return (await authorize?.(actor, action, target)) === true;
  }

  /** Who asks, for what they may ask for. */
  async function asker(current: CurrentSession<Data>, action: 'list' | 'end', whose: Whose): Promise<string> {
    if (whose !== undefined && authorize === undefined) throw notFound();
    const session = current.get();
    const uid = freshUser(session);
    if (whose === undefined || (await may(session, action, whose))) return uid;
    throw new SessionError('request/forbidden', { status: 403 });
  }

  async function list({ url }: HttpRequest, current: CurrentSession<Data>): Promise<HttpAnswer> {
    const { whose, limit, after } = listQuery(url);
    const uid = await asker(current, 'list', whose);
    const isAll = whose !== undefined && 'all' in whose;
    const found = isAll ? pages.ofAll() : pages.ofUser(whose?.user ?? uid);
    return jsonAnswer(200, await pages.page(found, { limit, after, current: current.get().id }));
  }

  async function endMany({ url }: HttpRequest, current: CurrentSession<Data>): Promise<HttpAnswer> {
    const { whose, others } = endQuery(url);
    const uid = await asker(current, 'end', whose);
    const { id } = current.get();
    if (whose !== undefined && 'all' in whose) {
      const ended = await sessions.clear();
      await current.logout();
      return endedAnswer(ended);
    }
    if (whose !== undefined && whose.user !== uid)
      return endedAnswer(await sessions.destroyByUser(whose.user));
    // Their own last: if the store fails in between, they can go on.
    const ended = await sessions.destroyByUser(uid, { except: id });
    if (others) return endedAnswer(ended);
    await current.logout();
    return endedAnswer(ended + 1);
  }

  async function endOne(_: HttpRequest, current: CurrentSession<Data>, name: string): Promise<HttpAnswer> {
    const actor = current.get();
    // By the list, not by the id: to look at a session of somebody else would count as an access to it.
    const own = await pages.named(pages.ofUser(freshUser(actor)), name);
    if (own?.id === actor.id) {
      await current.logout();
      return emptyAnswer(204);
    }
    const id = own?.id ?? (isId(name) && (await may(actor, 'end', { session: name })) ? name : undefined);
    if (id === undefined || !(await sessions.destroy(id, 'revoked'))) throw notFound();
    return emptyAnswer(204);
  }

  return {
    many: new Map([
      ['GET', list],
      ['DELETE', endMany],
    ]),
    one: new Map([['DELETE', endOne]]),
  };
}

function endedAnswer(ended: number): HttpAnswer {
  const body: EndedAnswer = { ended };
  return jsonAnswer(200, body);
}

function notFound(): SessionError {
  return new SessionError('request/not-found', { status: 404 });
}
