import { Fido2Error } from '../errors.ts';
import { needsAttestation, type Passkeys } from '../policy/authenticator.ts';
import { type RegistrationResult, requireTrust } from '../protocol/registration.ts';
import type { Verifier } from '../protocol/verifier.ts';
import { keyIdentifierOf, parseCertificate } from '../protocol/x509.ts';
import type { Credential } from './credential.ts';
import { type AuthenticatorModel, anchorsOf } from './metadata.ts';
import { requireModel } from './metadata-policy.ts';

const noModel = '00000000-0000-0000-0000-000000000000';

export interface TrustStore {
  /** Certificates in DER that a chain may lead to. */
  readonly anchors: readonly Uint8Array[];
  /** The model as metadata have it, whose own anchors are good too; null: they do not. */
  modelOf(stated: Pick<Credential, 'aaguid' | 'keyIdentifier'>): Promise<AuthenticatorModel | null>;
  readonly verifier: Verifier;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Whether the settings take a passkey that held in every guard of the registration. What is known of its authenticator
 * then: whether a certificate chain to an anchor attests it, and what tells its model where there is no AAGUID. Throws
 * `backup_eligibility_refused`, `aaguid_not_allowed`, `attestation_required`, `attestation_untrusted`, and what
 * requireModel throws.
 */
export async function admitAuthenticator(
  { aaguid, format, backupEligible, attestation }: RegistrationResult,
  passkeys: Passkeys,
  { anchors, modelOf, verifier, now }: TrustStore,
): Promise<Pick<Credential, 'attested' | 'keyIdentifier'>> {
  const { allow, deny } = passkeys.aaguids;
  if (passkeys.backupEligible !== 'any' && backupEligible !== (passkeys.backupEligible === 'require')) {
    const detail = `backup eligible: ${backupEligible}, passkeys.backupEligible is ${passkeys.backupEligible}`;
    throw new Fido2Error('backup_eligibility_refused', detail, { step: '7.1.18' });
  }
  if (format === 'fido-u2f' && passkeys.u2fAaguid === 'zero' && aaguid !== noModel)
    throw new Fido2Error('aaguid_not_allowed', `${aaguid} by fido-u2f, which has none`, { step: '7.1.24' });
  if (deny.includes(aaguid))
    throw new Fido2Error('aaguid_not_allowed', `${aaguid} is among passkeys.aaguids.deny`, { step: '7.1.24' });
  const chain =
    attestation.type === 'compound' ? attestation.parts.flatMap(({ trustPath }) => trustPath) : attestation.trustPath;
  const keyIdentifier = aaguid === noModel ? await keyIdentifierIn(chain, verifier) : undefined;
  const model = await modelOf({ aaguid, keyIdentifier });
  const own = model === null ? [] : anchorsOf(model);
  // a certification is the model's: nobody but its own maker can say that an authenticator is one
  const trustAnchors = passkeys.metadata.certification === null ? [...anchors, ...own] : own;
  const { compound } = passkeys;
  const expected = { trustAnchors, attestationRequired: true, time: now, compound };
  const trust = requireTrust(attestation, expected, verifier);
  const attested = await holds(trust, needsAttestation(passkeys));
  if (allow !== null && !allow.includes(aaguid))
    throw new Fido2Error('aaguid_not_allowed', `${aaguid} is not among passkeys.aaguids.allow`, { step: '7.1.24' });
  requireModel(model, passkeys.metadata, { chain, attested, now });
  return { attested, keyIdentifier };
}

/** Tells the model of an attestation's certificate where there is no AAGUID. */
async function keyIdentifierIn([certificate]: readonly Uint8Array[], verifier: Verifier): Promise<string | undefined> {
  return certificate === undefined ? undefined : keyIdentifierOf(parseCertificate(certificate), verifier);
}

/** Whether the check held; one that is needed throws its refusal. */
async function holds(check: Promise<void>, needed: boolean): Promise<boolean> {
  try {
    await check;
    return true;
  } catch (error) {
    if (needed || !(error instanceof Fido2Error)) throw error;
    return false;
  }
}
