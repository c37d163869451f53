import Observation from 'can-observation';
import type { Change } from '../../../src/protocol/change.js';
import type { Json } from '../../../src/protocol/messages.js';
import { Channel } from '../../../src/server/live/channel/channel.js';
import type { ChannelOptions } from '../../../src/server/live/channel/channel-options.js';
import { Feed } from '../../../src/server/live/channel/feed.js';
import { anyType } from '../../../src/server/live/channel/input.js';
import { anyEdit } from '../../../src/server/live/channel/policy.js';
import { type ChangedDocument, trackedDocument } from '../../server/live/document/plain-document.js';

/** Timers that a test fires. */
export class HandTimers {
  readonly waits = new Map<number, { readonly work: () => void; readonly ms: number }>();
  #last = 0;

  set = (work: () => void, ms: number): unknown => {
    this.#last += 1;
    this.waits.set(this.#last, { work, ms });
    return this.#last;
  };

  clear = (handle: unknown): void => void this.waits.delete(handle as number);

  /** How long the waits are that are under way. */
  get pending(): number[] {
    return [...this.waits.values()].map(({ ms }) => ms);
  }

  /** Lets all that wait now go on. */
  fire(): void {
    const waits = [...this.waits.values()];
    this.waits.clear();
    for (const { work } of waits) work();
  }
}

/** One end of a connection, as a page has it. The test, or a world, is the other end. */
export class FakeSocket {
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  readonly sent: string[] = [];
  isClosedHere = false;

  constructor(
    readonly url: string,
    readonly protocols: readonly string[],
  ) {}

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.readyState = 3;
    this.isClosedHere = true;
  }

  /** The handshake is done. */
  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  message(value: unknown): void {
    this.onmessage?.({ data: typeof value === 'string' ? value : JSON.stringify(value) });
  }

  end(code: number, reason = ''): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }
}

/** A constructor of sockets that hands each one to the test. */
export function socketsOf(made: (socket: FakeSocket) => void): typeof WebSocket {
  return class extends FakeSocket {
    constructor(url: string, protocols: readonly string[]) {
      super(url, protocols);
      made(this);
    }
  } as unknown as typeof WebSocket;
}

/** A document behind the server's own classes, and the sockets that follow it, all in this page. */
export class LiveWorld {
  readonly document: ChangedDocument;
  readonly #feed: Feed;
  readonly #channels = new Map<string, Channel>();
  readonly sockets: FakeSocket[] = [];
  readonly #open = new Map<FakeSocket, Channel>();
  readonly timers = new HandTimers();
  /** Whether connections fail. */
  isDown = false;
  /** Whether what clients send stays on its way. */
  isSlow = false;
  #held: (() => void)[] = [];
  readonly WebSocket = socketsOf((socket) => this.#accept(socket));

  constructor(
    initial: Json,
    readonly options: ChannelOptions = { policy: anyEdit, convert: anyType },
  ) {
    this.document = trackedDocument(initial);
    this.#feed = new Feed(this.document, { versioning: true });
  }

  get socket(): FakeSocket {
    const last = this.sockets.at(-1);
    if (last === undefined) throw new Error('nobody connected');
    return last;
  }

  /** The server changes its document, and tells those who follow it. */
  change(...changes: readonly (readonly [op: Change['op'], path: Change['path'], value?: Json])[]): void {
    this.document.change(...changes);
    this.publish();
  }

  publish(): void {
    for (const [socket, channel] of this.#open) {
      if (channel.isBehind) socket.message(channel.take());
    }
  }

  /** What was on its way arrives. */
  release(): void {
    this.isSlow = false;
    for (const work of this.#held.splice(0)) work();
  }

  end(code: number, reason = ''): void {
    for (const socket of [...this.#open.keys()]) {
      this.#open.delete(socket);
      socket.end(code, reason);
    }
  }

  #accept(socket: FakeSocket): void {
    this.sockets.push(socket);
    queueMicrotask(() => {
      if (socket.isClosedHere) return;
      if (this.isDown) socket.end(1006);
      else {
        socket.send = (text) => this.#arrive(socket, text);
        socket.open();
      }
    });
  }

  #arrive(socket: FakeSocket, text: string): void {
    socket.sent.push(text);
    if (this.isSlow) this.#held.push(() => this.#take(socket, text));
    else queueMicrotask(() => this.#take(socket, text));
  }

  #take(socket: FakeSocket, text: string): void {
    if (socket.readyState !== 1) return;
    const name = socket.url;
    const known = this.#channels.get(name) ?? new Channel(this.#feed, this.options);
    this.#channels.set(name, known);
    const isFirst = !this.#open.has(socket);
    const outcome = isFirst ? known.reconnect(JSON.parse(text)) : known.receive(JSON.parse(text));
    if (outcome.kind === 'rejected') {
      this.#open.delete(socket);
      socket.end(outcome.closeCode, outcome.reason);
      return;
    }
    if (isFirst) this.#open.set(socket, known);
    const answer = isFirst ? known.take({ whole: true }) : known.answer(outcome, 'socket');
    if (answer !== undefined) socket.message(answer);
    this.publish();
  }
}

/** Lets everything that waits for nothing but its turn have it. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await undefined;
}

/** Resolves when it is so, which an event of the observables makes it. */
export function until(isSo: () => unknown): Promise<void> {
  return new Promise((resolve) => {
    const observation = new Observation(() => Boolean(isSo()));
    const look = (is: boolean) => {
      if (!is) return;
      observation.off(look);
      resolve();
    };
    observation.on(look);
    look(observation.get());
  });
}
