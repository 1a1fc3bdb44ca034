import { concat, equal } from '../bytes.ts';
import { Fido2Error } from '../errors.ts';
import { credentialAlgorithms } from './algorithms.ts';
import {
  parseAuthenticatorData,
  requireConsistentBackup,
  requireRpId,
  requireUserPresence,
  requireUserVerification,
} from './authenticator-data.ts';
import { canonical } from './cbor.ts';
import { decodeClientData, parseClientData, requireChallenge, requireType } from './client-data.ts';
import { parseCoseKey, toPublicKey } from './cose-key.ts';
import { type ExtensionOutputs, type ExtensionPolicy, requireExtensions } from './extensions.ts';
import type { UserVerification } from './options.ts';
import { type OriginExpectation, requireOrigin, requireSameSite, requireTopOrigin } from './origin.ts';
import type { AuthenticationResponse } from './response-json.ts';
import { guard, inStep } from './step.ts';
import type { Verifier } from './verifier.ts';

/** The record of the credential that the answer names. */
export interface StoredCredential {
  readonly credentialId: Uint8Array;
  /** COSE_Key. */
  readonly publicKey: Uint8Array;
  readonly signCount: number;
  /** The handle of the user who owns it. */
  readonly userHandle: Uint8Array;
  /** null for a record from before the flag was kept. */
  readonly backupEligible: boolean | null;
  readonly backedUp: boolean;
}

export interface AuthenticationExpectation extends OriginExpectation, ExtensionPolicy {
  readonly challenge: Uint8Array;
  readonly rpId: string;
  readonly userVerification: UserVerification;
  /** null: nobody has registered the credential. */
  readonly stored: StoredCredential | null;
  /** The identifiers that the options named. Empty or absent: any. */
  readonly allowCredentials?: readonly Uint8Array[];
  /** The user who is known before the ceremony, by a session. Absent or null: the answer must name the user. */
  readonly userHandle?: Uint8Array | null;
  /** The FIDO U2F application identifier that the options' `appid` extension named. */
  readonly appid?: string | null;
  /** As at registration. The stored key is read in any order. */
  readonly misorderedMaps?: boolean;
  /** What a sign count that did not grow means. Default: `refuse`. */
  readonly signCount?: 'refuse' | 'report';
}

/** What to update the credential's record with. */
export interface AuthenticationResult {
  readonly credentialId: Uint8Array;
  /** That of the stored key. */
  readonly algorithm: number;
  readonly signCount: number;
  /** Whether the counter did not grow: two authenticators may hold the key. */
  readonly signCountRegressed: boolean;
  readonly userVerified: boolean;
  readonly backupEligible: boolean;
  readonly backedUp: boolean;
  readonly extensions: ExtensionOutputs;
}

/**
 * Verifies an assertion: the steps of Level 3, section 7.2, in order; steps 1 to 4 are the options' and
 * parseAuthenticationResponse's. Every refusal is a Fido2Error with its step.
 */
