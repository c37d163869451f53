import { SessionError } from '../../protocol/errors.js';
import type { Json } from '../../protocol/messages.js';
import type { AdmitData } from './data-limits.js';
import { SessionConflict, SessionExpired, SessionNotFound } from './errors.js';
import type { SessionNotice } from './events.js';
import type { Exclusive } from './exclusive.js';
import { expiryOf } from './expiry.js';
import { throughJson } from './json.js';
import { checkedLabels } from './labels.js';
import { merge } from './merge.js';
import type { Conflicts, Policy } from './sessions-options.js';
import type { SessionRecord, UpdateResult } from './store.js';

/** The part of a record that belongs to whoever holds the session. */
export type SessionContent = Pick<SessionRecord, 'uid' | 'userData' | 'data' | 'labels' | 'timeToLive'>;

/** What a save came to: the record as it is now, and whether it holds what somebody else changed. */
export interface Written {
  readonly record: SessionRecord;
  readonly merged: boolean;
}

/** How one save differs from others. */
export interface SaveOptions {
  /** Instead of the option of all sessions. */
  readonly conflicts?: Conflicts;
  /** Whether it counts as an access. Default true (FOXX-26). */
  readonly access?: boolean;
}

/** Writes the content of a session whose last known state is `last`. */
export type Write = (last: SessionRecord, content: SessionContent, options?: SaveOptions) => Promise<Written>;

export interface WriterParts {
  readonly exclusive: Exclusive;
  readonly admit: AdmitData;
  readonly report: (notice: SessionNotice) => void;
  /** Hears of each record that was written, while the session is still in use. Never throws. */
  readonly written: (record: SessionRecord) => void;
}

/** Nobody loses this often against writers of other processes unless the store is broken. */
const mostAttempts = 100;

/**
 * The one way in which content is written: writers of this process take turns, those of others are noticed by the version,
 * and what both did is settled as the option `conflicts` says. What is over stays over (S18, S20).
 */
export function createWriter(policy: Policy, { exclusive, admit, report, written }: WriterParts): Write {
  const { store, now, waitMs } = policy;

  function update(
    known: SessionRecord,
    content: SessionContent,
    { conflicts, access }: Required<SaveOptions>,
  ): Promise<UpdateResult> {
    // Here and not before the wait for others: whoever holds the content may change it until now.
    admit(content.data, content.userData);
    const at = now();
    const clocks = {
      lastAccess: access ? Math.max(known.lastAccess, at) : known.lastAccess,
      lastUpdate: Math.max(known.lastUpdate, at),
    };
    const change = { ...content, ...clocks, expiresAt: expiryOf({ ...known, ...content, ...clocks }) };
    const expected = conflicts === 'last-writer-wins' ? undefined : known.version;
    return store.update(known.id, expected, change, at);
  }

  async function write(
    last: SessionRecord,
    content: SessionContent,
    options: Required<SaveOptions>,
  ): Promise<Written> {
    let known = last;
    let mine = content;
    for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
      const result = await update(known, mine, options);
      if (result.outcome === 'expired') throw new SessionExpired(last.id);
      if (result.outcome === 'missing') throw new SessionNotFound(last.id);
      if (result.outcome === 'updated') {
        const { record } = result;
        const { uid, id } = record;
        written(record);
        if (uid !== known.uid) report({ type: 'elevated', id, uid, from: known.uid });
        return { record, merged: known !== last };
      }
      mine = settled(last, content, result.record, options.conflicts);
      known = result.record;
    }
    throw new SessionError('session/busy', { status: 503 });
  }

  return (last, content, { conflicts = policy.conflicts, access = true } = {}) =>
    exclusive.step(last.id, () => write(last, content, { conflicts, access }), { waitMs });
}

function settled(
  last: SessionRecord,
  mine: SessionContent,
  theirs: SessionRecord,
  conflicts: Conflicts,
): SessionContent {
  const outcome = merge(partsOf(last), partsOf(mine), partsOf(theirs));
  if ('clashes' in outcome) throw new SessionConflict(outcome.clashes);
  if (conflicts === 'reject') throw new SessionConflict([]);
  const merged = { ...mine, ...(outcome.value as unknown as SessionContent) };
  try {
    checkedLabels(merged.labels);
  } catch {
    // Each of the two was short enough; together they are not.
    throw new SessionConflict(['/labels']);
  }
  return merged;
}

/** As a store keeps it: what JSON loses is no change. */
function partsOf({ uid, userData, data, labels, timeToLive }: SessionContent): Json | undefined {
  return throughJson({ uid, userData, data, labels, timeToLive });
}
