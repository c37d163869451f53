import type { Page } from 'playwright-core';

export const passwords = { ann: 'correct horse battery', bob: 'paper lantern orbit' };

export const heading = (page: Page, name: string) =>
  page.getByRole('heading', { level: 1, name, exact: true });
export const userName = (page: Page) => page.getByRole('textbox', { name: 'User name', exact: true });
export const password = (page: Page) => page.getByLabel('Password', { exact: true });
export const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

export async function submit(page: Page, name: string, secret: string): Promise<void> {
  await userName(page).fill(name);
  await password(page).fill(secret);
  await button(page, 'Sign in').click();
}

export async function signIn(page: Page, name: 'ann' | 'bob' = 'ann'): Promise<void> {
  await submit(page, name, passwords[name]);
  await button(page, 'Log out').waitFor();
}

/** Shows another page of a signed-in user. */
export async function turnTo(
  page: Page,
  title: 'Session' | 'Person' | 'Chat' | 'All sessions',
): Promise<void> {
  await page.getByRole('link', { name: title, exact: true }).click();
  await page.locator('a[aria-current="page"]', { hasText: title }).waitFor();
}

/** Resolves when the page says so of its connection. */
export async function connection(
  page: Page,
  status: 'Connected' | 'Reconnecting…' | 'Offline',
): Promise<void> {
  await page.getByRole('status', { name: 'Connection' }).getByText(status, { exact: true }).waitFor();
}
