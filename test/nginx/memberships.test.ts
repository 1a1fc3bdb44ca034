import { beforeAll, describe, expect, it } from 'vitest';
import { joinGroup } from '../../src/identity/membership.ts';
import { type UserChange, updateUser } from '../../src/identity/user.ts';
import { Authenticator } from '../helpers/authenticator.ts';
import { type Enrolment, enrol, get, login, loginAnswer } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { startUpstream, type Upstream, verifyIdentity } from '../helpers/upstream.ts';

describe.runIf(await needs('nginx'))('memberships that end by themselves', () => {
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
