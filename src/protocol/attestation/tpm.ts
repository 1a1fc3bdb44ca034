import { concat, equal } from '../../bytes.ts';
import { hasExactly } from '../cbor.ts';
import { children, contextTag, oid, parseDer, sequence } from '../der.ts';
import { sameKey } from '../public-key.ts';
import { hashIdentifier, parseCertifyInfo, parsePublicArea } from '../tpm.ts';
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
import { requireAaguid } from './packed.ts';

const alternativeNames = '2.5.29.17';
const extendedKeyUsage = '2.5.29.37';
const aikCertificate = '2.23.133.8.3';
const device = { manufacturer: '2.23.133.2.1', model: '2.23.133.2.2', version: '2.23.133.2.3' };

/** Level 3, section 8.3. */
export async function verifyTpm(input: AttestationInput, verifier: Verifier): Promise<Attestation> {
  const { statement, attested, publicKey } = input;
  const members = hasExactly(statement, 'ver', 'alg', 'x5c', 'sig', 'certInfo', 'pubArea');
  requireStatement(members, 'the statement is not ver, alg, x5c, sig, certInfo and pubArea');
  requireStatement(statement.get('ver') === '2.0', `ver ${String(statement.get('ver'))}, expected 2.0`);
  const algorithm = statementAlgorithm(input);
  const pubArea = bytesMember(statement, 'pubArea');
  const certInfo = bytesMember(statement, 'certInfo');
  const sig = bytesMember(statement, 'sig');

  const { key, nameAlgorithm } = parsePublicArea(pubArea);
  requireStatement(sameKey(key, publicKey), "the public area's key is not the credential's");
  const { extraData, name } = parseCertifyInfo(certInfo);
  requireStatement(algorithm.kty === 'EC' || algorithm.kty === 'RSA', `alg ${algorithm.name} names no hash`);
  const expected = await verifier.digest(algorithm.hash, signedBytes(input));
  requireStatement(equal(extraData, expected), 'extraData is not the hash of this ceremony');
  const areaName = concat(hashIdentifier(nameAlgorithm), await verifier.digest(nameAlgorithm, pubArea));
  requireStatement(equal(name, areaName), 'the certified object is not the public area');

  const trustPath = certificatePath(statement);
  const certificate = parseCertificate(trustPath[0]);
  const holds = await verifier.verify(certificate.publicKey(), algorithm.id, certInfo, sig);
  requireStatement(holds, 'the signature does not hold');
  requireTpmCertificate(certificate);
  requireAaguid(certificate, attested.aaguid);
  return { type: 'attca', trustPath };
}

/** Section 8.3.1. */
function requireTpmCertificate(certificate: Certificate): void {
  requireStatement(certificate.version === 3, `a certificate of version ${certificate.version}, expected 3`);
  requireStatement(sequence(parseDer(certificate.subject)).length === 0, 'the subject is not empty');
  requireDevice(certificate);
  const usage = certificate.extensions.get(extendedKeyUsage);
  const purposes = usage === undefined ? [] : sequence(parseDer(usage.value)).map(oid);
  requireStatement(purposes.includes(aikCertificate), 'the certificate is not for an attestation identity key');
  requireStatement(basicConstraints(certificate)?.ca === false, 'the basic constraints do not say that it is no CA');
}

/** The alternative name tells the TPM's manufacturer, model and version (TPM 2.0 EK profile, section 3.2.9). */
function requireDevice(certificate: Certificate): void {
  const extension = certificate.extensions.get(alternativeNames);
  requireStatement(extension !== undefined, 'the certificate has no alternative name');
  const directory = sequence(parseDer(extension.value)).find((name) => name.tag === contextTag(4));
  requireStatement(directory !== undefined, 'the alternative name is no directory name');
  const [name, ...rest] = children(directory);
  requireStatement(name !== undefined && rest.length === 0, 'the directory name is malformed');
  const attributes = nameAttributes(name.bytes);
  const [manufacturer = ''] = attributes.get(device.manufacturer) ?? [];
  requireStatement(/^id:[0-9A-Fa-f]{8}$/.test(manufacturer), `the manufacturer ${JSON.stringify(manufacturer)}`);
  const complete = attributes.has(device.model) && attributes.has(device.version);
  requireStatement(complete, 'the alternative name lacks model or version');
}
