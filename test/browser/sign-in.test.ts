import { beforeAll, describe, expect, it } from 'vitest';
import { findUserByName, removeCredential } from '../../src/identity/user.ts';
import { ceremony, login, loginScript, signedOut } from '../../src/pages/en.ts';
import { visit } from '../helpers/browser.ts';
import { get } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type BrowserSite, enrolIn, signIn, signOut, startSite, upstreamHeading } from './site.ts';

const available = (await needs('nginx')) && (await needs('chromium'));

describe.runIf(available)('signing in', () => {
  let site: BrowserSite;
  beforeAll(async () => {
    // the copies of a shared passkey count each for itself here, which synced passkeys do not
    site = await startSite({ passkeys: { signCount: 'report' } });
  });

  /** Somebody who has enrolled and then signed out. */
  async function member(user: string, options: Parameters<typeof visit>[1] = {}) {
    const visitor = await visit(site.nginx.origin, options);
    await enrolIn(visitor, site.nginx, user);
    await signOut(visitor, site.nginx);
    return visitor;
  }

  it('leads from a gated address to the sign-in page and, after one press, to its path, query and fragment', async () => {
    const { nginx, upstream } = site;
    const visitor = await member('ada');
    const { page } = visitor;
    const target = `${nginx.origin}/app/deep?a=1&b=%2F%26&a=2#part-2`;
    await page.goto(target);
    expect(new URL(page.url()).pathname).toBe('/fido2/login');
    expect(await page.textContent('.lead')).toContain(`localhost:${nginx.port}/app/deep?a=1`);
    await signIn(visitor, target);
    expect(await page.textContent('h1')).toBe(upstreamHeading);
    expect(upstream.last().url).toBe('/app/deep?a=1&b=%2F%26&a=2');
    expect(upstream.last().header('cookie')).toBeUndefined();
    expect(upstream.last().header('fido2-identity')).toMatch(/^ey/);
  });

  it('by a saved account that the browser offers takes no press of a button', async () => {
    const { page, authenticator } = await member('bert', { savedAccounts: true });
    await page.goto(`${site.nginx.origin}/app/saved`);
    await page.waitForSelector('#username:visible');
    await authenticator.present(true);
    await page.reload();
    await page.waitForURL(`${site.nginx.origin}/app/saved`);
    expect(await page.textContent('h1')).toBe(upstreamHeading);
  });

  it('given up says one quiet line, and the next try signs in', async () => {
    const visitor = await member('carl', { transport: 'usb' });
    const { page, authenticator } = visitor;
    await page.goto(`${site.nginx.origin}/app/`);
    await page.click('#go');
    await page.waitForSelector(`text=${login.elsewhereTitle}`);
    await page.click('#elsewhere');
    await page.click('#cancel');
    await page.waitForSelector(`text=${ceremony.cancelled}`);
    expect(await page.textContent('#alert')).toBe('');
    await authenticator.present(true);
    await page.click('#elsewhere');
    await page.waitForURL(`${site.nginx.origin}/app/`);
  });

  it('without the check of fingerprint, face or PIN does not open the door', async () => {
    const { page, authenticator, context } = await member('dora');
    await page.goto(`${site.nginx.origin}/app/`);
    await authenticator.verifies(false);
    await authenticator.present(true);
    await page.click('#go');
    await expect.poll(() => page.isVisible('#cancel')).toBe(false);
    expect(new URL(page.url()).pathname).toBe('/fido2/login');
    expect(await context.cookies()).toEqual([]);
  });

  it('with a passkey that the site does not know any more is refused in words, with a reference', async () => {
    const visitor = await member('emil');
    const { page, authenticator } = visitor;
    const user = (await findUserByName(site.nginx.ports, 'emil'))?.value;
    await removeCredential(site.nginx.ports, user?.id ?? '', user?.credentials[0]?.id ?? '');
    await page.goto(`${site.nginx.origin}/app/`);
    await authenticator.present(true);
    await page.click('#go');
    await page.waitForSelector(`text=${loginScript.refusedTitle}`);
    expect(await page.textContent('#alert')).toMatch(/Reference [0-9a-f]{8}/);
    expect(visitor.takeRefusals()).toEqual(['401 /fido2/assertion/result']);
  });

  it('by form ends the session everywhere, and going back shows nothing that was gated', async () => {
    const visitor = await member('finn');
    const { page, context } = visitor;
    await page.goto(`${site.nginx.origin}/app/secret`);
    await signIn(visitor, `${site.nginx.origin}/app/secret`);
    const [{ value: cookie } = { value: '' }] = await context.cookies();
    await signOut(visitor, site.nginx);
    expect(await page.textContent('h1')).toBe(signedOut.title);
    expect(await context.cookies()).toEqual([]);
    expect((await get(site.nginx, '/app/secret', { cookie })).status).toBe(401);
    for (const path of ['/fido2/account', '/app/secret']) {
      await page.evaluate('history.back()');
      await page.waitForURL((url) => decodeURIComponent(url.href).includes(path));
      expect(await page.textContent('h1')).toBe(login.title);
    }
  });

  it('in ten tabs at once brings every one of them to its own page', async () => {
    const count = 10;
    const first = await member('gina', { synced: true });
    const tabs = await Promise.all(Array.from({ length: count }, () => first.newTab()));
    await Promise.all(tabs.map(({ page }, index) => page.goto(`${site.nginx.origin}/app/${index}`)));
    let asked = 0;
    let release = (): void => undefined;
    const all = new Promise<void>((resolve) => {
      release = resolve;
    });
    const statuses: Promise<number>[] = [];
    await first.context.route('**/fido2/assertion/result', async (route) => {
      statuses.push(
        route
          .request()
          .response()
          .then((answer) => answer?.status() ?? 0),
      );
      if (++asked === count) release();
      await all;
      await route.continue();
    });
    await Promise.all(tabs.map((tab, index) => signIn(tab, `${site.nginx.origin}/app/${index}`)));
    for (const { page } of tabs) expect(await page.locator('h1').textContent()).toBe(upstreamHeading);
    expect(await Promise.all(statuses)).toEqual(Array.from({ length: count }, () => 200));
  });
});
