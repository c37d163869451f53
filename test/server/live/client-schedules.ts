import fc from 'fast-check';
import { DocumentFollower } from '../../../src/client/core/live/follower.js';
import { withChanges } from '../../../src/client/core/live/tree.js';
import { type Change, pointerOf } from '../../../src/protocol/change.js';
import { isJsonObject } from '../../../src/protocol/json.js';
import type { Json } from '../../../src/protocol/messages.js';
import { applyPatch } from '../../../src/protocol/patch.js';
import { sameJson } from '../../../src/protocol/same-json.js';
import { Channel } from '../../../src/server/live/channel/channel.js';
import type { ChannelOptions } from '../../../src/server/live/channel/channel-options.js';
import { Feed } from '../../../src/server/live/channel/feed.js';
import type { HistoryOptions } from '../../../src/server/live/channel/history.js';
import { trackedDocument } from './document/plain-document.js';

/** One thing that happens. The numbers choose among what there is at that moment. */
export interface Event {
  readonly kind:
    | 'server'
    | 'client'
    | 'own'
    | 'forbidden'
    | 'push'
    | 'up'
    | 'down'
    | 'cut'
    | 'connect'
    | 'forget'
    | 'root';
  readonly who: number;
  readonly pick: number;
  readonly how: number;
  readonly value: Json;
}

const name = fc.constantFrom('name$', 'count$', 'plain', 'items', 'tags$', 'deep');
const leaf = fc.constantFrom<Json>('', 'a', 'b', 0, 1, 7, true, false, null);
const tree: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;

const weighted = (kind: Event['kind'], weight: number) => ({ weight, arbitrary: fc.constant(kind) });

export const events: fc.Arbitrary<Event[]> = fc.array(
  fc.record<Event>({
    kind: fc.oneof(
      weighted('server', 60),
      weighted('client', 60),
      weighted('own', 30),
      weighted('forbidden', 4),
      weighted('push', 30),
      weighted('up', 50),
      weighted('down', 60),
      weighted('cut', 12),
      weighted('connect', 20),
      weighted('forget', 3),
      weighted('root', 1),
    ),
    who: fc.nat(2),
    pick: fc.nat(999),
    how: fc.nat(999),
    value: fc.oneof(leaf, tree),
  }),
  { maxLength: 80, size: 'max' },
);

const firstDocument: Json = {
  name$: 'a',
  count$: 1,
  plain: 'p',
  tags$: ['x', 'y', 'z'],
  items: [
    { name$: 'one', count$: 1, items: [{ name$: 't' }] },
    { name$: 'two', count$: 2 },
    { name$: 'three', count$: 3 },
  ],
  deep: { on$: false, deep: { name$: 'd' } },
  own0$: 0,
  own1$: 0,
  own2$: 0,
};

export interface World {
  readonly channel?: ChannelOptions;
  readonly history?: HistoryOptions;
  /** Whether clients add and remove as well, and put objects in the place of values. */
  readonly isOpen?: boolean;
}

/** What a schedule came to. */
export interface Result {
  readonly document: Json | undefined;
  readonly clients: readonly (Json | undefined)[];
  /** How often the server closed the connection for a patch that it does not allow. */
  readonly refusals: number;
  readonly edits: number;
  /** How often a client had to connect again for what it was sent. */
  readonly resyncs: number;
  /** What no follower but its own touches, and what it is in the end. */
  readonly lost: readonly string[];
}

/** One page: its follower, the frames on their way, and what an observable made of the changes it was told. */
class Page {
  readonly follower = new DocumentFollower();
  shown: Json = null;
  isConnected = false;
  /** Whether the server has closed the connection for what it was sent, and this side does not know yet. */
  isRefused = false;
  /** The first frame of a connection is told apart. */
  up: { readonly text: string; readonly isFirst: boolean }[] = [];
  down: string[] = [];
  /** The newest value that this user gave to the member that is its own. */
  last = 0;

  constructor(public channel: Channel) {}

  send(): void {
    const text = this.isConnected ? this.follower.outgoing() : undefined;
    if (text !== undefined) this.up.push({ text, isFirst: false });
  }

  connect(): void {
    if (this.isConnected) return;
    this.isConnected = true;
    this.up.push({ text: this.follower.opened(), isFirst: true });
  }

