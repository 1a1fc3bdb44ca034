import { equal } from '../bytes.ts';
import { Fido2Error } from '../errors.ts';
import { findAlgorithm } from './algorithms.ts';
import { requireParts } from './attestation/compound-policy.ts';
import type {
  Attestation,
  AttestationFormat,
  AttestationFormats,
  CompoundAttestation,
  CompoundPolicy,
} from './attestation/format.ts';
import { attestationFormats } from './attestation/formats.ts';
import { parseAttestationObject } from './attestation-object.ts';
import {
  aaguidText,
  requireConsistentBackup,
  requireRpId,
  requireUserPresence,
  requireUserVerification,
} from './authenticator-data.ts';
import { canonical } from './cbor.ts';
import { verifyChain } from './chain.ts';
import { decodeClientData, parseClientData, requireChallenge, requireType } from './client-data.ts';
import { type CoseKey, parseCoseKey, toPublicKey } from './cose-key.ts';
import { type ExtensionOutputs, type ExtensionPolicy, requireExtensions } from './extensions.ts';
import type { UserVerification } from './options.ts';
import { type OriginExpectation, requireOrigin, requireSameSite, requireTopOrigin } from './origin.ts';
import type { PublicKey } from './public-key.ts';
import type { RegistrationResponse } from './response-json.ts';
import { guard, inStep, inStepAsync } from './step.ts';
import type { Verifier } from './verifier.ts';

/** What the options of a registration promised, and what the relying party asks beyond. */
export interface RegistrationExpectation extends OriginExpectation, ExtensionPolicy {
  readonly challenge: Uint8Array;
  readonly rpId: string;
  readonly userVerification: UserVerification;
  /** COSE algorithm identifiers. */
  readonly algorithms: readonly number[];
  /** When certificates are to be valid; milliseconds since 1970. */
  readonly time: number;
  /** Certificates in DER that chains must lead to. null: check the statement, do not assess who made it. */
  readonly trustAnchors: readonly Uint8Array[] | null;
  /** Whether the authenticator must attest itself with a certificate: `none` and self attestation are refused. */
  readonly attestationRequired?: boolean;
  /** `conditional` for a creation without a prompt, which needs no user presence. */
  readonly mediation?: 'conditional';
  /** The attestation formats that are accepted. Default: all but android-safetynet. */
  readonly formats?: AttestationFormats;
  /** Which of the statements within one of the format compound must hold and be trustworthy. Default: `all`. */
  readonly compound?: CompoundPolicy;
  /** Whether keys of Android have to be made and held by a trusted execution environment. Default: no. */
  readonly teeOnly?: boolean;
  /** Accept CBOR maps whose keys are not in CTAP2's order: some older clients send them. Default: no. */
  readonly misorderedMaps?: boolean;
  /** Whether anybody has registered this credential. */
  credentialExists(id: Uint8Array): Promise<boolean>;
}

/** What is asked of the one who attests. */
export type TrustExpectation = Pick<
  RegistrationExpectation,
  'time' | 'trustAnchors' | 'attestationRequired' | 'compound'
>;

/** What to keep of a new credential. */
export interface RegistrationResult {
  readonly credentialId: Uint8Array;
  /** The COSE_Key as it was attested. */
  readonly publicKey: Uint8Array;
  readonly algorithm: number;
  readonly signCount: number;
  /** The authenticator's model in the form of a UUID. */
  readonly aaguid: string;
  readonly format: string;
  readonly attestationType: (Attestation | CompoundAttestation)['type'];
  /** Its certificates, whose path nobody verified where `trustAnchors` was null. */
  readonly attestation: Attestation | CompoundAttestation;
  readonly backupEligible: boolean;
  readonly backedUp: boolean;
  readonly userVerified: boolean;
  readonly transports: readonly string[];
  readonly extensions: ExtensionOutputs;
}

/**
 * Registers a credential: the steps of Level 3, section 7.1, in order; steps 1 to 4 are the options' and
 * parseRegistrationResponse's. Every refusal is a Fido2Error with its step.
 */
