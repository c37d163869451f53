/**
 * What the types must allow and what they must refuse. Nothing here runs: `tsc -b` is the test, and each `@ts-expect-error`
 * fails it when the line below is accepted.
 */
import sessionBehavior, {
  connectSession,
  type ErrorCode,
  SessionError,
  type SessionInstance,
  type SessionState,
  type SessionType,
} from '../../src/index.js';

interface Claims {
  readonly sub: string;
  readonly exp: number;
  readonly roles: readonly string[];
}

declare const Model: object;
const Session: SessionType<Claims> = connectSession<Claims>({ ObjectType: Model });

// Unknown, nobody and somebody are three things.
const { current } = Session;
// @ts-expect-error current may be undefined or null
current.sub;
if (current) {
  const roles: readonly string[] = current.roles;
  // @ts-expect-error not a claim of this app
  current.email;
  // @ts-expect-error claims are not written to
  current.sub = roles[0];
}

// A state is asked for its name before anything else.
function show(state: SessionState<Claims>): string {
  // @ts-expect-error only an authenticated state has claims
  state.claims;
  switch (state.name) {
    case 'authenticated':
      return state.claims.sub;
    case 'authenticating':
      return show(state.previous);
    case 'ended':
      return state.reason;
    case 'anonymous':
      return state.error.code;
    case 'unknown':
      return state.error?.code ?? '';
    default: {
      const nothing: never = state;
      return nothing;
    }
  }
}

export async function uses(): Promise<unknown> {
  const instance: SessionInstance<Claims> = await Session.get();
  await new Session({ username: 'ann', password: 'x' }).save();
  await Session.connection.destroy();
  await Session.connection.adopt('a.b.c');
  Session.current = null;
  // @ts-expect-error an instance of the type, not anything
  Session.current = 'ann';
  // @ts-expect-error there is no such end reason
  if (Session.state.name === 'ended' && Session.state.reason === 'bored') return instance;
  // @ts-expect-error state is read, not written
  Session.state = { name: 'unknown' };
  return show(Session.state);
}

connectSession({ Map: Model, url: { getData: '/me', createData: '/login', destroyData: false } });
// @ts-expect-error the only other kind of token is the cookie
connectSession({ Map: Model, token: 'header' });
// @ts-expect-error milliseconds, as a number
connectSession({ Map: Model, claims: { leeway: '1s' } });
// @ts-expect-error the clock is a function
connectSession({ Map: Model, now: 0 });
// @ts-expect-error no such option
connectSession({ Map: Model, storagekey: 'x' });

const code: ErrorCode = new SessionError('token/expired').code;
// @ts-expect-error codes are a closed list
const wrong: ErrorCode = 'token/broken';

export const behavior: { readonly isBehavior: true } = sessionBehavior;
export { code, wrong };
