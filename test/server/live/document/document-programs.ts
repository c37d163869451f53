import fc from 'fast-check';
import { type Change, pointerOf } from '../../../../src/protocol/change.js';
import type { Json } from '../../../../src/protocol/messages.js';
import { applyPatch } from '../../../../src/protocol/patch.js';
import { sameJson } from '../../../../src/protocol/same-json.js';
import { createDocument } from '../../../../src/server/live/document/document.js';
import { json } from '../../../protocol/json.js';

type Plain = { [key: string]: unknown } | unknown[];

/** The same object twice: as the document shows it, and in a plain tree. It is kept when it leaves the document. */
interface Held {
  readonly live: Plain;
  readonly plain: Plain;
}

/** What one step of a program may be about; which it is, the interpreter decides by what it finds. */
interface Step {
  readonly on: number;
  readonly what: number;
  readonly key: string;
  readonly at: number;
  readonly count: number;
  readonly value: Json;
  /** Not `value`, but something that the program holds. */
  readonly alias: number | undefined;
}

const objects: fc.Arbitrary<Json> = fc.oneof(
  fc.record({ id: fc.nat(3) }),
  fc.array(fc.nat(3), { maxLength: 12 }),
  fc.constant({ list: [{ n: 1 }, { n: 2 }, [3]], map: { a: {} } }),
  json,
);

const step: fc.Arbitrary<Step> = fc.record({
  on: fc.nat(40),
  what: fc.nat(99),
  key: fc.constantFrom('a', 'b', 'list', 'map', 'n', '0', 'a/b', '~', 'toJSON', 'constructor', 'length'),
  at: fc.integer({ min: -3, max: 8 }),
  count: fc.nat(4),
  value: fc.oneof(fc.nat(3), fc.constantFrom(null, true, '', 'x'), objects),
  alias: fc.option(fc.nat(40), { freq: 5, nil: undefined }),
});

/** A document to begin with, and what is done to it. */
export const programs: fc.Arbitrary<{ initial: Json; steps: Step[] }> = fc.record({
  initial: fc.oneof(
    fc.record({ list: fc.array(objects, { maxLength: 12 }), map: objects, a: json }),
    fc.array(objects, { maxLength: 12 }),
  ),
  steps: fc.array(step, { minLength: 1, maxLength: 40 }),
});

const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value));
const isObject = (value: unknown): value is Plain => typeof value === 'object' && value !== null;

/** A path must say by its types where lists are; and a removal brings no value. */
function checkShape(document: Json, { op, path, value }: Change): void {
  let at: unknown = document;
  for (const part of path) {
    if (Array.isArray(at) !== (typeof part === 'number'))
      throw new Error(`${pointerOf(path)}: ${typeof part}`);
    at = isObject(at) && Object.hasOwn(at, part) ? Reflect.get(at, part) : undefined;
  }
  if ((op === 'remove') !== (value === undefined)) throw new Error(`${op} with or without a value`);
}

/** What a list of changes makes of a document, by the patch that travels. */
export function changed(document: Json, changes: readonly Change[]): Json {
  let now = document;
  for (const change of changes) {
    checkShape(now, change);
    const { op, path, value } = change;
    const operation =
      value === undefined ? { op, path: pointerOf(path) } : { op, path: pointerOf(path), value };
    now = applyPatch(now, [operation]);
  }
  return now;
}

/**
 * Runs a program on a document and on a plain tree beside it, and holds on to whatever it meets. After each step both say the
 * same; at each `take` the patch makes the old document the new one; `undo` gives back the document of the last `take`. Where a
 * program undoes, the plain tree has no answer: then only the patches are judged.
 */
export function run({ initial, steps }: { initial: Json; steps: readonly Step[] }, undoes: boolean): void {
  const document = createDocument<Plain>(initial, { fresh: false });
  let told = document.toJSON();
  const held: Held[] = [{ live: document.root, plain: copy(initial) as Plain }];

  const equal = (found: Json, wanted: unknown, what: string) => {
    if (!sameJson(found, copy(wanted) as Json)) {
      throw new Error(`${what}: ${JSON.stringify(found)} and not ${JSON.stringify(wanted)}`);
    }
  };
  const take = () => {
    const isChanged = document.changed;
    const changes = document.take();
    if (isChanged !== changes.length > 0) throw new Error('changed says something else than take');
    const now = document.toJSON();
    equal(changed(told, changes), now, `patch ${JSON.stringify(changes)} on ${JSON.stringify(told)}`);
    if (document.changed || document.take().length > 0) throw new Error('take does not forget');
    told = now;
  };

  for (const one of steps) {
    if (one.what >= 92) take();
    else if (one.what >= 87 && undoes) {
      document.undo();
      equal(document.toJSON(), told, 'undo');
      if (document.changed) throw new Error('undo leaves changes');
    } else if (one.what >= 86) {
      const value = isObject(one.value) ? one.value : {};
      document.replace(copy(value) as Plain);
      held.push({ live: document.root, plain: copy(value) as Plain });
      held[0] = held.at(-1) as Held;
    } else {
      const on = held[one.on % held.length] as Held;
      try {
        perform(on, one, held, undoes);
      } catch (error) {
        // A circle of copies outgrows the limits; nothing happened then.
        if (!(error instanceof TypeError) || !/levels/.test(error.message)) throw error;
      }
    }
    if (!undoes) for (const { live, plain } of held) equal(copy(live) as Json, plain, JSON.stringify(one));
  }
  take();
}

