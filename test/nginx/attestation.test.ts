import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CreationOptionsJSON } from '../../src/protocol/options.ts';
import { generatedOrigin, signPurpose } from '../helpers/attestations.ts';
import {
  type AttestationName,
  Authenticator,
  type AuthenticatorOptions,
  type Tamper,
} from '../helpers/authenticator.ts';
import { addPasskey } from '../helpers/ceremonies.ts';
import { createAuthority } from '../helpers/certificates.ts';
import { type Answer, enrol, get, invite, login, post } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { pemOf, uuidOf } from '../helpers/pem.ts';
import { readUser } from '../helpers/records.ts';
import { gatedLocation } from '../helpers/site-conf.ts';
import { startUpstream, type Upstream } from '../helpers/upstream.ts';

const zero = Buffer.alloc(16);
const authority = createAuthority('A maker');
const model = randomBytes(16);
const banned = randomBytes(16);

/** A site that trusts the maker. */
function siteThatAsks(passkeys: object, crypto: 'auto' | 'portable' = 'auto'): Promise<RunningNginx> {
  return startNginx({
    crypto,
    settings: { passkeys: { anchors: ['makers.pem'], ...passkeys } },
    prepare: (folder) => {
      const other = createAuthority('Another maker').certificate;
      writeFileSync(join(folder, 'makers.pem'), `Makers\n${pemOf(other)}${pemOf(authority.certificate)}`, {
        mode: 0o644,
      });
    },
  });
}

async function answerOf(
  nginx: RunningNginx,
  code: string,
  authenticator: Authenticator,
  tamper: Tamper = {},
): Promise<Answer> {
  const options = await post(nginx, '/fido2/attestation/options', { invite: code });
  return post(nginx, '/fido2/attestation/result', authenticator.create(options.json<CreationOptionsJSON>(), tamper));
}

const hasNginx = await needs('nginx');

const modes = ['auto', 'portable'] as const;

describe.runIf(hasNginx).each(modes)(
  'a site that takes attested passkeys of some models alone, crypto %s',
  (crypto) => {
    let nginx: RunningNginx;

    beforeAll(async () => {
      const allow = [uuidOf(model), uuidOf(zero), uuidOf(banned)];
      nginx = await siteThatAsks({ attestation: 'required', aaguids: { allow, deny: [uuidOf(banned)] } }, crypto);
    });

    const make = (options: Partial<AuthenticatorOptions>): Authenticator =>
      new Authenticator({ origin: nginx.origin, authority, aaguid: model, ...options });

    const formats: [AttestationName, Buffer][] = [
      ['packed-x5c', model],
      ['tpm', model],
      ['android-key', model],
      ['apple', zero],
      ['fido-u2f', zero],
      ['compound', model],
    ];
    it.each(formats)('takes %s, and notes that it is attested', async (attestation, aaguid) => {
      await enrol(nginx, make({ attestation, aaguid }), { user: attestation });
      const { credentials } = await readUser(nginx, attestation);
      expect(credentials).toMatchObject([
        { attested: true, format: attestation.replace('-x5c', ''), aaguid: uuidOf(aaguid) },
      ]);
    });

    it.each<[string, string, Partial<AuthenticatorOptions>]>([
      ['none', 'attestation_required', {}],
      ['its own word', 'attestation_required', { attestation: 'packed-self' }],
      [
        'another maker’s',
        'attestation_untrusted',
        { attestation: 'packed-x5c', authority: createAuthority('A maker') },
      ],
      ['another model', 'aaguid_not_allowed', { attestation: 'packed-x5c', aaguid: randomBytes(16) }],
      ['a banned model', 'aaguid_not_allowed', { attestation: 'packed-x5c', aaguid: banned }],
      ['a format that is not taken', 'attestation_format_unknown', { attestation: 'android-safetynet' }],
    ])('refuses %s and leaves the link usable', async (name, code, options) => {
      const user = name.replaceAll(/[^a-z]/g, '-');
      const link = await invite(nginx, { user });
      const refused = await answerOf(nginx, link.code, make(options));
      expect([refused.status, refused.json().code]).toEqual([400, code]);
      expect(nginx.audit().at(-1)).toMatchObject({ event: 'registration', outcome: 'refused', code, account: user });
      expect((await readUser(nginx, user)).credentials).toEqual([]);
      expect((await answerOf(nginx, link.code, make({ attestation: 'packed-x5c' }))).status).toBe(201);
    });

    it('asks for attestation, and refuses everybody where the anchors cannot be read', async () => {
      const { code } = await invite(nginx, { user: 'asked' });
      const options = await post(nginx, '/fido2/attestation/options', { invite: code });
      expect(options.json()).toMatchObject({ attestation: 'direct' });
      writeFileSync(join(nginx.folder, 'makers.pem'), 'no certificate');
      await nginx.reload();
      const answer = await answerOf(nginx, code, make({ attestation: 'packed-x5c' }));
      expect([answer.status, answer.json().code]).toEqual([503, 'unfit']);
      expect(nginx.errorLog()).toMatch(/passkeys\.anchors: .*makers\.pem: 0 of 0 certificates/);
    });
  },
);

