import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ceremony, login, loginScript, stepUp } from '../../src/pages/en.ts';
import { enrolPage } from '../../src/pages/enrol.ts';
import { loginPage } from '../../src/pages/login.ts';
import { fill } from '../../src/pages/sentence.ts';
import { addAuthenticator, launch } from '../helpers/browser.ts';
import { needs } from '../helpers/needs.ts';
import { creationOptions, requestOptions as options, problem, registered } from './handlers.ts';
import { requestOptions, site } from './samples.ts';
import { type Answer, type OpenSite, openSite, origin, type StubSite } from './stub-site.ts';

const accepted: Answer = { status: 200, body: { user: 'alice', return_to: '/app?x=1' } };
const blank = { html: '<!doctype html><title>app</title>', csp: "default-src 'none'" };

describe.runIf(await needs('chromium'))('the sign-in page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  /** The sign-in page in a browser that lists no saved accounts by itself, so that the button alone asks. */
  async function open(...given: Parameters<typeof openWithList>) {
    const opened = await openWithList(...given);
    await opened.context.addInitScript('PublicKeyCredential.getClientCapabilities = async () => ({})');
    await opened.context.addInitScript('PublicKeyCredential.isConditionalMediationAvailable = async () => false');
    return opened;
  }

  async function openWithList(answers: StubSite['answers'] = {}, more: Partial<Parameters<typeof loginPage>[0]> = {}) {
    const signIn = loginPage({ site, returnTo: '/app?x=1', options: requestOptions, ...more });
    const opened = await openSite(browser, {
      pages: { '/fido2/login': signIn, '/fido2/enrol': enrolPage({ site }), '/app': blank, '/': blank },
      answers: {
        '/fido2/attestation/options': () => creationOptions(),
        '/fido2/attestation/result': registered,
        '/fido2/assertion/options': options,
        '/fido2/assertion/result': () => accepted,
        '/fido2/session': () => problem(401, 'session_required'),
        ...answers,
      },
    });
    const authenticator = await addAuthenticator(opened.page);
    return { ...opened, authenticator };
  }

  async function enrolThen(opened: Awaited<ReturnType<typeof openWithList>>, url: string): Promise<void> {
    const { page, authenticator, calls } = opened;
    await page.goto(`${origin}/fido2/enrol#code`);
    await authenticator.present(true);
    await page.click('#create');
    await page.waitForSelector('#passkey-name:visible');
    await authenticator.present(false);
    calls.length = 0;
    await page.goto(url);
  }

  function focused(page: OpenSite['page']): Promise<string> {
    return page.evaluate('document.activeElement.id');
  }

  test('one press signs in and goes on to the target with its query and the fragment', async () => {
    const opened = await open();
    const { page, authenticator, calls, complaints } = opened;
    await enrolThen(opened, `${origin}/fido2/login?return_to=/app#part`);
    expect(await page.textContent('.lead')).toContain('localhost:8080/app?x=1');
    await expect.poll(() => focused(page)).toBe('go');
    await authenticator.present(true);
    await page.keyboard.press('Enter');
    await page.waitForURL(`${origin}/app?x=1#part`);
    const [result] = calls.filter(({ path }) => path === '/fido2/assertion/result');
    expect(result?.body).toMatchObject({ type: 'public-key', return_to: '/app?x=1' });
    expect(complaints).toEqual([]);
    await opened.context.close();
  });

  test('a saved account chosen from the list signs in without the button', async () => {
    const opened = await openWithList();
    await enrolThen(opened, `${origin}/fido2/login`);
    await opened.page.waitForSelector('#username:visible');
    await opened.authenticator.present(true);
    await opened.page.reload();
    await opened.page.waitForURL(`${origin}/app?x=1`);
    await opened.context.close();
  });

  test('the button takes over from the list, whose request the browser has let go of by then', async () => {
    const { page, context, complaints } = await openWithList(
      {},
      { options: { ...requestOptions, hints: ['client-device'] } },
    );
    await page.addInitScript(`
      window.asked = [];
      const get = navigator.credentials.get.bind(navigator.credentials);
      navigator.credentials.get = (options) => {
        const done = get(options);
        window.asked.push(options.mediation ?? 'modal');
        done.catch((error) => window.asked.push(error.name));
        return done;
      };
    `);
    await page.goto(`${origin}/fido2/login`);
    const asked = () => page.evaluate('asked');
    await expect.poll(asked).toEqual(['conditional']);
    await page.click('#go');
    await expect.poll(asked).toEqual(['conditional', 'AbortError', 'modal']);
    await page.click('#cancel');
    await expect.poll(asked).toEqual(['conditional', 'AbortError', 'modal', 'AbortError', 'conditional']);
    expect(complaints).toEqual([]);
    await context.close();
  });

  test('without a passkey on this machine it offers a phone or a security key, and the way back', async () => {
    const opened = await openWithList();
    const { page } = opened;
    await page.goto(`${origin}/fido2/login`);
    await page.click('#go');
    await page.waitForSelector(`text=${login.elsewhereTitle}`);
    expect(await page.isVisible('#go')).toBe(false);
    await page.click('#back');
    expect(await focused(page)).toBe('go');
    await opened.context.close();
  });

  test('giving up is no failure: one quiet line, and the focus is back on the button', async () => {
    const opened = await open({}, { stepUp: { kind: 'uv' }, signedIn: { name: 'alice' } });
    const { page, calls } = opened;
    await page.goto(`${origin}/fido2/login?step_up=1`);
    await page.click('#go');
    await page.waitForSelector(`text=${ceremony.confirm}`);
    expect(await page.textContent('#go')).toContain(ceremony.waiting);
    expect(await page.getAttribute('#go', 'aria-disabled')).toBe('true');
    await page.keyboard.press('Escape');
    await page.waitForSelector(`text=${ceremony.cancelled}`);
    await expect
      .poll(() => calls)
      .toContainEqual({
        path: '/fido2/outcome',
        body: { ceremony: 'get', outcome: 'cancelled' },
      });
    expect(await page.textContent('#alert')).toBe('');
    expect(await page.textContent('#go')).toContain(stepUp.button);
    expect(await focused(page)).toBe('go');
    await page.click('#go');
    await page.click('#cancel');
    await page.waitForSelector(`text=${ceremony.cancelled}`);
    expect(await focused(page)).toBe('go');
    await opened.context.close();
  });

  test('a refused passkey is told in words, with the reference, and another try has a new challenge', async () => {
    const opened = await open({ '/fido2/assertion/result': () => problem(401, 'authentication_failed') });
    const { page, authenticator, calls } = opened;
    await enrolThen(opened, `${origin}/fido2/login`);
    await authenticator.present(true);
    await page.click('#go');
    await page.waitForSelector(`text=${loginScript.refusedTitle}`);
    await authenticator.present(false);
    expect(await page.textContent('#alert')).toContain('7f3a91c2');
    expect(await focused(page)).toBe('alert');
    await page.click('#go');
    await expect.poll(() => calls.some(({ path }) => path === '/fido2/assertion/options')).toBe(true);
    await opened.context.close();
  });

  test('too many attempts and a store that is away say when to try again', async () => {
    for (const [answer, title] of [
      [problem(429, 'too_many_requests', { 'retry-after': '40' }), ceremony.tooManyTitle],
      [problem(503, 'store_unavailable', { 'retry-after': '40' }), ceremony.awayTitle],
    ] as const) {
      const opened = await open({ '/fido2/assertion/result': () => answer });
      await enrolThen(opened, `${origin}/fido2/login`);
      await opened.authenticator.present(true);
      await opened.page.click('#go');
      await opened.page.waitForSelector(`text=${title}`);
      await opened.authenticator.present(false);
      expect(await opened.page.textContent('#alert')).toContain('40 s');
      await opened.context.close();
    }
  });

  test('another tab that signs in takes this one along', async () => {
    let signedIn = false;
    const opened = await open({
      '/fido2/session': () => (signedIn ? { status: 200, body: { user: 'alice' } } : problem(401, 'session_required')),
    });
    await opened.page.goto(`${origin}/fido2/login`);
    const other = await opened.context.newPage();
    await other.goto(`${origin}/app`);
    signedIn = true;
    await other.evaluate("new BroadcastChannel('fido2').postMessage('signed-in')");
    await opened.page.waitForURL(`${origin}/app?x=1`);
    await opened.context.close();
  });

  test('a confirmation that did not help is not asked for again without a word', async () => {
    const opened = await open(
      {},
      { stepUp: { kind: 'max_age', last: Date.now() - 12 * 60_000 }, signedIn: { name: 'alice' } },
    );
    const { page, authenticator } = opened;
    await enrolThen(opened, `${origin}/fido2/login?step_up=1`);
    expect(await page.textContent('main')).toContain(fill(stepUp.last, { age: '12 minutes ago' }));
    await authenticator.present(true);
    await page.click('#go');
    await page.waitForURL(`${origin}/app?x=1`);
    await page.goto(`${origin}/fido2/login?step_up=1`);
    await page.waitForSelector(`text=${loginScript.stillTitle}`);
    await opened.context.close();
  });

  test('at an address where passkeys cannot work it leads to the one where they do', async () => {
    const { page, context } = await open();
    const { html, csp } = loginPage({ site, returnTo: '/', options: requestOptions });
    await page.route('http://127.0.0.1:8080/**', (route) =>
      route.fulfill({ headers: { 'content-type': 'text/html', 'content-security-policy': csp }, body: html }),
    );
    await page.goto('http://127.0.0.1:8080/fido2/login?return_to=/app#part');
    await page.waitForSelector(`text=${ceremony.wrongAddressTitle}`);
    expect(await page.getAttribute('#alert a', 'href')).toBe(`${origin}/fido2/login?return_to=/app#part`);
    expect(await page.isVisible('#go')).toBe(false);
    await context.close();
  });

  test('without scripts it says what to do, and offers no button that would do nothing', async () => {
    const pages = { '/fido2/login': loginPage({ site, returnTo: '/', options: requestOptions }) };
    const { page, context } = await openSite(browser, { pages, scripts: false });
    await page.goto(`${origin}/fido2/login`);
    expect(await page.isVisible('noscript p')).toBe(true);
    expect(await page.textContent('noscript p')).toBe(fill(login.noScript, { host: site.host }));
    expect(await page.isVisible('#go')).toBe(false);
    await context.close();
  });

  test('an answer cannot send the browser to another origin', async () => {
    const opened = await open({
      '/fido2/assertion/result': () => ({ status: 200, body: { user: 'alice', return_to: 'https://evil.example/' } }),
    });
    await enrolThen(opened, `${origin}/fido2/login`);
    await opened.authenticator.present(true);
    await opened.page.click('#go');
    await opened.page.waitForURL(`${origin}/`);
    await opened.context.close();
  });
});