export async function verifyAuthentication(
  response: AuthenticationResponse,
  expected: AuthenticationExpectation,
  verifier: Verifier,
): Promise<AuthenticationResult> {
  const { stored } = expected;
  const rules = { ...canonical, misorderedMaps: expected.misorderedMaps ?? false };
  requireAllowed(response.id, expected.allowCredentials ?? [], '7.2.5');
  guard(stored !== null, '7.2.6', 'credential_unknown', 'nobody has registered the credential');
  requireOwner(response, stored, expected.userHandle ?? null, '7.2.6');
  const text = decodeClientData(response.clientDataJSON, '7.2.8'); // 7.2.7 is the response's type
  const clientData = parseClientData(text, '7.2.9');
  requireType(clientData, 'webauthn.get', '7.2.10');
  requireChallenge(clientData, expected.challenge, '7.2.11');
  requireOrigin(clientData, expected, '7.2.12');
  requireSameSite(clientData, expected, '7.2.13');
  requireTopOrigin(clientData, expected, '7.2.14');
  const data = inStep('7.2.15', () => parseAuthenticatorData(response.authenticatorData, rules));
  // Section 6.1: it has no place in an assertion.
  guard(data.attested === null, '7.2.15', 'authenticator_data_invalid', 'an attested credential in an assertion');
  const extensions = { client: response.clientExtensionResults, authenticator: data.extensions };
  await requireRpId(data, signedRpId(expected, extensions), verifier, '7.2.15');
  requireUserPresence(data, '7.2.16');
  if (expected.userVerification === 'required') requireUserVerification(data, '7.2.17');
  requireConsistentBackup(data, '7.2.18');
  requireSameEligibility(data.backupEligible, stored.backupEligible, '7.2.19');
  const clientDataHash = await verifier.digest('SHA-256', response.clientDataJSON); // 7.2.20
  const algorithm = await requireSignature(response, stored, clientDataHash, verifier, '7.2.21');
  const signCountRegressed = (data.signCount > 0 || stored.signCount > 0) && data.signCount <= stored.signCount;
  const counts = `signCount ${data.signCount}, stored ${stored.signCount}`;
  guard(!signCountRegressed || expected.signCount === 'report', '7.2.22', 'sign_count_regressed', counts);
  requireExtensions(extensions, expected, '7.2.23');
  return {
    credentialId: stored.credentialId,
    algorithm,
    signCount: data.signCount,
    signCountRegressed,
    userVerified: data.userVerified,
    backupEligible: data.backupEligible,
    backedUp: data.backedUp,
    extensions,
  };
}

function requireAllowed(id: Uint8Array, allowed: readonly Uint8Array[], step: string): void {
  const isAllowed = allowed.length === 0 || allowed.some((one) => equal(one, id));
  guard(isAllowed, step, 'credential_not_allowed', "the credential is not one of the options' allowCredentials");
}

/** The user of the ceremony owns the credential, and is the one whom the answer names. */
function requireOwner(
  { id, userHandle }: AuthenticationResponse,
  stored: StoredCredential,
  known: Uint8Array | null,
  step: string,
): void {
  guard((userHandle?.length ?? 0) <= 64, step, 'user_handle_mismatch', 'a user handle of more than 64 bytes');
  guard(equal(id, stored.credentialId), step, 'credential_unknown', 'the credential is not the one of the record');
  if (known === null)
    guard(userHandle !== null, step, 'user_handle_missing', 'nobody is known and the answer names no user');
  else guard(equal(stored.userHandle, known), step, 'user_handle_mismatch', 'the credential is of another user');
  const agrees = userHandle === null || equal(userHandle, stored.userHandle);
  guard(agrees, step, 'user_handle_mismatch', 'the answer names a user who does not own the credential');
}

/** With the appid extension granted, the authenticator signed for the application identifier (section 10.1.1). */
function signedRpId({ rpId, appid = null }: AuthenticationExpectation, { client }: ExtensionOutputs): string {
  return appid !== null && client.appid === true ? appid : rpId;
}

function requireSameEligibility(now: boolean, stored: boolean | null, step: string): void {
  const detail = `the BE flag is ${now}, at registration ${stored}`;
  guard(stored === null || now === stored, step, 'backup_eligibility_changed', detail);
}

async function requireSignature(
  { authenticatorData, signature }: AuthenticationResponse,
  { publicKey }: StoredCredential,
  clientDataHash: Uint8Array,
  verifier: Verifier,
  step: string,
): Promise<number> {
  const coseKey = inStep(step, () => parseCoseKey(publicKey, { ...canonical, misorderedMaps: true }));
  const { algorithm } = coseKey;
  const usable = credentialAlgorithms.some(({ id }) => id === algorithm);
  guard(usable, step, 'algorithm_mismatch', `alg ${algorithm} cannot sign in`);
  const key = inStep(step, () => toPublicKey(coseKey));
  const signed = concat(authenticatorData, clientDataHash);
  const holds = await verifier.verify(key, algorithm, signed, signature);
  if (!holds) throw new Fido2Error('signature_invalid', 'the signature does not hold', { step });
  return algorithm;
}
