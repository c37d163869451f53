import { spawn } from 'node:child_process';
import { root } from '../../scripts/paths.mjs';

/** Starts live-host.ts. Resolves to its origin; it ends with this process. @returns {Promise<string>} */
export function startLiveHost() {
  const host = spawn(process.execPath, ['--import', 'tsx', 'test/support/live-host.ts'], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  process.once('exit', () => host.kill());
  return new Promise((resolve, reject) => {
    host.once('exit', (code) => reject(new Error(`The live host ended with ${code}.`)));
    host.stdout.on('data', (text) => {
      const [, origin] = /at (\S+)/.exec(String(text)) ?? [];
      if (origin === undefined) return;
      // Neither keeps the run alive.
      host.unref();
      /** @type {import('node:net').Socket} */ for (const stream of [host.stdin, host.stdout]) stream.unref();
      resolve(origin);
    });
  });
}
