import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import QUnit from 'qunit';
import { filesIn } from '../../scripts/files.mjs';
import { root } from '../support/repository.js';

const numbers = (prefix: string, ...ranges: readonly (readonly [first: number, last: number])[]) =>
  ranges.flatMap(([first, last]) =>
    Array.from(
      { length: last - first + 1 },
      (_, index) => `${prefix}-${String(first + index).padStart(2, '0')}`,
    ),
  );

/** Every requirement that a source system makes on a server. */
const required = [
  ...numbers('FOXX', [1, 7], [10, 16], [20, 30], [40, 45], [50, 63], [70, 78], [80, 86]),
  ...numbers('V', [1, 6], [10, 15], [20, 30], [40, 54]),
  ...numbers('SC', [1, 20], [30, 34], [40, 47], [50, 55], [60, 73], [80, 85], [90, 100]),
  ...numbers('PAL', [1, 19]),
];

QUnit.module('server/requirements', () => {
  const titles = filesIn('test/server', /\.ts$/)
    .flatMap((file) => readFileSync(file, 'utf8').match(/\b(?:test|module)\(\s*['"`][^\n]*/g) ?? [])
    .join('\n');
  const deviations = readFileSync(join(root, 'docs/deviations.md'), 'utf8').match(/^\| [A-Z]+-\d+ /gm) ?? [];
  const listed = deviations.map((line) => line.slice(2).trim());

  for (const number of required) {
    QUnit.test(`number ${number} is tested or listed as a deviation`, (assert) => {
      assert.true(listed.includes(number) || new RegExp(`\\b${number}\\b`).test(titles));
    });
  }
});
