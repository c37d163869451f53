import { setImmediate } from 'node:timers/promises';

/** As many as a memory store ends in half a millisecond. */
const batch = 250;

/** Repeats a step until it does less than it may, and lets others work in between. How much it did in all. */
export async function inBatches(
  step: (limit: number) => Promise<number>,
  goOn: () => boolean = () => true,
): Promise<number> {
  let total = 0;
  for (;;) {
    const done = await step(batch);
    total += done;
    if (done < batch || !goOn()) return total;
    await setImmediate();
  }
}
