import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromiumFlags, describe, findChromium } from './scripts/chromium.mjs';
import { forgetCounters, saveCounters } from './scripts/coverage.mjs';
import { instrumentPlugin } from './scripts/instrument.mjs';
import { root } from './scripts/paths.mjs';
import { saveResult } from './scripts/results.mjs';
import { scriptedHandler, startSecondOrigin } from './test/support/scripted-handler.js';
import { startLiveHost } from './test/support/start-live-host.js';

// Karma `require`s this file: no top-level await here, nor in anything that it imports.

/** Leaves the counts and the coverage behind for scripts/test.mjs. */
const resultReporter = {
  adapters: [],

  onBrowserComplete(_browser, { coverage } = {}) {
    if (coverage) saveCounters('browser', coverage);
  },

  onRunComplete(_browsers, { success = 0, failed = 0, skipped = 0, error = false }) {
    // An error outside of any test fails the run without failing a test.
    const failures = error && failed === 0 ? 1 : failed;
    console.log(`browser: ${success} passed, ${failures} failed, ${skipped} skipped`);
    saveResult('browser', { passed: success, failed: failures, skipped });
  },
};

/** `npx karma start -- FILE…` runs only those. (Karma itself hears what follows `--` in `karma run` only.) */
function testFiles() {
  const dashes = process.argv.indexOf('--');
  const named = dashes === -1 ? [] : process.argv.slice(dashes + 1);
  return named.length > 0 ? named : ['test/client/**/*.test.ts'];
}

/** karma-esbuild and Chromium leave files in the temporary folder: give them one that is removed. */
function useOwnTemporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'karma-'));
  process.env.TMPDIR = folder;
  process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
}

export default async (config) => {
  const found = await findChromium();
  console.log(describe(found));
  process.env.CHROME_BIN = found.executablePath;
  Object.assign(process.env, found.env);
  useOwnTemporaryFolder();

  const files = testFiles();
  // Not to be read from `config`, where false is the default too.
  const watching = process.argv.includes('--no-single-run');
  // What coverage writes would start the next run of a watch.
  const counting = !watching;
  if (counting) forgetCounters('browser');

  config.set({
    basePath: root,
    plugins: [
      'karma-qunit',
      'karma-chrome-launcher',
      'karma-esbuild',
      { 'middleware:scripted': ['value', scriptedHandler], 'reporter:result': ['value', resultReporter] },
    ],
    frameworks: ['qunit'],
    beforeMiddleware: ['scripted'],
    files,
    exclude: ['coverage/**', 'dist/**', 'demo/dist/**'],
    preprocessors: Object.fromEntries(files.map((pattern) => [pattern, ['esbuild']])),
    esbuild: {
      target: 'es2022',
      bundleDelay: 50,
      // `sideEffects: false` in package.json is true of src, not of the tests: it would drop them all.
      ignoreAnnotations: true,
      define: { 'process.env.NODE_ENV': '"development"', global: 'globalThis' },
      // The package by its own name, from source: the guide's files and the demo import it that way.
      alias: {
        qunit: `${root}test/support/qunit-global.js`,
        'can-connect-session/live': `${root}src/client/parts/live.ts`,
        'can-connect-session': `${root}src/index.ts`,
      },
      plugins: counting ? [instrumentPlugin] : [],
    },
    client: {
      secondOrigin: await startSecondOrigin(),
      liveOrigin: await startLiveHost(),
      clearContext: false,
      qunit: { testTimeout: 10_000, showUI: watching },
    },
    reporters: ['dots', 'result'],
    browsers: ['Headless'],
    customLaunchers: { Headless: { base: 'ChromeHeadless', flags: chromiumFlags } },
    hostname: '127.0.0.1',
    listenAddress: '127.0.0.1',
    captureTimeout: 20_000,
    logLevel: config.LOG_WARN,
    singleRun: !watching,
    autoWatch: watching,
  });
  return config;
};
