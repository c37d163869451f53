// Runs before `npm start` and `npm test`, on a fresh clone too: nothing but Node itself may be imported here.
import { readFileSync } from 'node:fs';
import { runNpm } from './npm.mjs';
import { root } from './paths.mjs';

/** What the development tools ask for; the package itself is content with less (`engines`). */
const NEEDED = [20, 19];

function nodeIsTooOld() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1]);
}

/** @param {string} file */
function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(root + file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/**
 * Why an installation is needed, or undefined. The two lock files are compared by what they say: their dates change with
 * every check-out and every restored cache.
 */
function reason() {
  const asked = packagesOf('package-lock.json');
  const found = packagesOf('node_modules/.package-lock.json');
  if (found === undefined) return 'nothing is installed yet';
  for (const [path, { version, optional, devOptional }] of Object.entries(asked)) {
    if (path === '' || (found[path] === undefined && (optional || devOptional))) continue;
    if (found[path]?.version !== version) return `${path} is not at version ${version}`;
  }
  const extra = Object.keys(found).find((path) => asked[path] === undefined);
  return extra && `${extra} is no longer asked for`;
}

function main() {
  if (nodeIsTooOld()) {
    console.error(`This needs Node ${NEEDED.join('.')} or newer; here is Node ${process.versions.node}.`);
    return 1;
  }
  const why = reason();
  if (why === undefined) return 0;
  console.log(`Installing dependencies with npm ci (${why}) …`);
  const { status, error } = runNpm(['ci', '--include=dev', '--no-audit', '--no-fund'], { stdio: 'inherit' });
  if (error) console.error(`npm could not be started: ${error.message}`);
  return status ?? 1;
}

process.exitCode = main();
