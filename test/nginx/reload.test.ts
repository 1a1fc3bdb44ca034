import { describe, expect, it } from 'vitest';
import { Authenticator } from '../helpers/authenticator.ts';
import { enrol, get, login, post } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { startNginx } from '../helpers/nginx.ts';
import { readSettings } from '../helpers/records.ts';
import { startUpstream } from '../helpers/upstream.ts';

describe.runIf(await needs('nginx'))('reload and restart', () => {
  it('drops no request under load, hit or miss, and no login', async () => {
    const upstream = await startUpstream();
    const nginx = await startNginx({
      ...{ upstream, workers: 2 },
      // entries lapse at once: most requests ask the session engine
      settings: { identity: { ttl: '60s', refresh: '1s' } },
    });
    const passkey = new Authenticator({ origin: nginx.origin });
    const { cookie } = await enrol(nginx, passkey, { user: 'ada' });
    const seen = new Map<number, number>();
    let isOver = false;
    const load = async (work: () => Promise<number>): Promise<void> => {
      while (!isOver) {
        const status = await work();
        seen.set(status, (seen.get(status) ?? 0) + 1);
      }
    };
    const request = async (): Promise<number> => (await get(nginx, '/app/', { cookie })).status;
    const signIn = async (): Promise<number> =>
      (await get(nginx, '/app/', { cookie: await login(nginx, passkey) })).status;
    const loads = [load(request), load(request), load(request), load(signIn)];
    const reloads = (async () => {
      try {
        for (let i = 0; i < 8; i++) await nginx.reload();
      } finally {
        isOver = true;
      }
    })();
    await Promise.all([...loads, reloads]);
    expect([...seen.keys()]).toEqual([200]);
    expect(seen.get(200)).toBeGreaterThan(50);
    expect(upstream.arrived.filter((arrived) => arrived.header('fido2-identity') === undefined)).toEqual([]);
  });

  it('keeps sessions over both, and makes challenges from before a restart void', async () => {
    const upstream = await startUpstream();
    const nginx = await startNginx({ upstream });
    const passkey = new Authenticator({ origin: nginx.origin });
    const { cookie } = await enrol(nginx, passkey, { user: 'ada' });
    const options = async () =>
      (await post(nginx, '/fido2/assertion/options', {})).json<Parameters<Authenticator['get']>[0]>();
    const [beforeReload, beforeRestart] = [await options(), await options()];
    const answerTo = async (asked: typeof beforeReload) =>
      (await post(nginx, '/fido2/assertion/result', passkey.get(asked))).status;
    await nginx.reload();
    expect(await answerTo(beforeReload)).toBe(200);
    expect((await get(nginx, '/app/', { cookie })).status).toBe(200);
    await nginx.restart();
    expect(await answerTo(beforeRestart)).toBe(401);
    expect(nginx.audit().at(-1)).toMatchObject({ event: 'login', outcome: 'refused', code: 'challenge_invalid' });
    expect(await answerTo(await options())).toBe(200);
    expect((await get(nginx, '/app/', { cookie })).status).toBe(200);
  });

  it('survives a killed worker', async () => {
    const upstream = await startUpstream();
    const nginx = await startNginx({ upstream, workers: 2 });
    const passkey = new Authenticator({ origin: nginx.origin });
    const { cookie } = await enrol(nginx, passkey, { user: 'ada' });
    for (const worker of nginx.workers()) {
      await nginx.kill(worker);
      expect((await get(nginx, '/app/', { cookie })).status).toBe(200);
      expect((await get(nginx, '/app/', { cookie: await login(nginx, passkey) })).status).toBe(200);
    }
  });

  it('puts changed settings in force, for cached decisions too', async () => {
    const upstream = await startUpstream();
    const nginx = await startNginx({ upstream, workers: 2 });
    const { cookie } = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'ada' });
    expect((await get(nginx, '/app/', { cookie })).status).toBe(200);
    const settings = readSettings(nginx);
    nginx.writeSettings({ ...settings, policies: { user: { groups: ['staff'] } } });
    expect((await get(nginx, '/app/', { cookie })).status).toBe(200);
    await nginx.reload();
    await expect.poll(async () => (await get(nginx, '/app/', { cookie })).status, { timeout: 5000 }).toBe(403);
  });

  it.each([
    ['no JSON', '{"rp": {"origins": ["http://localhost"]},'],
    ['an unknown member', '{"rp": {"origins": ["http://localhost"]}, "polices": {}, "policies": {}}'],
    ['nothing at all', ''],
  ])('keeps the last good settings where the new ones are %s, and says so', async (_, text) => {
    const upstream = await startUpstream();
    const nginx = await startNginx({ upstream, workers: 2 });
    const passkey = new Authenticator({ origin: nginx.origin });
    const { cookie } = await enrol(nginx, passkey, { user: 'ada' });
    const settings = readSettings(nginx);
    const before = nginx.errorLog().length;
    nginx.writeSettings(text);
    await nginx.reload();
    const health = async () => (await get(nginx, '/fido2/healthz')).json();
    await expect.poll(health, { timeout: 5000 }).toEqual({ status: 'degraded' });
    expect((await get(nginx, '/fido2/healthz')).status).toBe(200);
    expect(nginx.errorLog().slice(before)).toMatch(
      /\[error\].*settings refused, the last good ones stay in force: "\d+:\d+: /,
    );
    expect((await get(nginx, '/app/', { cookie })).status).toBe(200);
    expect((await get(nginx, '/app/', { cookie: await login(nginx, passkey) })).status).toBe(200);
    nginx.writeSettings(settings);
    await nginx.reload();
    await expect.poll(health, { timeout: 5000 }).toEqual({ status: 'ok' });
  });
});
