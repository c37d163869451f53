import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { npmEnvironment, runNpm } from '../../scripts/npm.mjs';
import { cacheFolder, root } from '../../scripts/paths.mjs';
import { manifest } from './repository.js';

export interface Tarball {
  readonly path: string;
  /** Paths inside the package. */
  readonly files: readonly string[];
}

/** What would be published. */
export function pack(): Tarball {
  const folder = cacheFolder('pack');
  const { stdout, stderr, status } = runNpm(
    ['pack', '--ignore-scripts', '--json', '--pack-destination', folder],
    { encoding: 'utf8', env: { ...npmEnvironment(), NODE_OPTIONS: '' } },
  );
  if (status !== 0) throw new Error(`npm pack failed:\n${stderr}`);
  // npm 11 prints a list, npm 12 an object with the name of the package as its key.
  const [packed] = Object.values<{ filename: string; files: { path: string }[] }>(JSON.parse(String(stdout)));
  if (packed === undefined) throw new Error('npm pack packed nothing.');
  return { path: join(folder, packed.filename), files: packed.files.map(({ path }) => path) };
}

/**
 * A folder in which the packed package is installed. It lies inside node_modules, so its dependencies resolve to those of
 * the repository without a network; the package itself resolves to the unpacked tarball.
 */
export function installInto(name: string, tarball: Tarball): string {
  const folder = cacheFolder(name);
  rmSync(folder, { recursive: true, force: true });
  const installed = join(folder, 'node_modules', manifest.name);
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xzf', tarball.path, '--strip-components=1', '-C', installed]);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }');
  const from = join(root, 'test/package/consumer');
  for (const file of readdirSync(from)) copyFileSync(join(from, file), join(folder, file));
  return folder;
}

/** What a strict TypeScript project says of these files; empty when it is content. */
export function typeErrors(folder: string, options: object, files: readonly string[]): string {
  const config = join(folder, 'tsconfig.json');
  const compilerOptions = {
    target: 'es2022',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
    types: [],
    lib: ['es2022', 'dom', 'dom.iterable'],
    ...options,
  };
  writeFileSync(config, JSON.stringify({ compilerOptions, files }));
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-p', config],
    { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } },
  );
  return `${stdout}${stderr}`.trim();
}
