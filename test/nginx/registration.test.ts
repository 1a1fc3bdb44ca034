import { beforeAll, describe, expect, it } from 'vitest';
import type { CreationOptionsJSON } from '../../src/protocol/options.ts';
import { Authenticator, flag } from '../helpers/authenticator.ts';
import { type Answer, enrol, get, invite, login, post } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { readUser } from '../helpers/records.ts';
import { sessionOf } from '../helpers/session.ts';

const optionsPath = '/fido2/attestation/options';
const resultPath = '/fido2/attestation/result';

describe.runIf(await needs('nginx')).each(['reused', 'fresh'] as const)('registration, contexts %s', (contexts) => {
  let nginx: RunningNginx;
  let passkey: Authenticator;

  beforeAll(async () => {
    nginx = await startNginx({ contexts, workers: 2 });
    passkey = new Authenticator({ origin: nginx.origin });
  });

  async function optionsFor(body: object, cookie?: string): Promise<CreationOptionsJSON> {
    const answer = await post(nginx, optionsPath, body, { cookie });
    expect(answer.status).toBe(200);
    return answer.json<CreationOptionsJSON>();
  }

  function codeOf(answer: Answer): [number, unknown] {
    return [answer.status, answer.json().code];
  }

  it('offers what finishes by itself: challenge, algorithms, a discoverable credential, user verification', async () => {
    const { code, userId } = await invite(nginx, { user: 'offered' });
    const options = await optionsFor({ invite: code });
    expect(options).toMatchObject({
      rp: { id: 'localhost', name: 'Test' },
      user: { id: userId, name: 'offered' },
      attestation: 'none',
      excludeCredentials: [],
      authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
    });
    expect(options.pubKeyCredParams.map(({ alg }) => alg)).toEqual([-7, -8, -257]);
    expect(Buffer.from(options.challenge, 'base64url').length).toBeGreaterThanOrEqual(16);
    expect((await optionsFor({ invite: code })).challenge).not.toBe(options.challenge);
  });

  it('enrols by invite once, and starts a session', async () => {
    const { code } = await invite(nginx, { user: 'once' });
    const first = passkey.create(await optionsFor({ invite: code }));
    const late = passkey.create(await optionsFor({ invite: code }));
    const done = await post(nginx, resultPath, { ...first, name: 'Blue key' });
    expect(done.status).toBe(201);
    expect(done.json()).toEqual({ credentialId: first.id, user: 'once', name: 'Blue key' });
    expect(done.setCookie).toEqual([
      expect.stringMatching(/^__Host-fido2=[\w.-]{60,200}; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
    ]);
    expect(codeOf(await post(nginx, resultPath, late))).toEqual([410, 'invite_invalid']);
    expect(codeOf(await post(nginx, optionsPath, { invite: code }))).toEqual([410, 'invite_invalid']);
    expect((await readUser(nginx, 'once')).credentials.map(({ id }) => id)).toEqual([first.id]);
  });

  it('answers unknown, used and expired invites alike and changes nothing', async () => {
    const expired = await invite(nginx, { user: 'expired', life: 1 });
    const { invite: used } = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'used' });
    const answers = await Promise.all(
      [expired.code, used, 'A'.repeat(27), 'x', ''].map((code) => post(nginx, optionsPath, { invite: code })),
    );
    for (const answer of answers) {
      const { ref, ...rest } = answer.json();
      expect(ref).toMatch(/^[0-9a-f]{8}$/);
      expect({ status: answer.status, ...rest }).toEqual({
        type: 'urn:ngx-fido2:invite_invalid',
        title: 'This link no longer works',
        status: 410,
        code: 'invite_invalid',
      });
    }
    expect((await readUser(nginx, 'expired')).credentials).toEqual([]);
  });

  it('lets exactly one of many answers to one invite in', async () => {
    const { code } = await invite(nginx, { user: 'race' });
    const answers = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const own = new Authenticator({ origin: nginx.origin });
        return own.create(await optionsFor({ invite: code }));
      }),
    );
    const results = await Promise.all(answers.map((each) => post(nginx, resultPath, each)));
    expect(results.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(results.filter(({ status }) => status === 410)).toHaveLength(7);
    expect((await readUser(nginx, 'race')).credentials).toHaveLength(1);
  });

  it.each([
    ['another origin', 'origin_mismatch', { clientData: { origin: 'https://evil.example' } }],
    ['another relying party', 'rp_id_mismatch', { rpId: 'evil.example' }],
    ['no user verification', 'user_verification_missing', { flags: (flags: number) => flags & ~flag.userVerified }],
    ['no user presence', 'user_presence_missing', { flags: (flags: number) => flags & ~flag.userPresent }],
    ['another ceremony', 'type_mismatch', { clientData: { type: 'webauthn.get' } }],
    ['a frame of another site', 'cross_origin_mismatch', { clientData: { crossOrigin: true } }],
  ])('refuses %s by name and leaves the invite usable', async (_, code, tamper) => {
    const user = `guard-${code}`;
    const { code: link } = await invite(nginx, { user });
    const refused = passkey.create(await optionsFor({ invite: link }), tamper);
    expect(codeOf(await post(nginx, resultPath, refused))).toEqual([400, code]);
    expect(nginx.audit().at(-1)).toMatchObject({ event: 'registration', outcome: 'refused', code, account: user });
    expect((await readUser(nginx, user)).credentials).toEqual([]);
    const good = new Authenticator({ origin: nginx.origin }).create(await optionsFor({ invite: link }));
    expect((await post(nginx, resultPath, good)).status).toBe(201);
  });

  it('takes a challenge once, and none that it did not make', async () => {
    const { code } = await invite(nginx, { user: 'challenge' });
    const options = await optionsFor({ invite: code });
    const foreign = passkey.create({ ...options, challenge: Buffer.alloc(64, 7).toString('base64url') });
    expect(codeOf(await post(nginx, resultPath, foreign))).toEqual([400, 'challenge_invalid']);
    const { cookie } = await enrol(nginx, passkey, { user: 'challenge-session' });
    const added = await optionsFor({}, cookie);
    const own = new Authenticator({ origin: nginx.origin });
    expect((await post(nginx, resultPath, own.create(added), { cookie })).status).toBe(201);
    const again = own.create({ ...added, excludeCredentials: [] });
    expect(codeOf(await post(nginx, resultPath, again, { cookie }))).toEqual([400, 'challenge_used']);
    expect((await readUser(nginx, 'challenge-session')).credentials).toHaveLength(2);
  });

  it('adds a key for a fresh session and excludes those that are there', async () => {
    const first = new Authenticator({ origin: nginx.origin });
    const { cookie, credentialId } = await enrol(nginx, first, { user: 'second-key' });
    const options = await optionsFor({}, cookie);
    expect(options.excludeCredentials.map(({ id }) => id)).toEqual([credentialId]);
    expect(() => first.create(options)).toThrow(expect.objectContaining({ name: 'InvalidStateError' }));
    const second = new Authenticator({ origin: nginx.origin });
    const answer = await post(nginx, resultPath, second.create(options), { cookie });
    expect([answer.status, answer.json().name, answer.setCookie]).toEqual([201, 'Passkey', []]);
    const signedIn = await login(nginx, second);
    expect((await get(nginx, '/fido2/session', { cookie: signedIn })).json().user).toBe('second-key');
  });

  it('asks an older session to confirm first, and nobody adds a key without one', async () => {
    const enrolment = await enrol(nginx, passkey, { user: 'older' });
    const { cookie } = await sessionOf(nginx, enrolment, { age: 301_000 });
    expect(codeOf(await post(nginx, optionsPath, {}, { cookie }))).toEqual([401, 'step_up_required']);
    expect(codeOf(await post(nginx, optionsPath, {}))).toEqual([401, 'session_required']);
    const options = await optionsFor({}, enrolment.cookie);
    const other = new Authenticator({ origin: nginx.origin });
    const stolen = other.create(options);
    expect(codeOf(await post(nginx, resultPath, stolen))).toEqual([401, 'session_required']);
    expect(codeOf(await post(nginx, resultPath, stolen, { cookie }))).toEqual([401, 'step_up_required']);
    const third = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'third-party' });
    expect(codeOf(await post(nginx, resultPath, stolen, { cookie: third.cookie }))).toEqual([400, 'challenge_invalid']);
    expect((await readUser(nginx, 'older')).credentials).toHaveLength(1);
  });

  it('refuses a credential that somebody has already', async () => {
    const held = await enrol(nginx, passkey, { user: 'holder' });
    const { code } = await invite(nginx, { user: 'copier' });
    const same = passkey.create(await optionsFor({ invite: code }), {
      credentialId: Buffer.from(held.credentialId, 'base64url'),
    });
    expect(codeOf(await post(nginx, resultPath, same))).toEqual([409, 'already_registered']);
    expect((await readUser(nginx, 'copier')).credentials).toEqual([]);
  });
});
