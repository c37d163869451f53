import QUnit from 'qunit';
import { type Closing, readSocketRules } from '../../../../src/server/live/sockets/socket-options.js';

const { module, test } = QUnit;

module('server/live/sockets: options', () => {
  test('close a socket with 4401 where the host throws, or names a code that no frame may have', (assert) => {
    const closings: ((why: string) => unknown)[] = [
      () => ({ code: 4000, reason: 'mine' }),
      () => {
        throw new Error('broken');
      },
      () => undefined,
      () => ({ code: 1006, reason: '' }),
      () => ({ code: 999, reason: '' }),
      () => ({ code: 4000.5, reason: '' }),
      () => ({ code: 4000 }),
    ];
    const told = closings.map(
      (closing) => readSocketRules({ closing: closing as () => Closing }).closing('revoked').code,
    );
    assert.deepEqual(told, [4000, 4401, 4401, 4401, 4401, 4401, 4401]);
  });
});
