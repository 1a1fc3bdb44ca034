import { array, type GenericSchema, looseObject, nullable, number, string } from 'valibot';
import { equal, fromBase64url } from '../bytes.ts';
import { type CertificationLevel, certificationLevels } from '../policy/authenticator.ts';
import { metadataStateKey, modelKey } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import type { Credential } from './credential.ts';
import { readRecord, type Versioned, version1 } from './record.ts';

/**
 * What nginx reads of the FIDO Metadata Service: a record per authenticator model, which `ngx-fido2 mds import` writes
 * after it verified the BLOB. Byte strings are base64url.
 */
export type AuthenticatorModel = {
  readonly v: 1;
  /** The AAGUID as a UUID, or, for a model of U2F, the SHA-1 of its attestation's public key in hex. */
  readonly id: string;
  readonly name: string;
  /** All that were ever made, in the order of the BLOB. */
  readonly reports: readonly ModelReport[];
  /** Certificates in DER that an attestation's chain must lead to. */
  readonly anchors: readonly string[];
  /** Methods such as `fingerprint_internal`. */
  readonly userVerification: readonly string[];
};

export type ModelReport = {
  /** A name of the FIDO Metadata Service, section 3.1.4, or a newer one. */
  readonly status: string;
  /** YYYY-MM-DD; null: as long as it stands there. */
  readonly effectiveDate: string | null;
  /** The one certificate that it is about; null: about the whole model. */
  readonly certificate: string | null;
};

/** Which BLOB the models are from. */
export type MetadataState = {
  readonly v: 1;
  readonly no: number;
  /** When the next one is there at latest; milliseconds since 1970. */
  readonly nextUpdate: number;
  readonly imported: number;
  /** SHA-256 of the BLOB. */
  readonly digest: string;
  readonly legalHeader: string;
  readonly models: number;
};

const modelSchema: GenericSchema<unknown, AuthenticatorModel> = looseObject({
  v: version1,
  id: string(),
  name: string(),
  reports: array(looseObject({ status: string(), effectiveDate: nullable(string()), certificate: nullable(string()) })),
  anchors: array(string()),
  userVerification: array(string()),
});

const stateSchema: GenericSchema<unknown, MetadataState> = looseObject({
  v: version1,
  no: number(),
  nextUpdate: number(),
  imported: number(),
  digest: string(),
  legalHeader: string(),
  models: number(),
});

export function readMetadataState(store: Store): Promise<Versioned<MetadataState> | null> {
  return readRecord(store, metadataStateKey, stateSchema);
}

/** The model of that identifier, or null where the service does not know it. */
export function findModel(store: Store, id: string): Promise<Versioned<AuthenticatorModel> | null> {
  return readRecord(store, modelKey(id), modelSchema);
}

const nobody = '00000000-0000-0000-0000-000000000000';

/**
 * Under which identifier a credential's model is kept: its AAGUID, or, without one, the key identifier of its
 * attestation certificate (keyIdentifierOf). null: it does not say what it is.
 */
export function modelIdOf({ aaguid, keyIdentifier }: Pick<Credential, 'aaguid' | 'keyIdentifier'>): string | null {
  return aaguid === nobody ? (keyIdentifier ?? null) : aaguid;
}

export interface ModelAssessment {
  /** Certificates in DER that the chain must lead to; none: no chain of this model is to be trusted. */
  readonly anchors: readonly Uint8Array[];
  /** The first report that makes the model unacceptable. */
  readonly refusedBy: ModelReport | null;
  /**
   * What is in force now. It says something of a credential only if its chain leads to one of the anchors: anybody
   * can state an AAGUID.
   */
  readonly certification: CertificationLevel | null;
}

/** Certificates in DER that the chain of an attestation of that model must lead to. */
export function anchorsOf({ anchors }: AuthenticatorModel): Uint8Array[] {
  return anchors.flatMap((anchor) => fromBase64url(anchor) ?? []);
}

/**
 * What the service says of a model. A refused status counts wherever it stands in the history and whatever its date,
 * for nothing tells which credentials came after the repair. One about a single certificate counts where that is in
 * `chain` (DER, the attestation's own first) or the chain is not known (null).
 */
export function assessModel(
  model: AuthenticatorModel,
  refused: readonly string[],
  chain: readonly Uint8Array[] | null,
  now: number,
): ModelAssessment {
  const concerns = ({ certificate }: ModelReport): boolean => {
    const one = certificate === null ? null : fromBase64url(certificate);
    return one === null || chain === null || chain.some((each) => equal(each, one));
  };
  return {
    anchors: anchorsOf(model),
    refusedBy: model.reports.find((report) => refused.includes(report.status) && concerns(report)) ?? null,
    certification: certificationAt(model.reports, now),
  };
}

export function isCertified(actual: CertificationLevel | null, least: CertificationLevel): boolean {
  return actual !== null && certificationLevels.indexOf(actual) >= certificationLevels.indexOf(least);
}

/** The latest of the reports that speak of certification; one without a date is older than any. */
function certificationAt(reports: readonly ModelReport[], now: number): CertificationLevel | null {
  const today = new Date(now).toISOString().slice(0, 10);
  let since = '';
  let current: CertificationLevel | null = null;
  for (const { status, effectiveDate } of reports) {
    const date = effectiveDate ?? '';
    const level = levelOf(status);
    if (level === undefined || date > today || date < since) continue;
    since = date;
    current = level;
  }
  return current;
}

/** undefined: the status does not speak of certification. */
function levelOf(status: string): CertificationLevel | null | undefined {
  if (status === 'NOT_FIDO_CERTIFIED' || status === 'REVOKED') return null;
  if (status === 'FIDO_CERTIFIED') return 'functional';
  return certificationLevels.find((level) => status === `FIDO_CERTIFIED_${level}`);
}
