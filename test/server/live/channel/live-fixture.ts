import type { Json } from '../../../../src/protocol/messages.js';
import { Channel } from '../../../../src/server/live/channel/channel.js';
import type { ChannelOptions } from '../../../../src/server/live/channel/channel-options.js';
import { Feed, type FeedOptions } from '../../../../src/server/live/channel/feed.js';
import { PlainDocument } from '../document/plain-document.js';
import type { Operation } from './palindrom-model.js';

/** A document, one channel that was started, and short words for what goes over the wire. */
export function live(
  root: Json,
  options: ChannelOptions & Omit<FeedOptions, 'versioning'> & { readonly versioning?: boolean } = {},
) {
  const { versioning = true, namespaces, history, ...channelOptions } = options;
  const document = new PlainDocument(root);
  const feed = new Feed(document, {
    versioning,
    ...(namespaces && { namespaces }),
    ...(history && { history }),
  });
  const open = () => {
    const channel = new Channel(feed, channelOptions);
    channel.start();
    return channel;
  };
  return { document, feed, open, channel: open() };
}

export const replace = (path: string, value: Json): Operation => ({ op: 'replace', path, value });

/** A versioned patch of a client (SC-95). */
export const patch = (n: number, m: number, ...operations: readonly Operation[]): Operation[] => [
  replace('/_ver#c$', n),
  { op: 'test', path: '/_ver#s', value: m },
  ...operations,
];

/** What a channel sends, without the version operations. */
export const changesOf = (text: string): readonly Operation[] => {
  const operations: readonly Operation[] = JSON.parse(text);
  return operations.filter(({ path }) => !path.startsWith('/_ver#'));
};
