import { fromBase64url } from '../../src/bytes.ts';
import { attestationFormats } from '../../src/protocol/attestation/formats.ts';
import { verifyAuthentication } from '../../src/protocol/authentication.ts';
import { verifyRegistration } from '../../src/protocol/registration.ts';
import { parseAuthenticationResponse, parseRegistrationResponse } from '../../src/protocol/response-json.ts';
import type { Verifier } from '../../src/protocol/verifier.ts';
import type { Sample } from './samples.ts';

const time = Date.UTC(2026, 0, 1);

/** Verifies a sample from its JSON on, as the handlers in nginx do, and its chain to the root. Throws what refuses it. */
export async function verifySample(sample: Sample, verifier: Verifier): Promise<void> {
  const { challenge, origin, rpId, algorithm, credential, stored } = sample;
  const expected = { challenge: bytesOf(challenge), origins: [origin], rpId, userVerification: 'required' } as const;
  if (sample.kind === 'registration') {
    await verifyRegistration(
      parseRegistrationResponse(credential),
      {
        ...expected,
        ...{ algorithms: [algorithm], time, trustAnchors: [bytesOf(sample.root)], formats: attestationFormats },
        credentialExists: async () => false,
      },
      verifier,
    );
    return;
  }
  const record = {
    credentialId: bytesOf(stored.credentialId),
    publicKey: bytesOf(stored.publicKey),
    userHandle: bytesOf(stored.userHandle),
    ...{ signCount: 1, backupEligible: false, backedUp: false },
  };
  await verifyAuthentication(parseAuthenticationResponse(credential), { ...expected, stored: record }, verifier);
}

function bytesOf(text: string): Uint8Array {
  const bytes = fromBase64url(text);
  if (bytes === null) throw new Error(`${text} is not base64url`);
  return bytes;
}
