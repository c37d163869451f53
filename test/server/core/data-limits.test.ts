import fc from 'fast-check';
import QUnit from 'qunit';
import type { Json } from '../../../src/protocol/messages.js';
import { dataAdmission } from '../../../src/server/core/data-limits.js';
import { createSessions } from '../../../src/server/core/sessions.js';
import type { SessionsOptions } from '../../../src/server/core/sessions-options.js';
import { memoryStore } from '../../../src/server/stores/memory.js';
import { codeOf } from '../fixture.js';

type Data = { [key: string]: Json };

const sessionsWith = (options: Partial<SessionsOptions> = {}) =>
  createSessions<Data>({ store: memoryStore(), sweepInterval: 0, ...options });

/** JSON of exactly so many bytes: `{"a":"…"}`. */
const ofBytes = (bytes: number): Data => ({ a: 'x'.repeat(bytes - '{"a":""}'.length) });

/** So many objects within each other. */
function ofLevels(levels: number): Data {
  let value: Data = {};
  for (let level = 1; level < levels; level += 1) value = { a: value };
  return value;
}

const verdict = (limits: { dataLimit: number; dataDepth: number }, data: unknown, userData: unknown = {}) =>
  codeOf(async () => dataAdmission(limits)(data, userData));

function levelsOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(levelsOf));
}

