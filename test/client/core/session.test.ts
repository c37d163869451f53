import fc from 'fast-check';
import QUnit from 'qunit';
import { createCore, type Transport } from '../../../src/client/core/session.js';
import { createTokenStorage } from '../../../src/client/core/token-storage.js';
import { SessionError } from '../../../src/protocol/errors.js';
import { claimsOf, jwt, NOW, SECONDS, TestStorage, testClock } from '../kit.js';

const { module, test } = QUnit;

/** A server whose answers come when, and in which order, a test says. */
class HeldTransport implements Transport {
  readonly waiting: { answer(ok: boolean): void }[] = [];

  #hold(good: unknown, bad: SessionError): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ answer: (ok) => (ok ? resolve(good) : reject(bad)) });
    });
  }

  create({ username }: { username?: string }) {
    return this.#hold(
      { token: jwt(claimsOf(String(username))) },
      new SessionError('credentials/wrong', { status: 401 }),
    );
  }

  get() {
    return this.#hold({}, new SessionError('session/ended', { status: 401 }));
  }

  destroy() {
    return this.#hold({}, new SessionError('network/failed', { status: 0 }));
  }
}

/** Lets everything that is decided take effect. */
async function settle() {
  for (let turn = 0; turn < 20; turn++) await undefined;
}

type Step =
  | { do: 'sign in'; user: string }
  | {
      do: 'check' | 'sign out' | 'adopt' | 'adopt rubbish' | 'clear storage' | 'expire' | 'assume' | 'forget';
    }
  | { do: 'answer'; which: number; ok: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('sign in' as const), user: fc.constantFrom('ann', 'bob') }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'check',
        'sign out',
        'adopt',
        'adopt rubbish',
        'clear storage',
        'expire',
        'assume',
        'forget',
      ),
    }) as fc.Arbitrary<Step>,
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('answer' as const), which: fc.nat(5), ok: fc.boolean() }),
  },
);

module('the state of a session', () => {
  for (const verify of [false, true]) {
    test(`is never at odds with what is stored, whatever happens in whatever order (verify: ${verify})`, async (assert) => {
      const property = fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const storage = new TestStorage();
        const clock = testClock();
        const transport = new HeldTransport();
        const core = createCore(
          { now: clock, verify },
          createTokenStorage('key', () => storage),
          transport,
        );
        const ignore = () => {};
        let lastSignOut = false;
        for (const next of steps) {
          if (next.do === 'sign in') core.signIn({ username: next.user }).catch(ignore);
          if (next.do === 'check') core.check().catch(ignore);
          if (next.do === 'sign out') core.signOut().catch(ignore);
          if (next.do === 'adopt') core.adopt(jwt({ sub: 'cyd', exp: clock.at / 1000 + 60 }));
          if (next.do === 'assume') core.assume({ sub: 'dan', exp: clock.at / 1000 + 60 });
          if (next.do === 'forget') core.assume(undefined);
          if (next.do === 'clear storage') storage.items.clear();
          if (next.do === 'expire') clock.at += 7_200_000;
          if (next.do === 'adopt rubbish') {
            try {
              core.adopt('rubbish');
            } catch {}
          }
          if (next.do === 'answer') transport.waiting.splice(next.which, 1)[0]?.answer(next.ok);
          lastSignOut = next.do === 'sign out' || (lastSignOut && next.do === 'answer');
          await settle();
          // Nobody in flight, however it is answered, brings back who has signed out.
          if (lastSignOut && core.state.name === 'authenticated') return false;
        }
        for (const held of transport.waiting.splice(0)) held.answer(true);
        await settle();
        const last = core.check().catch(ignore);
        await settle();
        for (const held of transport.waiting.splice(0)) held.answer(true);
        await last;
        const { state } = core;
        const stored = storage.getItem('key');
        if (state.name === 'authenticating') return false;
        if (state.name !== 'authenticated') return stored === null;
        const exp = state.claims.exp ?? 0;
        // Without a token there are only the claims that were assumed.
        return exp * 1000 > clock.at && (stored !== null || state.claims.sub === 'dan');
      });
      await fc.assert(property, { numRuns: 1000 });
      assert.ok(true, '1000 sequences');
    });
  }

  test('changes once for each thing that happens', async (assert) => {
    const storage = new TestStorage();
    storage.setItem('key', jwt(claimsOf('ann')));
    const core = createCore(
      { now: () => NOW },
      createTokenStorage('key', () => storage),
      new HeldTransport(),
    );
    const seen: string[] = [];
    core.changed = () => void seen.push(core.state.name);
    await core.check();
    assert.ok(core.holds());
    core.assume({ exp: SECONDS + 1 });
    assert.deepEqual(seen, ['authenticated', 'authenticated']);
  });
});
