import type { ErrorCode } from '../../protocol/errors.js';
import type { EndReason } from '../../protocol/messages.js';
import type { PatchLimits } from '../../protocol/patch.js';
import { callable, harmless, invalidOption, shortText, wholeNumber, yesOrNo } from '../core/options.js';
import type { Sessions } from '../core/sessions.js';
import { longestWait, nodeTimers, type Timers } from '../core/timers.js';
import type { ChannelOptions } from './channel/channel-options.js';
import type { EarlyPatchesLimits } from './channel/early-patches.js';
import type { HistoryOptions } from './channel/history.js';
import type { Convert, Inputs } from './channel/input.js';
import { type Mount, Namespaces } from './channel/namespaces.js';
import type { EditPolicy } from './channel/policy.js';
import type { DocumentOptions } from './document/document.js';
import {
  type Closing,
  readSocketRules,
  type SocketOptions,
  type SocketRules,
} from './sockets/socket-options.js';

export interface LiveOptions<Data> {
  readonly sessions: Sessions<Data>;
  /** Documents are at `/__<name>/<id>`: letters, digits, `.`, `_`, `~`, `-`. Default `default` (SC-04). */
  readonly name?: string;
  /** What clients may do. Default: `dollarNames` (SC-90, X-23). */
  readonly policy?: EditPolicy;
  /** What becomes of a value in the place of one of another type. Default: `lenient` (SC-92). */
  readonly convert?: Convert;
  /** Whether a wrong type, or a place that is gone, refuses the whole patch (SC-91). Default false: that change is left out. */
  readonly strict?: boolean;
  /** What one patch may cost. */
  readonly limits?: PatchLimits;
  /** Patches that came before their turn (SC-97). */
  readonly early?: EarlyPatchesLimits;
  /** Whether patches are numbered on both sides, and places transformed (SC-18, SC-95). Default true. */
  readonly versioning?: boolean;
  /** Where the JSON of which app hangs (SC-100). Default: nowhere. */
  readonly namespaces?: readonly Mount[];
  /** Whether a newer socket takes the place of the older (SC-80). Default false: any number of them. */
  readonly replaces?: boolean;
  /** How deep and large a document may be. */
  readonly document?: Omit<DocumentOptions, 'fresh'>;
  /** How much of the past is kept for followers who are behind. Defaults: 1000 changes, 65,536 characters. */
  readonly history?: Omit<HistoryOptions, 'encode'>;
  /** How many may follow one session at once, 1 to 100,000. More: `request/rate`. Default 100. */
  readonly mostFollowers?: number;
  /** Milliseconds for which a document, and the place of a follower, are kept when nobody is there. Default 20 minutes. */
  readonly remember?: number;
  /** Sessions whose documents are kept though nobody follows them, 0 to 1,000,000. Default 10,000. */
  readonly mostIdle?: number;
  /** Tasks of a group that run at once, 1 to 10,000. Default 64. */
  readonly parallel?: number;
  /** Milliseconds a use waits for others of the same session, 0 to 2^31 - 1. Default: five minutes (SC-13). */
  readonly waitMs?: number;
  /** Milliseconds between pings of a socket; one that says nothing for as long is dropped. 1000 to 2^31 - 1. Default 25 s. */
  readonly pingInterval?: number;
  /** What a socket may cost. */
  readonly sockets?: Omit<SocketOptions, 'closing' | 'now' | 'onError'>;
  /** How sockets are told of the end of their session, or of a refused proof. Default: 4401 and why. */
  readonly closing?: (why: EndReason | ErrorCode) => Closing;
  /** Hears what tasks that nobody waits for, input handlers and a store threw. Default: name and code on standard error. */
  readonly onError?: (error: unknown) => void;
  /** The present, in milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: () => number;
  /** Default: those of Node. */
  readonly timers?: Timers;
}

/** The options, checked and complete. */
export interface LiveSettings {
  readonly name: string;
  readonly versioning: boolean;
  readonly namespaces: Namespaces | undefined;
  readonly replaces: boolean;
  readonly document: Omit<DocumentOptions, 'fresh'>;
  readonly history: Omit<HistoryOptions, 'encode'>;
  readonly channel: ChannelOptions;
  readonly mostFollowers: number;
  readonly remember: number;
  readonly mostIdle: number;
  readonly parallel: number;
  readonly waitMs: number;
  readonly pingInterval: number;
  readonly sockets: SocketRules;
  /** Never throws. */
  readonly onError: (error: unknown) => void;
  readonly now: () => number;
  readonly timers: Timers;
}

const fiveMinutes = 300_000;
const twentyMinutes = 1_200_000;

/** Throws `config/invalid` for a value that cannot be. */
export function liveSettingsOf(options: Omit<LiveOptions<never>, 'sessions'>, inputs: Inputs): LiveSettings {
  const { policy, convert, strict, limits, early } = options;
  const name = options.name ?? 'default';
  if (!/^[\w.~-]{1,64}$/.test(shortText('name', name, 64))) {
    throw invalidOption('The option name must be a part of a path, such as default.');
  }
  const onError = harmless(callable('onError', options.onError) ?? report);
  const channel: ChannelOptions = {
    ...(policy === undefined ? undefined : { policy }),
    ...(convert === undefined ? undefined : { convert }),
    ...(strict === undefined ? undefined : { strict }),
    ...(limits === undefined ? undefined : { limits }),
    ...(early === undefined ? undefined : { early }),
    inputs,
    onError,
  };
  const now = callable('now', options.now) ?? Date.now;
  const { closing } = options;
  const sockets = readSocketRules({ ...options.sockets, ...(closing && { closing }), now, onError });
  return {
    name,
    versioning: yesOrNo('versioning', options.versioning ?? true),
    namespaces: options.namespaces === undefined ? undefined : new Namespaces(options.namespaces),
    replaces: yesOrNo('replaces', options.replaces ?? false),
    document: options.document ?? {},
    history: { size: 65_536, ...options.history },
    channel,
    mostFollowers: wholeNumber('mostFollowers', options.mostFollowers ?? 100, 1, 100_000, 'followers'),
    remember: wholeNumber('remember', options.remember ?? twentyMinutes, 0, longestWait, 'milliseconds'),
    mostIdle: wholeNumber('mostIdle', options.mostIdle ?? 10_000, 0, 1_000_000, 'sessions'),
    parallel: wholeNumber('parallel', options.parallel ?? 64, 1, 10_000, 'tasks'),
    waitMs: wholeNumber('waitMs', options.waitMs ?? fiveMinutes, 0, longestWait, 'milliseconds'),
    pingInterval: wholeNumber(
      'pingInterval',
      options.pingInterval ?? 25_000,
      1000,
      longestWait,
      'milliseconds',
    ),
    sockets,
    onError,
    now,
    timers: options.timers ?? nodeTimers,
  };
}

/** Without the message: it may quote what a user sent (S72). */
function report(error: unknown): void {
  const name = error instanceof Error ? error.name : typeof error;
  console.error(`can-connect-session: a task or an input handler failed: ${name}`);
}
