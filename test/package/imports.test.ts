import QUnit from 'qunit';
import { importsOf, violations } from '../support/import-rules.js';
import { sources } from '../support/repository.js';

QUnit.module('package › imports', () => {
  QUnit.test('keeps the import rules in all of src', (assert) => {
    const files = sources();
    assert.true(files.size > 0, 'there is something to judge');
    assert.deepEqual(violations(files), []);
  });

  QUnit.test('finds every way to import', (assert) => {
    const source = `
      import a from 'a';
      import type { B } from "b";
      import {
        c,
      } from 'c';
      import 'd';
      export * from 'e';
      export type { F } from 'f';
      const g = await import('g');
      let h: import('h').H;
      // import no from 'comment';
      /* import no from 'block'; */
      const url = 'https://x'; import i from 'i';
    `.replace("; import i from 'i'", ";\nimport i from 'i'");
    const found = importsOf(source).map(({ specifier }) => specifier);
    assert.deepEqual(found.sort(), ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']);
  });

  const bad: readonly (readonly [file: string, source: string, complaint: RegExp])[] = [
    ['protocol/a.ts', "import { x } from '../client/core/x.js';", /protocol imports nothing/],
    ['protocol/a.ts', "import { x } from 'jwt-decode';", /protocol imports nothing/],
    ['client/core/a.ts', "import type { X } from '../../server/core/x.js';", /a half imports itself/],
    ['server/core/a.ts', "export { x } from '../../client/core/x.js';", /a half imports itself/],
    ['index.ts', "export { x } from './server/core/x.js';", /a half imports itself/],
    ['client/core/a.ts', "import { x } from '../transports/ajax.js';", /core knows none/],
    ['client/core/a.ts', "const x = await import('../connect-session.js');", /core knows none/],
    ['server/core/a.ts', "let x: import('../http/problem.js').X;", /core knows none/],
    ['server/stores/a.ts', "import { b } from './b.js';", /what can take another/],
    ['client/parts/live/a.ts', "import { b } from '../tabs.js';", /what can take another/],
    ['server/adapters/express.ts', "import { x } from './node-body.js';", /what can take another/],
    ['client/parts/a.ts', "import { x } from '../../index.js';", /nothing imports an index/],
    ['server/http/a.ts', "import { x } from '..';", /nothing imports an index/],
    ['server/http/a.ts', "import { x } from 'can-connect-session';", /by name/],
    ['client/core/a.ts', "import r from 'can-reflect';", /CanJS stays/],
    ['client/transports/websocket.ts', "import 'can-ajax';", /CanJS stays/],
    ['server/http/a.ts', "import { jwtVerify } from 'jose';", /jose is used in one file/],
    ['server/live/a.ts', "import type { WebSocket } from 'ws';", /ws is used in one file/],
    ['server/stores/postgres.ts', "import type { Client } from 'pg';", /database drivers/],
    ['server/cli.ts', "import Database from 'libsql';", /database drivers/],
    ['testing/store.ts', "import { isExpired } from '../server/core/store.js';", /as types/],
    ['testing/store.ts', "import { type X, y } from '../server/core/store.js';", /as types/],
    ['testing/store.ts', "import type { X } from '../server/core/sessions.js';", /as types/],
    ['server/index.ts', "import { ok } from '../testing/assert.js';", /a half imports itself/],
  ];
  for (const [file, source, complaint] of bad) {
    QUnit.test(`refuses ${file}: ${source}`, (assert) => {
      const found = violations(new Map([[file, source]]));
      assert.strictEqual(found.length, 1);
      assert.true(complaint.test(found.join()), found.join());
    });
  }

  const good: readonly (readonly [file: string, source: string])[] = [
    ['index.ts', "export { default } from './client/behaviors/session.js';"],
    ['client/core/a.ts', "import { x } from '../../protocol/errors.js';"],
    [
      'testing/store.ts',
      "import type { X } from '../server/core/store.js';\nimport { ok } from './assert.js';",
    ],
    ['testing/store.ts', "import { SessionError } from '../protocol/errors.js';"],
    ['client/parts/live.ts', "import { x } from './live/socket.js';\nimport r from 'can-reflect';"],
    ['client/transports/ajax.ts', "const ajax = await import('can-ajax');"],
    [
      'server/adapters/sockets.ts',
      "import { x } from '../node-http/request.js';\nimport { WebSocketServer } from 'ws';",
    ],
    ['server/core/tokens.ts', "import { SignJWT } from 'jose';"],
    ['server/cli.ts', "const { default: Database } = await import('libsql');"],
  ];
  for (const [file, source] of good) {
    QUnit.test(`allows ${file}: ${source.replaceAll('\n', ' ')}`, (assert) => {
      assert.deepEqual(violations(new Map([[file, source]])), []);
    });
  }
});
