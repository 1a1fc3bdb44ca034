import { fromBase64 } from '../bytes.ts';
import { Fido2Error } from '../errors.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import { parseCertificate } from './x509.ts';

/** What the service says of an authenticator model at some time (FIDO Metadata Service v3.0, section 3.1.3). */
export interface StatusReport {
  /** A name of section 3.1.4, or a newer one. */
  readonly status: string;
  /** Since when: YYYY-MM-DD. null: as long as it stands there. */
  readonly effectiveDate: string | null;
  /** The one certificate (DER) that it is about; null: about all of the model. */
  readonly certificate: Uint8Array | null;
}

/** An authenticator model of FIDO2 or U2F (sections 3.1.1 and FIDO Metadata Statement v3.0, section 4). */
export interface MetadataEntry {
  /** In the form of a UUID, lower case; null for a model of U2F. */
  readonly aaguid: string | null;
  /** SHA-1 of the public keys of its attestation certificates, in lower hex: how models of U2F are told apart. */
  readonly keyIdentifiers: readonly string[];
  /** Empty where the entry has no description. */
  readonly name: string;
  /** In the order of the BLOB, none left out. */
  readonly statusReports: readonly StatusReport[];
  /** Roots, or the attestation certificates themselves, in DER. */
  readonly anchors: readonly Uint8Array[];
  /** How many certificates are left out because they break the rules of DER. */
  readonly unreadableAnchors: number;
  /** Methods such as `fingerprint_internal`, each once. */
  readonly userVerification: readonly string[];
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const keyIdentifier = /^[0-9a-f]{40}$/;
const date = /^\d{4}-\d\d-\d\d$/;
const nameLimit = 200;

/**
 * Reads an entry; null for one of neither FIDO2 nor U2F. Strict where an error could hide a status, lenient where
 * it costs trust: an anchor that cannot be read is none. Throws `metadata_invalid`.
 */
export function readMetadataEntry(entry: JsonObject, where: string): MetadataEntry | null {
  const { aaguid = null, attestationCertificateKeyIdentifiers = [], metadataStatement = {} } = entry;
  const keyIdentifiers = readTexts(attestationCertificateKeyIdentifiers, `${where}: key identifiers`);
  if (aaguid === null && keyIdentifiers.length === 0) return null;
  const id = typeof aaguid === 'string' ? aaguid.toLowerCase() : aaguid;
  if (id !== null && (typeof id !== 'string' || !uuid.test(id))) throw invalid(`${where}: the AAGUID is no UUID`);
  if (!keyIdentifiers.every((each) => keyIdentifier.test(each)))
    throw invalid(`${where}: a key identifier is no SHA-1 in hex`);
  if (!isJsonObject(metadataStatement)) throw invalid(`${where}: the statement is no object`);
  const { description = '', attestationRootCertificates = [], userVerificationDetails = [] } = metadataStatement;
  if (typeof description !== 'string') throw invalid(`${where}: the description is no text`);
  const certificates = readTexts(attestationRootCertificates, `${where}: attestation root certificates`);
  const anchors = certificates.flatMap((text) => readAnchor(text) ?? []);
  return {
    aaguid: id,
    keyIdentifiers,
    name: description.slice(0, nameLimit),
    statusReports: readReports(entry.statusReports, where),
    anchors,
    unreadableAnchors: certificates.length - anchors.length,
    userVerification: readMethods(userVerificationDetails),
  };
}

function readReports(reports: unknown, where: string): StatusReport[] {
  if (!Array.isArray(reports)) throw invalid(`${where}: statusReports is no list`);
  return reports.map((report: unknown) => {
    if (!isJsonObject(report) || typeof report.status !== 'string') throw invalid(`${where}: a report has no status`);
    const { status, effectiveDate, certificate } = report;
    return {
      status,
      effectiveDate: typeof effectiveDate === 'string' && date.test(effectiveDate) ? effectiveDate : null,
      // One that cannot be read narrows nothing: the report is then about the whole model.
      certificate: typeof certificate === 'string' && certificate !== '' ? decodeCertificate(certificate) : null,
    };
  });
}

function readAnchor(text: string): Uint8Array | null {
  const bytes = decodeCertificate(text);
  try {
    return bytes === null ? null : parseCertificate(bytes).bytes;
  } catch (error) {
    if (error instanceof Fido2Error) return null;
    throw error;
  }
}

/** Base64 of DER, broken into lines by some who hand in statements. */
function decodeCertificate(text: string): Uint8Array | null {
  return fromBase64(text.replace(/\s/g, ''));
}

/** The methods of all combinations (Metadata Statement, section 3.5), as far as they have the form. */
function readMethods(details: unknown): string[] {
  const combinations: unknown[] = Array.isArray(details) ? details : [];
  const methods = combinations.flat().flatMap((each) => (isJsonObject(each) ? each.userVerificationMethod : null));
  return [...new Set(methods.filter((each) => typeof each === 'string'))];
}

function readTexts(value: unknown, where: string): string[] {
  if (!Array.isArray(value)) throw invalid(`${where} are no list`);
  return value.map((item: unknown) => {
    if (typeof item !== 'string') throw invalid(`${where} hold something else than text`);
    return item;
  });
}

function invalid(detail: string): Fido2Error {
  return new Fido2Error('metadata_invalid', detail);
}
