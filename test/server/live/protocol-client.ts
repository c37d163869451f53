/*
 * A client of live documents made from docs/protocol.md alone: it shares no code with the package, so that it fails when the
 * page says too little.
 */

import { WebSocket } from 'ws';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface Operation {
  readonly op: 'add' | 'remove' | 'replace' | 'test';
  readonly path: string;
  readonly value?: Json;
}

interface Pending {
  readonly number: number;
  /** As it was sent, and is sent again. */
  readonly frame: readonly Operation[];
  /** As it is meant for the document of now. */
  operations: readonly Operation[];
}

const keysOf = (path: string): string[] => path.split('/').slice(1).map(unescape);
const unescape = (key: string): string => key.replaceAll('~1', '/').replaceAll('~0', '~');
const pathOf = (keys: readonly string[]): string =>
  keys.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
const childOf = (value: Json | undefined, key: string): Json | undefined =>
  typeof value === 'object' && value !== null ? (value as { [key: string]: Json })[key] : undefined;

export function valueAt(document: Json | undefined, path: string): Json | undefined {
  return keysOf(path).reduce(childOf, document);
}

/** The document after an operation (RFC 6902). */
export function applied(document: Json, { op, path, value = null }: Operation): Json {
  const keys = keysOf(path);
  const last = keys.pop();
  if (last === undefined) return structuredClone(value);
  const copy = structuredClone(document);
  const parent = keys.reduce(childOf, copy as Json | undefined);
  if (typeof parent !== 'object' || parent === null) throw new Error(`no such place: ${path}`);
  if (Array.isArray(parent)) {
    const index = Number(last);
    if (!(index < parent.length + (op === 'add' ? 1 : 0))) throw new Error(`no such item: ${path}`);
    parent.splice(index, op === 'add' ? 0 : 1, ...(op === 'remove' ? [] : [structuredClone(value)]));
  } else {
    if (op !== 'add' && !Object.hasOwn(parent, last)) throw new Error(`no such key: ${path}`);
    if (op === 'remove') delete parent[last];
    else parent[last] = structuredClone(value);
  }
  return copy;
}

/** The place of an own operation after one of the server's; undefined when it is none any more. `before`: without either. */
function moved(own: Operation, server: Operation, before: Json): Operation | undefined {
  const place = keysOf(own.path);
  const changed = keysOf(server.path);
  const last = changed.length - 1;
  const isAbove = changed.every((key, depth) => depth === last || key === place[depth]);
  if (!isAbove || place.length < changed.length) return own;
  const isList = last >= 0 && Array.isArray(valueAt(before, pathOf(changed.slice(0, last))));
  const index = Number(place[last]);
  const at = Number(changed[last]);
  const isSame = last < 0 || place[last] === changed[last];
  // A key that is set again is the same place, and an insertion needs no item.
  const isKept = place.length === changed.length && (isList ? own.op === 'add' : server.op !== 'remove');
  if (isList && server.op === 'add' && at <= index) place[last] = String(index + 1);
  else if (isList && server.op === 'remove' && at < index) place[last] = String(index - 1);
  else if (isSame && !isKept && !(isList && server.op === 'add')) return undefined;
  return { ...own, path: pathOf(place) };
}

/** The document of one follower: what the server told, and what was done here since. */
export class ProtocolDocument {
  /** The server's document with the own patches that count. */
  #base: Json = null;
  #server = 0;
  #number = 0;
  #pending: readonly Pending[] = [];

  get server(): number {
    return this.#server;
  }

  get pending(): number {
    return this.#pending.length;
  }

  /** What a user sees. */
  get view(): Json {
    return this.#pending.flatMap(({ operations }) => operations).reduce(applied, this.#base);
  }

