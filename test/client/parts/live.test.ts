import DefineList from 'can-define/list/list.js';
import DefineMap from 'can-define/map/map.js';
import ObservableArray from 'can-observable-array';
import ObservableObject from 'can-observable-object';
import Observation from 'can-observation';
import type from 'can-type';
import QUnit from 'qunit';
import { type LiveOptions, live } from '../../../src/client/parts/live.js';
import { connectSession, type SessionError, type SessionOptions } from '../../../src/index.js';
import type { Json } from '../../../src/protocol/messages.js';
import { dollarNames } from '../../../src/server/live/channel/policy.js';
import { scriptedServer } from '../../support/scripted-server.js';
import { claimsOf, codeOf, jwt, SECONDS, TestStorage, testClock } from '../kit.js';
import { connectNine, guideModel } from '../models.js';
import { LiveWorld, turns, until } from './live-world.js';

const { module, test } = QUnit;

interface Item {
  id: number;
  name: string;
}
interface Data {
  name$: string;
  items: Item[] & { splice(index: number, count: number, ...items: Item[]): void };
  deep: { on$: boolean; note?: string };
  extra?: string;
}
interface Claims {
  readonly sub: string;
  readonly sid: string;
  data: Data;
  serialize?(): object;
}

const initial: Json = {
  name$: 'Ann',
  items: [
    { id: 1, name: 'one' },
    { id: 2, name: 'two' },
  ],
  deep: { on$: false, note: '' },
};

const Person = DefineMap.extend({
  name$: 'string',
  items: { Type: DefineList },
  deep: { Type: DefineMap },
  extra: 'string',
});

class Deep extends ObservableObject {
  static get props() {
    return { on$: Boolean, note: String };
  }
}
class Items extends ObservableArray {
  static get items() {
    return type.convert(ObservableObject);
  }
}
class Declared extends ObservableObject {
  static get props() {
    return {
      name$: String,
      items: type.convert(Items),
      deep: type.convert(Deep),
      extra: type.maybeConvert(String),
    };
  }
}

const models: Record<string, () => object> = {
  DefineMap: () => ({ Map: DefineMap.extend('Session', {}) }),
  'DefineMap with a type for data': () => ({ Map: DefineMap.extend('Session', { data: { Type: Person } }) }),
  ObservableObject: () => ({ ObjectType: class Session extends ObservableObject {} }),
  'ObservableObject with a type for data': () => ({
    ObjectType: class Session extends ObservableObject {
      static get props() {
        return { data: type.maybeConvert(Declared) };
      }
    },
  }),
};

/** Counts how often something that a template would show was computed anew, and with which result. */
function observed<T>(read: () => T) {
  const seen: T[] = [];
  const observation = new Observation(read);
  const note = (value: T) => void seen.push(value);
  observation.on(note);
  return { seen, stop: () => observation.off(note) };
}

const tokenOf = (sub: string, sid: string | undefined, more: object = {}) =>
  jwt(claimsOf(sub, { ...(sid && { sid }), ...more }));

