import session from 'express-session';
import makeMemoryStore from 'memorystore';
import type { SessionStore } from '../../src/server/core/store.js';
import { memoryStore } from '../../src/server/stores/memory.js';
import { ourRecord, theirContent } from './content.js';

/** A session that an operation is about. */
export interface Target {
  readonly id: string;
  readonly uid: string;
  readonly number: number;
}

/** One store, with all it can do to a session. Promises are awaited. */
export interface Side {
  readonly name: string;
  create(target: Target): unknown;
  get(target: Target): unknown;
  touch(target: Target): unknown;
  getAndTouch(target: Target): unknown;
  save(target: Target): unknown;
  destroy(target: Target): unknown;
}

/** Each access comes a millisecond after the last, as in a server with a thousand requests a second. */
let clock = Date.now();
export const tick = () => ++clock;
export const present = () => clock;

/** Content is made before it is measured. */
function pool<T>(make: (number: number) => T): (number: number) => T {
  const made = Array.from({ length: 1024 }, (_, number) => make(number));
  return (number) => made[number & 1023] as T;
}

export function ours(store: SessionStore): Side {
  const records = pool((number) => ourRecord(number, clock));
  return {
    name: 'ours',
    create({ id, uid, number }) {
      const { version, userData, data, labels, created, timeToLive, ttlType, notAfter, expiresAt } =
        records(number);
      const clocks = { created, lastAccess: created, lastUpdate: created, timeToLive, ttlType, notAfter };
      return store.create({ id, version, uid, userData, data, labels, ...clocks, expiresAt });
    },
    get: ({ id }) => store.get(id),
    touch: ({ id }) => store.touch(id, tick()),
    getAndTouch: ({ id }) => store.get(id, tick()),
    save({ id, uid, number }) {
      const now = tick();
      const { userData, data, labels, timeToLive } = records(number + 1);
      const expiresAt = now + timeToLive;
      const change = { uid, userData, data, labels, lastAccess: now, lastUpdate: now, timeToLive, expiresAt };
      return store.update(id, undefined, change, now);
    },
    destroy: ({ id }) => store.destroy(id, 'signed-out', clock),
  };
}

type Callback = (error?: unknown, value?: unknown) => void;

/** The methods of an express-session store that are measured. */
export interface TheirStore {
  get(sid: string, callback: Callback): void;
  set(sid: string, session: never, callback: Callback): void;
  touch?(sid: string, session: never, callback: () => void): void;
  destroy(sid: string, callback: Callback): void;
}

const called = (work: (callback: Callback) => void) =>
  new Promise((resolve, reject) => {
    work((error, value) => (error ? reject(error) : resolve(value)));
  });

/** As express-session uses a store: `get`, and at the end of the request `touch` or `set`. */
export function theirs(name: string, store: TheirStore): Side {
  const sessions = pool((number) => theirContent(number));
  const touch = ({ id, number }: Target) =>
    called((callback) => store.touch?.(id, sessions(number) as never, callback));
  const set = (id: string, session: unknown) =>
    called((callback) => store.set(id, session as never, callback));
  const get = ({ id }: Target) => called((callback) => store.get(id, callback));
  return {
    name,
    create: ({ id, number }) => set(id, sessions(number)),
    get,
    touch,
    async getAndTouch(target) {
      await get(target);
      await touch(target);
    },
    save: ({ id, number }) => set(id, sessions(number + 1)),
    destroy: ({ id }) => called((callback) => store.destroy(id, callback)),
  };
}

export const expressMemoryStore = () => new session.MemoryStore();
export const memorystore = () => new (makeMemoryStore(session))({});

interface Kept<Content> {
  content: Content;
  lastAccess: number;
}

interface Kept<Content> {
  content: Content;
  lastAccess: number;
}

/** The limit: no expiry, no index, and what it hands out anybody can change. */
function bareMap<Content>(
  name: string,
  make: (target: Target) => Content,
  write: (number: number) => Content,
  read: (content: Content) => unknown,
): Side {
  const map = new Map<string, Kept<Content>>();
  function touch({ id }: Target) {
    const kept = map.get(id);
    if (kept !== undefined) kept.lastAccess = tick();
    return kept;
  }
  return {
    name,
    create: (target) => map.set(target.id, { content: make(target), lastAccess: clock }),
    get({ id }) {
      const kept = map.get(id);
      return kept && read(kept.content);
    },
    touch,
    getAndTouch(target) {
      const kept = touch(target);
      return kept && read(kept.content);
    },
    save: ({ id, number }) => map.set(id, { content: write(number + 1), lastAccess: tick() }),
    destroy: ({ id }) => map.delete(id),
  };
}

/** Nothing is copied. A new session is a small object around content that others have too. */
function mapOfObjects(): Side {
  const records = pool((number) => ourRecord(number, clock));
  const make = ({ id, uid, number }: Target) => ({ id, uid, data: records(number).data });
  const write = (number: number) => ({ id: '', uid: '', data: records(number).data });
  return bareMap('bare Map of objects', make, write, (content) => content);
}

/** JSON.stringify on the way in, JSON.parse on the way out: the limit for a store that copies. */
function mapOfJson(): Side {
  const sessions = pool((number) => theirContent(number));
  const write = (number: number) => JSON.stringify(sessions(number));
  return bareMap(
    'Map and JSON.parse',
    ({ number }) => write(number),
    write,
    (text) => JSON.parse(text),
  );
}

/** Ours first. */
export const inMemory = (): readonly Side[] => [
  ours(memoryStore()),
  theirs('express-session MemoryStore', expressMemoryStore()),
  theirs('memorystore', memorystore()),
  mapOfObjects(),
  mapOfJson(),
];
