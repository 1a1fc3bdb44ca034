import { beforeAll, describe, expect, it } from 'vitest';
import { findUserByName, updateUser } from '../../src/identity/user.ts';
import { errorPage, stepUp as words } from '../../src/pages/en.ts';
import { errors } from '../../src/pages/en-errors.ts';
import { fill } from '../../src/pages/sentence.ts';
import { visit } from '../helpers/browser.ts';
import { needs } from '../helpers/needs.ts';
import { sessionOf } from '../helpers/session.ts';
import { gatedLocation } from '../helpers/site-conf.ts';
import { type BrowserSite, enrolIn, startSite, upstreamHeading } from './site.ts';

const available = (await needs('nginx')) && (await needs('chromium'));

describe.runIf(available)('a page for attested passkeys', () => {
  let site: BrowserSite;
  let target: string;

  beforeAll(async () => {
    const policies = {
      attested: { authenticator: { attested: true }, hints: ['security-key'], contact: 'the keys team' },
      vault: { maxAge: '5m', hints: ['security-key'] },
    };
    const locations = gatedLocation('/attested/', 'attested') + gatedLocation('/vault/', 'vault');
    site = await startSite({ policies }, { locations });
    target = `${site.nginx.origin}/attested/x?y=1`;
  });

  async function userOf(name: string) {
    const found = await findUserByName(site.nginx.ports, name);
    if (found === null) throw new Error(`no user ${name}`);
    return found.value;
  }

  it('takes the passkey of the same person that is attested, and goes on to where the person wanted', async () => {
    const visitor = await visit(site.nginx.origin);
    const { page, authenticator } = visitor;
    await enrolIn(visitor, site.nginx, 'ada');
    await page.goto(`${site.nginx.origin}/fido2/account`);
    await page.waitForSelector('#passkeys:visible');
    await authenticator.use('usb');
    await authenticator.present(true);
    await page.click('#add-key');
    await page.waitForSelector('#keys li');
    const { id } = await userOf('ada');
    await updateUser(site.nginx.ports, id, ({ credentials }) => ({
      credentials: credentials.map((each) => ({ ...each, attested: each.transports.includes('usb') })),
    }));
    await page.goto(target);
    expect(await page.textContent('h1')).toBe(errors.otherPasskeyTitle);
    await page.click(`text=${errorPage.otherPasskey}`);
    await page.waitForSelector('#go:visible');
    const shown = fill(words.needsOther, { target: target.replace('http://', '') });
    expect(await page.textContent('main')).toContain(shown);
    const options = JSON.parse((await page.textContent('#data')) ?? '{}').options;
    expect(options).toMatchObject({ hints: ['security-key'], allowCredentials: [{ transports: ['usb'] }] });
    await page.click('#go');
    await page.waitForURL(target);
    expect(await page.textContent('h1')).toBe(upstreamHeading);
    expect(visitor.takeRefusals()).toEqual(['403 /attested/x?y=1']);
  });

  it('tells whoever has none whom to ask', async () => {
    const visitor = await visit(site.nginx.origin);
    const { page } = visitor;
    await enrolIn(visitor, site.nginx, 'bert');
    await page.goto(target);
    expect(await page.textContent('main')).toContain(fill(errorPage.contact, { contact: 'the keys team' }));
    await page.click(`text=${errorPage.otherPasskey}`);
    await expect.poll(() => page.textContent('h1')).toBe(words.noneTitle);
    expect(await page.textContent('main')).toContain(fill(words.noneContact, { contact: 'the keys team' }));
    expect(await page.locator('#go').count()).toBe(0);
    await page.click(`a:text-is("${words.yourPasskeys}")`);
    await page.waitForSelector('#passkeys:visible');
    expect(visitor.takeRefusals()).toEqual(['403 /attested/x?y=1']);
  });

  it('and one for a fresh confirmation tell browsers which kind of passkey to offer', async () => {
    const visitor = await visit(site.nginx.origin);
    const { page, context } = visitor;
    await enrolIn(visitor, site.nginx, 'carl');
    const user = await userOf('carl');
    const who = { userId: user.id, credentialId: user.credentials[0]?.id ?? '' };
    const { cookie: value } = await sessionOf(site.nginx, who, { age: 6 * 60_000 });
    const [cookie] = await context.cookies();
    if (cookie === undefined) throw new Error('no cookie');
    await context.addCookies([{ ...cookie, value }]);
    await page.goto(`${site.nginx.origin}/vault/`);
    await page.waitForSelector('#go:visible');
    expect(JSON.parse((await page.textContent('#data')) ?? '{}').options.hints).toEqual(['security-key']);
  });
});
