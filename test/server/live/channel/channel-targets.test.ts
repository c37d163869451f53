import fc from 'fast-check';
import QUnit from 'qunit';
import { isJsonObject } from '../../../../src/protocol/json.js';
import type { Json } from '../../../../src/protocol/messages.js';
import { Channel } from '../../../../src/server/live/channel/channel.js';
import type { ChannelOptions } from '../../../../src/server/live/channel/channel-options.js';
import { Feed } from '../../../../src/server/live/channel/feed.js';
import { anyType } from '../../../../src/server/live/channel/input.js';
import { anyEdit } from '../../../../src/server/live/channel/policy.js';
import { PlainDocument } from '../document/plain-document.js';
import { type Operation, PalindromModel } from './palindrom-model.js';

const runs = Number(process.env.LIVE_RUNS ?? 300);
const seed = Number(process.env.LIVE_SEED ?? Math.floor(Math.random() * 2 ** 31));

const events = fc.array(
  fc.tuple(
    fc.constantFrom('server', 'server', 'client', 'client', 'push', 'up', 'up', 'down', 'down', 'cut'),
    fc.nat(999),
  ),
  { maxLength: 80, size: 'max' },
);

const itemsOf = (document: Json | undefined): readonly { readonly [key: string]: Json }[] => {
  const items = isJsonObject(document) ? document.items : undefined;
  return Array.isArray(items) ? items.filter(isJsonObject) : [];
};

/** Items with ids, which come, go and move on the server, while a client writes into each the id of the one it sees. */
function play(
  schedule: readonly (readonly [string, number])[],
  isOpen: boolean,
  channelOptions: ChannelOptions,
) {
  let next = 0;
  const item = (): { readonly [key: string]: Json } => {
    next += 1;
    return { id: `i${next}`, name$: '' };
  };
  const document = new PlainDocument({ items: [item(), item(), item()] });
  const channel = new Channel(new Feed(document, { versioning: true }), channelOptions);
  const client = new PalindromModel(isOpen);
  client.reset(channel.start());
  const up: string[] = [];
  const down: string[] = [];
  let written = 0;

  const serverEdit = (pick: number): void => {
    const items = itemsOf(document.root);
    const at = pick % (items.length + 1);
    const there = items[at];
    if (pick % 5 < 2 || there === undefined) document.change(['add', ['items', at], item()]);
    else if (pick % 5 === 2) document.change(['remove', ['items', at]]);
    else if (pick % 5 === 3) document.change(['replace', ['items', at], item()]);
    else document.change(['remove', ['items', at]], ['add', ['items', pick % items.length], there]);
  };
  const clientEdit = (pick: number): Operation | undefined => {
    const items = itemsOf(client.document);
    const at = pick % (items.length || 1);
    if (isOpen && pick % 7 < 2) {
      return { op: 'add', path: `/items/${pick % (items.length + 1)}`, value: item() };
    }
    if (isOpen && pick % 7 === 2 && items.length > 0) return { op: 'remove', path: `/items/${at}` };
    const id = items[at]?.id;
    return id === undefined
      ? undefined
      : { op: 'replace', path: `/items/${at}/name$`, value: `${String(id)}/${pick}` };
  };
  const deliverUp = (): void => {
    const message = up.shift();
    if (message === undefined) return;
    const outcome = channel.receive(JSON.parse(message));
    if (outcome.kind === 'rejected') throw new Error(outcome.reason);
    const answer = channel.answer(outcome, 'socket');
    if (answer !== undefined) down.push(answer);
  };
  const deliverDown = (): void => {
    const message = down.shift();
    if (message === undefined) return;
    up.push(...client.receive(message));
    if (client.isBroken) throw new Error('The client cannot apply what it was sent.');
  };

  for (const [kind, pick] of schedule) {
    if (kind === 'server') serverEdit(pick);
    else if (kind === 'client') {
      const operation = clientEdit(pick);
      if (operation !== undefined) up.push(client.edit(operation));
    } else if (kind === 'push') {
      if (channel.isBehind) down.push(channel.take());
    } else if (kind === 'up') deliverUp();
    else if (kind === 'down') deliverDown();
    else {
      up.splice(0, pick % 3 === 0 ? 0 : up.length);
      down.length = 0;
      channel.reconnect(JSON.parse(JSON.stringify(client.pending)));
      client.reset(channel.whole());
    }
    for (const { id, name$ } of itemsOf(document.root)) {
      if (name$ === '') continue;
      written += 1;
      if (!String(name$).startsWith(`${String(id)}/`))
        throw new Error(`${String(id)} has the name ${String(name$)}`);
    }
  }
  return written;
}

function holds(assert: Assert, isOpen: boolean, options: ChannelOptions): void {
  let written = 0;
  fc.assert(
    fc.property(events, (schedule) => {
      written += play(schedule, isOpen, options);
    }),
    { numRuns: runs, seed },
  );
  const told = `${runs} schedules, ${written} names looked at, seed ${seed}`;
  if (process.env.LIVE_RUNS) console.log(told);
  assert.ok(written > runs, told);
}

QUnit.module('server/live/channel: targets', () => {
  QUnit.test('never edits another item than the one the user saw (SC-98, SC-99)', (assert) => {
    holds(assert, false, {});
  });

  QUnit.test(
    'nor when the user adds and removes items as well, with a client that transforms in both directions',
    (assert) => {
      holds(assert, true, { policy: anyEdit, convert: anyType });
    },
  );
});