describe.runIf(hasNginx)('policies that ask for the passkey', () => {
  let nginx: RunningNginx;
  let upstream: Upstream;
  let hardware: Authenticator;
  let plain: Authenticator;
  let cookie: string;

  beforeAll(async () => {
    upstream = await startUpstream();
    nginx = await startNginx({
      upstream,
      locations: ['attested', 'model', 'other'].map((name) => gatedLocation(`/${name}/`, name)).join(''),
      settings: {
        passkeys: { anchors: ['makers.pem'], attestation: 'direct' },
        policies: {
          user: {},
          attested: { authenticator: { attested: true } },
          model: { authenticator: { aaguids: [uuidOf(model)] } },
          other: { authenticator: { aaguids: [uuidOf(banned)] } },
        },
      },
      prepare: (folder) => writeFileSync(join(folder, 'makers.pem'), pemOf(authority.certificate), { mode: 0o644 }),
    });
    hardware = new Authenticator({ origin: nginx.origin, authority, aaguid: model, attestation: 'packed-x5c' });
    plain = new Authenticator({ origin: nginx.origin, aaguid: model });
    ({ cookie } = await enrol(nginx, hardware, { user: 'ada' }));
    await addPasskey(nginx, plain, cookie);
  });

  async function contextOf(each: string) {
    const { acr, amr } = (await get(nginx, '/fido2/session', { cookie: each })).json();
    return [acr, amr];
  }

  const statuses = (each: string): Promise<number[]> =>
    Promise.all(
      ['/app/', '/attested/', '/model/', '/other/'].map(
        async (path) => (await get(nginx, path, { cookie: each })).status,
      ),
    );

  it('admit what is attested, by model', async () => {
    expect(await statuses(cookie)).toEqual([200, 200, 200, 403]);
    const tokens = upstream.arrived.map((each) => each.header('fido2-identity') ?? '');
    expect(tokens.map((token) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()))).toEqual(
      Array(3).fill(expect.objectContaining({ acr: 'phrh', amr: ['pop', 'hwk', 'user', 'mfa'] })),
    );
    expect(await contextOf(cookie)).toEqual(['phrh', ['pop', 'hwk', 'user', 'mfa']]);
  });

  it('refuse the same user by another passkey, and say what is needed', async () => {
    const weak = await login(nginx, plain);
    expect(await statuses(weak)).toEqual([200, 403, 403, 403]);
    expect(await contextOf(weak)).toEqual(['phr', ['pop', 'swk', 'user', 'mfa']]);
    const page = await get(nginx, '/attested/', { cookie: weak, headers: { Accept: 'text/html' } });
    expect(page.text).toContain('This page needs another passkey');
  });

  it('give the cookie from before a step-up nothing of the passkey after it, nor the other way round', async () => {
    const before = await login(nginx, plain);
    const after = await login(nginx, hardware, { cookie: before, policy: 'user' });
    expect(await statuses(after)).toEqual([200, 200, 200, 403]);
    expect(await statuses(before)).toEqual([200, 403, 403, 403]);
    expect(await contextOf(before)).toEqual(['phr', ['pop', 'swk', 'user', 'mfa']]);
    const strong = await login(nginx, hardware);
    expect(await statuses(await login(nginx, plain, { cookie: strong, policy: 'user' }))).toEqual([200, 403, 403, 403]);
    expect(await statuses(strong)).toEqual([200, 200, 200, 403]);
  });
});

