import { beforeAll, describe, expect, it } from 'vitest';
import { Authenticator } from '../helpers/authenticator.ts';
import { type Enrolment, enrol, get, login, request } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { sessionOf } from '../helpers/session.ts';
import { gatedLocation } from '../helpers/site-conf.ts';
import { startUpstream, type Upstream, verifyIdentity } from '../helpers/upstream.ts';
import { variants } from './variants.ts';

const policies = {
  user: {},
  admin: { groups: ['admins'] },
  brief: { maxAge: '5m' },
  nobody: { users: ['somebody-else'] },
};

const locations = `
  ${gatedLocation('/brief/', 'brief')}
  ${gatedLocation('/nobody/', 'nobody')}
  ${gatedLocation('/unknown/', 'unheard-of')}
  ${gatedLocation('/payments/', 'user/payments')}
  ${gatedLocation('/other-workload/', 'user/unheard-of')}
  location /optional/ {
    auth_request /fido2/optional/user;
    include fido2/upstream.conf;
    proxy_pass http://app$fido2_deny;
  }
  location /optional-admin/ {
    auth_request /fido2/optional/admin;
    include fido2/upstream.conf;
    proxy_pass http://app$fido2_deny;
  }`;

const navigation = { 'Sec-Fetch-Mode': 'navigate', Accept: 'text/html' };
const json = { Accept: 'application/json' };

