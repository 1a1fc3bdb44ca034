import { equal } from '../bytes.ts';
import { Fido2Error } from '../errors.ts';
import { bitString, parseDer } from './der.ts';
import type { Verifier } from './verifier.ts';
import { basicConstraints, type Certificate, parseCertificate } from './x509.ts';

const keyUsageExtension = '2.5.29.15';

/** The critical extensions that are looked at here or by a format, or that cannot fail without a policy. */
const understood: ReadonlySet<string> = new Set([
  '2.5.29.19', // basic constraints
  keyUsageExtension,
  '2.5.29.37', // extended key usage
  '2.5.29.17', // subject alternative name
  '2.5.29.32', // certificate policies
]);

/** Says which names an authority may certify. That rule is not applied here, so it is refused, critical or not. */
const nameConstraints = '2.5.29.30';

/** Bounds of the work: certificates of a path, and signatures that are tried on the way. */
const longestPath = 8;
const mostSignatures = 16;

/**
 * Whether a path of certificates, the attestation's own first and each certified by the next, leads to an anchor
 * (RFC 5280 section 6, no policies): signatures, names as bytes, validity at `time` (milliseconds), basic constraints,
 * path length, key usage, critical extensions. A self-signed certificate in the path is worth nothing by itself, and
 * what stands behind the one that an anchor certifies is not looked at. Throws `attestation_untrusted`.
 */
export async function verifyChain(
  path: readonly Uint8Array[],
  anchors: readonly Uint8Array[],
  time: number,
  verifier: Verifier,
): Promise<void> {
  if (path.length > longestPath) throw untrusted(`a path of ${path.length} certificates, at most ${longestPath}`);
  const trusted = anchors.map(parseCertificate).filter((anchor) => isValidAt(anchor, time));
  const certificates = path.map(parseCertificate);
  let signatures = 0;
  const certifies = async (issuer: Certificate, subject: Certificate): Promise<boolean> => {
    const { signatureAlgorithm, signed, signature } = subject;
    if (signatureAlgorithm === null || isEmpty(subject.issuer) || !equal(issuer.subject, subject.issuer)) return false;
    signatures += 1;
    if (signatures > mostSignatures) throw untrusted(`more than ${mostSignatures} signatures on the way to an anchor`);
    return verifier.verify(issuer.publicKey(), signatureAlgorithm, signed, signature);
  };
  for (const [depth, certificate] of certificates.entries()) {
    requireUsable(certificate, time);
    if (trusted.some((anchor) => equal(anchor.bytes, certificate.bytes))) return;
    for (const anchor of trusted) {
      if (!(await certifies(anchor, certificate))) continue;
      requireUsable(anchor, time);
      requireAuthority(anchor, depth);
      return;
    }
    const issuer = certificates[depth + 1];
    if (issuer === undefined) throw untrusted('the path leads to none of the anchors of its time');
    if (!(await certifies(issuer, certificate))) throw untrusted(`certificate ${depth} is not certified by the next`);
    requireAuthority(issuer, depth);
  }
  throw untrusted('the path is empty');
}

/** No authority is without a name. */
function isEmpty(name: Uint8Array): boolean {
  return name.length <= 2;
}

function isValidAt({ notBefore, notAfter }: Certificate, time: number): boolean {
  return time >= notBefore && time <= notAfter;
}

function requireUsable(certificate: Certificate, time: number): void {
  const { notBefore, notAfter, extensions } = certificate;
  if (!isValidAt(certificate, time)) {
    const [from, to] = [notBefore, notAfter].map((moment) => new Date(moment).toISOString());
    throw untrusted(`a certificate valid from ${from} to ${to}, not at ${time}`);
  }
  if (extensions.has(nameConstraints)) throw untrusted('name constraints, which are not applied');
  for (const [id, { critical }] of extensions)
    if (critical && !understood.has(id)) throw untrusted(`the critical extension ${id} is not understood`);
}

/** May certify, with `below` certificates of authorities between it and the path's first certificate. */
function requireAuthority(certificate: Certificate, below: number): void {
  const constraints = basicConstraints(certificate);
  if (constraints?.ca !== true) throw untrusted('an issuer that is no certificate authority');
  if (constraints.pathLength !== null && below > constraints.pathLength)
    throw untrusted(`a path length of ${constraints.pathLength} with ${below} authorities below`);
  const usage = certificate.extensions.get(keyUsageExtension);
  if (usage === undefined) return;
  const [bits = 0] = bitString(parseDer(usage.value)).bits;
  if ((bits & 0x04) === 0) throw untrusted('an issuer whose key may not sign certificates');
}

function untrusted(detail: string): Fido2Error {
  return new Fido2Error('attestation_untrusted', detail);
}
