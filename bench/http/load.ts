/**
 * The load: as many requests as 32 kept connections take, each sent when the answer to the one before is complete. Made of
 * sockets and prepared bytes, since a ready-made generator takes more processor time than the servers that it measures.
 */
import { connect, type Socket } from 'node:net';

/** A request, and what its answer must hold. */
export interface Exchange {
  readonly request: Buffer;
  readonly proof: Buffer;
}

export interface Run {
  readonly requests: number;
  /** Milliseconds from the first request to the last answer. */
  readonly elapsed: number;
  /** Answers whose status was not 2xx. */
  readonly refused: number;
  /** Answers that were about somebody else. */
  readonly wrong: number;
}

const CONNECTIONS = 32;
/** Beyond the time of the run; then it fails. */
const PATIENCE = 10_000;

export interface Load {
  /** Sends the exchanges in turn, again and again, for so many milliseconds, and `most` of them at most. */
  run(ms: number, most?: number): Promise<Run>;
  close(): void;
}

export async function openLoad(port: number, exchanges: readonly Exchange[]): Promise<Load> {
  let turn = 0;
  let end = 0;
  let left = 0;
  let open = 0;
  let requests = 0;
  let refused = 0;
  let wrong = 0;
  let finished: () => void = () => {};
  let failed: (error: Error) => void = () => {};

  function next(): Exchange | undefined {
    left -= 1;
    if (left < 0 || performance.now() >= end) {
      open -= 1;
      if (open === 0) finished();
      return undefined;
    }
    turn = (turn + 1) % exchanges.length;
    return exchanges[turn];
  }
  function answered(status: number, right: boolean): void {
    requests += 1;
    if (status < 200 || status > 299) refused += 1;
    else if (!right) wrong += 1;
  }
  const events: Events = { next, answered, failed: (error) => failed(error) };
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => connection(port, events)));

  return {
    async run(ms, most = Number.POSITIVE_INFINITY) {
      left = most;
      [requests, refused, wrong, open] = [0, 0, 0, connections.length];
      const start = performance.now();
      end = start + ms;
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve, reject) => {
        finished = resolve;
        failed = reject;
        timer = setTimeout(() => reject(new Error('A request was never answered.')), ms + PATIENCE);
        for (const one of connections) one.begin();
      }).finally(() => clearTimeout(timer));
      return { requests, refused, wrong, elapsed: performance.now() - start };
    },
    close() {
      failed = () => {};
      for (const { socket } of connections) socket.destroy();
    },
  };
}

interface Events {
  next(): Exchange | undefined;
  answered(status: number, right: boolean): void;
  failed(error: Error): void;
}

interface Connection {
  readonly socket: Socket;
  begin(): void;
}

function connection(port: number, events: Events): Promise<Connection> {
  return new Promise((resolve, reject) => {
    let proof: Buffer = Buffer.alloc(0);
    /** The beginning of an answer that came in parts. */
    let rest: Buffer | undefined;

    function send(): void {
      const exchange = events.next();
      if (exchange === undefined) return;
      proof = exchange.proof;
      socket.write(exchange.request);
    }
    function receive(size: number, buffer: Buffer): void {
      const part = buffer.subarray(0, size);
      const answer = rest === undefined ? part : Buffer.concat([rest, part]);
      if (!isComplete(answer)) {
        // The buffer is about to be written again.
        rest = Buffer.from(answer);
        return;
      }
      rest = undefined;
      events.answered(statusOf(answer), answer.includes(proof));
      send();
    }
    const socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafe(65_536),
        callback(size, buffer) {
          receive(size, buffer as Buffer);
          return true;
        },
      },
    });
    socket.once('connect', () => resolve({ socket, begin: send }));
    socket.on('error', (error) => {
      reject(error);
      events.failed(error);
    });
    socket.on('close', () => events.failed(new Error('A connection was closed.')));
  });
}

const endOfHead = Buffer.from('\r\n\r\n');
/** Of `content-length`, however it is written. */
const lengthName = Buffer.from('ength: ');
const lastChunk = Buffer.from('0\r\n\r\n');
const digit = (code: number | undefined): boolean => code !== undefined && code >= 48 && code <= 57;

/** One request at a time, so an answer ends where the bytes end. Without a length it is sent in chunks. */
function isComplete(answer: Buffer): boolean {
  const head = answer.indexOf(endOfHead);
  if (head === -1) return false;
  const at = answer.indexOf(lengthName);
  if (at === -1 || at > head) return answer.subarray(-lastChunk.length).equals(lastChunk);
  let length = 0;
  for (let i = at + lengthName.length; digit(answer[i]); i++) length = length * 10 + ((answer[i] ?? 48) - 48);
  return answer.length >= head + endOfHead.length + length;
}

/** `HTTP/1.1 200 OK` */
const statusOf = (answer: Buffer): number => Number(answer.toString('latin1', 9, 12));
