import { once } from 'node:events';
import type { SessionRecord, SessionStore } from '../../../src/server/core/store.js';
import { sqliteStore } from '../../../src/server/stores/sqlite.js';
import { change, never, start } from '../../../src/testing/store-kit.js';
import { openDatabase } from './sqlite-driver.js';

/** A process beside others on one file: `sqlite-worker.ts FILE NAME WHAT COUNT`. What it achieved is on standard output. */

function counter(id: string, expiresAt: number): SessionRecord {
  const clocks = { created: start, lastAccess: start, lastUpdate: start };
  const content = { uid: id, userData: {}, data: {}, labels: {} };
  return {
    id,
    version: 1,
    ...content,
    ...clocks,
    timeToLive: 0,
    ttlType: 'created',
    notAfter: never,
    expiresAt,
  };
}

/** Adds one to its own number in a session that all share, and tries until it is confirmed. */
async function add(store: SessionStore, name: string): Promise<void> {
  for (;;) {
    const record = await store.get('shared', start);
    if (record === undefined) throw new Error('The shared session is gone.');
    const numbers = Object(record.data);
    const data = { ...numbers, [name]: (numbers[name] ?? 0) + 1 };
    const { outcome } = await store.update('shared', record.version, change(record, { data }), start);
    if (outcome === 'updated') return;
    if (outcome !== 'conflict') throw new Error(outcome);
  }
}

/** Adds, sweeps and claims by turns. How many it swept, and whose ends it claimed. */
async function doAll(store: SessionStore, name: string, times: number): Promise<[number, string[]]> {
  const claimed: string[] = [];
  let swept = 0;
  for (let turn = 0; turn < times; turn += 1) {
    await add(store, name);
    swept += await store.sweep(1, start);
    for (const { entry, record } of await store.ended.claim(name, 1, 1000, start)) {
      claimed.push(record.id);
      await store.ended.ack(name, [entry]);
    }
  }
  return [swept, claimed];
}

/** Creates, updates and ends until it is killed, and says of each step that it is done after it was. */
async function writeForEver(store: SessionStore, name: string): Promise<never> {
  for (let index = 0; ; index += 1) {
    const id = `${name}-${index}`;
    const record = counter(id, never);
    await store.create(record);
    console.log(`created ${id}`);
    await store.update(id, 1, change(record, { data: index }), start);
    console.log(`updated ${id}`);
    if (index % 2 === 1) {
      await store.destroy(id, 'signed-out', start);
      console.log(`destroyed ${id}`);
    }
  }
}

async function main([file = '', name = '', what = '', count = '0']: readonly string[]): Promise<void> {
  const db = openDatabase(file);
  const store = sqliteStore(db);
  if (what === 'write') return writeForEver(store, name);
  const answer: unknown[] = [];
  if (what === 'create') {
    for (let index = 0; index < Number(count); index += 1) {
      answer.push(await store.create(counter(`due-${index}`, start)));
    }
    await store.create(counter('shared', never));
  }
  if (what === 'all') {
    // Only those that begin at the same time meet.
    console.log('ready');
    await once(process.stdin, 'data');
    process.stdin.destroy();
    answer.push(...(await doAll(store, name, Number(count))));
  }
  console.log(JSON.stringify(answer));
  db.close();
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
