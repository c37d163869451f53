import { setImmediate as turn } from 'node:timers/promises';
import QUnit from 'qunit';
import type { Session } from '../../../src/server/core/session.js';
import { createSessions, type Sessions } from '../../../src/server/core/sessions.js';
import type { SessionsOptions } from '../../../src/server/core/sessions-options.js';
import type { SessionRecord, SessionStore } from '../../../src/server/core/store.js';
import { memoryStore } from '../../../src/server/stores/memory.js';
import { codeOf, testClock } from '../fixture.js';
import { handTimers } from './hand-timers.js';

const never = (): Promise<never> => new Promise(() => undefined);

/** The methods of an object; those that are named in `hanging` never answer. */
function hangable(object: object, names: readonly string[], hanging: ReadonlySet<string>) {
  const methods = names
    .map((name) => [name, Reflect.get(object, name) as unknown] as const)
    .filter((entry): entry is readonly [string, () => unknown] => typeof entry[1] === 'function');
  return Object.fromEntries(
    methods.map(([name, method]) => [
      name,
      (...values: unknown[]) => (hanging.has(name) ? never() : Reflect.apply(method, object, values)),
    ]),
  );
}

/** Sessions whose store hangs in the methods named in `hanging`. */
function fixture(options: Partial<SessionsOptions> = {}) {
  const hand = handTimers();
  const clock = testClock();
  const failures: unknown[] = [];
  const hanging = new Set<string>();
  const below: SessionStore = options.store ?? memoryStore();
  const { ended } = below;
  const store = {
    ...below,
    ...hangable(below, Object.keys(memoryStore()), hanging),
    ended: { keeps: ended.keeps, ...hangable(ended, ['claim', 'ack', 'since'], hanging) },
  } as SessionStore;
  const sessions = createSessions({
    sweepInterval: 0,
    timers: hand.timers,
    now: clock.now,
    onError: (error) => failures.push(error),
    ...options,
    store,
  });
  /** The code of a call while the store hangs, once the deadline has passed. */
  async function late(work: () => Promise<unknown>): Promise<string> {
    const code = codeOf(work);
    await turn();
    hand.fire();
    return code;
  }
  return { hand, clock, failures, hanging, sessions, late };
}

type Call = (sessions: Sessions, session: Session<unknown>) => Promise<unknown>;

/** Calls, and the method of the store that each of them needs. */
const calls: readonly (readonly [name: string, method: string, call: Call])[] = [
  ['create', 'create', (sessions) => sessions.create()],
  ['get', 'get', (sessions, { id }) => sessions.get(id)],
  ['find', 'get', (sessions, { id }) => sessions.find(id)],
  ['delete', 'destroy', (sessions, { id }) => sessions.delete(id)],
  ['destroyByUser', 'destroy', (sessions) => sessions.destroyByUser('ada')],
  ['list', 'list', (sessions) => sessions.list('ada')],
  ['count', 'count', (sessions) => sessions.count()],
  ['prune', 'sweep', (sessions) => sessions.prune()],
  ['clear', 'clear', (sessions) => sessions.clear()],
  ['close', 'close', (sessions) => sessions.close()],
  ['touch of a session', 'touch', (_, session) => session.touch()],
  ['save of a session', 'update', (_, session) => session.save()],
  ['delete of a session', 'destroy', (_, session) => session.delete()],
  ['deleteOthers of a session', 'list', (_, session) => session.deleteOthers()],
  ['onDestroy of a session', 'since', (_, session) => session.onDestroy(() => undefined)],
  ['onDestroy of a session, later', 'get', (_, session) => session.onDestroy(() => undefined)],
];

