import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addAuthenticator, launch } from '../helpers/browser.ts';
import { needs } from '../helpers/needs.ts';
import { samples, states } from './states.ts';
import { openSite, origin } from './stub-site.ts';

/** What WCAG 2.2 (1.4.12) lets people set. */
const textSpacing = `(() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync('* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important } p { margin-bottom: 2em !important }');
  document.adoptedStyleSheets = [sheet];
})()`;

/** Controls and texts that stick out of the page or of what cuts them off. */
const cutOff = `(() => {
  const shown = [...document.querySelectorAll('h1, h2, p, a, button, label, input, summary, dd, td, li')].filter((one) => one.checkVisibility() && !one.closest('pre'));
  return shown
    .filter((one) => {
      const { left, right } = one.getBoundingClientRect();
      const clips = getComputedStyle(one).overflowX !== 'visible' && one.localName !== 'input' && one.scrollWidth > one.clientWidth + 1;
      return right - left > 0 && !one.matches('.skip') && (left < -1 || right > innerWidth + 1 || clips);
    })
    .map((one) => one.localName + ' ' + one.textContent.slice(0, 40));
})()`;

describe.runIf(await needs('chromium'))('every state', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  async function inEachState(width: number, look: (page: Page, name: string) => Promise<void>): Promise<void> {
    const { page, context } = await openSite(browser, { ...samples, width });
    const authenticator = await addAuthenticator(page);
    for (const [name, { path, reach }] of Object.entries(states)) {
      await page.goto(origin + path);
      await reach?.(page, authenticator);
      await look(page, name);
    }
    await context.close();
  }

  test('can be read at 400 % with wider spacing: nothing is cut off and nothing scrolls sideways', async () => {
    const found: string[] = [];
    await inEachState(320, async (page, name) => {
      await page.evaluate(textSpacing);
      const cut = await page.evaluate<string[]>(cutOff);
      const sideways = await page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth');
      found.push(...cut.map((one) => `${name}: ${one}`), ...(sideways ? [`${name} scrolls sideways`] : []));
    });
    expect(found).toEqual([]);
  }, 120_000);
});

describe.runIf(await needs('chromium'))('in a palette of the system’s own', () => {
  test('buttons, fields and cards keep an edge that can be seen', async () => {
    const browser = await launch();
    const { page, context } = await openSite(browser, samples);
    await page.emulateMedia({ forcedColors: 'active' });
    const edges = (selector: string) =>
      page.evaluate<string[]>(
        `[...document.querySelectorAll('${selector}')].filter((one) => one.checkVisibility()).map((one) => {
          const { borderTopWidth, borderTopColor, borderTopStyle } = getComputedStyle(one);
          return borderTopStyle === 'solid' && parseFloat(borderTopWidth) >= 1 && !/^rgba.*, 0.$|transparent/.test(borderTopColor) ? 'seen' : one.id || one.className;
        })`,
      );
    for (const path of ['/login', '/step-up', '/account', '/denied', '/demo-app', '/enrol-attested#code']) {
      await page.goto(origin + path);
      await page.waitForLoadState('networkidle');
      const found = await edges('.primary, .quiet, .text, input, .card, .notice');
      expect([path, new Set(found)]).toEqual([path, new Set(['seen'])]);
    }
    await context.close();
    await browser.close();
  }, 60_000);
});
