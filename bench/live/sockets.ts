import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { median, type Row, rounded } from '../harness.js';

/** One server process with its sockets, and the process at their other end. */
interface Pair {
  readonly name: string;
  readonly server: ChildProcess;
  readonly clients: ChildProcess;
  /** How many sockets hear of a push. */
  readonly heard: number;
  /** Bytes of heap for each idle socket. */
  readonly heap: number;
}

/** Below the root, so that the packages are found from there. */
const folder = fileURLToPath(new URL('../../dist/.build/bench-live/', import.meta.url));
const count = 1000;
const children: ChildProcess[] = [];

/** Compiled once, so that nothing runs below a loader. */
async function compile(): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  await build({
    entryPoints: ['sockets-server.ts', 'sockets-clients.ts'].map((file) =>
      fileURLToPath(new URL(file, import.meta.url)),
    ),
    outdir: folder,
    // Not `.js`: scripts/prune.mjs removes from dist what no source has made.
    outExtension: { '.js': '.mjs' },
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'error',
  });
}

function start(file: string, ...args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, ['--expose-gc', join(folder, file), ...args], {
    stdio: ['ignore', 2, 2, 'ipc'],
    env: { ...process.env, NODE_ENV: 'production', NODE_OPTIONS: '' },
  });
  children.push(child);
  return child;
}

async function ask<Answer>(child: ChildProcess, question: object | string): Promise<Answer> {
  const answer = once(child, 'message');
  child.send(question);
  return (await answer)[0];
}

async function pair(name: string, kind: string, sockets: number, ...more: readonly string[]): Promise<Pair> {
  const server = start('sockets-server.mjs', kind, String(Math.max(sockets, 1)), ...more);
  const [place] = (await once(server, 'message')) as [{ port: number; paths: readonly string[] }];
  const clients = start('sockets-clients.mjs');
  // Code and pools are paid for once, not by each socket.
  await ask(clients, { ...place, count: Math.min(sockets, 100) });
  await ask(clients, 'close');
  const before = await ask<{ heap: number }>(server, 'heap');
  await ask(clients, { ...place, count: sockets });
  const after = await ask<{ heap: number }>(server, 'heap');
  const heard = more.includes('first') ? 1 : sockets;
  return { name, server, clients, heard, heap: (after.heap - before.heap) / sockets };
}

/** Milliseconds from the push until the last socket has it. */
async function push({ server, clients, heard }: Pair): Promise<number> {
  await ask(clients, { expect: heard });
  const done = once(clients, 'message');
  const began = performance.now();
  server.send('push');
  await done;
  return performance.now() - began;
}

async function compare(
  name: string,
  ours: Pair,
  other: Pair,
  effort: { readonly rounds: number; readonly total: number },
): Promise<Row> {
  const times: [number, number][] = [];
  const end = performance.now() + effort.total;
  for (let round = 0; round < 20; round += 1) for (const side of [ours, other]) await push(side);
  while (times.length < effort.rounds && (times.length < 5 || performance.now() < end)) {
    const reversed = times.length % 2 === 1;
    const first = await push(reversed ? other : ours);
    const second = await push(reversed ? ours : other);
    times.push(reversed ? [second, first] : [first, second]);
  }
  return {
    bench: 'live',
    case: name,
    unit: 'ms',
    ours: rounded(median(times.map(([mine]) => mine))),
    other: rounded(median(times.map(([, theirs]) => theirs))),
    otherName: other.name,
    ratio: rounded(median(times.map(([mine, theirs]) => theirs / mine))),
  };
}

function heapRow(name: string, ours: Pair, other: Pair): Row {
  return {
    bench: 'live',
    case: name,
    unit: 'bytes',
    ours: Math.round(ours.heap),
    other: Math.round(other.heap),
    otherName: other.name,
    ratio: rounded(other.heap / ours.heap),
  };
}

/** What sockets cost: beside a bare broadcast of the same bytes by the same library. */
export async function measureSockets(effort: {
  readonly rounds: number;
  readonly total: number;
}): Promise<Row[]> {
  await compile();
  try {
    const bare = await pair('bare ws broadcast', 'bare', count);
    const one = await pair('ours', 'one session', count);
    const own = await pair('ours', 'own session', count);
    const alone = await pair('nobody else there', 'own session', 1, 'first');
    const among = await pair('ours', 'own session', count, 'first');
    const each = { rounds: effort.rounds * 3, total: effort.total / 3 };
    return [
      await compare('push to 1000 sockets of one session', one, bare, each),
      await compare('push to 1000 sessions of one socket', own, bare, each),
      await compare('push to one socket, 999 of other sessions open', among, alone, each),
      heapRow('heap of an idle socket, all of one session', one, bare),
      heapRow('heap of an idle socket, each with its session', own, bare),
    ];
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
}
