import QUnit from 'qunit';
import type { Operation, SocketClient } from './protocol-client.js';
import { type HostOptions, withProtocol } from './protocol-host.js';

const name: Operation = { op: 'replace', path: '/name$', value: 'Bob' };

QUnit.module('server/live: close codes of docs/protocol.md', () => {
  type Host = Parameters<Parameters<typeof withProtocol>[1]>[0];

  const causes: readonly {
    readonly code: string;
    readonly when: string;
    readonly options?: HostOptions;
    readonly act: (one: SocketClient, host: Host) => unknown;
  }[] = [
    {
      code: '4401 revoked',
      when: 'somebody ended the session',
      act: (_, { sessions, id }) => sessions.destroy(id, 'revoked'),
    },
    {
      code: '4401 signed-out',
      when: 'the user signed out',
      act: (_, { origin, token }) =>
        fetch(`${origin}/session`, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } }),
    },
    {
      code: '1000',
      when: 'another socket took its place',
      options: { live: { replaces: true } },
      act: (_, { socket }) => socket('another').begun(),
    },
    { code: '1001', when: 'the sockets are closed', act: (_, { sockets }) => sockets.close() },
    {
      code: '1001 The server shuts down.',
      when: 'the live sessions are closed',
      act: (_, { live }) => live.close(),
    },
    { code: '1007', when: 'a text is no UTF-8', act: (one) => one.send(Buffer.from([0xff, 0xfe])) },
    {
      code: '1008 request/rate',
      when: 'too much comes at once',
      options: { live: { sockets: { burst: 3, perSecond: 1 } } },
      act: (one) => {
        for (let count = 0; count < 20; count += 1) one.send('[]');
      },
    },
    {
      code: '1009',
      when: 'a message is too long',
      options: { sockets: { maxPayload: 100 } },
      act: (one) => one.send(`[${' '.repeat(200)}]`),
    },
    {
      code: '1009 session/size',
      when: 'the document becomes too large',
      options: { live: { sockets: { snapshotLimit: 1000 } } },
      act: (_, { change }) => change((data) => Object.assign(data, { long: 'x'.repeat(2000) })),
    },
    {
      code: '1011 request/forbidden',
      when: 'a client does what it may not',
      act: (one) => one.edit({ op: 'remove', path: '/box' }),
    },
    {
      code: '1011 patch/malformed',
      when: 'a patch has no versions',
      act: (one) => one.send(JSON.stringify([name])),
    },
    {
      code: '1011 patch/conflict',
      when: 'a client has seen more than there was',
      act: (one) =>
        one.send(
          JSON.stringify([
            { op: 'replace', path: '/_ver#c$', value: 1 },
            { op: 'test', path: '/_ver#s', value: 99 },
          ]),
        ),
    },
    {
      code: '1013 store/unavailable',
      when: 'the store is away',
      act: (one, { broken }) => {
        broken.add('update').add('get');
        one.edit(name);
      },
    },
  ];

  for (const { code, when, options, act } of causes) {
    QUnit.test(`is closed with ${code} when ${when}`, async (assert) => {
      await withProtocol({ data: { name$: 'Ann', box: {} }, ...options }, async (host) => {
        const one = host.socket('one');
        await one.begun();
        await act(one, host);
        const found = await one.closed;
        host.broken.clear();
        // Behind the code may stand what is wrong.
        assert.equal(found.split(': ')[0], code, found);
      });
    });
  }

  QUnit.test('is closed with 4401 and the code of what is wrong with its proof', async (assert) => {
    await withProtocol({ data: { name$: 'Ann', box: {} } }, async ({ socket, token }) => {
      const offer = ['can-connect-session.v1', `bearer.${token.slice(0, -8)}AAAAAAAA`];
      assert.equal(await socket('one', undefined, { protocols: offer }).closed, '4401 token/signature');
    });
  });

  QUnit.test('is refused the handshake with 403 from a foreign origin', async (assert) => {
    await withProtocol({ data: { name$: 'Ann', box: {} } }, async ({ socket }) => {
      const { closed } = socket('one', undefined, { from: 'https://elsewhere.example' });
      assert.equal(await closed, 'Unexpected server response: 403');
    });
  });
});
