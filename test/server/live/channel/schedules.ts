import fc from 'fast-check';
import { type Path, pointerOf } from '../../../../src/protocol/change.js';
import { isJsonObject } from '../../../../src/protocol/json.js';
import type { Json } from '../../../../src/protocol/messages.js';
import { sameJson } from '../../../../src/protocol/same-json.js';
import { Channel } from '../../../../src/server/live/channel/channel.js';
import type { ChannelOptions } from '../../../../src/server/live/channel/channel-options.js';
import { Feed } from '../../../../src/server/live/channel/feed.js';
import type { HistoryOptions } from '../../../../src/server/live/channel/history.js';
import { type ChangedDocument, PlainDocument, trackedDocument } from '../document/plain-document.js';
import { type Operation, PalindromModel } from './palindrom-model.js';

/** One thing that happens. The numbers choose among what there is at that moment. */
export interface Event {
  readonly kind: 'server' | 'client' | 'push' | 'up' | 'down' | 'repeat' | 'cut' | 'root';
  readonly who: number;
  readonly pick: number;
  readonly how: number;
  readonly value: Json;
}

const name = fc.constantFrom('name$', 'count$', 'on$', 'plain', 'items', 'tags$', 'deep');
const leaf = fc.constantFrom<Json>('', 'a', 'b', 'c', 0, 1, 2, 7, true, false, null);
const tree: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;

const kinds = fc.oneof(
  { weight: 6, arbitrary: fc.constant('server' as const) },
  { weight: 6, arbitrary: fc.constant('client' as const) },
  { weight: 3, arbitrary: fc.constant('push' as const) },
  { weight: 5, arbitrary: fc.constant('up' as const) },
  { weight: 5, arbitrary: fc.constant('down' as const) },
  { weight: 1, arbitrary: fc.constant('repeat' as const) },
  { weight: 1, arbitrary: fc.constant('cut' as const) },
);

export const events: fc.Arbitrary<Event[]> = fc.array(
  fc.record<Event>({
    kind: fc.oneof({ weight: 60, arbitrary: kinds }, { weight: 1, arbitrary: fc.constant('root' as const) }),
    who: fc.nat(2),
    pick: fc.nat(999),
    how: fc.nat(999),
    value: fc.oneof(leaf, tree),
  }),
  { maxLength: 60, size: 'max' },
);

export const firstDocument: Json = {
  name$: 'a',
  count$: 1,
  plain: 'p',
  tags$: ['x', 'y', 'z'],
  items: [
    { name$: 'one', count$: 1, items: [{ on$: true }] },
    { name$: 'two', count$: 2 },
    { name$: 'three', count$: 3 },
  ],
  deep: { on$: false, deep: { name$: 'd' } },
};

export interface World {
  readonly channel?: ChannelOptions;
  readonly history?: HistoryOptions;
  /** Whether clients add and remove as well, and put objects in the place of values. */
  readonly isOpen?: boolean;
  /** Whether it is the real document, which tells its changes turn by turn. */
  readonly isTracked?: boolean;
  /** Whether clients transform as they should, and not as palindrom does. */
  readonly transformFully?: boolean;
}

/** What a schedule came to. */
export interface Result {
  readonly document: Json | undefined;
  readonly clients: readonly Json[];
  readonly refusals: readonly string[];
  /** How often a client could not apply what it was sent. */
  readonly broken: number;
  readonly edits: number;
}

/** One client, its channel, and what is on its way. */
class Follower {
  client: PalindromModel;
  up: string[] = [];
  down: string[] = [];

  constructor(
    readonly channel: Channel,
    readonly fully: boolean,
  ) {
    this.client = this.load();
  }

  /** A new page: nothing is left of the old one. */
  load(): PalindromModel {
    this.up = [];
    this.down = [];
    this.client = new PalindromModel(this.fully);
    this.client.reset(this.channel.start());
    return this.client;
  }
}

