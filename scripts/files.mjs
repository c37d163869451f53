import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.mjs';

/**
 * Absolute paths of all files below a folder of the repository whose name fits, in order; none if there is no such folder.
 * @param {string} folder
 * @param {RegExp} name
 */
export function filesIn(folder, name) {
  const start = join(root, folder);
  if (!existsSync(start)) return [];
  return readdirSync(start, { recursive: true, encoding: 'utf8' })
    .filter((file) => name.test(file))
    .map((file) => join(start, file))
    .sort();
}
