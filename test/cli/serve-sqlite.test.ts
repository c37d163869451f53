import { stat } from 'node:fs/promises';
import QUnit from 'qunit';
import { driverName } from '../server/stores/sqlite-driver.js';
import { start, withFiles } from './process.js';
import { listening, secret, signIn, stopped, users } from './served.js';

/** The command takes libsql where it can: to try the other driver, libsql has to be missing. */
const without = driverName === 'libsql' ? [] : ['libsql'];

QUnit.module(`cli serve with a file on ${driverName}`, () => {
  for (const scheme of ['sqlite:', '']) {
    QUnit.test(`keeps who is signed in when it is killed, in --store ${scheme}FILE`, async (assert) => {
      await withFiles({ users, secret }, async (path) => {
        const file = path('there.sqlite');
        const args = ['--users', path('users'), '--secret-file', path('secret'), '--store', scheme + file];
        const killed = start(['serve', '--port=0', ...args], '', { without });
        const { token } = await (await signIn(await listening(killed))).json();
        for (const each of [file, `${file}-wal`]) {
          assert.equal((await stat(each)).mode & 0o777, 0o600, 'nobody else may read it');
        }
        killed.process.kill('SIGKILL');
        await killed.exit;
        const server = start(['serve', '--port=0', ...args], '', { without });
        const url = await listening(server);
        const headers = { authorization: `Bearer ${token}` };
        assert.equal((await fetch(`${url}/session`, { headers })).status, 200);
        assert.equal((await fetch(`${url}/session`, { method: 'DELETE', headers })).status, 204);
        const { code, stderr } = await stopped(server);
        // Node 22 says in brackets that its SQLite is young.
        assert.deepEqual([code, stderr.replace(/^\(.*\n/gm, '')], [0, '']);
        await assert.rejects(stat(`${file}-wal`), 'closed in order: the log is in the file');
      });
    });
  }

  QUnit.test('says what to install when no driver for a file is there', async (assert) => {
    await withFiles({ users, secret }, async (path) => {
      const args = ['--port=0', '--users', path('users'), '--secret-file', path('secret')];
      const server = start(['serve', ...args], '', { cwd: path('.'), without: ['libsql', 'node:sqlite'] });
      const { code, stdout, stderr } = await server.exit;
      assert.deepEqual([code, stdout], [2, '']);
      assert.true(
        /^Sessions cannot rest in a file: install the package libsql, .* --store memory\.\n$/.test(stderr),
        stderr,
      );
      await assert.rejects(stat(path('sessions.sqlite')), 'and leaves no file behind');
    });
  });
});
