import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../../scripts/paths.mjs';

export interface Demo {
  /** Where it listens: scheme, host and port. */
  readonly url: string;
  /** Ends it as an operator would. Resolves with its exit code. */
  stop(): Promise<number | null>;
  /** Ends it as a crash would: `kill -9`. */
  crash(): Promise<number | null>;
}

export interface DemoOptions {
  readonly port?: string;
  /** Where its sessions rest. Default: a folder of its own, removed afterwards. */
  readonly data?: string;
}

/** Resolves when `npm run demo` would have said that it listens; rejects with what it said when it ends instead. */
export async function startDemo({ port = '0', data = temporaryFolder() }: DemoOptions = {}): Promise<Demo> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'demo/server.ts'], {
    cwd: root,
    env: { ...process.env, PORT: port, DEMO_DATA: data },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // However the tests end, it does not outlive them.
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  let output = '';
  const exit = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      process.off('exit', kill);
      resolve(code);
    });
  });
  const url = await new Promise<string>((resolve, reject) => {
    const read = (data: Buffer) => {
      output += data;
      const [, found] = /is at (http:\/\/\S+)\n/.exec(output) ?? [];
      if (found !== undefined) resolve(found);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    exit.then((code) => reject(new Error(`exit ${code}: ${output}`)));
  });
  return {
    url,
    stop() {
      child.kill('SIGTERM');
      return exit;
    },
    crash() {
      kill();
      return exit;
    },
  };
}

const folders: string[] = [];
process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'demo-'));
  folders.push(folder);
  return folder;
}
