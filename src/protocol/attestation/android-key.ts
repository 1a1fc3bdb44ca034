import { equal } from '../../bytes.ts';
import { hasExactly } from '../cbor.ts';
import {
  children,
  contextTag,
  type DerElement,
  expectTag,
  octetString,
  parseDer,
  sequence,
  smallInteger,
  tag,
} from '../der.ts';
import { sameKey } from '../public-key.ts';
import type { Verifier } from '../verifier.ts';
import { type Certificate, parseCertificate } from '../x509.ts';
import {
  type Attestation,
  type AttestationInput,
  bytesMember,
  certificatePath,
  requireStatement,
  signedBytes,
  statementAlgorithm,
} from './format.ts';

const keyDescriptionExtension = '1.3.6.1.4.1.11129.2.1.17';

/** Fields of an AuthorizationList and values of Android's Keymaster. */
const field = { purpose: 1, allApplications: 600, origin: 702 };
const purposeSign = 2;
const originGenerated = 0;

interface KeyDescription {
  readonly challenge: Uint8Array;
  readonly softwareEnforced: readonly DerElement[];
  readonly teeEnforced: readonly DerElement[];
}

/** Level 3, section 8.4: keys of software too, unless only those of a trusted environment are wanted. */
export async function verifyAndroidKey(input: AttestationInput, verifier: Verifier): Promise<Attestation> {
  const { statement, publicKey, clientDataHash } = input;
  requireStatement(hasExactly(statement, 'alg', 'sig', 'x5c'), 'the statement is not alg, sig and x5c');
  const algorithm = statementAlgorithm(input);
  const sig = bytesMember(statement, 'sig');
  const trustPath = certificatePath(statement);
  const certificate = parseCertificate(trustPath[0]);
  const key = certificate.publicKey();
  requireStatement(await verifier.verify(key, algorithm.id, signedBytes(input), sig), 'the signature does not hold');
  requireStatement(sameKey(key, publicKey), "the certificate's key is not the credential's");
  const description = readKeyDescription(certificate);
  requireStatement(equal(description.challenge, clientDataHash), 'the attestation challenge is another');
  requireOwnSigningKey(description, input.teeOnly);
  return { type: 'basic', trustPath };
}

function readKeyDescription(certificate: Certificate): KeyDescription {
  const extension = certificate.extensions.get(keyDescriptionExtension);
  requireStatement(extension !== undefined, 'the certificate has no key description');
  const parts = sequence(parseDer(extension.value));
  requireStatement(parts.length === 8, `a key description of ${parts.length} parts, expected 8`);
  const [, , , , challenge, , softwareEnforced, teeEnforced] = parts;
  return {
    challenge: octetString(challenge),
    softwareEnforced: sequence(softwareEnforced),
    teeEnforced: sequence(teeEnforced),
  };
}

/** The key was made in the device, to sign, for one application. */
function requireOwnSigningKey({ softwareEnforced, teeEnforced }: KeyDescription, teeOnly: boolean): void {
  const both = [...softwareEnforced, ...teeEnforced];
  const isOf = (element: DerElement, number: number): boolean => element.tag === authorizationTag(number);
  const shared = both.some((element) => isOf(element, field.allApplications));
  requireStatement(!shared, 'the key is for all applications');
  const enforced = teeOnly ? teeEnforced : both;
  const fields = (number: number): DerElement[] => enforced.filter((element) => isOf(element, number));
  const origins = fields(field.origin).map((element) => smallInteger(only(element)));
  const generated = origins.length > 0 && origins.every((origin) => origin === originGenerated);
  requireStatement(generated, 'the key was not generated in the device');
  const purposes = fields(field.purpose).flatMap((element) => children(expectTag(only(element), tag.set)));
  const signs = purposes.some((purpose) => smallInteger(purpose) === purposeSign);
  requireStatement(signs, 'the key is not for signatures');
}

/** Fields are tagged explicitly; numbers past 30 as der.ts keeps them. */
function authorizationTag(number: number): number {
  return number < 31 ? contextTag(number) : contextTag(0) | (number << 8);
}

function only(element: DerElement): DerElement | undefined {
  const [item, ...rest] = children(element);
  return rest.length === 0 ? item : undefined;
}
