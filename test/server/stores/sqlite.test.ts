import { statSync } from 'node:fs';
import QUnit from 'qunit';
import { attempts, isBusy } from '../../../src/server/stores/sqlite/port.js';
import { sessionStatements } from '../../../src/server/stores/sqlite/statements.js';
import { type SqliteDatabase, sqliteStore } from '../../../src/server/stores/sqlite.js';
import { change, never, record, start, until } from '../../../src/testing/store-kit.js';
import { codeOf } from '../fixture.js';
import { conforms } from './conforms.js';
import { driverName, type Handle, openDatabase } from './sqlite-driver.js';
import { fileOf, openStore, removeFiles, withDatabase } from './sqlite-files.js';

/** Names and texts of everything that the database has. */
function schemaOf(db: Handle): unknown[] {
  return db.prepare('SELECT name, sql FROM sqlite_master ORDER BY name').all();
}

function valueOf(db: Handle, sql: string): unknown {
  return Object.values(db.prepare(sql).get() as object)[0];
}

/** The same database, by a handle that knows only what all drivers know. */
function plain(db: Handle): SqliteDatabase {
  return {
    exec: (sql) => db.exec(sql),
    prepare(sql) {
      const statement = db.prepare(sql);
      return {
        run: (...parameters) => statement.run(...parameters),
        get: (...parameters) => statement.get(...parameters),
        all: (...parameters) => statement.all(...parameters),
      };
    },
  };
}

/** How SQLite would go about each of the statements, by the name that the store gives it. */
function plansOf(db: Handle): Map<string, string> {
  const texts: string[] = [];
  const listening: SqliteDatabase = {
    exec: () => undefined,
    prepare(sql) {
      texts.push(sql);
      return db.prepare(sql);
    },
  };
  const names = { sessions: '"can_connect_sessions"', ended: '"can_connect_ended"', open: '' };
  const statements = Object.keys(sessionStatements(listening, names));
  return new Map(
    texts.map((sql, index) => {
      const steps = db.prepare(`EXPLAIN QUERY PLAN ${sql.replaceAll('?', '1')}`).all() as {
        detail: string;
      }[];
      return [statements[index] ?? '', steps.map(({ detail }) => detail).join('; ')];
    }),
  );
}

