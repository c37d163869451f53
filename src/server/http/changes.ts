/**
 * The promise of one change, which knows whether anybody waits for it: a failure that nobody else hears of has to fail the
 * answer.
 */
class Change extends Promise<undefined> {
  /** Whether somebody asked for the outcome, with `await` or with `then`. */
  heard = false;

  /** What follows from it is an ordinary promise. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  // biome-ignore lint/suspicious/noThenProperty: to be asked is what it is about.
  override then<Done = undefined, Failed = never>(
    fulfilled?: ((value: undefined) => Done | PromiseLike<Done>) | null,
    rejected?: ((reason: unknown) => Failed | PromiseLike<Failed>) | null,
  ): Promise<Done | Failed> {
    this.heard = true;
    return super.then(fulfilled, rejected);
  }

  /** Whoever did not ask is told by the host, not by the process. */
  spareProcess(): this {
    super.then(undefined, () => {});
    return this;
  }
}

/** The changes of one request: one after the other, in the order in which they were asked for. */
export class Changes {
  /** Resolves when all so far are done, whatever became of them. */
  #running: Promise<void> | undefined;
  readonly #failures: { readonly change: Change; readonly error: unknown }[] = [];

  get areRunning(): boolean {
    return this.#running !== undefined;
  }

  add(work: () => Promise<undefined>): Promise<undefined> {
    const done = this.#running === undefined ? work() : this.#running.then(work);
    const change = new Change((resolve) => resolve(done)).spareProcess();
    const settle = (): void => {
      if (this.#running === running) this.#running = undefined;
    };
    const running = done.then(settle, (error: unknown) => {
      this.#failures.push({ change, error });
      settle();
    });
    this.#running = running;
    return change;
  }

  /** What an answer waits for; `undefined` = nothing. Rejects with a failure that nobody has heard of. */
  pending(): Promise<void> | undefined {
    if (this.#running !== undefined) return this.#running.then(() => this.pending());
    const unheard = this.#failures.find(({ change }) => !change.heard);
    return unheard === undefined ? undefined : Promise.reject(unheard.error);
  }
}
