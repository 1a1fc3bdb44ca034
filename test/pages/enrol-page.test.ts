import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { creation, enrol } from '../../src/pages/en.ts';
import { refusals } from '../../src/pages/en-refusals.ts';
import { enrolPage } from '../../src/pages/enrol.ts';
import { fill } from '../../src/pages/sentence.ts';
import { addAuthenticator, launch } from '../helpers/browser.ts';
import { needs } from '../helpers/needs.ts';
import { creationOptions, problem, registered } from './handlers.ts';
import { site } from './samples.ts';
import { openSite, origin, type StubSite } from './stub-site.ts';

describe.runIf(await needs('chromium'))('the enrolment page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  async function open(answers: StubSite['answers'] = {}, transport: 'internal' | 'usb' = 'internal') {
    const opened = await openSite(browser, {
      pages: { '/fido2/enrol': enrolPage({ site }) },
      answers: {
        '/fido2/attestation/options': () => creationOptions(),
        '/fido2/attestation/result': registered,
        '/fido2/session': () => problem(401, 'session_required'),
        ...answers,
      },
    });
    return { ...opened, authenticator: await addAuthenticator(opened.page, { transport }) };
  }

  test('says for whom the link is, and takes the code out of the address but not away from a reload', async () => {
    const { page, calls, context, complaints } = await open();
    await page.goto(`${origin}/fido2/enrol#secret-code`);
    await page.waitForSelector('text=Alice Meyer');
    expect(await page.isVisible('.demands')).toBe(false);
    expect(page.url()).toBe(`${origin}/fido2/enrol`);
    await page.reload();
    await page.waitForSelector('text=Alice Meyer');
    const asked = calls.filter(({ path }) => path === '/fido2/attestation/options');
    expect(asked.map(({ body }) => body)).toEqual([{ invite: 'secret-code' }, { invite: 'secret-code' }]);
    expect(complaints).toEqual([]);
    await context.close();
  });

  test('creates a passkey, names it, and forgets the code', async () => {
    const { page, calls, context, authenticator } = await open({}, 'usb');
    await page.goto(`${origin}/fido2/enrol#code`);
    await page.waitForSelector('#create:visible');
    await authenticator.present(true);
    await page.click('#create');
    await page.waitForSelector(`text=${enrol.doneTitle}`);
    expect(await page.textContent('#second-text')).toBe(creation.secondDevice);
    expect(await page.inputValue('#passkey-name')).toBe(creation.securityKey);
    await page.fill('#passkey-name', 'Blue key');
    await page.keyboard.press('Tab');
    await page.waitForSelector(`text=${creation.saved}`);
    const sent = calls.find(({ path }) => path === '/fido2/attestation/result')?.body as { readonly id: string };
    expect(sent).toMatchObject({ type: 'public-key', name: creation.securityKey });
    expect(calls.at(-1)).toEqual({ path: '/fido2/account/rename', body: { id: sent.id, name: 'Blue key' } });
    expect(await page.evaluate("sessionStorage.getItem('fido2.invite')")).toBeNull();
    await context.close();
  });

  test('a link that is unknown, used or expired gets one answer, with the reference', async () => {
    const { page, context } = await open({ '/fido2/attestation/options': () => problem(410, 'invite_invalid') });
    await page.goto(`${origin}/fido2/enrol#old`);
    await page.waitForSelector(`text=${enrol.deadTitle}`);
    expect(await page.textContent('[data-view="dead"]')).toContain('7f3a91c2');
    await context.close();
  });

  test('without any code it says so at once and asks nobody, and takes a link that is opened next', async () => {
    const { page, context, calls } = await open();
    await page.goto(`${origin}/fido2/enrol`);
    await page.waitForSelector(`text=${enrol.deadTitle}`);
    expect(calls).toEqual([]);
    await page.goto(`${origin}/fido2/enrol#code`);
    await page.waitForSelector('text=Alice Meyer');
    await context.close();
  });

  test('somebody else who is signed in chooses first', async () => {
    const { page, context, calls } = await open({ '/fido2/session': () => ({ status: 200, body: { user: 'bob' } }) });
    await page.goto(`${origin}/fido2/enrol#code`);
    await page.waitForSelector(`text=${enrol.otherTitle}`);
    expect(await page.textContent('[data-view="other"]')).toContain('bob');
    await page.click('#leave');
    await page.waitForSelector('#create:visible');
    expect(calls.map(({ path }) => path)).toContain('/fido2/logout');
    await context.close();
  });

  test('asks nobody who is signed in where the page came with that', async () => {
    const pages = { '/fido2/enrol': enrolPage({ site, signedIn: { name: 'bob' } }) };
    const answers = { '/fido2/attestation/options': () => creationOptions() };
    const { page, context, calls } = await openSite(browser, { pages, answers });
    await page.goto(`${origin}/fido2/enrol#code`);
    await page.waitForSelector(`text=${enrol.otherTitle}`);
    expect(calls.map(({ path }) => path)).toEqual(['/fido2/attestation/options']);
    await context.close();
  });

  test('what the site asks of a passkey is said before one is created', async () => {
    const demands = { models: ['cb69481e-8ff7-4039-93ec-0a2729a154a8', 'ee041bce-25e5-4cdb-8f86-897fd6418464'] };
    const pages = { '/fido2/enrol': enrolPage({ site, demands: { ...demands, staysThere: true, shown: true } }) };
    const { page, context } = await openSite(browser, {
      pages,
      answers: { '/fido2/attestation/options': () => creationOptions() },
    });
    await page.goto(`${origin}/fido2/enrol#code`);
    await page.waitForSelector('#create:visible');
    expect(await page.locator('.demands p:visible').allTextContents()).toEqual([
      fill(enrol.accepts, { names: 'YubiKey 5 or ePass FIDO with NFC' }),
      enrol.staysThere,
      enrol.shown,
    ]);
    await context.close();
  });

  test('a kind of key that the site refuses is told in words, and the link goes on working', async () => {
    const { page, context, authenticator } = await open({
      '/fido2/attestation/result': () => problem(400, 'attestation_untrusted'),
    });
    await page.goto(`${origin}/fido2/enrol#code`);
    await page.waitForSelector('#create:visible');
    await authenticator.present(true);
    await page.click('#create');
    await page.waitForSelector(`text=${refusals.unprovenTitle}`);
    // no password manager keeps a passkey that opens nothing
    await expect.poll(() => authenticator.ids()).toEqual([]);
    expect(await page.isVisible('#create')).toBe(true);
    expect(await page.textContent('#step')).toBe(fill(enrol.step, { number: 1 }));
    await context.close();
  });

  test('a connection that breaks after the passkey was made is mended by sending it again', async () => {
    let broken = true;
    const { page, context, authenticator, calls } = await open({
      '/fido2/attestation/result': (body) => (broken ? 'broken' : registered(body)),
    });
    await page.goto(`${origin}/fido2/enrol#code`);
    await page.waitForSelector('#create:visible');
    await authenticator.present(true);
    await page.click('#create');
    await page.waitForSelector(`text=${creation.unheardTitle}`);
    broken = false;
    await page.click('#send-again');
    await page.waitForSelector(`text=${enrol.doneTitle}`);
    const bodies = calls.filter(({ path }) => path === '/fido2/attestation/result').map(({ body }) => body);
    expect(bodies).toHaveLength(2);
    expect(bodies[1]).toEqual(bodies[0]);
    await context.close();
  });

  test('a device that has a passkey for the account already is named as the reason', async () => {
    let made: string | undefined;
    const { page, context, authenticator } = await open({
      '/fido2/attestation/options': () => {
        const { body } = creationOptions();
        const excludeCredentials = made === undefined ? [] : [{ type: 'public-key', id: made }];
        return { status: 200, body: { ...(body as object), excludeCredentials } };
      },
      '/fido2/attestation/result': (body) => {
        made = (body as { readonly id: string }).id;
        return registered(body);
      },
    });
    await page.goto(`${origin}/fido2/enrol#code`);
    await page.waitForSelector('#create:visible');
    await authenticator.present(true);
    await page.click('#create');
    await page.click('#add-second');
    await page.waitForSelector(`text=${creation.existsTitle}`);
    await context.close();
  });
});