describe.runIf(await needs('nginx')).each(variants)('gate: $name', ({ engine, contexts, workers }) => {
  let nginx: RunningNginx;
  let upstream: Upstream;
  let passkey: Authenticator;
  let ada: Enrolment;

  beforeAll(async () => {
    upstream = await startUpstream();
    nginx = await startNginx({
      ...{ engine, contexts, workers, upstream, locations },
      settings: { policies, workloads: { payments: { audience: 'https://payments.example' } } },
    });
    passkey = new Authenticator({ origin: nginx.origin });
    ada = await enrol(nginx, passkey, { user: 'ada', groups: ['staff'] });
  });

  function arrivedDuring<T>(work: () => Promise<T>): Promise<[T, number]> {
    const before = upstream.arrived.length;
    return work().then((result) => [result, upstream.arrived.length - before]);
  }

  it('refuses an API call without a session, with the way to one', async () => {
    const [answer, arrived] = await arrivedDuring(() => get(nginx, '/app/x?a=1&b=2', { headers: json }));
    expect(answer.status).toBe(401);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="fido2"');
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.json()).toEqual({
      type: 'urn:ngx-fido2:session_required',
      title: 'Sign in to go on',
      status: 401,
      code: 'session_required',
      ref: expect.stringMatching(/^[0-9a-f]{8}$/),
      login: '/fido2/login?return_to=%2Fapp%2Fx%3Fa%3D1%26b%3D2',
    });
    expect(arrived).toBe(0);
  });

  it.each(['HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND'])('refuses %s without a session', async (method) => {
    const [answer, arrived] = await arrivedDuring(() => request(nginx, { method, path: '/app/' }));
    expect([answer.status, arrived]).toEqual([401, 0]);
  });

  it('sends a navigation to the login page and names the exact target', async () => {
    const path = '/app/x%2Fy?q=a%20b&c=%C3%A9#no';
    const [answer, arrived] = await arrivedDuring(() => get(nginx, path.split('#')[0] ?? '', { headers: navigation }));
    expect(answer.status).toBe(303);
    expect(answer.headers.location).toBe(`/fido2/login?return_to=${encodeURIComponent('/app/x%2Fy?q=a%20b&c=%C3%A9')}`);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.setCookie).toEqual([]);
    expect(arrived).toBe(0);
  });

  it('sends another method than GET to the login page without its target', async () => {
    const answer = await request(nginx, { method: 'POST', path: '/app/x', headers: navigation, body: 'a=1' });
    expect([answer.status, answer.headers.location]).toEqual([303, '/fido2/login?return_to=%2F&lost=1']);
  });

  it('tells a navigation by Accept where there is no Fetch Metadata, and believes Fetch Metadata first', async () => {
    const html = { Accept: 'text/html,application/xhtml+xml' };
    expect((await get(nginx, '/app/', { headers: html })).status).toBe(303);
    expect((await get(nginx, '/app/', { headers: { ...html, 'Sec-Fetch-Mode': 'cors' } })).status).toBe(401);
    expect((await get(nginx, '/app/', { headers: { Accept: ['text/plain', 'text/html'] } })).status).toBe(303);
    expect((await get(nginx, '/app/', { headers: { 'Sec-Fetch-Mode': ['navigate', 'cors'] } })).status).toBe(401);
  });

  it('lets a session through and tells the upstream who it is, verifiably', async () => {
    const answer = await get(nginx, '/app/x?a=1', { cookie: ada.cookie });
    expect(answer.status).toBe(200);
    expect(answer.setCookie).toEqual([]);
    const seen = upstream.last();
    expect([seen.method, seen.url]).toEqual(['GET', '/app/x?a=1']);
    const { payload, protectedHeader } = await verifyIdentity(nginx, seen.header('fido2-identity'));
    const { iat = 0, exp = 0, nbf = 0 } = payload;
    expect(protectedHeader).toMatchObject({ alg: 'ES256', kid: expect.any(String) });
    expect(payload).toMatchObject({
      iss: nginx.origin,
      aud: nginx.origin,
      sub: ada.userId,
      preferred_username: 'ada',
      name: 'ada',
      groups: ['staff'],
      acr: 'phr',
      jti: expect.any(String),
      sid: expect.any(String),
      auth_time: expect.any(Number),
    });
    expect(payload.amr).toContain('user');
    expect(exp - iat).toBe(120);
    expect(nbf).toBeLessThanOrEqual(iat);
  });

  it('answers a second request from memory with the same token', async () => {
    const cookie = await login(nginx, passkey);
    await get(nginx, '/app/1', { cookie });
    const first = upstream.last().header('fido2-identity');
    await get(nginx, '/app/2', { cookie });
    expect(upstream.last().header('fido2-identity')).toBe(first);
  });

  it('names the audience of the workload', async () => {
    await get(nginx, '/payments/', { cookie: ada.cookie });
    const token = upstream.last().header('fido2-identity');
    const { payload } = await verifyIdentity(nginx, token, { audience: 'https://payments.example' });
    expect(payload.aud).toBe('https://payments.example');
    const [answer, arrived] = await arrivedDuring(() => get(nginx, '/other-workload/', { cookie: ada.cookie }));
    expect([answer.status, answer.json().code, arrived]).toEqual([403, 'policy_unknown', 0]);
  });

  it('keeps a group out that the policy does not name, as a problem and as a page', async () => {
    const [answer, arrived] = await arrivedDuring(() => get(nginx, '/admin/', { cookie: ada.cookie, headers: json }));
    expect([answer.status, answer.json().code, arrived]).toEqual([403, 'not_allowed', 0]);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    const page = await get(nginx, '/admin/', { cookie: ada.cookie, headers: navigation });
    expect(page.status).toBe(403);
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'/);
    expect(page.text).toContain('ada');
    expect((await get(nginx, '/nobody/', { cookie: ada.cookie })).status).toBe(403);
  });

  it('lets a member of the group in', async () => {
    const root = new Authenticator({ origin: nginx.origin });
    const { cookie } = await enrol(nginx, root, { user: `grace-${workers}`, groups: ['admins', 'staff'] });
    expect((await get(nginx, '/admin/', { cookie })).status).toBe(200);
    const { payload } = await verifyIdentity(nginx, upstream.last().header('fido2-identity'));
    expect(payload.groups).toEqual(['admins', 'staff']);
  });

  it('refuses a policy that nobody wrote, with a line in the log', async () => {
    const before = nginx.errorLog().length;
    const [answer, arrived] = await arrivedDuring(() => get(nginx, '/unknown/', { cookie: ada.cookie }));
    expect([answer.status, answer.json().code, arrived]).toEqual([403, 'policy_unknown', 0]);
    expect(nginx.errorLog().slice(before)).toMatch(/\[error\].*policy_unknown.*unheard-of/);
  });

  it('asks for a fresh confirmation in the terms of RFC 9470, and takes one', async () => {
    const { cookie: old } = await sessionOf(nginx, ada, { age: 301_000 });
    const [answer, arrived] = await arrivedDuring(() => get(nginx, '/brief/x?y', { cookie: old, headers: json }));
    expect(answer.status).toBe(401);
    expect(answer.json()).toMatchObject({
      code: 'step_up_required',
      max_age: 300,
      acr_values: 'phr',
      login: '/fido2/login?return_to=%2Fbrief%2Fx%3Fy&step_up=1',
    });
    expect(answer.headers['www-authenticate']).toBe(
      'Bearer realm="fido2", error="insufficient_user_authentication", acr_values="phr", max_age="300"',
    );
    expect(arrived).toBe(0);
    const page = await get(nginx, '/brief/x', { cookie: old, headers: navigation });
    expect([page.status, page.headers.location]).toEqual([303, '/fido2/login?return_to=%2Fbrief%2Fx&step_up=1']);
    expect((await get(nginx, '/app/', { cookie: old })).status).toBe(200);
    const fresh = await login(nginx, passkey, { cookie: old, policy: 'brief' });
    expect((await get(nginx, '/brief/', { cookie: fresh })).status).toBe(200);
  });

  it('asks for a fresh confirmation where the last one did not verify the user', async () => {
    const { cookie } = await sessionOf(nginx, ada, { userVerified: false });
    const [answer, arrived] = await arrivedDuring(() => get(nginx, '/app/', { cookie }));
    expect([answer.status, arrived]).toEqual([401, 0]);
    expect(answer.json()).toMatchObject({ code: 'step_up_required', acr_values: 'phr' });
    expect(answer.json().max_age).toBeUndefined();
  });

  it('opens an optional location to everybody and names only who is known', async () => {
    expect((await get(nginx, '/optional/', { headers: { Cookie: 'a=1' } })).status).toBe(200);
    expect(upstream.last().header('fido2-identity')).toBeUndefined();
    expect(upstream.last().header('cookie')).toBe('a=1');
    const forged = `${ada.cookie.slice(0, -1)}${ada.cookie.endsWith('A') ? 'B' : 'A'}`;
    expect((await get(nginx, '/optional/', { cookie: forged })).status).toBe(200);
    expect(upstream.last().header('fido2-identity')).toBeUndefined();
    expect((await get(nginx, '/optional/', { cookie: ada.cookie })).status).toBe(200);
    const { payload } = await verifyIdentity(nginx, upstream.last().header('fido2-identity'));
    expect(payload.sub).toBe(ada.userId);
    for (const repeat of [1, 2]) {
      expect([repeat, (await get(nginx, '/optional-admin/', { cookie: ada.cookie })).status]).toEqual([repeat, 200]);
      expect(upstream.last().header('fido2-identity')).toBeUndefined();
    }
  });

  it.each([
    ['a forged MAC', (good: string) => `${good.slice(0, -1)}${good.endsWith('A') ? 'B' : 'A'}`],
    ['another session', (good: string) => good.split('.').toSpliced(2, 1, 'A'.repeat(22)).join('.')],
    ['a later time', (good: string) => good.replace(/-([0-9a-z]+)-/, '-zzzzzzz-')],
    ['too short', (good: string) => good.slice(0, 59)],
    ['a longer one', (good: string) => `${good}${'A'.repeat(90)}`],
    ['garbage', () => 'A'.repeat(100)],
    ['nothing', () => ''],
  ])('refuses a cookie with %s', async (_, forge) => {
    const cookie = forge(ada.cookie);
    const [answer, arrived] = await arrivedDuring(() => get(nginx, '/app/', { cookie }));
    expect([answer.status, answer.json().code, arrived]).toEqual([401, 'session_required', 0]);
  });

  it('cannot be asked from outside', async () => {
    for (const path of ['/fido2/authorize/user', '/fido2/optional/user']) {
      expect((await get(nginx, path, { cookie: ada.cookie })).status).toBe(404);
    }
  });
});
