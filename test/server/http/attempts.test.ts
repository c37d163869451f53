import QUnit from 'qunit';
import {
  type Attempt,
  type AttemptLimitsOptions,
  createAttemptLimits,
  retryAfter,
} from '../../../src/server/http/attempts.js';
import { networkOf } from '../../../src/server/http/network.js';
import { Recent } from '../../../src/server/http/recent.js';
import { codeOf, start, testClock } from '../fixture.js';

const home = '192.0.2.1';
const thief = '198.51.100.7';
const minute = 60_000;

function fixture(options: AttemptLimitsOptions = {}) {
  const clock = testClock();
  const limits = createAttemptLimits({ now: clock.now, ...options });
  /** Tries once, with a wrong password; how long it has to wait instead. */
  function fail(account: string, address: string | undefined): number {
    const attempt = limits.begin(account, address);
    attempt.fail();
    return attempt.waitMs;
  }
  function succeed(account: string, address: string | undefined): number {
    const attempt = limits.begin(account, address);
    attempt.succeed();
    return attempt.waitMs;
  }
  /** How many of these attempts may be made, while none of them is over. */
  function admitted(attempts: readonly Attempt[]): number {
    return attempts.filter(({ waitMs }) => waitMs === 0).length;
  }
  return { clock, limits, fail, succeed, admitted };
}

/** Addresses of as many hosts as one likes. */
const bot = (index: number) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;