  edit(to: Json): void {
    if (this.follower.view === undefined) return;
    const error = this.follower.edit(to);
    if (error !== undefined) throw error;
    this.shown = to;
    this.send();
  }
}

/** Stands for the close of a connection after what the server sent before it. */
const closed = 'closed';

/** Plays a schedule with as many clients as it wants, then lets everything arrive. */
export function play(schedule: readonly Event[], clients: number, world: World): Result {
  const document = trackedDocument(firstDocument);
  const feed = new Feed(document, { versioning: true, ...(world.history && { history: world.history }) });
  const pages = Array.from({ length: clients }, () => new Page(new Channel(feed, world.channel)));
  let refusals = 0;
  let edits = 0;
  let resyncs = 0;
  let isReset = false;

  const up = (page: Page): void => {
    const message = page.up.shift();
    if (message === undefined || page.isRefused) return;
    const frame = JSON.parse(message.text);
    if (message.isFirst) {
      const outcome = page.channel.reconnect(frame);
      page.down.push(outcome.kind === 'rejected' ? closed : page.channel.take({ whole: true }));
      page.isRefused = outcome.kind === 'rejected';
      return;
    }
    const outcome = page.channel.receive(frame);
    if (outcome.kind === 'rejected') {
      page.down.push(closed);
      page.isRefused = true;
    }
    const answer = page.channel.answer(outcome, 'socket');
    if (answer !== undefined) page.down.push(answer);
  };
  const cut = (page: Page, arrives: number): void => {
    if (!page.isConnected) return;
    for (let count = arrives; count > 0 && page.up.length > 0; count -= 1) up(page);
    page.up = [];
    page.down = [];
    page.isConnected = false;
    page.isRefused = false;
    page.follower.closed();
  };
  const down = (page: Page): void => {
    const text = page.down.shift();
    if (text === undefined) return;
    const before = page.shown;
    if (text === closed) {
      refusals += 1;
      page.shown = told(before, page.follower.refused() ?? []);
      cut(page, 0);
      return;
    }
    const received = page.follower.received(JSON.parse(text));
    if (received.kind === 'resync') {
      resyncs += 1;
      cut(page, 0);
      return;
    }
    if (received.kind === 'changed') page.shown = told(before, received.changes);
    if (!sameJson(page.shown, page.follower.view)) throw new Error('the changes do not make the view');
    page.send();
  };
  /** A socket hears of changes by others only once it has got its first answer. */
  const push = (page: Page): void => {
    const isOpen = page.isConnected && !page.isRefused && !page.up.some(({ isFirst }) => isFirst);
    if (isOpen && page.channel.isBehind) page.down.push(page.channel.take());
  };

  for (const page of pages) {
    page.connect();
    up(page);
    down(page);
  }
  for (const { kind, who, pick, how, value } of schedule) {
    const index = who % clients;
    const page = pages[index];
    if (page === undefined) continue;
    switch (kind) {
      case 'server':
        serverEdit(document.root ?? null, pick, how, value, (op, path, to) =>
          document.change(to === undefined ? [op, path] : [op, path, to]),
        );
        break;
      case 'root':
        document.change(['replace', [], firstDocument]);
        isReset = true;
        break;
      case 'client': {
        const to = clientEdit(page.follower.view ?? null, pick, how, value, world.isOpen === true);
        if (to === undefined) break;
        edits += 1;
        page.edit(to);
        break;
      }
      case 'own': {
        const { view } = page.follower;
        if (!isJsonObject(view) || !Object.hasOwn(view, `own${index}$`)) break;
        page.last += 1;
        page.edit({ ...view, [`own${index}$`]: page.last });
        break;
      }
      case 'forbidden': {
        const { view } = page.follower;
        if (world.isOpen || !isJsonObject(view)) break;
        page.edit({ ...view, plain: value });
        break;
      }
      case 'push':
        push(page);
        break;
      case 'up':
        up(page);
        break;
      case 'down':
        down(page);
        break;
      case 'cut':
        cut(page, how % 3);
        break;
      case 'connect':
        page.connect();
        break;
      case 'forget':
        // The server starts again, or has let go of a follower that was away.
        cut(page, how % 3);
        page.channel = new Channel(feed, world.channel);
    }
  }

  // Quiet: nobody edits any more.
  for (let round = 0; round < 100; round += 1) {
    for (const page of pages) {
      page.connect();
      push(page);
      while (page.up.length > 0 || page.down.length > 0) {
        up(page);
        push(page);
        down(page);
      }
    }
  }
  const { root } = document;
  return {
    document: root,
    clients: pages.map(({ follower }) => (follower.isSettled ? follower.view : 'not settled')),
    refusals,
    edits,
    resyncs,
    lost: isReset
      ? []
      : pages.flatMap(({ last }, index) => {
          const is = isJsonObject(root) ? root[`own${index}$`] : undefined;
          return is === last ? [] : [`own${index}$ is ${is}, and was set to ${last}`];
        }),
  };
}

