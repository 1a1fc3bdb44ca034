import type { Browser, BrowserContext, Page, Route } from 'playwright-core';
import type { Rendered } from '../../src/pages/page.ts';

export const origin = 'http://localhost:8080';

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Call {
  readonly path: string;
  readonly body: unknown;
}

export interface StubSite {
  /** Pages by path. */
  readonly pages: Readonly<Record<string, Rendered>>;
  /** Answers of the handlers by path; all others are 204. */
  readonly answers?: Readonly<Record<string, (body: unknown) => Answer | 'broken'>>;
  readonly dark?: boolean;
  readonly width?: number;
  readonly scripts?: boolean;
}

export interface OpenSite {
  readonly page: Page;
  readonly context: BrowserContext;
  /** POSTs and GETs of handlers, in order. */
  readonly calls: Call[];
  /** Console errors, exceptions and requests to other origins: there must be none. */
  readonly complaints: string[];
}

function bodyOf(route: Route): unknown {
  const text = route.request().postData();
  return text?.startsWith('{') === true ? JSON.parse(text) : text;
}

/** A browser on a site whose pages are ours and whose handlers are stand-ins, with no server behind it. */
export async function openSite(browser: Browser, site: StubSite): Promise<OpenSite> {
  const context = await browser.newContext({
    viewport: { width: site.width ?? 1280, height: 800 },
    colorScheme: site.dark === true ? 'dark' : 'light',
    reducedMotion: 'reduce',
    javaScriptEnabled: site.scripts !== false,
  });
  const calls: Call[] = [];
  const complaints: string[] = [];
  await context.route('**', async (route) => {
    const url = new URL(route.request().url());
    if (url.origin !== origin) {
      complaints.push(`a request to ${url.origin}`);
      return route.abort();
    }
    const rendered = site.pages[url.pathname];
    if (rendered !== undefined) {
      const headers = {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': rendered.csp,
        'referrer-policy': 'no-referrer',
      };
      return route.fulfill({ status: 200, headers, body: rendered.html });
    }
    const body = bodyOf(route);
    calls.push({ path: url.pathname, body });
    const answer = site.answers?.[url.pathname]?.(body) ?? { status: 204 };
    if (answer === 'broken') return route.abort();
    const type = answer.status < 400 ? 'application/json' : 'application/problem+json';
    const content = answer.body === undefined ? {} : { body: JSON.stringify(answer.body) };
    return route.fulfill({ status: answer.status, headers: { 'content-type': type, ...answer.headers }, ...content });
  });
  const page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) complaints.push(message.text());
  });
  return { page, context, calls, complaints };
}
