import { webcrypto } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { toBase64url } from '../../src/bytes.ts';
import { createVerifier } from '../../src/crypto/verify.ts';
import { attestationFormats } from '../../src/protocol/attestation/formats.ts';
import { verifyAuthentication } from '../../src/protocol/authentication.ts';
import { verifyRegistration } from '../../src/protocol/registration.ts';
import { fromHex, haveVectors, type Level3Vector, level3Vectors, vectorsNote } from '../helpers/vectors.ts';

const { attestationRoot, vectors } = level3Vectors();
const all = [-7, -8, -35, -36, -53, -257];

const expectation = {
  origins: ['https://example.org'],
  rpId: 'example.org',
  userVerification: 'discouraged',
  crossOrigin: true,
  topOrigins: ['https://example.com'],
} as const;

function register(vector: Level3Vector, mode: 'auto' | 'portable', trustAnchors: readonly Uint8Array[]) {
  const { challenge, credential_id, clientDataJSON, attestationObject } = vector.registration;
  const response = {
    id: fromHex(credential_id),
    clientDataJSON: fromHex(clientDataJSON),
    attestationObject: fromHex(attestationObject),
    transports: [],
    clientExtensionResults: {},
  };
  const expected = {
    ...expectation,
    challenge: fromHex(challenge),
    algorithms: all,
    time: Date.UTC(2025, 0, 1),
    trustAnchors,
    formats: attestationFormats,
    credentialExists: async () => false,
  };
  return verifyRegistration(response, expected, createVerifier({ subtle: webcrypto.subtle, mode }));
}

describe.skipIf(!haveVectors)(`the test vectors of Level 3, section 16${vectorsNote}`, () => {
  describe.each(['auto', 'portable'] as const)('crypto %s', (mode) => {
    test.each(vectors)('$id: registration, its chain to the root, and authentication', async (vector) => {
      const registered = await register(vector, mode, [fromHex(attestationRoot.attestation_ca_cert)]);
      expect(registered.aaguid.replaceAll('-', '')).toBe(vector.registration.aaguid);

      const { challenge, authenticatorData, clientDataJSON, signature } = vector.authentication;
      const owner = new Uint8Array([1]);
      const response = {
        id: registered.credentialId,
        authenticatorData: fromHex(authenticatorData),
        clientDataJSON: fromHex(clientDataJSON),
        signature: fromHex(signature),
        userHandle: null,
        clientExtensionResults: {},
      };
      const stored = { ...registered, userHandle: owner };
      const expected = { ...expectation, challenge: fromHex(challenge), stored, userHandle: owner };
      const verifier = createVerifier({ subtle: webcrypto.subtle, mode });
      const result = await verifyAuthentication(response, expected, verifier);
      expect(toBase64url(result.credentialId)).toBe(toBase64url(fromHex(vector.registration.credential_id)));

      for (const [name, at] of [
        ['authenticatorData', 36],
        ['clientDataJSON', 20],
        ['signature', 15],
      ] as const) {
        const changed = response[name].slice();
        changed[at] = (changed[at] ?? 0) ^ 1;
        const attempt = verifyAuthentication({ ...response, [name]: changed }, expected, verifier);
        await expect(attempt, `${name} with one bit changed`).rejects.toHaveProperty('step');
      }
    });
  });

  test('a chain to another root is not trusted', async () => {
    const packed = vectors.find((vector) => vector.id === 'packed-es256');
    if (packed === undefined) throw new Error('no vector packed-es256');
    await expect(register(packed, 'auto', [])).rejects.toMatchObject({
      code: 'attestation_untrusted',
      step: '7.1.24',
    });
  });
});
