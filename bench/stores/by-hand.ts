/** The limit of a SQLite store: what somebody writes by hand, once with all that a store of ours does and once without. */
import type Database from 'libsql';
import { ourRecord } from './content.js';
import { present, type Side, type Target, tick } from './sides.js';

type Handle = InstanceType<typeof Database>;

const week = 7 * 24 * 60 * 60 * 1000;

/** Content is made before it is measured. */
function content() {
  const records = Array.from({ length: 1024 }, (_, number) => ourRecord(number, present()));
  return (number: number) => records[number & 1023] as (typeof records)[number];
}

interface Texts {
  readonly data: string;
  readonly userData: string;
  readonly labels: string;
}

function parsed<R extends Texts>(row: R) {
  const { data, userData, labels } = row;
  return { ...row, data: JSON.parse(data), userData: JSON.parse(userData), labels: JSON.parse(labels) };
}

/**
 * The same job by the least code, which is what the goals are about: the same columns and indexes; each step is one
 * transaction; a save writes only on the version that it has read, and gives the new record back; what is destroyed moves
 * to a table of the ended that can be claimed, and is given back. It leaves out only what one kind of session does not
 * need: other lifetimes than a sliding one, texts that SQLite cannot hold, waiting for other writers, forgetting old ends.
 *
 * The least code is not the fastest: rows come as the objects that the driver makes, a save names all columns and has
 * SQLite give all of them back. Where ours is above 1, that is why.
 */
export function sameJob(db: Handle): Side {
  const fields = `id, version, uid, created, lastAccess, lastUpdate, timeToLive, ttlType, notAfter, expiresAt, labels,
    userData, data`;
  const columns = `
    version INTEGER NOT NULL, uid TEXT, created INTEGER NOT NULL, lastAccess INTEGER NOT NULL, lastUpdate INTEGER NOT NULL,
    timeToLive INTEGER NOT NULL, ttlType TEXT NOT NULL, notAfter INTEGER, expiresAt INTEGER, labels TEXT, userData TEXT,
    data TEXT`;
  db.exec(`
    CREATE TABLE sessions (id TEXT PRIMARY KEY, ${columns});
    CREATE INDEX by_end ON sessions (expiresAt);
    CREATE INDEX by_user ON sessions (uid);
    CREATE TABLE ended (
      seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, ${columns}, reason TEXT, endedAt INTEGER NOT NULL,
      owner TEXT, heldUntil INTEGER NOT NULL DEFAULT 0, acknowledged INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX open ON ended (seq, heldUntil) WHERE acknowledged = 0;`);
  const insert = db.prepare(`INSERT INTO sessions (${fields}) VALUES (${fields.replace(/\w+/g, '?')})`);
  const select = db.prepare('SELECT * FROM sessions WHERE id = ?');
  const alive = '(expiresAt IS NULL OR expiresAt > ?)';
  const access = db.prepare(
    `UPDATE sessions SET lastAccess = max(lastAccess, ?), expiresAt = max(expiresAt, min(?, ifnull(notAfter, ?)))
     WHERE id = ? AND ${alive}`,
  );
  const versionOf = db.prepare('SELECT version FROM sessions WHERE id = ?');
  const update = db.prepare(
    `UPDATE sessions SET version = version + 1, uid = ?, labels = ?, userData = ?, data = ?, lastAccess = ?,
       lastUpdate = ?, timeToLive = ?, expiresAt = ?
     WHERE id = ? AND version = ? AND ${alive} RETURNING *`,
  );
  const keep = db.prepare(
    `INSERT INTO ended (${fields}, reason, endedAt) SELECT ${fields}, ?, ? FROM sessions WHERE id = ?`,
  );
  const remove = db.prepare('DELETE FROM sessions WHERE id = ? RETURNING *');
  const end = db.transaction((id: string, now: number) => {
    keep.run('signed-out', now, id);
    return remove.all(id)[0];
  });
  const recordOf = content();

  const get = ({ id }: Target) => parsed(select.get(id) as Texts);
  function touch({ id }: Target) {
    const now = tick();
    return access.run(now, now + week, now + week, id, now);
  }
  return {
    name: 'the same job by hand',
    create({ id, uid, number }) {
      const { version, created, lastAccess, lastUpdate, timeToLive, ttlType, expiresAt, ...rest } =
        recordOf(number);
      const texts = [rest.labels, rest.userData, rest.data].map((value) => JSON.stringify(value));
      const clocks = [created, lastAccess, lastUpdate, timeToLive];
      return insert.run(id, version, uid, ...clocks, ttlType, null, expiresAt, ...texts);
    },
    get,
    touch,
    getAndTouch(target) {
      const found = get(target);
      touch(target);
      return found;
    },
    save({ id, uid, number }) {
      const now = tick();
      const { labels, userData, data, timeToLive } = recordOf(number + 1);
      const texts = [labels, userData, data].map((value) => JSON.stringify(value));
      const { version } = versionOf.get(id) as { version: number };
      // To the end, as ours does: else the log grows without bound.
      const [saved] = update.all(uid, ...texts, now, now, timeToLive, now + timeToLive, id, version, now);
      return parsed(saved as Texts);
    },
    destroy: ({ id }) => parsed(end(id, present()) as Texts),
  };
}

/**
 * The least that can be called a session: `save` compares no versions and gives nothing back, `destroy` keeps no ends and
 * gives nothing back, and a row has less than half of the columns. No goal: it shows what the contract costs.
 */
export function bareStatements(db: Handle): Side {
  db.exec(`
    CREATE TABLE sessions (
      id TEXT PRIMARY KEY, uid TEXT, version INTEGER NOT NULL, last_access INTEGER NOT NULL, expires_at INTEGER, data TEXT
    );
    CREATE INDEX by_end ON sessions (expires_at);
    CREATE INDEX by_user ON sessions (uid);`);
  const insert = db.prepare('INSERT INTO sessions VALUES (?, ?, 1, ?, ?, ?)');
  const select = db.prepare('SELECT version, uid, last_access, expires_at, data FROM sessions WHERE id = ?');
  const access = db.prepare(
    'UPDATE sessions SET last_access = ?, expires_at = ? WHERE id = ? AND expires_at > ?',
  );
  const update = db.prepare(
    'UPDATE sessions SET version = version + 1, data = ?, last_access = ?, expires_at = ? WHERE id = ? AND expires_at > ?',
  );
  const remove = db.prepare('DELETE FROM sessions WHERE id = ?');
  const recordOf = content();

  function get({ id }: Target) {
    const row = select.get(id) as { data: string };
    return { ...row, data: JSON.parse(row.data) };
  }
  function touch({ id }: Target) {
    const now = tick();
    return access.run(now, now + week, id, now);
  }
  return {
    name: 'bare statements by hand',
    create({ id, uid, number }) {
      const { data, created, expiresAt } = recordOf(number);
      return insert.run(id, uid, created, expiresAt, JSON.stringify(data));
    },
    get,
    touch,
    getAndTouch(target) {
      const found = get(target);
      touch(target);
      return found;
    },
    save({ id, number }) {
      const now = tick();
      return update.run(JSON.stringify(recordOf(number + 1).data), now, now + week, id, now);
    },
    destroy: ({ id }) => remove.run(id),
  };
}
