import fc from 'fast-check';
import { SessionNotFound } from '../../../src/server/core/errors.js';
import { createSessions } from '../../../src/server/core/sessions.js';
import type { SessionRecord, SessionStore } from '../../../src/server/core/store.js';
import { AssertionError, equal, ok } from '../../../src/testing/assert.js';
import { change, never, start } from '../../../src/testing/store-kit.js';

type MakeStore = () => SessionStore | Promise<SessionStore>;

/** What a store has to do, as simply as it can be said. */
class Model {
  now = start;
  readonly records = new Map<string, SessionRecord>();
  readonly ended: string[] = [];

  live(id: string): SessionRecord | undefined {
    const record = this.records.get(id);
    return record !== undefined && record.expiresAt > this.now ? record : undefined;
  }

  touched(record: SessionRecord): SessionRecord {
    const slid =
      record.timeToLive === 0 ? record.notAfter : Math.min(record.notAfter, this.now + record.timeToLive);
    const expiresAt = record.ttlType === 'lastAccess' ? slid : record.expiresAt;
    const next = { ...record, lastAccess: this.now, expiresAt: Math.max(record.expiresAt, expiresAt) };
    this.records.set(record.id, next);
    return next;
  }

  end(record: SessionRecord, reason: string): void {
    this.records.delete(record.id);
    this.ended.push(`${record.id} ${reason}`);
  }
}

interface Real {
  readonly store: SessionStore;
  readonly cursor: string;
}

type Command = fc.AsyncCommand<Model, Real>;

function command(text: string, run: (model: Model, real: Real) => Promise<void>): Command {
  return { check: () => true, run, toString: () => text };
}

function newRecord(
  id: string,
  now: number,
  timeToLive: number,
  ttlType: 'created' | 'lastAccess',
  cap: number,
) {
  const notAfter = cap === 0 ? never : now + cap;
  const expiresAt = timeToLive === 0 ? notAfter : Math.min(notAfter, now + timeToLive);
  const clocks = { created: now, lastAccess: now, lastUpdate: now };
  const content = { uid: cap % 2 === 0 ? 'ada' : null, userData: {}, data: {}, labels: {} };
  return { id, version: 1, ...content, ...clocks, timeToLive, ttlType, notAfter, expiresAt };
}

const id = fc.constantFrom('a', 'b');
/** Few of them, and next to each other, so that instants meet. */
const duration = fc.constantFrom(0, 1, 2, 999, 1000, 1001, 2000, 3000);

const commands = [
  fc
    .tuple(id, duration, fc.constantFrom('created' as const, 'lastAccess' as const), duration)
    .map(([id, ttl, ttlType, cap]) =>
      command(`create(${id}, ${ttl}, ${ttlType}, ${cap})`, async (model, { store }) => {
        const record = newRecord(id, model.now, ttl, ttlType, cap);
        equal(await store.create(record), !model.records.has(id), 'create');
        if (!model.records.has(id)) model.records.set(id, record);
      }),
    ),
  id.map((id) =>
    command(`get(${id})`, async (model, { store }) => {
      const live = model.live(id);
      const expected = live === undefined ? model.records.get(id) : model.touched(live);
      equal(await store.get(id, model.now), expected, 'get with touch');
    }),
  ),
  id.map((id) =>
    command(`touch(${id})`, async (model, { store }) => {
      const live = model.live(id);
      if (live !== undefined) model.touched(live);
      const dead = model.records.has(id) ? 'expired' : 'missing';
      equal(await store.touch(id, model.now), live === undefined ? dead : 'touched', 'touch');
    }),
  ),
  fc.tuple(id, fc.constantFrom(0, 0, -1, undefined), fc.nat(99), duration).map(([id, offset, data, longer]) =>
    command(`update(${id}, ${offset}, ${data}, ${longer})`, async (model, { store }) => {
      const record = model.records.get(id) ?? newRecord(id, model.now, 0, 'created', 0);
      const live = model.live(id);
      const uid = data % 2 === 0 ? 'ada' : 'bob';
      const next = change(record, { data, uid, lastAccess: model.now, expiresAt: model.now + longer });
      const expected = offset === undefined ? undefined : record.version + offset;
      const result = await store.update(id, expected, next, model.now);
      if (live === undefined) equal(result.outcome, model.records.has(id) ? 'expired' : 'missing', 'update');
      else if (offset === -1) equal(result, { outcome: 'conflict', record }, 'update of an old version');
      else {
        const updated = { ...live, ...next, version: live.version + 1 };
        model.records.set(id, updated);
        equal(result, { outcome: 'updated', record: updated }, 'update');
      }
    }),
  ),
  id.map((id) =>
    command(`destroy(${id})`, async (model, { store }) => {
      const record = model.records.get(id);
      equal(await store.destroy(id, 'signed-out', model.now), record, 'destroy');
      if (record !== undefined) model.end(record, 'signed-out');
    }),
  ),
  fc.integer({ min: 1, max: 4 }).map((limit) =>
    command(`sweep(${limit})`, async (model, { store }) => {
      const due = [...model.records.values()].filter(({ expiresAt }) => expiresAt <= model.now);
      equal(await store.sweep(limit, model.now), Math.min(limit, due.length), 'sweep');
      // Within one second the order is free: what the store chose is what the model removes.
      for (const record of due) {
        if ((await store.get(record.id)) !== undefined) continue;
        const idle = record.ttlType !== 'created' && record.expiresAt < record.notAfter;
        model.end(record, idle ? 'idle' : 'absolute');
      }
    }),
  ),
  duration.map((ms) =>
    command(`wait(${ms})`, async (model, { store }) => {
      model.now += ms;
      const live = [...model.records.values()].filter(({ expiresAt }) => expiresAt > model.now);
      equal(await store.count(model.now), live.length, 'count');
      const adas = live.filter(({ uid }) => uid === 'ada').map(({ id }) => id);
      const { records } = await store.list('ada', model.now, 10);
      equal(records.map(({ id }) => id).sort(), adas.sort(), 'list');
    }),
  ),
];