/** Something done to a list; `own` makes of a value what the document makes of it by itself: a copy. */
type Move = (list: unknown[], value: () => unknown, own: <T>(value: T) => T) => unknown;

function perform({ live, plain }: Held, one: Step, held: Held[], undoes: boolean): void {
  const named = one.alias === undefined ? undefined : held[one.alias % held.length];
  // A document that is put into itself again and again would grow without end.
  const other = named !== undefined && text(named.live).length < 300 ? named : undefined;
  const value = () => (other === undefined ? copy(one.value) : other.live);
  const beside = () => copy(other === undefined || undoes ? one.value : other.plain);
  const keep = (seen: unknown, expected: unknown) => {
    if (isObject(seen)) held.push({ live: seen, plain: (undoes ? {} : expected) as Plain });
  };
  // To put something where it is changes nothing; in the plain tree it would be a copy.
  const isThere = (key: string | number) => other !== undefined && other.live === Reflect.get(live, key);

  if (Array.isArray(live)) {
    const list = Array.isArray(plain) ? plain : [];
    const both = (move: Move) => {
      const result = move(live, value, (same) => same);
      const expected = undoes ? undefined : move(list, beside, copy);
      if (result !== live) keep(result, expected);
    };
    const bothTake = (move: Move) => {
      const gone = move(live, value, (same) => same) as unknown[];
      const expected = undoes ? [] : (move(list, beside, copy) as unknown[]);
      for (const [index, item] of gone.entries()) keep(item, expected[index]);
    };
    const at = (((one.at % (live.length + 1)) + live.length + 1) % (live.length + 1)) as number;
    const inside = Math.min(at, live.length - 1);
    const { count } = one;
    const moves: (() => void)[] = [
      () => both((l, v) => l.push(v())),
      () => both((l, v) => l.push(v(), v(), ...Array.from({ length: count * 3 }, v))),
      () => both((l) => l.pop()),
      () => both((l) => l.shift()),
      () => both((l, v) => l.unshift(v())),
      () => both((l, v) => l.unshift(v(), v())),
      () => bothTake((l, v) => l.splice(at, count, v())),
      () => bothTake((l, v) => l.splice(one.at, count * 2, ...Array.from({ length: count }, v))),
      () => bothTake((l) => l.splice(one.at, 1)),
      () => isThere(at) || both((l, v) => void Reflect.set(l, at, v())),
      () => isThere(at) || both((l, v) => void Reflect.set(l, at, v())),
      () => both((l) => void Reflect.set(l, 'length', at)),
      () => both((l) => l.reverse()),
      () => both((l) => l.sort((x, y) => text(x).localeCompare(text(y)) * (count > 1 ? 1 : -1))),
      () => both((l, v, own) => fill(l, own === copy, v, one.at, one.at + count * 2)),
      () => both((l, _, own) => copyWithin(l, own === copy, one.at, count, count + 2)),
      // A move by hand: out and in again, as a copy.
      () => both((l, _, own) => void l.splice(at, 0, ...l.splice(inside, 1).map(own))),
      () => both((l) => rotate(l, inside, count)),
      () => keep(live[inside], list[inside]),
      () => keep(live[inside], list[inside]),
      () => keep(live[inside], list[inside]),
    ];
    moves[one.what % moves.length]?.();
    return;
  }
  const object = Array.isArray(plain) ? {} : plain;
  const { key, what } = one;
  if (what < 35) keep(Object.hasOwn(live, key) && live[key], Object.hasOwn(object, key) && object[key]);
  else if (what < 50) {
    delete live[key];
    delete object[key];
  } else if (!isThere(key)) {
    live[key] = value();
    object[key] = beside();
  }
}

const text = (value: unknown) => JSON.stringify(value);

function fill(list: unknown[], isPlain: boolean, value: () => unknown, from: number, to: number): void {
  const item = value();
  list.fill(item, from, to);
  if (isPlain)
    for (const place of [...list.keys()].slice(...bounds(list, from, to))) list[place] = copy(item);
}

function bounds({ length }: readonly unknown[], ...ends: number[]): number[] {
  return ends.map((end) => (end < 0 ? Math.max(0, length + end) : end));
}

function copyWithin(list: unknown[], isPlain: boolean, at: number, from: number, to: number): void {
  const before = [...list];
  list.copyWithin(at, from, to);
  if (!isPlain) return;
  for (const [place, item] of list.entries()) if (item !== before[place]) list[place] = copy(item);
}

/** Brings one item to another place by sorting. Equal primitives have no order among them, and stand as they come. */
function rotate(list: unknown[], from: number, by: number): void {
  const target = [...list];
  target.splice((from + by) % Math.max(target.length, 1), 0, ...target.splice(from, 1));
  list.sort((x, y) => target.indexOf(x) - target.indexOf(y));
}
