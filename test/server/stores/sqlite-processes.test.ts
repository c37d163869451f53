import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import QUnit from 'qunit';
import type { SessionStore } from '../../../src/server/core/store.js';
import { start } from '../../../src/testing/store-kit.js';
import { root } from '../../support/repository.js';
import { driverName, openDatabase } from './sqlite-driver.js';
import { newFile, openStore, removeFiles } from './sqlite-files.js';

function startWorker(...args: readonly string[]): ChildProcess {
  const worker = join(root, 'test/server/stores/sqlite-worker.ts');
  return spawn(process.execPath, ['--import', 'tsx', worker, ...args], { cwd: root, stdio: 'pipe' });
}

/** What a worker says last, when it has ended well. */
async function answerOf(worker: ChildProcess): Promise<unknown[]> {
  let stdout = '';
  let stderr = '';
  worker.stdout?.on('data', (data) => {
    stdout += data;
  });
  worker.stderr?.on('data', (data) => {
    stderr += data;
  });
  const [code] = await once(worker, 'close');
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout.split('\n').at(-2) ?? '');
}

const work = (...args: readonly string[]) => answerOf(startWorker(...args));

/** The answers of processes that all set out when the last is ready. */
async function workTogether(all: readonly (readonly string[])[]): Promise<unknown[][]> {
  const workers = all.map((args) => startWorker(...args));
  const answers = workers.map(answerOf);
  const ready = workers.map((worker) => worker.stdout && once(worker.stdout, 'data'));
  await Promise.race([Promise.all(ready), Promise.all(answers)]);
  for (const worker of workers) worker.stdin?.write('go');
  return Promise.all(answers);
}

/** Kills a writer without a warning as soon as it has confirmed so many steps. What it confirmed, step by step. */
async function killWriterAfter(steps: number, file: string): Promise<string[]> {
  const writer = startWorker(file, 'w', 'write');
  let stdout = '';
  writer.stdout?.on('data', (data) => {
    stdout += data;
    if (stdout.split('\n').length > steps) writer.kill('SIGKILL');
  });
  const [, signal] = await once(writer, 'close');
  if (signal !== 'SIGKILL') throw new Error(`The writer ended by itself: ${signal}.`);
  // The last line may be half a line; its step was confirmed to nobody.
  return stdout.split('\n').slice(0, -1);
}

async function queued(store: SessionStore): Promise<string[]> {
  const { ended } = await store.ended.since('0', 10_000);
  return ended.map(({ record }) => record.id);
}

QUnit.module(`server/stores/sqlite on ${driverName} › processes`, (hooks) => {
  hooks.after(removeFiles);

  QUnit.test('start together on a file that is not there yet', async (assert) => {
    const file = newFile();
    const answers = await Promise.all(['a', 'b', 'c'].map((name) => work(file, name, 'create', '20')));
    const created = answers.flat().filter((each) => each === true);
    assert.equal(created.length, 20, 'each session was created by one of them');
  });

  QUnit.test('lose no update, sweep each session once and claim each end once', async (assert) => {
    const file = newFile();
    await work(file, 'a', 'create', '200');
    const names = ['a', 'b', 'c'];
    const answers = await workTogether(names.map((name) => [file, name, 'all', '300']));
    const store = openStore(file);
    const shared = await store.get('shared');
    assert.deepEqual(shared?.data, { a: 300, b: 300, c: 300 });
    assert.equal(shared?.version, 901);
    assert.equal(
      answers.reduce((sum, [swept]) => sum + Number(swept), 0),
      200,
    );
    const claimed = answers.flatMap(([, ids]) => ids as string[]);
    assert.deepEqual(
      claimed.sort(),
      Array.from({ length: 200 }, (_, index) => `due-${index}`).sort(),
      'each end went to one process',
    );
    assert.deepEqual(await store.ended.claim('d', 10, 1, start + 1e6), [], 'and none is left');
    await store.close();
  });

  for (const steps of [1, 150]) {
    QUnit.test(`keep what a writer confirmed before kill -9, after ${steps} steps`, async (assert) => {
      const file = newFile();
      const confirmed = await killWriterAfter(steps, file);
      assert.true(confirmed.length >= steps);
      const store = openStore(file);
      const over = new Set(await queued(store));
      for (const step of confirmed) {
        const [what, id = ''] = step.split(' ');
        const record = await store.get(id);
        if (record === undefined) assert.true(over.has(id), `${id} is where sessions go that are over`);
        else assert.true(what === 'created' || record.version === 2, `${step}: version ${record.version}`);
        if (what === 'destroyed') assert.strictEqual(record, undefined, step);
      }
      await store.close();
      const db = openDatabase(file);
      const checked = db.prepare('PRAGMA integrity_check').get() as { integrity_check: string };
      assert.equal(checked.integrity_check, 'ok');
      const both = db.prepare(
        'SELECT count(*) AS n FROM can_connect_sessions JOIN can_connect_ended USING (id)',
      );
      assert.equal((both.get() as { n: number }).n, 0, 'no session is here and there');
      db.close();
    });
  }
});
