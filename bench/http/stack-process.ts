import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { note } from '../report.js';
import type { Dialect, FromStack, ToStack, Usage } from './stack.js';

/** A stack that listens. */
export interface Running {
  readonly name: string;
  readonly port: number;
  readonly dialect: Dialect;
  usage(): Promise<Usage>;
}

const root = new URL('../../', import.meta.url);
/** Below the root, so that the packages are found from there. */
const folder = fileURLToPath(new URL('dist/.build/bench-http/', root));
const longestStart = 20_000;

const children = new Set<ChildProcess>();

export function stopAll(): void {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
}

/** Compiled once, so that no stack runs below a loader. */
export async function compile(): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  await build({
    entryPoints: [fileURLToPath(new URL('server.ts', import.meta.url))],
    outdir: folder,
    // Not `.js`: scripts/prune.mjs removes from dist what no source has made.
    outExtension: { '.js': '.mjs' },
    bundle: true,
    // Each stack stays apart, to be loaded by its own process alone.
    splitting: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'error',
  });
}

/**
 * Starts one stack; `undefined` = it is not there, and that was said.
 *
 * @param processor what runs a command on the processor of the servers: `['taskset', '-c', '0']`, or nothing
 */
export async function start(name: string, processor: readonly string[]): Promise<Running | undefined> {
  const [command = process.execPath, ...args] = [
    ...processor,
    process.execPath,
    join(folder, 'server.mjs'),
    name,
  ];
  const child = spawn(command, args, {
    // What a stack prints is not what `--json` promises.
    stdio: ['ignore', 2, 2, 'ipc'],
    env: { ...process.env, NODE_ENV: 'production', NODE_OPTIONS: '', BENCH_ROOT: root.href },
  });
  children.add(child);
  const first = await answer(child, name);
  if (first.type === 'missing') {
    note(`${name} is left out: ${first.reason}`);
    stop(child);
    return undefined;
  }
  if (first.type !== 'ready') throw new Error(`${name} answered out of turn.`);
  return {
    name,
    port: first.port,
    dialect: first.dialect,
    async usage() {
      const asked: ToStack = { type: 'usage' };
      child.send(asked);
      const usage = await answer(child, name);
      if (usage.type !== 'usage') throw new Error(`${name} answered out of turn.`);
      return usage;
    },
  };
}

function stop(child: ChildProcess): void {
  child.kill('SIGKILL');
  children.delete(child);
}

async function answer(child: ChildProcess, name: string): Promise<FromStack> {
  const over = new AbortController();
  const { signal } = over;
  try {
    return await Promise.race([
      once(child, 'message', { signal }).then(([message]) => message as FromStack),
      once(child, 'exit', { signal }).then(([code]) => {
        throw new Error(`${name} ended with ${code}.`);
      }),
      new Promise<never>((_, reject) => {
        const timer = setTimeout(() => reject(new Error(`${name} does not answer.`)), longestStart);
        signal.addEventListener('abort', () => clearTimeout(timer));
      }),
    ]);
  } finally {
    over.abort();
  }
}
