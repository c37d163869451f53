const rowsPerBlock = 4096;
/** Rows are stored plus one, so that a fresh block, all zeros, holds nothing but ends. */
const none = 0;

/** Seconds that share one list as long as they are far off. */
const secondsPerSpan = 64;

/**
 * Which rows expire when. The rows of one span of time stand in one doubly linked list, so that a row comes and goes in
 * constant time; a heap of the spans tells which comes first. What is far off stands in spans of a minute or so, of which
 * there are few, however many sessions there are. A span that begins is split into its seconds. What a sweep visits are the
 * rows it removes, and those that end later within the very second in which it happens.
 */
export class ExpiryIndex {
  /** Pairs of links for each row: the one before, the one after. */
  readonly #links: Int32Array[] = [];
  readonly #far = new Lists();
  readonly #near = new Lists();
  readonly #endOf: (row: number) => number;
  /** The last span that was split. */
  #begun = Number.NEGATIVE_INFINITY;

  /** @param endOf when a row ends, as it was added */
  constructor(endOf: (row: number) => number) {
    this.#endOf = endOf;
  }

  /** Adds a row that ends at this instant; `Infinity` = never, and needs no index. */
  add(row: number, expiresAt: number): void {
    if (expiresAt === Number.POSITIVE_INFINITY) return;
    while (row >> 12 >= this.#links.length) this.#links.push(new Int32Array(rowsPerBlock * 2));
    const second = secondOf(expiresAt);
    const span = spanOf(second);
    if (span > this.#begun) this.#addTo(this.#far, span, row);
    else this.#addTo(this.#near, second, row);
  }

  /** Removes a row that was added with this instant. */
  remove(row: number, expiresAt: number): void {
    if (expiresAt === Number.POSITIVE_INFINITY) return;
    const [before, after] = [this.#before(row), this.#after(row)];
    if (after !== none) this.#setBefore(after - 1, before);
    if (before !== none) {
      this.#setAfter(before - 1, after);
      return;
    }
    const second = secondOf(expiresAt);
    const span = spanOf(second);
    if (span > this.#begun) this.#far.heads.set(span, after);
    else this.#near.heads.set(second, after);
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
    const { heads, heap } = this.#near;
    const seen: number[] = [];
    for (let second = this.#first(current); second !== undefined; second = this.#first(current)) {
      if (!this.#visitAll(heads.get(second) ?? none, visit)) break;
      pop(heap);
      if ((heads.get(second) ?? none) === none) heads.delete(second);
      else seen.push(second);
    }
    for (const second of seen) push(heap, second);
  }

  /** The first second up to this one. Splits the span in which it lies, and none that comes later. */
  #first(current: number): number | undefined {
    for (;;) {
      const second = this.#near.heap[0] ?? Number.POSITIVE_INFINITY;
      const span = this.#far.heap[0] ?? Number.POSITIVE_INFINITY;
      if (span > spanOf(Math.min(second, current))) return second <= current ? second : undefined;
      this.#split(span);
    }
  }

  #split(span: number): void {
    const { heads, heap } = this.#far;
    const first = heads.get(span) ?? none;
    pop(heap);
    heads.delete(span);
    this.#begun = span;
    this.#visitAll(first, (row) => {
      this.#addTo(this.#near, secondOf(this.#endOf(row)), row);
      return true;
    });
  }

  /** Goes through a list, whose rows may leave it on the way, until `visit` answers false; then gives false. */
  #visitAll(first: number, visit: (row: number) => boolean): boolean {
    for (let next = first; next !== none; ) {
      const row = next - 1;
      next = this.#after(row);
      if (!visit(row)) return false;
    }
    return true;
  }

  #addTo({ heads, heap }: Lists, key: number, row: number): void {
    const head = heads.get(key);
    if (head === undefined) push(heap, key);
    else if (head !== none) this.#setBefore(head - 1, row + 1);
    this.#link(row, none, head ?? none);
    heads.set(key, row + 1);
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

/** Lists of rows by their time, and which time comes first. A list that has become empty keeps its place. */
class Lists {
  readonly heads = new Map<number, number>();
  readonly heap: number[] = [];
}

function spanOf(second: number): number {
  return Math.floor(second / secondsPerSpan);
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
