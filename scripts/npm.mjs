import { spawnSync } from 'node:child_process';
import { root } from './paths.mjs';

/**
 * A script that npm started finds npm's own settings in its environment. Those that would change what an inner npm does
 * (`--dry-run`, `--global`, `--omit=dev`, `--prefix` …) are for the outer one only.
 */
const outerSettings =
  /^npm_config_(dry_run|global|location|omit|only|include|production|prefix|local_prefix|workspaces?|include_workspace_root|package_lock_only|ignore_scripts|json|silent|loglevel)$/i;

/** The environment for an inner npm. */
export function npmEnvironment() {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !outerSettings.test(name) && name !== 'NODE_ENV'),
  );
}

/**
 * Runs npm in the root of the repository: the npm that started us if there is one, else the one on the PATH.
 * @param {string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 */
export function runNpm(args, options = {}) {
  const cli = process.env.npm_execpath;
  const own = cli?.endsWith('.js');
  return spawnSync(own ? process.execPath : 'npm', own ? [cli, ...args] : args, {
    cwd: root,
    env: npmEnvironment(),
    shell: !own && process.platform === 'win32',
    ...options,
  });
}
