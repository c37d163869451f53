import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import QUnit from 'qunit';
import { folderStore } from '../../examples/folder-store.js';
import { tinyStore } from '../../examples/tiny-store.js';
import { root } from '../../support/repository.js';
import { conforms } from './conforms.js';

/** Where the package has what the examples import out of src. */
const publicNames: Readonly<Record<string, string>> = {
  '../../src/server/index.js': 'can-connect-session/server',
  '../../src/server/stores/simple.js': 'can-connect-session/server/simple',
};

QUnit.module('docs/writing-a-store.md', (hooks) => {
  const folders: string[] = [];
  const newFolder = () => {
    const folder = mkdtempSync(join(tmpdir(), 'folder-store-'));
    folders.push(folder);
    return folder;
  };
  hooks.after(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  const manual = readFileSync(join(root, 'docs/writing-a-store.md'), 'utf8');
  for (const name of ['folder-store', 'tiny-store']) {
    QUnit.test(`shows ${name} as it is tested`, (assert) => {
      const source = readFileSync(join(root, `test/examples/${name}.ts`), 'utf8');
      const shown = Object.entries(publicNames).reduce(
        (text, [path, specifier]) => text.replaceAll(`'${path}'`, `'${specifier}'`),
        source,
      );
      assert.true(manual.includes(`\`\`\`ts\n${shown}\`\`\``));
    });
  }

  conforms('folder', () => folderStore(newFolder()));
  conforms('tiny', tinyStore);
});

QUnit.module('docs/stores.md', () => {
  const manual = readFileSync(join(root, 'docs/stores.md'), 'utf8');
  const optionsIn: Readonly<Record<string, string>> = {
    memoryStore: 'stores/memory.ts',
    sqliteStore: 'stores/sqlite.ts',
    simpleStore: 'stores/simple.ts',
    fromExpressStore: 'stores/express-session/from.ts',
    toExpressStore: 'stores/express-session/to.ts',
  };
  for (const [name, file] of Object.entries(optionsIn)) {
    QUnit.test(`names every option of ${name}, and none that is gone`, (assert) => {
      const source = readFileSync(join(root, 'src/server', file), 'utf8');
      const [, declared = ''] = /interface \w+Options \{\n([\s\S]*?)\n\}/.exec(source) ?? [];
      const options = [...declared.matchAll(/^ {2}(?:readonly )?(\w+)\??[(:?]/gm)].map(
        ([, option]) => option,
      );
      const [, chapter = ''] = new RegExp(`\n## ${name}\n([\\s\\S]*?)(?=\n## |$)`).exec(manual) ?? [];
      const shown = [...chapter.matchAll(/^\| `(\w+)(?:\(\w+\))?` \|/gm)].map(([, option]) => option);
      assert.true(options.length > 0);
      assert.deepEqual(shown.sort(), options.sort());
    });
  }
});
