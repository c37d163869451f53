import QUnit from 'qunit';
import { accessedAt, expiryOf, expiryReason, isExpired } from '../../../src/server/core/expiry.js';

const clocks = { created: 1000, lastAccess: 2000, lastUpdate: 3000 };
const never = Number.POSITIVE_INFINITY;

QUnit.module('server/core/expiry', () => {
  QUnit.test('FOXX-04, FOXX-55 counts from the time that ttlType names', (assert) => {
    const expiry = (ttlType: 'created' | 'lastAccess' | 'lastUpdate') =>
      expiryOf({ ...clocks, timeToLive: 50, ttlType, notAfter: never });
    assert.deepEqual([expiry('created'), expiry('lastAccess'), expiry('lastUpdate')], [1050, 2050, 3050]);
  });

  QUnit.test('FOXX-02 never ends a session whose timeToLive is 0', (assert) => {
    assert.equal(expiryOf({ ...clocks, timeToLive: 0, ttlType: 'created', notAfter: never }), never);
  });

  QUnit.test('S15 never passes the absolute limit', (assert) => {
    assert.equal(expiryOf({ ...clocks, timeToLive: 5000, ttlType: 'lastAccess', notAfter: 2500 }), 2500);
    assert.equal(expiryOf({ ...clocks, timeToLive: 0, ttlType: 'lastAccess', notAfter: 2500 }), 2500);
  });

  QUnit.test('FOXX-57 calls the instant of expiry expired', (assert) => {
    assert.deepEqual(
      [99, 100, 101].map((now) => isExpired({ expiresAt: 100 }, now)),
      [false, true, true],
    );
    assert.false(isExpired({ expiresAt: never }, Number.MAX_SAFE_INTEGER));
  });

  QUnit.test('FOXX-24 slides with an access only where lastAccess counts', (assert) => {
    const sliding = {
      ...clocks,
      timeToLive: 50,
      ttlType: 'lastAccess',
      notAfter: 2070,
      expiresAt: 2050,
    } as const;
    assert.deepEqual(accessedAt(sliding, 2010), { lastAccess: 2010, expiresAt: 2060 });
    assert.deepEqual(accessedAt(sliding, 2049), { lastAccess: 2049, expiresAt: 2070 });
    const fixed = { ...sliding, ttlType: 'created' } as const;
    assert.deepEqual(accessedAt(fixed, 2010), { lastAccess: 2010, expiresAt: 2050 });
  });

  QUnit.test('never shortens a session when a clock runs behind', (assert) => {
    const session = {
      ...clocks,
      timeToLive: 50,
      ttlType: 'lastAccess',
      notAfter: never,
      expiresAt: 2050,
    } as const;
    assert.deepEqual(accessedAt(session, 1500), { lastAccess: 2000, expiresAt: 2050 });
  });

  QUnit.test('tells an idle end from one that no access could have moved', (assert) => {
    const reason = (ttlType: 'created' | 'lastAccess' | 'lastUpdate', expiresAt: number) =>
      expiryReason({ ttlType, expiresAt, timeToLive: 50, notAfter: 100 });
    assert.deepEqual(
      [reason('lastAccess', 99), reason('lastUpdate', 99), reason('lastAccess', 100), reason('created', 50)],
      ['idle', 'idle', 'absolute', 'absolute'],
    );
  });
});
