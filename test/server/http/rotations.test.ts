import { randomInt } from 'node:crypto';
import QUnit from 'qunit';
import type { SessionStore } from '../../../src/server/core/store.js';
import { memoryStore } from '../../../src/server/stores/memory.js';
import { codeOf } from '../fixture.js';
import { cookiesOf, type Data, settled, type Visited, visitsFixture, wireOf } from './visits.js';

/** A store whose calls happen when the test says so, in any order. */
function heldStore() {
  const held: (() => void)[] = [];
  let isHolding = false;
  const inner = memoryStore();
  const store = new Proxy(inner, {
    get(target, name: keyof SessionStore) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function' || name === 'all') return value;
      return async (...args: unknown[]) => {
        if (isHolding) await new Promise<void>((resolve) => held.push(resolve));
        return Reflect.apply(value, target, args);
      };
    },
  });
  return {
    store,
    hold() {
      isHolding = true;
    },
    /** Lets all calls happen, one by one: `pick` says which of so many is next. */
    async play(pick: (count: number) => number): Promise<void> {
      for (let idle = 0; idle < 3; ) {
        await new Promise<void>((resolve) => setImmediate(resolve));
        const [next] = held.length === 0 ? [] : held.splice(pick(held.length), 1);
        idle = next === undefined ? idle + 1 : 0;
        next?.();
      }
      isHolding = false;
    },
  };
}

/** Numbers that look random, the same for the same seed (mulberry32). */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const schedules = process.env.RACES === undefined ? 100 : 1000;
const firstSeed = Number(process.env.SEED ?? randomInt(2 ** 31));

/** What a slow request does with the session it came with, in steps. */
const slowRequests: readonly (readonly [name: string, (visited: Visited, n: number) => Promise<void>])[] = [
  ['save', ({ session }, n) => session.save({ n })],
  ['resave', ({ session }) => session.resave()],
  ['resave with data', ({ session }, n) => session.resave({ n })],
  ['resave for nobody', ({ session }, n) => session.resave({ n }, null)],
  [
    'resave, save',
    async ({ session }, n) => {
      await session.resave();
      await session.save({ n });
    },
  ],
  [
    'save, resave, resave',
    async ({ session }, n) => {
      await session.save({ n });
      await session.resave();
      await session.resave({ n });
    },
  ],
  [
    'resave, save, without waiting',
    async ({ session, pending }, n) => {
      session.resave();
      session.save({ n });
      for (let wait = pending(); wait !== undefined; wait = pending()) await wait;
    },
  ],
];

