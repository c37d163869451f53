import connect from 'can-connect';
import QUnit from 'qunit';
import Session from '../guide/session.js';
import { codeOf, jwt } from '../kit.js';
import { connectNine, guideModel, nineBehaviors } from '../models.js';

const { module, test } = QUnit;
const KEY = 'session-jwt';

// The files of the guide name no clock and no URL, so here the time is the real one and nothing is sent.
const later = () => Math.floor(Date.now() / 1000) + 3600;

module('the guide’s own files (CAN-01, CAN-08)', (hooks) => {
  hooks.beforeEach(() => sessionStorage.removeItem(KEY));
  hooks.after(() => sessionStorage.removeItem(KEY));

  test('load and judge the token in sessionStorage', async (assert) => {
    assert.equal(await codeOf(Session.get()), 'token/missing');
    sessionStorage.setItem(KEY, jwt({ exp: later(), sub: 'ann', iat: 1 }));
    const payload = await Session.get();
    assert.ok(payload instanceof Session);
    assert.equal(payload.sub, 'ann');
    assert.strictEqual(Session.current, payload);
  });

  test('post to /session, which the test page does not have', async (assert) => {
    const session = new Session({ username: 'ann', password: 'x' });
    assert.equal(await codeOf(session.save()), 'request/refused');
  });

  test('sign out without an argument', async (assert) => {
    sessionStorage.setItem(KEY, jwt({ exp: later() }));
    await Session.get();
    await Session.connection.destroy();
    assert.strictEqual(sessionStorage.getItem(KEY), null);
    assert.equal(await codeOf(Session.get()), 'token/missing');
  });
});

module('behaviors in another order', () => {
  const [session, ...rest] = nineBehaviors as [(typeof nineBehaviors)[0], ...typeof nineBehaviors];
  const orders = {
    last: [...rest, session],
    'in the middle': [...rest.slice(0, 3), session, ...rest.slice(3)],
    'first of a reversed list': [session, ...[...rest].reverse()],
    'last of a reversed list': [...nineBehaviors].reverse(),
  };
  for (const [where, behaviors] of Object.entries(orders)) {
    test(`work with data/session ${where}`, async (assert) => {
      const Model = connectNine(
        guideModel(),
        { url: { createData: '/none', getData: '/none', destroyData: false } },
        behaviors,
      );
      const ann = await Model.connection.adopt(jwt({ exp: later(), sub: 'ann', more: 1 }));
      assert.strictEqual(await Model.get(), ann);
      await Model.connection.destroy();
      assert.strictEqual(Model.current, null);
      assert.strictEqual(sessionStorage.getItem(KEY), null);
    });
  }

  test('say what is missing', async (assert) => {
    const Map = guideModel();
    assert.equal(await codeOf(() => connect([session], { Map, name: 'session' })), 'config/behaviors');
    assert.equal(await codeOf(() => connect([session], { name: 'session' })), 'config/type');
  });
});

module('behaviors of an app', () => {
  test('take part in what passes through the data methods', async (assert) => {
    const seen: string[] = [];
    const logging = connect.behavior(
      'app/logging',
      (base: Record<string, (data: unknown) => Promise<unknown>>) =>
        Object.fromEntries(
          ['getData', 'createData', 'destroyData'].map((name) => [
            name,
            function (this: unknown, data: unknown) {
              seen.push(name);
              return base[name]?.call(this, data);
            },
          ]),
        ),
    );
    const Model = connectNine(
      guideModel(),
      {
        signIn: () => jwt({ exp: later(), sub: 'ann' }),
        url: { createData: '', getData: '', destroyData: false },
      },
      [...nineBehaviors, logging],
    );
    await new Model({ username: 'ann', password: 'x' }).save();
    await Model.connection.destroy();
    await codeOf(Model.get());
    assert.deepEqual(seen, ['createData', 'destroyData', 'getData']);
  });
});
