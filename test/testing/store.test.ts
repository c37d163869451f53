import QUnit from 'qunit';
import { SessionError } from '../../src/protocol/errors.js';
import type { SessionRecord, SessionStore, StoreFeature } from '../../src/server/core/store.js';
import { memoryStore } from '../../src/server/stores/memory.js';
import { AssertionError, type StoreConformanceOptions, storeConformance } from '../../src/testing/store.js';
import { modelAgrees } from '../server/stores/model.js';

type Mutation = (good: SessionStore) => Partial<SessionStore>;

const mutant = (mutation: Mutation) => (): SessionStore => {
  const good = memoryStore();
  return { ...good, ...mutation(good) };
};

/** The names of the cases that a store fails. */
async function failures(makeStore: () => SessionStore, options?: StoreConformanceOptions): Promise<string[]> {
  const failed: string[] = [];
  for (const { name, run } of storeConformance(makeStore, options)) {
    await run().catch(() => failed.push(name));
  }
  return failed;
}

async function replace(store: SessionStore, record: SessionRecord): Promise<void> {
  await store.destroy(record.id, 'revoked', 0);
  await store.create(record);
}

/** Faults that real stores have, each with a case that has to see it. */
const mutants: readonly (readonly [fault: string, seenBy: RegExp, mutation: Mutation])[] = [
  [
    'loses updates',
    /ten simultaneous writers/,
    (good) => ({ update: (id, _expected, change, now) => good.update(id, undefined, change, now) }),
  ],
  [
    'compares the version a moment before it writes',
    /one of ten simultaneous updates/,
    (good) => ({
      async update(id, expected, change, now) {
        const record = await good.get(id);
        if (record !== undefined && expected !== undefined && record.version !== expected) {
          return { outcome: 'conflict', record };
        }
        return good.update(id, undefined, change, now);
      },
    }),
  ],
  [
    'revives by touch',
    /neither touches nor updates/,
    (good) => ({
      async touch(id, at, unless) {
        const record = await good.get(id);
        if (record === undefined || record.expiresAt > at) return good.touch(id, at, unless);
        await replace(good, { ...record, lastAccess: at, expiresAt: at + record.timeToLive });
        return 'touched';
      },
    }),
  ],
  [
    'revives by a get that touches',
    /reads an expired record as it was/,
    (good) => ({
      async get(id, at, unless) {
        const record = await good.get(id);
        if (record === undefined || at === undefined || record.expiresAt > at)
          return good.get(id, at, unless);
        await replace(good, { ...record, lastAccess: at, expiresAt: at + record.timeToLive });
        return good.get(id);
      },
    }),
  ],
  [
    'revives by update',
    /neither touches nor updates/,
    (good) => ({
      async update(id, expected, change, now) {
        const record = await good.get(id);
        if (record === undefined || record.expiresAt > now) return good.update(id, expected, change, now);
        const updated = { ...record, ...change, version: record.version + 1 };
        await replace(good, updated);
        return { outcome: 'updated', record: updated };
      },
    }),
  ],
  [
    'brings back by update what was destroyed',
    /brings nothing back/,
    (good) => {
      const last = new Map<string, SessionRecord>();
      return {
        async create(record) {
          last.set(record.id, record);
          return good.create(record);
        },
        async update(id, expected, change, now) {
          const record = last.get(id);
          if (record !== undefined && (await good.get(id)) === undefined) {
            await good.create({ ...record, ...change });
          }
          return good.update(id, expected, change, now);
        },
      };
    },
  ],
  [
    'shares what it keeps',
    /hands out nothing through which/,
    (good) => {
      const kept = new Map<string, SessionRecord | undefined>();
      return {
        async get(id, at, unless) {
          const record = structuredClone(await good.get(id, at, unless));
          const shared = kept.get(id);
          if (shared !== undefined && shared.lastAccess === record?.lastAccess) return shared;
          kept.set(id, record);
          return record;
        },
      };
    },
  ],
  [
    'keeps what it was given',
    /keeps no reference/,
    (good) => {
      const given = new Map<string, SessionRecord>();
      return {
        async create(record) {
          given.set(record.id, record);
          return good.create(record);
        },
        async get(id, at, unless) {
          const record = await good.get(id, at, unless);
          return record?.version === 1 ? { ...record, data: given.get(id)?.data ?? null } : record;
        },
      };
    },
  ],
  [
    'lets a session live one millisecond too long',
    /0 ms from its end/,
    (good) => ({
      get: (id, at, unless) => good.get(id, at === undefined ? at : at - 1, unless),
      touch: (id, at, unless) => good.touch(id, at - 1, unless),
    }),
  ],
  [
    'updates one millisecond too long',
    /0 ms from its end/,
    (good) => ({ update: (id, expected, change, now) => good.update(id, expected, change, now - 1) }),
  ],
  [
    'sweeps one millisecond too late',
    /up to the millisecond/,
    (good) => ({ sweep: (limit, now) => good.sweep(limit, now - 1) }),
  ],
  [
    'sweeps one millisecond too early',
    /up to the millisecond/,
    (good) => ({ sweep: (limit, now) => good.sweep(limit, now + 1) }),
  ],
  [
    'counts and lists one millisecond too long',
    /up to the last millisecond/,
    (good) => ({
      count: (now, uid) => good.count(now - 1, uid),
      list: (uid, now, limit, after) => good.list(uid, now - 1, limit, after),
    }),
  ],
  [
    'hands a destroyed record to two callers',
    /exactly one caller/,
    (good) => ({
      async destroy(id, reason, now) {
        const record = await good.get(id);
        await good.destroy(id, reason, now);
        return record;
      },
    }),
  ],
  [
    'creates over what is there',
    /creates a record once/,
    (good) => ({
      async create(record) {
        await replace(good, record);
        return true;
      },
    }),
  ],
  [
    'looks before it creates',
    /one of ten simultaneous creations/,
    (good) => ({
      async create(record) {
        if ((await good.get(record.id)) !== undefined) return false;
        await replace(good, record);
        return true;
      },
    }),
  ],
  [
    'sweeps the newest first',
    /the longest expired first/,
    (good) => ({
      async sweep(limit, now) {
        const due: SessionRecord[] = [];
        for await (const record of good.all()) if (record.expiresAt <= now) due.push(record);
        due.sort((one, other) => other.expiresAt - one.expiresAt);
        for (const { id } of due.slice(0, limit)) await good.destroy(id, 'idle', now);
        return Math.min(limit, due.length);
      },
    }),
  ],
  ['sweeps without a bound', /bounded batches/, (good) => ({ sweep: (_limit, now) => good.sweep(1e9, now) })],
  [
    'clears without a bound',
    /clears in batches/,
    (good) => ({ clear: (_limit, now) => good.clear(1e9, now) }),
  ],
  [
    'sweeps for the wrong reason',
    /idle or absolute/,
    (good) => ({
      async sweep(limit, now) {
        let ended = 0;
        for await (const { id, expiresAt } of good.all()) {
          if (expiresAt > now || ended === limit) continue;
          ended += 1;
          await good.destroy(id, 'idle', now);
        }
        return ended;
      },
    }),
  ],
  [
    'passes the absolute limit',
    /passes no absolute limit/,
    (good) => ({
      async get(id, at, unless) {
        const record = await good.get(id, at, unless);
        if (record === undefined || at === undefined || record.expiresAt < record.notAfter) return record;
        return { ...record, expiresAt: at + record.timeToLive };
      },
    }),
  ],
  [
    'counts a touch as a version',
    /without counting a version/,
    (good) => ({
      async get(id, at, unless) {
        const record = await good.get(id, at, unless);
        return record === undefined || at === undefined ? record : { ...record, version: record.version + 1 };
      },
    }),
  ],
  [
    'spares no touch',
    /follows the last too soon/,
    (good) => ({ touch: (id, at) => good.touch(id, at), get: (id, at) => good.get(id, at) }),
  ],
  [
    'turns keys into prototypes',
    /hostile keys/,
    (good) => ({
      async get(id, at, unless) {
        const record = await good.get(id, at, unless);
        if (record === undefined || Object(record.data) !== record.data || Array.isArray(record.data))
          return record;
        const data: Record<string, unknown> = {};
        for (const [key, value] of Object.entries(Object(record.data))) data[key] = value;
        return { ...record, data } as SessionRecord;
      },
    }),
  ],
  [
    'pages by numbers',
    /loses none from its pages/,
    (good) => ({
      async list(uid, now, limit, after = '0') {
        const { records } = await good.list(uid, now, 1e6);
        const next = Number(after) + limit;
        const more = next < records.length ? String(next) : undefined;
        return { records: records.slice(Number(after), next), next: more };
      },
    }),
  ],
  [
    'forgets who is gone from the list of a user',
    /belongs to now/,
    (good) => ({
      update: (id, expected, change, now) => good.update(id, expected, { ...change, uid: 'ada' }, now),
    }),
  ],
  ['queues nothing', /queues the record/, () => ({ ended: memoryStore().ended })],
  [
    'gives an end to two claimants',
    /one claimant at a time/,
    (good) => ({
      ended: {
        keeps: good.ended.keeps,
        claim: (owner, limit, _lease, now) => good.ended.claim(owner, limit, 0, now),
        ack: (owner, entries) => good.ended.ack(owner, entries),
        since: (cursor, limit) => good.ended.since(cursor, limit),
      },
    }),
  ],
  [
    'lets anybody acknowledge',
    /nobody acknowledge what somebody else holds/,
    (good) => ({
      ended: {
        keeps: good.ended.keeps,
        claim: (_owner, limit, lease, now) => good.ended.claim('all', limit, lease, now),
        ack: (_owner, entries) => good.ended.ack('all', entries),
        since: (cursor, limit) => good.ended.since(cursor, limit),
      },
    }),
  ],
  [
    'never gives an end again',
    /gives an end away again/,
    (good) => ({
      ended: {
        keeps: good.ended.keeps,
        claim: (owner, limit, _lease, now) => good.ended.claim(owner, limit, 1e12, now),
        ack: (owner, entries) => good.ended.ack(owner, entries),
        since: (cursor, limit) => good.ended.since(cursor, limit),
      },
    }),
  ],
  [
    'forgets to acknowledge',
    /forgets what its claimant acknowledged/,
    (good) => ({
      ended: {
        keeps: good.ended.keeps,
        claim: (owner, limit, lease, now) => good.ended.claim(owner, limit, lease, now),
        ack: async () => undefined,
        since: (cursor, limit) => good.ended.since(cursor, limit),
      },
    }),
  ],
  [
    'tells one follower only',
    /every follower/,
    (good) => {
      let told = 0;
      return {
        ended: {
          keeps: good.ended.keeps,
          claim: (owner, limit, lease, now) => good.ended.claim(owner, limit, lease, now),
          ack: (owner, entries) => good.ended.ack(owner, entries),
          async since(cursor, limit) {
            const news = await good.ended.since(cursor, limit);
            const fresh = news.ended.filter(({ entry }) => Number(entry) >= told);
            told = Math.max(told, ...fresh.map(({ entry }) => Number(entry) + 1));
            return { ...news, ended: fresh };
          },
        },
      };
    },
  ],
  ['declares what it can do', /declares what it cannot do/, () => ({ cannot: ['list'] })],
];

