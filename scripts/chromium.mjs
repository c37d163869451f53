import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cacheFolder, root } from './paths.mjs';

/**
 * @typedef {object} Found
 * @property {string} executablePath
 * @property {Record<string, string>} env what the browser needs in its environment, beside ours
 * @property {string} from where it was found, for people
 */

/** Debian's `chromium-headless-shell` is a script that does not `exec`: who kills it leaves the browser running. */
const DEBIAN_HEADLESS = '/usr/lib/chromium/chromium-headless-shell';

const COMMANDS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

const APPLICATIONS = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  ...[process.env.PROGRAMFILES, process.env['PROGRAMFILES(X86)'], process.env.LOCALAPPDATA].map((folder) =>
    folder ? join(folder, 'Google/Chrome/Application/chrome.exe') : '',
  ),
];

/** Flags every browser of ours is started with. Root must give up the sandbox; it opens nothing but our own pages. */
export const chromiumFlags = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
];

/** @param {string[]} names */
function onPath(names) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return names
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((file) => existsSync(file));
}

/** The browser that came with `npm ci`, unpacked once. */
async function unpacked() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const manifest = `${root}node_modules/@sparticuz/chromium/package.json`;
  if (!existsSync(manifest)) return undefined;
  const { version } = JSON.parse(readFileSync(manifest, 'utf8'));
  const folder = join(cacheFolder('chromium'), version);
  if (!existsSync(folder)) await unpackInto(folder);
  return folder;
}

/** @param {string} folder */
async function unpackInto(folder) {
  console.error('No Chromium found: unpacking the one of the npm package @sparticuz/chromium (once) …');
  // It takes any existing file for a finished one, so the work is done in a folder of its own and shown when complete.
  const partial = await mkdtemp(`${folder}-`);
  const script = fileURLToPath(new URL('unpack-chromium.mjs', import.meta.url));
  // In a process of its own, for the package changes the environment on import.
  const env = { ...process.env, TMPDIR: partial, AWS_LAMBDA_JS_RUNTIME: 'nodejs22.x', NODE_OPTIONS: '' };
  await promisify(execFile)(process.execPath, [script], { env });
  await rename(partial, folder).catch(async (error) => {
    await rm(partial, { recursive: true, force: true });
    if (!existsSync(folder)) throw error; // else another run was faster
  });
}

/**
 * A Chromium to test with: the one CHROME_BIN names, one that is installed, or the one from npm.
 * @returns {Promise<Found>}
 */
export async function findChromium() {
  const named = process.env.CHROME_BIN;
  if (named) {
    if (existsSync(named)) return { executablePath: named, env: {}, from: 'CHROME_BIN' };
    throw new Error(`CHROME_BIN names ${named}, but there is no such file.`);
  }
  const installed = [DEBIAN_HEADLESS, onPath(COMMANDS), ...APPLICATIONS].find(
    (file) => file && existsSync(file),
  );
  if (installed) return { executablePath: installed, env: {}, from: 'this computer' };
  const folder = await unpacked();
  if (folder) {
    return {
      executablePath: join(folder, 'chromium'),
      env: {
        LD_LIBRARY_PATH: [join(folder, 'al2023', 'lib'), process.env.LD_LIBRARY_PATH]
          .filter(Boolean)
          .join(':'),
        ...(existsSync('/etc/fonts') ? {} : { FONTCONFIG_PATH: join(folder, 'fonts') }),
      },
      from: 'npm package @sparticuz/chromium',
    };
  }
  throw new Error(
    'No Chromium found. Install one (Debian: apt-get install chromium-headless-shell) or let CHROME_BIN name it.',
  );
}

/**
 * One line for people.
 * @param {Found} found
 */
export function describe({ executablePath, from }) {
  const shown = executablePath.startsWith(root) ? executablePath.slice(root.length) : executablePath;
  return `Browser: ${shown} (${from})`;
}

/**
 * Starts it, driven by playwright-core. The caller closes it.
 * @param {import('playwright-core').LaunchOptions} [options]
 */
export async function launchChromium(options = {}) {
  const [{ chromium }, found] = await Promise.all([import('playwright-core'), findChromium()]);
  return chromium.launch({
    executablePath: found.executablePath,
    env: { ...process.env, ...found.env },
    args: chromiumFlags,
    ...options,
  });
}
