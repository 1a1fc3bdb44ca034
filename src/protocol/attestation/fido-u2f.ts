import { concat } from '../../bytes.ts';
import { hasExactly } from '../cbor.ts';
import type { PublicKey } from '../public-key.ts';
import type { Verifier } from '../verifier.ts';
import { parseCertificate } from '../x509.ts';
import { type Attestation, type AttestationInput, bytesMember, certificatePath, requireStatement } from './format.ts';

const es256 = -7;

/** Level 3, section 8.6. */
export async function verifyFidoU2f(input: AttestationInput, verifier: Verifier): Promise<Attestation> {
  const { statement, authenticatorData, attested, publicKey, algorithm, clientDataHash } = input;
  requireStatement(hasExactly(statement, 'sig', 'x5c'), 'the statement is not sig and x5c');
  const sig = bytesMember(statement, 'sig');
  const trustPath = certificatePath(statement);
  requireStatement(trustPath.length === 1, `x5c holds ${trustPath.length} certificates, expected 1`);
  const certificateKey = parseCertificate(trustPath[0]).publicKey();
  requireStatement(isP256(certificateKey), "the certificate's key is not on P-256");
  requireStatement(algorithm === es256 && isP256(publicKey), "the credential's key is not one of ES256");
  const { rpIdHash } = authenticatorData;
  const point = concat(Uint8Array.of(4), publicKey.x, publicKey.y);
  const signed = concat(Uint8Array.of(0), rpIdHash, clientDataHash, attested.credentialId, point);
  requireStatement(await verifier.verify(certificateKey, es256, signed, sig), 'the signature does not hold');
  return { type: 'basic', trustPath };
}

function isP256(key: PublicKey): key is Extract<PublicKey, { kty: 'EC' }> {
  return key.kty === 'EC' && key.crv === 'P-256';
}
