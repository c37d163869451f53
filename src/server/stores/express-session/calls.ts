/**
 * One call of a method that answers through a callback, as a promise. It rejects with what the callback is given, with what
 * the method throws, and with what a promise rejects with that the method gives besides. Of several answers the first counts.
 */
export function answered(
  call: (callback: (error?: unknown, value?: unknown) => void) => unknown,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const given = call((error, value) => {
      if (error) reject(error);
      else resolve(value);
    });
    // An async method that fails before it calls back would leave the caller waiting for ever.
    if (isThenable(given)) given.then(undefined, reject);
  });
}

/** Hands a promise's answer to a callback. What the callback throws is nobody's rejection: it is thrown into the process. */
export function answering<T>(
  answer: Promise<T | undefined>,
  callback: ((error: unknown, value?: T) => void) | undefined,
): void {
  answer.then(
    (value) => callback && process.nextTick(callback, null, value),
    (error: unknown) => callback && process.nextTick(callback, error ?? new Error('The store failed.')),
  );
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}
