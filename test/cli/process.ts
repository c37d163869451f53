import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../support/repository.js';

const command = [
  '--import',
  pathToFileURL(join(root, 'node_modules/tsx/dist/loader.mjs')).href,
  join(root, 'src/server/cli.ts'),
];

export interface Exit {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly process: ChildProcess;
  /** The first line that matches, from standard output. Rejects when the process ends without it. */
  line(pattern: RegExp): Promise<RegExpExecArray>;
  readonly exit: Promise<Exit>;
}

export interface StartOptions {
  readonly cwd?: string;
  /** Packages that this machine does not have. */
  readonly without?: readonly string[];
  /** Besides the environment of the tests. */
  readonly env?: { readonly [name: string]: string };
}

/** Starts the command from its source, as a process of its own, in a directory. */
export function start(
  args: readonly string[],
  input = '',
  { cwd = root, without = [], env = {} }: StartOptions = {},
): Running {
  const missing = without.flatMap((name) => ['--import', hiding(name)]);
  const child = spawn(process.execPath, [...missing, ...command, ...args], {
    stdio: 'pipe',
    cwd,
    env: { ...process.env, ...env },
  });
  let stdout = '';
  let stderr = '';
  const watchers = new Set<() => void>();
  child.stdout.on('data', (data) => {
    stdout += data;
    for (const watch of watchers) watch();
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  // A process that refuses its options does not wait for its input.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const exit = new Promise<Exit>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return {
    process: child,
    exit,
    line(pattern) {
      return new Promise((resolve, reject) => {
        const watch = (): void => {
          const match = pattern.exec(stdout);
          if (match === null) return;
          watchers.delete(watch);
          resolve(match);
        };
        watchers.add(watch);
        watch();
        exit.then(() => reject(new Error(`ended without ${pattern}: ${stderr}`)));
      });
    },
  };
}

/** A module that makes another look as if it were not installed. */
function hiding(name: string): string {
  const hook = `export async function resolve(specifier, context, next) {
    if (specifier === '${name}') throw new Error('not installed');
    return next(specifier, context);
  }`;
  const url = `data:text/javascript,${encodeURIComponent(hook)}`;
  const register = `import { register } from 'node:module'; register(${JSON.stringify(url)});`;
  return `data:text/javascript,${encodeURIComponent(register)}`;
}

/** Files of one test, in a directory of their own. */
export async function withFiles<T>(
  files: { readonly [name: string]: { readonly content: string | Uint8Array; readonly mode?: number } },
  run: (path: (name: string) => string) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'can-connect-session-'));
  try {
    for (const [name, { content, mode = 0o600 }] of Object.entries(files)) {
      await writeFile(join(directory, name), content, { mode });
    }
    return await run((name) => join(directory, name));
  } finally {
    await rm(directory, { recursive: true });
  }
}
