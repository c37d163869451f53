import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import QUnit from 'qunit';
import { createSessions } from '../../src/server/core/sessions.js';
import type { SessionsOptions } from '../../src/server/core/sessions-options.js';
import { signedIds } from '../../src/server/core/signed-ids.js';
import type { SessionStore } from '../../src/server/core/store.js';
import { createTokens, type TokensOptions } from '../../src/server/core/tokens.js';
import { type DiagnosisOptions, diagnose, type Finding } from '../../src/server/doctor.js';
import { type CookieOptions, cookieCarrier } from '../../src/server/http/carriers/cookie.js';
import { createSessionServer } from '../../src/server/session-server.js';
import { memoryStore } from '../../src/server/stores/memory.js';
import { root } from '../support/repository.js';
import { handTimers } from './core/hand-timers.js';
import { codeOf, testClock } from './fixture.js';

/** A store for production, but for what is said. */
const storeWith = (own: Partial<SessionStore> = {}): SessionStore => ({
  ...memoryStore(),
  volatile: false,
  ...own,
});

const random = (name: string) => createHash('sha256').update(name).digest('hex');
const tokens: TokensOptions = {
  keys: [{ alg: 'HS256', secret: random('key') }],
  issuer: 'https://app.example',
  audience: 'https://app.example',
};
/** A configuration that nothing can be said against. */
const good = (production: boolean): DiagnosisOptions => ({
  sessions: { store: storeWith() },
  tokens,
  server: { proxies: 1, origins: ['https://app.example'] },
  cookie: {},
  production,
});

const codes = (findings: readonly Finding[]) => findings.map(({ code, severity }) => `${severity} ${code}`);
const ofCookie = async (cookie: CookieOptions, production = false) =>
  codes(await diagnose({ cookie, production }));
const ofSessions = async (sessions: Partial<SessionsOptions>, production = false) =>
  codes(await diagnose({ sessions: { store: storeWith(), ...sessions }, production }));

