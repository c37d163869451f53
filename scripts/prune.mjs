// Removes from dist what an earlier build made of files that are gone: `tsc -b` never does, and npm would publish it.
import { existsSync, rmSync } from 'node:fs';
import { filesIn } from './files.mjs';
import { root } from './paths.mjs';

const BUILT = /\.(?:d\.ts|js)(?:\.map)?$/;

export function prune() {
  const start = `${root}dist/`;
  for (const file of filesIn('dist', BUILT)) {
    const source = `${root}src/${file.slice(start.length).replace(BUILT, '.ts')}`;
    if (!existsSync(source)) rmSync(file);
  }
}

if (process.argv[1] === import.meta.filename) prune();
