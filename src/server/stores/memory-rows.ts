import { isJsonObject } from '../../protocol/json.js';
import type { Json } from '../../protocol/messages.js';
import { accessedAt, type TtlType } from '../core/expiry.js';
import type { Labels, SessionRecord } from '../core/store.js';

const rowsPerBlock = 4096;
const numbersPerRow = 6;
const refsPerRow = 4;
const ttlTypes: readonly TtlType[] = ['created', 'lastAccess', 'lastUpdate'];

interface Block {
  readonly numbers: Float64Array;
  /** The version, times four, and which of `ttlTypes`: good for a thousand million updates. */
  readonly kinds: Uint32Array;
  readonly refs: unknown[];
}

/** What most sessions do not have. */
class Rest {
  constructor(
    readonly userData: Json,
    readonly labels: Labels,
  ) {}
}

const noRest = new Rest(Object.freeze({}), Object.freeze({}));

function isPlain({ userData, labels }: SessionRecord): boolean {
  return [userData, labels].every((value) => isJsonObject(value) && Object.keys(value).length === 0);
}

/**
 * Records in rows. Kept as objects, records would cost sixteen bytes more for every instant; here the numbers of a record
 * lie side by side in one typed array, and its object is made when somebody asks, in less than a tenth of a microsecond.
 * Memory comes in blocks, so that growing copies nothing.
 */
export class Rows {
  readonly #blocks: Block[] = [];
  readonly #free: number[] = [];
  #used = 0;

  /** Puts a record down, whose content is deeply frozen, and says in which row. */
  add(record: SessionRecord): number {
    const row = this.#free.pop() ?? this.#used++;
    if (row >> 12 === this.#blocks.length) {
      this.#blocks.push({
        numbers: new Float64Array(rowsPerBlock * numbersPerRow),
        kinds: new Uint32Array(rowsPerBlock),
        refs: new Array(rowsPerBlock * refsPerRow).fill(undefined),
      });
    }
    this.set(row, record);
    return row;
  }

  set(row: number, record: SessionRecord): void {
    const { numbers, kinds, refs } = this.#blockOf(row);
    const n = (row & (rowsPerBlock - 1)) * numbersPerRow;
    numbers[n] = record.expiresAt;
    numbers[n + 1] = record.lastAccess;
    numbers[n + 2] = record.lastUpdate;
    numbers[n + 3] = record.created;
    numbers[n + 4] = record.notAfter;
    numbers[n + 5] = record.timeToLive;
    kinds[row & (rowsPerBlock - 1)] = record.version * 4 + ttlTypes.indexOf(record.ttlType);
    const r = (row & (rowsPerBlock - 1)) * refsPerRow;
    refs[r] = record.id;
    refs[r + 1] = record.uid;
    refs[r + 2] = record.data;
    refs[r + 3] = isPlain(record) ? undefined : new Rest(record.userData, record.labels);
  }

  /** The record in a row: an object of the caller's own, frozen, over content that all callers share. */
  get(row: number): SessionRecord {
    const { numbers, kinds, refs } = this.#blockOf(row);
    const n = (row & (rowsPerBlock - 1)) * numbersPerRow;
    const r = (row & (rowsPerBlock - 1)) * refsPerRow;
    const kind = kinds[row & (rowsPerBlock - 1)] ?? 0;
    const rest = (refs[r + 3] as Rest | undefined) ?? noRest;
    // A spread would take ten times as long as this literal.
    return Object.freeze({
      id: refs[r] as string,
      version: kind >>> 2,
      uid: refs[r + 1] as string | null,
      userData: rest.userData,
      data: refs[r + 2] as Json,
      labels: rest.labels,
      created: numbers[n + 3] ?? 0,
      lastAccess: numbers[n + 1] ?? 0,
      lastUpdate: numbers[n + 2] ?? 0,
      timeToLive: numbers[n + 5] ?? 0,
      ttlType: ttlTypes[kind & 3] ?? 'created',
      notAfter: numbers[n + 4] ?? 0,
      expiresAt: numbers[n] ?? 0,
    });
  }

  expiresAt(row: number): number {
    return this.#blockOf(row).numbers[(row & (rowsPerBlock - 1)) * numbersPerRow] ?? 0;
  }

  lastAccess(row: number): number {
    return this.#blockOf(row).numbers[(row & (rowsPerBlock - 1)) * numbersPerRow + 1] ?? 0;
  }

  /** Writes what an access at this instant changes, and gives the end that the session had before. */
  access(row: number, at: number): number {
    const { numbers, kinds } = this.#blockOf(row);
    const n = (row & (rowsPerBlock - 1)) * numbersPerRow;
    const before = numbers[n] ?? 0;
    const { lastAccess, expiresAt } = accessedAt(
      {
        expiresAt: before,
        lastAccess: numbers[n + 1] ?? 0,
        lastUpdate: numbers[n + 2] ?? 0,
        created: numbers[n + 3] ?? 0,
        notAfter: numbers[n + 4] ?? 0,
        timeToLive: numbers[n + 5] ?? 0,
        ttlType: ttlTypes[(kinds[row & (rowsPerBlock - 1)] ?? 0) & 3] ?? 'created',
      },
      at,
    );
    numbers[n] = expiresAt;
    numbers[n + 1] = lastAccess;
    return before;
  }

  /** Empties a row for the next record. */
  remove(row: number): void {
    const r = (row & (rowsPerBlock - 1)) * refsPerRow;
    this.#blockOf(row).refs.fill(undefined, r, r + refsPerRow);
    this.#free.push(row);
  }

  #blockOf(row: number): Block {
    const block = this.#blocks[row >> 12];
    if (block === undefined) throw new RangeError('There is no such row.');
    return block;
  }
}
