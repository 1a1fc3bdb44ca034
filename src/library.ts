import { webcrypto } from 'node:crypto';
import { verifyMlDsa } from './crypto/ml-dsa.ts';
import { createVerifier } from './crypto/verify.ts';
import { attestationFormats } from './protocol/attestation/formats.ts';
import {
  type AuthenticationExpectation,
  type AuthenticationResult,
  verifyAuthentication as authenticate,
} from './protocol/authentication.ts';
import {
  type RegistrationExpectation,
  type RegistrationResult,
  verifyRegistration as register,
} from './protocol/registration.ts';
import { parseAuthenticationResponse, parseRegistrationResponse } from './protocol/response-json.ts';

/*
 * WebAuthn Level 3 for Node, without nginx:
 *
 *   const options = creationOptions({ challenge, rp, user, algorithms: [-7, -8, -257], .. });
 *   const credential = await verifyRegistration(await request.json(), { challenge, origins, rpId, .. });
 */

export { type ErrorCode, Fido2Error } from './errors.ts';
export { creationOptions, requestOptions } from './protocol/options.ts';
export type { AuthenticationExpectation, AuthenticationResult, RegistrationExpectation, RegistrationResult };

const verifier = createVerifier({ subtle: webcrypto.subtle, mode: 'auto', mlDsa: verifyMlDsa });

/**
 * Verifies a RegistrationResponseJSON (Level 3, section 7.1). Throws Fido2Error with a code and the number of the
 * step that did not hold.
 */
export async function verifyRegistration(
  response: unknown,
  expected: RegistrationExpectation,
): Promise<RegistrationResult> {
  return register(parseRegistrationResponse(response), { formats: attestationFormats, ...expected }, verifier);
}

/** Verifies an AuthenticationResponseJSON (section 7.2) against the stored credential that it names. */
export async function verifyAuthentication(
  response: unknown,
  expected: AuthenticationExpectation,
): Promise<AuthenticationResult> {
  return authenticate(parseAuthenticationResponse(response), expected, verifier);
}
