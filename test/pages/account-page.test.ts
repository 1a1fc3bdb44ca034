import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accountPage } from '../../src/pages/account.ts';
import { accountScript as words } from '../../src/pages/en.ts';
import { fill } from '../../src/pages/sentence.ts';
import { addAuthenticator, launch } from '../helpers/browser.ts';
import { needs } from '../helpers/needs.ts';
import { accountState, creationOptions, problem, registered, requestOptions } from './handlers.ts';
import { site } from './samples.ts';
import { type Answer, openSite, origin, type StubSite } from './stub-site.ts';

describe.runIf(await needs('chromium'))('the account page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  async function open(state: () => Answer, answers: StubSite['answers'] = {}) {
    const opened = await openSite(browser, {
      pages: { '/fido2/account': accountPage({ site, user: { name: 'alice', displayName: 'Alice Meyer' } }) },
      answers: {
        '/fido2/account/state': state,
        '/fido2/attestation/options': () => creationOptions(),
        '/fido2/attestation/result': registered,
        '/fido2/assertion/options': requestOptions,
        '/fido2/assertion/result': () => ({ status: 200, body: { user: 'alice', return_to: '/' } }),
        ...answers,
      },
    });
    const authenticator = await addAuthenticator(opened.page);
    await opened.page.goto(`${origin}/fido2/account`);
    await opened.page.waitForSelector('#passkeys:visible');
    return { ...opened, authenticator };
  }

  function focusedText(page: Page): Promise<string> {
    return page.evaluate('document.activeElement.textContent');
  }

  test('lists passkeys by kind, marks the one in use, and tells what each is good for', async () => {
    const { page, context, complaints } = await open(() => accountState('phone', 'laptop', 'desktop', 'key'));
    expect(await page.locator('#devices li').count()).toBe(3);
    expect(await page.locator('#keys li').count()).toBe(1);
    expect(await page.locator('#devices li').first().textContent()).toContain(words.thisSignIn);
    expect(await page.locator('#devices li').nth(0).textContent()).not.toContain(words.notBackedUp);
    expect(await page.locator('#devices li').nth(1).textContent()).toContain(words.notBackedUp);
    expect(await page.locator('#devices li').nth(2).textContent()).toContain(words.staysThere);
    expect(await page.locator('#keys li').textContent()).not.toContain(words.staysThere);
    expect(await page.locator('#keys li').textContent()).toContain(words.neverUsed);
    expect(await page.locator('#sessions li').first().textContent()).toContain('Firefox on Windows');
    expect(await page.locator('#activity li p:first-child').allTextContents()).toEqual([
      fill(words.activityLogin, { name: 'Phone' }),
      fill(words.activityRegistration, { name: 'Phone' }),
    ]);
    expect(await page.textContent('#notice')).toBe('');
    expect(complaints).toEqual([]);
    await context.close();
  });

  test('warns whoever has a single passkey, or passkeys that are nowhere else', async () => {
    const one = await open(() => accountState('phone'));
    expect(await one.page.textContent('#notice')).toContain(words.onlyTitle);
    await one.page.click('#devices .danger');
    expect(await one.page.textContent('dialog')).toContain(words.removeLast);
    expect(await one.page.textContent('#remove-now')).toBe(words.removeOnly);
    await one.context.close();
    const single = await open(() => accountState('desktop', 'key'));
    expect(await single.page.textContent('#notice')).toContain(words.singleTitle);
    await single.context.close();
  });

  test('renames by keyboard: Enter saves, Escape restores, and the focus comes back', async () => {
    const { page, context, calls } = await open(() => accountState('phone', 'key'));
    await page.focus('#keys button');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    expect(await focusedText(page)).toBe(words.rename);
    await page.keyboard.press('Enter');
    await page.keyboard.type('Drawer');
    await page.keyboard.press('Enter');
    await page.waitForSelector(`text=${words.renamed}`);
    expect(calls).toContainEqual({ path: '/fido2/account/rename', body: { id: 'a2V5', name: 'Drawer' } });
    expect(await focusedText(page)).toBe(words.rename);
    await context.close();
  });

  test('removal asks first, with the safe choice in focus', async () => {
    let ids: ('phone' | 'key')[] = ['phone', 'key'];
    const { page, context, calls } = await open(() => accountState(...ids), {
      '/fido2/account/remove': () => {
        ids = ['phone'];
        return { status: 204 };
      },
    });
    await page.click('#keys .danger');
    expect(await focusedText(page)).toBe('Keep it');
    await page.keyboard.press('Escape');
    expect(calls.map(({ path }) => path)).not.toContain('/fido2/account/remove');
    await page.click('#keys .danger');
    await page.click('#remove-now');
    await page.waitForSelector(`text=${words.removed}`);
    expect(calls).toContainEqual({ path: '/fido2/account/remove', body: { id: 'a2V5' } });
    expect(await page.isVisible('#keys')).toBe(false);
    await context.close();
  });

  test('a change that needs a fresh confirmation gets one in place, and goes on', async () => {
    let fresh = true;
    // without the site's id the page leaves the device's own list alone, which here is another than the server's
    const state = () => ({ status: 200, body: { ...(accountState('phone', 'key').body as object), rpId: undefined } });
    const opened = await open(state, {
      '/fido2/account/remove': () => (fresh ? { status: 204 } : problem(401, 'step_up_required')),
      '/fido2/assertion/result': () => {
        fresh = true;
        return { status: 200, body: { user: 'alice', return_to: '/' } };
      },
    });
    const { page, context, calls, authenticator } = opened;
    await authenticator.present(true);
    await page.click('#add');
    await page.waitForSelector(`text=${words.passkeyAdded}`);
    fresh = false;
    calls.length = 0;
    await page.click('#keys .danger');
    await page.click('#remove-now');
    await page.waitForSelector(`text=${words.removed}`);
    const posts = calls.map(({ path }) => path.replace('/fido2/', ''));
    expect(posts).toEqual([
      'account/remove',
      'assertion/options',
      'assertion/result',
      'account/remove',
      'account/state',
    ]);
    await context.close();
  });

  test('the device is told which passkeys still work, with the whole list', async () => {
    const { page, context } = await open(() => accountState('phone', 'key'));
    await page.addInitScript(
      `PublicKeyCredential.signalAllAcceptedCredentials = async (told) => { window.told = told };`,
    );
    await page.reload();
    await expect
      .poll(() => page.evaluate('window.told'))
      .toEqual({
        rpId: 'localhost',
        userId: 'AAECAwQFBgcICQoLDA0ODw',
        allAcceptedCredentialIds: ['cGhvbmU', 'a2V5'],
      });
    await context.close();
  });

  test('ends one session, or all others', async () => {
    const { page, context, calls } = await open(() => accountState('phone', 'key'));
    await page.click('#sessions li .text');
    await page.waitForSelector(`text=${words.signedOut}`);
    await page.click('#end-others');
    await page.waitForSelector(`text=${words.signedOutOthers}`);
    const ends = calls.filter(({ path }) => path === '/fido2/account/end-session').map(({ body }) => body);
    expect(ends).toEqual([{ sid: 's2' }, { others: true }]);
    await context.close();
  });

  test('signs out by a form whose Origin tells that it is ours', async () => {
    const { page, context } = await open(() => accountState('phone', 'key'));
    const [sent] = await Promise.all([page.waitForRequest('**/fido2/logout'), page.click('header button')]);
    expect(sent.method()).toBe('POST');
    expect((await sent.allHeaders()).origin).toBe(origin);
    await context.close();
  });

  test('a name that is markup stays text', async () => {
    const { page, context } = await open(() => {
      const answer = accountState('phone');
      const text = JSON.stringify(answer).replace('"Phone"', '"<img src=x onerror=alert(1)>"');
      return JSON.parse(text) as Answer;
    });
    expect(await page.textContent('#devices bdi')).toBe('<img src=x onerror=alert(1)>');
    expect(await page.locator('img').count()).toBe(0);
    await context.close();
  });
});
