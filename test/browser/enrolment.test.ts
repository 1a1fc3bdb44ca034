import { beforeAll, describe, expect, it } from 'vitest';
import { findUserByName } from '../../src/identity/user.ts';
import { account, creation, enrol as words } from '../../src/pages/en.ts';
import { visit } from '../helpers/browser.ts';
import { get, invite } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type BrowserSite, enrolIn, startSite, upstreamHeading } from './site.ts';

const available = (await needs('nginx')) && (await needs('chromium'));

describe.runIf(available)('enrolling', () => {
  let site: BrowserSite;
  beforeAll(async () => {
    site = await startSite();
  });

  async function passkeysOf(user: string) {
    return (await findUserByName(site.nginx.ports, user))?.value.credentials ?? [];
  }

  it('by a link creates a passkey, signs in, keeps the name given, and leads on', async () => {
    const { nginx } = site;
    const visitor = await visit(nginx.origin);
    const { page, authenticator } = visitor;
    const { code } = await invite(nginx, { user: 'ada', life: 3_600_000 });
    await page.goto(`${nginx.origin}/fido2/enrol#${code}`);
    await page.waitForSelector('#create:visible');
    const expires = new Date(Date.now() + 3_600_000).getFullYear();
    expect(await page.textContent('#once')).toContain(`until`);
    expect(await page.textContent('#once')).toContain(`${expires}`);
    await page.goto(`${nginx.origin}/fido2/signed-out`);
    await enrolIn(visitor, nginx, 'ada');
    expect(page.url()).toBe(`${nginx.origin}/fido2/enrol`);
    await page.fill('#passkey-name', 'Ada’s laptop');
    await page.keyboard.press('Enter');
    await page.waitForSelector(`text=${creation.saved}`);
    const kept = await passkeysOf('ada');
    expect(kept.map(({ id, name }) => ({ id, name }))).toEqual([
      { id: (await authenticator.ids())[0], name: 'Ada’s laptop' },
    ]);
    await page.click('#continue');
    await page.waitForURL(`${nginx.origin}/`);
    await page.goto(`${nginx.origin}/app/first`);
    expect(await page.textContent('h1')).toBe(upstreamHeading);
  });

  it('adds a second passkey right away, on a key of another kind', async () => {
    const visitor = await visit(site.nginx.origin);
    const { page, authenticator } = visitor;
    await enrolIn(visitor, site.nginx, 'bert');
    await authenticator.use('usb');
    await authenticator.present(true);
    await page.click('#add-second');
    await page.waitForSelector(`text=${creation.added}`);
    expect((await passkeysOf('bert')).map(({ transports }) => transports)).toEqual([['internal'], ['usb']]);
    expect(await page.isVisible('#second')).toBe(false);
  });

  it('by a used link, and by one that has expired, ends in the same words', async () => {
    const { nginx } = site;
    const visitor = await visit(nginx.origin);
    const used = await invite(nginx, { user: 'carl' });
    const expired = await invite(nginx, { user: 'carl', life: -1 });
    const { page, authenticator } = visitor;
    await page.goto(`${nginx.origin}/fido2/enrol#${used.code}`);
    await authenticator.present(true);
    await page.click('#create');
    await page.waitForSelector('#passkey-name:visible');
    await visitor.context.clearCookies();
    const seen: (string | null)[] = [];
    for (const code of [used.code, expired.code, 'x'.repeat(27)]) {
      await page.goto(`${nginx.origin}/fido2/signed-out`);
      await page.goto(`${nginx.origin}/fido2/enrol#${code}`);
      await page.waitForSelector(`text=${words.deadTitle}`);
      seen.push(((await page.textContent('[data-view="dead"]')) ?? '').replace(/[0-9a-f]{8}/, 'REF'));
    }
    expect(new Set(seen).size).toBe(1);
    expect(seen[0]).toContain('REF');
    expect(await passkeysOf('carl')).toHaveLength(1);
    expect(visitor.takeRefusals()).toEqual(Array.from({ length: 3 }, () => '410 /fido2/attestation/options'));
  });

  it('by somebody else’s link asks first, and then signs the other one out', async () => {
    const { nginx } = site;
    const visitor = await visit(nginx.origin);
    const { page, authenticator, context } = visitor;
    await enrolIn(visitor, nginx, 'dora');
    const [{ value: cookie } = { value: '' }] = await context.cookies();
    const { code } = await invite(nginx, { user: 'emil' });
    await page.goto(`${nginx.origin}/fido2/signed-out`);
    await page.goto(`${nginx.origin}/fido2/enrol#${code}`);
    await page.waitForSelector(`text=${words.otherTitle}`);
    expect(await page.textContent('[data-view="other"]')).toContain('dora');
    expect((await get(nginx, '/app/', { cookie })).status).toBe(200);
    await page.click('#leave');
    await page.waitForSelector('#create:visible');
    expect((await get(nginx, '/app/', { cookie })).status).toBe(401);
    await authenticator.present(true);
    await page.click('#create');
    await page.waitForSelector('#passkey-name:visible');
    await page.goto(`${nginx.origin}/fido2/account`);
    expect(await page.textContent('.who')).toBe('emil');
    expect(await page.textContent('h1')).toBe(account.title);
  });

  it('given up leaves the link good, and an excluded device is told so', async () => {
    const { nginx } = site;
    const visitor = await visit(nginx.origin);
    const { page, authenticator } = visitor;
    const { code } = await invite(nginx, { user: 'finn' });
    await page.goto(`${nginx.origin}/fido2/enrol#${code}`);
    await page.click('#create');
    await page.click('#cancel');
    await page.waitForSelector('#create:not([aria-disabled])');
    expect(await passkeysOf('finn')).toEqual([]);
    await authenticator.present(true);
    await page.click('#create');
    await page.waitForSelector('#passkey-name:visible');
    await page.click('#add-second');
    await page.waitForSelector(`text=${creation.existsTitle}`);
    expect(await passkeysOf('finn')).toHaveLength(1);
  });
});
