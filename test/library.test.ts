import { describe, expect, test } from 'vitest';
import * as library from '../src/library.ts';
import type * as declared from '../types/protocol.d.ts';
import { Authenticator } from './helpers/authenticator.ts';
import { createAuthority } from './helpers/certificates.ts';

/** Holds the published declarations to the sources: each type has the same members of the same types. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Flat<T> = { [Name in keyof T]: T[Name] };
type Alike<A, B> = Same<Flat<A>, Flat<B>>;

const alike: readonly true[] = [
  true satisfies Alike<declared.RegistrationExpectation, library.RegistrationExpectation>,
  true satisfies Alike<declared.RegistrationResult, library.RegistrationResult>,
  true satisfies Alike<declared.AuthenticationExpectation, library.AuthenticationExpectation>,
  true satisfies Alike<declared.AuthenticationResult, library.AuthenticationResult>,
  true satisfies Alike<declared.StoredCredential, library.StoredCredential>,
  true satisfies Alike<declared.CreationOptions, library.CreationOptions>,
  true satisfies Alike<declared.CreationOptionsJSON, library.CreationOptionsJSON>,
  true satisfies Alike<declared.RequestOptions, library.RequestOptions>,
  true satisfies Alike<declared.RequestOptionsJSON, library.RequestOptionsJSON>,
  true satisfies Alike<declared.AttestationFormatName, library.AttestationFormatName>,
];
const published: Omit<typeof declared, 'Fido2Error'> = library;

const origin = 'https://login.example.org';
const rpId = 'login.example.org';
const challenge = new Uint8Array(32).fill(5);
const userHandle = new Uint8Array(16).fill(7);
const expected = { challenge, origins: [origin], rpId, userVerification: 'required' } as const;
const credentialExists = async (): Promise<boolean> => false;

function creation(): library.CreationOptionsJSON {
  return library.creationOptions({
    challenge,
    rp: { id: rpId, name: 'Example' },
    user: { id: userHandle, name: 'ann', displayName: 'Ann' },
    algorithms: [-7],
    excludeCredentials: [],
    userVerification: 'required',
    attestation: 'direct',
    timeout: 60_000,
  });
}

test('everything that is declared is exported, and nothing else', () => {
  expect(alike).not.toContain(false);
  expect(Object.keys(published).sort()).toEqual([
    'Fido2Error',
    'creationOptions',
    'requestOptions',
    'verifyAuthentication',
    'verifyRegistration',
  ]);
});

test('a registration and a sign-in', async () => {
  const authenticator = new Authenticator({ origin });
  const credential = await library.verifyRegistration(authenticator.create(creation()), {
    ...expected,
    credentialExists,
  });
  const options = library.requestOptions({
    ...expected,
    allowCredentials: [{ id: credential.credentialId, transports: credential.transports }],
    timeout: 60_000,
  });
  const stored = { ...credential, userHandle };
  const result = await library.verifyAuthentication(authenticator.get(options), { ...expected, stored });
  expect(result).toMatchObject({ signCount: 2, algorithm: -7, userVerified: true });
});

describe('the formats that are accepted', () => {
  const authority = createAuthority('Root of the library');
  const attest = (attestation: 'tpm' | 'android-safetynet' | 'compound', more: object = {}) =>
    library.verifyRegistration(new Authenticator({ origin, attestation, authority }).create(creation()), {
      ...expected,
      credentialExists,
      ...more,
    });

  test('are all but android-safetynet', async () => {
    expect(await attest('tpm')).toMatchObject({ format: 'tpm' });
    const closed = { code: 'attestation_format_unknown', step: '7.1.21' };
    await expect(attest('android-safetynet')).rejects.toMatchObject(closed);
    const time = Date.UTC(2026, 0, 1);
    const named = { formats: ['android-safetynet'], time };
    expect(await attest('android-safetynet', named)).toMatchObject({ format: 'android-safetynet' });
  });

  test('or those that are named, within compound too', async () => {
    await expect(attest('tpm', { formats: ['packed'] })).rejects.toMatchObject({ step: '7.1.21' });
    const both = { formats: ['compound', 'packed', 'android-key'] };
    expect(await attest('compound', both)).toMatchObject({ attestationType: 'compound' });
    const one = attest('compound', { formats: ['compound', 'packed'] });
    await expect(one).rejects.toMatchObject({ code: 'attestation_format_unknown', step: '7.1.22' });
  });

  test('chains are checked now, where no time is said', async () => {
    const anchored = { trustAnchors: [authority.certificate] };
    expect(await attest('tpm', anchored)).toMatchObject({ attestationType: 'attca' });
    const late = attest('tpm', { ...anchored, time: Date.UTC(2060, 0, 1) });
    await expect(late).rejects.toMatchObject({ code: 'attestation_untrusted', step: '7.1.24' });
  });
});