/** What an observable does with the changes that it is told. */
function told(document: Json, changes: readonly Change[]): Json {
  return changes.reduce((value, { op, path, value: to }) => {
    if (path.length === 0) return to ?? null;
    return applyPatch(value, [{ op, path: pointerOf(path), value: to } as Json], { depth: 1000 });
  }, document);
}

interface Spot {
  readonly path: readonly (string | number)[];
  readonly value: Json;
}

/** All values of a document but the document, and but what belongs to one client. */
function spots(value: Json, path: Spot['path'] = []): Spot[] {
  const children: (readonly [string | number, Json])[] = Array.isArray(value)
    ? value.map((item: Json, index) => [index, item])
    : isJsonObject(value)
      ? Object.entries(value)
      : [];
  return children.flatMap(([key, child]) => {
    if (String(key).startsWith('own')) return [];
    const place = [...path, key];
    return [{ path: place, value: child }, ...spots(child, place)];
  });
}

const nth = <T>(list: readonly T[], pick: number): T | undefined => list[pick % (list.length || 1)];

function serverEdit(
  root: Json,
  pick: number,
  how: number,
  value: Json,
  change: (op: Change['op'], path: Change['path'], value?: Json) => void,
): void {
  const all = spots(root);
  const list = nth(
    all.filter((spot) => Array.isArray(spot.value)),
    pick,
  );
  const length = Array.isArray(list?.value) ? list.value.length : 0;
  const spot = nth(all, pick);
  switch (how % 6) {
    case 0:
    case 1:
      if (list) change('add', [...list.path, how % (length + 1)], value);
      break;
    case 2:
      if (list && length > 0) change('remove', [...list.path, how % length]);
      break;
    case 3:
      if (list && length > 0) change('replace', [...list.path, how % length], value);
      break;
    case 4:
      if (spot && typeof spot.path.at(-1) === 'string' && spot.path.length > 1) change('remove', spot.path);
      break;
    default:
      if (spot) change('replace', spot.path, value);
  }
}

/** What a user makes of the document; undefined for nothing. */
function clientEdit(view: Json, pick: number, how: number, value: Json, isOpen: boolean): Json | undefined {
  const all = spots(view);
  const change = (op: Change['op'], path: Change['path'], to?: Json): Json =>
    withChanges(view, [to === undefined ? { op, path } : { op, path, value: to }]).value;
  if (!isOpen || how % 3 === 0) {
    const spot = nth(
      all.filter(({ path, value: old }) => {
        const key = path.filter((part) => typeof part === 'string').at(-1);
        return String(key).endsWith('$') && (typeof old !== 'object' || old === null);
      }),
      pick,
    );
    if (spot === undefined) return undefined;
    const { value: old, path } = spot;
    const wanted = typeof old === 'string' ? `t${how}` : typeof old === 'boolean' ? how % 2 === 0 : how;
    return change('replace', path, wanted);
  }
  const list = nth(
    all.filter((spot) => Array.isArray(spot.value)),
    pick,
  );
  const length = Array.isArray(list?.value) ? list.value.length : 0;
  const spot = nth(all, pick);
  switch (how % 5) {
    case 0:
    case 1:
      return list && change('add', [...list.path, how % (length + 1)], value);
    case 2:
      return list && length > 0 ? change('remove', [...list.path, how % length]) : undefined;
    case 3:
      return spot && change('remove', spot.path);
    default:
      return spot && change('replace', spot.path, value);
  }
}
