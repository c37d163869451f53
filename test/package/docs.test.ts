import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import QUnit from 'qunit';
import { problems } from '../../src/protocol/problems.js';
import { committedFiles, root } from '../support/repository.js';

const pages = committedFiles().filter((file) => file.endsWith('.md'));
const text = (file: string) => readFileSync(join(root, file), 'utf8');

QUnit.module('package › docs', () => {
  QUnit.test('list every error code with its status and its sentence', (assert) => {
    const manual = text('docs/errors.md');
    for (const [code, { status, title }] of Object.entries(problems)) {
      assert.true(manual.includes(`| \`${code}\` | ${status || ''} | ${title} |`), code);
    }
    const listed = [...manual.matchAll(/^\| `([a-z0-9/-]+)`/gm)].map(([, code]) => code);
    assert.deepEqual(listed, Object.keys(problems), 'and none that is gone');
  });

  for (const page of pages) {
    QUnit.test(`${page} links to files that exist`, (assert) => {
      const links = [...text(page).matchAll(/\]\(([^)#:]+)(#[^)]*)?\)/g)].map(([, target]) => target ?? '');
      for (const target of links) assert.true(existsSync(join(root, dirname(page), target)), target);
      assert.true(links.length >= 0);
    });
  }

  QUnit.test('name every option of the session behavior in the README', (assert) => {
    const source = text('src/client/behaviors/session.ts') + text('src/client/core/session.ts');
    const options = [...source.matchAll(/^ {2}readonly (\w+)\?:/gm)].map(([, name]) => name);
    assert.true(options.length >= 9, options.join(', '));
    for (const option of options) assert.true(text('README.md').includes(`| \`${option}\` |`), option);
  });
});
