import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import QUnit from 'qunit';
import { build } from 'vite';
import { installInto, pack, type Tarball, typeErrors } from '../support/consumer.js';
import { ensureBuilt, manifest, root } from '../support/repository.js';

QUnit.module('package › tarball', (hooks) => {
  let tarball: Tarball;
  let app: string;

  hooks.before(() => {
    ensureBuilt();
    tarball = pack();
    app = installInto('consumer', tarball);
  });

  QUnit.test('holds what the package promises', (assert) => {
    const promised = [...Object.values(manifest.exports), ...Object.values(manifest.bin)]
      .flatMap((target) => (typeof target === 'string' ? [target] : Object.values(target)))
      .map((file) => file.replace(/^\.\//, ''));
    for (const file of ['LICENSE', 'README.md', 'CHANGELOG.md', ...promised]) {
      assert.true(tarball.files.includes(file), file);
    }
  });

  QUnit.test('holds nothing else than source, build and documents', (assert) => {
    const allowed = /^(dist|src|docs)\/|^(LICENSE|README\.md|CHANGELOG\.md|package\.json)$/;
    const unwanted = /\.tsbuildinfo$|\.test\.|(^|\/)(test|bench|demo|coverage|node_modules)\//;
    assert.deepEqual(
      tarball.files.filter((file) => !allowed.test(file) || unwanted.test(file)),
      [],
    );
  });

  QUnit.test('leads every source map to a source inside', (assert) => {
    const maps = tarball.files.filter((file) => file.endsWith('.map'));
    assert.true(maps.length > 0);
    const lost = maps.flatMap((file) => {
      const { sources } = JSON.parse(readFileSync(join(root, file), 'utf8')) as { sources: string[] };
      return sources
        .map((source) => new URL(source, `file:///${file}`).pathname.slice(1))
        .filter((source) => !tarball.files.includes(source));
    });
    assert.deepEqual(lost, []);
  });

  QUnit.test('satisfies publint', async (assert) => {
    const contents = readFileSync(tarball.path);
    const { messages, pkg } = await publint({
      pack: { tarball: Uint8Array.from(contents).buffer },
      strict: true,
    });
    assert.deepEqual(
      messages.map((message) => formatMessage(message, pkg, { color: false })),
      [],
    );
  });

  const projects = {
    'app.ts': {},
    'server.ts': { lib: ['es2022'], types: ['node'] },
  };
  const resolutions = {
    bundler: { module: 'preserve', moduleResolution: 'bundler' },
    nodenext: { module: 'nodenext', moduleResolution: 'nodenext' },
  };
  for (const [file, project] of Object.entries(projects)) {
    for (const [name, resolution] of Object.entries(resolutions)) {
      QUnit.test(`gives a strict ${file} its types (${name})`, (assert) => {
        assert.strictEqual(typeErrors(app, { ...project, ...resolution }, [file]), '');
      });
    }
  }

  QUnit.test('bundles with Vite for production', async (assert) => {
    const warnings: string[] = [];
    const result = await build({
      root: app,
      configFile: false,
      logLevel: 'silent',
      build: {
        lib: { entry: 'app.ts', formats: ['es'] },
        write: false,
        minify: true,
        rollupOptions: { onwarn: ({ message }) => void warnings.push(message) },
      },
    });
    const [first] = Array.isArray(result) ? result : [];
    assert.true(first?.output.some((file) => file.type === 'chunk' && file.code.length > 0));
    assert.deepEqual(warnings, []);
  });
});
