import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorCodes } from '../../src/errors.ts';
import { common, errorScript, errorPage as words } from '../../src/pages/en.ts';
import { errorPage } from '../../src/pages/error.ts';
import { fill } from '../../src/pages/sentence.ts';
import { launch } from '../helpers/browser.ts';
import { needs } from '../helpers/needs.ts';
import { site } from './samples.ts';
import { openSite, origin } from './stub-site.ts';

const time = '2026-11-24T09:00:00.000Z';
const denied = errorPage({ site, status: 403, code: 'not_allowed', ref: '7f3a91c2', user: 'alice', time });

describe('the error page', () => {
  test.each(Object.entries(errorCodes))('%s has a page with the reference and a way on', (code, [status]) => {
    const { html } = errorPage({ site, status, code: code as keyof typeof errorCodes, ref: '7f3a91c2', time });
    expect(html).toContain('7f3a91c2');
    expect(html).toContain('2026-11-24 09:00:00 UTC');
    expect(html.match(/class="primary"/g)).toHaveLength(1);
  });

  test('names whom to ask, and offers another account, where access was denied', () => {
    expect(denied.html).toContain(fill(words.contact, { contact: 'it@northwind.example' }));
    expect(denied.html).toContain(words.otherAccount);
    const { html } = errorPage({ site, status: 403, code: 'not_allowed', ref: 'x', time });
    expect(html).not.toContain('/fido2/logout');
  });
});

describe.runIf(await needs('chromium'))('the error page in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  test('copies the reference, and goes back to where the person was', async () => {
    const blank = { html: '<!doctype html><title>before</title>', csp: "default-src 'none'" };
    const { page, context, complaints } = await openSite(browser, { pages: { '/denied': denied, '/before': blank } });
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.goto(`${origin}/before`);
    await page.goto(`${origin}/denied`);
    await page.click(`text="${words.copy}"`);
    await page.waitForSelector(`text=${errorScript.copied}`);
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe('7f3a91c2');
    await page.click(`text="${common.back}"`);
    await expect.poll(() => page.url()).toBe(`${origin}/before`);
    await expect.poll(() => page.url()).toBe(`${origin}/before`);
    expect(complaints).toEqual([]);
    await context.close();
  });
});
