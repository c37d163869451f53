import QUnit from 'qunit';
import type { SignedClaims } from '../../../src/server/core/token-claims.js';
import { TokenMemory } from '../../../src/server/core/token-memory.js';
import { codeOf, secret, sessionServerFixture } from '../fixture.js';
import { fixture, goodClaims, goodHeader, handMade, second, session, signers } from './tokens-fixture.js';

const hour = 3_600_000;
const claimsOf = (jti: string) => handMade({ ...goodClaims, jti });

QUnit.module('server/core/tokens remembered', () => {
  for (const { alg, key } of signers) {
    QUnit.test(`recalls a token of ${alg} that was verified, and no other`, async (assert) => {
      const { tokens } = fixture({ keys: [key] });
      const [token, other] = [await tokens.issue(session), await tokens.issue(session)];
      assert.strictEqual(tokens.recall(token), undefined, 'what was issued was not verified yet');
      const claims = await tokens.verify(token);
      assert.strictEqual(tokens.recall(token), claims);
      assert.strictEqual(await tokens.verify(token), claims, 'verify recalls too');
      assert.strictEqual(tokens.recall(other), undefined);
    });

    QUnit.test(`S53 recalls no token of ${alg} that differs in one character`, async (assert) => {
      const { tokens } = fixture({ keys: [key] });
      const token = await tokens.issue(session);
      await tokens.verify(token);
      let accepted = 0;
      for (let at = 0; at < token.length; at += 1) {
        const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`;
        if (tokens.recall(changed) !== undefined) accepted += 1;
        if ((await codeOf(() => tokens.verify(changed))) === 'no error') accepted += 1;
      }
      assert.equal(accepted, 0);
      assert.notStrictEqual(tokens.recall(token), undefined);
    });
  }

  QUnit.test('recalls nothing for what is no token', (assert) => {
    const { tokens } = fixture();
    for (const value of ['', 'x', '__proto__', 'x'.repeat(1e6), undefined, null, 7, {}]) {
      assert.strictEqual(tokens.recall(value as string), undefined);
    }
  });

  for (const [offset, alive] of [
    [hour - 1, true],
    [hour, false],
    [hour + 1, false],
  ] as const) {
    QUnit.test(
      `S54 ${alive ? 'recalls' : 'forgets'} a token ${offset - hour} ms from exp`,
      async (assert) => {
        const { tokens, clock } = fixture();
        const token = claimsOf('a');
        await tokens.verify(token);
        clock.time += offset;
        assert.equal(tokens.recall(token) !== undefined, alive);
        assert.equal(await codeOf(() => tokens.verify(token)), alive ? 'no error' : 'token/expired');
      },
    );
  }

  QUnit.test('S54 grants the leeway to what it recalls, and not a millisecond more', async (assert) => {
    const { tokens, clock } = fixture({ leeway: 1500 });
    const token = claimsOf('a');
    await tokens.verify(token);
    clock.time += hour + 1499;
    assert.notStrictEqual(tokens.recall(token), undefined);
    clock.time += 1;
    assert.strictEqual(tokens.recall(token), undefined);
  });

  for (const claim of ['iat', 'nbf'] as const) {
    QUnit.test(`S54 judges ${claim} again when the clock was put back`, async (assert) => {
      const { tokens, clock } = fixture();
      const token = handMade({ ...goodClaims, [claim]: second });
      await tokens.verify(token);
      clock.time -= 1;
      assert.strictEqual(tokens.recall(token), undefined);
      assert.equal(await codeOf(() => tokens.verify(token)), 'token/not-yet-valid');
      clock.time += 1;
      assert.equal(await codeOf(() => tokens.verify(token)), 'no error');
    });
  }

  QUnit.test('lets allowExpired pass for what it remembers, and only there', async (assert) => {
    const { tokens, clock } = fixture();
    const token = claimsOf('a');
    const claims = await tokens.verify(token);
    clock.time += hour;
    assert.strictEqual(await tokens.verify(token, { allowExpired: true }), claims);
    assert.strictEqual(tokens.recall(token), undefined);
    assert.equal(await codeOf(() => tokens.verify(token)), 'token/expired');
    assert.equal(await codeOf(() => tokens.verify(token, { allowExpired: true })), 'no error');
  });

  QUnit.test('forgets for good what it has seen expired', async (assert) => {
    const { tokens, clock } = fixture();
    const token = claimsOf('a');
    await tokens.verify(token);
    clock.time += hour;
    tokens.recall(token);
    clock.time -= hour;
    assert.strictEqual(tokens.recall(token), undefined);
  });

  QUnit.test('learns nothing with allowExpired, so that old tokens push out no good ones', async (assert) => {
    const { tokens } = fixture({ remembered: 1 });
    await tokens.verify(claimsOf('a'));
    await tokens.verify(handMade({ ...goodClaims, exp: second }), { allowExpired: true });
    assert.notStrictEqual(tokens.recall(claimsOf('a')), undefined);
  });

  QUnit.test('remembers no failure', async (assert) => {
    const { tokens } = fixture();
    const failures = {
      'token/signature': handMade(goodClaims, goodHeader, `${secret}!`),
      'token/expired': handMade({ ...goodClaims, exp: second }),
      'token/audience': handMade({ ...goodClaims, aud: 'other' }),
      'token/type': handMade(goodClaims, { alg: 'HS256' }),
    };
    for (const [code, token] of Object.entries(failures)) {
      for (const _ of [1, 2]) {
        assert.equal(await codeOf(() => tokens.verify(token)), code);
        assert.strictEqual(tokens.recall(token), undefined);
      }
    }
  });

  QUnit.test('pushes out the oldest first', async (assert) => {
    const { tokens } = fixture({ remembered: 2 });
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const [count, name] of names.entries()) {
      await tokens.verify(claimsOf(name));
      const known = names.filter((one) => tokens.recall(claimsOf(one)) !== undefined);
      assert.deepEqual(known, names.slice(Math.max(0, count - 1), count + 1));
    }
    assert.equal(await codeOf(() => tokens.verify(claimsOf('a'))), 'no error', 'what was pushed out is good');
  });

  QUnit.test('gives a token that is used again no second place', async (assert) => {
    const { tokens } = fixture({ remembered: 2, keys: signers.slice(1, 2).map(({ key }) => key) });
    const [a, b] = [await tokens.issue(session), await tokens.issue(session)];
    await tokens.verify(a);
    // At the same time: neither can know of the other.
    await Promise.all([tokens.verify(b), tokens.verify(b), tokens.verify(b)]);
    assert.notStrictEqual(tokens.recall(a), undefined);
    assert.notStrictEqual(tokens.recall(b), undefined);
  });

  QUnit.test('remembers none with remembered 0', async (assert) => {
    const { tokens } = fixture({ remembered: 0 });
    const token = claimsOf('a');
    const claims = await tokens.verify(token);
    assert.strictEqual(tokens.recall(token), undefined);
    assert.notStrictEqual(await tokens.verify(token), claims);
  });

  QUnit.test('remembers 10,000 by default', async (assert) => {
    const { tokens } = fixture();
    for (let count = 0; count <= 10_000; count += 1) await tokens.verify(claimsOf(String(count)));
    assert.strictEqual(tokens.recall(claimsOf('0')), undefined);
    assert.notStrictEqual(tokens.recall(claimsOf('1')), undefined);
    assert.notStrictEqual(tokens.recall(claimsOf('10000')), undefined);
  });

  QUnit.test('gives claims that nobody can change for those who come after', async (assert) => {
    const { tokens } = fixture();
    assert.true(Object.isFrozen(await tokens.verify(claimsOf('a'))));
    assert.true(Object.isFrozen(await tokens.verify(await tokens.issue({ ...session, uid: null }))));
  });

  QUnit.test('S9 knows nothing of what was verified with other keys', async (assert) => {
    const old = fixture().tokens;
    const token = claimsOf('a');
    await old.verify(token);
    const next = fixture({ keys: [{ alg: 'HS256', secret: `${secret}!` }] }).tokens;
    assert.strictEqual(next.recall(token), undefined);
    assert.equal(await codeOf(() => next.verify(token)), 'token/signature');
  });

  QUnit.test(
    'S60 vouches for the signature alone: the store knows whether the session goes on',
    async (assert) => {
      const { sessions, tokens } = sessionServerFixture();
      const { id, expiresAt } = await sessions.create({}, { id: 'ada' });
      const token = await tokens.issue({ id, uid: 'ada', expiresAt });
      await tokens.verify(token);
      await sessions.delete(id);
      const sid = tokens.recall(token)?.sid ?? '';
      assert.equal(sid, id);
      assert.equal(await codeOf(() => sessions.get(sid)), 'session/not-found');
      await sessions.close();
    },
  );

  QUnit.test('keeps its promise after many rounds of the ring', (assert) => {
    const memory = new TokenMemory(3);
    const claims: SignedClaims = { claims: goodClaims, from: 0, until: 1 };
    for (let count = 0; count < 1000; count += 1) {
      memory.put(`t${count}`, claims);
      if (count % 5 === 0) memory.delete(`t${count}`);
    }
    const known = Array.from({ length: 1000 }, (_, count) => `t${count}`).filter((token) =>
      memory.get(token),
    );
    assert.deepEqual(known, ['t997', 't998', 't999']);
  });
});
