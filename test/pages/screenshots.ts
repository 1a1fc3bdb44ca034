import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { demoAppPage } from '../../src/pages/demo.ts';
import { loginPage } from '../../src/pages/login.ts';
import { addAuthenticator, launch } from '../helpers/browser.ts';
import { palettePng } from './palette-png.ts';
import { requestOptions } from './samples.ts';
import { facts, samples, setting, states } from './states.ts';
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

// The picture of README.md.
test('the sign-in page beside the demo', async () => {
  const site = { name: 'ngx-fido2 demo', host: 'localhost:8080' };
  const pages = {
    '/login': loginPage({ site, returnTo: '/app', options: requestOptions }),
    '/demo': demoAppPage({ site, facts, ...setting }),
  };
  const answers = {
    '/app': () => ({ status: 200, body: { path: '/app', user: 'alice', groups: ['admins', 'staff'], verified: true } }),
  };
  const browser = await launch();
  const shots: string[] = [];
  for (const { name, dark, width, tried } of [
    { name: '/login', dark: false, width: 520, tried: false },
    { name: '/demo', dark: true, width: 1080, tried: true },
  ]) {
    const { page, context } = await openSite(browser, { pages, answers, dark, width });
    await page.clock.setFixedTime('2026-11-24T09:00:42Z');
    await page.setViewportSize({ width, height: 860 });
    await page.goto(origin + name);
    if (tried) {
      await page.click('#forge');
      await page.waitForSelector('#forge-answer pre');
      await page.mouse.move(0, 0);
    }
    shots.push((await page.screenshot({ animations: 'disabled' })).toString('base64'));
    await context.close();
  }
  const canvas = await browser.newPage({ viewport: { width: 1600, height: 860 } });
  const images = shots.map((shot) => `<img src="data:image/png;base64,${shot}">`).join('');
  await canvas.setContent(`<body style="margin:0;display:flex">${images}`);
  writeFileSync(`${folder}../login-and-demo.png`, await palettePng(canvas, await canvas.screenshot()));
  await browser.close();
});
