import crypto from 'node:crypto';
import { chmod, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { decodeJwt } from 'jose';
import QUnit from 'qunit';
import { WebSocket } from 'ws';
import { start, withFiles } from './process.js';
import { hash, listening, password, secret, secretText, signIn, stopped, users } from './served.js';

QUnit.module('cli serve', () => {
  QUnit.test('says where it listens, signs in, knows who is signed in, signs out, stops', async (assert) => {
    await withFiles({ users, secret }, async (path) => {
      const args = [
        '--users',
        path('users'),
        '--secret-file',
        path('secret'),
        '--port=0',
        '--store',
        'memory',
      ];
      const naming = ['--issuer', 'me', '--audience', 'you', '--origin', 'https://a.example'];
      const server = start(['serve', ...args, ...naming, '--origin', 'https://b.example']);
      const url = await listening(server);
      assert.true(/^http:\/\/127\.0\.0\.1:\d+$/.test(url), url);
      const answer = await signIn(url);
      const { token, session } = await answer.json();
      assert.equal(answer.status, 201);
      assert.deepEqual([session.uid, session.userData], ['ada', { name: 'Ada' }]);
      assert.deepEqual([decodeJwt(token).iss, decodeJwt(token).aud], ['me', 'you']);
      const headers = { authorization: `Bearer ${token}`, origin: 'https://b.example' };
      const get = await fetch(`${url}/session`, { headers });
      assert.deepEqual([get.status, get.headers.get('access-control-allow-origin')], [200, headers.origin]);
      assert.equal((await fetch(`${url}/session`, { method: 'DELETE', headers })).status, 204);
      assert.equal((await fetch(`${url}/session`, { headers })).status, 401);
      const { code, stdout, stderr } = await stopped(server);
      assert.deepEqual([code, stdout, stderr], [0, `Listening on ${url}\n`, '']);
    });
  });

  QUnit.test('lets a browser follow its session with --live, and says goodbye', async (assert) => {
    await withFiles({ users }, async (path) => {
      const server = start(['serve', '--users', path('users'), '--port=0', '--store', 'memory', '--live']);
      const url = await listening(server);
      const { token, session } = await (await signIn(url)).json();
      const socket = new WebSocket(`${url.replace('http', 'ws')}/__default/${session.id}/me`, [
        'can-connect-session.v1',
        `bearer.${token}`,
      ]);
      const said = new Promise((resolve) => socket.once('message', (data) => resolve(String(data))));
      socket.once('open', () => socket.send('[]'));
      assert.true(/"value":\{"_ver#c\$":0,"_ver#s":1\}/.test(String(await said)), String(await said));
      const left = new Promise((resolve) => socket.once('close', resolve));
      assert.equal((await stopped(server)).code, 0);
      assert.equal(await left, 1001);
    });
  });

  QUnit.test('follows nothing without --live', async (assert) => {
    await withFiles({ users }, async (path) => {
      const server = start(['serve', '--users', path('users'), '--port=0', '--store', 'memory']);
      const url = await listening(server);
      const { token, session } = await (await signIn(url)).json();
      const headers = { authorization: `Bearer ${token}` };
      assert.equal((await fetch(`${url}/__default/${session.id}`, { headers })).status, 404);
      await stopped(server);
    });
  });

  QUnit.test('says what it chose by itself, and never what it is', async (assert) => {
    await withFiles({ users }, async (path) => {
      const server = start(['serve', '--users', path('users'), '--port', '0'], '', { cwd: path('.') });
      const answer = await signIn(await listening(server));
      assert.equal(answer.status, 201);
      const { token } = await answer.json();
      const { code, stdout, stderr } = await stopped(server);
      assert.equal(code, 0);
      assert.true(/^No --secret-file: a secret was generated/m.test(stderr));
      assert.true(/^No --store: sessions rest in \.\/sessions\.sqlite\.$/m.test(stderr));
      assert.true((await stat(path('sessions.sqlite'))).isFile());
      for (const hidden of [password, hash, ...String(token).split('.')]) {
        assert.false((stdout + stderr).includes(hidden));
      }
    });
  });

  QUnit.test('S9 accepts the tokens of the secret before, and signs with the first', async (assert) => {
    const old = { content: crypto.createHash('sha256').update('before').digest('hex') };
    await withFiles({ users, secret, old }, async (path) => {
      const files = ['--secret-file', path('secret'), '--secret-file', path('old')];
      const server = start(['serve', '--store=memory', '--users', path('users'), '--port=0', ...files]);
      const { token } = await (await signIn(await listening(server))).json();
      const [header, payload, signature] = String(token).split('.');
      const expected = crypto.createHmac('sha256', secretText).update(`${header}.${payload}`);
      assert.equal(signature, expected.digest('base64url'), 'without the end of the line');
      await stopped(server);
    });
  });

  QUnit.test('finishes a running request after SIGTERM, then exits with 0', async (assert) => {
    await withFiles({ users, secret }, async (path) => {
      const args = ['--store=memory', '--users', path('users'), '--secret-file', path('secret')];
      const server = start(['serve', '--port=0', ...args]);
      const { port } = new URL(await listening(server));
      const body = JSON.stringify({ username: 'ada', password });
      const socket = connect(Number(port), '127.0.0.1');
      let received = '';
      socket.on('data', (data) => {
        received += data;
      });
      const ended = new Promise((resolve) => socket.on('close', resolve));
      socket.write(
        `POST /session HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Type: application/json\r\n`,
      );
      socket.write(`Content-Length: ${body.length}\r\n\r\n`);
      // The server asks for the body: the request is running.
      await new Promise((resolve) => socket.once('data', resolve));
      server.process.kill('SIGTERM');
      await refusedAt(Number(port));
      socket.write(body);
      await ended;
      assert.true(received.includes('HTTP/1.1 201 '), received);
      assert.equal((await server.exit).code, 0);
    });
  });

  QUnit.test('waits at SIGTERM for no connection on which nothing was asked', async (assert) => {
    // As browsers open them ahead of time. Waiting for one would take ten seconds.
    assert.timeout(8000);
    await withFiles({ users, secret }, async (path) => {
      const args = ['--store=memory', '--users', path('users'), '--secret-file', path('secret')];
      const server = start(['serve', '--port=0', ...args]);
      const { port } = new URL(await listening(server));
      const socket = connect(Number(port), '127.0.0.1');
      await new Promise<void>((resolve) => socket.once('connect', resolve));
      // Answered after the silent connection was accepted: the server knows of it.
      await fetch(`http://127.0.0.1:${port}/session`);
      server.process.kill('SIGTERM');
      assert.equal((await server.exit).code, 0);
      socket.destroy();
    });
  });

  QUnit.test('says what is doubtful in production, and listens', async (assert) => {
    await withFiles({ users, secret }, async (path) => {
      const args = ['--store=memory', '--users', path('users'), '--secret-file', path('secret'), '--port=0'];
      const env = { NODE_ENV: 'production' };
      const server = start(['serve', ...args, '--origin', 'http://a.example'], '', { env });
      await listening(server);
      const { code, stderr } = await stopped(server);
      assert.equal(code, 0);
      assert.true(/^No proxy is believed, /m.test(stderr), stderr);
      assert.true(/^One of the origins that may call is not encrypted, /m.test(stderr), stderr);
      const behind = start(['serve', ...args, '--behind-tls'], '', { env });
      await listening(behind);
      assert.false(/proxy/.test((await stopped(behind)).stderr), 'it was said that there is one');
    });
  });

  QUnit.test('says when the port is taken, and exits with 1', async (assert) => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    await withFiles({ users, secret }, async (path) => {
      const args = ['--users', path('users'), '--secret-file', path('secret'), '--port', String(port)];
      const { code, stdout, stderr } = await start(['serve', '--store', 'memory', ...args]).exit;
      assert.deepEqual([code, stdout], [1, '']);
      assert.equal(stderr, 'Cannot listen on the given host and port: somebody else listens there.\n');
    });
    other.close();
  });

  const files = {
    users,
    secret,
    empty: { content: '# nobody\n' },
    broken: { content: `ada:${hash}\nbob:hunter2\n` },
    writable: users,
    short: { content: 'hunter2'.repeat(4) },
    weak: { content: 'hunter2'.repeat(5) },
    readable: secret,
  };
  const refusals: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['no users file', [], /^The option --users is missing/],
    ['a users file that is not there', ['--users', '/hunter2'], /^The users file does not exist\.$/],
    ['a directory for a users file', ['--users', '.'], /^The users file is not a file\.$/],
    ['a users file without users', ['--users', '@empty'], /^The users file holds no user/],
    ['a line that is no user', ['--users', '@broken'], /^Line 2 of the users file is not name:hash/],
    [
      'a users file that others can change',
      ['--users', '@writable'],
      /^The users file can be written by others/,
    ],
    [
      'a secret file that is not there',
      ['--users', '@users', '--secret-file', '/x'],
      /^The secret file does not/,
    ],
    [
      'a short secret',
      ['--users', '@users', '--secret-file', '@short'],
      /^The secret .* shorter than 32 bytes\.$/,
    ],
    [
      'a secret that anybody can guess',
      ['--users', '@users', '--secret-file', '@weak'],
      /^A secret that signs tokens looks as if it could be guessed/,
    ],
    [
      'a secret others can read',
      ['--users', '@users', '--secret-file', '@readable'],
      /^The secret file can be read/,
    ],
    [
      'another store',
      ['--users', '@users', '--store', 'redis://u:hunter2@h'],
      /^The option --store can be memory, sqlite:FILE or the path of a file\.$/,
    ],
    ['a store by no known name', ['--users', '@users', '--store', 'hunter2'], /^The option --store can be/],
    [
      'a store file that is none of SQLite',
      ['--users', '@users', '--store', '@empty'],
      /^The store file is no SQLite database/,
    ],
    [
      'a store file others can read',
      ['--users', '@users', '--store', '@readable'],
      /^The store file can be read by others/,
    ],
    [
      'a store file in a directory that is not there',
      ['--users', '@users', '--store', '/hunter2/sessions.sqlite'],
      /^The store file cannot be written\.$/,
    ],
    [
      'an open host',
      ['--users', '@users', '--host', '0.0.0.0'],
      /^Passwords would cross the network unencrypted/,
    ],
    [
      'a port that is none',
      ['--users', '@users', '--port', '70000'],
      /^The option --port must be a whole number/,
    ],
    [
      'an origin with a path',
      ['--users', '@users', '--origin', 'https://a.example/'],
      /^The option origins must hold/,
    ],
    ['any origin', ['--users', '@users', '--origin', '*'], /^The option origins must hold/],
    ['a secret as an option', ['--users', '@users', '--secret', 'hunter2'], /^Secrets are not options/],
    ['an unknown option', ['--hunter=hunter2'], /^The option --hunter is unknown/],
    ['an option without its value', ['--users', '--port', '1'], /^The option --users needs a value\.$/],
    ['an option twice', ['--port', '1', '--port', '2'], /^The option --port stands more than once\.$/],
    ['a stray word', ['--users', '@users', 'hunter2'], /^There is an argument too many/],
  ];
  for (const [what, args, sentence] of refusals) {
    QUnit.test(`refuses ${what} with exit code 2 and one sentence`, async (assert) => {
      await withFiles(files, async (path) => {
        // What umask would have taken away.
        await Promise.all([chmod(path('writable'), 0o666), chmod(path('readable'), 0o640)]);
        const real = args.map((arg) => (arg.startsWith('@') ? path(arg.slice(1)) : arg));
        const { code, stdout, stderr } = await start(
          ['serve', '--port=0', '--store=memory', ...real].filter(oneEach),
        ).exit;
        const said = stderr.replace(/^No --.*\n/gm, '');
        assert.deepEqual([code, stdout], [2, '']);
        assert.true(sentence.test(said.trimEnd()), stderr);
        assert.equal(said.split('\n').length, 2, stderr);
        assert.false(/hunter2/.test(stderr));
      });
    });
  }
});

/** The cases that speak of the port or the store bring their own. */
function oneEach(arg: string, _index: number, args: readonly string[]): boolean {
  const name = /^(--(?:port|store))=/.exec(arg)?.[1];
  return name === undefined || !args.includes(name);
}

/** Done as soon as nobody listens there any more. */
async function refusedAt(port: number): Promise<void> {
  const refused = await new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(false);
    });
    socket.on('error', () => resolve(true));
  });
  if (!refused) await refusedAt(port);
}
