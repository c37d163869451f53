import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const command = ['--import', 'tsx', 'src/server/cli.ts'];

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

/** Starts the command from its source, as a process of its own. */
export function start(args: readonly string[], input = ''): Running {
  const child = spawn(process.execPath, [...command, ...args], { stdio: 'pipe' });
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
