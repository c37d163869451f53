import { createServer, request as httpRequest, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import QUnit from 'qunit';
import { launchChromium } from '../../scripts/chromium.mjs';
import { hashPassword } from '../../src/server/passwords.js';
import { type Running, start, withFiles } from '../cli/process.js';
import { bundle } from './support/bundle.js';
import { statusOf, storedToken, type Visit, visit } from './support/visit.js';

/** The guide's Session, as the page below puts it on `window`. */
declare const Session: {
  new (credentials: object): { save(): Promise<GuideSession> };
  get(): Promise<GuideSession>;
  connection: { destroy(): Promise<unknown> };
};
type GuideSession = { readonly exp: number; readonly password?: string };

const password = 'correct horse battery';
const html = '<!doctype html><title>The guide</title><script type="module" src="/page.js"></script>';

const guide = "import Session from './session.js'; window.Session = Session; window.ready = true;";

/** Passes a request on as it came, which is what a development server does for the guide's app. */
function proxyTo(url: string): RequestListener {
  return (request, response) => {
    const { method, headers } = request;
    const onward = httpRequest(url + request.url, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  };
}

async function listen(handler: RequestListener): Promise<{ server: Server; url: string }> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** What `Session.get()` gives: the code it rejects with, or the claims of the instance. */
const whoIsThere = (page: Page) =>
  page.evaluate(() =>
    Session.get().then(
      (session) => ({ isSession: session instanceof Session, exp: session.exp }),
      (error) => ({ code: error.code }),
    ),
  );

QUnit.module('journeys › guide', (hooks) => {
  let command: Running;
  let site: Server;
  let url: string;
  let browser: Browser;
  let visitor: Visit;
  let page: Page;

  hooks.before(async () => {
    const users = { content: `ann:${await hashPassword(password, { ln: 10, r: 1, p: 1 })}\n` };
    const [script] = await Promise.all([
      bundle(guide, new URL('../client/guide', import.meta.url), 'development'),
      withFiles({ users }, async (path) => {
        command = start(['serve', '--users', path('users'), '--port', '0', '--store', 'memory']);
        // However the tests end, it does not outlive them.
        process.once('exit', () => command.process.kill('SIGKILL'));
        [, url = ''] = await command.line(/^Listening on (\S+)\n/);
      }),
      launchChromium().then((opened) => {
        browser = opened;
      }),
    ]);
    const passOn = proxyTo(url);
    ({ server: site, url } = await listen((request, response) => {
      if (request.url === '/') response.setHeader('content-type', 'text/html').end(html);
      else if (request.url === '/page.js') response.setHeader('content-type', 'text/javascript').end(script);
      else passOn(request, response);
    }));
  });
  hooks.after(async () => {
    await browser?.close();
    site?.close();
    site?.closeAllConnections();
    command?.process.kill('SIGTERM');
    await command?.exit;
  });
  hooks.beforeEach(async () => {
    visitor = await visit(browser);
    page = visitor.page;
    await page.goto(url);
    await page.waitForFunction('window.ready');
  });
  hooks.afterEach(async (assert) => {
    await visitor.context.close();
    assert.deepEqual(visitor.complaints, [], 'nothing is thrown that nobody handles');
  });

  const signIn = (secret: string) =>
    page.evaluate(
      (password) =>
        new Session({ username: 'ann', password }).save().then(
          (session) => ({ isSession: session instanceof Session, forgot: session.password === undefined }),
          (error) => ({ code: error.code }),
        ),
      secret,
    );

  QUnit.test('rejects get() while nobody is signed in', async (assert) => {
    assert.deepEqual(await whoIsThere(page), { code: 'token/missing' });
  });

  QUnit.test('signs in with save(), and forgets the password', async (assert) => {
    assert.deepEqual(await signIn(password), { isSession: true, forgot: true });
    assert.equal(await statusOf(url, await storedToken(page)), 200);
  });

  QUnit.test('rejects save() with a wrong password and stays signed out', async (assert) => {
    assert.deepEqual(await signIn('wrong'), { code: 'credentials/wrong' });
    assert.equal(await storedToken(page), null);
  });

  QUnit.test('resolves get() with the instance after a reload, without a request', async (assert) => {
    await signIn(password);
    await page.reload();
    await page.waitForFunction('window.ready');
    let asked = 0;
    page.on('request', () => {
      asked += 1;
    });
    const { isSession, exp } = { isSession: false, exp: 0, ...(await whoIsThere(page)) };
    assert.true(isSession);
    assert.true(exp * 1000 > Date.now());
    assert.equal(asked, 0);
  });

  QUnit.test('signs out with destroy() without an argument, on the server too', async (assert) => {
    await signIn(password);
    const token = await storedToken(page);
    await page.evaluate(async () => {
      await Session.connection.destroy();
    });
    assert.equal(await storedToken(page), null);
    assert.equal(await statusOf(url, token), 401);
    assert.true('code' in (await whoIsThere(page)), 'get() rejects again');
  });
});
