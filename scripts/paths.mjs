import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder of package.json, with a slash at its end. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** Things that can be made again at any time rest here; `npm ci` removes them with everything else. */
export const cache = `${root}node_modules/.cache/can-connect-session/`;

/** Where coverage is written: one folder for each half, and the merged report beside them. */
export const coverage = `${root}coverage/`;

/**
 * A folder of its own in the cache, made if it is missing.
 * @param {string} name
 */
export function cacheFolder(name) {
  const folder = `${cache}${name}/`;
  mkdirSync(folder, { recursive: true });
  return folder;
}
