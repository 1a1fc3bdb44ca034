import { webcrypto } from 'node:crypto';
import { verifyMlDsa } from './crypto/ml-dsa.ts';
import { createVerifier } from './crypto/verify.ts';
import { credentialAlgorithms } from './protocol/algorithms.ts';
import { attestationFormats, selectFormats } from './protocol/attestation/formats.ts';
import {
  type AuthenticationExpectation,
  type AuthenticationResult,
  verifyAuthentication as authenticate,
  type StoredCredential,
} from './protocol/authentication.ts';
import {
  type RegistrationExpectation as Expectation,
  type RegistrationResult,
  verifyRegistration as register,
} from './protocol/registration.ts';
import { parseAuthenticationResponse, parseRegistrationResponse } from './protocol/response-json.ts';

/* WebAuthn Level 3 for Node, without nginx: what `ngx-fido2/protocol` exports. types/protocol.d.ts declares it. */

export { type ErrorCode, Fido2Error } from './errors.ts';
export {
  type CreationOptions,
  type CreationOptionsJSON,
  creationOptions,
  type RequestOptions,
  type RequestOptionsJSON,
  requestOptions,
} from './protocol/options.ts';
export type { AuthenticationExpectation, AuthenticationResult, RegistrationResult, StoredCredential };

export type AttestationFormatName =
  | 'none'
  | 'packed'
  | 'tpm'
  | 'android-key'
  | 'apple'
  | 'fido-u2f'
  | 'compound'
  | 'android-safetynet';

/** As the guards have it, with what has a default in Node. */
export interface RegistrationExpectation extends Omit<Expectation, 'algorithms' | 'time' | 'trustAnchors' | 'formats'> {
  /** COSE algorithm identifiers. Default: all that a credential may sign in with. */
  readonly algorithms?: readonly number[];
  /** When certificates are to be valid; milliseconds since 1970. Default: now. */
  readonly time?: number;
  /** Certificates in DER that chains must lead to. Default: null, do not assess who made the statement. */
  readonly trustAnchors?: readonly Uint8Array[] | null;
  /** Default: all but android-safetynet. */
  readonly formats?: readonly AttestationFormatName[];
}

const verifier = createVerifier({ subtle: webcrypto.subtle, mode: 'auto', mlDsa: verifyMlDsa });
const allAlgorithms = credentialAlgorithms.map(({ id }) => id);

/**
 * Verifies a RegistrationResponseJSON (Level 3, section 7.1). Throws Fido2Error with a code and the number of the
 * step that did not hold.
 */
export async function verifyRegistration(
  response: unknown,
  expected: RegistrationExpectation,
): Promise<RegistrationResult> {
  const { formats, algorithms = allAlgorithms, time = Date.now(), trustAnchors = null, ...rest } = expected;
  const accepted = formats === undefined ? attestationFormats : selectFormats(formats);
  const expectation = { ...rest, algorithms, time, trustAnchors, formats: accepted };
  return register(parseRegistrationResponse(response), expectation, verifier);
}

/** Verifies an AuthenticationResponseJSON (section 7.2) against the stored credential that it names. */
export async function verifyAuthentication(
  response: unknown,
  expected: AuthenticationExpectation,
): Promise<AuthenticationResult> {
  return authenticate(parseAuthenticationResponse(response), expected, verifier);
}
