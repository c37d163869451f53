import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { cacheFolder, root } from './paths.mjs';

/**
 * One instrumenter for the browser's tests and for Node's: only counters made from the same text in the same way can be
 * added up afterwards (src/protocol runs in both halves).
 *
 * @typedef {object} Counted
 * @property {string} code JavaScript with counters and an inline source map
 * @property {import('istanbul-lib-coverage').FileCoverageData} counters all zero: what a file is worth that no test imports
 */

/**
 * Whether a file is ours to count.
 * @param {string} path absolute
 */
export function isCounted(path) {
  return path.startsWith(`${root}src/`) && path.endsWith('.ts') && !path.endsWith('.d.ts');
}

/**
 * The counted form of a TypeScript file. It is kept: tests start many processes, and compiler and instrumenter take longer
 * to load than most of them to run.
 * @param {string} path absolute
 * @returns {Promise<Counted>}
 */
export async function instrument(path) {
  const source = await readFile(path, 'utf8');
  const hash = createHash('sha256')
    .update(await ownText)
    .update(path)
    .update(source)
    .digest('hex');
  const kept = cacheFolder('counted') + encodeURIComponent(path.slice(root.length));
  const known = await readFile(kept, 'utf8').then(JSON.parse, () => undefined);
  if (known?.hash === hash) return known;
  const made = { hash, ...(await count(source, path)) };
  // Another process may be reading.
  const partial = `${kept}.${process.pid}`;
  await writeFile(partial, JSON.stringify(made));
  await rename(partial, kept);
  return made;
}

/** A change of this file makes what is kept worthless. */
const ownText = readFile(new URL(import.meta.url), 'utf8');

/**
 * @param {string} source
 * @param {string} path
 * @returns {Promise<Counted>}
 */
async function count(source, path) {
  const { transform } = await import('esbuild');
  const { createInstrumenter } = await import('istanbul-lib-instrument');
  const { code, map } = await transform(source, {
    loader: 'ts',
    target: 'es2022',
    sourcefile: path,
    sourcemap: 'external',
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  });
  const instrumenter = createInstrumenter({ esModules: true, produceSourceMap: true, compact: false });
  const counted = instrumenter.instrumentSync(code, path, JSON.parse(map));
  const inline = Buffer.from(JSON.stringify(instrumenter.lastSourceMap())).toString('base64');
  return {
    code: `${counted}\n//# sourceMappingURL=data:application/json;base64,${inline}\n`,
    counters: instrumenter.lastFileCoverage(),
  };
}

/** The same as a plugin of esbuild. */
export const instrumentPlugin = {
  name: 'count what the tests run',
  /** @param {import('esbuild').PluginBuild} build */
  setup(build) {
    build.onLoad({ filter: /\.ts$/ }, async ({ path }) =>
      isCounted(path) ? { contents: (await instrument(path)).code, loader: 'js' } : undefined,
    );
  },
};
