import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { addAuthenticator, launch } from '../helpers/browser.ts';
import { palettePng } from './palette-png.ts';
import { samples, states } from './states.ts';
import { openSite, origin } from './stub-site.ts';

const folder = new URL('../../docs/images/pages/', import.meta.url).pathname;
const looks = [
  { look: 'light', dark: false, width: 960 },
  { look: 'dark', dark: true, width: 960 },
  { look: 'phone', dark: false, width: 360 },
];

// Not a test: it takes the pictures of docs/images/pages anew.
test('every state in light, in dark and on a phone', async () => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const browser = await launch();
  const canvas = await browser.newPage();
  for (const { look, dark, width } of looks) {
    const { page, context, complaints } = await openSite(browser, { ...samples, dark, width });
    await page.clock.setFixedTime('2026-11-24T09:00:42Z');
    await page.setViewportSize({ width, height: 640 });
    const authenticator = await addAuthenticator(page);
    for (const [name, { path, reach }] of Object.entries(states)) {
      await page.goto('about:blank');
      await page.goto(origin + path);
      await reach?.(page, authenticator);
      const hasDialog = await page.locator('dialog[open]').isVisible();
      const picture = await page.screenshot({ fullPage: !hasDialog, animations: 'disabled' });
      writeFileSync(`${folder}${name}-${look}.png`, await palettePng(canvas, picture));
    }
    await context.close();
    expect(complaints).toEqual([]);
  }
  await browser.close();
}, 300_000);
