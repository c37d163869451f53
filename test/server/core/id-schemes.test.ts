import { createHmac } from 'node:crypto';
import QUnit from 'qunit';
import { foxxIds, starcounterIds } from '../../../src/server/core/plain-ids.js';
import { newSessionId, signedIds, verifySessionId } from '../../../src/server/core/signed-ids.js';
import { codeOf, start } from '../fixture.js';

const hostile = [
  '',
  ' ',
  '\0',
  '../x',
  '__proto__',
  'é',
  'a.b.c',
  '.',
  'x'.repeat(10_000),
  undefined,
  null,
  7,
  {},
];

QUnit.module('server/core/id schemes', () => {
  QUnit.module('signed', () => {
    QUnit.test('V-06, V-10, V-11 makes 32 hex digits, a dot and a signature of 43 characters', (assert) => {
      const { id, wire } = newSessionId('my secret');
      assert.true(/^[\da-f]{32}$/.test(id));
      assert.true(wire.startsWith(`${id}.`));
      assert.equal(wire.length, 76);
      assert.notEqual(newSessionId('my secret').id, id);
    });

    for (const [secret, id, signature] of [
      ['my secret', '0123456789abcdef0123456789abcdef', 'W_7ta6Z-SjW120FjCUOXhr4GmpKkn1eTDVoo8ctgcno'],
      ['session_test', 'f'.repeat(32), 'IzLfFr8xUyYh5CYdSv4fnXgiiShknrPikpIdKbLUlOU'],
      ['k'.repeat(65), '0'.repeat(32), 'WnLPhOECRijJrZe493_9CXxJE8W0Enqe54AvZ4mWj7Y'],
    ] as const) {
      QUnit.test(`V-12 signs with a secret of ${secret.length} bytes as V does`, (assert) => {
        assert.deepEqual(verifySessionId(`${id}.${signature}`, secret), { id, valid: true });
        assert.deepEqual(verifySessionId(`${id}.${signature}`, Buffer.from(secret)), { id, valid: true });
      });
    }

    QUnit.test(
      'V-13 gives the id of two parts also when they are not ours, and none of other forms',
      (assert) => {
        const nothing = { id: '', valid: false };
        for (const raw of ['', 'abc', 'a.b.c', '.', undefined as unknown as string]) {
          assert.deepEqual(verifySessionId(raw, 's'), nothing, String(raw));
        }
        const { id } = newSessionId('s');
        assert.deepEqual(verifySessionId(`${id}.BOGUS`, 's'), { id, valid: false });
        assert.deepEqual(verifySessionId(newSessionId('other').wire, 's').valid, false);
      },
    );

    QUnit.test('V-14, S53 admits one spelling of a signature', (assert) => {
      const { id, wire } = newSessionId('s');
      const last = wire.at(-1) ?? '';
      const next = String.fromCharCode(last.charCodeAt(0) + 1);
      for (const raw of [
        `${wire}=`,
        `${wire}!!`,
        `${wire} `,
        `${wire.slice(0, -1)}${next}`,
        wire.slice(0, -1),
      ]) {
        assert.deepEqual(verifySessionId(raw, 's'), { id, valid: false }, raw);
      }
    });

    QUnit.test('V-15 admits any id that carries a good signature', (assert) => {
      const scheme = signedIds(['s']);
      const odd = 'any-id!';
      const signature = createHmac('sha256', 's').update(odd).digest('base64url');
      assert.deepEqual(verifySessionId(`${odd}.${signature}`, 's'), { id: odd, valid: true });
      assert.equal(scheme.read(`${odd}.${signature}`), odd);
    });

    QUnit.test('S9 signs with the first secret, reads with all, and with no retired one', (assert) => {
      const [old, both, late] = [signedIds(['old']), signedIds(['new', 'old']), signedIds(['new'])];
      const { wire, id } = old.issue(0);
      assert.deepEqual([both.read(wire), late.read(wire)], [id, undefined]);
      const fresh = both.issue(0);
      assert.deepEqual([late.read(fresh.wire), old.read(fresh.wire)], [fresh.id, undefined]);
    });

    QUnit.test('V-05 needs 1 to 8 secrets, none of them empty', async (assert) => {
      for (const secrets of [[], [''], [new Uint8Array()], Array(9).fill('s'), undefined, 'secret', [7]]) {
        assert.equal(await codeOf(() => signedIds(secrets as string[])), 'config/invalid');
      }
    });
  });

  QUnit.module('foxx', () => {
    QUnit.test('FOXX-07, FOXX-10 makes as many of 62 symbols as sidLength says', (assert) => {
      const { id, wire } = foxxIds({ sidLength: 40 }).issue(start);
      assert.true(/^[A-Za-z\d]{40}$/.test(id));
      assert.equal(wire, id);
      assert.equal(foxxIds().issue(start).id.length, 22);
      const seen = new Set(Array.from({ length: 200 }, () => foxxIds().issue(0).id).join(''));
      assert.equal(seen.size, 62, 'all symbols occur');
    });

    QUnit.test('FOXX-11 puts the time first, in base64 with its padding, and a dash', (assert) => {
      const scheme = foxxIds({ sidTimestamp: true });
      const { id } = scheme.issue(1_409_000_000_000);
      assert.true(id.startsWith('MTQwOTAwMDAwMDAwMA==-'));
      assert.equal(id.length, 21 + 22);
      assert.equal(scheme.read(id), id);
      assert.strictEqual(foxxIds().read(id), undefined, 'another form');
    });

    QUnit.test('S3, FOXX-12, FOXX-13 refuses what could be guessed', async (assert) => {
      for (const sidLength of [0, 10, 20, 21, 129, 22.5, Number.NaN]) {
        for (const sidTimestamp of [false, true]) {
          assert.equal(await codeOf(() => foxxIds({ sidLength, sidTimestamp })), 'config/invalid');
        }
      }
      assert.equal(await codeOf(() => foxxIds({ sidTimestamp: 1 as unknown as boolean })), 'config/invalid');
    });
  });

  QUnit.test('SC-02, SC-03 starcounter: makes 24 upper-case hex digits, and reads nothing else', (assert) => {
    const scheme = starcounterIds();
    const { id, wire } = scheme.issue(0);
    assert.true(/^[\dA-F]{24}$/.test(id));
    assert.equal(scheme.read(wire), id);
    assert.equal(scheme.read('D11C498A1A5F64ABD0000010'), 'D11C498A1A5F64ABD0000010');
    for (const raw of [id.slice(1), `${id}0`, 'd11c498a1a5f64abd0000010', `${id}\n`]) {
      assert.strictEqual(scheme.read(raw), undefined);
    }
  });

  QUnit.test('S6 reads nothing from hostile forms, in any scheme', (assert) => {
    for (const scheme of [signedIds(['s']), foxxIds(), foxxIds({ sidTimestamp: true }), starcounterIds()]) {
      for (const raw of hostile)
        assert.strictEqual(scheme.read(raw as string), undefined, String(raw).slice(0, 20));
    }
  });
});
