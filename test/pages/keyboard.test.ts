import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accountPage } from '../../src/pages/account.ts';
import { accountScript, common, creation, enrol, login } from '../../src/pages/en.ts';
import { enrolPage } from '../../src/pages/enrol.ts';
import { loginPage } from '../../src/pages/login.ts';
import { addAuthenticator, launch } from '../helpers/browser.ts';
import { needs } from '../helpers/needs.ts';
import { accountState, creationOptions, registered, requestOptions as signInOptions } from './handlers.ts';
import { requestOptions, site } from './samples.ts';
import { openSite, origin } from './stub-site.ts';

describe.runIf(await needs('chromium'))('by keyboard alone', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  /** Goes on with Tab until the focus is on what is called so; that it can be seen there is asserted on the way. */
  async function tabTo(page: Page, label: string): Promise<void> {
    for (let presses = 0; presses < 40; presses++) {
      await page.keyboard.press('Tab');
      const [text, outline] = await page.evaluate<[string, string]>(
        `((one) => [one.getAttribute('aria-label') ?? one.labels?.[0]?.textContent ?? one.textContent, getComputedStyle(one).outlineStyle])(document.activeElement)`,
      );
      expect([text, outline]).not.toEqual([text, 'none']);
      if (text.trim() === label) return;
    }
    throw new Error(`Tab does not come to "${label}"`);
  }

  test('a person enrols, signs in, renames and removes a passkey', async () => {
    let ids: ('phone' | 'key')[] = ['phone', 'key'];
    const opened = await openSite(browser, {
      pages: {
        '/fido2/enrol': enrolPage({ site }),
        '/fido2/login': loginPage({ site, returnTo: '/fido2/account', options: requestOptions }),
        '/fido2/account': accountPage({ site, user: { name: 'alice', displayName: 'Alice Meyer' } }),
      },
      answers: {
        '/fido2/attestation/options': () => creationOptions(),
        '/fido2/attestation/result': registered,
        '/fido2/assertion/options': signInOptions,
        '/fido2/assertion/result': () => ({ status: 200, body: { user: 'alice', return_to: '/fido2/account' } }),
        // without the site's id the page leaves the device's own list alone, which here is another than the server's
        '/fido2/account/state': () => ({
          status: 200,
          body: { ...(accountState(...ids).body as object), rpId: undefined },
        }),
        '/fido2/account/remove': () => {
          ids = ['phone'];
          return { status: 204 };
        },
      },
    });
    const { page, context, calls, complaints } = opened;
    await context.addInitScript('PublicKeyCredential.getClientCapabilities = async () => ({})');
    await context.addInitScript('PublicKeyCredential.isConditionalMediationAvailable = async () => false');
    const authenticator = await addAuthenticator(page);

    await page.goto(`${origin}/fido2/enrol#code`);
    await page.waitForSelector('#create:visible');
    await tabTo(page, enrol.button);
    await authenticator.present(true);
    await page.keyboard.press('Enter');
    await page.waitForSelector(`text=${enrol.doneTitle}`);
    await tabTo(page, enrol.name);
    await page.keyboard.press('Control+A');
    await page.keyboard.type('Desk');
    await page.keyboard.press('Enter');
    await page.waitForSelector(`text=${creation.saved}`);
    expect(calls).toContainEqual({ path: '/fido2/account/rename', body: expect.objectContaining({ name: 'Desk' }) });

    await page.goto(`${origin}/fido2/login`);
    await expect.poll(() => page.evaluate('document.activeElement.textContent')).toBe(login.button);
    await page.keyboard.press('Enter');
    await page.waitForURL(`${origin}/fido2/account`);
    await page.waitForSelector('#passkeys:visible');

    await tabTo(page, accountScript.renameOf.replace('{name}', 'Key in the safe'));
    await page.keyboard.press('Space');
    await page.keyboard.type('Drawer');
    await page.keyboard.press('Enter');
    await page.waitForSelector(`text=${accountScript.renamed}`);
    await tabTo(page, accountScript.removeOf.replace('{name}', 'Key in the safe'));
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('keep');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForSelector(`text=${accountScript.removed}`);
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
    expect(calls).toContainEqual({ path: '/fido2/account/remove', body: { id: 'a2V5' } });
    await page.keyboard.press('Shift+Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe(common.signOut);
    expect(complaints).toEqual([]);
    await context.close();
  });
});
