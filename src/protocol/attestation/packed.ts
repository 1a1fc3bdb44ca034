import { equal } from '../../bytes.ts';
import { hasExactly } from '../cbor.ts';
import { octetString, parseDer } from '../der.ts';
import type { Verifier } from '../verifier.ts';
import { basicConstraints, type Certificate, nameAttributes, parseCertificate } from '../x509.ts';
import {
  type Attestation,
  type AttestationInput,
  bytesMember,
  certificatePath,
  requireStatement,
  signedBytes,
  statementAlgorithm,
} from './format.ts';

const attribute = { country: '2.5.4.6', organization: '2.5.4.10', unit: '2.5.4.11', commonName: '2.5.4.3' };
const aaguidExtension = '1.3.6.1.4.1.45724.1.1.4';

/** The serial number of section 8.2.2 and the firmware's version, which no certificate may mark as critical. */
const neverCritical = ['1.3.6.1.4.1.45724.1.1.2', '1.3.6.1.4.1.45724.1.1.5'];

/** Level 3, section 8.2. */
export async function verifyPacked(input: AttestationInput, verifier: Verifier): Promise<Attestation> {
  const { statement, attested, publicKey, algorithm } = input;
  const { id: alg } = statementAlgorithm(input);
  const sig = bytesMember(statement, 'sig');
  const signed = signedBytes(input);
  if (!statement.has('x5c')) {
    requireStatement(hasExactly(statement, 'alg', 'sig'), 'the statement has more than alg and sig');
    requireStatement(alg === algorithm, `alg ${alg}, expected the credential's ${algorithm}`);
    requireStatement(await verifier.verify(publicKey, alg, signed, sig), "the credential's signature does not hold");
    return { type: 'self', trustPath: [] };
  }
  requireStatement(hasExactly(statement, 'alg', 'sig', 'x5c'), 'the statement has more than alg, sig and x5c');
  const trustPath = certificatePath(statement);
  const certificate = parseCertificate(trustPath[0]);
  const holds = await verifier.verify(certificate.publicKey(), alg, signed, sig);
  requireStatement(holds, "the attestation certificate's signature does not hold");
  requirePackedCertificate(certificate);
  requireAaguid(certificate, attested.aaguid);
  return { type: 'basic', trustPath };
}

/** Section 8.2.1. */
function requirePackedCertificate(certificate: Certificate): void {
  requireStatement(certificate.version === 3, `a certificate of version ${certificate.version}, expected 3`);
  const subject = nameAttributes(certificate.subject);
  const only = (type: string): string => {
    const [value, ...more] = subject.get(type) ?? [];
    requireStatement(value !== undefined && value !== '' && more.length === 0, `the subject needs one ${type}`);
    return value;
  };
  const country = only(attribute.country);
  requireStatement(/^[A-Z]{2}$/.test(country), `the subject's country ${JSON.stringify(country)}`);
  only(attribute.organization);
  const unit = only(attribute.unit);
  requireStatement(unit === 'Authenticator Attestation', `the subject's unit ${JSON.stringify(unit)}`);
  only(attribute.commonName);
  requireStatement(basicConstraints(certificate)?.ca === false, 'the basic constraints do not say that it is no CA');
  for (const id of neverCritical)
    requireStatement(certificate.extensions.get(id)?.critical !== true, `the extension ${id} is critical`);
}

/** The extension id-fido-gen-ce-aaguid, where there, names the model that the authenticator data names. */
export function requireAaguid(certificate: Certificate, aaguid: Uint8Array): void {
  const extension = certificate.extensions.get(aaguidExtension);
  if (extension === undefined) return;
  requireStatement(!extension.critical, 'the AAGUID extension is critical');
  const named = octetString(parseDer(extension.value));
  requireStatement(equal(named, aaguid), "the certificate's AAGUID is not the authenticator's");
}
