import QUnit from 'qunit';
import { SessionError } from '../../../src/protocol/errors.js';
import { SessionExpired, SessionNotFound } from '../../../src/server/core/errors.js';

QUnit.module('server/core/errors', () => {
  QUnit.test(
    'FOXX-40 makes every expired session a session not found, and not the other way round',
    (assert) => {
      assert.true(new SessionExpired('x') instanceof SessionNotFound);
      assert.true(new SessionNotFound('x') instanceof SessionError);
      assert.false(new SessionNotFound('x') instanceof SessionExpired);
    },
  );

  QUnit.test('FOXX-41 shows no more of the id than six characters', (assert) => {
    assert.equal(new SessionNotFound('abcdefghij').message, 'Session with session id abcdef… not found.');
    assert.equal(new SessionExpired('abcdefghij').message, 'Session with session id abcdef… has expired.');
    assert.equal(new SessionNotFound().message, 'Session with session id undefined not found.');
  });

  QUnit.test('FOXX-42 puts name and message into the stack', (assert) => {
    for (const error of [new SessionNotFound('abc'), new SessionExpired('abc')]) {
      assert.equal(error.name, error.constructor.name);
      assert.equal(error.stack?.split('\n')[0], `${error.name}: ${error.message}`);
    }
  });

  QUnit.test('carries a stable code and a status', (assert) => {
    assert.deepEqual([new SessionNotFound().code, new SessionNotFound().status], ['session/not-found', 401]);
    assert.deepEqual([new SessionExpired().code, new SessionExpired().status], ['session/expired', 401]);
  });
});
