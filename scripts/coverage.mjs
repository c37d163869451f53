import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import coverageLibrary from 'istanbul-lib-coverage';
import reportLibrary from 'istanbul-lib-report';
import sourceMaps from 'istanbul-lib-source-maps';
import reports from 'istanbul-reports';
import { filesIn } from './files.mjs';
import { instrument, isCounted } from './instrument.mjs';
import { coverage, root } from './paths.mjs';

/** Raw counters of one run: `<half>/<anything>.json` in the folder of coverage. */
const HALVES = ['browser', 'node'];

/**
 * Forgets what an earlier run of this half counted.
 * @param {string} half
 */
export function forgetCounters(half) {
  rmSync(coverage + half, { recursive: true, force: true });
}

/**
 * @param {string} half
 * @param {object} counters
 */
export function saveCounters(half, counters) {
  mkdirSync(coverage + half, { recursive: true });
  writeFileSync(`${coverage}${half}/${process.pid}.json`, JSON.stringify(counters));
}

/** The counters of all runs, and zeros for every file that none of them loaded. */
async function allCounters() {
  const map = coverageLibrary.createCoverageMap({});
  for (const path of filesIn('src', /\.ts$/).filter(isCounted)) {
    map.merge({ [path]: (await instrument(path)).counters });
  }
  for (const half of HALVES.filter((name) => existsSync(coverage + name))) {
    for (const file of readdirSync(coverage + half)) {
      map.merge(JSON.parse(readFileSync(`${coverage}${half}/${file}`, 'utf8')));
    }
  }
  return sourceMaps.createSourceMapStore().transformCoverage(map);
}

/**
 * One line for each folder of src.
 * @param {import('istanbul-lib-coverage').CoverageMap} map
 */
function summary(map) {
  /** @type {Map<string, import('istanbul-lib-coverage').CoverageSummary>} */
  const folders = new Map();
  const all = coverageLibrary.createCoverageSummary();
  for (const file of map.files()) {
    const one = map.fileCoverageFor(file).toSummary();
    const folder = dirname(file.slice(root.length));
    if (!folders.has(folder)) folders.set(folder, coverageLibrary.createCoverageSummary());
    folders.get(folder)?.merge(one);
    all.merge(one);
  }
  const rows = [...folders].sort(([a], [b]) => a.localeCompare(b));
  return [...rows, /** @type {const} */ (['all', all])].map(
    ([name, { lines, branches }]) =>
      `${name.padEnd(28)} lines ${percent(lines)}   branches ${percent(branches)}`,
  );
}

/** @param {import('istanbul-lib-coverage').Totals} totals */
function percent({ total, covered }) {
  const value = total === 0 ? '–' : `${Math.floor((covered / total) * 1000) / 10} %`;
  return `${value.padStart(7)} ${`(${covered}/${total})`.padEnd(12)}`;
}

/** Prints one summary of both halves and writes `coverage/index.html` and `coverage/lcov.info`. */
export async function reportCoverage() {
  const coverageMap = await allCounters();
  for (const line of summary(coverageMap)) console.log(line.trimEnd());
  const context = reportLibrary.createContext({ dir: coverage, coverageMap, defaultSummarizer: 'nested' });
  reports.create('html').execute(context);
  reports.create('lcovonly').execute(context);
}
