import { readFileSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { rotateMacRing } from '../../src/identity/mac-keys.ts';
import type { RequestOptionsJSON } from '../../src/protocol/options.ts';
import { Authenticator } from '../helpers/authenticator.ts';
import { enrol, get, login, loginAnswer, post } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { startUpstream, type Upstream } from '../helpers/upstream.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { statuses } from './sites.ts';

const hasNginx = await needs('nginx');
let upstream: Upstream;

beforeAll(async () => {
  upstream = await startUpstream();
});

/** The smallest zone that nginx makes, and no limit on who fills it. */
function smallest(zone: string): (folder: string) => void {
  return (folder) => {
    const path = join(folder, 'conf/fido2/http.conf');
    const text = readFileSync(path, 'utf8');
    const changed = text.replace(new RegExp(`zone=${zone}:\\d+m`), `zone=${zone}:32k`);
    if (changed === text) throw new Error(`no zone ${zone}`);
    writeFileSync(path, changed.replaceAll(/rate=\d+r/g, 'rate=10000r'));
  };
}

async function siteWithSmall(zone: string): Promise<{ nginx: RunningNginx; passkey: Authenticator }> {
  const nginx = await startNginx({ upstream, workers: 2, prepare: smallest(zone) });
  const passkey = new Authenticator({ origin: nginx.origin, counterStep: 0 });
  await enrol(nginx, passkey, { user: 'ada' });
  return { nginx, passkey };
}

/** A counter of the internal listener's metrics; 0 where it does not stand there. */
function metric({ folder }: RunningNginx, name: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const target = { socketPath: join(folder, 'run/fido2.sock'), path: '/fido2/metrics', headers: { Host: 'fido2' } };
    const sent = httpRequest(target, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      answer.on('end', () => resolve(Number(new RegExp(`"${name}"} (\\d+)`).exec(text)?.[1] ?? 0)));
    });
    sent.on('error', reject);
    sent.end();
  });
}

describe.runIf(hasNginx)('a full zone', () => {
  it('of tokens means that nothing more is remembered, and nobody is refused', async () => {
    const { nginx, passkey } = await siteWithSmall('fido2_token');
    const cookies: string[] = [];
    for (let i = 0; i < 60; i++) cookies.push(await login(nginx, passkey));
    for (const cookie of cookies) expect((await get(nginx, '/app/', { cookie })).status).toBe(200);
    expect(await metric(nginx, 'token_zone_full')).toBeGreaterThan(0);
    for (const cookie of cookies) expect((await get(nginx, '/app/', { cookie })).status).toBe(200);
    const last = cookies.at(-1) ?? '';
    expect((await post(nginx, '/fido2/logout', {}, { cookie: last })).status).toBe(204);
    expect(await statuses(nginx, last)).toEqual([401]);
  });

  it('of used challenges means no login without a claim, and good sessions go on', async () => {
    const { nginx, passkey } = await siteWithSmall('fido2_claims');
    const cookie = await login(nginx, passkey);
    let answer = await loginAnswer(nginx, passkey);
    for (let i = 0; i < 400 && answer.status === 200; i++) answer = await loginAnswer(nginx, passkey);
    expect([answer.status, answer.json().code]).toEqual([503, 'overloaded']);
    expect(answer.setCookie).toEqual([]);
    expect(answer.headers['retry-after']).toBe('5');
    expect(await statuses(nginx, cookie)).toEqual([200]);
  });

  it('of used challenges is not filled by answers that do not hold', async () => {
    const { nginx, passkey } = await siteWithSmall('fido2_claims');
    const garbage = (signature: Uint8Array) => signature.map((byte, i) => (i === 20 ? byte ^ 1 : byte));
    for (let i = 0; i < 300; i++) {
      const options = (await post(nginx, '/fido2/assertion/options', {})).json<RequestOptionsJSON>();
      const response = passkey.get(options, { signature: garbage });
      expect((await post(nginx, '/fido2/assertion/result', response)).status).toBe(401);
    }
    expect((await loginAnswer(nginx, passkey)).status).toBe(200);
  });

  it('of ended sessions is no success for who ends one, and opens nothing', async () => {
    const { nginx, passkey } = await siteWithSmall('fido2_state');
    let [cookie, status] = ['', 204];
    for (let i = 0; i < 400 && status === 204; i++) {
      cookie = await login(nginx, passkey);
      expect((await get(nginx, '/app/', { cookie })).status).toBe(200);
      status = (await post(nginx, '/fido2/logout', {}, { cookie })).status;
    }
    expect(status).toBe(503);
    expect(await statuses(nginx, cookie)).toEqual([401]);
    const good = await login(nginx, passkey);
    expect(await statuses(nginx, good)).toEqual([200]);
    await rotateMacRing(nginx.ports, { now: true });
    await waitFor(async () => (await statuses(nginx, good)).join() === '401', 'the dropped key to count');
  });
});
