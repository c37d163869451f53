// Runs test files in this process: node --import tsx scripts/qunit.mjs FILE… The TAP reporter of QUnit prints a line for
// every test; this one prints what went wrong and a total.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import QUnit from 'qunit';
import { root } from './paths.mjs';
import { saveResult } from './results.mjs';

const part = process.env.TEST_PART ?? 'node';
const verbose = process.env.TEST_VERBOSE !== undefined;
const started = performance.now();

// A run that dies half-way must not look like a good one.
process.exitCode = 1;

/** @param {string} text */
const indent = (text) => text.replaceAll(/^/gm, '    ').replaceAll(root, '');

/** @param {{ message?: string, stack?: string, actual?: unknown, expected?: unknown }} error */
function explain({ message, stack, actual, expected }) {
  const lines = [message ?? 'failed'];
  if (expected !== undefined || actual !== undefined) {
    lines.push(`expected: ${QUnit.dump.parse(expected)}`, `actual:   ${QUnit.dump.parse(actual)}`);
  }
  if (stack && !stack.startsWith(String(message))) lines.push(stack);
  else if (stack) lines[0] = stack;
  return indent(lines.join('\n'));
}

QUnit.config.autostart = false;
QUnit.config.testTimeout = Number(process.env.TEST_TIMEOUT ?? 30_000);
// The built-in reporters are for a page.
QUnit.config.reporters = { ...QUnit.config.reporters, tap: false, console: false };

QUnit.on('error', (error) =>
  console.log(`\n✗ outside of any test\n${indent(error.stack ?? String(error))}\n`),
);
QUnit.on('testEnd', ({ fullName, status, errors, runtime }) => {
  if (verbose)
    console.log(`${status === 'failed' ? '✗' : '✓'} ${fullName.join(' › ')} (${Math.round(runtime)} ms)`);
  if (status !== 'failed') return;
  console.log(`\n✗ ${fullName.join(' › ')}`);
  for (const error of errors) console.log(explain(error));
});
QUnit.on('runEnd', ({ testCounts: { passed, failed, skipped, todo } }) => {
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${part}: ${passed} passed, ${failed} failed, ${skipped + todo} skipped in ${seconds} s`);
  saveResult(part, { passed, failed, skipped: skipped + todo });
  process.exitCode = failed > 0 ? 1 : 0;
});

process.on('uncaughtException', (error) => QUnit.onUncaughtException(error));
process.on('unhandledRejection', (reason) => QUnit.onUncaughtException(reason));

for (const file of process.argv.slice(2)) {
  try {
    await import(pathToFileURL(resolve(file)).href);
  } catch (error) {
    QUnit.onUncaughtException(new Error(`${file} could not be loaded`, { cause: error }));
    console.log(indent(error instanceof Error ? (error.stack ?? error.message) : String(error)));
  }
}
QUnit.start();
