import type { Browser, BrowserContext, CDPSession, Page, Route } from 'playwright-core';
import { chromium } from 'playwright-core';
import type { Rendered } from '../../src/pages/page.ts';
import { chromiumPath } from '../helpers/needs.ts';

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

export function launch(): Promise<Browser> {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'];
  return chromium.launch({ executablePath: chromiumPath, args });
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

export interface Authenticator {
  /** Whether it answers at once, or waits as for a person who does nothing. */
  present(yes: boolean): Promise<void>;
  clear(): Promise<void>;
}

/** A virtual authenticator, not yet answering. */
export async function addAuthenticator(page: Page, transport: 'internal' | 'usb' = 'internal'): Promise<Authenticator> {
  const session: CDPSession = await page.context().newCDPSession(page);
  await session.send('WebAuthn.enable');
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport,
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: false,
    },
  });
  return {
    present: async (enabled) => {
      await session.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
    },
    clear: async () => {
      await session.send('WebAuthn.clearCredentials', { authenticatorId });
    },
  };
}
