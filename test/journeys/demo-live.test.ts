import type { Browser, Page } from 'playwright-core';
import QUnit from 'qunit';
import { launchChromium } from '../../scripts/chromium.mjs';
import { type Demo, startDemo, temporaryFolder } from './support/demo.js';
import { button, connection, heading, signIn, turnTo } from './support/demo-page.js';
import { statusOf, storedToken, type Visit, visit } from './support/visit.js';

type Title = Parameters<typeof turnTo>[1];

const firstName = (page: Page) => page.getByLabel('First name');
const lastName = (page: Page) => page.getByLabel('Last name');
const draft = (page: Page) => page.getByLabel('Your message');
/** Who said it, and what. */
const said = (page: Page) =>
  page
    .locator('.messages li')
    .evaluateAll((items) =>
      items.map((item) => `${item.querySelector('b')?.textContent}: ${item.querySelector('p')?.textContent}`),
    );

async function say(page: Page, text: string) {
  await draft(page).fill(text);
  await page.keyboard.press('Enter');
  // Sent: the server has emptied the field.
  await page.waitForFunction(() => document.querySelector<HTMLInputElement>('#draft')?.value === '');
}

const hears = (page: Page, text: string) => page.getByRole('log').getByText(text, { exact: true }).waitFor();

/** As somebody does who opens the link: the new window takes a copy of sessionStorage along, and so the session. */
async function secondWindow(page: Page): Promise<Page> {
  const [other] = await Promise.all([
    page.context().waitForEvent('page'),
    page.getByRole('link', { name: 'Open a second window' }).click(),
  ]);
  await connection(other, 'Connected');
  return other;
}

