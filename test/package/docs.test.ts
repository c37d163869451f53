import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import QUnit from 'qunit';
import { problems } from '../../src/protocol/problems.js';
import { securityHeaders } from '../../src/server/http/security-headers.js';
import * as presets from '../../src/server/presets.js';
import { parseUsers } from '../../src/server/users.js';
import { committedFiles, ensureBuilt, root } from '../support/repository.js';

const pages = committedFiles().filter((file) => file.endsWith('.md'));
const text = (file: string) => readFileSync(join(root, file), 'utf8');

/** The part of a page below a heading, up to the next one of any level. */
function section(page: string, heading: string): string {
  const [, found = ''] = text(page).split(new RegExp(`^#+ ${heading}$`, 'm'));
  return found.split(/^#+ /m)[0] ?? '';
}

/** What stands in backticks at the start of each row, without arguments: `now()` is `now`. */
function rowNames(markdown: string): string[] {
  return [...markdown.matchAll(/^\| `(?:--)?([\w-]+)[^`]*` \|/gm)].map(([, name = '']) => name);
}

/** The members of an interface. */
function members(file: string, name: string): string[] {
  const [, body = ''] = new RegExp(`interface ${name}\\b[^{]*\\{\n(.*?)\n\\}`, 's').exec(text(file)) ?? [];
  return [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??[:(]/gm)].map(([, member = '']) => member);
}

/** Which interface is listed below which heading; `nth` where there is more than one table of options. */
const listed: readonly (readonly [
  file: string,
  name: string,
  page: string,
  heading: string,
  nth?: number,
])[] = [
  ['core/sessions-options.ts', 'SessionsOptions', 'docs/sessions.md', 'Options'],
  ['core/sessions.ts', 'CreateOptions', 'docs/sessions.md', 'The sessions'],
  ['core/exclusive.ts', 'ExclusiveOptions', 'docs/sessions.md', 'One at a time'],
  ['core/plain-ids.ts', 'FoxxIdsOptions', 'docs/sessions.md', 'Ids'],
  ['session-server-options.ts', 'SessionServerOptions', 'docs/server.md', 'Options of createSessionServer'],
  ['http/carriers/header.ts', 'HeaderCarrierOptions', 'docs/server.md', 'headerCarrier'],
  ['http/carriers/uri.ts', 'UriCarrierOptions', 'docs/server.md', 'uriCarrier'],
  ['http/carriers/referer.ts', 'RefererCarrierOptions', 'docs/server.md', 'refererCarrier'],
  ['presets.ts', 'FoxxServerOptions', 'docs/server.md', 'Presets of carriers'],
  ['presets.ts', 'VwebServerOptions', 'docs/server.md', 'Presets of carriers', 1],
  ['presets.ts', 'StarcounterServerOptions', 'docs/server.md', 'Presets of carriers', 2],
  ['http/carriers/cookie.ts', 'CookieOptions', 'docs/server.md', 'Cookies'],
  ['live/live-options.ts', 'LiveOptions', 'docs/live.md', 'Options'],
  ['presets.ts', 'StarcounterLiveOptions', 'docs/starcounter.md', 'The presets'],
  ['adapters/sockets.ts', 'SessionSocketsOptions', 'docs/live.md', 'Sockets'],
  ['core/tokens.ts', 'TokensOptions', 'docs/server.md', 'Options of createTokens'],
  ['core/token-keys.ts', 'SecretTokenKey', 'docs/server.md', 'Options of createTokens', 1],
  ['core/token-keys.ts', 'PairTokenKey', 'docs/server.md', 'Options of createTokens', 2],
  ['stores/memory.ts', 'MemoryStoreOptions', 'docs/stores.md', 'memoryStore'],
  ['stores/sqlite.ts', 'SqliteStoreOptions', 'docs/stores.md', 'sqliteStore'],
  ['stores/simple.ts', 'SimpleStoreOptions', 'docs/stores.md', 'simpleStore'],
  ['stores/express-session/from.ts', 'FromExpressStoreOptions', 'docs/stores.md', 'fromExpressStore'],
  ['stores/express-session/to.ts', 'ToExpressStoreOptions', 'docs/stores.md', 'toExpressStore'],
];

interface Example {
  readonly page: string;
  readonly line: number;
  readonly code: string;
  readonly output: string;
}

/** Each block that is marked to run, and the block below it that says what it prints. */
function examplesOf(page: string): Example[] {
  const markdown = text(page);
  return [...markdown.matchAll(/^```js run\n(.*?)^```\n(?:\n```text\n(.*?)^```$)?/gms)].map((match) => {
    const [, code = '', output = ''] = match;
    return { page, line: markdown.slice(0, match.index).split('\n').length, code, output };
  });
}

const examples = [
  'docs/sessions.md',
  'docs/server.md',
  'docs/operations.md',
  'docs/live.md',
  'docs/starcounter.md',
  'docs/palindrom.md',
].flatMap(examplesOf);

QUnit.module('package › docs', () => {
  QUnit.test('list every error code with its status and its sentence', (assert) => {
    const manual = text('docs/errors.md');
    for (const [code, { status, title }] of Object.entries(problems)) {
      assert.true(manual.includes(`| \`${code}\` | ${status || ''} | ${title} |`), code);
    }
    const codes = [...manual.matchAll(/^\| `([a-z0-9/-]+)`/gm)].map(([, code]) => code);
    assert.deepEqual(codes, Object.keys(problems), 'and none that is gone');
  });

  for (const page of pages) {
    QUnit.test(`${page} links to files and headings that exist`, (assert) => {
      const links = [...text(page).matchAll(/\]\(([^)#:]*)(?:#([^)]*))?\)/g)];
      for (const [, target = '', heading] of links) {
        const file = target === '' ? page : join(dirname(page), target);
        assert.true(existsSync(join(root, file)), file);
        if (heading !== undefined) assert.true(anchors(file).includes(heading), `${file}#${heading}`);
      }
      assert.true(links.length >= 0);
    });
  }

  QUnit.test('name every option of the session behavior in the README', (assert) => {
    const source = text('src/client/behaviors/session.ts') + text('src/client/core/session.ts');
    const options = [...source.matchAll(/^ {2}readonly (\w+)\?:/gm)].map(([, name]) => name);
    assert.true(options.length >= 9, options.join(', '));
    for (const option of options) assert.true(text('README.md').includes(`| \`${option}\` |`), option);
  });

  for (const [file, name, page, heading, nth = 0] of listed) {
    QUnit.test(`list every member of ${name} in ${page}, and none that is gone`, (assert) => {
      const options = members(`src/server/${file}`, name);
      const tables = section(page, heading)
        .split('\n\n')
        .filter((block) => block.startsWith('| option |'));
      assert.true(options.length > 0, 'the interface was found');
      assert.deepEqual(rowNames(tables[nth] ?? ''), options);
    });
  }

  QUnit.test(
    'list every member of the current session in docs/server.md, and none that is gone',
    (assert) => {
      const source = text('src/server/http/current-session.ts');
      const [, body = ''] = /^export class CurrentSession.*?\{\n(.*?)^\}/ms.exec(source) ?? [];
      const members = [...body.matchAll(/^ {2}(?:get )?([a-z]\w*)\(.*\{$/gm)].map(([, name = '']) => name);
      const named = members.filter((name) => name !== 'constructor');
      assert.deepEqual(rowNames(section('docs/server.md', 'The current session')), named);
    },
  );

  QUnit.test('list every flag of the command in docs/server.md, and none that is gone', (assert) => {
    const [, known = ''] = /const known = \{(.*?)\n\};/s.exec(text('src/server/cli/serve.ts')) ?? [];
    const flags = [...known.matchAll(/'([a-z-]+)'/g)].map(([, flag = '']) => flag);
    assert.true(flags.length >= 9, flags.join(', '));
    assert.deepEqual(rowNames(section('docs/server.md', 'serve')).sort(), flags.sort());
  });

  QUnit.test('answer with the status of each code in docs/server.md', (assert) => {
    const rows = [...text('docs/server.md').matchAll(/^\| (\d{3}) \| `([a-z/-]+)` \|/gm)];
    assert.true(rows.length >= 14, `${rows.length}`);
    for (const [, status, code = ''] of rows) {
      assert.equal(Number(status), (problems as Record<string, { status: number }>)[code]?.status, code);
    }
  });

  QUnit.test('list every security header in docs/server.md with its value', (assert) => {
    const rows = [...section('docs/server.md', 'Security headers').matchAll(/^\| `(.+?)` \| `(.+?)`/gm)];
    const said = rows.map(([, name = '', value]) => [name.toLowerCase(), value]);
    assert.deepEqual(Object.fromEntries(said), { ...securityHeaders(['Authorization', 'Cookie'])(true) });
  });

  QUnit.test('show a users file in docs/server.md that can be read', (assert) => {
    const [, file = ''] = /^```text\n(# name.*?)^```/ms.exec(text('docs/server.md')) ?? [];
    const users = [...parseUsers(file).values()].map(({ name, userData }) => [name, userData]);
    assert.deepEqual(users, [
      ['ann', {}],
      ['bob', { role: 'admin' }],
    ]);
  });

  QUnit.test('list what each preset sets, and what it leaves', (assert) => {
    const rows = section('docs/sessions.md', 'Presets')
      .split('\n')
      .filter((row) => row.startsWith('| `'))
      .map((row) => row.split('|').map((cell) => cell.trim().replaceAll('`', '')));
    assert.true(rows.length >= 11);
    for (const [column, preset] of [presets.foxx, presets.vweb, presets.starcounter].entries()) {
      const said = rows.filter((row) => row[column + 3] !== '');
      assert.deepEqual(said.map((row) => row[1]).sort(), Object.keys(preset).sort());
      for (const [name, value] of Object.entries(preset)) {
        if (typeof value !== 'object' && typeof value !== 'function') {
          assert.equal(rows.find((row) => row[1] === name)?.[column + 3], String(value), name);
        }
      }
    }
  });

  QUnit.module('examples', { before: ensureBuilt }, () => {
    QUnit.test('are marked with what they print', (assert) => {
      assert.true(examples.length >= 14, `${examples.length}`);
      for (const { page, line, output } of examples) assert.notEqual(output, '', `${page}:${line}`);
    });

    for (const { page, line, code, output } of examples) {
      QUnit.test(`${page}:${line} prints what the page says`, (assert) => {
        const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', code], {
          cwd: root,
          encoding: 'utf8',
          timeout: 20_000,
          env: { ...process.env, NODE_OPTIONS: '', SESSION_SECRET: undefined },
        });
        assert.deepEqual([stdout, stderr], [output, '']);
      });
    }
  });
});

/** The headings of a page as a link names them. */
function anchors(page: string): string[] {
  return [...text(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
