import type { SessionStore } from '../server/core/store.js';

/** What a test does to a store from outside. */
export interface StoreControl {
  /** The store to give to the sessions: does as the one below does, unless it is told otherwise. */
  readonly store: SessionStore;
  /** From now on this call waits. Only one hold at a time. */
  hold(call: 'create' | 'update' | 'destroy'): Hold;
  /** The next call of this kind fails, also one that waits. */
  failNext(call: 'create' | 'update' | 'destroy'): void;
  /** From now on every call fails, `true`, or works again, `false`. */
  breakDown(broken: boolean): void;
}

export interface Hold {
  /** Resolves when the first call waits. */
  readonly reached: Promise<void>;
  /** Lets go of those that wait, and of all that come. */
  release(): void;
}

/** A store that can be made to wait and to fail, for `hostConformance`. */
export function controlledStore(below: SessionStore): StoreControl {
  let held: { readonly call: string; reach(): void; readonly gate: Promise<void> } | undefined;
  let broken = false;
  let failing: string | undefined;

  const controlled =
    <Args extends unknown[], T>(call: string, work: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> => {
      if (broken) throw new Error('The store is away.');
      if (held?.call === call) {
        const { gate, reach } = held;
        reach();
        await gate;
      }
      if (failing === call) {
        failing = undefined;
        throw new Error('The store is away.');
      }
      return work(...args);
    };

  return {
    store: {
      ...below,
      create: controlled('create', (record) => below.create(record)),
      get: controlled('get', (...args) => below.get(...args)),
      touch: controlled('touch', (...args) => below.touch(...args)),
      update: controlled('update', (...args) => below.update(...args)),
      destroy: controlled('destroy', (...args) => below.destroy(...args)),
    },

    hold(call) {
      const [reached, reach] = signal();
      const [gate, open] = signal();
      held = { call, reach, gate };
      return {
        reached,
        release() {
          held = undefined;
          open();
        },
      };
    },

    failNext(call) {
      failing = call;
    },

    breakDown(now) {
      broken = now;
    },
  };
}

function signal(): [promise: Promise<void>, resolve: () => void] {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return [promise, resolve];
}
