import { beforeAll, describe, expect, it } from 'vitest';
import { findUserByName } from '../../src/identity/user.ts';
import { ceremony, loginScript, signedOut, accountScript as words } from '../../src/pages/en.ts';
import { fill } from '../../src/pages/sentence.ts';
import { visit } from '../helpers/browser.ts';
import { get } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { sessionOf } from '../helpers/session.ts';
import { type BrowserSite, enrolIn, signIn, signOut, startSite } from './site.ts';

const available = (await needs('nginx')) && (await needs('chromium'));

describe.runIf(available)('the account page', () => {
  let site: BrowserSite;
  beforeAll(async () => {
    site = await startSite();
  });

  async function userOf(name: string) {
    const found = await findUserByName(site.nginx.ports, name);
    if (found === null) throw new Error(`no user ${name}`);
    return found.value;
  }

  /** Somebody signed in, on the account page. */
  async function member(user: string) {
    const visitor = await visit(site.nginx.origin);
    await enrolIn(visitor, site.nginx, user);
    await visitor.page.goto(`${site.nginx.origin}/fido2/account`);
    await visitor.page.waitForSelector('#passkeys:visible');
    return visitor;
  }

  it('adds a security key, which then signs in by itself', async () => {
    const visitor = await member('ada');
    const { page, authenticator } = visitor;
    expect(await page.textContent('#notice')).toContain(words.onlyTitle);
    await authenticator.use('usb');
    await authenticator.present(true);
    await page.click('#add-key');
    await page.waitForSelector(`text=${words.passkeyAdded}`);
    await authenticator.present(false);
    expect(await page.locator('#keys li').count()).toBe(1);
    expect(await page.locator('#devices li').count()).toBe(1);
    await signOut(visitor, site.nginx);
    await page.goto(`${site.nginx.origin}/app/`);
    await page.click('#go');
    await page.waitForSelector('#elsewhere:visible');
    await authenticator.present(true);
    await page.click('#elsewhere');
    await page.waitForURL(`${site.nginx.origin}/app/`);
  });

  it('removes a passkey: its sessions end and it opens nothing any more', async () => {
    const visitor = await member('bert');
    const { page, authenticator } = visitor;
    const first = (await userOf('bert')).credentials[0]?.id ?? '';
    await authenticator.use('usb');
    await authenticator.present(true);
    await page.click('#add-key');
    await page.waitForSelector('#keys li');
    const user = await userOf('bert');
    const second = user.credentials.find(({ id }) => id !== first)?.id ?? '';
    const elsewhere = await sessionOf(site.nginx, { userId: user.id, credentialId: second });
    expect((await get(site.nginx, '/app/', { cookie: elsewhere.cookie })).status).toBe(200);

    const other = await visit(site.nginx.origin, { transport: 'usb' });
    await authenticator.shareWith(other.authenticator);
    await page.reload();
    await page.click('#keys .danger');
    expect(await page.textContent('#remove-text')).toContain(fill(words.removeSessions, { count: 1 }));
    await page.click('#remove-now');
    await page.waitForSelector(`text=${words.removed}`);
    expect((await userOf('bert')).credentials.map(({ id }) => id)).toEqual([first]);
    expect(await page.locator('#activity li p:first-child').allTextContents()).toEqual([
      fill(words.activityRemoval, { name: 'Security key' }),
      fill(words.activityRegistration, { name: 'Security key' }),
      fill(words.activityRegistration, { name: 'Passkey on Chrome on Linux' }),
    ]);
    expect((await get(site.nginx, '/app/', { cookie: elsewhere.cookie })).status).toBe(401);
    expect((await get(site.nginx, '/app/', { cookie: await cookieOf(visitor) })).status).toBe(200);

    await expect.poll(() => authenticator.ids()).toEqual([]);
    await other.page.goto(`${site.nginx.origin}/app/`);
    await other.page.click('#go');
    await other.page.waitForSelector('#elsewhere:visible');
    await other.authenticator.present(true);
    await other.page.click('#elsewhere');
    await other.page.waitForSelector(`text=${loginScript.refusedTitle}`);
    expect(other.takeRefusals()).toEqual(['401 /fido2/assertion/result']);
  });

  it('asks for one touch where the last confirmation is old, and then goes on with the removal', async () => {
    const visitor = await member('carl');
    const { page, authenticator, context } = visitor;
    const { id: userId, credentials } = await userOf('carl');
    const old = await sessionOf(site.nginx, { userId, credentialId: credentials[0]?.id ?? '' }, { age: 6 * 60_000 });
    const [cookie] = await context.cookies();
    if (cookie === undefined) throw new Error('no cookie');
    await context.addCookies([{ ...cookie, value: old.cookie }]);
    await page.reload();
    await page.click('#devices .danger');
    await page.click('#remove-now');
    await page.waitForSelector(`text=${words.confirmFirst}`);
    await page.click('#cancel');
    await page.waitForSelector(`text=${ceremony.cancelled}`);
    expect((await userOf('carl')).credentials).toHaveLength(1);
    await authenticator.present(true);
    await page.click('#devices .danger');
    await page.click('#remove-now');
    await expect.poll(async () => (await userOf('carl')).credentials).toEqual([]);
    await page.waitForSelector('#go:visible');
    expect(new Set(visitor.takeRefusals())).toContain('401 /fido2/account/remove');
  });

  it('signs out another browser', async () => {
    const visitor = await member('dora');
    const { page, authenticator } = visitor;
    const other = await visit(site.nginx.origin);
    await authenticator.shareWith(other.authenticator);
    await other.page.goto(`${site.nginx.origin}/app/`);
    await signIn(other, `${site.nginx.origin}/app/`);
    await page.reload();
    await expect.poll(() => page.textContent('#activity li p')).toBe('Signed in with Passkey on Chrome on Linux');
    await page.click('#sessions li .text');
    await page.waitForSelector(`text=${words.signedOut}`);
    await other.page.reload();
    expect(new URL(other.page.url()).pathname).toBe('/fido2/login');
    expect(await other.page.textContent('.notice')).toBe('Your session has ended.');
    expect((await get(site.nginx, '/app/', { cookie: await cookieOf(visitor) })).status).toBe(200);
  });

  it('tells whoever signs out here how many sessions go on elsewhere', async () => {
    const { page } = await member('ella');
    const { id: userId, credentials } = await userOf('ella');
    await sessionOf(site.nginx, { userId, credentialId: credentials[0]?.id ?? '' });
    await page.reload();
    await page.waitForSelector('#sessions li .text');
    await page.click('header button');
    await page.waitForSelector(`text=${fill(signedOut.others, { count: 1 })}`);
    await page.reload();
    expect(await page.isVisible('#others')).toBe(false);
  });

  async function cookieOf({ context }: Awaited<ReturnType<typeof visit>>): Promise<string> {
    return (await context.cookies())[0]?.value ?? '';
  }
});