QUnit.module('server/http/attempts', () => {
  QUnit.module('one account', () => {
    QUnit.test('S74 leaves ten failures free, then pauses 1, 2, 4 … 60 seconds', (assert) => {
      const { fail, clock } = fixture();
      const waits: number[] = [];
      for (let failure = 0; failure < 20; failure += 1) {
        const waitMs = fail('ada', thief);
        waits.push(waitMs / 1000);
        clock.time += waitMs;
        if (waitMs > 0) assert.equal(fail('ada', thief), 0, `after ${waitMs} ms`);
      }
      assert.deepEqual(waits, [...new Array(11).fill(0), 1, 2, 4, 8, 16, 32, 60, 60, 60]);
    });

    QUnit.test('S74 refuses an attempt within a pause without counting it', (assert) => {
      const { fail, limits, clock } = fixture();
      for (let failure = 0; failure < 11; failure += 1) fail('ada', thief);
      for (let knock = 0; knock < 1000; knock += 1) assert.equal(fail('ada', thief), 1000);
      clock.time += 999;
      assert.equal(limits.begin('ada', thief).waitMs, 1);
      clock.time += 1;
      assert.equal(fail('ada', thief), 0);
      assert.equal(limits.begin('ada', thief).waitMs, 2000);
    });

    QUnit.test('S74 forgets all after 15 minutes without a failure', (assert) => {
      const { fail, clock, limits } = fixture();
      for (let failure = 0; failure < 30; failure += 1) {
        clock.time += limits.begin('ada', thief).waitMs;
        fail('ada', thief);
      }
      clock.time += 15 * minute;
      for (let failure = 0; failure < 11; failure += 1) assert.equal(fail('ada', thief), 0);
      assert.equal(limits.begin('ada', thief).waitMs, 1000);
    });

    QUnit.test('S74 stays within its rate for a patient attacker, from one host or from many', (assert) => {
      for (const address of [() => thief, bot]) {
        const { fail, clock } = fixture();
        const end = clock.time + 24 * 60 * minute;
        let tried = 0;
        for (let host = 0; clock.time < end; host += 1) {
          const waitMs = fail('ada', address(host));
          if (waitMs === 0) tried += 1;
          clock.time += 1000;
        }
        assert.true(tried > 500 && tried < 24 * 60 + 24 * 4 * 5 + 30, `${tried} in a day`);
      }
    });

    QUnit.test('takes all spellings of a name for one account', (assert) => {
      const { fail, limits } = fixture();
      for (const name of [
        'ada',
        'ADA',
        ' ada ',
        'Ada',
        'ａｄａ',
        'aDa',
        'adA',
        'ada\n',
        'ADa',
        'AdA',
        'aDA',
      ]) {
        fail(name, thief);
      }
      assert.equal(limits.begin('ada', thief).waitMs, 1000);
      assert.equal(limits.begin('eve', thief).waitMs, 0);
    });

    QUnit.test('a clock that is set back makes nobody wait longer than the longest pause', (assert) => {
      const { fail, clock, limits } = fixture();
      for (let failure = 0; failure < 11; failure += 1) fail('ada', thief);
      clock.time -= 24 * 60 * minute;
      assert.true(limits.begin('ada', thief).waitMs <= minute);
      clock.time += minute;
      assert.equal(limits.begin('ada', thief).waitMs, 0);
    });
  });

  QUnit.module('bursts', () => {
    QUnit.test(
      'S74 lets ten of 50 parallel attempts begin, and one at a time after they failed',
      (assert) => {
        const { limits, admitted } = fixture();
        const burst = Array.from({ length: 50 }, () => limits.begin('ada', thief));
        assert.equal(admitted(burst), 10);
        for (const attempt of burst) attempt.fail();
        const next = Array.from({ length: 50 }, () => limits.begin('ada', thief));
        assert.equal(admitted(next), 1);
        for (const attempt of next) attempt.fail();
        assert.equal(limits.begin('ada', thief).waitMs, 1000);
      },
    );

    QUnit.test('S74 lets 15 of 1000 parallel attempts begin that come from as many hosts', (assert) => {
      const { limits, admitted } = fixture();
      const burst = Array.from({ length: 1000 }, (_, host) => limits.begin('ada', bot(host)));
      assert.equal(admitted(burst), 15);
    });

    QUnit.test('S74 lets 100 of 1000 parallel attempts on as many accounts begin from one host', (assert) => {
      const { limits, admitted } = fixture();
      const burst = Array.from({ length: 1000 }, (_, user) => limits.begin(`user${user}`, thief));
      assert.equal(admitted(burst), 100);
      assert.equal(limits.begin('ada', home).waitMs, 0, 'others are not concerned');
    });

    QUnit.test('gives back what was right, and what nobody judged', (assert) => {
      const { limits, admitted } = fixture();
      for (let round = 0; round < 20; round += 1) {
        const burst = Array.from({ length: 10 }, () => limits.begin('ada', home));
        assert.equal(admitted(burst), 10);
        for (const [index, attempt] of burst.entries()) {
          if (index % 2 === 0) attempt.succeed();
          else attempt.drop();
        }
      }
    });

    QUnit.test('hears only the first word about an attempt, and none about a refused one', (assert) => {
      const { limits, fail, admitted } = fixture();
      const attempt = limits.begin('ada', thief);
      attempt.drop();
      for (let word = 0; word < 100; word += 1) attempt.fail();
      for (let failure = 0; failure < 11; failure += 1) assert.equal(fail('ada', thief), 0);
      const refused = limits.begin('ada', thief);
      refused.succeed();
      refused.drop();
      refused.fail();
      assert.equal(admitted([refused, limits.begin('ada', thief)]), 0);
    });

    QUnit.test('counts an attempt that never ends for no longer than 15 minutes', (assert) => {
      const { limits, clock } = fixture();
      for (let attempt = 0; attempt < 10; attempt += 1) limits.begin('ada', thief);
      assert.equal(limits.begin('ada', thief).waitMs, 1000);
      clock.time += 15 * minute;
      assert.equal(limits.begin('ada', thief).waitMs, 0);
    });
  });

  QUnit.module('the owner', () => {
    QUnit.test('S74 is let in from where she was before, whatever strangers do', (assert) => {
      const { succeed, fail, clock } = fixture();
      succeed('ada', home);
      for (let host = 0; host < 5000; host += 1) fail('ada', bot(host));
      assert.equal(succeed('ada', home), 0);
      for (let failure = 0; failure < 500; failure += 1) fail(`user${failure}`, home);
      assert.true(fail('eve', home) > 0, 'the address is slowed');
      assert.equal(succeed('ada', home), 0, 'she is not');
      clock.time += 30 * 24 * 60 * minute;
      for (let host = 0; host < 5000; host += 1) fail('ada', bot(host));
      assert.equal(succeed('ada', home), 0, 'a month later');
    });

    QUnit.test('S74 is let in at a new place while somebody attacks from another', (assert) => {
      const { fail, succeed, clock } = fixture();
      for (let second = 0; second < 3600; second += 1) {
        fail('ada', thief);
        clock.time += 1000;
      }
      assert.true(fail('ada', thief) > 0);
      assert.equal(succeed('ada', home), 0);
    });

    QUnit.test('S74 waits a minute at most at a new place while the world attacks', (assert) => {
      const { fail, succeed, clock } = fixture();
      for (let host = 0; host < 50_000; host += 1) {
        fail('ada', bot(host));
        clock.time += 100;
      }
      const waitMs = succeed('ada', home);
      assert.true(waitMs > 0 && waitMs <= minute, `${waitMs}`);
      clock.time += waitMs;
      assert.equal(succeed('ada', home), 0);
    });

    QUnit.test('S74 is no cover for guesses at an address that she shares', (assert) => {
      const { succeed, fail, limits, admitted } = fixture();
      succeed('ada', home);
      assert.equal(admitted(Array.from({ length: 50 }, () => limits.begin('ada', home))), 10);
      const { fail: failAlone, succeed: succeedBefore, limits: alone } = fixture();
      succeedBefore('ada', home);
      for (let failure = 0; failure < 11; failure += 1) assert.equal(failAlone('ada', home), 0);
      assert.equal(alone.begin('ada', home).waitMs, 1000);
      assert.equal(fail('bob', home), 0);
    });

    QUnit.test('S74 settles her own mistakes when she signs in', (assert) => {
      const { succeed, fail } = fixture();
      succeed('ada', home);
      for (let day = 0; day < 10; day += 1) {
        for (let failure = 0; failure < 9; failure += 1) assert.equal(fail('ada', home), 0);
        assert.equal(succeed('ada', home), 0);
      }
    });

    QUnit.test('is remembered at eight addresses', (assert) => {
      const { succeed, fail, limits } = fixture();
      for (let host = 0; host < 9; host += 1) succeed('ada', bot(host));
      for (let host = 100; host < 200; host += 1) fail('ada', bot(host));
      const waits = Array.from({ length: 9 }, (_, host) => {
        const attempt = limits.begin('ada', bot(host));
        attempt.drop();
        return attempt.waitMs > 0;
      });
      assert.deepEqual(waits, [true, ...new Array(8).fill(false)]);
    });

    QUnit.test('is nobody in particular where no address is known', (assert) => {
      const { succeed, fail } = fixture();
      for (const address of [undefined, '', 'unknown', '/run/app.sock', '999.1.1.1']) succeed('ada', address);
      for (let failure = 0; failure < 11; failure += 1) fail('ada', undefined);
      assert.true(succeed('ada', undefined) > 0);
      for (let user = 0; user < 500; user += 1) assert.equal(fail(`user${user}`, undefined), 0);
    });
  });

  QUnit.module('one address', () => {
    QUnit.test('S74 leaves 100 failures free, on any accounts, then pauses', (assert) => {
      const { fail, limits } = fixture();
      for (let user = 0; user < 101; user += 1) assert.equal(fail(`user${user}`, thief), 0);
      assert.equal(limits.begin('another', thief).waitMs, 1000);
      assert.equal(limits.begin('another', home).waitMs, 0);
    });

    QUnit.test('S74 is not reset by signing in to an account of one’s own in between', (assert) => {
      const { fail, succeed } = fixture();
      let refused = 0;
      for (let user = 0; user < 400; user += 1) {
        if (fail(`user${user}`, thief) > 0) refused += 1;
        assert.equal(succeed('mallory', thief), 0);
      }
      assert.equal(refused, 400 - 101);
    });

    QUnit.test('S74 takes a /64 of IPv6 for one address', (assert) => {
      const { fail, limits } = fixture();
      for (let user = 0; user < 101; user += 1) fail(`user${user}`, `2001:db8:1:2::${user.toString(16)}`);
      assert.equal(limits.begin('another', '2001:db8:1:2:ffff::1').waitMs, 1000);
      assert.equal(limits.begin('another', '2001:db8:1:3::1').waitMs, 0);
    });

    for (const [address, network] of [
      ['192.0.2.1', '192.0.2.1'],
      ['::ffff:192.0.2.1', '192.0.2.1'],
      ['::FFFF:c000:201', '192.0.2.1'],
      ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
      ['2001:DB8:1:2::', '2001:db8:1:2'],
      ['2001:0db8::1', '2001:db8:0:0'],
      ['64:ff9b::192.0.2.1', '64:ff9b:0:0'],
      ['fe80::1%eth0', 'fe80:0:0:0'],
      ['::1', '0:0:0:0'],
      ['::', '0:0:0:0'],
      ['192.0.2.1:80', undefined],
      ['[::1]', undefined],
      ['example.org', undefined],
      ['', undefined],
      [undefined, undefined],
    ] as const) {
      QUnit.test(`S74 counts ${address} as ${network}`, (assert) => {
        assert.equal(networkOf(address), network);
      });
    }
  });

  QUnit.module('guesses', () => {
    QUnit.test('S75 slows whoever shows 10,000 bad tokens, after the first thousand', (assert) => {
      const { limits, clock } = fixture();
      const waits = Array.from({ length: 10_000 }, () => limits.guessed(thief));
      assert.equal(waits.filter((waitMs) => waitMs === 0).length, 1000);
      assert.deepEqual(waits.slice(1000, 1008), [1000, 2000, 4000, 8000, 16_000, 32_000, minute, minute]);
      assert.equal(limits.guessed(home), 0);
      assert.equal(limits.begin('ada', thief).waitMs, 0, 'signing in is another matter');
      clock.time += minute;
      assert.equal(limits.guessed(thief), 0, 'what is past is not held against it for long');
      clock.time += 15 * minute;
      assert.equal(limits.guessed(thief), 0);
    });

    QUnit.test(
      'S75 forgives a thousand in 15 minutes: a busy address is never slowed for old cookies',
      (assert) => {
        const { limits, clock } = fixture();
        for (let guess = 0; guess < 20_000; guess += 1) {
          clock.time += 900;
          assert.equal(limits.guessed(home), 0);
        }
        for (let guess = 0; guess < 5000; guess += 1) assert.equal(limits.guessed(undefined), 0);
      },
    );
  });

  QUnit.module('memory', () => {
    QUnit.test('is bounded for 100,000 accounts and as many hosts, and keeps owners', (assert) => {
      const { limits, fail, succeed } = fixture({ entries: 10_000 });
      succeed('ada', home);
      for (let user = 0; user < 100_000; user += 1) fail(`user${user}`, bot(user));
      assert.true(limits.size <= 10_000 + 10_000 + 1, `${limits.size}`);
      for (let failure = 0; failure < 20; failure += 1) fail('ada', thief);
      assert.true(fail('ada', thief) > 0);
      assert.equal(succeed('ada', home), 0);
      for (let guess = 0; guess < 20_000; guess += 1) limits.guessed(bot(guess));
      assert.true(limits.size <= 30_001);
    });

    QUnit.test(
      'is bounded for a million parties, and keeps the newest half of what it may keep',
      (assert) => {
        const parties = new Recent<number>(1000);
        let largest = 0;
        for (let party = 0; party < 1_000_000; party += 1) {
          parties.meet(`party ${party}`, party, start);
          largest = Math.max(largest, parties.size);
        }
        assert.equal(largest, 1000);
        const kept = Array.from({ length: 500 }, (_, back) => parties.get(`party ${999_999 - back}`));
        assert.deepEqual(
          kept,
          Array.from({ length: 500 }, (_, back) => 999_999 - back),
        );
        assert.equal(parties.get('party 998000'), undefined);
      },
    );

    QUnit.test('holds a party once, whenever it was met before', (assert) => {
      const parties = new Recent<number>(4);
      for (const party of [1, 2, 3, 1]) parties.meet(`${party}`, party, start);
      assert.equal(parties.size, 3);
      parties.forget('1');
      assert.deepEqual([parties.get('1'), parties.get('2'), parties.size], [undefined, 2, 2]);
    });

    QUnit.test('S74 counts a failure that comes after a flood of others', (assert) => {
      const { limits, fail } = fixture({ entries: 100 });
      const slow = Array.from({ length: 10 }, () => limits.begin('ada', thief));
      for (let user = 0; user < 200; user += 1) fail(`user${user}`, bot(user));
      for (const attempt of slow) attempt.fail();
      assert.equal(fail('ada', thief), 0);
      assert.equal(fail('ada', thief), 1000);
    });

    QUnit.test('forgets the oldest first, and nobody who fails right now', (assert) => {
      const { limits, fail } = fixture({ entries: 100 });
      for (let failure = 0; failure < 11; failure += 1) {
        fail('ada', bot(failure));
        for (let user = 0; user < 50; user += 1) fail(`user${user}`, bot(1000 + user));
      }
      for (let user = 0; user < 5; user += 1) limits.begin('ada', bot(2000 + user)).drop();
      assert.equal(limits.begin('ada', bot(3000)).waitMs, 1000);
      for (let user = 0; user < 100; user += 1) fail(`other${user}`, bot(4000 + user));
      assert.equal(limits.begin('ada', bot(3000)).waitMs, 0);
    });

    QUnit.test(
      'keeps nothing of those who sign in but the place, and in time nothing of those who failed',
      (assert) => {
        const { limits, fail, succeed, clock } = fixture();
        for (let user = 0; user < 100; user += 1) succeed(`user${user}`, bot(user));
        assert.equal(limits.size, 100);
        for (let user = 0; user < 100; user += 1) fail(`nobody${user}`, bot(user));
        assert.equal(limits.size, 300);
        clock.time += 30 * minute;
        fail('nobody', bot(1000));
        assert.equal(limits.size, 102);
      },
    );

    QUnit.test('S72 holds no name of an account', async (assert) => {
      const { limits, fail, succeed } = fixture();
      fail('a-name-to-look-for', thief);
      succeed('a-name-to-look-for', home);
      const { inspect } = await import('node:util');
      assert.false(inspect(limits, { depth: 10, showHidden: true }).includes('a-name-to-look-for'));
    });
  });

  QUnit.test('S74 says in whole seconds when to come back', (assert) => {
    const said = [1, 999, 1000, 1001, minute].map((waitMs) => retryAfter(waitMs)['retry-after']);
    assert.deepEqual(said, ['1', '1', '1', '2', '60']);
  });

  QUnit.test('refuses limits that cannot be', async (assert) => {
    for (const options of [
      { perAccount: 0 },
      { perAddress: 1.5 },
      { guesses: Number.POSITIVE_INFINITY },
      { firstPause: 0 },
      { firstPause: 2000, longestPause: 1000 },
      { longestPause: 15 * minute + 1 },
      { forgetAfter: minute - 1 },
      { forgetAfter: 24 * 60 * minute + 1 },
      { entries: 99 },
    ]) {
      assert.equal(
        await codeOf(() => createAttemptLimits(options)),
        'config/invalid',
        JSON.stringify(options),
      );
    }
    createAttemptLimits({ longestPause: 500, forgetAfter: 500 });
  });
});
