import { isJsonObject, type JsonObject } from '../../protocol/json.js';
import type { Json } from '../../protocol/messages.js';
import { deepFreeze, throughJson } from '../core/json.js';
import type { SessionChange, SessionRecord } from '../core/store.js';

/**
 * A session as a three-method store keeps it: what the record is, as plain JSON of its own. An instant that is `Infinity`
 * is `null` here, since JSON has no other word for it.
 */
export type StoredSession = Omit<SessionRecord, 'notAfter' | 'expiresAt'> & {
  readonly notAfter: number | null;
  readonly expiresAt: number | null;
};

/** A copy that shares nothing with the record. Throws what JSON.stringify throws. */
export function stored(record: SessionRecord): StoredSession {
  const { id, version, uid, userData, data, labels, created, lastAccess, lastUpdate } = record;
  const { timeToLive, ttlType, notAfter, expiresAt } = record;
  return {
    ...{ id, version, created, lastAccess, lastUpdate, timeToLive, ttlType },
    ...contentOf({ uid, userData, data, labels }),
    notAfter: instantOrNull(notAfter),
    expiresAt: instantOrNull(expiresAt),
  };
}

/** A copy of what an update writes, taken before it waits for its turn. Throws what JSON.stringify throws. */
export function copyOf(change: SessionChange): SessionChange {
  return { ...change, ...contentOf(change) };
}

type Content = Pick<SessionRecord, 'uid' | 'userData' | 'data' | 'labels'>;

/** The way through JSON that the content would take into a database. */
function contentOf({ uid, userData, data, labels }: Content): Content {
  const copy = throughJson({ uid, userData, data, labels }) as Partial<Content>;
  return { uid: null, userData: null, data: null, labels: {}, ...copy };
}

/**
 * The record that a store gave back, as a frozen copy. Throws when it is none: something else lies where the store keeps
 * sessions, and neither reading nor overwriting it would be right.
 */
export function recordOf(value: unknown): SessionRecord {
  const copy = throughJson(value);
  if (!isStored(copy)) throw new Error('What the store holds under this id is not a session record.');
  return deepFreeze({ ...copy, notAfter: instant(copy.notAfter), expiresAt: instant(copy.expiresAt) });
}

/** As `recordOf`; `undefined` for whatever is no record. */
export function recordIfAny(value: unknown): SessionRecord | undefined {
  try {
    return recordOf(value);
  } catch {
    return undefined;
  }
}

const instantOrNull = (at: number) => (at === Number.POSITIVE_INFINITY ? null : at);
const instant = (at: number | null) => at ?? Number.POSITIVE_INFINITY;

const numbers = ['version', 'created', 'lastAccess', 'lastUpdate', 'timeToLive'] as const;

function isStored(value: Json | undefined): value is StoredSession & JsonObject {
  return (
    isJsonObject(value) &&
    typeof value.id === 'string' &&
    (value.uid === null || typeof value.uid === 'string') &&
    numbers.every((name) => typeof value[name] === 'number') &&
    (['notAfter', 'expiresAt'] as const).every(
      (name) => value[name] === null || typeof value[name] === 'number',
    ) &&
    typeof value.ttlType === 'string' &&
    isJsonObject(value.labels) &&
    Object.hasOwn(value, 'data') &&
    Object.hasOwn(value, 'userData')
  );
}