  /** Makes a patch of what the user does. Gives the frame to be sent. */
  edit(...operations: readonly Operation[]): readonly Operation[] {
    this.#number += 1;
    const frame: readonly Operation[] = [
      { op: 'replace', path: '/_ver#c$', value: this.#number },
      { op: 'test', path: '/_ver#s', value: this.#server },
      ...operations,
    ];
    this.#pending = [...this.#pending, { number: this.#number, frame, operations }];
    return frame;
  }

  /** The body of a reconnect. */
  get unconfirmed(): readonly (readonly Operation[])[] {
    return this.#pending.map(({ frame }) => frame);
  }

  /** Takes a whole document, of an answer or of a patch. */
  begin(whole: Json): void {
    const { '_ver#c$': client, '_ver#s': server, ...base } = whole as { [key: string]: Json };
    this.#base = base;
    this.#server = Number(server);
    this.#number = Math.max(this.#number, Number(client));
    this.#confirm(Number(client));
    for (const patch of this.#pending) patch.operations = [];
  }

  /** Takes a patch of the server. */
  receive(frame: readonly Operation[]): void {
    const [server, client, ...operations] = frame;
    if (server?.path !== '/_ver#s' || client?.path !== '/_ver#c$')
      throw new Error('a patch without versions');
    if (operations.at(-1)?.path !== '' && server.value !== this.#server + 1) {
      throw new Error(`${server.value} came after ${this.#server}`);
    }
    this.#server = Number(server.value);
    for (const operation of this.#confirm(Number(client.value))) this.#base = applied(this.#base, operation);
    for (const operation of operations) this.#take(operation);
  }

  #take(operation: Operation): void {
    if (operation.path === '') {
      this.begin(operation.value ?? null);
      return;
    }
    for (const patch of this.#pending) {
      patch.operations = patch.operations.flatMap((own) => moved(own, operation, this.#base) ?? []);
    }
    this.#base = applied(this.#base, operation);
  }

  /** Ends the waiting of what counts. Gives its operations. */
  #confirm(client: number): readonly Operation[] {
    const isOver = ({ number }: Pending) => number <= client;
    const over = this.#pending.filter(isOver);
    this.#pending = this.#pending.filter((patch) => !isOver(patch));
    return over.flatMap(({ operations }) => operations);
  }
}

/** Follows over a WebSocket. */
export class SocketClient {
  readonly document: ProtocolDocument;
  readonly closed: Promise<string>;
  readonly socket: WebSocket;
  /** All that came. */
  readonly frames: (readonly Operation[])[] = [];
  #waiting: (() => void)[] = [];
  #failure: unknown;
  #pings = 0;

  constructor(url: string, protocols: readonly string[], document = new ProtocolDocument(), origin?: string) {
    this.document = document;
    this.socket = new WebSocket(url.replace(/^http/, 'ws'), [...protocols], origin ? { origin } : {});
    this.socket.on('open', () => this.socket.send(JSON.stringify(document.unconfirmed)));
    this.socket.on('message', (data) => {
      const frame = JSON.parse(String(data));
      this.frames.push(frame);
      try {
        if (frame.length > 0) document.receive(frame);
      } catch (error) {
        this.#failure = error;
      }
      this.#tell();
    });
    this.closed = new Promise((resolve) => {
      this.socket.on('error', ({ message }) => resolve(message));
      this.socket.on('close', (code, reason) => resolve(`${code} ${reason}`.trim()));
    });
    void this.closed.then(() => this.#tell());
  }

  /** Makes a patch, and sends it where there is a connection. */
  edit(...operations: readonly Operation[]): void {
    const frame = this.document.edit(...operations);
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  /** Sends a text frame as it is. */
  send(text: string | Buffer): void {
    this.socket.send(text, { binary: false });
  }

  /** Resolves when the first document is there. */
  begun(): Promise<void> {
    return this.until(() => this.frames.length > 0);
  }

  /** Resolves when the server has answered all that was sent: `[]` by `[]`. */
  barrier(): Promise<void> {
    this.#pings += 1;
    this.send('[]');
    return this.until(() => this.frames.filter((frame) => frame.length === 0).length >= this.#pings);
  }

  /** Breaks the connection. */
  async cut(): Promise<void> {
    this.socket.terminate();
    await this.closed;
  }

  /** Resolves when it is true, looked at with each message; rejects when the socket is closed before. */
  async until(isTrue: () => boolean): Promise<void> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (isTrue()) return;
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error(await this.closed);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #tell(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** Follows over HTTP, one request at a time. */
export class HttpClient {
  readonly document = new ProtocolDocument();
  readonly #url: string;
  readonly #headers: { readonly [name: string]: string };

  constructor(url: string, token: string) {
    this.#url = url;
    this.#headers = { authorization: `Bearer ${token}` };
  }

  async ask(method: string, body?: unknown, { path = '', accept = '*/*' } = {}) {
    const answer = await fetch(this.#url + path, {
      method,
      headers: { ...this.#headers, accept },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, type: answer.headers.get('content-type'), body: await answer.json() };
  }

  async begin(): Promise<void> {
    this.document.begin((await this.ask('GET')).body);
  }

  /** Sends a patch of the document’s, and takes what is answered. */
  async send(frame: readonly Operation[]): Promise<number> {
    const { status, body } = await this.ask('PATCH', frame);
    if (status === 200) this.document.receive(body);
    return status;
  }

  async edit(...operations: readonly Operation[]): Promise<number> {
    return this.send(this.document.edit(...operations));
  }

  /** Asks for what changed. */
  async look(): Promise<void> {
    this.document.receive((await this.ask('GET', undefined, { accept: 'application/json-patch+json' })).body);
  }

  async reconnect(): Promise<void> {
    const body = this.document.unconfirmed;
    this.document.begin((await this.ask('PATCH', body, { path: '/reconnect' })).body);
  }
}
