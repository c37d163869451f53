import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import QUnit from 'qunit';
import { committedFiles, root, sources } from '../support/repository.js';

/** Folders of somebody's computer, and the hosts of package registries. */
const PRIVATE = [
  /(?<![\w.~:/@-])\/(?:work|root|home|tmp|Users)\//,
  /\bregistry\.[a-z]/i,
  /https?:\/\/[^\s"'/]*(?:npmmirror|artifactory|nexus|verdaccio|npm\.pkg)/i,
  /"resolved": *"http/,
];

const privateLines = (file: string, text: string) =>
  text
    .split('\n')
    .flatMap((line, index) =>
      PRIVATE.some((pattern) => pattern.test(line)) ? [`${file}:${index + 1}: ${line.trim()}`] : [],
    );

/** The text without comments and strings. */
const bare = (source: string) =>
  source.replace(
    /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    '',
  );

QUnit.module('package › manners', () => {
  QUnit.test('names no computer and no registry in any file', (assert) => {
    const found = committedFiles().flatMap((file) =>
      privateLines(file, readFileSync(join(root, file), 'utf8')),
    );
    assert.deepEqual(found, []);
  });

  QUnit.test('sees a private path and a registry', (assert) => {
    const path = `cd ${['', 'tmp', 'x'].join('/')}`;
    const host = `see ${['registry', 'example', 'org'].join('.')}`;
    assert.deepEqual(privateLines('a', `fine\n${path}`), [`a:2: ${path}`]);
    assert.deepEqual(privateLines('a', host), [`a:1: ${host}`]);
    assert.deepEqual(privateLines('a', 'https://example.com/root/page and ./tmp/x'), []);
  });

  QUnit.test('keeps nine files in ten under 300 lines', (assert) => {
    const files = sources();
    const long = [...files].filter(([, text]) => text.split('\n').length > 300).map(([file]) => file);
    assert.true(long.length <= files.size / 10, `longer than 300 lines: ${long.join(', ') || 'none'}`);
  });

  QUnit.test('gives every value in src a type', (assert) => {
    const found = [...sources()]
      .filter(([file]) => file !== 'client/can.d.ts')
      .filter(([, text]) => /[:<|&,[(]\s*any\b|\b(?:as|extends|satisfies)\s+any\b/.test(bare(text)))
      .map(([file]) => file);
    assert.deepEqual(found, []);
  });
});
