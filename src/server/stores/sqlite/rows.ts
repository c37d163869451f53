import type { Json } from '../../../protocol/messages.js';
import type { Clocks, Lifetime, TtlType } from '../../core/expiry.js';
import type { Labels, SessionRecord } from '../../core/store.js';
import type { SqliteValue } from './port.js';

const headColumns =
  'version, uid, created, last_access, last_update, time_to_live, ttl_type, not_after, expires_at';

/** What a record is made of, in the order of `Row` without its first. */
export const recordColumns = `${headColumns}, id, labels, user_data, data`;
export const headOfSession = `row, ${headColumns}`;
export const rowOfSession = `row, ${recordColumns}`;
export const rowOfEnd = `seq, ${recordColumns}`;

/** What is short in a session's row. NULL in place of an instant is `Infinity`. */
export type Head = readonly [
  /** `row` of a session, `seq` of an end. */
  place: number,
  version: number,
  uid: string | null,
  created: number,
  lastAccess: number,
  lastUpdate: number,
  timeToLive: number,
  ttlType: TtlType,
  notAfter: number | null,
  expiresAt: number | null,
];

export type Row = readonly [
  ...head: Head,
  id: string,
  labels: string | null,
  userData: string | null,
  data: string | null,
];

export const placeOf = (row: Head | Row): number => row[0];
export const versionOf = (row: Head | Row): number => row[1];
export const uidOf = (row: Head | Row): string | null => row[2];
export const lastAccessOf = (row: Head | Row): number => row[4];
export const endOf = (row: Head | Row): number | null => row[9];

const never = Number.POSITIVE_INFINITY;

/** How long a session lives, by its row. */
export function lifeOf(row: Head | Row): Clocks & Lifetime & { readonly expiresAt: number } {
  return {
    created: row[3],
    lastAccess: row[4],
    lastUpdate: row[5],
    timeToLive: row[6],
    ttlType: row[7],
    notAfter: row[8] ?? never,
    expiresAt: row[9] ?? never,
  };
}

/** The record in a row: a copy of the caller's own. The last two are for a session that was touched after it was read. */
export function recordOf(row: Row, lastAccess = row[4], expiresAt = row[9] ?? never): SessionRecord {
  return {
    id: textFrom(row[10]),
    version: row[1],
    uid: row[2] === null ? null : textFrom(row[2]),
    userData: jsonFrom(row[12]) as Json,
    data: jsonFrom(row[13]) as Json,
    labels: jsonFrom(row[11]) as Labels,
    created: row[3],
    lastAccess,
    lastUpdate: row[5],
    timeToLive: row[6],
    ttlType: row[7],
    notAfter: row[8] ?? never,
    expiresAt,
  };
}

/** The values of a record, in the order of `recordColumns`. */
export function valuesOf(record: SessionRecord): SqliteValue[] {
  return [
    record.version,
    uidFor(record.uid),
    record.created,
    record.lastAccess,
    record.lastUpdate,
    record.timeToLive,
    record.ttlType,
    instantFor(record.notAfter),
    instantFor(record.expiresAt),
    textFor(record.id),
    jsonFor(record.labels),
    jsonFor(record.userData),
    jsonFor(record.data),
  ];
}

/** What an update wrote, in the order of its statement. */
type Content = readonly [
  labels: string | null,
  userData: string | null,
  data: string | null,
  lastAccess: number,
  lastUpdate: number,
  timeToLive: number,
];

/** The row that an update has left behind. */
export function updatedRow(
  head: Head,
  id: string,
  content: Content,
  uid: string | null,
  expiresAt: number | null,
): Row {
  const [place, version, , created, , , , ttlType, notAfter] = head;
  const [labels, userData, data, lastAccess, lastUpdate, timeToLive] = content;
  const life = [created, lastAccess, lastUpdate, timeToLive, ttlType, notAfter, expiresAt] as const;
  return [place, version + 1, uid, ...life, id, labels, userData, data];
}

/** A place that one of our answers can have held: where a page ended, or a reader of the queue. */
export function placeFrom(text: string): number | undefined {
  return /^(0|[1-9]\d{0,14})$/.test(text) ? Number(text) : undefined;
}

export function instantFor(instant: number): number | null {
  return instant === never ? null : instant;
}

export function jsonFor(value: unknown): string | null {
  // Undefined for what JSON does not know, a function for one.
  return JSON.stringify(value) ?? null;
}

function jsonFrom(text: string | null): Json | undefined {
  return text === null ? undefined : JSON.parse(text);
}

const halfCharacter = /[\ud800-\udfff]/u;

/**
 * A text as SQLite can keep it and give it back: drivers end a text at NUL and replace the half of a character. Such a
 * text is written as JSON, which escapes both, and so is one that looks like it: two texts never become one.
 */
export function textFor(text: string): string {
  return text.startsWith('"') || text.includes('\0') || halfCharacter.test(text)
    ? JSON.stringify(text)
    : text;
}

function textFrom(stored: string): string {
  return stored.startsWith('"') ? JSON.parse(stored) : stored;
}

export function uidFor(uid: string | null): string | null {
  return uid === null ? null : textFor(uid);
}