QUnit.module('server/core/data-limits', () => {
  const default256K = 262_144;

  QUnit.test(
    'S79 refuses to create a session with more than 256 KiB of JSON, and writes nothing',
    async (assert) => {
      const sessions = sessionsWith();
      const noUserData = '{}'.length;
      await sessions.create(ofBytes(default256K - noUserData), { id: 'ada' });
      const error = await sessions
        .create(ofBytes(default256K - noUserData + 1), { id: 'ada', userData: {} })
        .catch((reason: unknown) => reason);
      const { code, status } = error as { code: string; status: number };
      assert.deepEqual([code, status], ['session/size', 413]);
      assert.equal(await sessions.count(), 1);
    },
  );

  QUnit.test('S79 counts data and user data together', async (assert) => {
    const sessions = sessionsWith({ dataLimit: 100 });
    const user = { id: 'ada', userData: ofBytes(50) };
    await sessions.create(ofBytes(50), user);
    assert.equal(await codeOf(() => sessions.create(ofBytes(51), user)), 'session/size');
    assert.equal(
      await codeOf(() => sessions.create(ofBytes(50), { id: 'ada', userData: ofBytes(51) })),
      'session/size',
    );
  });

  QUnit.test('S79 refuses a save of more, and leaves the session as it was', async (assert) => {
    const sessions = sessionsWith({ dataLimit: 100 });
    const session = await sessions.create({ small: 1 });
    session.data.large = 'x'.repeat(100);
    assert.equal(await codeOf(() => session.save()), 'session/size');
    const after = await sessions.get(session.id);
    assert.deepEqual([after.data, after.version], [{ small: 1 }, 1]);
    after.setUser({ id: 'ada', userData: 'x'.repeat(100) });
    assert.equal(await codeOf(() => after.save()), 'session/size');
    assert.equal((await sessions.get(session.id)).uid, null);
  });

  QUnit.test('S79 refuses a merge of two saves that is more, though each was not', async (assert) => {
    const sessions = sessionsWith({ dataLimit: 100 });
    const one = await sessions.create({});
    const other = await sessions.get(one.id);
    one.data.one = 'x'.repeat(60);
    other.data.other = 'x'.repeat(60);
    await one.save();
    assert.equal(await codeOf(() => other.save()), 'session/size');
    assert.deepEqual(Object.keys((await sessions.get(one.id)).data), ['one']);
  });

  QUnit.test('looks at the data at the moment it is written', async (assert) => {
    const sessions = sessionsWith({ dataLimit: 100 });
    const session = await sessions.create({});
    session.data.small = 1;
    let saving: Promise<string> | undefined;
    await sessions.exclusive.step(session.id, async () => {
      saving = codeOf(() => session.save());
      await Promise.resolve();
      session.data.large = 'x'.repeat(100);
    });
    assert.equal(await saving, 'session/size');
  });

  QUnit.test('counts bytes of UTF-8, as JSON escapes them', async (assert) => {
    for (const [text, bytes] of [
      ['é', 2],
      ['€', 3],
      ['😀', 4],
      ['"', 2],
      ['\u0001', 6],
      ['\ud800', 6],
    ] as const) {
      const all = 100 * bytes + 2 + 2;
      const name = JSON.stringify(text);
      assert.equal(await verdict({ dataLimit: all, dataDepth: 1 }, text.repeat(100)), 'no error', name);
      assert.equal(
        await verdict({ dataLimit: all - 1, dataDepth: 1 }, text.repeat(100)),
        'session/size',
        name,
      );
    }
  });

  QUnit.test(
    'S79 refuses more than 100 levels, in data and in user data, and lists count',
    async (assert) => {
      const sessions = sessionsWith();
      const session = await sessions.create(ofLevels(100), { id: 'ada', userData: ofLevels(100) });
      assert.equal(await codeOf(() => sessions.create(ofLevels(101))), 'session/size');
      session.userData = ofLevels(101);
      assert.equal(await codeOf(() => session.save()), 'session/size');
      const lists: Json[] = [];
      let inner = lists;
      for (let level = 1; level < 100; level += 1) {
        const next: Json[] = [];
        inner.push(next);
        inner = next;
      }
      session.userData = lists;
      await session.save();
      inner.push([]);
      assert.equal(await codeOf(() => session.save()), 'session/size');
    },
  );

  QUnit.test('takes as many levels as the option says, and saves and merges them', async (assert) => {
    const sessions = sessionsWith({ dataDepth: 1000 });
    const one = await sessions.create(ofLevels(999));
    const other = await sessions.get(one.id);
    one.data.one = 1;
    other.data.other = 2;
    await one.save();
    await other.save();
    assert.equal(levelsOf((await sessions.get(one.id)).data), 999);
    assert.equal(await codeOf(() => sessions.create(ofLevels(1001))), 'session/size');
  });

  QUnit.test('overflows no stack, however deep the data are', async (assert) => {
    const sessions = sessionsWith();
    const deep = ofLevels(1_000_000);
    assert.equal(await codeOf(() => sessions.create(deep)), 'session/size');
    const session = await sessions.create({});
    session.data = { a: { toJSON: () => deep } } as unknown as Data;
    assert.equal(await codeOf(() => session.save()), 'session/size', 'behind a toJSON');
    session.userData = deep;
    assert.equal(await codeOf(() => session.save()), 'session/size');
  });

  QUnit.test('throws a TypeError for a circle, a small one and one behind a class', async (assert) => {
    const circle: Data = {};
    circle.self = [{ circle }];
    class Node {
      readonly next = this;
    }
    for (const value of [circle, { node: new Node() }]) {
      assert.true((await verdict({ dataLimit: 1e6, dataDepth: 100 }, value)).includes('TypeError'));
    }
  });

  QUnit.test('ends at once where the same object is there a billion times', async (assert) => {
    let value: Json = 'x';
    for (let level = 0; level < 30; level += 1) value = [value, value];
    assert.equal(await verdict({ dataLimit: 262_144, dataDepth: 100 }, value), 'session/size');
    assert.equal(
      await verdict({ dataLimit: 262_144, dataDepth: 100 }, new Array(2 ** 32 - 1)),
      'session/size',
    );
  });

  QUnit.test('counts what JSON makes of a value with a mind of its own', async (assert) => {
    const limits = { dataLimit: 40, dataDepth: 2 };
    assert.equal(
      await verdict(limits, { at: new Date(0) }),
      'no error',
      '{"at":"1970-01-01T00:00:00.000Z"} and {}',
    );
    assert.equal(await verdict({ ...limits, dataLimit: 34 }, { at: new Date(0) }), 'session/size');
    assert.equal(await verdict(limits, { map: new Map([['x'.repeat(100), 1]]) }), 'no error', '{"map":{}}');
    assert.equal(await verdict(limits, { f: () => 1, u: undefined, s: Symbol('s') }), 'no error', '{}');
    assert.equal(await verdict(limits, [{ toJSON: () => 'x'.repeat(100) }]), 'session/size');
    assert.equal(
      await verdict(limits, [{ toJSON: () => ({ a: '"[{', b: ['}'] }) }]),
      'session/size',
      'three levels',
    );
    assert.equal(
      await verdict(limits, [{ toJSON: () => ({ a: '"[{\\', b: '}' }) }]),
      'no error',
      'two levels',
    );
    const list = Object.assign([], { toJSON: () => 'x'.repeat(100) });
    assert.equal(await verdict(limits, { list }), 'session/size');
    assert.true((await verdict(limits, { n: 1n })).includes('TypeError'));
  });

  QUnit.test('decides as JSON.stringify would, for anything', async (assert) => {
    const anything = fc.anything({
      withDate: true,
      withMap: true,
      withSparseArray: true,
      withNullPrototype: true,
      withUnicodeString: true,
      maxDepth: 5,
    } as fc.ObjectConstraints);
    fc.assert(
      fc.property(
        anything,
        fc.anything({ maxDepth: 2 }),
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 4 }),
        (data, userData, dataLimit, dataDepth) => {
          const texts = [JSON.stringify(data) ?? '', JSON.stringify(userData) ?? ''];
          const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
          const levels = Math.max(...texts.map((text) => (text === '' ? 0 : levelsOf(JSON.parse(text)))));
          let admitted = true;
          try {
            dataAdmission({ dataLimit, dataDepth })(data, userData);
          } catch {
            admitted = false;
          }
          return admitted === (bytes <= dataLimit && levels <= dataDepth);
        },
      ),
      { numRuns: 1000 },
    );
    assert.true(true);
  });

  QUnit.test('refuses limits that cannot be', async (assert) => {
    for (const dataLimit of [0, -1, 1.5, 2 ** 30 + 1, Number.POSITIVE_INFINITY]) {
      assert.equal(await codeOf(() => sessionsWith({ dataLimit })), 'config/invalid');
    }
    for (const dataDepth of [0, 1001, 0.5, Number.NaN]) {
      assert.equal(await codeOf(() => sessionsWith({ dataDepth })), 'config/invalid');
    }
  });
});
