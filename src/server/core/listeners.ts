/** Functions that hear of something, in the order in which they came. */
export interface Listeners<Heard> {
  /** Gives what takes it back. */
  add(listener: (heard: Heard) => void): () => void;
  /** Tells all of them; `heard` makes what each is told, so that it is nobody else's. Never throws. */
  tell(heard: () => Heard): void;
}

/** `onError`: hears what a listener threw; the others hear all the same. */
export function createListeners<Heard>(onError: (error: unknown) => void): Listeners<Heard> {
  const all = new Set<{ readonly call: (heard: Heard) => void }>();
  return {
    add(listener) {
      const entry = { call: listener };
      all.add(entry);
      return () => void all.delete(entry);
    },
    tell(heard) {
      for (const { call } of all) {
        try {
          call(heard());
        } catch (error) {
          onError(error);
        }
      }
    },
  };
}
