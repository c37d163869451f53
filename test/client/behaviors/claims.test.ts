import DefineMap from 'can-define/map/map.js';
import QUnit from 'qunit';
import type { SessionOptions } from '../../../src/index.js';
import { scriptedServer } from '../../support/scripted-server.js';
import { claimsOf, jwt, TestStorage, testClock } from '../kit.js';
import { connectNine, guideModel, models } from '../models.js';

const { module, test } = QUnit;
const KEY = 'session-jwt';

/** Claims that would hide a method, reach a prototype, or replace what CanJS keeps on an instance. */
const hostile =
  '{"exp":9999999999,"sub":"ann","__proto__":{"admin":true},"constructor":1,"save":1,"destroy":1,"isNew":1,' +
  '"toString":1,"_data":1,"_define":1,"_computed":1,"_cid":1,"hasOwnProperty":1,"get":1,"set":1,' +
  '"serialize":1,"on":1,"off":1,"password":"from the token","":1,"a.b":2,"_id":"kept"}';

for (const [kind, connectModel] of Object.entries(models)) {
  module(`claims on ${kind}`, () => {
    function setUp(options: SessionOptions = {}) {
      const storage = new TestStorage();
      const Session = connectModel({ tokenStorage: storage, now: testClock(), ...options });
      return { Session, storage };
    }

    test('hide no method and reach no prototype', async (assert) => {
      const server = await scriptedServer();
      await server.answer('POST', { body: { token: jwt(hostile) } });
      await server.answer('DELETE', { status: 204 });
      const { Session, storage } = setUp({ url: server.url });
      storage.setItem(KEY, jwt(hostile));
      for (const session of [
        await Session.get(),
        await new Session({ username: 'a', password: 'b' }).save(),
      ]) {
        assert.ok(session instanceof Session);
        assert.equal(session.sub, 'ann');
        assert.equal((session as { _id?: unknown })._id, 'kept');
        assert.strictEqual((session as { admin?: unknown }).admin, undefined);
        assert.strictEqual(({} as { admin?: unknown }).admin, undefined);
        for (const method of ['save', 'destroy', 'isNew', 'isSaving'] as const) {
          assert.equal(typeof session[method], 'function', method);
        }
        assert.notOk(session.isNew());
      }
      await Session.current?.destroy();
      assert.strictEqual(Session.current, null);
    });

    test('that are gone from a new token are gone from the instance', async (assert) => {
      const { Session, storage } = setUp();
      storage.setItem(KEY, jwt(claimsOf('ann', { role: 'admin' })));
      const ann = await Session.get();
      assert.equal(ann.role, 'admin');
      storage.setItem(KEY, jwt(claimsOf('ann')));
      assert.strictEqual(await Session.get(), ann);
      assert.strictEqual(ann.role, undefined);
    });

    test('without a subject never share an instance', async (assert) => {
      const { Session, storage } = setUp();
      storage.setItem(KEY, jwt({ exp: 9999999999, email: 'a' }));
      const one = await Session.get();
      storage.setItem(KEY, jwt({ exp: 9999999999, email: 'b' }));
      assert.notStrictEqual(await Session.get(), one);
      assert.equal(one.email, 'a');
    });

    test('and nothing else: no token, no password on anything that can be observed', async (assert) => {
      const server = await scriptedServer();
      const token = jwt(claimsOf('ann'));
      await server.answer('POST', { body: { token } });
      const { Session } = setUp({ url: server.url });
      const session = new Session({ username: 'ann', password: 'secret-1' });
      const saving = session.save();
      const during = JSON.stringify(Session.state);
      await saving;
      const after = JSON.stringify([Session.state, Session.current, Object.entries(session)]);
      for (const text of [during, after]) {
        assert.notOk(text.includes('secret-1'));
        assert.notOk(text.includes(token));
      }
    });
  });
}

module('claims and a model of one’s own', () => {
  test('a claim of a type that the model refuses is left out, and the rest is there', async (assert) => {
    const { strictModel } = await import('../models.js');
    const { connectSession } = await import('../../../src/index.js');
    const storage = new TestStorage();
    const warn = console.warn;
    const warnings: unknown[] = [];
    console.warn = (...args: unknown[]) => void warnings.push(args[0]);
    const Session = connectSession({ ObjectType: strictModel(), tokenStorage: storage, now: testClock() });
    storage.setItem(KEY, jwt(claimsOf('ann', { username: 17 })));
    const session = await Session.get();
    console.warn = warn;
    assert.equal(session.sub, 'ann');
    assert.notOk(session.username);
    assert.ok(String(warnings[0]).includes('username'));
  });

  test('getters, defaults and fields that are not sent survive or are wiped as they should', async (assert) => {
    const server = await scriptedServer();
    await server.answer('POST', { body: { token: jwt(claimsOf('ann')) } });
    const Model = DefineMap.extend('Session', {
      exp: { type: 'any', identity: true },
      sub: 'string',
      pin: { type: 'string', serialize: false },
      theme: { default: 'dark' },
      shouting: {
        get(this: { sub?: string }) {
          return this.sub?.toUpperCase();
        },
      },
    });
    const Session = connectNine(Model, {
      tokenStorage: new TestStorage(),
      now: testClock(),
      url: server.url,
    });
    const session = await new Session({ username: 'ann', password: 'x', pin: '1234' }).save();
    assert.equal(session.shouting, 'ANN');
    assert.equal(session.theme, 'dark');
    assert.notOk(session.pin, 'although it is not serialized');
  });

  test('the sealed model of the guide takes claims that it does not declare, again and again', async (assert) => {
    const storage = new TestStorage();
    const Session = connectNine(guideModel(), { tokenStorage: storage, now: testClock() });
    storage.setItem(KEY, jwt(claimsOf('ann')));
    const ann = await Session.get();
    storage.setItem(KEY, jwt(claimsOf('ann', { roles: ['a'], locale: 'de' })));
    await Session.get();
    assert.equal(ann.locale, 'de');
  });
});
