import { beforeAll, describe, expect, it } from 'vitest';
import { listSessions } from '../../src/identity/session.ts';
import { updateUser } from '../../src/identity/user.ts';
import { Authenticator } from '../helpers/authenticator.ts';
import { cookieName, type Enrolment, enrol, get, login, loginAnswer, post, request } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { startUpstream, type Upstream, verifyIdentity } from '../helpers/upstream.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { sendRaw } from './raw-request.ts';
import { reached } from './reached.ts';

const json = { Accept: 'application/json' };

describe.runIf(await needs('nginx'))('attacks on sessions', () => {
  let nginx: RunningNginx;
  let upstream: Upstream;
  let passkey: Authenticator;
  let ada: Enrolment;
  let bob: Enrolment;

  beforeAll(async () => {
    upstream = await startUpstream();
    nginx = await startNginx({ upstream, settings: { identity: { refresh: '1s' } } });
    passkey = new Authenticator({ origin: nginx.origin });
    ada = await enrol(nginx, passkey, { user: 'ada', groups: ['admins'] });
    bob = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'bob' });
  });

  const parts = (cookie: string) => cookie.split('.');
  const changed = (at: number, to: string) => (cookie: string) => parts(cookie).toSpliced(at, 1, to).join('.');

  it.each<[string, (cookie: string) => string]>([
    ['no MAC', (cookie) => parts(cookie).slice(0, 4).join('.')],
    ['an empty MAC', changed(4, '')],
    ['a MAC of another length', (cookie) => cookie.slice(0, -2)],
    ['a MAC of zeros', changed(4, 'A'.repeat(43))],
    ['an unknown MAC key', changed(0, 'AAAA')],
    ['the MAC key __proto__', changed(0, '__pr')],
    ['another user', (cookie) => changed(1, parts(bob.cookie)[1] ?? '')(cookie)],
    ['another session', (cookie) => changed(2, parts(bob.cookie)[2] ?? '')(cookie)],
    ['a later authentication', (cookie) => changed(3, `${(parts(cookie)[3] ?? '').slice(0, 2)}zzzzzz-1`)(cookie)],
    ['the MAC of another cookie', (cookie) => changed(4, parts(bob.cookie)[4] ?? '')(cookie)],
    ['last bits of the MAC set that decode alike', (cookie) => changed(4, respelled(parts(cookie)[4] ?? ''))(cookie)],
    ['a path as the session', changed(2, '..-..-..-..-..-..-..-.')],
    ['only full stops', () => '.'.repeat(110)],
    ['a token of ours', () => `${'A'.repeat(60)}.${'B'.repeat(60)}.${'C'.repeat(60)}`],
  ])('case 9: a cookie with %s fails closed', async (_, forge) => {
    const cookie = forge(ada.cookie);
    for (const path of ['/app/x', '/admin/x']) {
      const { result, arrived } = await reached(upstream, () => get(nginx, path, { cookie, headers: json }));
      expect([path, result.status, result.json().code, arrived]).toEqual([path, 401, 'session_required', []]);
    }
    expect((await get(nginx, '/fido2/session', { cookie })).status).toBe(401);
  });

  it('case 10: an authentic cookie of a session that is gone opens nothing', async () => {
    const cookie = await login(nginx, passkey);
    const { sid } = (await get(nginx, '/fido2/session', { cookie })).json();
    const key = `sessions/${ada.userId}/${String(sid)}`;
    const stored = await nginx.ports.store.get(key);
    expect(await nginx.ports.store.deleteIf(key, stored?.version ?? '')).toBe(true);
    const { result, arrived } = await reached(upstream, () => get(nginx, '/app/x', { cookie, headers: json }));
    expect([result.status, result.json().code, arrived]).toEqual([401, 'session_expired', []]);
  });

  it('case 10: an identity token is no session', async () => {
    await get(nginx, '/app/x', { cookie: ada.cookie });
    const token = upstream.last().header('fido2-identity') ?? '';
    expect((await verifyIdentity(nginx, token)).payload.sub).toBe(ada.userId);
    for (const headers of [
      { Authorization: `Bearer ${token}` },
      { 'Fido2-Identity': token },
      { 'Fido2-Session': token },
      { 'Fido2-Session': ada.cookie },
      { Cookie: `${cookieName}=${token}` },
    ]) {
      const { result, arrived } = await reached(upstream, () => get(nginx, '/app/x', { headers }));
      expect([headers, result.status, arrived]).toEqual([headers, 401, []]);
    }
  });

  it('case 10: a session whose user was disabled or lost the group is refused within identity.refresh', async () => {
    const authenticator = new Authenticator({ origin: nginx.origin });
    const { cookie, userId } = await enrol(nginx, authenticator, { user: 'carol', groups: ['admins'] });
    expect((await get(nginx, '/admin/x', { cookie })).status).toBe(200);
    await updateUser(nginx.ports, userId, () => ({ groups: [] }));
    await waitFor(async () => (await get(nginx, '/admin/x', { cookie })).status === 403, 'the group to count');
    await updateUser(nginx.ports, userId, () => ({ disabled: true }));
    await waitFor(async () => (await get(nginx, '/app/x', { cookie })).status === 401, 'the user to be out');
    expect((await loginAnswer(nginx, authenticator)).status).toBe(401);
  });

  it('case 12: no cookie that a client chose becomes a session', async () => {
    const chosen = ada.cookie.split('.').toSpliced(2, 1, 'B'.repeat(22)).join('.');
    const cookie = await login(nginx, passkey, { cookie: chosen });
    expect(cookie).not.toBe(chosen);
    expect(parts(cookie)[2]).not.toBe('B'.repeat(22));
    expect((await get(nginx, '/app/x', { cookie: chosen })).status).toBe(401);
  });

  it('case 12: somebody else who signs in on the same browser ends the session before', async () => {
    const before = await login(nginx, passkey);
    const dora = new Authenticator({ origin: nginx.origin });
    await enrol(nginx, dora, { user: 'dora' });
    const after = await login(nginx, dora, { cookie: before });
    expect((await get(nginx, '/app/x', { cookie: before, headers: json })).json().code).toBe('session_expired');
    await get(nginx, '/app/x', { cookie: after });
    const { payload } = await verifyIdentity(nginx, upstream.last().header('fido2-identity'));
    expect(payload.preferred_username).toBe('dora');
  });

  it('case 12: a login of the same user makes a new cookie, and a logout ends that session whole', async () => {
    const first = await login(nginx, passkey);
    const second = await login(nginx, passkey, { cookie: first });
    expect(second).not.toBe(first);
    const before = (await listSessions(nginx.ports.store, ada.userId)).length;
    const answer = await post(nginx, '/fido2/logout', {}, { cookie: second });
    expect(answer.setCookie.join()).toMatch(/^__Host-fido2=; .*Max-Age=0/);
    for (const cookie of [first, second]) {
      for (const path of ['/app/x', '/fido2/session']) {
        expect((await get(nginx, path, { cookie, headers: json })).json().code).toBe('session_expired');
      }
    }
    expect((await listSessions(nginx.ports.store, ada.userId)).length).toBe(before - 1);
  });

  it.each([
    (good: string) => [`${cookieName}=${good}; ${cookieName}=${good}`],
    (good: string) => [`${cookieName}=${bob.cookie}; ${cookieName}=${good}`],
    (good: string) => [`${cookieName}=${good};${cookieName}=x`],
    (good: string) => [`${cookieName}=x; ${cookieName}=${good}`],
    (good: string) => [`${cookieName}=; ${cookieName}=${good}`],
    (good: string) => [`${cookieName}=${good};\t${cookieName}=${bob.cookie}`],
    (good: string) => [`${cookieName}=${good}`, `${cookieName}=${bob.cookie}`],
    (good: string) => [`${cookieName}=${good}`, 'a=1', `${cookieName}=`],
    (good: string) => [`${cookieName}="${good}"`],
    (good: string) => [`${cookieName} =${good}`],
    (good: string) => [`a="; ${cookieName}=${good}"`],
    (good: string) => [`__host-fido2=${good}`],
    (good: string) => [`x${cookieName}=${good}`],
    (good: string) => [`a=${cookieName}=${good}`],
    (good: string) => [`${cookieName}=${good}\x01`],
    (good: string) => [`${cookieName}=${good}, ${cookieName}=${good}`],
  ])('case 13: a doubled or split cookie opens nothing (%#)', async (lines) => {
    const sent = lines(ada.cookie).map((line) => `Cookie: ${line}`);
    const request = { target: '/admin/x', lines: [...sent, 'Accept: application/json'] };
    const { result, arrived } = await reached(upstream, () => sendRaw(nginx, request));
    expect(arrived).toEqual([]);
    expect([400, 401]).toContain(result.status);
    const state = await sendRaw(nginx, { ...request, target: '/fido2/session' });
    expect([200, 400, 401]).toContain(state.status);
    if (lines(ada.cookie).join().split(`${cookieName}=`).length > 2) expect(state.status).not.toBe(200);
  });

  it('case 13: the session cookie reaches no upstream, all others do', async () => {
    for (const path of ['/', '/app/x', '/admin/x']) {
      for (const lines of [
        [`Cookie: a=1; ${cookieName}=${ada.cookie}; b=2`],
        ['Cookie: a=1', `Cookie: ${cookieName}=${ada.cookie}`, 'Cookie: b=2'],
        [`Cookie: a=1;${cookieName}=${ada.cookie};b=2`],
      ]) {
        const { arrived } = await reached(upstream, () => sendRaw(nginx, { target: path, lines }));
        const cookies = arrived.map((one) => one.header('cookie')?.replaceAll(' ', ''));
        expect([path, cookies]).toEqual([path, ['a=1;b=2']]);
      }
    }
  });

  it('case 13: the cookie has the attributes that keep it on this host, from scripts and from other sites', async () => {
    const { setCookie } = await loginAnswer(nginx, passkey);
    expect(setCookie.length).toBe(1);
    const [value = '', ...attributes] = (setCookie[0] ?? '').split('; ');
    expect(value).toMatch(/^__Host-fido2=[\w.-]{60,200}$/);
    expect(attributes.sort()).toEqual(['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure']);
  });

  const origins = ['https://evil.example', 'null', 'http://localhost', 'http://localhost.evil.example', ''];

  it.each(origins)('case 13: nothing is changed by a request of the origin %j', async (origin) => {
    const cookie = await login(nginx, passkey);
    const bodies: [string, unknown][] = [
      ['/fido2/logout', {}],
      ['/fido2/account/remove', { id: ada.credentialId }],
      ['/fido2/account/rename', { id: ada.credentialId, name: 'evil' }],
      ['/fido2/account/end-session', { others: true }],
      ['/fido2/attestation/options', {}],
      ['/fido2/assertion/options', {}],
    ];
    for (const [path, body] of bodies) {
      const answer = await post(nginx, path, body, { cookie, headers: { Origin: origin } });
      expect([path, answer.status, answer.json().code]).toEqual([path, 403, 'cross_origin']);
      for (const site of ['cross-site', 'same-site', 'none']) {
        const marked = await post(nginx, path, body, { cookie, headers: { 'Sec-Fetch-Site': site } });
        expect([path, site, marked.status]).toEqual([path, site, 403]);
      }
    }
    const form = { 'Content-Type': 'application/x-www-form-urlencoded', Origin: origin };
    const posted = await request(nginx, { method: 'POST', path: '/fido2/logout', cookie, headers: form, body: '' });
    expect(posted.status).toBe(403);
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', '']) {
      for (const [path, body] of bodies.slice(1)) {
        const headers = { 'Content-Type': type };
        expect((await post(nginx, path, body, { cookie, headers })).status).toBe(415);
      }
    }
    expect((await get(nginx, '/fido2/logout', { cookie })).status).toBe(405);
    expect((await get(nginx, '/fido2/session', { cookie })).status).toBe(200);
  });

  it.each([...origins, 'absent'])(
    'case 13: a WebSocket from the origin %j does not reach the upstream',
    async (origin) => {
      const cookie = await login(nginx, passkey);
      expect((await get(nginx, '/app/x', { cookie })).status).toBe(200);
      const lines = [
        'Upgrade: websocket',
        'Connection: Upgrade',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
        ...(origin === 'absent' ? [] : [`Origin: ${origin}`]),
      ];
      const { result, arrived } = await reached(upstream, () => sendRaw(nginx, { target: '/app/x', lines, cookie }));
      expect([result.status, arrived]).toEqual([403, []]);
      expect(result.text).toContain('cross_origin');
    },
  );

  it('case 13: no log holds a session cookie or a token', async () => {
    const cookie = await login(nginx, passkey);
    await get(nginx, '/app/x', { cookie });
    await get(nginx, '/app/x', { cookie: `${cookie.slice(0, -1)}${cookie.endsWith('A') ? 'E' : 'A'}` });
    const token = upstream.last().header('fido2-identity') ?? '';
    const logs = nginx.errorLog() + JSON.stringify(nginx.audit());
    for (const secret of [cookie.slice(0, -2), cookie.slice(-43, -2), token.slice(-60)]) {
      expect(secret.length).toBeGreaterThan(20);
      expect(logs).not.toContain(secret);
    }
  });
});

/** The same 32 bytes in base64url: the last character has two bits that decoders may ignore. */
function respelled(tag: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return `${tag.slice(0, -1)}${alphabet[alphabet.indexOf(tag.slice(-1)) ^ 1] ?? ''}`;
}
