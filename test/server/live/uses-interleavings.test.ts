import fc from 'fast-check';
import QUnit from 'qunit';
import type { Json } from '../../../src/protocol/messages.js';
import type { SessionStore } from '../../../src/server/core/store.js';
import type { LiveSession } from '../../../src/server/live/live-session.js';
import { memoryStore } from '../../../src/server/stores/memory.js';
import { patch, replace } from './channel/live-fixture.js';
import { type Browser, type Doc, settled, world } from './live-world.js';

/** `LIVE_RUNS=10000 LIVE_SEED=… node scripts/test.mjs node test/server/live/uses-interleavings.test.ts` */
const runs = Number(process.env.LIVE_RUNS ?? 150);
const seed = Number(process.env.LIVE_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** What each writer does once. */
const kinds = [
  'handler',
  'task',
  'pushing',
  'failing',
  'forAll',
  'http',
  'socket',
  'nested',
  'other',
  'otherTask',
] as const;

interface Step {
  readonly kind: (typeof kinds)[number];
  /** Turns of the event loop that it waits before it begins, and in the middle. */
  readonly before: number;
  readonly within: number;
}

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom(...kinds),
    before: fc.integer({ min: 0, max: 6 }),
    within: fc.integer({ min: 0, max: 4 }),
  }),
  { minLength: 2, maxLength: 9 },
);

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** A store that takes some turns of the event loop for each call, before or after it does it. */
function slow(plan: { delays: readonly number[] }): SessionStore {
  const inner = memoryStore();
  let call = 0;
  const late =
    <Given extends readonly unknown[], Result>(work: (...given: Given) => Promise<Result>) =>
    async (...given: Given): Promise<Result> => {
      const { delays } = plan;
      call += 1;
      await turns((delays[call % delays.length] ?? 0) & 3);
      const result = await work(...given);
      await turns((delays[call % delays.length] ?? 0) >> 2);
      return result;
    };
  return { ...inner, get: late(inner.get), touch: late(inner.touch), update: late(inner.update) };
}

/** Two processes. One pair for all plans: with each, Node has more to do for every promise there is. */
function stage() {
  const pace = { delays: [0] as readonly number[] };
  const all = world({ store: slow(pace) });
  return { pace, all, there: all.process() };
}

async function play(
  { pace, all, there }: ReturnType<typeof stage>,
  plan: readonly Step[],
  delays: readonly number[],
) {
  const { sessions, live, follow, store } = all;
  pace.delays = delays;
  // Each writer has a key and an item of its own, so that nothing may be lost.
  const begin: Doc = { list: [], ...Object.fromEntries(plan.map((_, index) => [`k${index}$`, 0])) };
  const { id } = await sessions.create(begin);
  const watchers: Browser[] = [await follow(id), await follow(id, 'named')];
  const own: Browser[] = [];
  for (const { kind } of plan) own.push(kind === 'socket' ? await follow(id) : (watchers[0] as Browser));
  const codes: string[] = [];

  const add = (data: Doc, index: number) => {
    (data.list as Json[]).unshift(index);
    data[`k${index}$`] = 1;
  };
  const task =
    (index: number, within: number, more?: (session: LiveSession<Doc>) => unknown) =>
    async (session: LiveSession<Doc> | null) => {
      if (session === null) throw new Error('gone');
      add(session.data, index);
      await turns(within);
      await more?.(session);
    };

  async function act({ kind, within }: Step, index: number): Promise<void> {
    switch (kind) {
      case 'handler':
      case 'other': {
        // Handlers merge by key: a list is one value.
        const session = await (kind === 'other' ? there : all).sessions.get(id);
        await turns(within);
        session.data[`k${index}$`] = 1;
        await session.save();
        return;
      }
      case 'task':
        return live.run(id, task(index, within));
      case 'otherTask':
        return there.live.run(id, task(index, within));
      case 'pushing':
        return live.run(id, async (session) => {
          if (session === null) return;
          session.data[`k${index}$`] = 2;
          session.push();
          await turns(within);
          session.data[`k${index}$`] = 1;
        });
      case 'failing':
        return live
          .run(
            id,
            task(index, within, () => Promise.reject(new Error('no'))),
          )
          .catch(() => undefined);
      case 'forAll':
        return live.forAll(task(index, within), true);
      case 'nested':
        return live.run(id, () =>
          Promise.all([live.run(id, task(index, within)), turns(1)]).then(() => undefined),
        );
      case 'http': {
        await live.followers.start(id, `h${index}`);
        await turns(within);
        await live.followers.patch(id, `h${index}`, patch(1, 0, replace(`/k${index}$`, 1)), false);
        return;
      }
      case 'socket':
        own[index]?.edit(replace(`/k${index}$`, 1));
    }
  }

  await Promise.all(
    plan.map(async (step, index) => {
      await turns(step.before);
      await act(step, index).catch((error) => void codes.push(`${step.kind}: ${error.code ?? error}`));
    }),
  );
  await settled();
  // Whoever is told of another process hears it with the next use.
  await live.run(id, () => undefined);
  const stored = (await store.get(id))?.data as { [key: string]: Json };
  const list = stored.list as number[];
  const browsers = [...watchers, ...own].map(({ tree, goodbye }) => ({ tree, goodbye }));
  await sessions.destroy(id);
  await there.sessions.hearEnds();
  return {
    codes,
    stored,
    browsers,
    isWhole: plan.every(({ kind }, index) => {
      const times = list.filter((item) => item === index).length;
      const value = stored[`k${index}$`];
      if (kind === 'failing') return value === 0 && times === 0;
      // It may have been in use.
      if (kind === 'forAll') return times === value;
      const adds = kind === 'task' || kind === 'otherTask' || kind === 'nested';
      return value === 1 && times === (adds ? 1 : 0);
    }),
    isClean:
      all.failures.length === 0 && sessions.exclusive.size === 0 && live.size === 0 && there.live.size === 0,
  };
}

QUnit.module('server/live/uses: interleavings', () => {
  QUnit.test(
    'lose nothing, twice nothing, and show everybody what is stored, whoever writes at the same time',
    async (assert) => {
      let writes = 0;
      const here = stage();
      await fc.assert(
        fc.asyncProperty(
          steps,
          fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 1, maxLength: 7 }),
          async (plan, delays) => {
            const result = await play(here, plan, delays);
            writes += plan.length;
            const same = result.browsers.every(
              ({ tree, goodbye }) => goodbye === undefined && sorted(tree) === sorted(result.stored),
            );
            if (result.codes.length > 0 || !same || !result.isWhole || !result.isClean) {
              throw new Error(JSON.stringify(result, undefined, 1));
            }
          },
        ),
        { numRuns: runs, seed },
      );
      assert.ok(writes > runs, `${runs} plans, ${writes} writes, seed ${seed}`);
    },
  );
});

/** Merged objects may have their keys in another order. */
function sorted(tree: Json): string {
  return JSON.stringify(Object.entries(tree ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)));
}