QUnit.module('journeys › demo, live', (hooks) => {
  let demo: Demo;
  let data: string;
  let browser: Browser;
  let visits: Visit[];

  /** A browser of their own, signed in, with this page open. */
  async function arrives(name: 'ann' | 'bob', title: Title): Promise<Page> {
    const visitor = await visit(browser);
    visits.push(visitor);
    const { page } = visitor;
    await page.goto(demo.url);
    await signIn(page, name);
    await connection(page, 'Connected');
    await turnTo(page, title);
    return page;
  }

  hooks.before(async () => {
    browser = await launchChromium();
  });
  hooks.after(async () => {
    await browser?.close();
  });
  hooks.beforeEach(async () => {
    visits = [];
    data = temporaryFolder();
    demo = await startDemo({ data });
  });
  hooks.afterEach(async (assert) => {
    for (const { context } of visits) await context.close();
    assert.equal(await demo.stop(), 0, 'it stops cleanly');
    assert.deepEqual(
      visits.flatMap(({ complaints }) => complaints),
      [],
      'no uncaught error, nothing against the content security policy',
    );
  });

  QUnit.test('shows each key stroke in both windows of a session', async (assert) => {
    const page = await arrives('ann', 'Person');
    const other = await secondWindow(page);
    assert.equal(await storedToken(other), await storedToken(page), 'one session');
    for (const [typed, greeting] of [
      ['A', 'Hello, A!'],
      ['n', 'Hello, An!'],
      ['n', 'Hello, Ann!'],
    ] as const) {
      await firstName(page).pressSequentially(typed);
      await other.getByText(greeting, { exact: true }).waitFor();
    }
    await lastName(other).pressSequentially('Lee');
    await page.getByText('Hello, Ann Lee!', { exact: true }).waitFor();
    assert.deepEqual(
      [await firstName(other).inputValue(), await lastName(page).inputValue()],
      ['Ann', 'Lee'],
    );
  });

  QUnit.test('signs out in both windows of a session', async (assert) => {
    const page = await arrives('ann', 'Person');
    const other = await secondWindow(page);
    await button(other, 'Log out').click();
    await page.getByText('You have signed out.').waitFor();
    assert.equal(await storedToken(page), null);
  });

  QUnit.test('keeps what was typed over a reload', async (assert) => {
    const page = await arrives('ann', 'Person');
    await firstName(page).fill('Ann');
    await page.getByText('Hello, Ann!', { exact: true }).waitFor();
    await page.reload();
    await page.getByText('Hello, Ann!', { exact: true }).waitFor();
    assert.equal(await firstName(page).inputValue(), 'Ann');
  });

  QUnit.test('keeps the person of one user from the other', async (assert) => {
    const ann = await arrives('ann', 'Person');
    await firstName(ann).fill('Ann');
    await ann.getByText('Hello, Ann!', { exact: true }).waitFor();
    const bob = await arrives('bob', 'Person');
    assert.equal(await firstName(bob).inputValue(), '');
  });

  QUnit.test('carries messages to everybody in a group, and to nobody else', async (assert) => {
    const ann = await arrives('ann', 'Chat');
    await button(ann, 'Join Tea').click();
    await ann.getByText('In Tea: Ann', { exact: true }).waitFor();
    await say(ann, 'Anybody here?');
    await hears(ann, 'Anybody here?');

    const bob = await arrives('bob', 'Chat');
    await button(bob, 'Join Tea').click();
    await hears(bob, 'Anybody here?');
    await ann.getByText('In Tea: Ann, Bob', { exact: true }).waitFor();
    await say(bob, '<b>Me</b> & you');
    await hears(ann, '<b>Me</b> & you');
    assert.deepEqual(await said(ann), await said(bob));

    await button(bob, 'Join Games').click();
    await ann.getByText('In Tea: Ann', { exact: true }).waitFor();
    await say(ann, 'Gone?');
    await hears(ann, 'Gone?');
    await bob.getByText('In Games: Bob', { exact: true }).waitFor();
    assert.false((await said(bob)).includes('Ann: Gone?'), 'another group');

    await button(bob, 'Leave Games').click();
    await bob.getByText('Join a group').waitFor();
    assert.equal(await draft(bob).count(), 0);
  });

  QUnit.test('keeps the last fifty messages', async (assert) => {
    const ann = await arrives('ann', 'Chat');
    await button(ann, 'Join Music').click();
    await draft(ann).waitFor();
    for (let number = 1; number <= 52; number += 1) await say(ann, `la ${number}`);
    await hears(ann, 'la 52');
    const texts = await said(ann);
    assert.deepEqual([texts.length, texts[0], texts.at(-1)], [50, 'Ann: la 3', 'Ann: la 52']);
    const bob = await arrives('bob', 'Chat');
    await button(bob, 'Join Music').click();
    await hears(bob, 'la 52');
    assert.deepEqual(await said(bob), texts);
  });

  QUnit.test('takes whoever has signed out off the list of a group', async (assert) => {
    const [ann, bob] = [await arrives('ann', 'Chat'), await arrives('bob', 'Chat')];
    for (const page of [ann, bob]) await button(page, 'Join Tea').click();
    await bob.getByText('In Tea: Ann, Bob', { exact: true }).waitFor();
    await button(ann, 'Log out').click();
    await bob.getByText('In Tea: Bob', { exact: true }).waitFor();
    await say(bob, 'Still there');
    await hears(bob, 'Still there');
    assert.deepEqual(await said(bob), ['Bob: Still there']);
  });

  QUnit.test(
    'lets an administrator see who comes, and end a session in front of its user',
    async (assert) => {
      const bob = await arrives('bob', 'All sessions');
      assert.equal(await bob.getByRole('button', { name: /^End/ }).count(), 0, 'there is only his own');
      const ann = await arrives('ann', 'Person');
      const end = bob.getByRole('button', { name: /^End the session of Ann on Chrome \d+ on / });
      await end.click();
      await ann.getByText('Your session was ended by an administrator').waitFor();
      await ann.locator('h1:focus').getByText('Sign in').waitFor();
      assert.equal(await storedToken(ann), null);
      await end.waitFor({ state: 'detached' });
      await bob.locator('h2:focus').getByText('All sessions').waitFor();
      assert.equal(await bob.getByText('This session').count(), 1, 'his own goes on');
    },
  );

  QUnit.test('shows when somebody was active last, as of a time', async (assert) => {
    const bob = await arrives('bob', 'All sessions');
    const asOf = bob.getByText(/^As of \d\d:\d\d:\d\d$/);
    const before = await asOf.textContent();
    // The clock shows seconds.
    await bob.waitForFunction((shown) => `As of ${new Date().toLocaleTimeString('en-GB')}` !== shown, before);
    await button(bob, 'Refresh').click();
    await bob.waitForFunction((shown) => !document.body.innerText.includes(String(shown)), before);
    assert.equal(await asOf.count(), 1);
  });

  QUnit.test('has no administrator page for others, and refuses them on the server', async (assert) => {
    const bob = await arrives('bob', 'All sessions');
    const ann = await arrives('ann', 'Person');
    assert.equal(await ann.getByRole('link', { name: 'All sessions' }).count(), 0);
    await ann.goto(`${demo.url}/#sessions`);
    await connection(ann, 'Connected');
    assert.equal(await ann.getByRole('heading', { name: 'All sessions' }).count(), 0);

    const [token, victim] = [await storedToken(ann), await storedToken(bob)];
    const sid = (jwt: string | null) => JSON.parse(atob(jwt?.split('.')[1] ?? '')).sid;
    const patch = [
      { op: 'replace', path: '/_ver#c$', value: 1 },
      { op: 'test', path: '/_ver#s', value: 0 },
      { op: 'replace', path: '/admin/end$', value: sid(victim) },
    ];
    const address = `${demo.url}/__default/${sid(token)}/forger`;
    const headers = { authorization: `Bearer ${token}` };
    assert.false('admin' in (await (await fetch(address, { headers })).json()), 'nothing of it is told');
    const answer = await fetch(address, { method: 'PATCH', headers, body: JSON.stringify(patch) });
    assert.equal(answer.status, 400);
    assert.equal(await statusOf(demo.url, victim), 200, 'it lives');
  });

  QUnit.test('says that it is offline, and sends later what is typed meanwhile', async () => {
    const page = await arrives('ann', 'Person');
    const other = await secondWindow(page);
    await page.context().setOffline(true);
    await connection(page, 'Offline');
    await firstName(page).fill('Ann');
    await page.context().setOffline(false);
    await connection(page, 'Connected');
    for (const one of [page, other]) await one.getByText('Hello, Ann!', { exact: true }).waitFor();
  });

  QUnit.test('goes on after a crash of the server, with what was typed meanwhile', async (assert) => {
    const page = await arrives('ann', 'Person');
    await lastName(page).fill('Lee');
    await page.getByText('Hello, Lee!', { exact: true }).waitFor();
    const { port } = new URL(demo.url);
    await demo.crash();
    await connection(page, 'Reconnecting…');
    await firstName(page).fill('Ann');
    demo = await startDemo({ data, port });
    await connection(page, 'Connected');
    await page.getByText('Hello, Ann Lee!', { exact: true }).waitFor();
    assert.true(await heading(page, 'Hello, Ann').isVisible());
  });

  QUnit.test('has everybody in their group after a restart of the server', async (assert) => {
    const [ann, bob] = [await arrives('ann', 'Chat'), await arrives('bob', 'Chat')];
    for (const page of [ann, bob]) await button(page, 'Join Tea').click();
    await ann.getByText('In Tea: Ann, Bob', { exact: true }).waitFor();
    await say(ann, 'Before');
    await hears(bob, 'Before');
    const { port } = new URL(demo.url);
    assert.equal(await demo.stop(), 0);
    demo = await startDemo({ data, port });
    for (const page of [ann, bob]) await connection(page, 'Connected');
    await say(bob, 'After');
    await hears(ann, 'After');
    assert.deepEqual(await said(ann), ['Ann: Before', 'Bob: After']);
  });
});
