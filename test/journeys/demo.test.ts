import type { Browser, Page } from 'playwright-core';
import QUnit from 'qunit';
import { launchChromium } from '../../scripts/chromium.mjs';
import { type Demo, startDemo, temporaryFolder } from './support/demo.js';
import {
  button,
  connection,
  heading,
  password,
  passwords,
  signIn,
  submit,
  turnTo,
  userName,
} from './support/demo-page.js';
import { statusOf, storedToken, type Visit, visit } from './support/visit.js';

/** As the browser says when a tab is shown again. */
const comeBack = (page: Page) => page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));

const overflow = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

QUnit.module('journeys › demo', (hooks) => {
  let demo: Demo;
  let browser: Browser;
  let visitor: Visit;
  let page: Page;

  hooks.before(async () => {
    [demo, browser] = await Promise.all([startDemo(), launchChromium()]);
  });
  hooks.after(async () => {
    await Promise.all([browser?.close(), demo?.stop()]);
  });
  hooks.beforeEach(async () => {
    visitor = await visit(browser);
    page = visitor.page;
    await page.clock.install();
    await page.goto(demo.url);
  });
  hooks.afterEach(async (assert) => {
    await visitor.context.close();
    assert.deepEqual(
      visitor.complaints,
      [],
      'no uncaught error, nothing against the content security policy',
    );
  });

  QUnit.test('shows a sign-in form with names and autocomplete to a newcomer', async (assert) => {
    await heading(page, 'Sign in').waitFor();
    assert.equal(await page.getByRole('heading', { level: 1 }).count(), 1);
    assert.equal(await userName(page).getAttribute('autocomplete'), 'username');
    assert.equal(await password(page).getAttribute('autocomplete'), 'current-password');
    assert.equal(await page.getByRole('alert').textContent(), '');
    assert.equal(await storedToken(page), null);
  });

  QUnit.test('says that the password is wrong, empties it and puts the focus there', async (assert) => {
    await submit(page, 'ann', 'wrong');
    await page.getByRole('alert').getByText('do not go together').waitFor();
    await page.locator('#password:focus').waitFor();
    assert.equal(await password(page).inputValue(), '');
    assert.equal(await userName(page).inputValue(), 'ann');
    assert.equal(await password(page).getAttribute('aria-invalid'), 'true');
    assert.true(await button(page, 'Sign in').isEnabled());
    await password(page).fill(passwords.ann);
    await page.keyboard.press('Enter');
    await heading(page, 'Hello, Ann').waitFor();
  });

  QUnit.test('takes one sign-in at a time', async (assert) => {
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let asked = 0;
    await page.route('**/session', async (route) => {
      asked += 1;
      await released;
      await route.continue();
    });
    await submit(page, 'ann', passwords.ann);
    await button(page, 'Signing in…').waitFor();
    assert.true(await button(page, 'Signing in…').isDisabled());
    assert.equal(await page.locator('form').getAttribute('aria-busy'), 'true');
    assert.false(await password(page).isEditable());
    release();
    await heading(page, 'Hello, Ann').waitFor();
    assert.equal(asked, 1);
  });

  QUnit.test('signs in and shows the claims of the token', async (assert) => {
    await signIn(page);
    const terms = await page.getByRole('term').allTextContents();
    const claims = terms.map((text) => text.split(' ').at(-1));
    assert.deepEqual(claims, ['sub', 'sid', 'iat', 'exp', 'iss', 'aud', 'jti']);
    const [sub, , , , issuer] = await page.getByRole('definition').allTextContents();
    assert.deepEqual([sub, issuer], ['ann', 'session-demo']);
    assert.equal((await page.content()).includes(passwords.ann), false, 'the password is gone');
  });

  QUnit.test('tells who came and went by the title and by the focus', async (assert) => {
    await signIn(page);
    await page.locator('h1:focus').getByText('Hello, Ann').waitFor();
    assert.equal(await page.title(), 'Ann · Session demo');
    await button(page, 'Log out').click();
    await page.locator('h1:focus').getByText('Sign in').waitFor();
    assert.equal(await page.title(), 'Sign in · Session demo');
  });

  QUnit.test('counts down, and speaks only at milestones', async (assert) => {
    await signIn(page);
    const timer = page.getByRole('timer', { name: 'Time left' });
    const spoken = page.locator('your-session').getByRole('status');
    assert.true(/^(10:00|09:5\d)$/.test(String(await timer.textContent())), 'ten minutes');
    assert.equal(await spoken.textContent(), '');
    await page.clock.fastForward('05:10');
    await timer.getByText(/^04:[34]\d$/).waitFor();
    assert.equal(await spoken.textContent(), 'Five minutes left.');
  });

  QUnit.test('ends the session when its time is up, and says so', async (assert) => {
    await signIn(page);
    await page.clock.fastForward('10:01');
    await page.getByText('Your session has expired.').waitFor();
    await page.locator('h1:focus').waitFor();
    assert.equal(await storedToken(page), null);
  });

  QUnit.test('keeps the user over a reload, without asking for the password', async (assert) => {
    await signIn(page, 'bob');
    const token = await storedToken(page);
    await page.reload();
    await heading(page, 'Hello, Bob').waitFor();
    assert.equal(await storedToken(page), token);
  });

  QUnit.test('keeps a session to its tab', async (assert) => {
    await signIn(page);
    const second = await visitor.context.newPage();
    await second.goto(demo.url);
    await heading(second, 'Sign in').waitFor();
    await signIn(second, 'bob');
    await page.reload();
    await heading(page, 'Hello, Ann').waitFor();
    assert.notEqual(await storedToken(page), await storedToken(second));
  });

  QUnit.test('signs out here and on the server', async (assert) => {
    await signIn(page);
    const token = await storedToken(page);
    assert.equal(await statusOf(demo.url, token), 200);
    const told = page.waitForResponse((response) => response.request().method() === 'DELETE');
    await button(page, 'Log out').click();
    await page.getByText('You have signed out.').waitFor();
    assert.equal((await told).status(), 204);
    assert.equal(await storedToken(page), null);
    assert.equal(await statusOf(demo.url, token), 401);
    await page.reload();
    await heading(page, 'Sign in').waitFor();
  });

  QUnit.test('shows nothing private when Back leads before the sign-out', async (assert) => {
    await signIn(page);
    await page.goto(`${demo.url}/?later`);
    await button(page, 'Log out').click();
    await page.getByText('You have signed out.').waitFor();
    await page.goBack();
    await heading(page, 'Sign in').waitFor();
    assert.equal(new URL(page.url()).search, '');
    assert.equal(await page.getByText('Hello, Ann').count(), 0);
  });

  QUnit.test('asks again when the browser shows the page from its memory', async () => {
    await signIn(page);
    // Headless Chromium never keeps pages for Back, so the event is made here.
    await page.evaluate(() => {
      sessionStorage.clear();
      dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
    });
    await page.getByText('This tab no longer holds your session.').waitFor();
  });

  QUnit.test('hears at once that the session was signed out elsewhere', async (assert) => {
    await signIn(page);
    assert.equal(await statusOf(demo.url, await storedToken(page), 'DELETE'), 204);
    await page.getByText('You have signed out.').waitFor();
    assert.equal(await storedToken(page), null);
  });

  QUnit.test('notices on return that the session was ended meanwhile', async (assert) => {
    await signIn(page);
    await visitor.context.setOffline(true);
    await connection(page, 'Offline');
    assert.equal(await statusOf(demo.url, await storedToken(page), 'DELETE'), 204);
    await visitor.context.setOffline(false);
    await comeBack(page);
    await page.getByText('Your session was ended').waitFor();
    assert.equal(await storedToken(page), null);
  });

  QUnit.test('notices on arrival that the session was ended meanwhile', async (assert) => {
    await signIn(page);
    const token = await storedToken(page);
    await page.goto('about:blank');
    assert.equal(await statusOf(demo.url, token, 'DELETE'), 204);
    await page.goto(demo.url);
    await page.getByText('Your session was ended').waitFor();
    assert.equal(await storedToken(page), null);
  });

  QUnit.test('keeps the user while the network is down', async (assert) => {
    await signIn(page);
    await visitor.context.setOffline(true);
    await comeBack(page);
    await page.getByText('The server cannot be reached just now.').waitFor();
    await visitor.context.setOffline(false);
    await comeBack(page);
    await page.getByText('The server cannot be reached just now.').waitFor({ state: 'detached' });
    assert.true(await heading(page, 'Hello, Ann').isVisible());
  });

  QUnit.test('keeps the password for another try when the network is down', async (assert) => {
    await heading(page, 'Sign in').waitFor();
    await visitor.context.setOffline(true);
    await submit(page, 'ann', passwords.ann);
    await page.getByRole('alert').getByText('The server cannot be reached.').waitFor();
    await visitor.context.setOffline(false);
    await page.locator('button:focus').click();
    await heading(page, 'Hello, Ann').waitFor();
    assert.equal(await page.getByRole('alert').count(), 0);
  });

  for (const [code, status, words] of [
    ['request/rate', 429, 'Too many people are signing in'],
    ['server/failed', 500, 'Something went wrong on the server.'],
  ] as const) {
    QUnit.test(`has words for ${code}`, async (assert) => {
      await page.route('**/session', (route) =>
        route.fulfill({ status, contentType: 'application/problem+json', body: JSON.stringify({ code }) }),
      );
      await submit(page, 'ann', passwords.ann);
      await page.getByRole('alert').getByText(words).waitFor();
      assert.equal(await storedToken(page), null);
    });
  }

  QUnit.test('signs in and out with the keyboard alone', async (assert) => {
    await heading(page, 'Sign in').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.type('ann');
    await page.keyboard.press('Tab');
    await page.keyboard.type(passwords.ann);
    await page.keyboard.press('Enter');
    await page.locator('h1:focus').getByText('Hello, Ann').waitFor();
    await page.keyboard.press('Tab');
    assert.equal(await page.locator(':focus').textContent(), 'Log out');
    await page.keyboard.press('Enter');
    await page.getByText('You have signed out.').waitFor();
  });

  QUnit.test('fills in a user of the demo', async (assert) => {
    await button(page, 'Fill in bob').click();
    assert.equal(await page.locator(':focus').textContent(), 'Sign in');
    await page.keyboard.press('Enter');
    await heading(page, 'Hello, Bob').waitFor();
  });

  QUnit.test('fits 360 pixels without scrolling sideways', async (assert) => {
    await page.setViewportSize({ width: 360, height: 640 });
    await submit(page, 'ann', 'wrong');
    await page.getByRole('alert').getByText('do not go together').waitFor();
    assert.equal(await overflow(page), 0, 'signed out');
    await signIn(page, 'bob');
    for (const name of ['Session', 'Person', 'Chat', 'All sessions'] as const) {
      await turnTo(page, name);
      assert.equal(await overflow(page), 0, name);
    }
  });
});

