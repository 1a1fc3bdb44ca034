import { equal } from '../../bytes.ts';
import { children, contextTag, expectTag, octetString, parseDer, sequence } from '../der.ts';
import { sameKey } from '../public-key.ts';
import type { Verifier } from '../verifier.ts';
import { type Certificate, parseCertificate } from '../x509.ts';
import { type Attestation, type AttestationInput, certificatePath, requireStatement, signedBytes } from './format.ts';

const nonceExtension = '1.2.840.113635.100.8.2';

/** Level 3, section 8.8. Devices send an `alg` besides: the credential's own, for nothing else is signed with. */
export async function verifyApple(input: AttestationInput, verifier: Verifier): Promise<Attestation> {
  const { statement, publicKey, algorithm } = input;
  const known = [...statement.keys()].every((name) => name === 'x5c' || name === 'alg');
  requireStatement(known, 'the statement has more than x5c');
  const alg = statement.has('alg') ? statement.get('alg') : algorithm;
  requireStatement(alg === algorithm, `alg ${String(alg)}, expected the credential's ${algorithm}`);
  const trustPath = certificatePath(statement);
  const certificate = parseCertificate(trustPath[0]);
  const nonce = await verifier.digest('SHA-256', signedBytes(input));
  requireStatement(equal(readNonce(certificate), nonce), "the certificate's nonce is not that of this ceremony");
  requireStatement(sameKey(certificate.publicKey(), publicKey), "the certificate's key is not the credential's");
  return { type: 'anonca', trustPath };
}

/** SEQUENCE { [1] EXPLICIT OCTET STRING } */
function readNonce(certificate: Certificate): Uint8Array {
  const extension = certificate.extensions.get(nonceExtension);
  requireStatement(extension !== undefined, 'the certificate has no nonce');
  const [tagged, ...rest] = sequence(parseDer(extension.value));
  const [nonce, ...more] = children(expectTag(tagged, contextTag(1)));
  requireStatement(rest.length === 0 && more.length === 0, "the certificate's nonce is malformed");
  return octetString(nonce);
}
