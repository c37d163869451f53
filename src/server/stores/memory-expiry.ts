const rowsPerBlock = 4096;
/** Rows are stored plus one, so that a fresh block, all zeros, holds nothing but ends. */
const none = 0;

/**
 * Which rows expire when. All rows of one second stand in one doubly linked list, so that a row comes and goes in constant
 * time; a heap of the seconds, of which there are few, tells which comes first. What a sweep visits are the rows it
 * removes, and those that end later within the very second in which it happens.
 */
export class ExpiryIndex {
  /** Pairs of links for each row: the one before, the one after. */
  readonly #links: Int32Array[] = [];
  readonly #heads = new Map<number, number>();
  readonly #seconds: number[] = [];

  /** Adds a row that ends at this instant; `Infinity` = never, and needs no index. */
  add(row: number, expiresAt: number): void {
    if (expiresAt === Number.POSITIVE_INFINITY) return;
    const second = secondOf(expiresAt);
    while (row >> 12 >= this.#links.length) this.#links.push(new Int32Array(rowsPerBlock * 2));
    const head = this.#heads.get(second);
    if (head === undefined) push(this.#seconds, second);
    this.#link(row, none, head ?? none);
    if (head !== undefined && head !== none) this.#setBefore(head - 1, row + 1);
    this.#heads.set(second, row + 1);
  }

  /** Removes a row that was added with this instant. */
  remove(row: number, expiresAt: number): void {
    if (expiresAt === Number.POSITIVE_INFINITY) return;
    const [before, after] = [this.#before(row), this.#after(row)];
    if (before === none) this.#heads.set(secondOf(expiresAt), after);
    else this.#setAfter(before - 1, after);
    if (after !== none) this.#setBefore(after - 1, before);
  }

  /** Most touches move an end within its second, or not at all. */
  move(row: number, from: number, to: number): void {
    if (secondOf(from) === secondOf(to)) return;
    this.remove(row, from);
    this.add(row, to);
  }

  /**
   * Calls `visit` with each row whose second has begun by `now`, in the order of the seconds, until it answers false. The
   * row may be removed meanwhile.
   */
  visitDue(now: number, visit: (row: number) => boolean): void {
    const current = secondOf(now);
    const seen: number[] = [];
    for (
      let second = this.#seconds[0];
      second !== undefined && second <= current;
      second = this.#seconds[0]
    ) {
      let next = this.#heads.get(second) ?? none;
      let goOn = true;
      while (next !== none && goOn) {
        const row = next - 1;
        next = this.#after(row);
        goOn = visit(row);
      }
      if (!goOn) break;
      pop(this.#seconds);
      if ((this.#heads.get(second) ?? none) === none) this.#heads.delete(second);
      else seen.push(second);
    }
    for (const second of seen) push(this.#seconds, second);
  }

  #before(row: number): number {
    return this.#links[row >> 12]?.[(row & (rowsPerBlock - 1)) * 2] ?? none;
  }

  #after(row: number): number {
    return this.#links[row >> 12]?.[(row & (rowsPerBlock - 1)) * 2 + 1] ?? none;
  }

  #setBefore(row: number, link: number): void {
    const block = this.#links[row >> 12];
    if (block !== undefined) block[(row & (rowsPerBlock - 1)) * 2] = link;
  }

  #setAfter(row: number, link: number): void {
    const block = this.#links[row >> 12];
    if (block !== undefined) block[(row & (rowsPerBlock - 1)) * 2 + 1] = link;
  }

  #link(row: number, before: number, after: number): void {
    this.#setBefore(row, before);
    this.#setAfter(row, after);
  }
}

function secondOf(instant: number): number {
  return Math.floor(instant / 1000);
}

/** A binary heap, the least first. */
function push(heap: number[], value: number): void {
  let at = heap.length;
  heap.push(value);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent] ?? value;
    if (above <= value) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = value;
}

function pop(heap: number[]): void {
  const value = heap.pop();
  if (value === undefined || heap.length === 0) return;
  let at = 0;
  for (let child = 1; child < heap.length; child = at * 2 + 1) {
    const [left, right] = [heap[child] ?? value, heap[child + 1] ?? Number.POSITIVE_INFINITY];
    const least = Math.min(left, right);
    if (value <= least) break;
    heap[at] = least;
    at = right < left ? child + 1 : child;
  }
  heap[at] = value;
}
