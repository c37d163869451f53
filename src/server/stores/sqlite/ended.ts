import type { EndReason } from '../../../protocol/messages.js';
import { expiryReason } from '../../core/expiry.js';
import type { EndedQueue, EndedSession } from '../../core/store.js';
import { type Attempt, command, query, type SqliteDatabase } from './port.js';
import { placeFrom, type Row, recordOf, rowOfEnd, textFor } from './rows.js';
import type { Names } from './schema.js';

type EndedRow = readonly [...record: Row, reason: EndReason | null, endedAt: number];

/** The queue, as a table in which a commit gives out the next number: a reader at a number has seen all before it. */
export interface SqliteEnded extends EndedQueue {
  /** Tells the queue that it has grown, so that it can forget its oldest. */
  grown(by: number): void;
}

/** So many ends come before the oldest are forgotten: to look each time would cost a tenth of an end. */
const forgetAfter = 256;

export function endedQueue(
  db: SqliteDatabase,
  { ended, open }: Names,
  keeps: number,
  attempt: Attempt,
): SqliteEnded {
  const columns = `${rowOfEnd}, reason, ended_at`;
  const free = `${ended} INDEXED BY ${open} WHERE acknowledged = 0 AND held_until <= ?`;
  const anyFree = query<[number]>(db, `SELECT 1 FROM ${free} LIMIT 1`);
  const hold = query<EndedRow>(
    db,
    `UPDATE ${ended} SET owner = ?, held_until = ?
     WHERE seq IN (SELECT seq FROM ${free} ORDER BY seq LIMIT ?) RETURNING ${columns}`,
  );
  const acknowledge = command(
    db,
    `UPDATE ${ended} SET acknowledged = 1
     WHERE owner = ? AND seq IN (SELECT value FROM json_each(?)) AND acknowledged = 0`,
  );
  const after = query<EndedRow>(db, `SELECT ${columns} FROM ${ended} WHERE seq > ? ORDER BY seq LIMIT ?`);
  const newest = query<[number]>(
    db,
    `SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = '${ended.slice(1, -1)}'), 0)`,
  );
  const forget = command(db, `DELETE FROM ${ended} WHERE seq <= (SELECT max(seq) FROM ${ended}) - ?`);
  let unseen = 0;

  return {
    keeps,

    grown(by) {
      unseen += by;
      if (unseen < forgetAfter) return;
      unseen = 0;
      // What ended has ended: if somebody else is writing just now, the next one to come here forgets.
      attempt(() => forget(keeps)).catch(() => {});
    },

    claim: (owner, limit, leaseMs, now) =>
      attempt(() => {
        // Whoever finds nothing, as most do, takes no lock.
        if (limit < 1 || anyFree.first(now) === undefined) return [];
        const held = hold.all(textFor(owner), now + leaseMs, now, limit);
        return held.sort(([one], [other]) => one - other).map(endedOf);
      }),

    ack: (owner, entries) =>
      attempt(() => {
        const numbers = entries.map(placeFrom).filter((place) => place !== undefined);
        if (numbers.length > 0) acknowledge(textFor(owner), JSON.stringify(numbers));
      }),

    since: (cursor, limit) =>
      attempt(() => {
        // Read first: what is added meanwhile must not look lost.
        const last = newest.first()?.[0] ?? 0;
        if (cursor === undefined) return { ended: [], cursor: String(last), lost: false };
        // A cursor that none of our answers holds, or of a file that another has replaced, knows nothing of this queue.
        const place = placeFrom(cursor);
        const known = place !== undefined && place <= last;
        const from = known ? place : 0;
        const rows = after.all(from, limit);
        const first = rows[0]?.[0] ?? (limit > 0 ? last + 1 : from + 1);
        const to = rows.at(-1)?.[0] ?? first - 1;
        return { ended: rows.map(endedOf), cursor: String(to), lost: !known || first > from + 1 };
      }),
  };
}

function endedOf(row: EndedRow): EndedSession {
  const record = recordOf(row as unknown as Row);
  return { entry: String(row[0]), record, reason: row[14] ?? expiryReason(record), at: row[15] };
}
