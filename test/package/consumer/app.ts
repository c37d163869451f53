// An app of somebody who installed the package: pack.test.ts checks its types against the packed declarations, with strict
// settings and without declarations for can-* modules, and bundles it with Vite.
import sessionBehavior, {
  connectSession,
  SessionError,
  type SessionInstance,
  type SessionState,
} from 'can-connect-session';
import { type LiveOptions, live } from 'can-connect-session/live';

interface Claims {
  readonly sub: string;
  readonly exp: number;
}

export function start(Model: object): string | undefined {
  const Session = connectSession<Claims>({ ObjectType: Model, url: '/session', claims: { leeway: 5_000 } });

  const { current } = Session;
  // @ts-expect-error nobody may be signed in
  const unsafe: SessionInstance<Claims> = current;
  const subject: string | undefined = current?.sub;

  Session.get().then(
    (session) => session.exp.toFixed(0),
    (error: unknown) => (error instanceof SessionError ? error.code : String(unsafe)),
  );
  const state: SessionState<Claims> = Session.state;
  return state.name === 'ended' ? state.reason : subject;
}

export function follow(
  Model: object,
  options: LiveOptions,
): 'connected' | 'reconnecting' | 'offline' | undefined {
  const { connection } = connectSession<Claims>({ ObjectType: Model, parts: [live(options)] });
  // @ts-expect-error a part is what live() gives
  connectSession({ ObjectType: Model, parts: [live] });
  // @ts-expect-error milliseconds are a number
  live({ heartbeat: '25 s' });
  // @ts-expect-error without the part there is none
  connection.live.flush();
  return connection.live?.status;
}

export { sessionBehavior };
