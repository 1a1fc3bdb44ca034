import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addAuthenticator, launch } from '../helpers/browser.ts';
import { needs } from '../helpers/needs.ts';
import { samples, states } from './states.ts';
import { openSite, origin } from './stub-site.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

describe.runIf(await needs('chromium'))('accessibility', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  const settings = [true, false].flatMap((dark) => [360, 1280].map((width) => ({ dark, width })));

  test.each(settings)(
    'every state is clean and fits: dark $dark, $width px',
    async ({ dark, width }) => {
      const { page, context, complaints } = await openSite(browser, { ...samples, dark, width });
      const authenticator = await addAuthenticator(page);
      const found: string[] = [];
      for (const [name, { path, reach }] of Object.entries(states)) {
        await page.goto(origin + path);
        await reach?.(page, authenticator);
        const violations = await page.evaluate<string[]>(
          `${axe};axe.run().then(({violations}) => violations.flatMap((v) => v.nodes.map((n) => v.id + ' ' + n.target)))`,
        );
        const sideways = await page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth');
        const all = [...violations, ...complaints.splice(0), ...(sideways ? ['scrolls sideways'] : [])];
        found.push(...all.map((one) => `${name}: ${one}`));
      }
      await context.close();
      expect(found).toEqual([]);
    },
    240_000,
  );
});