QUnit.module('journeys › demo server', (hooks) => {
  let demo: Demo;
  let browser: Browser | undefined;

  hooks.beforeEach(async () => {
    demo = await startDemo();
  });
  hooks.afterEach(async () => {
    await Promise.all([browser?.close(), demo.stop()]);
    browser = undefined;
  });

  QUnit.test('is not needed to sign out, but missed', async (assert) => {
    browser = await launchChromium();
    const { page } = await visit(browser);
    await page.goto(demo.url);
    await signIn(page);
    assert.equal(await demo.stop(), 0, 'it stops cleanly');
    await button(page, 'Log out').click();
    await heading(page, 'Sign in').waitFor();
    await page.getByText('You are signed out here, but the server could not be told.').waitFor();
    assert.equal(await storedToken(page), null);
  });

  QUnit.test('keeps the user signed in over a crash and a restart', async (assert) => {
    const data = temporaryFolder();
    const crashing = await startDemo({ data });
    const { port } = new URL(crashing.url);
    browser = await launchChromium();
    const { page } = await visit(browser);
    await page.goto(crashing.url);
    await signIn(page);
    await crashing.crash();
    const again = await startDemo({ data, port });
    await page.reload();
    await heading(page, 'Hello, Ann').waitFor();
    assert.equal(await statusOf(again.url, await storedToken(page)), 200);
    await again.stop();
  });

  QUnit.test('names another port when its own is taken', async (assert) => {
    const { port } = new URL(demo.url);
    await assert.rejects(
      startDemo({ port }),
      new RegExp(`exit 1: Port ${port} is taken. Another one: PORT=\\d+`),
    );
  });
});
