import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import QUnit from 'qunit';
import { createSessions } from '../../src/server/core/sessions.js';
import { policyOf } from '../../src/server/core/sessions-options.js';
import { settingsOf } from '../../src/server/session-server-options.js';
import { memoryStore } from '../../src/server/stores/memory.js';
import { root } from '../support/repository.js';

const page = readFileSync(join(root, 'docs/security.md'), 'utf8');
const text = (file: string) => readFileSync(join(root, file), 'utf8');

interface Statement {
  readonly number: string;
  readonly cells: readonly string[];
  readonly where: string;
  readonly test: string;
  /** `postponed` or `does not apply`, with the reason. */
  readonly isOpen: boolean;
}

const statements: readonly Statement[] = page
  .split('\n')
  .filter((line) => /^\| S\d+ \|/.test(line))
  .map((line) => {
    const cells = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    const [number = '', , where = '', test = ''] = cells;
    return { number, cells, where, test, isOpen: /^(postponed|does not apply( yet)?): ./.test(where) };
  });

/** What stands in backticks and is a file. */
const filesIn = (cell: string) => [...cell.matchAll(/`([\w./-]+\.ts)`/g)].map(([, file = '']) => file);
/** A file, and a part of a title that is in it. */
const testsIn = (cell: string) =>
  [...cell.matchAll(/`([\w./-]+\.ts)` “([^”]+)”/g)].map(([, file = '', phrase = '']) => ({ file, phrase }));

/** Typographic marks and those of code are the same here. */
const plain = (source: string) => source.replaceAll('’', "'").replaceAll('\\', '');

QUnit.module('package › security', () => {
  QUnit.test('lists every statement from S1 to S80 once, in order', (assert) => {
    const expected = Array.from({ length: 80 }, (_, index) => `S${index + 1}`);
    assert.deepEqual(
      statements.map(({ number }) => number),
      expected,
    );
  });

  for (const { number, cells, where, test, isOpen } of statements) {
    QUnit.test(`${number} says what it is, where it is enforced and which test shows it`, (assert) => {
      assert.deepEqual([cells.length, cells.filter((cell) => cell === '')], [4, []], 'no cell is empty');
      const sources = filesIn(where).map((file) => (file.startsWith('src/') ? file : `src/server/${file}`));
      for (const file of sources) assert.true(existsSync(join(root, file)), file);
      const tests = testsIn(test);
      if (isOpen) {
        assert.true(where.length > 30, 'there is a reason');
        assert.true(/^none yet: ./.test(test), 'and it says when there will be a test');
        return;
      }
      assert.true(sources.length > 0, 'a source');
      assert.true(tests.length > 0, 'a test');
      assert.equal(tests.length, filesIn(test).length, 'each with a part of its title');
      for (const { file, phrase } of tests) {
        const source = plain(text(file));
        assert.true(new RegExp(`\\b${number}\\b`).test(source), `${file} names ${number}`);
        assert.true(source.includes(plain(phrase)), `${file}: ${phrase}`);
      }
    });
  }

  QUnit.test('leaves open what may be, and nothing else', (assert) => {
    const open = statements.filter(({ isOpen }) => isOpen).map(({ number }) => number);
    const may = ['S26', 'S27', 'S28', 'S45', 'S61', 'S62', 'S63', 'S64', 'S77'];
    assert.deepEqual(
      open.filter((number) => !may.includes(number)),
      [],
    );
  });

  QUnit.test('names only options that there are', (assert) => {
    const known = [
      'core/sessions-options.ts',
      'core/sessions.ts',
      'core/plain-ids.ts',
      'core/tokens.ts',
      'core/events.ts',
      'session-server-options.ts',
    ].map((file) => text(`src/server/${file}`));
    for (const { number, where } of statements) {
      for (const [, name = ''] of where.matchAll(/`([a-z][A-Za-z]+)`/g)) {
        assert.true(
          known.some((source) => new RegExp(`\\b${name}\\b`).test(source)),
          `${number}: ${name}`,
        );
      }
    }
    assert.true(statements.length > 0);
  });

  QUnit.test('S80 writes down the timeouts that the code has, each with a reason', (assert) => {
    const [, section = ''] = page.split(/^## Timeouts and number of sessions$/m);
    const rows = (section.split(/^## /m)[0] ?? '')
      .split('\n')
      .filter((line) => /^\| (?!---|rule)/.test(line))
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
    const [end = [], idle = [], fresh = [], many = []] = rows;
    for (const row of rows) assert.true((row[5] ?? '').length > 20, `${row[0]}: a reason`);

    const store = memoryStore();
    const { timeToLive, ttlType, absoluteTimeToLive } = policyOf({ store });
    const sessions = createSessions({ store, sweepInterval: 0 });
    const { freshFor } = settingsOf({ sessions, authenticate: () => null });
    assert.deepEqual([ttlType, absoluteTimeToLive], ['created', 0]);
    assert.true(end[1]?.startsWith(`${timeToLive} ms after the creation`), end[1]);
    assert.equal(idle[1], 'none');
    assert.true(fresh[1]?.startsWith(`${freshFor} ms`), fresh[1]);
    assert.equal(many[1], 'no limit');
  });

  QUnit.test('S80 shows options of AAL2 that are accepted', (assert) => {
    const [, code = ''] = /```js\n(const sessions = createSessions\(.*?)```/s.exec(page) ?? [];
    const [, options = ''] = /createSessions\(\{\s*store,(.*)\}\);/s.exec(code) ?? [];
    const [minutes = 0, hours = 0] = [...options.matchAll(/: ([\d* ]+),/g)].map(([, product = '']) =>
      product.split('*').reduce((value, factor) => value * Number(factor), 1),
    );
    assert.deepEqual([minutes, hours], [30 * 60_000, 12 * 3600_000]);
    policyOf({ store: memoryStore(), ttlType: 'lastAccess', timeToLive: minutes, absoluteTimeToLive: hours });
  });
});
