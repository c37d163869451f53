import QUnit from 'qunit';
import { scriptedServer } from '../../support/scripted-server.js';

QUnit.module('test kit › scripted server', () => {
  QUnit.test('answers a method as it was told', async (assert) => {
    const server = await scriptedServer();
    await server.answer('POST', { status: 201, body: { token: 'a' }, headers: { 'x-test': 'yes' } });
    const answer = await fetch(server.url, { method: 'POST', body: '{"username":"ann"}' });
    assert.strictEqual(answer.status, 201);
    assert.strictEqual(answer.headers.get('content-type'), 'application/json');
    assert.strictEqual(answer.headers.get('x-test'), 'yes');
    assert.deepEqual(await answer.json(), { token: 'a' });
  });

  QUnit.test('sends a string as raw text', async (assert) => {
    const server = await scriptedServer();
    await server.answer('GET', { body: 'a.b.c' });
    const answer = await fetch(server.url);
    assert.strictEqual(answer.headers.get('content-type'), 'text/plain; charset=utf-8');
    assert.strictEqual(await answer.text(), 'a.b.c');
  });

  QUnit.test('sends another content type when asked', async (assert) => {
    const server = await scriptedServer();
    await server.answer('GET', { status: 401, body: { code: 'x' }, contentType: 'application/problem+json' });
    const answer = await fetch(server.url);
    assert.strictEqual(answer.headers.get('content-type'), 'application/problem+json');
    assert.deepEqual(await answer.json(), { code: 'x' });
  });

  QUnit.test('remembers the requests in order', async (assert) => {
    const server = await scriptedServer();
    await server.answer('PUT', { status: 204 });
    await fetch(`${server.url}?n=1`, { method: 'PUT', body: 'one', headers: { Authorization: 'Bearer x' } });
    await fetch(`${server.url}/two`, { method: 'PUT', body: 'two' });
    const seen = await server.requests();
    assert.deepEqual(
      seen.map(({ method, path, body }) => [method, path, body]),
      [
        ['PUT', '/session?n=1', 'one'],
        ['PUT', '/session/two', 'two'],
      ],
    );
    assert.strictEqual(seen[0]?.headers.authorization, 'Bearer x');
  });

  QUnit.test('says 501 where the test gave no answer', async (assert) => {
    const server = await scriptedServer();
    assert.strictEqual((await fetch(server.url)).status, 501);
  });

  QUnit.test('holds a request until it is released', async (assert) => {
    const server = await scriptedServer();
    const held = await server.hold('POST');
    let answered = false;
    const answer = fetch(server.url, { method: 'POST', body: 'hello' }).then((response) => {
      answered = true;
      return response;
    });
    assert.strictEqual((await held.arrived).body, 'hello');
    assert.false(answered);
    await held.release({ status: 409, body: 'now' });
    assert.strictEqual((await answer).status, 409);
  });

  QUnit.test('releases with the default answer', async (assert) => {
    const server = await scriptedServer();
    await server.answer('GET', { body: 'default' });
    const held = await server.hold('GET');
    const answer = fetch(server.url);
    await held.release();
    assert.strictEqual(await (await answer).text(), 'default');
  });

  QUnit.test('gives each of two holds one request', async (assert) => {
    const server = await scriptedServer();
    const first = await server.hold('POST');
    const second = await server.hold('POST');
    const a = fetch(server.url, { method: 'POST' });
    await first.arrived;
    const b = fetch(server.url, { method: 'POST' });
    await second.release({ body: 'b' });
    await first.release({ body: 'a' });
    assert.strictEqual(await (await a).text(), 'a');
    assert.strictEqual(await (await b).text(), 'b');
  });

  QUnit.test('drops a held request once, as a network failure', async (assert) => {
    const server = await scriptedServer();
    const held = await server.hold('DELETE');
    const failure = assert.rejects(fetch(server.url, { method: 'DELETE' }), TypeError);
    await held.drop();
    await failure;
    assert.strictEqual((await server.requests()).length, 1, 'the browser does not repeat it');
  });

  QUnit.test('fails every request of a method', async (assert) => {
    const server = await scriptedServer();
    await server.fail('GET');
    await assert.rejects(fetch(server.url), TypeError);
    assert.strictEqual((await server.requests()).length, 1);
  });

  QUnit.test('answers on another origin, after a preflight', async (assert) => {
    const server = await scriptedServer();
    await server.answer('POST', { body: { ok: true } });
    const answer = await fetch(server.crossOriginUrl, {
      method: 'POST',
      credentials: 'include',
      headers: { 'Content-Type': 'application/json', Authorization: 'Bearer x' },
      body: '{}',
    });
    assert.deepEqual(await answer.json(), { ok: true });
    assert.notStrictEqual(new URL(server.crossOriginUrl).origin, location.origin);
    assert.deepEqual(
      (await server.requests()).map(({ method }) => method),
      ['POST'],
    );
  });

  QUnit.test('takes orders while six requests are held', async (assert) => {
    const server = await scriptedServer();
    const held = await Promise.all(Array.from({ length: 6 }, () => server.hold('POST')));
    const answers = held.map(() => fetch(server.url, { method: 'POST' }));
    await Promise.all(held.map(({ arrived }) => arrived));
    await Promise.all(held.map((one) => one.release({ body: 'free' })));
    for (const answer of answers) assert.strictEqual(await (await answer).text(), 'free');
  });
});
