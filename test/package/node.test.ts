import QUnit from 'qunit';
import { ensureBuilt, inPlainNode } from '../support/repository.js';

QUnit.module('package › the browser half in Node (C-23)', (hooks) => {
  hooks.before(() => ensureBuilt());

  QUnit.test('connects a type and finds nobody signed in, without a window', (assert) => {
    const seen = inPlainNode(`
      import DefineMap from 'can-define/map/map.js';
      import { connectSession } from 'can-connect-session';
      const Session = connectSession({ Map: DefineMap.extend('Session', { exp: 'any' }) });
      const code = await Session.get().catch((error) => error.code);
      console.log(JSON.stringify({ code, current: Session.current, window: typeof window }));
    `);
    assert.deepEqual(seen, { code: 'token/missing', current: null, window: 'undefined' });
  });

  QUnit.test('keeps two connections of one process apart', (assert) => {
    const seen = inPlainNode(`
      import DefineMap from 'can-define/map/map.js';
      import { connectSession } from 'can-connect-session';
      const connect = () => connectSession({ Map: DefineMap.extend('Session', { exp: 'any' }) });
      const [one, two] = [connect(), connect()];
      const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
      await one.connection.adopt([part({}), part({ sub: 'ann', exp: 9999999999 }), part('s')].join('.'));
      const code = await two.get().catch((error) => error.code);
      console.log(JSON.stringify({ one: one.current.sub, two: two.current, code }));
    `);
    assert.deepEqual(seen, { one: 'ann', two: null, code: 'token/missing' });
  });
});

QUnit.module('package › the server half in Node', (hooks) => {
  hooks.before(() => ensureBuilt());

  QUnit.test('keeps no process alive: the sweep timer is unref’d', (assert) => {
    const seen = inPlainNode(`
      import { createSessions, memoryStore } from 'can-connect-session/server';
      const sessions = createSessions({ store: memoryStore(), sweepInterval: 60_000 });
      await sessions.create();
      console.log(JSON.stringify(await sessions.count()));
    `);
    assert.equal(seen, 1);
  });
});
