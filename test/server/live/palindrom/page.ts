import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../../../../scripts/paths.mjs';
import type { Json } from '../../../../src/protocol/messages.js';

/** Options of `new Palindrom`, as far as they are used here. */
export interface PalindromOptions {
  readonly remoteUrl: string;
  readonly useWebSocket?: boolean;
  readonly ot?: boolean;
  readonly localVersionPath?: string;
  readonly remoteVersionPath?: string;
  readonly purity?: boolean;
  readonly pingIntervalS?: number;
  /** Default true: it checks what it gets, and swallows what is wrong. */
  readonly debug?: boolean;
}

/** A change of the document by the page. `path`: a JSON Pointer. */
export interface Step {
  readonly path: string;
  /** What is assigned; for `call`, the arguments. */
  readonly value?: Json;
  /** A method of the list there. */
  readonly call?: 'push' | 'splice' | 'pop' | 'unshift';
  readonly remove?: true;
}

export interface Command {
  readonly client: number;
  readonly open?: PalindromOptions;
  readonly change?: readonly Step[];
  readonly visit?: string;
  readonly ping?: true;
  readonly elapse?: number;
  readonly leave?: true;
  /** Ends all clients. */
  readonly forget?: true;
}

/** All that is known of a client. Lists grow from its beginning on. */
export interface ClientState {
  // biome-ignore lint/suspicious/noExplicitAny: any JSON, looked at as the test knows it to be.
  readonly document: any;
  /** Patches that it waits to hear of. */
  readonly pending: number;
  /** Its own and the server's. */
  readonly versions: readonly [number, number];
  readonly address: string;
  /** Whether its socket is open. */
  readonly isOpen: boolean;
  /** How often it got a whole document. */
  readonly loads: number;
  /** `PATCH […]`, `WS […]`, `GET`. */
  readonly sent: readonly string[];
  readonly received: readonly string[];
  /** Milliseconds until it reconnects, each time it told them. */
  readonly countdowns: readonly number[];
  /** Code and reason. */
  readonly closes: readonly string[];
  /** What it cannot go on after: the page would have to be loaded again. */
  readonly errors: readonly string[];
  /** Patches that it could not apply. */
  readonly faults: readonly string[];
  /** What nobody caught, in the whole page. */
  readonly uncaught: readonly string[];
}

interface Answer {
  readonly id?: number;
  readonly error?: string;
  readonly client: number;
  readonly state?: ClientState;
}

/** Nothing here waits for a time to pass; this is when waiting is given up. */
export const patience = 10_000;

export function unlike(what: unknown, found: unknown): Error {
  return new Error(`Not so: ${what}\n${JSON.stringify(found, undefined, 1)}`);
}

/** A page with clients in it, on a clock that only the test moves: they wait whole seconds before they reconnect. */
export class Page {
  readonly #child: ChildProcess;
  readonly #clients = new Map<number, PageClient>();
  readonly #asked = new Map<number, (answer: Answer) => void>();
  #ids = 0;

  constructor() {
    const script = join(root, 'test/server/live/palindrom/client.mjs');
    // Loaders and counters of the tests are not for it.
    this.#child = fork(script, { execArgv: [], env: { PATH: process.env.PATH }, stdio: 'inherit' });
    // Nobody shall wait for an answer that cannot come.
    this.#child.once('exit', (code) => {
      for (const [id, answered] of this.#asked) answered({ id, client: 0, error: `it ended with ${code}` });
    });
    this.#child.on('message', (answer: Answer) => {
      const { id, client, state } = answer;
      if (state !== undefined) this.#clients.get(client)?.see(state);
      if (id === undefined) return;
      this.#asked.get(id)?.(answer);
      this.#asked.delete(id);
    });
  }

  async ask(command: Command): Promise<void> {
    this.#ids += 1;
    const id = this.#ids;
    const { error } = await new Promise<Answer>((resolve) => {
      this.#asked.set(id, resolve);
      this.#child.send({ ...command, id });
    });
    if (error !== undefined) throw new Error(`The page failed: ${error}`);
  }

  /** A client that has its document. */
  async open(options: PalindromOptions): Promise<PageClient> {
    const client = await this.begin(options);
    const { useWebSocket = false } = options;
    // Over a socket, the server speaks first (SC-81).
    return client.until(({ loads, received }) => loads > 0 && (!useWebSocket || received.length > 0));
  }

  /** A client that has asked for its document. */
  async begin(options: PalindromOptions): Promise<PageClient> {
    this.#ids += 1;
    const client = new PageClient(this, this.#ids);
    this.#clients.set(client.id, client);
    await this.ask({ client: client.id, open: options });
    return client;
  }

  /** What went wrong in clients of which nobody expected it. */
  get troubles(): readonly string[] {
    return [...this.#clients.values()].flatMap(({ isDoomed, state: { errors, faults, uncaught } }) =>
      isDoomed ? [] : [...errors, ...faults, ...uncaught],
    );
  }

  /** The time of the page goes on. */
  elapse(ms: number): Promise<void> {
    return this.ask({ client: 0, elapse: ms });
  }

  /** Closes all clients. */
  async clear(): Promise<void> {
    this.#clients.clear();
    await this.ask({ client: 0, forget: true });
  }

  stop(): void {
    this.#child.disconnect();
  }
}

