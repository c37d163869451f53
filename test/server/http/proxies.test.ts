import QUnit from 'qunit';
import { throughProxies } from '../../../src/server/http/proxies.js';
import { requestOf } from './visits.js';

const direct = { secure: false, address: '10.0.0.1' };

/** What the server takes a request for: whether it is encrypted, and where it comes from. */
function taken(proxies: number, headers: { [name: string]: string }, from = direct) {
  const { secure, address } = throughProxies(requestOf({ ...from, headers }), proxies);
  return [secure, address];
}

QUnit.module('server/http/proxies', () => {
  QUnit.test('S41 believes no header without proxies', (assert) => {
    const headers = {
      'x-forwarded-proto': 'https',
      'x-forwarded-for': '192.0.2.1',
      forwarded: 'proto=https',
    };
    assert.deepEqual(taken(0, headers), [false, '10.0.0.1']);
    const request = requestOf({});
    assert.strictEqual(throughProxies(request, 0), request);
  });

  for (const [proxies, header, address] of [
    [1, '192.0.2.1', '192.0.2.1'],
    [1, 'forged, 192.0.2.1', '192.0.2.1'],
    [1, 'forged,forged ,  192.0.2.1 ', '192.0.2.1'],
    [2, '192.0.2.1, 10.0.0.2', '192.0.2.1'],
    [2, 'forged, 192.0.2.1, 10.0.0.2', '192.0.2.1'],
    [3, '192.0.2.1, 10.0.0.2', '192.0.2.1'],
    [1, '', '10.0.0.1'],
    [1, 'forged,', '10.0.0.1'],
    [1, undefined, '10.0.0.1'],
  ] as const) {
    QUnit.test(`S41 takes ${JSON.stringify(header)} of ${proxies} for ${address}`, (assert) => {
      assert.deepEqual(taken(proxies, header === undefined ? {} : { 'x-forwarded-for': header }), [
        false,
        address,
      ]);
    });
  }

  for (const [proxies, proto, secure] of [
    [1, 'https', true],
    [1, 'http', false],
    [1, 'https, http', false],
    [1, 'http, https', true],
    [2, 'https, http', true],
    [2, 'http, https, http', true],
    [1, 'httpsx', false],
    [1, '', false],
  ] as const) {
    QUnit.test(
      `S41 takes the protocol ${JSON.stringify(proto)} of ${proxies} for secure: ${secure}`,
      (assert) => {
        assert.deepEqual(taken(proxies, { 'x-forwarded-proto': proto }), [secure, '10.0.0.1']);
      },
    );
  }

  QUnit.test('goes by the connection where the proxy says nothing', (assert) => {
    assert.deepEqual(taken(1, {}, { secure: true, address: '10.0.0.1' }), [true, '10.0.0.1']);
  });

  QUnit.test(
    'hands on all else, but not the connection, which carries the requests of many',
    async (assert) => {
      const request = {
        ...requestOf({ method: 'PUT', url: '/x', headers: { a: 'b' }, connection: {} }),
        body: async () => Buffer.from('c'),
      };
      const { method, url, connection, header, body } = throughProxies(request, 1);
      assert.deepEqual(
        [method, url, connection, header('a'), String(await body(1))],
        ['PUT', '/x', undefined, 'b', 'c'],
      );
    },
  );
});