describe.runIf(hasNginx)('a site that asks without insisting', () => {
  let nginx: RunningNginx;

  beforeAll(async () => {
    nginx = await siteThatAsks({
      attestation: 'direct',
      formats: ['none', 'packed', 'fido-u2f', 'android-key'],
      androidKeys: 'hardware',
      algorithms: [-36, -7],
      backupEligible: 'refuse',
      extensions: { credProtect: 'userVerificationRequired', minPinLength: true },
      unsolicitedExtensions: 'refuse',
    });
  });

  const make = (options: Partial<AuthenticatorOptions>): Authenticator =>
    new Authenticator({ origin: nginx.origin, authority, ...options });

  it('offers what its settings say', async () => {
    const { code } = await invite(nginx, { user: 'offered' });
    const options = (await post(nginx, '/fido2/attestation/options', { invite: code })).json<CreationOptionsJSON>();
    expect(options.pubKeyCredParams.map(({ alg }) => alg)).toEqual([-36, -7]);
    expect(options).toMatchObject({
      attestation: 'direct',
      extensions: { credentialProtectionPolicy: 'userVerificationRequired', minPinLength: true },
    });
  });

  it.each<[string, boolean, Partial<AuthenticatorOptions>]>([
    ['nothing', false, { algorithm: 'ES512' }],
    ['its own word', false, { attestation: 'packed-self' }],
    ['a stranger’s', false, { attestation: 'packed-x5c', authority: createAuthority('Nobody') }],
    ['a known maker’s', true, { attestation: 'packed-x5c' }],
  ])('takes %s; attested: %s', async (name, attested, options) => {
    const user = name.replaceAll(/[^a-z]/g, '-');
    await enrol(nginx, make(options), { user });
    expect((await readUser(nginx, user)).credentials).toMatchObject([{ attested }]);
  });

  it('takes keys of Android that its hardware speaks for, and none that software does', async () => {
    const android = (): Authenticator => make({ attestation: 'android-key' });
    const { code } = await invite(nginx, { user: 'android' });
    const software = { attestation: { software: [signPurpose, generatedOrigin], tee: [] } };
    const refused = await answerOf(nginx, code, android(), software);
    expect([refused.status, refused.json().code]).toEqual([400, 'attestation_invalid']);
    expect((await answerOf(nginx, code, android())).status).toBe(201);
  });

  it.each<[string, string, Partial<AuthenticatorOptions>]>([
    ['a passkey that can be copied', 'backup_eligibility_refused', { backupEligible: true }],
    ['another format', 'attestation_format_unknown', { attestation: 'apple' }],
    ['U2F with a model', 'aaguid_not_allowed', { attestation: 'fido-u2f', aaguid: model }],
    ['an algorithm that was not offered', 'algorithm_mismatch', { algorithm: 'EdDSA' }],
  ])('refuses %s', async (name, code, options) => {
    const link = await invite(nginx, { user: name.replaceAll(/[^a-z]/g, '-').slice(0, 20) });
    const answer = await answerOf(nginx, link.code, make(options));
    expect([answer.status, answer.json().code]).toEqual([400, code]);
  });
});
