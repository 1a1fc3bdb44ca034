import { webcrypto } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { toBase64url } from '../../src/bytes.ts';
import { createVerifier } from '../../src/crypto/verify.ts';
import { admitAuthenticator } from '../../src/identity/attestation-policy.ts';
import type { AuthenticatorModel } from '../../src/identity/metadata.ts';
import { parseSettings } from '../../src/policy/settings.ts';
import type { Attestation } from '../../src/protocol/attestation/format.ts';
import type { RegistrationResult } from '../../src/protocol/registration.ts';
import { createAttestationCertificate, createAuthority } from '../helpers/certificates.ts';
import { uuidOf } from '../helpers/pem.ts';

const verifier = createVerifier({ subtle: webcrypto.subtle, mode: 'auto' });
const authority = createAuthority('A maker');
const model = Buffer.alloc(16, 7);
const zero = Buffer.alloc(16);
const attest = (aaguid: Uint8Array, by = authority): Attestation => ({
  type: 'basic',
  trustPath: [createAttestationCertificate(by, aaguid).certificate],
});

function result(changes: Partial<RegistrationResult> = {}): RegistrationResult {
  return {
    ...{ credentialId: new Uint8Array(16), publicKey: new Uint8Array(), algorithm: -7, signCount: 0 },
    ...{ aaguid: uuidOf(model), format: 'packed', attestationType: 'basic', attestation: attest(model) },
    ...{ backupEligible: false, backedUp: false, userVerified: true, transports: [] },
    extensions: { client: {}, authenticator: new Map() },
    ...changes,
  };
}

function admit(written: object, changes: Partial<RegistrationResult> = {}, known: AuthenticatorModel | null = null) {
  const document = { rp: { origins: ['https://app.example.com'] }, policies: {}, passkeys: written };
  const { passkeys } = parseSettings(JSON.stringify(document)).settings;
  const trust = { anchors: [authority.certificate], verifier, now: Date.UTC(2026, 0, 1) };
  return admitAuthenticator(result(changes), passkeys, { ...trust, modelOf: async () => known });
}

const none = { attestation: { type: 'none', trustPath: [] }, format: 'none' } as const;
const stranger = { attestation: attest(model, createAuthority('A maker')) };
const needed = { attestation: 'required' };

describe('who made it', () => {
  test.each<[string, object, Partial<RegistrationResult>, boolean]>([
    ['a chain to an anchor', {}, {}, true],
    ['a chain to nobody', {}, stranger, false],
    ['nothing', {}, none, false],
    ['a chain to an anchor, where it is needed', needed, {}, true],
  ])('%s', async (_, written, changes, attested) => {
    await expect(admit(written, changes)).resolves.toMatchObject({ attested });
  });

  test('two statements of which one leads nowhere attest nothing, unless one suffices', async () => {
    const parts = [attest(model), stranger.attestation];
    const changes = { format: 'compound', attestation: { type: 'compound', parts } } as const;
    await expect(admit({}, changes)).resolves.toMatchObject({ attested: false });
    await expect(admit({ compound: 'any' }, changes)).resolves.toMatchObject({ attested: true });
  });

  test('what tells a model of U2F is its certificate’s key', async () => {
    const u2f = { aaguid: uuidOf(zero), format: 'fido-u2f', attestation: attest(zero) };
    const { keyIdentifier } = await admit({}, u2f);
    expect(keyIdentifier).toMatch(/^[0-9a-f]{40}$/);
    expect((await admit({}, {})).keyIdentifier).toBeUndefined();
  });
});

test.each<[string, object, Partial<RegistrationResult>, string]>([
  ['attestation_required', needed, none, '7.1.24'],
  ['attestation_untrusted', { attestation: 'enterprise' }, stranger, '7.1.24'],
  ['aaguid_not_allowed', { aaguids: { deny: [uuidOf(model)] } }, {}, '7.1.24'],
  ['aaguid_not_allowed', { ...needed, aaguids: { allow: [uuidOf(zero)] } }, {}, '7.1.24'],
  ['aaguid_not_allowed', {}, { format: 'fido-u2f' }, '7.1.24'],
  ['backup_eligibility_refused', { backupEligible: 'refuse' }, { backupEligible: true }, '7.1.18'],
  ['backup_eligibility_refused', { backupEligible: 'require' }, {}, '7.1.18'],
])('%s', async (code, written, changes, step) => {
  await expect(admit(written, changes)).rejects.toMatchObject({ code, step });
});

test('a model that the metadata report as broken is refused, attested or not', async () => {
  const reports = [{ status: 'REVOKED', effectiveDate: null, certificate: null }];
  const broken = { v: 1, id: uuidOf(model), name: 'Key', reports, anchors: [], userVerification: [] } as const;
  for (const changes of [{}, none])
    await expect(admit({}, changes, broken)).rejects.toMatchObject({ code: 'authenticator_refused' });
});

test('where a certification is asked for, only the certificates of the model itself attest it', async () => {
  const maker = createAuthority('Its maker');
  const reports = [{ status: 'FIDO_CERTIFIED_L2', effectiveDate: null, certificate: null }];
  const anchors = [toBase64url(maker.certificate)];
  const certified = { v: 1, id: uuidOf(model), name: 'Key', reports, anchors, userVerification: [] } as const;
  const asked = { ...needed, metadata: { certification: 'L1' } };
  const byMaker = { attestation: attest(model, maker) };
  await expect(admit(asked, byMaker, certified)).resolves.toMatchObject({ attested: true });
  await expect(admit(asked, {}, certified)).rejects.toMatchObject({ code: 'attestation_untrusted' });
  await expect(admit(needed, {}, certified)).resolves.toMatchObject({ attested: true });
});
