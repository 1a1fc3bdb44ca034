import { Fido2Error } from '../errors.ts';
import type { CertificationLevel } from '../policy/authenticator.ts';
import { type AuthenticatorModel, assessModel, isCertified } from './metadata.ts';

/** What is asked of the model of an authenticator. */
export interface ModelPolicy {
  /** Statuses that refuse it. */
  readonly refuse: readonly string[];
  /** The least certification, or null where none is asked for. */
  readonly certification: CertificationLevel | null;
  /** Whether a model that the metadata do not have is taken. Where a certification is asked for it never is. */
  readonly unknown: 'accept' | 'refuse';
}

/** What is known of a credential besides its model. */
export interface ModelEvidence {
  /** Certificates in DER, the attestation's own first; null where they were not kept. */
  readonly chain: readonly Uint8Array[] | null;
  /** Whether the chain was verified to an anchor: without that a model is only claimed. */
  readonly attested: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Whether a credential of that model is taken, at its registration and at each later look. Throws
 * `authenticator_unknown`, `authenticator_refused` and `authenticator_uncertified`.
 */
export function requireModel(model: AuthenticatorModel | null, policy: ModelPolicy, evidence: ModelEvidence): void {
  const { refuse, certification: least, unknown } = policy;
  if (model === null) {
    if (unknown === 'accept' && least === null) return;
    throw new Fido2Error('authenticator_unknown', 'the metadata do not have the model');
  }
  const { refusedBy, certification } = assessModel(model, refuse, evidence.chain, evidence.now);
  if (refusedBy !== null) {
    const { status, effectiveDate } = refusedBy;
    throw new Fido2Error('authenticator_refused', `${model.id} has been ${status} since ${effectiveDate ?? 'ever'}`);
  }
  if (least === null) return;
  if (!evidence.attested) throw new Fido2Error('authenticator_uncertified', `${model.id} is only claimed`);
  if (!isCertified(certification, least)) {
    const detail = `${model.id} is certified ${certification ?? 'not at all'}, expected ${least}`;
    throw new Fido2Error('authenticator_uncertified', detail);
  }
}