/** Runs in which the store must not differ from the model; the rest must not depend on luck. */
async function sequences(
  makeStore: MakeStore,
  parameters: fc.Parameters<[Iterable<Command>]>,
): Promise<void> {
  const property = fc.asyncProperty(fc.commands(commands, { maxCommands: 60, size: 'max' }), async (run) => {
    const store = await makeStore();
    try {
      const model = new Model();
      const { cursor } = await store.ended.since(undefined, 1);
      await fc.asyncModelRun(() => ({ model, real: { store, cursor } }), run);
      const { ended } = await store.ended.since(cursor, 1000);
      const told = ended.map(({ record, reason }) => `${record.id} ${reason}`);
      equal(told.sort(), model.ended.sort(), 'each end is told once, with its reason');
    } finally {
      await store.close();
    }
  });
  await fc.assert(property, parameters);
}

type Act = 'save' | 'touch' | 'get' | 'delete' | 'expire';

/** A store whose every call waits for its turn, and whose every answer does. */
function scheduled(store: SessionStore, s: fc.Scheduler): SessionStore {
  const slow =
    <Args extends unknown[], T>(name: string, call: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> => {
      await s.schedule(Promise.resolve(), `${name} sets out`);
      const answer = await call(...args);
      await s.schedule(Promise.resolve(), `${name} comes back`);
      return answer;
    };
  return {
    ...store,
    get: slow('get', store.get.bind(store)),
    touch: slow('touch', store.touch.bind(store)),
    update: slow('update', store.update.bind(store)),
    destroy: slow('destroy', store.destroy.bind(store)),
    sweep: slow('sweep', store.sweep.bind(store)),
  };
}

/**
 * Clients of two processes get, change, save, touch and end one session in every order that a network can make. Whatever
 * happens: a save that was confirmed is not lost while the session lives, and nothing brings it back once it is over.
 */
async function interleavings(makeStore: MakeStore, runs: number, seed: number): Promise<void> {
  const act = fc.constantFrom<Act>('save', 'save', 'save', 'touch', 'get', 'delete', 'delete', 'expire');
  const acts = fc.array(act, { minLength: 2, maxLength: 8 });
  const property = fc.asyncProperty(acts, fc.scheduler(), async (plan, s) => {
    const store = await makeStore();
    try {
      let time = start;
      const slow = scheduled(store, s);
      const options = { timeToLive: 1000, sweepInterval: 0, now: () => time } as const;
      const processes = [0, 1].map(() => createSessions({ ...options, store: slow }));
      const direct = createSessions({ ...options, store });
      const { id } = await direct.create({});
      const confirmed: string[] = [];
      let deletions = 0;
      let over = false;

      const client = async (what: Act, index: number): Promise<void> => {
        const sessions = processes[index % 2] ?? direct;
        const wasOver = over;
        try {
          if (what === 'delete') {
            await sessions.delete(id);
            deletions += 1;
          } else if (what === 'expire') {
            time += 2000;
            await sessions.prune();
          } else {
            const session = await sessions.get(id);
            if (what === 'touch') await session.touch();
            if (what === 'save') {
              session.data[`key-${index}`] = index;
              await session.save();
              confirmed.push(`key-${index}`);
            }
            ok(!wasOver, `${what} succeeded although the session was over before it began`);
          }
          if (what === 'delete' || what === 'expire') over = true;
        } catch (error) {
          if (!(error instanceof SessionNotFound)) throw error;
        }
      };
      const all = Promise.all(plan.map(client));
      await s.waitFor(all);

      const left = await store.get(id);
      ok(deletions <= 1, 'two were told that they ended the session');
      if (over) equal(left, undefined, 'nothing brings it back');
      else equal(Object.keys(Object(left?.data)).sort(), confirmed.sort(), 'no confirmed save is lost');
    } finally {
      await store.close();
    }
  });
  await fc.assert(property, { numRuns: runs, seed });
}

/**
 * Judges a store by random sequences against the model and by random interleavings of two processes. `MODEL_RUNS` (default
 * 100) runs of each; the seed is printed, and `MODEL_SEED` repeats it.
 */
export async function modelAgrees(makeStore: MakeStore): Promise<void> {
  const runs = Number(process.env.MODEL_RUNS ?? 100);
  const seed = Number(process.env.MODEL_SEED ?? Date.now() % 2 ** 31);
  console.log(`model: MODEL_SEED=${seed} MODEL_RUNS=${runs}`);
  try {
    await sequences(makeStore, { numRuns: runs, seed });
    await interleavings(makeStore, runs, seed);
  } catch (error) {
    throw new AssertionError(
      `MODEL_SEED=${seed} MODEL_RUNS=${runs}\n${error instanceof Error ? error.message : error}`,
    );
  }
}
