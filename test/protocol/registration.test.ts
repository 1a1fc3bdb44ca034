import { describe, expect, test } from 'vitest';
import { createAuthority } from '../helpers/certificates.ts';
import { algorithmNames, coseAlgorithms } from '../helpers/credential-keys.ts';
import { createAuthenticator, type Registration, refusal, register } from './ceremony.ts';

const authority = createAuthority('Root of the registration tests');

describe('accepts', () => {
  const algorithms = algorithmNames.filter((name) => name !== 'RS1');
  const types = { none: 'none', 'packed-self': 'self', 'packed-x5c': 'basic' } as const;
  const attestations = Object.entries(types) as [keyof typeof types, string][];
  test.each(
    algorithms.flatMap((algorithm) => attestations.map(([attestation, type]) => ({ algorithm, attestation, type }))),
  )('$algorithm with $attestation', async ({ algorithm, attestation, type }) => {
    const expected = { algorithms: [coseAlgorithms[algorithm]] };
    const result = await register({ options: { algorithm, attestation }, expected });
    expect(result).toMatchObject({ attestationType: type, algorithm: coseAlgorithms[algorithm] });
  });

  test('RS1 where the options list it', async () => {
    const options = { algorithm: 'RS1', attestation: 'packed-self' } as const;
    expect(await register({ options, expected: { algorithms: [-65535] } })).toMatchObject({ algorithm: -65535 });
    await expect(register({ options })).rejects.toMatchObject(refusal('algorithm_mismatch', '7.1.20'));
  });

  test('and tells what to keep', async () => {
    const authenticator = createAuthenticator({ aaguid: new Uint8Array(16).fill(0xab), backupEligible: true });
    const result = await register({ authenticator });
    const [held] = authenticator.credentials;
    expect(result).toEqual({
      credentialId: Uint8Array.from(held?.id ?? []),
      publicKey: Uint8Array.from(held?.publicKey ?? []),
      algorithm: -7,
      signCount: 1,
      aaguid: 'abababab-abab-abab-abab-abababababab',
      format: 'none',
      attestationType: 'none',
      attestation: { type: 'none', trustPath: [] },
      backupEligible: true,
      backedUp: false,
      userVerified: true,
      transports: ['internal'],
      extensions: { client: { credProps: { rk: true } }, authenticator: new Map() },
    });
  });

  const fine: readonly (Registration & { readonly what: string })[] = [
    {
      what: 'a byte order mark (7.1.5)',
      tamper: { clientDataJSON: (bytes) => new Uint8Array([0xef, 0xbb, 0xbf, ...bytes]) },
    },
    {
      what: 'unknown members of client data (7.1.6)',
      tamper: { clientData: { extra: [{ a: 1 }], crossOrigin: undefined } },
    },
    {
      what: 'a frame that is expected (7.1.10)',
      tamper: { clientData: { crossOrigin: true } },
      expected: { crossOrigin: true },
    },
    {
      what: 'a listed page around it (7.1.11)',
      tamper: { clientData: { crossOrigin: true, topOrigin: 'https://top.test' } },
      expected: { crossOrigin: true, topOrigins: ['https://top.test'] },
    },
    {
      what: 'no user presence in a conditional creation (7.1.15)',
      tamper: { flags: (flags) => flags & ~1 },
      expected: { mediation: 'conditional' },
    },
    {
      what: 'no user verification where preferred (7.1.16)',
      options: { userVerification: false },
      expected: { userVerification: 'preferred' },
    },
    { what: 'a credential in backup (7.1.17)', options: { backupEligible: true, backedUp: true } },
    {
      what: 'a chain to an anchor (7.1.24)',
      options: { attestation: 'packed-x5c', authority },
      expected: { trustAnchors: [authority.certificate], attestationRequired: true },
    },
    { what: 'an identifier of 1023 bytes (7.1.25)', tamper: { credentialId: new Uint8Array(1023) } },
    { what: 'extensions that nobody asked for (7.1.28)', tamper: { extensions: new Map([['credProtect', 2]]) } },
  ];
  test.each(fine)('$what', async (changes) => {
    expect(await register(changes)).toHaveProperty('credentialId');
  });
});

test('a key that the client states beside the attestation is never looked at', async () => {
  const json = (answer: Record<string, unknown>): unknown => ({
    ...answer,
    response: { ...(answer.response as object), publicKey: 'AAAA', publicKeyAlgorithm: 0, authenticatorData: 'AAAA' },
  });
  expect((await register({ json })).algorithm).toBe(-7);
});