QUnit.module(`server/stores/sqlite on ${driverName}`, (hooks) => {
  hooks.after(removeFiles);

  conforms('sqlite', () => openStore(), {
    peer: (store) => openStore(fileOf(store)),
    async reopen(store) {
      await store.close();
      return openStore(fileOf(store));
    },
  });

  QUnit.module('tables', () => {
    QUnit.test('are made once, beside those of others', async (assert) => {
      await withDatabase(async (db) => {
        db.exec('CREATE TABLE sessions (theirs TEXT)');
        const store = sqliteStore(db);
        await store.create(record());
        const before = schemaOf(db);
        assert.deepEqual(await sqliteStore(db).get('one'), record());
        assert.deepEqual(schemaOf(db), before);
        assert.equal(valueOf(db, 'SELECT count(*) FROM sessions'), 0);
      });
    });

    QUnit.test('of two prefixes hold sessions apart', async (assert) => {
      await withDatabase(async (db) => {
        const [one, other] = [sqliteStore(db, { prefix: 'a_' }), sqliteStore(db, { prefix: 'b_' })];
        await one.create(record());
        assert.strictEqual(await other.get('one'), undefined);
        await one.destroy('one', 'signed-out', start);
        assert.equal((await other.ended.since('0', 10)).ended.length, 0);
      });
    });

    QUnit.test('of another version are refused, and left as they are', async (assert) => {
      await withDatabase(async (db) => {
        sqliteStore(db);
        db.exec('UPDATE can_connect_schema SET version = 2');
        const before = schemaOf(db);
        assert.equal(await codeOf(() => sqliteStore(db)), 'config/invalid');
        assert.deepEqual(schemaOf(db), before);
      });
    });

    QUnit.test('are kept by a database in WAL mode', async (assert) => {
      await withDatabase((db) => {
        sqliteStore(db);
        assert.equal(valueOf(db, 'PRAGMA journal_mode'), 'wal');
        assert.equal(valueOf(db, 'PRAGMA synchronous'), 1, 'normal');
        assert.equal(valueOf(db, 'PRAGMA busy_timeout'), 25);
      });
    });
  });

  QUnit.module('options', () => {
    for (const [synchronous, number] of [
      ['full', 2],
      ['unchanged', 3],
    ] as const) {
      QUnit.test(`synchronous: ${synchronous} is heard`, async (assert) => {
        await withDatabase((db) => {
          db.exec('PRAGMA synchronous = EXTRA; PRAGMA busy_timeout = 77');
          sqliteStore(db, { synchronous });
          assert.equal(valueOf(db, 'PRAGMA synchronous'), number);
          assert.equal(valueOf(db, 'PRAGMA busy_timeout'), 77, 'what the handle was told stays');
        });
      });
    }

    for (const options of [
      { prefix: 'a"; DROP TABLE x; --' },
      { prefix: '' },
      { prefix: '1a' },
      { prefix: 'A_' },
      { prefix: 'sqlite_a' },
      { busyTimeout: -1 },
      { endedLimit: 999 },
    ]) {
      QUnit.test(`refuses ${JSON.stringify(options)}`, async (assert) => {
        await withDatabase(async (db) => {
          assert.equal(await codeOf(() => sqliteStore(db, options)), 'config/invalid');
          assert.deepEqual(schemaOf(db), []);
        });
      });
    }

    QUnit.test('refuses what is no database', async (assert) => {
      assert.equal(await codeOf(() => sqliteStore('file.sqlite' as unknown as Handle)), 'config/invalid');
    });
  });

  QUnit.test('leaves the handle open that it was given', async (assert) => {
    await withDatabase(async (db) => {
      const store = sqliteStore(db);
      await store.create(record());
      await store.close();
      assert.equal(valueOf(db, 'SELECT count(*) FROM can_connect_sessions'), 1);
    });
  });

  QUnit.test('needs no more of a driver than exec, prepare, run, get and all', async (assert) => {
    await withDatabase(async (db) => {
      const store = sqliteStore(plain(db));
      await store.create(record());
      assert.deepEqual(await store.get('one'), record());
      assert.equal((await store.list('ada', start, 10)).records.length, 1);
      assert.deepEqual(await store.destroy('one', 'signed-out', start), record());
    });
  });

  QUnit.test('keeps hostile ids and users apart from the statements', async (assert) => {
    await withDatabase(async (db) => {
      const store = sqliteStore(db);
      const hostile = [
        `'; DROP TABLE can_connect_sessions; --`,
        '"a"',
        '"',
        '%',
        'a\0b',
        'a',
        '😀',
        '\ud83d',
      ];
      for (const id of hostile) assert.true(await store.create(record({ id, uid: id })), JSON.stringify(id));
      for (const id of hostile) {
        assert.deepEqual(await store.get(id), record({ id, uid: id }));
        assert.deepEqual((await store.list(id, start, 9)).records, [record({ id, uid: id })]);
        assert.equal(await store.count(start, id), 1);
      }
      for (const id of hostile) assert.equal((await store.destroy(id, 'revoked', start))?.id, id);
      const { ended } = await store.ended.since('0', 99);
      assert.deepEqual(
        ended.map((each) => each.record.uid),
        hostile,
      );
    });
  });

  QUnit.test('takes no page and no cursor for one that it never gave', async (assert) => {
    await withDatabase(async (db) => {
      const store = sqliteStore(db);
      await store.create(record());
      for (const after of ['', 'x', '-1', '1e3', '0x1', '9'.repeat(30)]) {
        assert.deepEqual(await store.list('ada', start, 9, after), { records: [], next: undefined }, after);
      }
      await store.destroy('one', 'signed-out', start);
      for (const cursor of ['', 'x', '-1', '2', '9'.repeat(30)]) {
        const { ended, lost } = await store.ended.since(cursor, 9);
        assert.deepEqual([ended.length, lost], [1, true], cursor);
      }
      await store.ended.ack('me', ['', 'x', '-1', '1; DROP TABLE can_connect_ended', '9'.repeat(30)]);
      assert.equal((await store.ended.claim('me', 9, 1, start)).length, 1);
    });
  });

  QUnit.test('tells a follower who stayed away too long, and forgets the oldest ends', async (assert) => {
    await withDatabase(async (db) => {
      const store = sqliteStore(db, { endedLimit: 1000 });
      const { cursor } = await store.ended.since(undefined, 1);
      for (let index = 0; index < 1280; index += 1) {
        await store.create(record({ id: `s-${index}` }));
        await store.destroy(`s-${index}`, 'signed-out', start);
      }
      const news = await store.ended.since(cursor, 5);
      assert.true(news.lost);
      assert.equal(news.ended[0]?.record.id, 's-280');
      assert.false((await store.ended.since(news.cursor, 5)).lost);
      assert.equal(valueOf(db, 'SELECT count(*) FROM can_connect_ended'), 1000);
    });
  });

  QUnit.module('beside another writer', () => {
    QUnit.test('gets on where what it read is old each time it writes', async (assert) => {
      await withDatabase(async (db, file) => {
        const other = openDatabase(file);
        db.exec('CREATE TABLE counted (n INTEGER)');
        db.exec('INSERT INTO counted VALUES (0)');
        let tries = 0;
        const step = () => {
          tries += 1;
          const before = valueOf(db, 'SELECT n FROM counted');
          try {
            // Gets in between whenever it can, as a process that writes without pause.
            other.exec('UPDATE counted SET n = n + 1');
          } catch (error) {
            if (!isBusy(error)) throw error;
          }
          const { changes } = db.prepare('UPDATE counted SET n = n + 100 WHERE n = ?').run(before as number);
          if (Number(changes) === 1) return;
          throw Object.assign(new Error('database is locked'), {
            code: 'SQLITE_BUSY_SNAPSHOT',
            rawCode: 517,
          });
        };
        await attempts(db, 0, 1000)(step);
        assert.equal(tries, 2, 'the second try has the lock');
        assert.equal(valueOf(db, 'SELECT n FROM counted'), 101);
        other.close();
      });
    });

    QUnit.test('lets a read wait for nobody', async (assert) => {
      await withDatabase(async (db, file) => {
        const store = sqliteStore(db, { busyTimeout: 0 });
        await store.create(record());
        const other = openDatabase(file);
        other.exec('BEGIN IMMEDIATE');
        assert.deepEqual(await store.get('one'), record());
        other.exec('COMMIT');
        other.close();
      });
    });

    QUnit.test('lives in the present after a write that gave up', async (assert) => {
      await withDatabase(async (db, file) => {
        const store = sqliteStore(db, { busyTimeout: 0 });
        await store.create(record());
        await store.create(record({ id: 'two' }));
        await store.destroy('two', 'signed-out', start);
        const other = openDatabase(file);
        const uid = async () => (await store.get('one'))?.uid;
        for (const giveUp of [
          () => store.destroy('one', 'signed-out', start),
          () => store.ended.claim('me', 1, 1000, start),
          () => store.touch('one', start + 1),
        ]) {
          other.exec('BEGIN IMMEDIATE');
          await assert.rejects(giveUp(), /locked/);
          other.exec("UPDATE can_connect_sessions SET uid = uid || '!'");
          other.exec('COMMIT');
          assert.equal(await uid(), valueOf(other, 'SELECT uid FROM can_connect_sessions'));
          other.exec("UPDATE can_connect_sessions SET uid = uid || '?'");
          assert.equal(await uid(), valueOf(other, 'SELECT uid FROM can_connect_sessions'));
        }
        assert.equal(await store.touch('one', start + 5), 'touched');
        other.close();
      });
    });

    QUnit.test('tries again when the other is done', async (assert) => {
      await withDatabase(async (db, file) => {
        const store = sqliteStore(db);
        const other = openDatabase(file);
        other.exec('BEGIN IMMEDIATE');
        const created = store.create(record());
        other.exec('COMMIT');
        assert.true(await created);
        other.close();
      });
    });

    QUnit.test('rejects when it has waited long enough, and has written nothing', async (assert) => {
      await withDatabase(async (db, file) => {
        const store = sqliteStore(db, { busyTimeout: 30 });
        await store.create(record());
        const other = openDatabase(file);
        other.exec('BEGIN IMMEDIATE');
        await assert.rejects(store.create(record({ id: 'two' })), /locked/);
        await assert.rejects(store.destroy('one', 'signed-out', start), /locked/);
        await assert.rejects(store.get('one', start + 1), /locked/);
        await assert.rejects(store.update('one', 1, change(record(), { data: 2 }), start), /locked/);
        other.exec('COMMIT');
        other.close();
        assert.deepEqual(await store.get('one'), record());
        assert.true(await store.create(record({ id: 'two' })), 'the statements can be used again');
      });
    });

    QUnit.test('takes no lock to spare a touch, or to find nothing due and nothing ended', async (assert) => {
      await withDatabase(async (db, file) => {
        const store = sqliteStore(db, { busyTimeout: 0 });
        await store.create(until('one', never));
        const other = openDatabase(file);
        other.exec('BEGIN IMMEDIATE');
        assert.equal((await store.get('one', start + 5, start))?.lastAccess, start);
        assert.equal(await store.touch('one', start + 5, start), 'recent');
        assert.equal(await store.touch('two', start + 5, start), 'missing');
        assert.equal(await store.sweep(10, start), 0);
        assert.deepEqual(await store.ended.claim('me', 10, 1, start), []);
        other.exec('COMMIT');
        other.close();
      });
    });
  });

  QUnit.module('costs', () => {
    QUnit.test(
      'one step on an index for each row that it wants, and no walk through the rest',
      async (assert) => {
        await withDatabase((db) => {
          sqliteStore(db);
          const plans = plansOf(db);
          assert.equal(plans.size, 17);
          for (const [name, index] of [
            ['rowById', /^SEARCH can_connect_sessions USING INDEX sqlite_autoindex\S+ \(id=\?\)$/],
            ['headById', /^SEARCH can_connect_sessions USING INDEX sqlite_autoindex\S+ \(id=\?\)$/],
            ['touch', /^SEARCH can_connect_sessions USING INDEX sqlite_autoindex\S+ \(id=\?\)$/],
            ['setAccess', /^SEARCH can_connect_sessions USING INTEGER PRIMARY KEY \(rowid=\?\)$/],
            ['setAll', /^SEARCH can_connect_sessions USING INTEGER PRIMARY KEY \(rowid=\?\)$/],
            ['endOne', /^SEARCH can_connect_sessions USING INDEX sqlite_autoindex\S+ \(id=\?\)$/],
            ['anyDue', /USING COVERING INDEX can_connect_sessions_expiry \(expires_at<\?\)$/],
            [
              'endDue',
              /^SEARCH can_connect_sessions USING INDEX can_connect_sessions_expiry \(expires_at<\?\)$/,
            ],
            ['ofUser', /USING INDEX can_connect_sessions_user \(uid=\? AND rowid>\?\)$/],
            ['countOfUser', /USING INDEX can_connect_sessions_user \(uid=\?\)$/],
            [
              'count',
              /SCAN .* USING COVERING INDEX .*SEARCH .* USING COVERING INDEX can_connect_sessions_expiry/,
            ],
            ['page', /USING INTEGER PRIMARY KEY \(rowid>\?\)$/],
          ] as const) {
            assert.true(index.test(plans.get(name) ?? ''), `${name}: ${plans.get(name)}`);
          }
          const given = db.prepare('EXPLAIN QUERY PLAN DELETE FROM can_connect_sessions WHERE id = 1').get();
          assert.true(/USING INDEX sqlite_autoindex/.test(JSON.stringify(given)), 'what the trigger does');
          for (const [name, plan] of plans) assert.false(/TEMP B-TREE/.test(plan), `${name} sorts nothing`);
        });
      },
    );

    QUnit.test('no long stretch for a large sweep: others have their turns within it', async (assert) => {
      await withDatabase(async (db) => {
        const store = sqliteStore(db);
        for (const end of [store.sweep, store.clear]) {
          for (let index = 0; index < 260; index += 1) await store.create(until(`s-${index}`, start));
          const seen = [260];
          const look = () => {
            seen.push(Number(valueOf(db, 'SELECT count(*) FROM can_connect_sessions')));
            looking = setImmediate(look);
          };
          let looking = setImmediate(look);
          assert.equal(await end(250, start), 250);
          clearImmediate(looking);
          seen.push(10);
          const most = Math.max(...seen.map((each, index) => (seen[index - 1] ?? each) - each));
          assert.true(most < 100, `${seen}`);
          assert.equal(await end(250, start), 10, 'the rest');
        }
      });
    });

    QUnit.test('a bounded log, also of what gives back what it wrote', async (assert) => {
      await withDatabase(async (db, file) => {
        const store = sqliteStore(db);
        db.exec('PRAGMA wal_autocheckpoint = 10');
        const ids = Array.from({ length: 100 }, (_, index) => `s-${index}`);
        const data = 'x'.repeat(20_000);
        for (const id of ids) await store.create(until(id, never, { data }));
        const before = statSync(`${file}-wal`).size;
        for (const id of ids) await store.destroy(id, 'signed-out', start);
        for (const _ of ids) await store.ended.claim('me', 1, 1, start);
        assert.true(statSync(`${file}-wal`).size < before + 500_000, `${before} bytes before`);
      });
    });
  });
});
