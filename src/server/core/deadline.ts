import { SessionError } from '../../protocol/errors.js';
import type { SessionStore } from './store.js';
import type { Timers } from './timers.js';

/** What a store answers to one question; its failure, whatever it is, has one code: `store/unavailable` (S76). */
type Answer = <T>(ask: () => Promise<T>) => Promise<T>;

/** What `then` of it does comes in the order of microtasks, for less than `queueMicrotask` takes. */
const settled = Promise.resolve();

/**
 * Waits `ms` milliseconds for an answer, 0 = for ever. A question that is answered within a microtask, as a store in memory
 * or a synchronous driver does, costs no timer. Whatever comes too late is dropped, a failure too.
 */
function answerWithin(ms: number, timers: Timers): Answer {
  return (ask) =>
    new Promise((resolve, reject) => {
      let waiting = true;
      let timer: unknown;
      const arrived = (): void => {
        waiting = false;
        if (timer !== undefined) timers.clear(timer);
      };
      asked(ask).then(
        (answer) => {
          arrived();
          resolve(answer);
        },
        (cause) => {
          arrived();
          reject(storeFailure(cause));
        },
      );
      if (ms === 0) return;
      // Comes after the reaction to an answer that was there already.
      settled.then(() => {
        if (waiting) timer = timers.set(() => reject(tooLate(ms)), ms);
      });
    });
}

/** A store that throws instead of rejecting, or answers without a promise, is understood all the same. */
function asked<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return Promise.resolve(ask());
  } catch (cause) {
    return Promise.reject(cause);
  }
}

function storeFailure(cause: unknown): SessionError {
  if (cause instanceof SessionError) return cause;
  return new SessionError('store/unavailable', { status: 503, cause });
}

function tooLate(ms: number): SessionError {
  const message = `The session store did not answer within ${ms} milliseconds.`;
  return new SessionError('store/unavailable', { status: 503, message });
}

/**
 * The same store, whose every call ends: with its answer, or with a `SessionError` after `ms` milliseconds (0 = it may take
 * for ever). Each step of `all` is a call.
 */
export function storeWithin(store: SessionStore, ms: number, timers: Timers): SessionStore {
  const answer = answerWithin(ms, timers);
  const { volatile, clock } = store;
  return {
    cannot: store.cannot,
    ...(volatile === undefined ? undefined : { volatile }),
    ...(clock === undefined ? undefined : { clock: () => answer(() => clock.call(store)) }),
    create: (record) => answer(() => store.create(record)),
    get: (id, touchAt, unlessSince) => answer(() => store.get(id, touchAt, unlessSince)),
    touch: (id, touchAt, unlessSince) => answer(() => store.touch(id, touchAt, unlessSince)),
    update: (id, expected, change, at) => answer(() => store.update(id, expected, change, at)),
    destroy: (id, reason, at) => answer(() => store.destroy(id, reason, at)),
    sweep: (limit, at) => answer(() => store.sweep(limit, at)),
    clear: (limit, at) => answer(() => store.clear(limit, at)),
    list: (uid, at, limit, after) => answer(() => store.list(uid, at, limit, after)),
    count: (at, uid) => answer(() => store.count(at, uid)),
    all: () => steps(() => store.all(), answer),
    close: () => answer(() => store.close()),
    ended: {
      get keeps() {
        return store.ended.keeps;
      },
      claim: (owner, limit, leaseMs, at) => answer(() => store.ended.claim(owner, limit, leaseMs, at)),
      ack: (owner, entries) => answer(() => store.ended.ack(owner, entries)),
      since: (cursor, limit) => answer(() => store.ended.since(cursor, limit)),
    },
  };
}

async function* steps<T>(begin: () => AsyncIterable<T>, answer: Answer): AsyncGenerator<T, void, undefined> {
  const iterator = await answer(async () => begin()[Symbol.asyncIterator]());
  const leave = () => answer(async () => iterator.return?.());
  const next = async (): Promise<IteratorResult<T>> => {
    try {
      return await answer(() => iterator.next());
    } catch (error) {
      // One that is only late lets go of what it holds when it gets there; nobody waits for it any more.
      leave().catch(() => undefined);
      throw error;
    }
  };
  let handedOut = false;
  try {
    for (let step = await next(); !step.done; step = await next()) {
      handedOut = true;
      yield step.value;
      handedOut = false;
    }
  } finally {
    if (handedOut) await leave();
  }
}
