/** The part of Web Storage that a token needs: `sessionStorage`, `localStorage` or anything shaped like them. */
export interface WebStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** One slot for one text, which never throws. */
export interface TokenStorage {
  /** False while the text is kept in memory because the storage refused it: a reload will lose it. */
  readonly persisted: boolean;
  read(): string | null;
  write(text: string): void;
  remove(): void;
}

/**
 * A slot of Web Storage that falls back to memory. The storage is opened anew for each use, since merely touching
 * `window.sessionStorage` throws in a sandboxed frame, and a full storage may have room again later.
 */
export function createTokenStorage(key: string, open: () => WebStorage): TokenStorage {
  /** What the storage could not take; `undefined` as long as the storage itself is in charge. */
  let memory: string | null | undefined;

  function attempt<T>(use: (storage: WebStorage) => T): T | undefined {
    try {
      return use(open());
    } catch {
      memory ??= null;
      return undefined;
    }
  }

  return {
    get persisted() {
      return memory === undefined;
    },
    read() {
      if (memory !== undefined) return memory;
      return attempt((storage) => storage.getItem(key)) ?? null;
    },
    write(text) {
      memory = undefined;
      attempt((storage) => storage.setItem(key, text));
      if (memory === null) {
        // What a refusing storage still holds is older than this text and must not come back after a reload.
        attempt((storage) => storage.removeItem(key));
        memory = text;
      }
    },
    remove() {
      if (memory !== undefined) memory = null;
      attempt((storage) => storage.removeItem(key));
    },
  };
}
