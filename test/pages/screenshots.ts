import { mkdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { addAuthenticator, launch } from '../helpers/browser.ts';
import { samples, states } from './states.ts';
import { openSite, origin } from './stub-site.ts';

const folder = new URL('../../docs/images/pages/', import.meta.url).pathname;
const looks = [
  { look: 'light', dark: false, width: 960 },
  { look: 'dark', dark: true, width: 960 },
  { look: 'phone', dark: false, width: 360 },
];

// Not a test: it takes the pictures of docs/images/pages anew.
test.each(looks)(
  'pictures: $look',
  async ({ look, dark, width }) => {
    mkdirSync(folder, { recursive: true });
    const browser = await launch();
    const { page, context, complaints } = await openSite(browser, { ...samples, dark, width });
    const authenticator = await addAuthenticator(page);
    await page.setViewportSize({ width, height: 720 });
    for (const [name, { path, reach }] of Object.entries(states)) {
      await page.goto('about:blank');
      await page.goto(origin + path);
      await reach?.(page, authenticator);
      await page.screenshot({ path: `${folder}${name}-${look}.png`, fullPage: true, animations: 'disabled' });
    }
    await context.close();
    await browser.close();
    expect(complaints).toEqual([]);
  },
  180_000,
);
