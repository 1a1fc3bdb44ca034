import { beforeAll, describe, expect, it } from 'vitest';
import { revokeSession, revokeSessions } from '../../src/identity/revocation.ts';
import { removeCredential, updateUser } from '../../src/identity/user.ts';
import { Authenticator } from '../helpers/authenticator.ts';
import { type Enrolment, enrol, get, login, post, request } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { sessionOf } from '../helpers/session.ts';
import { startUpstream, type Upstream, verifyIdentity } from '../helpers/upstream.ts';
import { variants } from './variants.ts';

const minute = 60_000;

describe.runIf(await needs('nginx')).each(variants)('end of a session: $name', ({ engine, contexts, workers }) => {
  let nginx: RunningNginx;
  let upstream: Upstream;
  let passkey: Authenticator;
  let ada: Enrolment;

  beforeAll(async () => {
    upstream = await startUpstream();
    nginx = await startNginx({
      ...{ engine, contexts, workers, upstream },
      settings: { session: { idle: '10m', absolute: '1h' }, identity: { ttl: '60s', refresh: '1s' } },
    });
    passkey = new Authenticator({ origin: nginx.origin });
    ada = await enrol(nginx, passkey, { user: 'ada', groups: ['admins'] });
  });

  /** Statuses of many requests on connections of their own, so that each worker gets some. */
  async function statuses(cookie: string): Promise<number[]> {
    const answers = await Promise.all(Array.from({ length: 12 }, () => get(nginx, '/app/', { cookie })));
    return [...new Set(answers.map(({ status }) => status))];
  }

  async function isOverWithin(milliseconds: number, cookie: string): Promise<void> {
    await expect.poll(() => statuses(cookie), { timeout: milliseconds, interval: 50 }).toEqual([401]);
  }

  it('comes when nobody used it for the idle time', async () => {
    const { cookie } = await sessionOf(nginx, ada, { age: 10 * minute + 1000 });
    const answer = await get(nginx, '/app/', { cookie });
    expect([answer.status, answer.json().code]).toEqual([401, 'session_expired']);
    expect(answer.json().login).toBe('/fido2/login?return_to=%2Fapp%2F&ended=1');
    const used = await sessionOf(nginx, ada, { age: 9 * minute });
    expect((await get(nginx, '/app/', { cookie: used.cookie })).status).toBe(200);
    const { idle_expires } = (await get(nginx, '/fido2/session', { cookie: used.cookie })).json<{
      idle_expires: number;
    }>();
    expect(idle_expires * 1000).toBeGreaterThan(Date.now() + 9 * minute);
  });

  it('comes at the absolute end, however much it is used', async () => {
    const { cookie } = await sessionOf(nginx, ada, { age: 9 * minute, absolute: 9 * minute + 2000 });
    expect((await get(nginx, '/app/', { cookie })).status).toBe(200);
    await expect.poll(() => statuses(cookie), { timeout: 10_000, interval: 100 }).toEqual([401]);
  });

  it('comes by logout, on every worker at once', async () => {
    const cookie = await login(nginx, passkey);
    expect(await statuses(cookie)).toEqual([200]);
    const answer = await post(nginx, '/fido2/logout', {}, { cookie });
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(answer.setCookie).toEqual([
      expect.stringMatching(/^__Host-fido2=; Path=\/; HttpOnly; Secure; .*Max-Age=0$/),
    ]);
    expect(await statuses(cookie)).toEqual([401]);
    expect((await get(nginx, '/fido2/session', { cookie })).json().code).toBe('session_expired');
    expect((await get(nginx, '/app/', { cookie: ada.cookie })).status).toBe(200);
  });

  it('comes by a form, which goes on to a page', async () => {
    const cookie = await login(nginx, passkey);
    const answer = await request(nginx, {
      ...{ method: 'POST', path: '/fido2/logout', cookie, body: '' },
      headers: {
        'Content-Type': 'application/x-www-form-urlencoded',
        Origin: nginx.origin,
        'Sec-Fetch-Site': 'same-origin',
      },
    });
    expect([answer.status, answer.headers.location]).toEqual([303, '/fido2/signed-out']);
    expect(await statuses(cookie)).toEqual([401]);
    expect((await get(nginx, '/fido2/signed-out')).status).toBe(200);
  });

  it('comes for the cookie before a step-up too', async () => {
    const old = await login(nginx, passkey);
    const fresh = await login(nginx, passkey, { cookie: old, policy: 'admin' });
    expect([await statuses(old), await statuses(fresh)]).toEqual([[200], [200]]);
    await post(nginx, '/fido2/logout', {}, { cookie: fresh });
    expect([await statuses(old), await statuses(fresh)]).toEqual([[401], [401]]);
  });

  // a busy machine may be late once
  it('comes within 2 s of a revocation that the command wrote', { retry: 2 }, async () => {
    const cookie = await login(nginx, passkey);
    const { sid } = (await get(nginx, '/fido2/session', { cookie })).json<{ sid: string }>();
    expect(await statuses(cookie)).toEqual([200]);
    expect(await revokeSession(nginx.ports.store, ada.userId, sid, Date.now())).not.toBeNull();
    await isOverWithin(2000, cookie);
  });

  it('comes within 2 s for every session of a user at once', { retry: 2 }, async () => {
    const own = new Authenticator({ origin: nginx.origin });
    const { cookie: first, userId } = await enrol(nginx, own, { user: `everywhere-${Date.now()}` });
    const second = await login(nginx, own);
    expect([await statuses(first), await statuses(second)]).toEqual([[200], [200]]);
    expect(await revokeSessions(nginx.ports.store, userId, () => true, Date.now())).toHaveLength(2);
    await Promise.all([isOverWithin(2000, first), isOverWithin(2000, second)]);
    expect(await statuses(ada.cookie)).toEqual([200]);
  });

  it('comes with the passkey that started it, and with its user, within identity.refresh', async () => {
    const own = new Authenticator({ origin: nginx.origin });
    const { cookie, userId, credentialId } = await enrol(nginx, own, { user: 'loses-key' });
    const other = new Authenticator({ origin: nginx.origin });
    const disabled = await enrol(nginx, other, { user: 'gets-disabled' });
    expect([await statuses(cookie), await statuses(disabled.cookie)]).toEqual([[200], [200]]);
    await removeCredential(nginx.ports, userId, credentialId);
    await updateUser(nginx.ports, disabled.userId, () => ({ disabled: true }));
    await Promise.all([isOverWithin(4000, cookie), isOverWithin(4000, disabled.cookie)]);
  });

  it('is not needed for a change of groups to count, within identity.refresh', async () => {
    const own = new Authenticator({ origin: nginx.origin });
    const { cookie, userId } = await enrol(nginx, own, { user: 'changes-groups', groups: ['admins', 'old'] });
    expect((await get(nginx, '/admin/', { cookie })).status).toBe(200);
    await updateUser(nginx.ports, userId, () => ({ groups: ['new'] }));
    await expect.poll(async () => (await get(nginx, '/admin/', { cookie })).status, { timeout: 4000 }).toBe(403);
    expect((await get(nginx, '/app/', { cookie })).status).toBe(200);
    const { payload } = await verifyIdentity(nginx, upstream.last().header('fido2-identity'));
    expect(payload.groups).toEqual(['new']);
    await updateUser(nginx.ports, userId, () => ({ groups: ['admins'] }));
    await expect.poll(async () => (await get(nginx, '/admin/', { cookie })).status, { timeout: 4000 }).toBe(200);
  });
});
