import type { Browser, BrowserContext, Page } from 'playwright-core';

/** One visitor: a browser profile of its own, and what went wrong in its pages. */
export interface Visit {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Uncaught errors and what the Content-Security-Policy refused; not the 401 that a browser logs by itself. */
  readonly complaints: string[];
}

export async function visit(browser: Browser): Promise<Visit> {
  const context = await browser.newContext();
  // Everything here answers in well under a second.
  context.setDefaultTimeout(8000);
  const complaints: string[] = [];
  context.on('weberror', (error) => complaints.push(String(error.error())));
  context.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) complaints.push(message.text());
  });
  return { context, page: await context.newPage(), complaints };
}

/** The token that the page holds. */
export function storedToken(page: Page): Promise<string | null> {
  return page.evaluate(() => sessionStorage.getItem('session-jwt'));
}

/** What a server answers to a token: the status of GET or of another method. */
export async function statusOf(url: string, token: string | null, method = 'GET'): Promise<number> {
  const { status } = await fetch(`${url}/session`, { method, headers: { authorization: `Bearer ${token}` } });
  return status;
}
