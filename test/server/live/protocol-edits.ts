import type { Json, Operation, ProtocolDocument } from './protocol-client.js';
import type { Doc } from './protocol-host.js';

/* What both sides of a live document do to it, at random. */

/** Numbers below a limit, always the same for a seed (mulberry32). */
export function chance(state: number) {
  let at = state;
  return (below: number): number => {
    at = (at + 0x6d2b79f5) | 0;
    let mixed = Math.imul(at ^ (at >>> 15), at | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

type Chance = ReturnType<typeof chance>;
type Item = { text$: string };
interface Board {
  name$: string;
  count$: number;
  items: Item[];
  tags$: string[];
  box: { [key: string]: Json };
}

export const board = (): Doc => ({
  name$: 'Ann',
  count$: 1,
  items: [{ text$: 'a' }, { text$: 'b' }, { text$: 'c' }],
  tags$: ['x', 'y'],
  box: { in$: 'side', 'a/b~c$': 'odd' },
});

/** What a task of the app does. */
export function serverEdit(data: Doc, random: Chance, step: number): void {
  const { items, tags$, box } = data as unknown as Board;
  const index = random(items.length + 1);
  const item = { text$: `s${step}` };
  const kinds = [
    () => items.unshift(item),
    () => items.splice(index, 0, item),
    () => items.splice(index, 1),
    () => items.splice(index, 1, item),
    () => (items[index] === undefined ? items.push(item) : Object.assign(items[index], item)),
    () => tags$.unshift(`t${step}`),
    () => tags$.shift(),
    () => Object.assign(data, { name$: `s${step}` }),
    () => Object.assign(data, { box: { in$: `s${step}`, 'a/b~c$': 'new' } }),
    () => Object.assign(box, { in$: `s${step}` }),
    () => delete box['a/b~c$'],
  ];
  kinds[random(kinds.length)]?.();
}

/** The places of primitives that a client may replace. */
function placesOf(value: Json, path = '', isOpen = false): string[] {
  if (typeof value !== 'object' || value === null) return isOpen ? [path] : [];
  return Object.entries(value).flatMap(([key, inner]) =>
    placesOf(
      inner,
      `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`,
      key.endsWith('$') || (Array.isArray(value) && isOpen),
    ),
  );
}

/** What a user does. */
export function clientEdit(view: Json, random: Chance, step: number): Operation[] {
  const places = placesOf(view);
  const path = places[random(places.length)] ?? '/name$';
  return [{ op: 'replace', path, value: path === '/count$' ? step : `c${step}` }];
}

/** Edits on both sides, in whatever order they cross; ends when the client has seen and said everything. */
export async function editBoth(
  edits: number,
  random: Chance,
  change: (edit: (data: Doc) => void) => Promise<unknown>,
  client: { document: ProtocolDocument; edit(...operations: Operation[]): unknown; barrier(): Promise<void> },
): Promise<void> {
  const tasks: Promise<unknown>[] = [];
  for (let step = 0; step < edits; step += 1) {
    if (random(2) === 0) client.edit(...clientEdit(client.document.view, random, step));
    else tasks.push(change((data) => serverEdit(data, random, step)));
    if (random(4) === 0) await client.barrier();
  }
  await Promise.all(tasks);
  await change((data) => {
    data.end = true;
  });
}
