import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RequestOptionsJSON } from '../../src/protocol/options.ts';
import { Authenticator } from '../helpers/authenticator.ts';
import { type Enrolment, enrol, get, invite, login, post } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { startUpstream, type Upstream } from '../helpers/upstream.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { statuses } from './sites.ts';

describe.runIf(await needs('nginx'))('what lives through', () => {
  let nginx: RunningNginx;
  let upstream: Upstream;
  let passkey: Authenticator;
  let ada: Enrolment;

  beforeAll(async () => {
    upstream = await startUpstream();
    nginx = await startNginx({ upstream, workers: 2 });
    passkey = new Authenticator({ origin: nginx.origin, counterStep: 0 });
    ada = await enrol(nginx, passkey, { user: 'ada', groups: ['admins'] });
  });

  let cookie: string;
  let options: RequestOptionsJSON;
  beforeEach(async () => {
    cookie = await login(nginx, passkey);
    options = (await post(nginx, '/fido2/assertion/options', {})).json<RequestOptionsJSON>();
  });

  async function refusalOf(response: object): Promise<unknown> {
    expect((await post(nginx, '/fido2/assertion/result', response)).status).toBe(401);
    return nginx.audit().at(-1)?.code;
  }

  function resize(zone: string, size: string): void {
    const path = join(nginx.folder, 'conf/fido2/http.conf');
    const text = readFileSync(path, 'utf8');
    const changed = text.replace(new RegExp(`zone=${zone}:\\d+m`), `zone=${zone}:${size}`);
    if (changed === text) throw new Error(`no zone ${zone} of another size`);
    writeFileSync(path, changed);
  }

  it('a restart: sessions, users, invites and keys, but no challenge', async () => {
    const { code } = await invite(nginx, { user: `guest-${Date.now()}` });
    const keys = (await get(nginx, '/fido2/jwks.json')).text;
    await nginx.restart();
    expect(await statuses(nginx, cookie)).toEqual([200]);
    expect((await get(nginx, '/fido2/session', { cookie })).json()).toMatchObject({ user: 'ada', sub: ada.userId });
    expect((await get(nginx, '/fido2/jwks.json')).text).toBe(keys);
    expect((await post(nginx, '/fido2/attestation/options', { invite: code })).status).toBe(200);
    expect(await refusalOf(passkey.get(options))).toBe('challenge_invalid');
    expect(await statuses(nginx, await login(nginx, passkey))).toEqual([200]);
  });

  it('a restart after the answer: a used challenge stays used', async () => {
    const response = passkey.get(options);
    expect((await post(nginx, '/fido2/assertion/result', response)).status).toBe(200);
    await nginx.restart();
    expect(await refusalOf(response)).toBe('challenge_invalid');
  });

  it('a reload: everything, challenges too, and their use', async () => {
    const [answered, pending] = [passkey.get(options), options];
    expect((await post(nginx, '/fido2/assertion/result', answered)).status).toBe(200);
    const later = (await post(nginx, '/fido2/assertion/options', {})).json<RequestOptionsJSON>();
    await nginx.reload();
    expect(await refusalOf(answered)).toBe('challenge_used');
    expect(await refusalOf(passkey.get(pending))).toBe('challenge_used');
    expect((await post(nginx, '/fido2/assertion/result', passkey.get(later))).status).toBe(200);
    expect(await statuses(nginx, cookie)).toEqual([200]);
  });

  it('another size of the zone of used challenges at a reload: they die with the boot id', async () => {
    const response = passkey.get(options);
    expect((await post(nginx, '/fido2/assertion/result', response)).status).toBe(200);
    resize('fido2_claims', '9m');
    await nginx.reload();
    expect(await refusalOf(response)).toBe('challenge_invalid');
    expect(await statuses(nginx, cookie)).toEqual([200]);
    expect(await statuses(nginx, await login(nginx, passkey))).toEqual([200]);
  });

  it('another size of the zones of tokens and of state at a reload: sessions, and what was ended stays so', async () => {
    const ended = await login(nginx, passkey);
    expect(await statuses(nginx, ended)).toEqual([200]);
    expect((await post(nginx, '/fido2/logout', {}, { cookie: ended })).status).toBe(204);
    resize('fido2_token', '32m');
    resize('fido2_state', '9m');
    await nginx.reload();
    expect(await statuses(nginx, ended)).toEqual([401]);
    expect(await statuses(nginx, cookie)).toEqual([200]);
  });

  it('a reload under load: every request, those that ask the session engine too', async () => {
    const upgrade = { Connection: 'upgrade', Upgrade: 'websocket', Origin: nginx.origin };
    let isOver = false;
    const failures: unknown[] = [];
    let count = 0;
    const ask = async (headers: Record<string, string>) => {
      while (!isOver) {
        const { status, text } = await get(nginx, '/app/', { cookie, headers });
        count++;
        if (status !== 200) failures.push([status, text]);
      }
    };
    const askers = Array.from({ length: 4 }, (_, i) => ask(i % 2 === 0 ? {} : upgrade));
    for (let i = 0; i < 2; i++) await nginx.reload();
    isOver = true;
    await Promise.all(askers);
    expect(failures).toEqual([]);
    expect(count).toBeGreaterThan(50);
  });
});

describe.runIf(await needs('nginx')).each(['reused', 'fresh'] as const)('settings on disk, contexts %s', (contexts) => {
  it('count from the next reload on, not before', async () => {
    const nginx = await startNginx({ upstream: await startUpstream(), contexts });
    const path = join(nginx.folder, 'fido2.json');
    const document = JSON.parse(readFileSync(path, 'utf8')) as object;
    const { cookie } = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'bob' });
    nginx.writeSettings({ ...document, policies: { user: { groups: ['nobody'] } } });
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(await statuses(nginx, cookie)).toEqual([200]);
    await nginx.reload();
    await waitFor(async () => (await statuses(nginx, cookie)).join() === '403', 'the new settings to count');
    expect(nginx.errorLog().split('fido2: fit:').length - 1).toBe(2);
  });
});
