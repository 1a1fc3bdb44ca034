import { beforeAll, describe, expect, it } from 'vitest';
import { demoMembership } from '../../src/cli/demo-membership.ts';
import { runDemoUpstream } from '../../src/cli/demo-upstream.ts';
import { findUserByName } from '../../src/identity/user.ts';
import { demo, demoScript as words } from '../../src/pages/en-demo.ts';
import { visit } from '../helpers/browser.ts';
import { cleanUp } from '../helpers/cleanup.ts';
import { freePort } from '../helpers/free-port.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { sessionOf } from '../helpers/session.ts';
import { enrolIn } from './site.ts';

const available = (await needs('nginx')) && (await needs('chromium'));

const gated = (policy: string, path: string) =>
  `location ${path} { auth_request /fido2/authorize/${policy}; include fido2/upstream.conf; proxy_pass http://app$fido2_deny; }`;

describe.runIf(available)('the demo page', () => {
  let nginx: RunningNginx;
  const changes: unknown[] = [];

  beforeAll(async () => {
    const port = await freePort();
    nginx = await startNginx({
      upstream: { port },
      settings: { identity: { refresh: '3s' } },
      locations: `${gated('user', '/app')} ${gated('admin', '/admin')}`,
    });
    const { origin, ports } = nginx;
    const audit = (...change: unknown[]) => void changes.push(change);
    const upstream = await runDemoUpstream({
      ...{ listen: port, jwks: `${origin}/fido2/jwks.json`, issuer: origin, audience: origin },
      ...{ conf: 'include fido2/http.conf;', about: 'nginx and njs', membership: demoMembership({ ports, audit }, 3) },
    });
    cleanUp(() => upstream.close());
  });

  async function member(user: string, groups: readonly string[]) {
    const visitor = await visit(nginx.origin);
    await enrolIn(visitor, nginx, user, groups);
    await visitor.page.goto(`${nginx.origin}/app`);
    return visitor;
  }

  it('sends what its buttons say, and shows what came of it', async () => {
    const visitor = await member('ada', ['admins']);
    const { page } = visitor;
    expect(await page.textContent('.facts')).toContain(demo.factVerified);
    expect(await page.locator('.facts .bad').count()).toBe(0);
    await page.reload();
    expect(await page.textContent('.facts')).toContain(demo.factRemembered);
    for (const [id, told] of [
      ['forge', words.forgedStopped],
      ['tamper', words.tamperedRefused],
      ['anonymous', words.anonymousRefused],
      ['admin', words.adminOpen],
    ] as const) {
      await page.click(`#${id}`);
      await expect.poll(() => page.textContent(`#${id}-answer`)).toContain(told);
    }
    await page.click('#measure');
    await expect.poll(() => page.textContent('#measure-answer'), { timeout: 30_000 }).toMatch(/^Gated [\d.]+ ms, open/);
    expect(await page.textContent('#countdown')).toMatch(/^\d+ s$/);
    await page.click(`text=${demo.wholeConfiguration}`);
    await expect.poll(() => page.textContent('mark')).toBe('include fido2/http.conf;');
    expect(visitor.takeRefusals()).toEqual(['401 /app']);
  });

  it('takes people out of the group admins, is refused within the bound, and puts them back', async () => {
    const visitor = await member('bert', ['admins']);
    const { page } = visitor;
    await page.click('#leave');
    await page.waitForSelector('#leave-answer .good', { timeout: 20_000 });
    const seconds = Number(/after ([\d.]+) s/.exec((await page.textContent('#leave-answer')) ?? '')?.[1]);
    expect(seconds).toBeLessThanOrEqual(4);
    expect((await findUserByName(nginx.ports, 'bert'))?.value.groups).toEqual([]);
    await page.click('#leave-answer button');
    await page.waitForSelector(`text=${words.back}`);
    expect((await findUserByName(nginx.ports, 'bert'))?.value.groups).toEqual(['admins']);
    expect(changes).toMatchObject([
      ['group_remove', { name: 'bert', group: 'admins' }],
      ['group_add', { name: 'bert', group: 'admins' }],
    ]);
    expect(visitor.takeRefusals()).toEqual(['403 /admin']);
  });

  it('puts nobody into the group who was not in it, and is moved by no other site', async () => {
    const visitor = await member('carl', []);
    const { page } = visitor;
    const send = (type: string) =>
      page.evaluate<number>(
        `fetch('/app/group', {method: 'POST', headers: {'content-type': '${type}'}, body: '{"member":true}'}).then((answer) => answer.status)`,
      );
    expect([await send('application/json'), await send('text/plain')]).toEqual([409, 409]);
    await page.click('#leave');
    await page.waitForSelector(`text=${words.leaveFirst}`);
    expect((await findUserByName(nginx.ports, 'carl'))?.value.groups).toEqual([]);
    expect(visitor.takeRefusals()).toEqual(['409 /app/group', '409 /app/group', '403 /admin']);
  });

  it('sends whoever confirmed too long ago for one touch, and shows the same request again', async () => {
    const visitor = await member('dora', ['admins']);
    const { page, context, authenticator } = visitor;
    const user = (await findUserByName(nginx.ports, 'dora'))?.value;
    const who = { userId: user?.id ?? '', credentialId: user?.credentials[0]?.id ?? '' };
    const { cookie: value } = await sessionOf(nginx, who, { age: 6 * 60_000 });
    const [cookie] = await context.cookies();
    if (cookie === undefined) throw new Error('no cookie');
    await context.addCookies([{ ...cookie, value }]);
    await page.click('#admin');
    await page.click(`#admin-answer a`);
    await page.waitForSelector('#go:visible');
    await authenticator.present(true);
    await page.click('#go');
    await expect.poll(() => page.textContent('#admin-answer')).toContain(words.adminOpen);
    expect(visitor.takeRefusals()).toEqual(['401 /admin']);
  });
});
