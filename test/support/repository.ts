import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesIn } from '../../scripts/files.mjs';
import { runNpm } from '../../scripts/npm.mjs';
import { root } from '../../scripts/paths.mjs';

export { root };

/** All TypeScript below src: path below src, text. */
export function sources(): Map<string, string> {
  const start = join(root, 'src/');
  return new Map(
    filesIn('src', /\.ts$/).map((file) => [file.slice(start.length), readFileSync(file, 'utf8')]),
  );
}

export interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

export const manifest: Manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Files that are committed or about to be. */
export function committedFiles(): string[] {
  return execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\n')
    .filter((file) => file !== '' && existsSync(join(root, file)));
}

const promisedFiles = [...Object.values(manifest.exports), ...Object.values(manifest.bin)].flatMap(
  (target) => (typeof target === 'string' ? [target] : Object.values(target)),
);

let built = false;

/** Brings dist up to date, once. Throws what the compiler says when a file is missing that package.json promises. */
export function ensureBuilt(): void {
  if (built) return;
  const { stdout, stderr } = runNpm(['run', '-s', 'build'], { encoding: 'utf8' });
  const missing = promisedFiles.filter((file) => !existsSync(join(root, file)));
  if (missing.length > 0) throw new Error(`The build made no ${missing.join(', ')}:\n${stdout}${stderr}`);
  built = true;
}

/** Runs a module in a plain Node process, without a window and without any loader, and gives the JSON that it prints. */
export function inPlainNode(script: string): unknown {
  const env = { ...process.env, NODE_OPTIONS: '' };
  const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: root,
    env,
    encoding: 'utf8',
    // What keeps itself alive is ended, and fails.
    timeout: 20_000,
  });
  return JSON.parse(printed);
}