const refuse = () => Promise.reject(new SessionError('store/unsupported'));

/** A store that can only do what V's three methods can. */
const degraded: Mutation = () => ({
  cannot: ['list', 'count', 'all', 'clear', 'sweep', 'ended'],
  list: refuse,
  count: refuse,
  clear: refuse,
  sweep: refuse,
  // biome-ignore lint/correctness/useYield: it refuses to.
  async *all() {
    await refuse();
  },
  ended: { keeps: 1000, claim: refuse, ack: refuse, since: refuse },
});
const exceptions: readonly StoreFeature[] = ['list', 'count', 'all', 'clear', 'sweep', 'ended'];

QUnit.module('testing/store', () => {
  QUnit.test('finds nothing wrong with a good store', async (assert) => {
    assert.deepEqual(await failures(() => memoryStore()), []);
  });

  for (const [fault, seenBy, mutation] of mutants) {
    QUnit.test(`sees a store that ${fault}`, async (assert) => {
      const failed = await failures(mutant(mutation));
      assert.true(
        failed.some((name) => seenBy.test(name)),
        failed.join('; ') || 'it passed',
      );
    });
  }

  QUnit.test('throws errors of its own that say what was and what should have been', async (assert) => {
    const [lost] = mutants;
    const cases = storeConformance(mutant(lost?.[2] ?? (() => ({}))));
    const failed = await Promise.allSettled(cases.map(({ run }) => run()));
    const reasons = failed.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
    assert.true(reasons.length > 0);
    assert.true(
      reasons.every((reason) => reason instanceof AssertionError && /expected: /.test(reason.message)),
    );
  });

  QUnit.module('exceptions', () => {
    QUnit.test('accepts what is declared and really refused', async (assert) => {
      assert.deepEqual(await failures(mutant(degraded), { exceptions }), []);
    });

    QUnit.test('names what is missing when nothing is declared', async (assert) => {
      const failed = await failures(mutant(degraded));
      assert.true(failed.includes('declares what it cannot do'));
      assert.true(failed.length > 20);
    });

    for (const feature of exceptions) {
      QUnit.test(`does not accept ${feature} as an exception when the store can do it`, async (assert) => {
        const failed = await failures(
          mutant(() => ({ cannot: [feature] })),
          { exceptions: [feature] },
        );
        assert.deepEqual(failed, [`refuses what it cannot do: ${feature}`]);
      });
    }
  });

  QUnit.test('closes every store it made or opened', async (assert) => {
    let open = 0;
    const make = (): SessionStore => {
      open += 1;
      const store = memoryStore();
      return {
        ...store,
        async close() {
          open -= 1;
          await store.close();
        },
      };
    };
    const cases = storeConformance(make, {
      peer: make,
      async reopen(store) {
        await store.close();
        return make();
      },
    });
    await Promise.allSettled(cases.map(({ run }) => run()));
    assert.equal(open, 0);
  });

  QUnit.module('the model', () => {
    for (const fault of [
      'loses updates',
      'revives by touch',
      'revives by update',
      'updates one millisecond too long',
    ]) {
      QUnit.test(`sees a store that ${fault}`, async (assert) => {
        const [, , mutation] = mutants.find(([name]) => name === fault) ?? [];
        if (mutation === undefined) throw new Error(fault);
        const verdict = await modelAgrees(mutant(mutation)).then(
          () => 'agrees',
          (error: Error) => error.message,
        );
        assert.true(/MODEL_SEED=\d+/.test(verdict), verdict);
      });
    }
  });
});