QUnit.module('server/http/rotations', () => {
  QUnit.module('S13 several requests that rotate one session', () => {
    for (const [what, resave] of [
      ['nothing', (visited: Visited) => visited.session.resave()],
      ['the same data', (visited: Visited) => visited.session.resave({ n: 1 })],
      ['the same user', (visited: Visited) => visited.session.resave({ n: 1 }, { id: 'ada' })],
    ] as const) {
      QUnit.test(`leave one successor that all of them get, when they give ${what}`, async (assert) => {
        const { store, hold, play } = heldStore();
        const { visit, begun, sessions } = visitsFixture({ sessions: { store } });
        const { id, wire } = await begun({ n: 0 });
        const visits = await Promise.all(Array.from({ length: 50 }, () => visit({ cookie: wire })));
        hold();
        const work = Promise.all(
          visits.map(async (visited) => [await resave(visited), await visited.answer()]),
        );
        const random = randomOf(firstSeed);
        await play(random);
        const wires = new Set((await work).map(([, headers]) => wireOf(headers ?? {})));
        const ids = new Set(visits.map(({ session }) => session.id));
        assert.deepEqual([wires.size, ids.size, ids.has(id), await sessions.count()], [1, 1, false, 1]);
        assert.equal(sessions.idOf([...wires][0] ?? ''), [...ids][0], `seed ${firstSeed}`);
      });
    }

    QUnit.test('each have data of their own', async (assert) => {
      const { visit, begun, stored } = visitsFixture();
      const { wire } = await begun({ n: 0 });
      const [one, other] = [await visit({ cookie: wire }), await visit({ cookie: wire })];
      await Promise.all([one.session.resave(), other.session.resave()]);
      assert.notStrictEqual(one.session.get(), other.session.get());
      Object.assign(one.session.data ?? {}, { half: 'done' });
      await other.session.save();
      assert.deepEqual(await stored(other.session.id ?? ''), { n: 0 });
    });

    QUnit.test('get the successor for ten seconds, and not after it', async (assert) => {
      const { visit, begun, clock } = visitsFixture();
      const { wire } = await begun();
      const [first, late, tooLate] = await Promise.all([1, 2, 3].map(() => visit({ cookie: wire })));
      await first?.session.resave();
      clock.time += 9999;
      await late?.session.resave();
      assert.equal(late?.session.id, first?.session.id);
      clock.time += 1;
      assert.equal(await codeOf(() => tooLate?.session.resave()), 'session/not-found');
    });

    QUnit.test(
      'leave one successor when they want different things, and the loser does not get it',
      async (assert) => {
        const { visit, begun, sessions } = visitsFixture();
        const { wire } = await begun({ n: 0 });
        const visits = await Promise.all([1, 2, 3].map(() => visit({ cookie: wire })));
        const outcomes = await Promise.all(
          visits.map(({ session }, n) => codeOf(() => session.resave({ n }))),
        );
        assert.deepEqual(outcomes.sort(), ['no error', 'session/not-found', 'session/not-found']);
        assert.equal(await sessions.count(), 1);
      },
    );

    // Session fixation: the attacker has planted an id, and waits with a slow request for the victim to sign in.
    for (const [what, signIn] of [
      ['the user', (visited: Visited) => visited.session.resave(undefined, { id: 'victim' })],
      ['the data', (visited: Visited) => visited.session.resave({ user: 'victim' })],
      [
        'data changed in place',
        ({ session }: Visited) => {
          Object.assign(session.data ?? {}, { user: 'victim' });
          return session.resave();
        },
      ],
    ] as const) {
      QUnit.test(`S11 never give the session of who signed in to who did not: ${what}`, async (assert) => {
        const { visit, begun } = visitsFixture();
        const planted = await begun({ cart: 'bait' });
        const attacker = await Promise.all([1, 2, 3, 4].map(() => visit({ cookie: planted.wire })));
        const victim = await visit({ cookie: planted.wire });
        await Promise.all([signIn(victim), ...attacker.map(({ session }, way) => settle(session, way))]);
        for (const { session } of attacker) assert.notEqual(session.id, victim.session.id);

        function settle(session: Visited['session'], way: number): Promise<unknown> {
          const ways = [
            () => session.resave(),
            () => session.resave({ user: 'attacker' }),
            () => session.resave(undefined, { id: 'attacker' }),
            () => session.resave(undefined, null),
          ];
          return (ways[way]?.() ?? Promise.resolve()).catch(() => {});
        }
      });
    }

    QUnit.test('all fail when the store does, and can try again', async (assert) => {
      const { visit, begun, broken, sessions } = visitsFixture();
      const { wire } = await begun({ n: 0 });
      const visits = await Promise.all([1, 2].map(() => visit({ cookie: wire })));
      const resaveAll = () => Promise.all(visits.map(({ session }) => codeOf(() => session.resave())));
      for (const method of ['create', 'destroy'] as const) {
        broken.add(method);
        assert.deepEqual(await resaveAll(), ['store/unavailable', 'store/unavailable'], method);
        broken.clear();
      }
      assert.deepEqual(await resaveAll(), ['no error', 'no error']);
      assert.equal(new Set(visits.map(({ session }) => session.id)).size, 1);
      assert.equal((await sessions.find(visits[0]?.session.id ?? ''))?.id, visits[0]?.session.id);
    });
  });

  QUnit.module('S20 a sign-out', () => {
    QUnit.test(
      'that comes after a rotation ends the successor, and its cookie is not sent',
      async (assert) => {
        const { visit, begun, sessions } = visitsFixture();
        const { wire } = await begun({ n: 0 });
        const [slow, out] = [await visit({ cookie: wire }), await visit({ cookie: wire })];
        await slow.session.resave();
        await slow.session.resave({ n: 1 });
        await out.session.logout();
        assert.equal(await sessions.count(), 0);
        assert.deepEqual(await slow.answer(), {});
        assert.equal(wireOf(await out.answer()), '', 'the clearing');
      },
    );

    QUnit.test('that arrives after a rotation ends the successor too', async (assert) => {
      const { visit, begun, sessions } = visitsFixture();
      const { wire } = await begun({ n: 0 });
      const slow = await visit({ cookie: wire });
      await slow.session.resave();
      const out = await visit({ cookie: wire });
      assert.equal(out.session.id, undefined);
      await out.session.logout();
      assert.equal(await sessions.count(), 0);
      assert.deepEqual(await slow.answer(), {});
    });

    QUnit.test('leaves alone what others began', async (assert) => {
      const { visit, begun, sessions } = visitsFixture();
      const [mine, other] = [await begun(), await begun()];
      const [slow, out] = [await visit({ cookie: other.wire }), await visit({ cookie: mine.wire })];
      await slow.session.resave();
      await out.session.logout();
      assert.equal(await sessions.count(), 1);
      assert.equal(cookiesOf(await slow.answer()).length, 1);
    });

    for (const [name, work] of slowRequests) {
      QUnit.test(
        `is never undone by a request in flight: ${name}, ${schedules} schedules`,
        async (assert) => {
          for (let turn = 0; turn < schedules; turn += 1) {
            const seed = (firstSeed + turn) | 0;
            const failure = await race(seed, work);
            if (failure !== undefined) assert.equal(failure, undefined, `SEED=${seed}`);
          }
          assert.true(schedules >= 100, `from seed ${firstSeed}`);
        },
      );
    }
  });
});

/** Two slow requests and a sign-out, all with one session, in the order that the seed says. What went wrong, if anything. */
async function race(
  seed: number,
  work: (visited: Visited, n: number) => Promise<void>,
): Promise<string | undefined> {
  const random = randomOf(seed);
  const { store, hold, play } = heldStore();
  const { visit, sessions } = visitsFixture({ sessions: { store } });
  const { wire } = await sessions.create({ n: 0 } as Data, random(2) === 0 ? null : { id: 'ada' });
  const cookie = wire ?? '';
  let isOver = false;
  const cookiesAfter: string[] = [];

  async function slow(n: number): Promise<void> {
    const visited = await visit({ cookie });
    // Whoever comes too late begins something new, if anything: that restores nothing.
    if (visited.session.id === undefined) return;
    await work(visited, n).catch(() => {});
    // Some are slower than others.
    for (let pause = random(4); pause > 0; pause -= 1) await store.count(0);
    const told = isOver;
    const headers = visited.headers();
    if (told) cookiesAfter.push(...cookiesOf(headers));
  }

  async function out(): Promise<void> {
    for (let pause = random(6); pause > 0; pause -= 1) await store.count(0);
    const visited = await visit({ cookie });
    await visited.session.logout();
    isOver = true;
  }

  hold();
  const all = Promise.all([slow(1), slow(random(2)), out()]);
  await play(random);
  await all;
  await settled();
  const left = await sessions.count();
  if (left > 0) return `${left} sessions live`;
  return cookiesAfter.length > 0 ? 'a cookie was sent' : undefined;
}