export async function verifyRegistration(
  response: RegistrationResponse,
  expected: RegistrationExpectation,
  verifier: Verifier,
): Promise<RegistrationResult> {
  const rules = { ...canonical, misorderedMaps: expected.misorderedMaps ?? false };
  const text = decodeClientData(response.clientDataJSON, '7.1.5');
  const clientData = parseClientData(text, '7.1.6');
  requireType(clientData, 'webauthn.create', '7.1.7');
  requireChallenge(clientData, expected.challenge, '7.1.8');
  requireOrigin(clientData, expected, '7.1.9');
  requireSameSite(clientData, expected, '7.1.10');
  requireTopOrigin(clientData, expected, '7.1.11');
  const clientDataHash = await verifier.digest('SHA-256', response.clientDataJSON); // 7.1.12
  const object = inStep('7.1.13', () => parseAttestationObject(response.attestationObject, rules));
  const { format, authenticatorData, attested } = object;
  const { credentialId } = attested;
  requireOwnId(response.id, credentialId, '7.1.13');
  await requireRpId(authenticatorData, expected.rpId, verifier, '7.1.14');
  if (expected.mediation !== 'conditional') requireUserPresence(authenticatorData, '7.1.15');
  if (expected.userVerification === 'required') requireUserVerification(authenticatorData, '7.1.16');
  requireConsistentBackup(authenticatorData, '7.1.17');
  // 7.1.18 and 7.1.19, policies on the backup flags, are the caller's: the result has both.
  const coseKey = inStep('7.1.20', () => parseCoseKey(attested.publicKey, rules));
  const publicKey = requireAlgorithm(coseKey, expected.algorithms, '7.1.20');
  const { algorithm } = coseKey;
  const verifyStatement = requireFormat(format, expected.formats ?? attestationFormats, '7.1.21');
  const { algorithms, time, compound = 'all', teeOnly = false } = expected;
  const input = { ...object, publicKey, algorithm, clientDataHash, algorithms, time, compound, teeOnly };
  const attestation = await inStepAsync('7.1.22', () => verifyStatement(input, verifier));
  await requireTrust(attestation, expected, verifier); // 7.1.23 and 7.1.24
  guard(credentialId.length <= 1023, '7.1.25', 'credential_id_too_long', `${credentialId.length} bytes, at most 1023`);
  guard(!(await expected.credentialExists(credentialId)), '7.1.26', 'already_registered', 'the credential is known');
  const extensions = { client: response.clientExtensionResults, authenticator: authenticatorData.extensions };
  requireExtensions(extensions, expected, '7.1.28');
  return {
    credentialId,
    publicKey: attested.publicKey,
    algorithm,
    signCount: authenticatorData.signCount,
    aaguid: aaguidText(attested.aaguid),
    format,
    attestationType: attestation.type,
    attestation,
    backupEligible: authenticatorData.backupEligible,
    backedUp: authenticatorData.backedUp,
    userVerified: authenticatorData.userVerified,
    transports: response.transports,
    extensions,
  };
}

/** The client names the credential outside of what is signed; only the authenticator's word counts, and both agree. */
function requireOwnId(stated: Uint8Array, attested: Uint8Array, step: string): void {
  guard(equal(stated, attested), step, 'credential_id_mismatch', "rawId is not the attested credential's");
}

function requireAlgorithm(coseKey: CoseKey, algorithms: readonly number[], step: string): PublicKey {
  const { algorithm } = coseKey;
  const known = algorithms.includes(algorithm) && findAlgorithm(algorithm) !== undefined;
  guard(known, step, 'algorithm_mismatch', `alg ${algorithm}, expected one of ${algorithms.join(', ')}`);
  return inStep(step, () => toPublicKey(coseKey));
}

function requireFormat(format: string, formats: AttestationFormats, step: string): AttestationFormat {
  const verifyStatement = formats.get(format);
  if (verifyStatement !== undefined) return verifyStatement;
  throw new Fido2Error('attestation_format_unknown', `fmt ${JSON.stringify(format)}`, { step });
}

/**
 * Steps 7.1.23 and 7.1.24: whether who made the statement is good enough: anchors for a chain, permission for `none`
 * and self attestation.
 */
export async function requireTrust(
  attestation: Attestation | CompoundAttestation,
  expected: TrustExpectation,
  verifier: Verifier,
): Promise<void> {
  if (attestation.type !== 'compound') return requireTrustInOne(attestation, expected, verifier);
  await requireParts(attestation.parts, expected.compound ?? 'all', (part) =>
    requireTrustInOne(part, expected, verifier),
  );
}

async function requireTrustInOne(
  { type, trustPath }: Attestation,
  { trustAnchors, attestationRequired = false, time }: TrustExpectation,
  verifier: Verifier,
): Promise<void> {
  if (type === 'none' || type === 'self') {
    guard(!attestationRequired, '7.1.24', 'attestation_required', `attestation of the type ${type}`);
    return;
  }
  if (trustAnchors === null) return;
  await inStepAsync('7.1.24', () => verifyChain(trustPath, trustAnchors, time, verifier));
}
