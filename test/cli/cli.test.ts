import { readFile } from 'node:fs/promises';
import QUnit from 'qunit';
import { parsePasswordHash, verifyPassword } from '../../src/server/passwords.js';
import { parseUsers } from '../../src/server/users.js';
import { start } from './process.js';

QUnit.module('cli', () => {
  QUnit.test('prints its help', async (assert) => {
    const { code, stdout, stderr } = await start(['--help']).exit;
    assert.deepEqual([code, stderr], [0, '']);
    for (const word of ['serve', 'hash-password', '--users', '--secret-file', '--origin', '--behind-tls']) {
      assert.true(stdout.includes(word), word);
    }
  });

  QUnit.test('prints the version of the package', async (assert) => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8'));
    assert.deepEqual(await start(['--version']).exit, { code: 0, stdout: `${version}\n`, stderr: '' });
  });

  for (const args of [[], ['hunter2']]) {
    QUnit.test(`refuses ${args.length} words that are no command, in one line`, async (assert) => {
      const { code, stdout, stderr } = await start(args).exit;
      assert.deepEqual([code, stdout], [2, '']);
      assert.equal(stderr, 'The command must be serve or hash-password; see can-connect-session --help.\n');
    });
  }

  QUnit.module('hash-password', () => {
    QUnit.test('S78 prints the hash of what it reads, without the end of the line', async (assert) => {
      const { code, stdout, stderr } = await start(['hash-password'], 'pass: word\r\n').exit;
      assert.deepEqual([code, stderr], [0, '']);
      assert.false(stdout.includes('word'));
      const hash = parsePasswordHash(stdout.trimEnd());
      assert.true(hash !== undefined && (await verifyPassword('pass: word', hash)));
    });

    QUnit.test('prints the line of a users file when it is given a name', async (assert) => {
      const { stdout } = await start(['hash-password', 'ada'], 'x').exit;
      assert.deepEqual([...parseUsers(stdout).keys()], ['ada']);
    });

    for (const [what, args, input, sentence] of [
      ['an empty password', [], '\n', 'The password on standard input is empty.'],
      ['two lines', [], 'hunter2\nhunter2\n', 'Standard input must hold one password on one line.'],
      ['an overlong password', [], 'hunter2'.repeat(200), 'The password is longer than 1024 characters.'],
      ['a name with a colon', ['a:b'], 'hunter2', /^A user name has 1 to 256 characters/],
      ['a name that would be a comment', ['#a'], 'hunter2', /^A user name has 1 to 256 characters/],
      ['a password as an argument', ['ada', 'hunter2'], '', /^There is an argument too many/],
      ['a password as an option', ['--password', 'hunter2'], '', /^Secrets are not options/],
    ] as const) {
      QUnit.test(`refuses ${what}, in one sentence that does not show it`, async (assert) => {
        const { code, stdout, stderr } = await start(['hash-password', ...args], input).exit;
        assert.deepEqual([code, stdout], [2, '']);
        assert.true(
          typeof sentence === 'string' ? stderr === `${sentence}\n` : sentence.test(stderr),
          stderr,
        );
        assert.equal(stderr.split('\n').length, 2);
        assert.false(stderr.includes('hunter2'));
      });
    }
  });
});