QUnit.module('server/doctor', () => {
  for (const production of [true, false]) {
    QUnit.test(`finds nothing wrong with a good configuration, production: ${production}`, async (assert) => {
      assert.deepEqual(await diagnose(good(production)), []);
    });
  }

  QUnit.test('looks at nothing that it was not given', async (assert) => {
    assert.deepEqual(await diagnose({ production: true }), []);
  });

  QUnit.test('takes the word of NODE_ENV for what is production', async (assert) => {
    const before = process.env.NODE_ENV;
    const cookie = { secure: false };
    try {
      process.env.NODE_ENV = 'production';
      assert.deepEqual(codes(await diagnose({ cookie })), ['error insecure-cookie']);
      process.env.NODE_ENV = 'development';
      assert.deepEqual(await diagnose({ cookie }), []);
    } finally {
      if (before === undefined) delete process.env.NODE_ENV;
      else process.env.NODE_ENV = before;
    }
  });

  QUnit.module('cookie', () => {
    const contradictions: readonly (readonly [CookieOptions, readonly string[]])[] = [
      [{ name: '__Host-id', domain: 'app.example' }, ['cookie-prefix']],
      [{ name: '__host-id', path: '/app' }, ['cookie-prefix']],
      [{ name: '__Secure-id', secure: false }, ['cookie-prefix']],
      [{ name: '__Http-id', httpOnly: false }, ['cookie-prefix']],
      [{ name: '__Host-Http-id', httpOnly: false }, ['cookie-prefix']],
      [{ sameSite: 'none', secure: false }, ['same-site-none']],
      [{ partitioned: true, secure: false }, ['same-site-none']],
      [
        { name: '__Host-id', secure: false, path: '/a', domain: 'a.example', sameSite: 'none' },
        ['cookie-prefix', 'cookie-prefix', 'cookie-prefix', 'same-site-none'],
      ],
      [{ name: 'a b' }, ['invalid-option']],
    ];
    for (const [options, expected] of contradictions) {
      QUnit.test(`S30 S31 explains ${JSON.stringify(options)}, which is refused too`, async (assert) => {
        assert.equal(await codeOf(() => cookieCarrier(options)), 'config/invalid');
        const errors = (await ofCookie(options)).filter((code) => code.startsWith('error'));
        assert.deepEqual(
          errors,
          expected.map((code) => `error ${code}`),
        );
      });
    }

    const harmless: readonly CookieOptions[] = [
      {},
      { name: '__Host-id' },
      { name: '__Secure-id', path: '/app' },
      { name: 'sid', sameSite: 'none', partitioned: true },
    ];
    for (const options of harmless) {
      QUnit.test(`finds nothing wrong with ${JSON.stringify(options)}`, async (assert) => {
        cookieCarrier(options);
        assert.deepEqual(await ofCookie(options, true), []);
      });
    }

    QUnit.test('S29 warns of a cookie that is not Secure in production only', async (assert) => {
      assert.deepEqual(await ofCookie({ secure: false }, true), ['error insecure-cookie']);
      assert.deepEqual(await ofCookie({ secure: false }), []);
    });

    QUnit.test('S29 warns of a cookie that scripts or other hosts can reach', async (assert) => {
      assert.deepEqual(await ofCookie({ httpOnly: false, domain: 'app.example' }), [
        'warning readable-cookie',
        'warning shared-cookie',
      ]);
    });

    QUnit.test('looks at the cookie of the server', async (assert) => {
      const findings = await diagnose({ server: { cookie: { name: '__Host-id', path: '/a' } } });
      assert.deepEqual(codes(findings), ['error cookie-prefix'], 'once');
    });
  });

  QUnit.module('secrets', () => {
    const ofKeys = async (...secrets: (string | Uint8Array)[]) =>
      codes(
        await diagnose({ tokens: { ...tokens, keys: secrets.map((secret) => ({ alg: 'HS256', secret })) } }),
      );

    QUnit.test('S57 finds a short secret of tokens, which is refused too', async (assert) => {
      assert.deepEqual(await ofKeys(random('a').slice(0, 31)), ['error short-secret']);
    });

    QUnit.test('finds a secret that can be guessed, which nothing refuses', async (assert) => {
      createTokens({ ...tokens, keys: [{ alg: 'HS256', secret: 'x'.repeat(32) }] });
      assert.deepEqual(await ofKeys('x'.repeat(32)), ['error weak-secret']);
    });

    QUnit.test('judges every key, and says nothing twice of one', async (assert) => {
      const found = await ofKeys(random('a'), 'changeme', 'changeme'.repeat(4));
      assert.deepEqual(found, ['error short-secret', 'error weak-secret']);
    });

    QUnit.test('finds the other faults of tokens beside a short secret', async (assert) => {
      const options = { keys: [{ alg: 'HS256', secret: 'short' }], issuer: '', audience: 'a' } as const;
      assert.deepEqual(codes(await diagnose({ tokens: options })), [
        'error short-secret',
        'error invalid-option',
      ]);
    });

    QUnit.test('warns of a short secret of ids, since V signs with nine bytes', async (assert) => {
      assert.deepEqual(await ofSessions({ ids: signedIds, secrets: ['my-secret'] }), [
        'warning short-secret',
      ]);
    });

    QUnit.test('warns of a short secret of a companion cookie', async (assert) => {
      assert.deepEqual(await ofCookie({ companion: ['short'] }), ['warning short-secret']);
    });
  });

  QUnit.module('proxies', () => {
    const ask = async (proxies: number, headers?: { [name: string]: string }, own: DiagnosisOptions = {}) =>
      codes(
        await diagnose({
          server: { proxies },
          production: true,
          ...(headers && { request: { secure: false, header: (name: string) => headers[name] } }),
          ...own,
        }),
      );

    QUnit.test('S41 warns in production that nobody ends https', async (assert) => {
      assert.deepEqual(await ask(0), ['warning proxy-missing']);
      assert.deepEqual(await ask(1), []);
      assert.deepEqual(await ask(0, undefined, { https: true }), []);
      assert.deepEqual(await ask(0, undefined, { production: false }), []);
    });

    for (const header of ['x-forwarded-for', 'x-forwarded-proto', 'forwarded']) {
      QUnit.test(`S41 sees by ${header} that there is a proxy nobody believes`, async (assert) => {
        assert.deepEqual(await ask(0, { [header]: 'for=192.0.2.1' }), ['warning proxy-unbelieved']);
      });
    }

    QUnit.test('S41 finds nothing in a request that came directly', async (assert) => {
      assert.deepEqual(await ask(0, {}), []);
    });

    QUnit.test('S41 finds fewer proxies than were promised, and one that is silent', async (assert) => {
      const one = { 'x-forwarded-for': '192.0.2.1', 'x-forwarded-proto': 'https' };
      assert.deepEqual(await ask(1, one), []);
      assert.deepEqual(await ask(2, one), ['warning proxy-too-many']);
      assert.deepEqual(await ask(1, { 'x-forwarded-for': '192.0.2.1' }), ['warning proxy-silent']);
      assert.deepEqual(await ask(1, {}), ['warning proxy-too-many', 'warning proxy-silent']);
    });

    QUnit.test(
      'warns in production of pages that are not encrypted, but for this machine',
      async (assert) => {
        const origins = ['http://localhost:8080', 'http://127.0.0.1', 'http://[::1]:1', 'https://a.example'];
        const told = async (list: readonly string[]) =>
          codes(await diagnose({ server: { origins: list, proxies: 1 }, production: true }));
        assert.deepEqual(await told(origins), []);
        assert.deepEqual(await told(['http://a.example']), ['warning insecure-origin']);
        assert.deepEqual(await told(['http://localhost.example']), ['warning insecure-origin']);
      },
    );
  });

  QUnit.module('store', () => {
    QUnit.test('warns of a store in memory in production only', async (assert) => {
      const store = storeWith({ volatile: true });
      assert.deepEqual(await ofSessions({ store }, true), ['warning memory-store']);
      assert.deepEqual(await ofSessions({ store: memoryStore() }, true), ['warning memory-store']);
      assert.deepEqual(await ofSessions({ store }), []);
    });

    QUnit.test('warns of a store for one process in production only', async (assert) => {
      const store = storeWith({ cannot: ['atomic'] });
      assert.deepEqual(await ofSessions({ store }, true), ['warning shared-store']);
      assert.deepEqual(await ofSessions({ store }), []);
    });

    QUnit.test('S76 says that the store does not answer, and not why', async (assert) => {
      const hidden = 'redis://user:hunter2@host';
      const findings = await diagnose({
        sessions: { store: storeWith({ get: () => Promise.reject(new Error(hidden)) }) },
      });
      assert.deepEqual(codes(findings), ['error store-unavailable']);
      assert.false(JSON.stringify(findings).includes('hunter2'));
    });

    QUnit.test('S76 waits for the store no longer than its deadline', async (assert) => {
      const { timers, fire } = handTimers();
      const store = storeWith({ get: () => new Promise(() => {}) });
      const findings = diagnose({ sessions: { store, timers, storeDeadline: 700 } });
      await new Promise((resolve) => setImmediate(resolve));
      fire();
      assert.deepEqual(codes(await findings), ['error store-unavailable']);
    });

    for (const [off, expected] of [
      [0, []],
      [1000, []],
      [-1000, []],
      [1001, ['warning clock-skew']],
      [-1001, ['warning clock-skew']],
      [Number.NaN, ['warning clock-skew']],
    ] as const) {
      QUnit.test(`compares the clocks: ${off} ms apart`, async (assert) => {
        const { now } = testClock();
        const store = storeWith({ clock: async () => now() + off });
        assert.deepEqual(await ofSessions({ store, now }), [...expected]);
      });
    }

    for (const [what, before, after] of [
      ['before', 0, 4000],
      ['after', 4000, 0],
    ] as const) {
      QUnit.test(`takes no slow answer for a wrong clock: slow ${what} it looked`, async (assert) => {
        const clock = testClock();
        const store = storeWith({
          async clock() {
            clock.time += before;
            const its = clock.time;
            clock.time += after;
            return its;
          },
        });
        assert.deepEqual(await ofSessions({ store, now: clock.now }), []);
      });
    }

    QUnit.test('says that a clock that cannot be asked is a store that does not answer', async (assert) => {
      const store = storeWith({ clock: () => Promise.reject(new Error('down')) });
      assert.deepEqual(await ofSessions({ store }), ['error store-unavailable']);
    });

    QUnit.test('calls the clock as a method of its store', async (assert) => {
      class Clocked {
        readonly present = 0;
        async clock() {
          return this.present;
        }
      }
      const store = Object.assign(new Clocked(), memoryStore());
      assert.deepEqual(await ofSessions({ store, now: () => 500 }), []);
    });

    QUnit.test('leaves no session behind, and starts no timer', async (assert) => {
      const { timers, waiting } = handTimers();
      const store = memoryStore();
      await diagnose({ sessions: { store, timers } });
      assert.equal(await store.count(0), 0);
      assert.equal(waiting.size, 0);
    });
  });

  QUnit.module('lifetimes', () => {
    for (const [what, options, expected] of [
      ['a week from the creation', {}, []],
      ['idle alone', { ttlType: 'lastAccess' }, ['warning endless-session']],
      ['the last save alone', { ttlType: 'lastUpdate' }, ['warning endless-session']],
      ['no end at all', { timeToLive: 0 }, ['warning endless-session']],
      ['idle with an end', { ttlType: 'lastAccess', absoluteTimeToLive: 1000 }, []],
      ['an absolute end alone', { timeToLive: 0, absoluteTimeToLive: 1000 }, []],
    ] as const) {
      QUnit.test(`S15 judges ${what}`, async (assert) => {
        assert.deepEqual(await ofSessions(options), [...expected]);
      });
    }
  });

  QUnit.module('what the constructors refuse', () => {
    const refused: readonly (readonly [string, DiagnosisOptions, () => unknown])[] = [
      [
        'sessions',
        { sessions: { store: memoryStore(), timeToLive: -1 } },
        () => createSessions({ store: memoryStore(), timeToLive: -1 }),
      ],
      ['tokens', { tokens: { ...tokens, leeway: 1e9 } }, () => createTokens({ ...tokens, leeway: 1e9 })],
      ['keys', { tokens: { ...tokens, keys: [] } }, () => createTokens({ ...tokens, keys: [] })],
      [
        'server',
        { server: { url: 'session' } },
        () =>
          createSessionServer({
            sessions: createSessions({ store: memoryStore(), sweepInterval: 0 }),
            authenticate: () => null,
            url: 'session',
          }),
      ],
      [
        'origins',
        { server: { origins: ['*'] } },
        () =>
          createSessionServer({
            sessions: createSessions({ store: memoryStore(), sweepInterval: 0 }),
            authenticate: () => null,
            origins: ['*'],
          }),
      ],
    ];
    for (const [what, options, construct] of refused) {
      QUnit.test(`is a finding with the same sentence: ${what}`, async (assert) => {
        let message = '';
        try {
          construct();
        } catch (error) {
          message = (error as Error).message;
        }
        assert.notEqual(message, '');
        const findings = await diagnose({ ...options, production: false });
        assert.deepEqual(findings, [{ code: 'invalid-option', severity: 'error', sentence: message }]);
      });
    }

    QUnit.test('knows what the store cannot do that the server needs', async (assert) => {
      const store = storeWith({ cannot: ['list'] });
      const findings = await diagnose({ sessions: { store }, server: { listUrl: '/mine' } });
      assert.deepEqual(codes(findings), ['error invalid-option']);
      assert.true(findings[0]?.sentence.includes('listUrl'));
    });

    QUnit.test('takes the parts of the server for what they are', async (assert) => {
      const sessions = createSessions({ store: memoryStore(), sweepInterval: 0 });
      const server = { sessions, authenticate: () => null, tokens: createTokens(tokens), proxies: 1 };
      assert.deepEqual(await diagnose({ server, production: true }), []);
    });

    QUnit.test('rejects for nothing that is no option at all', async (assert) => {
      for (const nonsense of [null, 1, 'text', [], { keys: [null] }, { store: 5 }, { name: 5 }]) {
        const options = { sessions: nonsense, tokens: nonsense, cookie: nonsense, server: nonsense };
        for (const [name, value] of Object.entries(options)) {
          const findings = await diagnose({ [name]: value } as unknown as DiagnosisOptions);
          assert.true(Array.isArray(findings), `${name}: ${JSON.stringify(value)}`);
        }
      }
    });
  });

  QUnit.test('S72 shows no value of an option in any sentence', async (assert) => {
    const hidden = 'hunter2';
    const findings = await diagnose({
      sessions: { store: memoryStore(), ids: signedIds, secrets: [hidden], ttlType: hidden as 'created' },
      tokens: { keys: [{ alg: 'HS256', secret: hidden, kid: ` ${hidden}` }], issuer: hidden, audience: '' },
      server: { origins: [`http://${hidden}/x`], url: hidden, proxies: 99 },
      cookie: { name: `__Host-${hidden}`, domain: `${hidden}.example`, path: `/${hidden};`, secure: false },
      production: true,
    });
    assert.true(findings.length >= 9, codes(findings).join());
    assert.false(JSON.stringify(findings).includes(hidden));
    for (const { sentence } of findings) assert.true(/^[A-Z].*\.$/s.test(sentence), sentence);
  });

  QUnit.test('is told in docs/operations.md code by code', (assert) => {
    const source = readFileSync(join(root, 'src/server/doctor/finding.ts'), 'utf8');
    const [, union = ''] = /type FindingCode =(.*?);/s.exec(source) ?? [];
    const known = [...union.matchAll(/'([a-z-]+)'/g)].map(([, code = '']) => code);
    const page = readFileSync(join(root, 'docs/operations.md'), 'utf8');
    const section = page.split(/^## The doctor$/m)[1]?.split(/^## /m)[0] ?? '';
    const told = [...section.matchAll(/^\| `([a-z-]+)` \| (?:error|warning) \|/gm)].map(
      ([, code = '']) => code,
    );
    assert.true(known.length >= 18);
    assert.deepEqual(told, known);
  });
});