for (const [kind, model] of Object.entries(models)) {
  module(`parts/live: ${kind}`, () => {
    async function signedIn(
      world = new LiveWorld(initial),
      more: LiveOptions = {},
      options: SessionOptions = {},
    ) {
      const errors: SessionError[] = [];
      const storage = new TestStorage();
      storage.setItem('session-jwt', tokenOf('ann', 's1'));
      const clock = testClock();
      const part = live({
        WebSocket: world.WebSocket,
        timers: world.timers,
        now: clock,
        random: () => 0.5,
        onError: (error) => errors.push(error),
        ...more,
      });
      const Session = connectSession<Claims>({
        ...model(),
        tokenStorage: storage,
        now: clock,
        parts: [part],
        ...options,
      });
      const session = await Session.get();
      await turns();
      return { Session, session, world, errors, clock, storage };
    }
    const plain = (value: object): Json =>
      JSON.parse(JSON.stringify((value as { serialize?(): object }).serialize?.() ?? value));

    test('shows the server’s document as data, deep and observable', async (assert) => {
      const { Session, session } = await signedIn();
      assert.deepEqual(plain(session.data), initial);
      assert.equal(Session.connection.live?.status, 'connected');
      const name = observed(() => session.data.items[1]?.name);
      (session.data.items[1] as Item).name = 'two!';
      assert.deepEqual(name.seen, ['two!']);
      name.stop();
    });

    test('shows what the server changes in the objects that are bound already, once', async (assert) => {
      const { session, world } = await signedIn();
      const { data } = session;
      const [first, second] = data.items;
      const names = observed(() => data.items.map(({ name }) => name).join());
      const lengths = observed(() => data.items.length);
      world.change(['add', ['items', 0], { id: 0, name: 'zero' }], ['replace', ['items', 2, 'name'], 'TWO']);
      assert.deepEqual(names.seen, ['zero,one,TWO'], 'one update for one patch');
      assert.deepEqual(lengths.seen, [3]);
      assert.strictEqual(session.data, data);
      assert.strictEqual(data.items[1], first);
      assert.strictEqual(data.items[2], second);
      world.change(['remove', ['items', 1]], ['replace', ['deep', 'on$'], true], ['add', ['extra'], 'x']);
      assert.strictEqual(data.items[1], second);
      assert.true(data.deep.on$);
      assert.equal(data.extra, 'x');
      names.stop();
      lengths.stop();
    });

    test('does one splice for one item that comes', async (assert) => {
      const { session, world } = await signedIn();
      const patches: unknown[] = [];
      const list = session.data.items as unknown as {
        [key: symbol]: (heard: (change: unknown[]) => void) => void;
      };
      list[Symbol.for('can.onPatches')]?.((change) => void patches.push(...change));
      world.change(['add', ['items', 1], { id: 9, name: 'nine' }]);
      const splices = patches.filter((patch) => (patch as { type?: string }).type === 'splice');
      assert.equal(splices.length, 1, JSON.stringify(patches));
      assert.propContains(splices[0], { index: 1, deleteCount: 0 });
    });

    test('sends what the user changes, once for a turn, and waits with the next until it is confirmed', async (assert) => {
      const { session, world, Session } = await signedIn();
      session.data.name$ = 'Bea';
      (session.data.items[0] as Item).name = 'ONE';
      session.data.items.splice(0, 0, { id: 0, name: 'zero' });
      assert.equal(world.socket.sent.length, 1, 'the first frame only');
      world.isSlow = true;
      await turns();
      assert.equal(world.socket.sent.length, 2);
      assert.true(Session.connection.live?.isPending);
      session.data.name$ = 'Cleo';
      await turns();
      session.data.name$ = 'Dora';
      await turns();
      assert.equal(world.socket.sent.length, 2, 'one is under way');
      world.release();
      await turns();
      assert.equal(world.socket.sent.length, 3, 'and the rest went as one');
      assert.deepEqual(world.document.root, plain(session.data));
      assert.propContains(world.document.root, {
        name$: 'Dora',
        items: [
          { id: 0, name: 'zero' },
          { id: 1, name: 'ONE' },
          { id: 2, name: 'two' },
        ],
      });
      assert.false(Session.connection.live?.isPending);
    });

    test('sends nothing when the model reads what the server said in its own way', async (assert) => {
      const { world } = await signedIn();
      world.change(['add', ['extra'], 7]);
      await turns();
      assert.equal(world.socket.sent.length, 1);
    });

    test('sends what others compute from what the server said', async (assert) => {
      const { session, world } = await signedIn();
      const follow = new Observation(() => session.data.name$);
      const set = (value: string) => {
        session.data.deep.note = `for ${value}`;
      };
      follow.on(set);
      world.change(['replace', ['name$'], 'Eve']);
      await turns();
      assert.propContains(world.document.root, { name$: 'Eve', deep: { note: 'for Eve' } });
      follow.off(set);
    });

    test('keeps edits over a lost connection, and what others did meanwhile', async (assert) => {
      const { session, world, Session } = await signedIn();
      world.isDown = true;
      world.end(1006);
      assert.equal(Session.connection.live?.status, 'reconnecting');
      session.data.name$ = 'Bea';
      await turns();
      session.data.items.push({ id: 3, name: 'three' });
      await turns();
      world.document.change(
        ['add', ['items', 0], { id: 0, name: 'zero' }],
        ['replace', ['deep', 'on$'], true],
      );
      world.isDown = false;
      const flushed = Session.connection.live?.flush();
      world.timers.fire();
      await flushed;
      assert.equal(Session.connection.live?.status, 'connected');
      assert.deepEqual(plain(session.data), world.document.root as Json);
      assert.propContains(world.document.root, { name$: 'Bea', deep: { on$: true } });
      assert.equal(session.data.items.map(({ id }) => id).join(), '0,1,2,3');
    });

    test('takes back an edit that the server does not allow, says so, and keeps the rest (SC-90)', async (assert) => {
      const { session, world, errors } = await signedIn(new LiveWorld(initial, { policy: dollarNames }));
      session.data.name$ = 'Bea';
      (session.data.items[0] as Item).name = 'mine';
      await turns();
      assert.equal(world.socket.readyState, 3, 'closed with 1011');
      for (let round = 0; round < 5; round += 1) {
        world.timers.fire();
        await turns();
      }
      assert.equal(session.data.items[0]?.name, 'one');
      assert.equal(session.data.name$, 'Bea');
      assert.propContains(world.document.root, { name$: 'Bea', items: [{ id: 1, name: 'one' }] });
      assert.equal(errors[0]?.code, 'request/forbidden');
    });

    test('takes back an edit that is too large to be sent', async (assert) => {
      const { session, world, errors } = await signedIn();
      session.data.name$ = 'x'.repeat(70_000);
      await turns();
      assert.equal(errors[0]?.code, 'patch/size');
      assert.equal(session.data.name$, 'Ann');
      assert.equal(world.socket.sent.length, 1);
    });

    test('ends the session within the event that says so, with its reason', async (assert) => {
      const { Session, world, storage } = await signedIn();
      world.end(4401, 'revoked');
      assert.propContains(Session.state, { name: 'ended', reason: 'revoked' });
      assert.strictEqual(Session.current, null);
      assert.strictEqual(storage.getItem('session-jwt'), null);
      assert.equal(Session.connection.live?.status, 'offline');
      assert.deepEqual(world.timers.pending, [], 'and nobody tries again');
    });

    test('stops at a sign-out, and follows who signs in next', async (assert) => {
      const world = new LiveWorld(initial);
      const { Session, session } = await signedIn(
        world,
        {},
        { url: { getData: '/s', createData: '/s', destroyData: false } },
      );
      await Session.connection.destroy();
      assert.true(world.socket.isClosedHere);
      assert.equal(await codeOf(Session.connection.live?.flush() ?? Promise.resolve()), 'session/ended');
      const next = await Session.connection.adopt(tokenOf('bob', 's2'));
      await turns();
      assert.equal(world.sockets.length, 2);
      assert.true(world.socket.url.includes('/__default/s2/'), world.socket.url);
      assert.notStrictEqual(next, session);
      assert.deepEqual(plain(next.data), initial);
      session.data.name$ = 'late';
      await turns();
      assert.equal(world.socket.sent.length, 1, 'nobody listens to the old one');
    });

    test('keeps data, and the connection, when the token is renewed', async (assert) => {
      const { Session, session, world } = await signedIn();
      const { data } = session;
      await Session.connection.adopt(tokenOf('ann', 's1', { exp: SECONDS + 7200 }));
      assert.strictEqual(Session.current?.data, data);
      assert.equal(world.sockets.length, 1);
      world.end(1006);
      world.timers.fire();
      await turns();
      assert.equal(world.sockets.length, 2);
      assert.notEqual(
        world.socket.protocols[1],
        world.sockets[0]?.protocols[1],
        'the new one proves it from now on',
      );
    });

    test('proves itself by its subprotocols, at the address of the session’s server', async (assert) => {
      const { world } = await signedIn(
        new LiveWorld(initial),
        { follower: 'page-1' },
        { url: 'https://api.example/auth/session' },
      );
      assert.equal(world.socket.url, 'wss://api.example/__default/s1/page-1');
      assert.deepEqual(world.socket.protocols, ['can-connect-session.v1', `bearer.${tokenOf('ann', 's1')}`]);
    });

    test('leaves a sign-in under way alone when it is what ends the session before it', async (assert) => {
      let signed = (_token: string): void => {};
      const signing = new Promise<string>((resolve) => {
        signed = resolve;
      });
      const { Session, world } = await signedIn(new LiveWorld(initial), {}, { signIn: () => signing });
      const saved = new Session({ username: 'ann' }).save();
      world.end(4401, 'signed-out');
      assert.equal(Session.state.name, 'authenticating');
      signed(tokenOf('ann', 's2'));
      assert.strictEqual(await saved, Session.current);
      assert.equal(Session.state.name, 'authenticated');
      await turns();
      assert.true(world.socket.url.includes('/s2/'));
      assert.equal(Session.connection.live?.status, 'connected');
    });

    test('asks the server once when it only says that the proof is none', async (assert) => {
      const server = await scriptedServer();
      await server.answer('GET', { status: 401, body: { code: 'session/not-found' } });
      const { Session, world } = await signedIn(new LiveWorld(initial), {}, { url: server.url });
      const ended = until(() => Session.current === null);
      world.end(4401, 'token/expired');
      assert.equal(Session.state.name, 'authenticated', 'not on a socket’s word for a token');
      await ended;
      assert.propContains(Session.state, { name: 'ended', reason: 'revoked' });
      assert.equal((await server.requests()).length, 1);
    });

    test('takes the renewed token when only the old one was refused', async (assert) => {
      const server = await scriptedServer();
      const { Session, world } = await signedIn(new LiveWorld(initial), {}, { url: server.url });
      await Session.connection.adopt(tokenOf('ann', 's1', { exp: SECONDS + 7200 }));
      world.end(4401, 'token/expired');
      world.timers.fire();
      await turns();
      assert.equal(Session.connection.live?.status, 'connected');
      assert.deepEqual(await server.requests(), []);
    });

    test('follows the session of a cookie by its id, without a proof of its own', async (assert) => {
      const server = await scriptedServer();
      const data = { name$: 'old' };
      await server.answer('GET', { body: { session: { id: 'c1', uid: 'ann', data } } });
      const { session, Session, world } = await signedIn(
        new LiveWorld(initial),
        {},
        { token: 'cookie', url: server.url },
      );
      assert.true(world.socket.url.includes('/__default/c1/'), world.socket.url);
      assert.deepEqual(world.socket.protocols, ['can-connect-session.v1']);
      assert.deepEqual(plain(session.data), initial);
      await Session.get();
      assert.deepEqual(plain(session.data), initial, 'what another answer says of data is older');
    });

    test('shows the token nowhere (S53)', async (assert) => {
      const { Session, session, world } = await signedIn();
      world.end(1008, 'request/rate');
      const token = tokenOf('ann', 's1');
      const live = Session.connection.live;
      const texts = [
        JSON.stringify(plain(session)),
        JSON.stringify({ ...live }),
        String(live?.error),
        live?.error?.stack ?? '',
      ];
      assert.equal(live?.error?.code, 'request/rate');
      for (const text of texts) assert.false(text.includes(token));
    });

    test('says that a token without sid cannot be followed', async (assert) => {
      const world = new LiveWorld(initial);
      const { errors, Session, session } = await signedIn(world);
      await Session.connection.adopt(tokenOf('ann', undefined));
      assert.equal(errors[0]?.code, 'session/malformed');
      assert.true(world.socket.isClosedHere);
      assert.ok(session.data);
    });
  });
}

module('parts/live: can-connect', () => {
  test('tells that the instance was updated, as real-time does, with the guide’s nine behaviors', async (assert) => {
    const world = new LiveWorld(initial);
    const storage = new TestStorage();
    storage.setItem('session-jwt', tokenOf('ann', 's1'));
    const Session = connectNine(guideModel(), {
      tokenStorage: storage,
      now: testClock(),
      parts: [live({ WebSocket: world.WebSocket, timers: world.timers })],
    });
    const session = await Session.get();
    await turns();
    const updated: unknown[] = [];
    const heard = session as unknown as { on(name: string, heard: () => void): void; data: Data };
    heard.on('updated', () => updated.push(heard.data.name$));
    world.change(['replace', ['name$'], 'Bea']);
    assert.deepEqual(updated, ['Bea']);
  });
});
