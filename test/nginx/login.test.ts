import { beforeAll, describe, expect, it } from 'vitest';
import { updateUser } from '../../src/identity/user.ts';
import type { RequestOptionsJSON } from '../../src/protocol/options.ts';
import { Authenticator, flag, type Tamper } from '../helpers/authenticator.ts';
import { type Answer, cookieFrom, type Enrolment, enrol, get, login, loginAnswer, post } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { readUser } from '../helpers/records.ts';

const optionsPath = '/fido2/assertion/options';
const resultPath = '/fido2/assertion/result';

describe.runIf(await needs('nginx')).each(['reused', 'fresh'] as const)('login, contexts %s', (contexts) => {
  let nginx: RunningNginx;
  let passkey: Authenticator;
  let ada: Enrolment;

  beforeAll(async () => {
    nginx = await startNginx({ contexts, workers: 2 });
    passkey = new Authenticator({ origin: nginx.origin });
    ada = await enrol(nginx, passkey, { user: 'ada' });
  });

  async function optionsFor(body: object = {}, cookie?: string): Promise<RequestOptionsJSON> {
    const answer = await post(nginx, optionsPath, body, { cookie });
    expect(answer.status).toBe(200);
    return answer.json<RequestOptionsJSON>();
  }

  function isRefused(answer: Answer): void {
    const { ref, ...rest } = answer.json();
    expect(ref).toMatch(/^[0-9a-f]{8}$/);
    expect(rest).toEqual({
      type: 'urn:ngx-fido2:authentication_failed',
      title: 'The passkey was not accepted',
      status: 401,
      code: 'authentication_failed',
    });
    expect(answer.status).toBe(401);
    expect(answer.setCookie).toEqual([]);
  }

  it('asks for any passkey of the site', async () => {
    const options = await optionsFor();
    expect(options).toMatchObject({ rpId: 'localhost', allowCredentials: [], userVerification: 'required' });
  });

  it('answers a name that exists, one that does not and none alike', async () => {
    const all = await Promise.all([{}, { username: 'ada' }, { username: 'nobody' }].map((body) => optionsFor(body)));
    const shapes = all.map(({ challenge, ...rest }) => ({ ...rest, length: challenge.length }));
    expect(shapes[1]).toEqual(shapes[0]);
    expect(shapes[2]).toEqual(shapes[0]);
  });

  it('signs in and tells where to go on', async () => {
    const answer = await loginAnswer(nginx, passkey, { returnTo: '/app/x?y=1#z' });
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({ user: 'ada', return_to: '/app/x?y=1#z' });
    expect(answer.json<{ signal: object }>().signal).toEqual({
      ...{ rpId: 'localhost', userId: expect.stringMatching(/^[\w-]{22}$/), name: 'ada', displayName: 'ada' },
      allAcceptedCredentialIds: [expect.any(String)],
    });
    expect(answer.setCookie).toEqual([
      expect.stringMatching(/^__Host-fido2=[\w.-]{60,200}; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
    ]);
    expect(cookieFrom(answer)).not.toContain('ada');
  });

  it.each([
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    '/%2f/evil.example',
    '/a\r\nX: 1',
    '/a%0d%0aX:1',
    'a',
    '',
    '/fido2/logout',
    '/%66ido2/login',
  ])('goes on at / instead of %j', async (returnTo) => {
    const answer = await loginAnswer(nginx, passkey, { returnTo });
    expect(answer.json().return_to).toBe('/');
  });

  it('tells the session to its owner', async () => {
    const cookie = await login(nginx, passkey);
    const now = Date.now() / 1000;
    const answer = await get(nginx, '/fido2/session', { cookie });
    expect(answer.status).toBe(200);
    const { auth_time, idle_expires, expires, ...rest } = answer.json<Record<string, number>>();
    expect(rest).toEqual({
      user: 'ada',
      sub: ada.userId,
      groups: [],
      sid: expect.stringMatching(/^[\w-]{22}$/),
      acr: 'phr',
      amr: expect.arrayContaining(['user']),
    });
    expect(Math.abs((auth_time ?? 0) - now)).toBeLessThan(60);
    expect(Math.abs((idle_expires ?? 0) - now - 1800)).toBeLessThan(60);
    expect(Math.abs((expires ?? 0) - now - 43_200)).toBeLessThan(60);
    expect((await get(nginx, '/fido2/session')).status).toBe(401);
  });

  const refusals: readonly (readonly [string, string, Tamper])[] = [
    ['another origin', 'origin_mismatch', { clientData: { origin: 'https://evil.example' } }],
    ['another relying party', 'rp_id_mismatch', { rpId: 'evil.example' }],
    ['no user verification', 'user_verification_missing', { flags: (flags) => flags & ~flag.userVerified }],
    ['another ceremony', 'type_mismatch', { clientData: { type: 'webauthn.create' } }],
    ['a made-up challenge', 'challenge_invalid', { clientData: { challenge: 'AAAA' } }],
    ['a counter that fell', 'sign_count_regressed', { signCount: 1 }],
  ];

  it.each(refusals)('refuses %s like everything else, and notes the guard', async (_, code, tamper) => {
    const own = new Authenticator({ origin: nginx.origin });
    const user = `refused-${code}`.slice(0, 40).replaceAll('_', '-');
    const { credentialId } = await enrol(nginx, own, { user });
    await login(nginx, own);
    isRefused(await loginAnswer(nginx, own, { tamper }));
    expect(nginx.audit().at(-1)).toMatchObject({ event: 'login', outcome: 'refused', code, credential: credentialId });
  });

  it('refuses a key that nobody has and the key of a disabled user alike', async () => {
    const stranger = new Authenticator({ origin: nginx.origin });
    const { userId } = await enrol(nginx, stranger, { user: 'disabled' });
    await updateUser(nginx.ports, userId, () => ({ disabled: true }));
    isRefused(await loginAnswer(nginx, stranger));
    const other = await startNginx({ settings: { rp: { origins: [nginx.origin] } } });
    const elsewhere = new Authenticator({ origin: nginx.origin });
    await enrol({ ...other, origin: nginx.origin }, elsewhere, { user: 'elsewhere' });
    isRefused(await loginAnswer(nginx, elsewhere));
    await other.stop();
  });

  it('takes one of many copies of an answer, over both workers', async () => {
    // a passkey without a counter, so that nothing but the claim tells the copies apart
    const own = new Authenticator({ origin: nginx.origin, counterStep: 0 });
    await enrol(nginx, own, { user: 'copied' });
    const response = own.get(await optionsFor());
    const answers = await Promise.all(Array.from({ length: 12 }, () => post(nginx, resultPath, response)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const answer of answers.filter(({ status }) => status !== 200)) isRefused(answer);
  });

  it('keeps the old cookie for other tabs for a while after a step-up, in the same session', async () => {
    const old = await login(nginx, passkey);
    const options = await optionsFor({ policy: 'admin' }, old);
    expect(options.allowCredentials.map(({ id }) => id)).toEqual([ada.credentialId]);
    const fresh = await login(nginx, passkey, { cookie: old, policy: 'admin' });
    const [before, after] = await Promise.all(
      [old, fresh].map(async (cookie) => (await get(nginx, '/fido2/session', { cookie })).json()),
    );
    expect(before?.sid).toBe(after?.sid);
    expect((await post(nginx, optionsPath, { policy: 'admin' })).status).toBe(401);
  });

  it('refuses to confirm one session with the key, or the challenge, of another', async () => {
    const other = new Authenticator({ origin: nginx.origin });
    const { cookie } = await enrol(nginx, other, { user: 'other' });
    const theirs = await optionsFor({ policy: 'admin' }, cookie);
    isRefused(await post(nginx, resultPath, passkey.get({ ...theirs, allowCredentials: [] }), { cookie }));
    isRefused(await post(nginx, resultPath, other.get(theirs), { cookie: await login(nginx, passkey) }));
    isRefused(await post(nginx, resultPath, other.get(theirs)));
  });

  it('ends the session of whoever was signed in on this browser before', async () => {
    const other = new Authenticator({ origin: nginx.origin });
    const { cookie: theirs } = await enrol(nginx, other, { user: 'before' });
    const mine = await login(nginx, passkey, { cookie: theirs });
    expect((await get(nginx, '/fido2/session', { cookie: mine })).json().user).toBe('ada');
    expect((await get(nginx, '/fido2/session', { cookie: theirs })).status).toBe(401);
  });

  it('makes a new session at each login and takes none from outside', async () => {
    const fixed = `${ada.cookie.slice(0, -2)}AA`;
    const cookie = await login(nginx, passkey, { cookie: fixed });
    expect(cookie).not.toBe(fixed);
    const sids = await Promise.all(
      [cookie, await login(nginx, passkey)].map(
        async (each) => (await get(nginx, '/fido2/session', { cookie: each })).json().sid,
      ),
    );
    expect(sids[0]).not.toBe(sids[1]);
  });

  it('notes the counter and the time of use', async () => {
    const before = (await readUser(nginx, 'ada')).credentials[0];
    await login(nginx, passkey);
    const after = (await readUser(nginx, 'ada')).credentials[0];
    expect(after?.signCount).toBeGreaterThan(before?.signCount ?? 0);
    expect(after?.lastUsed).toBeGreaterThanOrEqual(before?.lastUsed ?? 0);
  });
});
