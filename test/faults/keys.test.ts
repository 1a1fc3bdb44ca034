import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readMacRing, rotateMacRing } from '../../src/identity/mac-keys.ts';
import type { RequestOptionsJSON } from '../../src/protocol/options.ts';
import { get, login, post } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { startUpstream, type Upstream } from '../helpers/upstream.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { type Hold, startHold } from './hold.ts';
import { ignoresGeneration, minuteIsAlwaysDue, stopAfterEntry, stopBeforeEntry } from './points.ts';
import { type Site, siteWith, statuses } from './sites.ts';

const hasNginx = await needs('nginx');
let upstream: Upstream;
let hold: Hold;

beforeAll(async () => {
  upstream = await startUpstream();
  hold = await startHold();
});

/** Milliseconds: seconds are promised, the rest is for a machine that is busy. */
const soon = 8_000;

function keyIdOf(cookie: string): string {
  return cookie.slice(0, 4);
}

async function untilRefused({ nginx }: Site, cookie: string): Promise<void> {
  await waitFor(async () => (await statuses(nginx, cookie)).join() === '401', 'every worker to refuse');
}

describe.runIf(hasNginx)('rotation of the MAC keys, on two workers', () => {
  let site: Site;

  beforeAll(async () => {
    site = await siteWith([stopBeforeEntry(hold)], { upstream });
  });

  it('keeps sessions and challenges', async () => {
    const { nginx, passkey } = site;
    const cookie = await login(nginx, passkey);
    const options = (await post(nginx, '/fido2/assertion/options', {})).json<RequestOptionsJSON>();
    const [current] = (await rotateMacRing(nginx.ports, { now: false })).keys;
    expect(current?.id).not.toBe(keyIdOf(cookie));
    const isAdopted = async () => {
      const cookies = await Promise.all(Array.from({ length: 4 }, () => login(nginx, passkey)));
      return cookies.every((each) => keyIdOf(each) === current?.id);
    };
    await waitFor(isAdopted, 'cookies to be made with the new key');
    expect(await statuses(nginx, cookie)).toEqual([200]);
    expect((await get(nginx, '/fido2/session', { cookie })).status).toBe(200);
    expect((await post(nginx, '/fido2/assertion/result', passkey.get(options))).status).toBe(200);
  });

  it('with --now ends sessions and challenges on every worker, and only what is old', async () => {
    const { nginx, passkey } = site;
    const cookie = await login(nginx, passkey);
    expect(await statuses(nginx, cookie)).toEqual([200]);
    const options = (await post(nginx, '/fido2/assertion/options', {})).json<RequestOptionsJSON>();
    const from = Date.now();
    await rotateMacRing(nginx.ports, { now: true });
    await untilRefused(site, cookie);
    expect(Date.now() - from).toBeLessThan(soon);
    expect((await get(nginx, '/fido2/session', { cookie })).json().code).toBe('session_required');
    const late = await post(nginx, '/fido2/assertion/result', passkey.get(options));
    expect(late.json().code).toBe('authentication_failed');
    expect(nginx.audit().at(-1)).toMatchObject({ code: 'challenge_invalid' });
    const fresh = await login(nginx, passkey);
    expect(keyIdOf(fresh)).toBe((await readMacRing(nginx.ports.store))?.value.keys[0]?.id);
    expect(await statuses(nginx, fresh)).toEqual([200]);
  });

  it('with --now is not undone by a fill that was under way', async () => {
    const { nginx, passkey } = site;
    const [cookie, other] = [await login(nginx, passkey), await login(nginx, passkey)];
    expect(await statuses(nginx, other)).toEqual([200]);
    hold.close('before-entry');
    const filling = get(nginx, '/app/', { cookie });
    await hold.reached('before-entry');
    await rotateMacRing(nginx.ports, { now: true });
    await untilRefused(site, other);
    hold.open('before-entry');
    await filling;
    expect(await statuses(nginx, cookie)).toEqual([401]);
  });
});

describe.runIf(hasNginx)('a new generation', () => {
  it('is seen by every worker also when the work of each minute comes at the same time', async () => {
    const site = await siteWith([minuteIsAlwaysDue], { upstream });
    const cookie = await login(site.nginx, site.passkey);
    expect(await statuses(site.nginx, cookie)).toEqual([200]);
    await rotateMacRing(site.nginx.ports, { now: true });
    await untilRefused(site, cookie);
  });

  it.each([
    { name: 'is not undone by a fill under the old settings', patches: [], after: 403 },
    { name: 'would be undone by a fill that did not look', patches: [ignoresGeneration], after: 200 },
  ])('$name', async ({ patches, after }) => {
    const { nginx, passkey } = await siteWith([stopBeforeEntry(hold), stopAfterEntry(hold), ...patches], { upstream });
    const cookie = await login(nginx, passkey);
    hold.close('before-entry');
    const filling = get(nginx, '/app/', { cookie });
    await hold.reached('before-entry');
    const before = nginx.errorLog().length;
    const document = JSON.parse(readFileSync(join(nginx.folder, 'fido2.json'), 'utf8')) as object;
    nginx.writeSettings({ ...document, policies: { user: { groups: ['nobody'] } } });
    await nginx.reload();
    await waitFor(() => nginx.errorLog().slice(before).includes('settings: in force'), 'the new settings');
    hold.close('after-entry');
    hold.open('before-entry');
    await hold.reached('after-entry');
    hold.open('after-entry');
    await filling;
    expect(await statuses(nginx, cookie)).toEqual([after]);
  });
});
