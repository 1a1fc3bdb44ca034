import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { joinGroup } from '../../src/identity/membership.ts';
import { type UserChange, updateUser } from '../../src/identity/user.ts';
import { Authenticator } from '../helpers/authenticator.ts';
import { type Enrolment, enrol, get, login, loginAnswer } from '../helpers/client.ts';
import { buildCommand, ngxFido2 } from '../helpers/command.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { startUpstream, type Upstream, verifyIdentity } from '../helpers/upstream.ts';

const hasNginx = await needs('nginx');

describe.runIf(hasNginx)('memberships that end by themselves', () => {
  let nginx: RunningNginx;
  let upstream: Upstream;
  const passkeys = new Map<string, Authenticator>();

  beforeAll(async () => {
    upstream = await startUpstream();
    // an entry that outlived the membership would do so for longer than any test waits
    const identity = { ttl: '300s', refresh: '270s' };
    nginx = await startNginx({
      upstream,
      settings: { identity, policies: { user: {}, admin: { groups: ['admins'] } } },
    });
  });

  async function person(name: string, groups: string[]): Promise<Enrolment> {
    const passkey = new Authenticator({ origin: nginx.origin });
    passkeys.set(name, passkey);
    return enrol(nginx, passkey, { user: name, groups });
  }

  const change = (who: Enrolment, to: (user: Parameters<typeof joinGroup>[0]) => UserChange) =>
    updateUser(nginx.ports, who.userId, to);
  const statusOf = async (path: string, cookie: string) => (await get(nginx, path, { cookie })).status;

  it('ends what is remembered with the membership', async () => {
    const ada = await person('ada', ['staff']);
    await change(ada, (user) => joinGroup(user, 'admins', Date.now() + 5000));
    expect(await statusOf('/admin/', ada.cookie)).toBe(200);
    await expect.poll(() => statusOf('/admin/', ada.cookie), { timeout: 20_000, interval: 200 }).toBe(403);
    expect(await statusOf('/app/', ada.cookie)).toBe(200);
  });

  it('names no group that has ended, in the token and in the session', async () => {
    const bob = await person('bob', ['staff']);
    await change(bob, (user) => joinGroup(user, 'admins', Date.now() - 1));
    expect(await statusOf('/admin/', bob.cookie)).toBe(403);
    expect(await statusOf('/app/', bob.cookie)).toBe(200);
    const { payload } = await verifyIdentity(nginx, upstream.last().header('fido2-identity'));
    expect(payload.groups).toEqual(['staff']);
    for (const path of ['/fido2/session', '/fido2/account/state']) {
      const state = (await get(nginx, path, { cookie: bob.cookie })).json();
      expect([path, state.groups ?? (state.user as { groups: unknown }).groups]).toEqual([path, ['staff']]);
    }
  });

  it('ends what is remembered with the account, and signs nobody in after that', async () => {
    const eve = await person('eve', []);
    await change(eve, () => ({ until: Date.now() + 5000 }));
    const cookie = await login(nginx, passkeys.get('eve') as Authenticator);
    expect(await statusOf('/app/', cookie)).toBe(200);
    await expect.poll(() => statusOf('/app/', cookie), { timeout: 20_000, interval: 200 }).toBe(401);
    const refused = await loginAnswer(nginx, passkeys.get('eve') as Authenticator);
    expect([refused.status, refused.json().code]).toEqual([401, 'authentication_failed']);
    await change(eve, () => ({ until: null }));
    expect(await statusOf('/app/', await login(nginx, passkeys.get('eve') as Authenticator))).toBe(200);
  });
});

describe.runIf(hasNginx)('memberships that the command ends', () => {
  let nginx: RunningNginx;

  beforeAll(async () => {
    await buildCommand();
    nginx = await startNginx({
      upstream: await startUpstream(),
      settings: { identity: { refresh: '2s' }, policies: { user: {}, admin: { groups: ['admins'] } } },
    });
  });

  async function run(...args: string[]): Promise<Record<string, unknown>> {
    const { stdout, stderr } = await ngxFido2([...args, '--config', join(nginx.folder, 'fido2.json'), '--json']);
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout) as Record<string, unknown>;
  }
  const explain = (user: string) => run('explain', '--user', user, '--policy', 'admin');
  const statusOf = async (path: string, cookie: string) => (await get(nginx, path, { cookie })).status;
  const becomes = (path: string, cookie: string, status: number) =>
    expect.poll(() => statusOf(path, cookie), { timeout: 40_000, interval: 100 }).toBe(status);

  it('begin and end in the gate, and explain says both', async () => {
    const kim = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'kim', groups: ['staff'] });
    expect(await statusOf('/admin/', kim.cookie)).toBe(403);
    expect(await explain('kim')).toMatchObject({ outcome: 'deny', rule: 'groups.any' });
    const { until, groups } = await run('groups', 'add', 'kim', 'admins', '--for', '8s');
    expect(groups).toEqual(['admins', 'staff']);
    await becomes('/admin/', kim.cookie, 200);
    expect(await explain('kim')).toMatchObject({ outcome: 'allow', ends: until });
    await becomes('/admin/', kim.cookie, 403);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(String(until)));
    expect(await explain('kim')).toMatchObject({ outcome: 'deny', rule: 'groups.any' });
    expect(await statusOf('/app/', kim.cookie)).toBe(200);
    expect(await run('users', 'show', 'kim')).toMatchObject({ groups: ['staff'] });
  });

  it('end within identity.refresh where the gate remembers one without an end', async () => {
    const max = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'max', groups: ['admins'] });
    expect(await statusOf('/admin/', max.cookie)).toBe(200);
    await run('groups', 'add', 'max', 'admins', '--for', '1s');
    await becomes('/admin/', max.cookie, 403);
  });

  it('are an account’s too, from its first day', async () => {
    const { until } = await run('users', 'add', 'lee', '--group', 'admins', '--until', '10s');
    const passkey = new Authenticator({ origin: nginx.origin });
    const lee = await enrol(nginx, passkey, { user: 'lee' });
    expect(await statusOf('/admin/', lee.cookie)).toBe(200);
    expect(await explain('lee')).toMatchObject({ outcome: 'allow', ends: until });
    await becomes('/admin/', lee.cookie, 401);
    expect(await explain('lee')).toMatchObject({ outcome: 'deny', rule: 'disabled' });
    expect((await loginAnswer(nginx, passkey)).status).toBe(401);
    await run('users', 'expire', 'lee', 'never');
    expect(await statusOf('/admin/', await login(nginx, passkey))).toBe(200);
  });
});
