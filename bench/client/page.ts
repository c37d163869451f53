import connect from 'can-connect';
import canMap from 'can-connect/can/map/map.js';
import canRef from 'can-connect/can/ref/ref.js';
import callbacksOnce from 'can-connect/constructor/callbacks-once/callbacks-once.js';
import construct from 'can-connect/constructor/constructor.js';
import constructStore from 'can-connect/constructor/store/store.js';
import dataCallbacks from 'can-connect/data/callbacks/callbacks.js';
import dataParse from 'can-connect/data/parse/parse.js';
import realtime from 'can-connect/real-time/real-time.js';
import DefineMap from 'can-define/map/map.js';
import { jwtDecode } from 'jwt-decode';
import sessionBehavior, { type SessionType } from '../../src/index.js';
import { type Effort, measure, type Row } from '../harness.js';
import { guideBehavior } from './guide.js';

/** A token of the usual size: seven claims, 279 bytes. */
function token(claims: object = {}) {
  const part = (value: unknown) =>
    btoa(JSON.stringify(value)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  const payload = {
    iss: 'https://id.example',
    aud: 'app',
    sub: 'user-0123456789',
    sid: 'Jd8sK2mQ0pXwYtR4',
    jti: '8f14e45fceea167a',
    iat: 1767225600,
    exp: 4102444800,
    ...claims,
  };
  return `${part({ alg: 'HS256', typ: 'at+jwt' })}.${part(payload)}.${'s'.repeat(43)}`;
}

const rest = [construct, canMap, canRef, constructStore, dataCallbacks, dataParse, realtime, callbacksOnce];
type Behavior = (typeof rest)[number];

/** The guide's model and connection. What it leaves undeclared is declared here, since a sealed type could not hold it. */
function model(session: Behavior, options: object = {}): SessionType {
  const any = { type: 'any' };
  const Session = DefineMap.extend('Session', {
    exp: { type: 'any', identity: true },
    ...Object.fromEntries(
      ['iss', 'aud', 'sub', 'sid', 'jti', 'iat', 'username', 'password'].map((key) => [key, any]),
    ),
  });
  Session.connection = connect([session, ...rest], { Map: Session, name: 'session', ...options });
  return Session as unknown as SessionType;
}

/** Both sides sign in without a network: what is measured is the way of an answer to the app. */
const answer = token();
const ours = (storageKey: string) => model(sessionBehavior, { storageKey, signIn: () => answer });
const guide = (storageKey: string) => model(guideBehavior(storageKey, async () => answer));

export default async function run(effort: Effort): Promise<Row[]> {
  for (const key of ['ours', 'guide']) sessionStorage.setItem(key, token());
  const [our, theirs] = [ours('ours'), guide('guide')];
  // Somebody shows it, as in an app: the guide's connection keeps an instance only while it is bound.
  const held = await theirs.get();
  (held as unknown as { on(event: string, handler: () => void): void }).on('exp', () => {});
  await our.get();

  const credentials = { username: 'ann', password: 'secret' };
  const kept = held;
  return measure(
    'client',
    [
      {
        name: 'Session.get(), token unchanged',
        ours: () => our.get(),
        others: { guide: () => theirs.get() },
      },
      {
        name: 'Session.current, beside a variable',
        ours: () => our.current,
        others: { 'an instance kept by hand': () => kept },
      },
      {
        name: 'judging an unchanged token',
        ours: () => our.get(),
        others: { 'jwt-decode alone': () => jwtDecode(sessionStorage.getItem('ours') as string) },
      },
      {
        name: 'connect() and first get() after load',
        ours: () => ours('ours').get(),
        others: { guide: () => guide('guide').get() },
      },
      {
        name: 'save() to the instance',
        ours: () => new our(credentials).save(),
        others: { guide: () => new theirs(credentials).save() },
      },
    ],
    effort,
  );
}