/** What a test waits for in a client. */
interface Wait {
  readonly what: (state: ClientState) => boolean;
  readonly mayFail: boolean;
  resolve(): void;
  reject(error: Error): void;
}

export class PageClient {
  state: ClientState = {
    document: undefined,
    pending: 0,
    versions: [0, 0],
    address: '',
    isOpen: false,
    loads: 0,
    sent: [],
    received: [],
    countdowns: [],
    closes: [],
    errors: [],
    faults: [],
    uncaught: [],
  };
  readonly #waits = new Set<Wait>();
  /** Whether the test expects it to fail. */
  isDoomed = false;

  constructor(
    readonly page: Page,
    readonly id: number,
  ) {}

  /** The document without the versions, which do not move in it (PAL-08). */
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  get document(): any {
    const { '_ver#c$': client, '_ver#s': server, ...document } = this.state.document ?? {};
    return document;
  }

  /** Assigns, as a page does. */
  set(path: string, value: Json): Promise<void> {
    return this.change({ path, value });
  }

  /** Changes, one after the other, before anything can arrive. */
  change(...steps: readonly Step[]): Promise<void> {
    return this.page.ask({ client: this.id, change: steps });
  }

  /** Navigates within the app (PAL-15). */
  visit(url: string): Promise<void> {
    return this.page.ask({ client: this.id, visit: url });
  }

  /** Asks the server whether it is there, and resolves when it has said so. */
  async ping(): Promise<void> {
    const answers = ({ received }: ClientState) => received.filter((one) => one.endsWith(' []')).length;
    const before = answers(this.state);
    await this.page.ask({ client: this.id, ping: true });
    await this.until((state) => answers(state) > before);
  }

  /** Its page is left, or loaded again. */
  leave(): Promise<void> {
    return this.page.ask({ client: this.id, leave: true });
  }

  /** Resolves when this is so; rejects when something goes wrong before. */
  until(what: (state: ClientState) => boolean): Promise<this> {
    return this.#wait(what, false);
  }

  /** Resolves with the message of the error after which it cannot go on. */
  async failure(): Promise<string> {
    this.isDoomed = true;
    await this.#wait(({ errors, uncaught }) => errors.length + uncaught.length > 0, true);
    return [...this.state.errors, ...this.state.uncaught].join('\n');
  }

  see(state: ClientState): void {
    this.state = state;
    for (const wait of this.#waits) this.#look(wait);
  }

  async #wait(what: Wait['what'], mayFail: boolean): Promise<this> {
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        const wait = { what, mayFail, resolve, reject };
        timer = setTimeout(() => reject(unlike(what, this.state)), patience);
        this.#waits.add(wait);
        this.#look(wait);
      });
    } finally {
      clearTimeout(timer);
    }
    return this;
  }

  #look(wait: Wait): void {
    const { errors, faults, uncaught } = this.state;
    const isSo = wait.what(this.state);
    if (!isSo && (wait.mayFail || this.isDoomed || errors.length + faults.length + uncaught.length === 0))
      return;
    this.#waits.delete(wait);
    if (isSo) wait.resolve();
    else wait.reject(unlike(wait.what, this.state));
  }
}
