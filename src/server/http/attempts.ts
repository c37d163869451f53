import { hash, randomBytes } from 'node:crypto';
import { wholeNumber } from '../core/options.js';
import { BackOff, type BackOffRules } from './back-off.js';
import type { HttpHeaders } from './exchange.js';
import { networkOf } from './network.js';
import { Recent } from './recent.js';

export interface AttemptLimitsOptions {
  /** Failed sign-ins of one account that cost nothing within `forgetAfter`, 1 to 1e6. Default 10. */
  readonly perAccount?: number;
  /** The same for one address (IPv6: for its /64), 1 to 1e6. Default 100. */
  readonly perAddress?: number;
  /** Unknown tokens and ids from one address that cost nothing within `forgetAfter`, 1 to 1e6. Default 1000 (S75). */
  readonly guesses?: number;
  /** Milliseconds of pause after the first failure beyond; each further one doubles it. 1 to `longestPause`. Default 1000. */
  readonly firstPause?: number;
  /**
   * Milliseconds of the longest pause, 1 to 15 minutes. Default one minute: a longer one would keep out an owner at a new
   * place, and slow down nobody who is content with what `perAccount` leaves free in each `forgetAfter`.
   */
  readonly longestPause?: number;
  /**
   * Milliseconds without a failure after which all is forgotten, `longestPause` to one day. In as long, failures that cost
   * nothing are forgiven one by one. Default 15 minutes.
   */
  readonly forgetAfter?: number;
  /**
   * Accounts, and addresses, that are remembered at most; the oldest are forgotten, and the newer half never is. 100 to 1e7.
   * Default 100000.
   */
  readonly entries?: number;
  /** The present, in milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: () => number;
}

/** One attempt to sign in. Say how it ended; only the first word counts. */
export interface Attempt {
  /** Milliseconds until it may be made: answer `request/rate` with `retryAfter`. 0 = make it now. */
  readonly waitMs: number;
  /** The credentials were right. */
  succeed(): void;
  /** They were wrong. */
  fail(): void;
  /** Nobody knows, as when `authenticate` itself failed. */
  drop(): void;
}

/**
 * Slows down whoever tries too often, and locks out nobody for ever (S74). In the memory of this process, bounded.
 *
 * - Failures are counted for the account and for the address. Beyond what is free, each is followed by a pause, 1 s, 2 s,
 *   4 s … `longestPause`, in which attempts are refused unseen, right ones too. A refused attempt counts as none.
 * - Where an account signed in from an address before, neither count matters: that pair has one of its own, of `perAccount`.
 *   So strangers cannot keep an owner out. Eight addresses of an account are remembered.
 * - During the pause of an account an address is let through that tried it less than three times. That happens five times
 *   within `forgetAfter`: who attacks from one place keeps no owner out at a new one.
 * - A success settles what that pair did wrong, and nothing else: signing in to an account of one's own in between helps no
 *   attacker.
 * - An attempt counts from its beginning, so that a burst is over when `perAccount` run.
 */
export interface AttemptLimits {
  /**
   * Asks for an attempt and counts it. `account`: the name as it was typed. `address`: where the request comes from, behind
   * a proxy the one it says; what is no IP address is nobody's, and then only the account counts.
   */
  begin(account: string, address: string | undefined): Attempt;
  /**
   * Counts a token or an id that nobody issued (S75). Milliseconds to ask the client to wait, with `request/rate` instead of
   * the answer it would have got; 0 = answer as ever. What was shown and was good never comes here, and is never slowed.
   */
  guessed(address: string | undefined): number;
  /** How many accounts and addresses are remembered. */
  readonly size: number;
}

/** An account that strangers try. */
interface Account {
  readonly failures: BackOff;
  /** Newcomers that were let through its pauses; `undefined` = none yet. */
  newcomers: BackOff | undefined;
  /** Where the last attempts came from. */
  from: readonly string[];
}

/** An address from which an account has signed in. */
interface Known {
  readonly network: string;
  readonly failures: BackOff;
}

const minute = 60_000;
const mostKnown = 8;
const mostNewcomers = 5;
/** Attempts on one account as a newcomer: people mistype. */
const newcomersAttempts = 3;
/** Enough to know several attackers by, and little to keep for each account. */
const mostFrom = 16;

/** Throws `config/invalid` when an option has a value it cannot have. */
export function createAttemptLimits(options: AttemptLimitsOptions = {}): AttemptLimits {
  const { now = Date.now } = options;
  const rules = rulesOf(options);
  const entries = wholeNumber('entries', options.entries ?? 100_000, 100, 1e7, 'entries');
  const { forgetAfter } = rules.account;
  const accounts = new Recent<Account>(entries, forgetAfter);
  const addresses = new Recent<BackOff>(entries, forgetAfter);
  const guessers = new Recent<BackOff>(entries, forgetAfter);
  const owners = new Recent<readonly Known[]>(entries);
  /** So that a copy of the memory tells no names to whoever can guess them. */
  const salt = randomBytes(32).toString('base64url');

  /** One key for all spellings that somebody might take for one name. */
  function keyOf(account: string): string {
    const name = account.normalize('NFKC').trim().toLowerCase();
    return hash('sha256', salt + name, 'base64url');
  }

  function ofOwner(known: Known, key: string): Attempt {
    const { failures } = known;
    const at = now();
    const waitMs = failures.waitMs(at);
    if (waitMs > 0) return refused(waitMs);
    failures.begin(at);
    return once((outcome) => {
      failures.end();
      if (outcome === 'failed') failures.fail(now());
      if (outcome === 'right') remember(key, known.network);
    });
  }

  function ofStranger(key: string, network: string | undefined): Attempt {
    const at = now();
    const account = accounts.get(key) ?? newAccount(at);
    const address = network === undefined ? undefined : (addresses.get(network) ?? newAddress(at));
    const waitMs = (address?.waitMs(at) ?? 0) || accountWaits(account, network, at);
    if (waitMs > 0) return refused(waitMs);

    const counts = address === undefined ? [account.failures] : [account.failures, address];
    for (const count of counts) count.begin(at);
    if (network !== undefined) account.from = [network, ...account.from].slice(0, mostFrom);
    const meet = (): void => {
      accounts.meet(key, account, now());
      if (network !== undefined && address !== undefined) addresses.meet(network, address, now());
    };
    meet();
    return once((outcome) => {
      for (const count of counts) count.end();
      if (outcome === 'failed') {
        for (const count of counts) count.fail(now());
        // Others may have pushed them out meanwhile.
        meet();
        return;
      }
      if (outcome === 'right' && network !== undefined) remember(key, network);
      if (account.failures.isIdle(now())) accounts.forget(key);
      if (network !== undefined && address?.isIdle(now())) addresses.forget(network);
    });
  }

  /** Milliseconds. A newcomer need not wait, unless there are too many of them. */
  function accountWaits(account: Account, network: string | undefined, at: number): number {
    const waitMs = account.failures.waitMs(at);
    if (waitMs === 0 || network === undefined) return waitMs;
    if (account.from.filter((one) => one === network).length >= newcomersAttempts) return waitMs;
    account.newcomers ??= new BackOff(rules.newcomers, at);
    if (account.newcomers.load(at) + 1 > mostNewcomers) return waitMs;
    account.newcomers.fail(at);
    return 0;
  }

  const newAddress = (at: number) => new BackOff(rules.address, at);
  const newAccount = (at: number): Account => ({
    failures: new BackOff(rules.account, at),
    newcomers: undefined,
    from: [],
  });

  /** Puts the pair first, with nothing against it. */
  function remember(key: string, network: string): void {
    const all = owners.get(key) ?? [];
    const known = all.find((one) => one.network === network) ?? {
      network,
      failures: new BackOff(rules.account, now()),
    };
    known.failures.clear();
    owners.meet(key, [known, ...all.filter((one) => one !== known)].slice(0, mostKnown), now());
  }

  return {
    begin(account, address) {
      const key = keyOf(account);
      const network = networkOf(address);
      const known = owners.get(key)?.find((one) => one.network === network);
      return known === undefined ? ofStranger(key, network) : ofOwner(known, key);
    },

    guessed(address) {
      const network = networkOf(address);
      if (network === undefined) return 0;
      const at = now();
      const guesser = guessers.get(network) ?? new BackOff(rules.guesser, at);
      const waitMs = guesser.fail(at);
      guessers.meet(network, guesser, at);
      return waitMs;
    },

    get size() {
      return accounts.size + addresses.size + guessers.size + owners.size;
    },
  };
}

/** Says when to come back, in whole seconds (RFC 9110 §10.2.3, RFC 6585 §4). */
export function retryAfter(waitMs: number): HttpHeaders {
  return { 'retry-after': String(Math.max(1, Math.ceil(waitMs / 1000))) };
}

function rulesOf(options: AttemptLimitsOptions) {
  const count = (option: 'perAccount' | 'perAddress' | 'guesses', usual: number) =>
    wholeNumber(option, options[option] ?? usual, 1, 1e6, 'failures');
  const longestPause = wholeNumber(
    'longestPause',
    options.longestPause ?? minute,
    1,
    15 * minute,
    'milliseconds',
  );
  const firstPause = wholeNumber(
    'firstPause',
    options.firstPause ?? Math.min(1000, longestPause),
    1,
    longestPause,
    'milliseconds',
  );
  const forgetAfter = wholeNumber(
    'forgetAfter',
    options.forgetAfter ?? 15 * minute,
    longestPause,
    24 * 60 * minute,
    'milliseconds',
  );
  const rulesFor = (free: number): BackOffRules => ({ free, firstPause, longestPause, forgetAfter });
  return {
    account: rulesFor(count('perAccount', 10)),
    address: rulesFor(count('perAddress', 100)),
    guesser: rulesFor(count('guesses', 1000)),
    newcomers: rulesFor(mostNewcomers),
  };
}

function refused(waitMs: number): Attempt {
  const nothing = (): void => undefined;
  return { waitMs, succeed: nothing, fail: nothing, drop: nothing };
}

function once(over: (outcome: 'right' | 'failed' | 'dropped') => void): Attempt {
  let isOver = false;
  const end = (outcome: 'right' | 'failed' | 'dropped') => (): void => {
    if (isOver) return;
    isOver = true;
    over(outcome);
  };
  return { waitMs: 0, succeed: end('right'), fail: end('failed'), drop: end('dropped') };
}