/** Plays a schedule with as many clients as it wants, then lets everything arrive. */
export function play(schedule: readonly Event[], clients: number, world: World): Result {
  const document = world.isTracked ? trackedDocument(firstDocument) : new PlainDocument(firstDocument);
  const feed = new Feed(document, { versioning: true, ...(world.history && { history: world.history }) });
  const followers = Array.from(
    { length: clients },
    () => new Follower(new Channel(feed, world.channel), world.transformFully === true),
  );
  const refusals: string[] = [];
  let broken = 0;
  let edits = 0;

  const deliverUp = (follower: Follower, at: number, by: 'http' | 'socket'): void => {
    const [message] = follower.up.splice(at, 1);
    if (message === undefined) return;
    const outcome = follower.channel.receive(JSON.parse(message));
    if (outcome.kind === 'rejected') refusals.push(outcome.reason);
    const answer = follower.channel.answer(outcome, by);
    if (answer !== undefined) follower.down.push(answer);
  };
  const deliverDown = (follower: Follower, at: number): void => {
    const [message] = follower.down.splice(at, 1);
    if (message === undefined) return;
    follower.up.push(...follower.client.receive(message));
    if (!follower.client.isBroken) return;
    broken += 1;
    follower.load();
  };
  const reconnect = (follower: Follower, loses: number): void => {
    follower.up = follower.up.filter((_, index) => (loses >> index) % 2 === 0);
    follower.down = follower.down.filter((_, index) => (loses >> index) % 2 === 1);
    const outcome = follower.channel.reconnect(follower.client.pending);
    if (outcome.kind === 'rejected') refusals.push(outcome.reason);
    const text = follower.channel.whole();
    // What the user does before the answer is here is lost for the client, and comes to the server late.
    const operation = clientEdit(follower.client.document, loses, loses, 'late', world.isOpen === true);
    if (loses % 3 === 0 && operation !== undefined) follower.up.push(follower.client.edit(operation));
    follower.client.reset(text);
  };

  for (const { kind, who, pick, how, value } of schedule) {
    const follower = followers[who % clients];
    if (follower === undefined) continue;
    switch (kind) {
      case 'server':
        serverEdit(document, pick, how, value);
        break;
      case 'root':
        document.change(['replace', [], firstDocument]);
        break;
      case 'client': {
        const operation = clientEdit(follower.client.document, pick, how, value, world.isOpen === true);
        if (operation === undefined) break;
        edits += 1;
        follower.up.push(follower.client.edit(operation));
        break;
      }
      case 'push':
        if (follower.channel.isBehind) follower.down.push(follower.channel.take());
        break;
      case 'up':
        deliverUp(
          follower,
          how % 4 === 0 ? pick % (follower.up.length || 1) : 0,
          pick % 2 === 0 ? 'http' : 'socket',
        );
        break;
      case 'down':
        deliverDown(follower, how % 4 === 0 ? pick % (follower.down.length || 1) : 0);
        break;
      case 'repeat': {
        const again = follower.up[pick % (follower.up.length || 1)];
        if (again !== undefined) follower.up.push(again);
        break;
      }
      case 'cut':
        reconnect(follower, how);
    }
  }

  // Quiet: nobody edits any more.
  for (const follower of followers) {
    for (let round = 0; round < 50; round += 1) {
      while (follower.up.length > 0 || follower.down.length > 0) {
        deliverUp(follower, 0, 'socket');
        deliverDown(follower, 0);
      }
      // What was lost while the client reconnected, it does not send again.
      if (follower.channel.waiting > 0) {
        follower.channel.skipMissing();
        follower.down.push(follower.channel.take());
        deliverDown(follower, 0);
      }
      if (follower.client.isWaiting || follower.client.pending.length > 0) reconnect(follower, 1);
      else break;
    }
  }
  for (const follower of followers) {
    if (follower.channel.isBehind) follower.down.push(follower.channel.take());
    while (follower.down.length > 0) deliverDown(follower, 0);
  }
  return {
    document: document.root,
    clients: followers.map(({ client }) => withoutVersions(client.document)),
    refusals,
    broken,
    edits,
  };
}

export function converged({ document, clients }: Result): boolean {
  return clients.every((client) => sameJson(client, document));
}

function withoutVersions(document: Json): Json {
  if (!isJsonObject(document)) return document;
  const { '_ver#c$': _client, '_ver#s': _server, ...rest } = document;
  return rest;
}

interface Spot {
  readonly path: Path;
  readonly value: Json;
}

