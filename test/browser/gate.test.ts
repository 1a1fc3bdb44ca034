import { beforeAll, describe, expect, it } from 'vitest';
import { findUserByName, updateUser } from '../../src/identity/user.ts';
import { errorPage, login, loginScript, rules, stepUp as words } from '../../src/pages/en.ts';
import { fill } from '../../src/pages/sentence.ts';
import { type Visitor, visit } from '../helpers/browser.ts';
import { get } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { sessionOf } from '../helpers/session.ts';
import { type BrowserSite, enrolIn, startSite, upstreamHeading } from './site.ts';

const available = (await needs('nginx')) && (await needs('chromium'));

describe.runIf(available)('a gated page', () => {
  let site: BrowserSite;
  beforeAll(async () => {
    site = await startSite({ pages: { reasonsFor: ['operators'] } });
  });

  /** Signed in since this many minutes. */
  async function memberSince(minutes: number, user: string, groups: readonly string[] = []): Promise<Visitor> {
    const { nginx } = site;
    const visitor = await visit(nginx.origin);
    await enrolIn(visitor, nginx, user, groups);
    const found = await findUserByName(nginx.ports, user);
    const who = { userId: found?.value.id ?? '', credentialId: found?.value.credentials[0]?.id ?? '' };
    const { cookie: value } = await sessionOf(nginx, who, { age: minutes * 60_000 });
    const [cookie] = await visitor.context.cookies();
    if (cookie === undefined) throw new Error('no cookie');
    await visitor.context.addCookies([{ ...cookie, value }]);
    return visitor;
  }

  it('that wants a fresh confirmation asks for one touch and shows what was asked for', async () => {
    const { page, authenticator, context } = await memberSince(12, 'ada', ['admins']);
    const target = `${site.nginx.origin}/admin/users?page=2#last`;
    const [before] = await context.cookies();
    await page.goto(target);
    expect(await page.textContent('h1')).toBe(words.title);
    expect(await page.textContent('main')).toContain(fill(words.last, { age: '12 minutes ago' }));
    expect(await page.textContent('.who')).toContain('ada');
    await authenticator.present(true);
    await page.click('#go');
    await page.waitForURL(target);
    expect(await page.textContent('h1')).toBe(upstreamHeading);
    const [after] = await context.cookies();
    expect(after?.value).not.toBe(before?.value);
    expect((await get(site.nginx, '/app/', { cookie: before?.value })).status).toBe(200);
    expect((await get(site.nginx, '/admin/', { cookie: before?.value })).status).toBe(401);
  });

  it('that was confirmed for leaves the device with the passkeys that work and the name of today', async () => {
    const { page, authenticator } = await memberSince(12, 'kira', ['admins']);
    const found = await findUserByName(site.nginx.ports, 'kira');
    await updateUser(site.nginx.ports, found?.value.id ?? '', () => ({ displayName: 'Kira Nowak' }));
    const kept = await authenticator.ids();
    const stale = await authenticator.besideStale();
    expect(await stale()).toBe(1);
    await page.goto(`${site.nginx.origin}/admin/`);
    await authenticator.present(true);
    await page.click('#go');
    await page.waitForURL(`${site.nginx.origin}/admin/`);
    await expect.poll(stale).toBe(0);
    expect(await authenticator.ids()).toEqual(kept);
    expect(await authenticator.accounts()).toEqual([{ name: 'kira', displayName: 'Kira Nowak' }]);
  });

  it('that wants a fresh confirmation does not take another user’s', async () => {
    const other = await visit(site.nginx.origin);
    await enrolIn(other, site.nginx, 'mallory', ['admins']);
    const visitor = await memberSince(12, 'bert', ['admins']);
    const { page, authenticator } = visitor;
    await page.goto(`${site.nginx.origin}/admin/`);
    await authenticator.clear();
    await other.authenticator.shareWith(authenticator);
    await authenticator.present(true);
    await page.click('#go');
    await expect.poll(() => page.getAttribute('#go', 'aria-disabled')).toBeNull();
    expect(new URL(page.url()).pathname).toBe('/fido2/login');
    const [cookie] = await visitor.context.cookies();
    expect((await get(site.nginx, '/admin/', { cookie: cookie?.value })).status).toBe(401);
  });

  it('can be left for another account instead of confirming', async () => {
    const { page, context } = await memberSince(12, 'carl', ['admins']);
    await page.goto(`${site.nginx.origin}/admin/`);
    await page.click('#leave button');
    await expect.poll(() => page.textContent('h1')).toBe(login.title);
    expect(await page.textContent('.lead')).toContain('/admin/');
    expect(await context.cookies()).toEqual([]);
  });

  it('that does not help a second time says so instead of asking on and on', async () => {
    const visitor = await memberSince(12, 'dora', ['admins']);
    const { page, authenticator } = visitor;
    await page.goto(`${site.nginx.origin}/admin/`);
    await authenticator.present(true);
    await page.click('#go');
    await page.waitForURL(`${site.nginx.origin}/admin/`);
    await authenticator.present(false);
    await page.goto(`${site.nginx.origin}/fido2/login?step_up=1&return_to=/admin/`);
    await page.waitForSelector(`text=${loginScript.stillTitle}`);
  });

  it('that a form was sent to asks for the form again, and repeats nothing', async () => {
    const send = async ({ page }: Visitor) => {
      await page.goto(`${site.nginx.origin}/app/`);
      await page.evaluate(`document.body.innerHTML = '<form method="post" action="/admin/users"><button>Send'`);
      await page.click('form button');
      await page.waitForSelector('#go:visible');
      return page.textContent('.notice');
    };
    const before = site.upstream.arrived.length;
    const visitor = await memberSince(12, 'gina', ['admins']);
    expect(await send(visitor)).toBe(words.lost);
    await visitor.authenticator.present(true);
    await visitor.page.click('#go');
    await visitor.page.waitForURL(`${site.nginx.origin}/`);
    const stranger = await memberSince(0, 'hugo');
    await stranger.page.goto(`${site.nginx.origin}/app/`);
    await stranger.context.clearCookies();
    await stranger.page.evaluate(`document.body.innerHTML = '<form method="post" action="/app/"><button>Send'`);
    await stranger.page.click('form button');
    await stranger.page.waitForSelector('#go:visible');
    expect(await stranger.page.textContent('.notice')).toBe(login.lost);
    expect(site.upstream.arrived.slice(before).filter(({ method }) => method === 'POST')).toEqual([]);
  });

  it('that is forbidden names the rule to those whom the settings name, and to nobody else', async () => {
    const rule = fill(errorPage.reason, { policy: 'admin', rule: fill(rules.anyGroup, { names: 'admins' }) });
    const operator = await memberSince(0, 'ines', ['operators']);
    await operator.page.goto(`${site.nginx.origin}/admin/`);
    expect(await operator.page.textContent('main')).toContain(rule);
    const other = await memberSince(0, 'jana', ['staff']);
    await other.page.goto(`${site.nginx.origin}/admin/`);
    expect(await other.page.textContent('main')).not.toContain('policy');
    expect([...operator.takeRefusals(), ...other.takeRefusals()]).toEqual(['403 /admin/', '403 /admin/']);
  });

  it('that is forbidden says who is signed in, whom to tell what, and lets one change the account', async () => {
    const visitor = await memberSince(0, 'emil');
    const { page, context } = visitor;
    const answer = await page.goto(`${site.nginx.origin}/admin/`);
    expect(answer?.status()).toBe(403);
    expect(await page.textContent('main')).toContain(fill(errorPage.signedInAs, { name: 'emil' }));
    const ref = (await page.textContent('#ref')) ?? '';
    expect(site.nginx.audit().find((entry) => entry.ref === ref)).toMatchObject({
      code: 'not_allowed',
      policy: 'admin',
    });
    expect(visitor.takeRefusals()).toEqual(['403 /admin/']);
    await page.click(`text=${errorPage.otherAccount}`);
    await page.waitForURL(`${site.nginx.origin}/fido2/signed-out`);
    expect(await context.cookies()).toEqual([]);
  });

  it('asked for by a script gets a status and no page', async () => {
    const visitor = await memberSince(0, 'finn');
    await visitor.page.goto(`${site.nginx.origin}/app/`);
    await visitor.context.clearCookies();
    const told = await visitor.page.evaluate(
      `fetch('/app/data').then(async (answer) => [answer.status, (await answer.json()).code, answer.redirected])`,
    );
    expect(told).toEqual([401, 'session_required', false]);
    expect(visitor.takeRefusals()).toEqual(['401 /app/data']);
  });
});