QUnit.module('server/core/deadline', () => {
  for (const [name, method, call] of calls) {
    QUnit.test(`S76 gives up ${name} with 503 when the store hangs for five seconds`, async (assert) => {
      const { sessions, hand, hanging } = fixture();
      const session = await sessions.create({}, { id: 'ada' });
      hanging.add(method);
      const failure = call(sessions, session).catch((error: unknown) => error);
      await turn();
      assert.deepEqual(
        [...hand.waiting.values()].map(({ ms }) => ms),
        [5000],
      );
      hand.fire();
      const { code, status } = (await failure) as { code: string; status: number };
      assert.deepEqual([code, status], ['store/unavailable', 503]);
    });
  }

  QUnit.test('S76 waits as long as the option says, once for each call', async (assert) => {
    const { sessions, hand, hanging, late } = fixture({ storeDeadline: 70 });
    hanging.add('get');
    const codes = Promise.all(['one', 'two'].map((id) => codeOf(() => sessions.get(id))));
    await turn();
    assert.deepEqual(
      [...hand.waiting.values()].map(({ ms }) => ms),
      [70, 70],
    );
    assert.equal(await late(() => sessions.get('three')), 'store/unavailable');
    assert.deepEqual(await codes, ['store/unavailable', 'store/unavailable']);
  });

  QUnit.test('S76 never takes a hanging store for a session that is over', async (assert) => {
    const { sessions, clock, hanging, late } = fixture({ timeToLive: 1000, onExpiredRead: 'purge' });
    const { id } = await sessions.create();
    clock.time += 1000;
    hanging.add('destroy');
    assert.equal(await late(() => sessions.find(id)), 'store/unavailable');
    hanging.clear();
    assert.equal(await codeOf(() => sessions.get(id)), 'session/expired');
  });

  QUnit.test('sets no timer for a store that answers at once', async (assert) => {
    const { sessions, hand } = fixture();
    let timers = 0;
    const { set } = hand.timers;
    hand.timers.set = (work, ms) => {
      timers += 1;
      return set(work, ms);
    };
    const session = await sessions.create({}, { id: 'ada' });
    await sessions.get(session.id);
    await session.save();
    await session.touch();
    await sessions.list('ada');
    await sessions.count();
    await session.delete();
    await sessions.close();
    assert.equal(timers, 0);
  });

  QUnit.test('takes the timer back when the answer comes in time', async (assert) => {
    const store = memoryStore();
    let answer: (record: SessionRecord | undefined) => void = () => undefined;
    const get = () => new Promise<SessionRecord | undefined>((resolve) => (answer = resolve));
    const { sessions, hand } = fixture({ store: { ...store, get } });
    const found = sessions.find('x');
    await turn();
    assert.equal(hand.waiting.size, 1);
    answer(undefined);
    assert.equal(await found, undefined);
    assert.equal(hand.waiting.size, 0);
  });

  QUnit.test('drops what comes too late, a failure too', async (assert) => {
    const unhandled: unknown[] = [];
    const hear = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', hear);
    const answers: { resolve(): void; reject(error: Error): void }[] = [];
    const destroy = () =>
      new Promise<undefined>((resolve, reject) => {
        answers.push({ resolve: () => resolve(undefined), reject });
      });
    const { sessions, late } = fixture({ store: { ...memoryStore(), destroy } });
    assert.equal(await late(() => sessions.destroy('one')), 'store/unavailable');
    assert.equal(await late(() => sessions.destroy('two')), 'store/unavailable');
    answers[0]?.resolve();
    answers[1]?.reject(new Error('connection lost'));
    await turn();
    await turn();
    process.off('unhandledRejection', hear);
    assert.deepEqual(unhandled, []);
    assert.equal(answers.length, 2);
  });

  QUnit.test('lets the next save go ahead when one was given up', async (assert) => {
    const { sessions, hanging, late } = fixture();
    const session = await sessions.create();
    const other = await sessions.get(session.id);
    hanging.add('update');
    assert.equal(await late(() => session.save()), 'store/unavailable');
    hanging.clear();
    other.data = { saved: true };
    await other.save();
    assert.deepEqual((await sessions.get(session.id)).data, { saved: true });
    assert.equal(sessions.exclusive.size, 0);
  });

  QUnit.test('reports a sweep that hangs, and sweeps again', async (assert) => {
    const { hand, hanging, failures } = fixture({ sweepInterval: 60_000 });
    hanging.add('sweep');
    hand.fire();
    await turn();
    assert.deepEqual(
      [...hand.waiting.values()].map(({ ms }) => ms),
      [5000],
    );
    hand.fire();
    await turn();
    assert.deepEqual(
      failures.map((error) => (error as { code: string }).code),
      ['store/unavailable'],
    );
    assert.deepEqual(
      [...hand.waiting.values()].map(({ ms }) => ms),
      [60_000],
    );
  });

  QUnit.test('waits for ever with 0', async (assert) => {
    const { sessions, hand, hanging } = fixture({ storeDeadline: 0 });
    hanging.add('get');
    let over = false;
    void sessions.find('x').finally(() => {
      over = true;
    });
    await turn();
    assert.deepEqual([over, hand.waiting.size], [false, 0]);
  });

  QUnit.test('refuses a deadline that cannot be', async (assert) => {
    for (const storeDeadline of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31]) {
      assert.equal(await codeOf(() => fixture({ storeDeadline })), 'config/invalid');
    }
  });

  QUnit.test(
    'S76 understands a store that throws, and one that answers without a promise',
    async (assert) => {
      const down = (): never => {
        throw new TypeError('no connection');
      };
      const store = { ...memoryStore(), count: down, get: () => undefined as unknown as Promise<undefined> };
      const { sessions } = fixture({ store });
      assert.equal(await codeOf(() => sessions.count()), 'store/unavailable');
      assert.equal(await sessions.find('x'), undefined);
    },
  );

  QUnit.module('all', () => {
    function walk(record: (index: number) => Promise<SessionRecord | undefined>, begin = () => undefined) {
      const log: string[] = [];
      let index = 0;
      const all = (): AsyncIterable<SessionRecord> => {
        begin();
        return {
          [Symbol.asyncIterator]: () => ({
            async next() {
              index += 1;
              const value = await record(index);
              return value === undefined ? { done: true, value } : { done: false, value };
            },
            async return() {
              log.push('let go');
              return { done: true, value: undefined };
            },
          }),
        };
      };
      return { ...fixture({ store: { ...memoryStore(), all } }), log };
    }
    const record = { id: 'x', userData: {}, data: {}, labels: {} } as unknown as SessionRecord;
    const count = async (sessions: Sessions) => {
      let found = 0;
      for await (const _ of sessions.all()) found += 1;
      return found;
    };

    QUnit.test('S76 gives each step its own deadline, and lets go of one that is late', async (assert) => {
      const { sessions, log, late } = walk(async (index) => (index < 3 ? record : never()));
      assert.equal(await late(() => count(sessions)), 'store/unavailable');
      assert.deepEqual(log, ['let go']);
    });

    QUnit.test('lets go when the caller has seen enough, and not at the end', async (assert) => {
      const enough = walk(async () => record);
      for await (const { id } of enough.sessions.all()) {
        assert.equal(id, 'x');
        break;
      }
      assert.deepEqual(enough.log, ['let go']);
      const whole = walk(async (index) => (index < 3 ? record : undefined));
      assert.equal(await count(whole.sessions), 2);
      assert.deepEqual(whole.log, []);
    });

    QUnit.test('S76 turns a failure of any step into store/unavailable', async (assert) => {
      const broken = walk(() => Promise.reject(new Error('gone')));
      assert.equal(await codeOf(() => count(broken.sessions)), 'store/unavailable');
      const closed = walk(
        async () => record,
        () => {
          throw new Error('closed');
        },
      );
      assert.equal(await codeOf(() => count(closed.sessions)), 'store/unavailable');
    });
  });
});
