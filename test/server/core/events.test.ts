import QUnit from 'qunit';
import { handleOf, jsonLines, type SessionEvent } from '../../../src/server/core/events.js';
import { createSessions } from '../../../src/server/core/sessions.js';
import type { SessionsOptions } from '../../../src/server/core/sessions-options.js';
import { foxx } from '../../../src/server/presets.js';
import { memoryStore } from '../../../src/server/stores/memory.js';
import { start, testClock } from '../fixture.js';

function fixture(options: Partial<SessionsOptions> = {}) {
  const clock = testClock();
  const events: SessionEvent[] = [];
  const failures: unknown[] = [];
  const all: SessionsOptions = {
    store: memoryStore(),
    sweepInterval: 0,
    now: clock.now,
    onEvent: (event) => events.push(event),
    onError: (error) => failures.push(error),
    ...options,
  };
  return { clock, events, failures, sessions: createSessions(all), other: createSessions(all) };
}

const said = (events: readonly SessionEvent[]) =>
  events.map(({ type, uid, reason, from }) =>
    [type, uid, reason ?? from].filter((fact) => fact !== undefined),
  );

QUnit.module('server/core/events', () => {
  QUnit.test('S71 tells of a session that begins, changes hands and ends', async (assert) => {
    const { sessions, clock, events } = fixture();
    const session = await sessions.create({});
    clock.time += 1;
    session.setUser({ id: 'ada' });
    await session.save();
    clock.time += 1;
    await session.save();
    await session.delete();
    const handle = handleOf(session.id);
    assert.deepEqual(events, [
      { at: start, type: 'created', session: handle, uid: null },
      { at: start + 1, type: 'elevated', session: handle, uid: 'ada', from: null },
      { at: start + 2, type: 'ended', session: handle, uid: 'ada', reason: 'signed-out' },
    ]);
  });

  QUnit.test('S71 tells of each way to end, with its reason', async (assert) => {
    const { sessions, clock, events } = fixture({
      timeToLive: 1000,
      ttlType: 'lastAccess',
      onExpiredRead: 'purge',
    });
    const create = (id: string, own = {}) => sessions.create({}, { id }, own);
    await sessions.destroy((await create('reused')).id, 'reuse');
    await create('revoked');
    await sessions.destroyByUser('revoked');
    const read = await create('read');
    clock.time += 1000;
    await sessions.find(read.id);
    await create('idle');
    clock.time += 500;
    await create('capped', { absoluteTimeToLive: 500 });
    clock.time += 500;
    await sessions.prune();
    await create('cleared');
    await sessions.clear();
    const ends = said(events.filter(({ type }) => type === 'ended')).map(
      ([, uid, reason]) => `${uid} ${reason}`,
    );
    assert.deepEqual(ends.slice(0, 3), ['reused reuse', 'revoked revoked', 'read idle']);
    assert.deepEqual(ends.slice(3, 5).sort(), ['capped absolute', 'idle idle']);
    assert.deepEqual(ends.slice(5), ['cleared cleared']);
  });

  QUnit.test('S71 tells of each end once, among the processes that share the store', async (assert) => {
    const { sessions, other, clock, events } = fixture({ timeToLive: 1000 });
    const created = await Promise.all(Array.from({ length: 200 }, () => sessions.create()));
    await Promise.all(created.slice(0, 100).flatMap(({ id }) => [sessions.destroy(id), other.destroy(id)]));
    clock.time += 1000;
    await Promise.all([sessions.prune(), other.prune()]);
    const ended = events.filter(({ type }) => type === 'ended').map(({ session }) => session);
    assert.equal(ended.length, 200);
    assert.equal(new Set(ended).size, 200);
  });

  QUnit.test('tells when the session ended, also where another process tells of it', async (assert) => {
    const store = memoryStore();
    const { events, sessions, clock } = fixture({ store });
    const silent = createSessions({ store, sweepInterval: 0, now: clock.now });
    await silent.destroy((await sessions.create()).id);
    clock.time += 60_000;
    await sessions.prune();
    assert.deepEqual(
      events.map(({ type, at }) => [type, at]),
      [
        ['created', start],
        ['ended', start],
      ],
    );
  });

  QUnit.test('tells of the ends it brings about, where the store has no queue of them', async (assert) => {
    const { sessions, other, events } = fixture({ store: { ...memoryStore(), cannot: ['ended'] } });
    const { id } = await sessions.create({}, { id: 'ada' });
    await Promise.all([sessions.destroy(id), other.destroy(id)]);
    await sessions.create({}, { id: 'bob' });
    await other.destroyByUser('bob');
    assert.deepEqual(said(events), [
      ['created', 'ada'],
      ['ended', 'ada', 'signed-out'],
      ['created', 'bob'],
      ['ended', 'bob', 'revoked'],
    ]);
  });

  QUnit.test('tells of a change of user once, when two saves make it', async (assert) => {
    const { sessions, other, events } = fixture();
    const one = await sessions.create();
    const two = await other.get(one.id);
    for (const session of [one, two]) await session.setUser({ id: 'ada' }).save();
    two.setUser();
    await two.save();
    assert.deepEqual(said(events.slice(1)), [
      ['elevated', 'ada', null],
      ['elevated', null, 'ada'],
    ]);
  });

  QUnit.test('tells of nothing that did not happen', async (assert) => {
    const { sessions, events } = fixture({ store: { ...memoryStore(), create: async () => false } });
    await sessions.create().catch(() => undefined);
    await sessions.destroy('unknown');
    assert.deepEqual(events, []);
  });

  QUnit.test('a listener that throws or rejects is reported, and harms nobody', async (assert) => {
    const thrown = [new Error('one'), new Error('two')];
    const { sessions, failures } = fixture({
      onEvent: ({ type }) => {
        if (type === 'created') throw thrown[0];
        return Promise.reject(thrown[1]) as unknown as undefined;
      },
    });
    const session = await sessions.create();
    assert.true(await session.delete());
    await Promise.resolve();
    assert.deepEqual(failures, thrown);

    const deaf = fixture({
      onEvent: () => {
        throw thrown[0];
      },
      onError: () => {
        throw thrown[1];
      },
    });
    assert.true(await (await deaf.sessions.create()).delete());
  });

  QUnit.test('costs the store nothing where nobody listens', async (assert) => {
    const store = memoryStore();
    let claims = 0;
    const claim: typeof store.ended.claim = async () => {
      claims += 1;
      return [];
    };
    const ended = {
      keeps: 1000,
      claim,
      ack: async () => undefined,
      since: store.ended.since.bind(store.ended),
    };
    const silent = createSessions({ store: { ...store, ended }, sweepInterval: 0 });
    silent.report({
      type: 'refused',
      get id(): string {
        throw new Error('looked at');
      },
    });
    await (await silent.create()).delete();
    assert.equal(claims, 0);
  });

  QUnit.module('report', () => {
    QUnit.test('lets a door tell of what happens there', (assert) => {
      const { sessions, events } = fixture();
      sessions.report({ type: 'renewed', id: 'new', oldId: 'old', uid: 'ada', carrier: 'cookie' });
      sessions.report({
        type: 'limited',
        address: '192.0.2.1',
        waitMs: 2000,
        id: undefined,
        code: 'request/rate',
      });
      assert.deepEqual(events, [
        {
          at: start,
          type: 'renewed',
          session: handleOf('new'),
          was: handleOf('old'),
          uid: 'ada',
          carrier: 'cookie',
        },
        { at: start, type: 'limited', address: '192.0.2.1', waitMs: 2000, code: 'request/rate' },
      ]);
    });

    QUnit.test(
      'S72 shows a session by sixteen characters of a digest, even where its id is a secret',
      async (assert) => {
        const { sessions, events } = fixture({ ...foxx });
        const { id } = await sessions.create(
          { secret: 'in the data' },
          { id: 'ada', userData: { card: 'in the user' } },
        );
        await sessions.delete(id);
        assert.equal(events.length, 2);
        for (const { session } of events) assert.true(/^[\w-]{16}$/.test(session ?? ''));
        const text = JSON.stringify(events);
        for (const secret of [id, id.slice(0, 6), 'in the']) assert.false(text.includes(secret));
        assert.equal(
          handleOf('abc'),
          'ungWv48Bz-pBQUDe',
          'SHA-256 of abc: ba7816bf 8f01cfea 414140de (FIPS 180-4)',
        );
      },
    );

    QUnit.test('S72 keeps out what is no fact of an event', (assert) => {
      const { sessions, events } = fixture();
      const notice = { type: 'refused', token: 'a.b.c', password: 'x' } as const;
      sessions.report(notice);
      assert.deepEqual(events, [{ at: start, type: 'refused' }]);
    });

    QUnit.test('S73 cuts texts from outside, and lets none of them break a line', async (assert) => {
      const { sessions, events } = fixture();
      const agent = `curl\r\n2026-01-01 created uid=root\u001b[2J\u0085\u2028\u202e\ud800\u{e0001}`;
      sessions.report({ type: 'refused', agent, address: 'x\n', carrier: 'y\0' });
      await sessions.create({}, { id: `ada\n${'x'.repeat(252)}` });
      sessions.report({ type: 'elevated', uid: 'é😀', from: 'z'.repeat(1000) });
      assert.equal(
        events[0]?.agent,
        'curl\\u{d}\\u{a}2026-01-01 created uid=root\\u{1b}[2J\\u{85}\\u{2028}\\u{202e}\\u{d800}\\u{e0001}',
      );
      assert.deepEqual([events[0]?.address, events[0]?.carrier], ['x\\u{a}', 'y\\u{0}']);
      assert.equal(events[1]?.uid, `ada\\u{a}${'x'.repeat(252)}`);
      assert.deepEqual([events[2]?.uid, events[2]?.from?.length], ['é😀', 256]);
    });
  });

  QUnit.test('S73 jsonLines writes one line for each event, its time in UTC', async (assert) => {
    const lines: string[] = [];
    const { sessions } = fixture({ onEvent: jsonLines((line) => lines.push(line)) });
    const { id } = await sessions.create({}, { id: 'ada\r\nbob' });
    assert.deepEqual(lines, [
      `{"at":"2026-01-02T03:04:05.000Z","type":"created","session":"${handleOf(id)}","uid":"ada\\\\u{d}\\\\u{a}bob"}`,
    ]);
  });
});
