import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { findUser, updateUser } from '../../src/identity/user.ts';
import type { CreationOptionsJSON, RequestOptionsJSON } from '../../src/protocol/options.ts';
import { Authenticator } from '../helpers/authenticator.ts';
import { type Answer, type Enrolment, enrol, get, invite, login, post, request } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { sessionOf } from '../helpers/session.ts';
import { startUpstream } from '../helpers/upstream.ts';

describe.runIf(await needs('nginx'))('case 32: abuse of what a browser holds', () => {
  let nginx: RunningNginx;
  let passkey: Authenticator;
  let ada: Enrolment;
  let bob: Enrolment;

  beforeAll(async () => {
    nginx = await startNginx({ upstream: await startUpstream() });
    passkey = new Authenticator({ origin: nginx.origin });
    ada = await enrol(nginx, passkey, { user: 'ada' });
    bob = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'bob' });
  });

  const credentialsOf = async (userId: string) =>
    (await findUser(nginx.ports, userId))?.value.credentials.map(({ id }) => id) ?? [];

  async function addOptions(cookie: string): Promise<CreationOptionsJSON> {
    return (await post(nginx, '/fido2/attestation/options', {}, { cookie })).json<CreationOptionsJSON>();
  }

  it('case 32: a session alone adds and removes no key', async () => {
    const before = await credentialsOf(ada.userId);
    const old = await sessionOf(nginx, ada, { age: 301_000 });
    const unverified = await sessionOf(nginx, ada, { userVerified: false });
    for (const { cookie } of [old, unverified]) {
      expect((await get(nginx, '/fido2/session', { cookie })).status).toBe(200);
      for (const [path, body] of [
        ['/fido2/attestation/options', {}],
        ['/fido2/account/remove', { id: ada.credentialId }],
      ] as const) {
        const answer = await post(nginx, path, body, { cookie });
        expect([path, answer.status, answer.json().code]).toEqual([path, 401, 'step_up_required']);
      }
    }
    expect(await credentialsOf(ada.userId)).toEqual(before);
  });

  it('case 32: what a fresh session asked for is answered by that session only, while it is fresh', async () => {
    const before = await credentialsOf(ada.userId);
    const cookie = await login(nginx, passkey);
    const response = new Authenticator({ origin: nginx.origin }).create(await addOptions(cookie));
    const old = await sessionOf(nginx, ada, { age: 301_000 });
    for (const other of [undefined, bob.cookie, old.cookie, await login(nginx, passkey)]) {
      const answer = await post(nginx, '/fido2/attestation/result', response, { cookie: other });
      expect([400, 401]).toContain(answer.status);
    }
    expect(await credentialsOf(ada.userId)).toEqual(before);
    expect(await credentialsOf(bob.userId)).toEqual([bob.credentialId]);
    expect((await post(nginx, '/fido2/attestation/result', response, { cookie })).status).toBe(201);
    expect((await credentialsOf(ada.userId)).length).toBe(before.length + 1);
  });

  it('case 32: a step-up for one session is no login and none for another', async () => {
    const cookie = await login(nginx, passkey);
    const step = async () =>
      (await post(nginx, '/fido2/assertion/options', { policy: 'user' }, { cookie })).json<RequestOptionsJSON>();
    const other = await login(nginx, passkey);
    for (const held of [undefined, other, bob.cookie]) {
      const answer = await post(nginx, '/fido2/assertion/result', passkey.get(await step()), { cookie: held });
      expect([answer.status, answer.setCookie]).toEqual([401, []]);
    }
    expect((await post(nginx, '/fido2/assertion/options', { policy: 'user' })).status).toBe(401);
  });

  it('case 32: an assertion that another site posts signs nobody in', async () => {
    const options = (await post(nginx, '/fido2/assertion/options', {})).json<RequestOptionsJSON>();
    const body = JSON.stringify(passkey.get(options));
    const path = '/fido2/assertion/result';
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', '']) {
      const sent = await request(nginx, { method: 'POST', path, headers: { 'Content-Type': type }, body });
      expect([sent.status, sent.setCookie]).toEqual([415, []]);
    }
    const foreign = [
      { Origin: 'https://evil.example' },
      { Origin: 'null' },
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site' },
      { Origin: nginx.origin, 'Sec-Fetch-Site': 'cross-site' },
    ] as readonly Record<string, string>[];
    for (const extra of foreign) {
      const headers = { 'Content-Type': 'application/json', ...extra };
      const sent = await request(nginx, { method: 'POST', path, headers, body });
      expect([sent.status, sent.json().code, sent.setCookie]).toEqual([403, 'cross_origin', []]);
    }
    // none of it used the challenge up
    expect((await post(nginx, path, JSON.parse(body) as object)).status).toBe(200);
  });

  it('case 32: no page of ours can be framed, and none holds a script of others', async () => {
    const navigation = { 'Sec-Fetch-Mode': 'navigate', Accept: 'text/html' };
    const pages = ['/fido2/login', '/fido2/enrol', '/fido2/account', '/fido2/signed-out', '/fido2/none', '/admin/x'];
    for (const path of pages) {
      const answer = await get(nginx, path, { cookie: bob.cookie, headers: navigation });
      expect([path, answer.headers['content-type']]).toEqual([path, 'text/html; charset=utf-8']);
      const csp = answer.headers['content-security-policy'] ?? '';
      expect(csp).toContain("default-src 'none'");
      expect(csp).toContain("frame-ancestors 'none'");
      expect(csp).not.toMatch(/unsafe-(?:inline|eval)/);
      expect(answer.headers['cross-origin-opener-policy']).toBe('same-origin');
    }
  });

  /** Everything of an answer that could tell one account from another. */
  function shapeOf(answer: Answer): unknown {
    const { date: _date, ...headers } = answer.headers;
    const text = answer.text
      .replace(/"ref":"[0-9a-f]{8}"/, '"ref":""')
      .replace(/"challenge":"[^"]+"/, '"challenge":""');
    return { status: answer.status, headers, setCookie: answer.setCookie, text };
  }

  it('case 32: no name that is sent tells whether there is such an account', async () => {
    const asked = ['ada', 'ADA', 'nobody', '', 'x'.repeat(1000), ada.userId];
    const answers = await Promise.all(asked.map((username) => post(nginx, '/fido2/assertion/options', { username })));
    const plain = await post(nginx, '/fido2/assertion/options', {});
    for (const answer of answers) {
      expect(shapeOf(answer)).toEqual(shapeOf(plain));
      expect(answer.json<RequestOptionsJSON>().challenge.length).toBe(
        plain.json<RequestOptionsJSON>().challenge.length,
      );
    }
  });

  it('case 32: an unknown key, a known one that does not sign and one of a disabled user are refused alike', async () => {
    const unknown = new Authenticator({ origin: nginx.origin });
    unknown.create({
      ...(await enrolOptions()),
      user: { id: randomBytes(16).toString('base64url'), name: 'x', displayName: 'x' },
    });
    const options = async () => (await post(nginx, '/fido2/assertion/options', {})).json<RequestOptionsJSON>();
    const broken = passkey.get(await options(), {
      signature: (bytes) => bytes.map((byte, i) => byte ^ (i === 12 ? 1 : 0)),
    });
    const shapes: unknown[] = [];
    const disabled = new Authenticator({ origin: nginx.origin });
    const { userId } = await enrol(nginx, disabled, { user: 'dora' });
    await updateUser(nginx.ports, userId, () => ({ disabled: true }));
    for (const response of [unknown.get(await options()), broken, disabled.get(await options())]) {
      shapes.push(shapeOf(await post(nginx, '/fido2/assertion/result', response)));
    }
    expect(shapes[0]).toMatchObject({ status: 401, setCookie: [] });
    expect(shapes).toEqual([shapes[0], shapes[0], shapes[0]]);
  });

  async function enrolOptions(): Promise<CreationOptionsJSON> {
    const { code } = await invite(nginx, { user: `guest-${randomBytes(4).toString('hex')}` });
    return (await post(nginx, '/fido2/attestation/options', { invite: code })).json<CreationOptionsJSON>();
  }

  it('case 32: an unknown, a used and an expired invite are refused alike', async () => {
    const expired = await invite(nginx, { user: 'late', life: 1 });
    await new Promise((resolve) => setTimeout(resolve, 10));
    const codes = [randomBytes(20).toString('base64url'), ada.invite, expired.code, 'x', ''];
    const shapes: unknown[] = [];
    for (const code of codes) shapes.push(shapeOf(await post(nginx, '/fido2/attestation/options', { invite: code })));
    expect(shapes[0]).toMatchObject({ status: 410 });
    expect(new Set(shapes.map((shape) => JSON.stringify(shape))).size).toBe(1);
  });
});
