// What `npm test` runs: every step, whatever the ones before it said; then the coverage of both halves; then one line.
// `node scripts/test.mjs node|sqlite|browser|journeys [FILE…]` runs one part, or only the files named; `soak` the long proofs.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { forgetCounters, reportCoverage } from './coverage.mjs';
import { filesIn } from './files.mjs';
import { npmEnvironment, runNpm } from './npm.mjs';
import { root } from './paths.mjs';
import { prune } from './prune.mjs';
import { forgetResult, readResult } from './results.mjs';

const TEST_FILE = /\.test\.ts$/;
const NODE_FOLDERS = ['protocol', 'server', 'testing', 'cli', 'package', 'support'];

const total = { passed: 0, failed: 0, skipped: 0 };
/** Steps that failed without a failing test to show for it. @type {string[]} */
const broken = [];

/** @param {string} text */
const heading = (text) => console.log(`\n── ${text} ${'─'.repeat(Math.max(3, 90 - text.length))}`);

/**
 * @param {string} command
 * @param {string[]} args
 * @param {Record<string, string>} [env]
 */
function run(command, args, env = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  if (error) console.error(error.message);
  return status === 0;
}

/** @param {string} name @param {string[]} args the script of a package's bin, and its arguments */
function tool(name, args) {
  heading(name);
  if (!run(process.execPath, args)) broken.push(name);
}

/**
 * A step that is made of tests: counts them, and the step itself when it broke outside of them.
 * @param {string} part
 * @param {() => boolean} step
 */
function tests(part, step) {
  heading(`${part} tests`);
  forgetResult(part);
  const good = step();
  const result = readResult(part) ?? { passed: 0, failed: 0, skipped: 0 };
  for (const key of /** @type {(keyof typeof total)[]} */ (Object.keys(total))) total[key] += result[key];
  if (!good && result.failed === 0) broken.push(`${part} tests`);
}

/** @param {string} part @param {string[]} files @param {boolean} counting */
function inNode(part, files, counting) {
  if (files.length === 0) return console.log(`There are no ${part} tests yet.`);
  tests(part, () => {
    const count = counting ? ['--import', './scripts/count.mjs'] : [];
    return run(process.execPath, ['--import', 'tsx', ...count, 'scripts/qunit.mjs', ...files], {
      TEST_PART: part,
    });
  });
}

/** @type {Record<string, (named: string[]) => void>} */
const parts = {
  node(named) {
    forgetCounters('node');
    const all = NODE_FOLDERS.flatMap((folder) => filesIn(`test/${folder}`, TEST_FILE));
    inNode('node', named.length > 0 ? named : all, true);
  },
  /** The SQLite store once more, on the driver that Node itself has from 22.13. npm knows a Node that is new enough. */
  sqlite(named) {
    const files = named.length > 0 ? named : filesIn('test', /sqlite[^/]*\.test\.ts$/);
    const args = ['--import', 'tsx', 'scripts/qunit.mjs', ...files];
    const env = { TEST_PART: 'sqlite', SQLITE_DRIVER: 'node:sqlite' };
    if (isBuiltin('node:sqlite')) tests('sqlite', () => run(process.execPath, args, env));
    else if (process.env.OFFLINE) {
      heading('sqlite tests');
      console.log('Skipped, since OFFLINE is set: they need Node 24 from npm for node:sqlite.');
      total.skipped += 1;
    } else {
      const node = ['exec', '--yes', '--package=node@24', '--', 'node'];
      const settings = { stdio: /** @type {const} */ ('inherit'), env: { ...npmEnvironment(), ...env } };
      tests('sqlite', () => runNpm([...node, ...args], settings).status === 0);
    }
  },
  browser(named) {
    if (filesIn('test/client', TEST_FILE).length === 0) return console.log('There are no browser tests yet.');
    const files = named.length > 0 ? ['--', ...named] : [];
    tests('browser', () => run(process.execPath, ['node_modules/karma/bin/karma', 'start', ...files]));
  },
  journeys(named) {
    inNode('journeys', named.length > 0 ? named : filesIn('test/journeys', TEST_FILE), false);
  },
};

/** The long proofs in full: ten times the random sequences on every store, races and schedules again and again. */
function soak() {
  const named =
    /(?:memory|sqlite|simple|express-session-from|examples|races|interleavings|rotations|programs|convergence|targets|transformation)[^/]*\.test\.ts$/;
  const folders = ['test/server/stores', 'test/server/http', 'test/server/live', 'test/journeys'];
  const proofs = folders.flatMap((folder) => filesIn(folder, named));
  const runs = { MODEL_RUNS: '1500', RACES: '50', DOCUMENT_RUNS: '10000', LIVE_RUNS: '10000' };
  const env = { TEST_PART: 'soak', ...runs, TEST_TIMEOUT: '1800000' };
  tests('soak', () => run(process.execPath, ['--import', 'tsx', 'scripts/qunit.mjs', ...proofs], env));
}

function build() {
  prune();
  tool('build and types', ['node_modules/typescript/bin/tsc', '-b']);
}

async function everything() {
  tool('lint', ['node_modules/@biomejs/biome/bin/biome', 'check', '.']);
  build();
  for (const part of Object.values(parts)) part([]);
  if (existsSync(`${root}bench/size.ts`)) {
    heading('size');
    if (runNpm(['run', '-s', 'size'], { stdio: 'inherit' }).status !== 0) broken.push('size');
  }
  heading('coverage of both halves (details: coverage/index.html)');
  await reportCoverage().catch((error) => {
    console.error(error);
    broken.push('coverage');
  });
}

/** The last lines, and whether all is well. */
function conclude() {
  const nothing = total.passed + total.failed === 0;
  console.log('');
  if (broken.length > 0) console.log(`Failed: ${broken.join(', ')}`);
  if (nothing) console.log('No test was run.');
  if (total.skipped > 0) console.log(`${total.skipped} skipped`);
  const failed = total.failed + broken.length;
  console.log(`${total.passed} passed, ${failed} failed`);
  return failed === 0 && !nothing;
}

const [name, ...named] = process.argv.slice(2);
const part = name === undefined ? undefined : parts[name];
if (name === undefined) await everything();
else if (name === 'soak') soak();
else if (part) {
  // Journeys go through what ships.
  if (name === 'journeys') build();
  part(named);
} else console.error(`There is no part ${name}; there are ${Object.keys(parts).join(', ')}.`);
process.exitCode = conclude() ? 0 : 1;
