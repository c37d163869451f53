import { type ChildProcess, spawn } from 'node:child_process';
import QUnit from 'qunit';
import { CookieJar } from 'tough-cookie';
import { root } from '../../scripts/paths.mjs';

interface Example {
  readonly url: string;
  readonly password: string;
  stop(): Promise<void>;
}

/** Resolves when the app says where it is and how to sign in; rejects with what it said when it ends instead. */
async function start(name: string, env: NodeJS.ProcessEnv = {}): Promise<Example> {
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', `examples/${name}.ts`], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // However the tests end, it does not outlive them.
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  let output = '';
  const exit = new Promise<void>((resolve) => {
    child.once('close', () => {
      process.off('exit', kill);
      resolve();
    });
  });
  const [, port = '', password = ''] = await new Promise<RegExpExecArray>((resolve, reject) => {
    const read = (data: Buffer) => {
      output += data;
      const found = /http:\/\/localhost:(\d+) and sign in as ann with the password (\S+)\n/.exec(output);
      if (found !== null) resolve(found);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    exit.then(() => reject(new Error(output)));
  });
  const stop = () => {
    kill();
    return exit;
  };
  return { url: `http://127.0.0.1:${port}`, password, stop };
}

/** A browser, as far as it matters here: it keeps cookies, and says that its pages are of the same origin. */
function browser(url: string, jar = new CookieJar(undefined, { prefixSecurity: 'strict' })) {
  return async (path: string, method = 'GET', body?: object) => {
    const cookie = await jar.getCookieString(url + path);
    const answer = await fetch(url + path, {
      method,
      redirect: 'manual',
      headers: {
        'sec-fetch-site': 'same-origin',
        ...(cookie === '' ? {} : { cookie }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    for (const line of answer.headers.getSetCookie()) await jar.setCookie(line, url + path);
    const text = await answer.text();
    const isJson = /json/.test(answer.headers.get('content-type') ?? '');
    return { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : text };
  };
}

QUnit.module('journeys › examples', () => {
  for (const name of ['express', 'fastify', 'hono']) {
    QUnit.module(name, (hooks) => {
      let example: Example;
      hooks.before(async () => {
        example = await start(name);
      });
      hooks.after(() => example.stop());

      QUnit.test('shows its page to everybody, and sets no cookie', async (assert) => {
        const { status, headers, body } = await browser(example.url)('/');
        assert.deepEqual([status, headers.getSetCookie()], [200, []]);
        assert.true(/^text\/html\b/.test(headers.get('content-type') ?? ''));
        assert.true(body.includes('<title>Notes</title>'));
      });

      QUnit.test('asks for a session where one is needed', async (assert) => {
        const { status, headers, body } = await browser(example.url)('/notes');
        assert.deepEqual([status, body.code], [401, 'token/missing']);
        assert.equal(headers.get('content-type'), 'application/problem+json');
      });

      QUnit.test('signs in, keeps notes, and signs out', async (assert) => {
        const jar = new CookieJar(undefined, { prefixSecurity: 'strict' });
        const [ask, other] = [browser(example.url, jar), browser(example.url)];
        const { password } = example;

        const wrong = await ask('/session', 'POST', { username: 'ann', password: 'wrong' });
        assert.deepEqual([wrong.status, wrong.body.code], [401, 'credentials/wrong']);

        const signIn = await ask('/session', 'POST', { username: 'ann', password });
        assert.deepEqual(
          [signIn.status, signIn.body.session.userData, 'token' in signIn.body],
          [201, { name: 'Ann' }, false],
        );
        assert.equal((await jar.getCookies(example.url)).length, 1);
        const held = await jar.getCookieString(example.url);

        assert.deepEqual((await ask('/notes')).body, []);
        const first = await ask('/notes', 'POST', { text: 'buy milk' });
        assert.deepEqual([first.status, first.body, first.headers.getSetCookie()], [201, ['buy milk'], []]);
        await ask('/notes', 'POST', { text: 'sleep' });
        assert.deepEqual((await ask('/notes')).body, ['buy milk', 'sleep']);
        assert.equal((await ask('/session')).body.session.uid, 'ann');
        assert.equal((await ask('/notes')).headers.get('vary')?.includes('Cookie'), true, 'S36');

        await other('/session', 'POST', { username: 'ann', password });
        assert.deepEqual((await other('/notes')).body, [], 'another session keeps notes of its own');

        assert.equal((await ask('/session', 'DELETE')).status, 204);
        assert.deepEqual(await jar.getCookies(example.url), [], 'the cookie is gone');
        assert.equal((await ask('/notes')).status, 401);
        const replay = await fetch(`${example.url}/notes`, { headers: { cookie: held } });
        assert.equal(replay.status, 401, 'and what it held is good for nothing');
        assert.equal((await other('/notes')).status, 200, 'the other session goes on');
      });

      QUnit.test('S42 keeps no note for a page elsewhere', async (assert) => {
        const jar = new CookieJar();
        const ask = browser(example.url, jar);
        await ask('/session', 'POST', { username: 'ann', password: example.password });
        const cookie = await jar.getCookieString(example.url);
        const foreign = await fetch(`${example.url}/notes`, {
          method: 'POST',
          headers: { cookie, 'content-type': 'application/json', 'sec-fetch-site': 'cross-site' },
          body: JSON.stringify({ text: 'spam' }),
        });
        assert.equal(foreign.status, 403);
        assert.deepEqual((await ask('/notes')).body, []);
      });
    });
  }

  QUnit.test('S29, S30 sets a cookie with all its protection in production', async (assert) => {
    const example = await start('express', { NODE_ENV: 'production' });
    const jar = new CookieJar(undefined, { prefixSecurity: 'strict' });
    await browser(example.url, jar)('/session', 'POST', { username: 'ann', password: example.password });
    const [cookie] = await jar.getCookies(example.url.replace('http:', 'https:'));
    assert.deepEqual(
      [cookie?.key, cookie?.secure, cookie?.httpOnly, cookie?.sameSite, cookie?.hostOnly],
      ['__Host-session', true, true, 'lax', true],
    );
    await example.stop();
  });
});
