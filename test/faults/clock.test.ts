import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RequestOptionsJSON } from '../../src/protocol/options.ts';
import { cleanUp } from '../helpers/cleanup.ts';
import { get, login, post } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { gatedLocation } from '../helpers/site-conf.ts';
import { startUpstream, type Upstream } from '../helpers/upstream.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { type Site, siteWith } from './sites.ts';

const minutes = 60_000;
const hours = 60 * minutes;

describe.runIf(await needs('nginx'))('a clock that jumps', () => {
  let site: Site;
  let upstream: Upstream;
  let offset: string;

  /** Moves the clock that the workers read, as against the right one. */
  function jump(milliseconds: number): void {
    writeFileSync(offset, String(milliseconds));
  }

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fido2-clock-'));
    cleanUp(() => rmSync(folder, { recursive: true, force: true }));
    chmodSync(folder, 0o755);
    offset = join(folder, 'offset');
    jump(0);
    const patch = {
      file: 'src/nginx/runtime.ts',
      find: 'now: () => Date.now() }',
      replace: `now: () => Date.now() + Number(fs.readFileSync(${JSON.stringify(offset)}, 'utf8')) }`,
    };
    upstream = await startUpstream();
    site = await siteWith([patch], {
      upstream,
      locations: gatedLocation('/brief/', 'brief'),
      settings: {
        session: { idle: '30m', absolute: '2h' },
        policies: { user: {}, brief: { maxAge: '5m' } },
      },
    });
  });
  afterEach(() => jump(0));

  /** What the session engine says now, past what is remembered: an upgrade is decided each time. */
  async function decided(path: string, cookie: string): Promise<number> {
    const headers = { Connection: 'upgrade', Upgrade: 'websocket', Origin: site.nginx.origin };
    return (await get(site.nginx, path, { cookie, headers })).status;
  }

  it('back lengthens no session past its end, idle or absolute', async () => {
    const cookie = await login(site.nginx, site.passkey);
    for (const back of [-1, -30 * minutes, -24 * hours]) {
      jump(back);
      expect(await decided('/app/', cookie)).toBe(200);
      jump(31 * minutes);
      expect(await decided('/app/', cookie)).toBe(401);
      jump(3 * hours);
      expect(await decided('/app/', cookie)).toBe(401);
      expect((await get(site.nginx, '/fido2/session', { cookie })).status).toBe(401);
    }
  });

  it('forth and back again lets the use of the time ahead count for nothing after the absolute end', async () => {
    const cookie = await login(site.nginx, site.passkey);
    for (let ahead = 20 * minutes; ahead < 2 * hours; ahead += 20 * minutes) {
      jump(ahead);
      expect(await decided('/app/', cookie)).toBe(200);
    }
    jump(2 * hours + 1000);
    expect(await decided('/app/', cookie)).toBe(401);
    jump(-1 * hours);
    expect(await decided('/app/', cookie)).toBe(200);
    jump(2 * hours + 1000);
    expect(await decided('/app/', cookie)).toBe(401);
  });

  it('back keeps nothing in the memory of the gate', async () => {
    const { nginx, passkey } = site;
    const cookie = await login(nginx, passkey);
    const remembered = async () => {
      expect((await get(nginx, '/app/', { cookie })).status).toBe(200);
      return upstream.last().header('fido2-identity');
    };
    const aTick = () => new Promise((resolve) => setTimeout(resolve, 2_000));
    jump(10 * minutes);
    await aTick();
    const token = await remembered();
    await aTick();
    expect(await remembered()).toBe(token);
    jump(0);
    await waitFor(async () => (await remembered()) !== token, 'what was remembered to go');
  });

  it('back makes no confirmation fresh: one of the future is none', async () => {
    const cookie = await login(site.nginx, site.passkey);
    expect(await decided('/brief/', cookie)).toBe(200);
    jump(-10 * minutes);
    expect(await decided('/brief/', cookie)).toBe(401);
    jump(6 * minutes);
    expect(await decided('/brief/', cookie)).toBe(401);
    const answer = await post(site.nginx, '/fido2/attestation/options', {}, { cookie });
    expect(answer.json().code).toBe('step_up_required');
  });

  it('forth ends challenges, and back does not use one twice', async () => {
    const { nginx, passkey } = site;
    const options = (await post(nginx, '/fido2/assertion/options', {})).json<RequestOptionsJSON>();
    jump(6 * minutes);
    expect((await post(nginx, '/fido2/assertion/result', passkey.get(options))).status).toBe(401);
    jump(-24 * hours);
    expect((await post(nginx, '/fido2/assertion/result', passkey.get(options))).status).toBe(200);
    expect((await post(nginx, '/fido2/assertion/result', passkey.get(options))).status).toBe(401);
    expect(nginx.audit().at(-1)?.code).toBe('challenge_used');
  });
});
