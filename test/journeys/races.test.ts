import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import QUnit from 'qunit';

/** The full proof is `npm run test:soak`. */
const rounds = Number(process.env.RACES ?? 5);
const secret = 'a secret of more than thirty-two bytes';
const app = fileURLToPath(new URL('support/app.ts', import.meta.url));

interface App {
  readonly url: string;
  stop(): void;
}

async function start(store: string): Promise<App> {
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', app, store, secret], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stop = () => void child.kill('SIGKILL');
  process.once('exit', stop);
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const url = await new Promise<string>((resolve, reject) => {
    lines.once('line', resolve);
    child.once('exit', () => reject(new Error('The app did not start.')));
  });
  return { url, stop };
}

async function signIn(url: string): Promise<string> {
  const answer = await fetch(`${url}/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"username":"ann","password":"x"}',
  });
  return ((await answer.json()) as { token: string }).token;
}

/** Status and body of one call. */
async function call(url: string, token: string, method = 'POST') {
  const answer = await fetch(url, { method, headers: { authorization: `Bearer ${token}` } });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) };
}

/** How many apps share a store, and what they are told of it. */
const settings: readonly (readonly [string, (folder: string) => string, number])[] = [
  ['the memory store', () => 'memory', 1],
  ['SQLite', (folder) => join(folder, 'sessions.sqlite'), 1],
  ['SQLite shared by two processes', (folder) => join(folder, 'shared.sqlite'), 2],
];

for (const [name, where, processes] of settings) {
  QUnit.module(`journeys › races over HTTP on ${name}`, (hooks) => {
    const folder = mkdtempSync(join(tmpdir(), 'races-'));
    let apps: App[] = [];

    hooks.beforeEach(async () => {
      apps = [];
      // One after the other, so that the first makes the tables.
      for (let index = 0; index < processes; index += 1) apps.push(await start(where(folder)));
    });
    hooks.afterEach(() => {
      for (const { stop } of apps) stop();
    });
    hooks.after(() => rmSync(folder, { recursive: true, force: true }));

    const at = (index: number) => apps[index % processes]?.url ?? '';

    QUnit.test(
      `ten requests at once that each set a key keep ten of ten, ${rounds} times`,
      async (assert) => {
        const keys = [...'abcdefghij'];
        const here = keys.length / processes;
        for (let round = 0; round < rounds; round += 1) {
          const token = await signIn(at(0));
          const answers = await Promise.all(
            keys.map((key, index) => call(`${at(index)}/set?round=${round}&key=${key}&gate=${here}`, token)),
          );
          const { body } = await call(`${at(0)}/session`, token, 'GET');
          assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
          assert.deepEqual(Object.keys(body.session.data).sort(), keys);
        }
      },
    );

    QUnit.test(
      `a slow request that ends after the sign-out revives nobody, ${rounds} times`,
      async (assert) => {
        for (let round = 0; round < rounds; round += 1) {
          const token = await signIn(at(0));
          const slow = call(`${at(0)}/slow?round=${round}`, token);
          await call(`${at(0)}/slow-has-read?round=${round}`, token);
          assert.equal((await call(`${at(1)}/session`, token, 'DELETE')).status, 204);
          await call(`${at(0)}/go?round=${round}`, token);
          assert.deepEqual(await slow, { status: 401, body: { code: 'session/not-found' } });
          for (let index = 0; index < processes; index += 1) {
            assert.equal((await call(`${at(index)}/session`, token, 'GET')).status, 401);
          }
        }
      },
    );
  });
}
