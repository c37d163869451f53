import { hash } from 'node:crypto';
import type { ErrorCode } from '../../protocol/errors.js';
import type { EndReason } from '../../protocol/messages.js';

/**
 * What happened (S71). Sessions tell of `created`, of `elevated` (a save gave the session to another user) and of `ended`. The
 * doors built on top tell of the others: `renewed` (the same session goes on under another id or with another token),
 * `signed-in`, `sign-in-failed`, `refused` (what was shown is no proof), `limited` (too many attempts). More may come.
 */
export type SessionEventType =
  | 'created'
  | 'renewed'
  | 'elevated'
  | 'ended'
  | 'signed-in'
  | 'sign-in-failed'
  | 'refused'
  | 'limited';

/**
 * One event, fit for a log: no id, token or password is in it, and no text can break a line (S72, S73). Texts have at most
 * 256 characters before their control characters are written as `\u{…}`. What does not apply is absent.
 */
export interface SessionEvent {
  readonly type: SessionEventType;
  /** When, in milliseconds since the epoch. */
  readonly at: number;
  /** Which session: `handleOf` its id, since some ids are secrets. */
  readonly session?: string;
  /** Which session it replaces: `handleOf` the id before. */
  readonly was?: string;
  /** Whose session it is now, or was at its end; `null` = nobody's. Never a name that somebody merely typed. */
  readonly uid?: string | null;
  /** Whose it was before; of `elevated`. */
  readonly from?: string | null;
  /** Why it ended. */
  readonly reason?: EndReason;
  /** Why something was refused. */
  readonly code?: ErrorCode;
  /** Where in the request the proof was: `cookie`, `bearer`. */
  readonly carrier?: string;
  /** Where the request came from. */
  readonly address?: string;
  /** What the client calls itself. */
  readonly agent?: string;
  /** Milliseconds after which it may try again; of `limited`. */
  readonly waitMs?: number;
}

/** An event as whoever reports it knows it: ids instead of handles, texts as they came. */
export type SessionNotice = {
  readonly [Fact in Exclude<keyof SessionEvent, 'type' | 'at' | 'session' | 'was'>]?:
    | SessionEvent[Fact]
    | undefined;
} & {
  readonly type: SessionEventType;
  /** The id of the session. */
  readonly id?: string | undefined;
  /** The id of the session whose place it takes. */
  readonly oldId?: string | undefined;
  /** When, if not now. */
  readonly at?: number | undefined;
};

/** Hears of each event, at once and in order. What it throws, or rejects with, goes to `onError` and harms nobody. */
export type EventListener = (event: SessionEvent) => void;

export interface ReportOptions {
  readonly onEvent: EventListener | undefined;
  readonly onError: (error: unknown) => void;
  readonly now: () => number;
}

/** Tells the listener; without one it does nothing at all. */
export function createReport({ onEvent, onError, now }: ReportOptions): (notice: SessionNotice) => void {
  if (onEvent === undefined) return () => undefined;
  return (notice) => {
    try {
      const heard: unknown = onEvent(eventOf(notice, now()));
      if (heard instanceof Promise) heard.catch(onError);
    } catch (error) {
      onError(error);
    }
  };
}

/** The facts one by one: what else a caller has in its hands does not slip in. */
function eventOf(notice: SessionNotice, now: number): SessionEvent {
  const { id, oldId, at = now, type, uid, from, reason, code, carrier, address, agent, waitMs } = notice;
  const facts = {
    session: id === undefined ? id : handleOf(id),
    was: oldId === undefined ? oldId : handleOf(oldId),
    uid: printable(uid),
    from: printable(from),
    reason,
    code,
    carrier: printable(carrier),
    address: printable(address),
    agent: printable(agent),
    waitMs,
  };
  const known = Object.entries(facts).filter(([, fact]) => fact !== undefined);
  return Object.freeze({ at, type, ...Object.fromEntries(known) });
}

const handleLength = 16;

/**
 * Names a session in a log: the first 16 characters of the base64url SHA-256 of its id. Whoever has the id finds its lines;
 * the lines lead nobody to an id.
 */
export function handleOf(id: string): string {
  return hash('sha256', id, 'base64url').slice(0, handleLength);
}

const longestText = 256;
/** Control and format characters (line ends, escapes, turns of the writing direction), and halves of pairs. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

function printable<T extends string | null | undefined>(text: T): T | string {
  if (typeof text !== 'string') return text;
  return text
    .slice(0, longestText)
    .replace(unprintable, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/**
 * A listener that writes each event as one line of JSON, without the line's end, its time as ISO 8601 in UTC:
 * `onEvent: jsonLines(console.log)`.
 */
export function jsonLines(write: (line: string) => void): EventListener {
  return ({ at, ...facts }) => write(JSON.stringify({ at: new Date(at).toISOString(), ...facts }));
}
