import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accountPage } from '../../src/pages/account.ts';
import { type DemoFacts, demoAppPage, demoHomePage } from '../../src/pages/demo.ts';
import { enrolPage } from '../../src/pages/enrol.ts';
import { errorPage } from '../../src/pages/error.ts';
import { loginPage } from '../../src/pages/login.ts';
import { signedOutPage } from '../../src/pages/signed-out.ts';
import { addAuthenticator, launch } from '../helpers/browser.ts';
import { needs } from '../helpers/needs.ts';
import { accountState, creationOptions, requestOptions as options, problem } from './handlers.ts';
import { requestOptions, site } from './samples.ts';
import { openSite, origin } from './stub-site.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const returnTo = '/app/reports';
const time = '2026-11-24T09:00:00.000Z';
const facts: DemoFacts = {
  token: `${'eyJhbGciOiJFUzI1NiJ9'}.${'e30'.repeat(120)}.${'c2ln'.repeat(20)}`,
  header: { alg: 'ES256', typ: 'JWT' },
  payload: { preferred_username: 'alice', groups: ['admins', 'staff'], exp: 2_000_000_000 },
  verified: true,
  reason: '',
  sawSessionCookie: true,
};
const signedIn = { name: 'alice' };

const pages = {
  '/login': loginPage({ site, returnTo, options: requestOptions, ended: 'Your session has ended.' }),
  '/signed-in': loginPage({ site, returnTo, options: requestOptions, signedIn }),
  '/step-up': loginPage({ site, returnTo, options: requestOptions, signedIn, stepUp: { kind: 'uv' } }),
  '/enrol': enrolPage({ site }),
  '/account': accountPage({ site, user: { name: 'alice', displayName: 'Alice Meyer' } }),
  '/signed-out': signedOutPage({ site }),
  '/denied': errorPage({ site, status: 403, code: 'not_allowed', ref: '7f3a91c2', user: 'alice', time }),
  '/unfit': errorPage({ site, status: 503, code: 'unfit', ref: '7f3a91c2', time }),
  '/demo': demoHomePage(site),
  '/demo-app': demoAppPage({ site, facts }),
};

/** States that a page takes on by its script: where to go, and what to do there. */
const states: Readonly<Record<string, readonly [path: string, reach?: (page: Page) => Promise<void>]>> = {
  'sign in': ['/login'],
  'sign in, help open': [
    '/login',
    async (page) => {
      for (const summary of await page.locator('summary').all()) await summary.click();
    },
  ],
  'sign in, elsewhere': [
    '/login',
    async (page) => {
      await page.click('#go');
      await page.waitForSelector('[data-view="elsewhere"]:visible');
    },
  ],
  'step-up, waiting': [
    '/step-up',
    async (page) => {
      await page.click('#go');
      await page.waitForSelector('#cancel:visible');
    },
  ],
  'signed in': ['/signed-in'],
  'enrol, dead link': ['/enrol', async (page) => void (await page.waitForSelector('[data-view="dead"]:visible'))],
  enrol: ['/enrol#code', async (page) => void (await page.waitForSelector('#create:visible'))],
  account: ['/account', async (page) => void (await page.waitForSelector('#passkeys:visible'))],
  'account, rename': [
    '/account',
    async (page) => {
      await page.click('#keys button');
    },
  ],
  'account, remove': [
    '/account',
    async (page) => {
      await page.click('#keys .danger');
    },
  ],
  'signed out': ['/signed-out'],
  denied: ['/denied'],
  'out of order': ['/unfit'],
  demo: ['/demo'],
  'demo, tried': [
    '/demo-app',
    async (page) => {
      await page.click('#anonymous');
      await page.waitForSelector('#anonymous-answer pre');
    },
  ],
};

describe.runIf(await needs('chromium'))('accessibility', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  const settings = [true, false].flatMap((dark) => [360, 1280].map((width) => ({ dark, width })));

  test.each(settings)('every state is clean and fits: dark $dark, $width px', async ({ dark, width }) => {
    const answers = {
      '/fido2/attestation/options': () => creationOptions(),
      '/fido2/assertion/options': options,
      '/fido2/session': () => problem(401, 'session_required'),
      '/fido2/account/state': () => accountState('phone', 'laptop', 'key'),
      '/app': () => problem(401, 'session_required'),
    };
    const { page, context, complaints } = await openSite(browser, { pages, answers, dark, width });
    await addAuthenticator(page);
    const found: string[] = [];
    for (const [name, [path, reach]] of Object.entries(states)) {
      await page.goto(origin + path);
      await reach?.(page);
      const violations = await page.evaluate<string[]>(
        `${axe};axe.run().then(({violations}) => violations.flatMap((v) => v.nodes.map((n) => v.id + ' ' + n.target)))`,
      );
      const sideways = await page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth');
      const all = [...violations, ...complaints.splice(0), ...(sideways ? ['scrolls sideways'] : [])];
      found.push(...all.map((one) => `${name}: ${one}`));
    }
    await context.close();
    expect(found).toEqual([]);
  });
});