/** All values of a document, the document first. */
function spots(value: Json, path: Path = []): Spot[] {
  const inner = Array.isArray(value)
    ? value.flatMap((item: Json, index) => spots(item, [...path, index]))
    : isJsonObject(value)
      ? Object.entries(value).flatMap(([key, member]) => spots(member, [...path, key]))
      : [];
  return [{ path, value }, ...inner];
}

function serverEdit(document: ChangedDocument, pick: number, how: number, value: Json): void {
  const all = spots(document.root ?? null);
  const lists = all.filter((spot) => Array.isArray(spot.value));
  const objects = all.filter((spot) => isJsonObject(spot.value));
  const leaves = all.filter((spot) => typeof spot.value !== 'object' || spot.value === null);
  const at = <T>(list: readonly T[]): T | undefined => list[pick % (list.length || 1)];
  const list = at(lists);
  const object = at(objects);
  const leafSpot = at(leaves);
  const length = Array.isArray(list?.value) ? list.value.length : 0;
  switch (how % 8) {
    case 0:
    case 1:
      if (list) document.change(['add', [...list.path, how % (length + 1)], value]);
      break;
    case 2:
      if (list && length > 0) document.change(['remove', [...list.path, how % length]]);
      break;
    case 3:
      if (list && length > 0) document.change(['replace', [...list.path, how % length], value]);
      break;
    case 4: {
      const keys = ['name$', 'count$', 'items', 'deep'];
      const key = keys[how % keys.length] ?? '';
      if (!object || !isJsonObject(object.value)) break;
      document.change([Object.hasOwn(object.value, key) ? 'replace' : 'add', [...object.path, key], value]);
      break;
    }
    case 5:
      if (object && object.path.length > 1) {
        const key = Object.keys(isJsonObject(object.value) ? object.value : {})[0];
        if (key !== undefined) document.change(['remove', [...object.path, key]]);
      }
      break;
    default:
      if (leafSpot && leafSpot.path.length > 0) {
        const isSame = typeof leafSpot.value === typeof value || leafSpot.value === null;
        document.change(['replace', leafSpot.path, isSame || how % 3 === 0 ? value : leafSpot.value]);
      }
  }
}

/** An edit that the policy allows, for what the client sees. */
function clientEdit(
  document: Json,
  pick: number,
  how: number,
  value: Json,
  isOpen: boolean,
): Operation | undefined {
  const all = spots(withoutVersions(document)).slice(1);
  const at = <T>(list: readonly T[]): T | undefined => list[pick % (list.length || 1)];
  if (!isOpen || how % 3 === 0) {
    const editable = all.filter(({ path, value: old }) => {
      const key = path.filter((part) => typeof part === 'string').at(-1);
      return String(key).endsWith('$') && (typeof old !== 'object' || old === null);
    });
    const spot = at(editable);
    if (spot === undefined) return undefined;
    const { value: old, path } = spot;
    const wanted =
      typeof old === 'number'
        ? how
        : typeof old === 'boolean'
          ? how % 2 === 0
          : old === null
            ? how
            : `t${how}`;
    return { op: 'replace', path: pointerOf(path), value: wanted };
  }
  const lists = all.filter((spot) => Array.isArray(spot.value));
  const list = at(lists);
  const length = Array.isArray(list?.value) ? list.value.length : 0;
  switch (how % 6) {
    case 1:
    case 2:
      if (list === undefined) return undefined;
      return {
        op: 'add',
        path: pointerOf([...list.path, how % 2 === 0 ? length : how % (length + 1)]),
        value,
      };
    case 4:
      if (list === undefined || length === 0) return undefined;
      return { op: 'remove', path: pointerOf([...list.path, how % length]) };
    default: {
      const members = all.filter(({ path }) => typeof path.at(-1) === 'string');
      const member = at(members);
      if (member === undefined) return undefined;
      if (how % 7 === 0) return { op: 'remove', path: pointerOf(member.path) };
      if (how % 7 === 1) return { op: 'add', path: pointerOf([...member.path.slice(0, -1), 'new$']), value };
      return { op: 'replace', path: pointerOf(member.path), value };
    }
  }
}
