import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import QUnit from 'qunit';
import { launchChromium } from '../../scripts/chromium.mjs';
import { bundle } from './support/bundle.js';

/** What the framed page tells its parent. */
const app = `
  import DefineMap from 'can-define/map/map.js';
  import { connectSession } from 'can-connect-session';
  let touching = 'works';
  try { sessionStorage.length; } catch (error) { touching = error.name; }
  const Session = connectSession({ Map: DefineMap.extend('Session', { exp: 'any' }) });
  const part = (value) => btoa(JSON.stringify(value)).replaceAll('=', '');
  const token = [part({}), part({ sub: 'ann', exp: 9999999999 }), 'c2ln'].join('.');
  const code = await Session.get().catch((error) => error.code);
  await Session.connection.adopt(token);
  const { sub } = await Session.get();
  parent.postMessage({ touching, code, sub, persisted: Session.state.persisted }, '*');
`;

QUnit.module('journeys › a sandboxed frame', (hooks) => {
  let browser: Browser;
  let site: Server;

  hooks.before(async () => {
    const script = await bundle(app, new URL('.', import.meta.url), 'production');
    site = createServer((request, response) => {
      const framed = request.url === '/frame';
      // A frame without an origin of its own asks for its script as a stranger.
      response.setHeader('access-control-allow-origin', '*');
      response.setHeader('content-type', request.url === '/app.js' ? 'text/javascript' : 'text/html');
      if (request.url === '/app.js') response.end(script);
      else if (framed) response.end('<!doctype html><script type="module" src="/app.js"></script>');
      else response.end('<!doctype html><title>parent</title>');
    });
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    browser = await launchChromium();
  });
  hooks.after(async () => {
    await browser.close();
    site.close();
    site.closeAllConnections();
  });

  QUnit.test('keeps the session in memory where touching sessionStorage throws (C-22)', async (assert) => {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
    const told = await page.evaluate(
      () =>
        new Promise((resolve) => {
          addEventListener('message', ({ data }) => resolve(data), { once: true });
          const frame = document.createElement('iframe');
          frame.setAttribute('sandbox', 'allow-scripts');
          frame.src = '/frame';
          document.body.append(frame);
        }),
    );
    assert.deepEqual(told, {
      touching: 'SecurityError',
      code: 'token/missing',
      sub: 'ann',
      persisted: false,
    });
  });
});
