import type { IncomingMessage, ServerResponse } from 'node:http';
import { SessionError } from '../../../protocol/errors.js';
import type { CurrentSession } from '../../http/current-session.js';
import { addVary } from '../../node-http/head.js';
import type { SessionServer } from '../../session-server.js';
import { fetchSession } from './session.js';

/** As much of Hono's context as is needed here. */
export interface HonoLikeContext<Data> {
  readonly req: { readonly raw: Request };
  readonly env: unknown;
  readonly error: Error | undefined;
  get res(): Response;
  set res(response: Response | undefined);
  readonly finalized: boolean;
  set(name: 'session', session: CurrentSession<Data>): void;
  header(name: string, value: string, options: { readonly append: true }): void;
}

/** Middleware of Hono 4. */
export type HonoLikeMiddleware<Data> = (
  context: HonoLikeContext<Data>,
  next: () => Promise<void>,
) => Promise<Response | undefined>;

/**
 * The session server in Hono: `app.use(honoSession(sessionServer))`. It answers its own paths, and every other request gets
 * its session: `context.get('session')`. A `SessionError` that a route throws is answered as a problem, unless `app.onError`
 * made another answer of it than a 500.
 */
export function honoSession<Data>(server: SessionServer<Data>): HonoLikeMiddleware<Data> {
  const withSession = fetchSession(server);
  return async (context, next) => {
    const { incoming, outgoing } = nodeOf(context.env);
    const socket = incoming?.socket;
    const response = await withSession(
      context.req.raw,
      async (session) => {
        context.set('session', session);
        await next();
        // Hono answers for its routes, so their errors do not come this way.
        const { error } = context;
        if (error instanceof SessionError && context.res.status === 500) throw error;
        return context.res;
      },
      {
        address: socket?.remoteAddress,
        connection: socket,
        // Headers of a Response that are touched cost more than all the rest of this.
        vary: (names) =>
          outgoing === undefined ? context.header('vary', names, { append: true }) : addVary(outgoing, names),
      },
    );
    if (!context.finalized) return response;
    if (response !== context.res) {
      // Hono would put the headers of the answer before over those of this one.
      context.res = undefined;
      context.res = response;
    }
    return undefined;
  };
}

interface Node {
  readonly incoming?: Partial<IncomingMessage>;
  readonly outgoing?: ServerResponse;
}

/** The request and its response below, where @hono/node-server is the host. */
function nodeOf(env: unknown): Node {
  return env ?? {};
}
