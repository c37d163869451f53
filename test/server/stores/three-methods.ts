import type { StoredSession, ThreeMethods } from '../../../src/server/stores/simple.js';

/** The smallest store there can be (V-20): a Map that keeps and gives the very objects it gets, at once. */
export function minimal(kept = new Map<string, StoredSession>()) {
  return {
    kept,
    get: (id: string) => kept.get(id),
    set: (id: string, session: StoredSession) => void kept.set(id, session),
    destroy: (id: string) => void kept.delete(id),
  };
}

/** The same with `all`. */
export function listing(kept = new Map<string, StoredSession>()) {
  return { ...minimal(kept), all: () => kept.values() };
}

/** Writes down which methods are called, and with what. */
export function watched<T extends ThreeMethods>(three: T) {
  const calls: { readonly name: string; readonly given: readonly unknown[] }[] = [];
  const get = (_: T, name: string | symbol) => {
    const method: unknown = Reflect.get(three, name);
    if (typeof method !== 'function') return method;
    return (...given: unknown[]) => {
      calls.push({ name: String(name), given });
      return Reflect.apply(method, three, given);
    };
  };
  return { calls, three: new Proxy(three, { get }) };
}

/** Keeps JSON texts, and answers late: each call lets whoever waits go first. */
export function slow(kept = new Map<string, string>()): ThreeMethods {
  return {
    async get(id) {
      await turn();
      const text = kept.get(id);
      return text === undefined ? null : JSON.parse(text);
    },
    async set(id, session) {
      await turn();
      kept.set(id, JSON.stringify(session));
      await turn();
    },
    async destroy(id) {
      await turn();
      kept.delete(id);
    },
    async *all() {
      for (const text of kept.values()) {
        await turn();
        yield JSON.parse(text);
      }
    },
  };
}

async function turn(): Promise<void> {
  for (let step = 0; step < 3; step += 1) await undefined;
}
