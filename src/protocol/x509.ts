import { equal, fromUtf8, toHex } from '../bytes.ts';
import { Fido2Error } from '../errors.ts';
import {
  bitStringBytes,
  boolean,
  children,
  contextTag,
  type DerElement,
  expectTag,
  integer,
  octetString,
  oid,
  parseDer,
  sequence,
  smallInteger,
  tag,
  time,
  unsigned,
} from './der.ts';
import { type EdwardsCurve, ecKey, okpKey, type PublicKey, rsaKey, type WeierstrassCurve } from './public-key.ts';
import type { Verifier } from './verifier.ts';

export interface CertificateExtension {
  readonly critical: boolean;
  readonly value: Uint8Array;
}

/** An X.509 certificate (RFC 5280 section 4.1), read strictly. Names stay bytes: chains compare them so. */
export interface Certificate {
  readonly bytes: Uint8Array;
  /** 1, 2 or 3. */
  readonly version: number;
  readonly serialNumber: Uint8Array;
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Throws `public_key_invalid` where the key is of a kind or size that is not supported. */
  readonly publicKey: () => PublicKey;
  /** The key as its BIT STRING holds it. */
  readonly keyBits: () => Uint8Array;
  readonly extensions: ReadonlyMap<string, CertificateExtension>;
  /** The bytes that the issuer signed, and how. */
  readonly signed: Uint8Array;
  /** The COSE identifier of the signature's algorithm; null for one that is not supported. */
  readonly signatureAlgorithm: number | null;
  readonly signature: Uint8Array;
}

/** RFC 5758, RFC 8017, RFC 8410. SHA-1 has no row: no signature of a certificate rests on it. */
const signatureAlgorithms: ReadonlyMap<string, number> = new Map([
  ['1.2.840.10045.4.3.2', -7],
  ['1.2.840.10045.4.3.3', -35],
  ['1.2.840.10045.4.3.4', -36],
  ['1.2.840.113549.1.1.11', -257],
  ['1.2.840.113549.1.1.12', -258],
  ['1.2.840.113549.1.1.13', -259],
  ['1.3.101.112', -8],
  ['1.3.101.113', -53],
]);

const curves: ReadonlyMap<string, WeierstrassCurve> = new Map([
  ['1.2.840.10045.3.1.7', 'P-256'],
  ['1.3.132.0.34', 'P-384'],
  ['1.3.132.0.35', 'P-521'],
  ['1.3.132.0.10', 'secp256k1'],
]);

/** RFC 8410. */
const edwardsCurves: ReadonlyMap<string, EdwardsCurve> = new Map([
  ['1.3.101.112', 'Ed25519'],
  ['1.3.101.113', 'Ed448'],
]);

const keyAlgorithm = { ec: '1.2.840.10045.2.1', rsa: '1.2.840.113549.1.1.1' };

/** Throws `certificate_invalid`. */
export function parseCertificate(bytes: Uint8Array): Certificate {
  const [tbs, algorithm, signature, ...rest] = sequence(parseDer(bytes));
  const fields = sequence(tbs);
  const version = fields[0]?.tag === contextTag(0) ? readVersion(fields.shift()) : 1;
  const [serial, innerAlgorithm, issuer, validity, subject, publicKey, ...optional] = fields;
  const [notBefore, notAfter, ...more] = sequence(validity);
  if (tbs === undefined || publicKey === undefined || rest.length > 0 || more.length > 0) throw invalid('its members');
  if (!sameBytes(algorithm, innerAlgorithm)) throw invalid('two signature algorithms');
  if (version < 3 && optional.length > 0) throw invalid(`members that version ${version} does not have`);
  return {
    bytes,
    version,
    serialNumber: integer(serial),
    issuer: expectTag(issuer, tag.sequence).bytes,
    subject: expectTag(subject, tag.sequence).bytes,
    notBefore: time(notBefore),
    notAfter: time(notAfter),
    publicKey: () => parsePublicKey(publicKey),
    keyBits: () => bitStringBytes(sequence(publicKey)[1]),
    extensions: readExtensions(optional),
    signed: tbs.bytes,
    signatureAlgorithm: readSignatureAlgorithm(algorithm),
    signature: bitStringBytes(signature),
  };
}

function readVersion(element: DerElement | undefined): number {
  const [version, ...rest] = element === undefined ? [] : children(element);
  const number = smallInteger(version) + 1;
  // DER leaves the default, version 1, out.
  if (rest.length > 0 || number < 2 || number > 3) throw invalid(`version ${number}`);
  return number;
}

function readSignatureAlgorithm(element: DerElement | undefined): number | null {
  const [identifier, parameters, ...rest] = sequence(element);
  const id = signatureAlgorithms.get(oid(identifier)) ?? null;
  return rest.length === 0 && (parameters === undefined || isNull(parameters)) ? id : null;
}

/** Extensions stand behind the unique identifiers, which nobody uses. */
function readExtensions(optional: readonly DerElement[]): ReadonlyMap<string, CertificateExtension> {
  const extensions = new Map<string, CertificateExtension>();
  const [tagged, ...rest] = optional;
  if (tagged === undefined) return extensions;
  const [items, ...more] = children(expectTag(tagged, contextTag(3)));
  if (rest.length > 0 || more.length > 0) throw invalid('members behind the extensions');
  const list = sequence(items);
  if (list.length === 0) throw invalid('extensions, but none');
  for (const item of list) {
    const parts = sequence(item);
    const id = oid(parts.shift());
    const critical = parts.length > 1 && boolean(parts.shift());
    const value = octetString(parts.shift());
    if (parts.length > 0) throw invalid(`members behind the extension ${id}`);
    if (extensions.has(id)) throw invalid(`the extension ${id} twice`);
    extensions.set(id, { critical, value });
  }
  return extensions;
}

/** A SubjectPublicKeyInfo. */
function parsePublicKey(element: DerElement): PublicKey {
  const [algorithm, key, ...rest] = sequence(element);
  const [identifier, parameters, ...more] = sequence(algorithm);
  const id = oid(identifier);
  const bytes = bitStringBytes(key);
  if (rest.length > 0 || more.length > 0) throw invalid('members behind the public key');
  if (id === keyAlgorithm.ec) {
    const curve = curves.get(oid(parameters));
    const half = (bytes.length - 1) / 2;
    if (curve === undefined || bytes[0] !== 4 || !Number.isInteger(half)) throw keyInvalid('an unsupported EC key');
    return ecKey(curve, bytes.subarray(1, 1 + half), bytes.subarray(1 + half));
  }
  const edwards = edwardsCurves.get(id);
  if (edwards !== undefined && parameters === undefined) return okpKey(edwards, bytes);
  if (id !== keyAlgorithm.rsa || !isNull(parameters)) throw keyInvalid(`a key of the kind ${id}`);
  const [n, e, ...others] = sequence(parseDer(bytes));
  if (others.length > 0) throw invalid('members behind the RSA key');
  return rsaKey(unsigned(n), unsigned(e));
}

function isNull(element: DerElement | undefined): boolean {
  return element?.tag === tag.null && element.content.length === 0;
}

/** String types whose characters are of no use here: numeric, teletex and BMP strings. */
const otherStrings: ReadonlySet<number> = new Set([0x12, 0x14, 0x1e]);

/** The attributes of a Name by type, as far as they are text in ASCII or UTF-8. */
export function nameAttributes(name: Uint8Array): ReadonlyMap<string, readonly string[]> {
  const attributes = new Map<string, string[]>();
  for (const set of sequence(parseDer(name))) {
    for (const attribute of children(expectTag(set, tag.set))) {
      const [type, value, ...rest] = sequence(attribute);
      const id = oid(type);
      if (value === undefined || rest.length > 0) throw invalid(`the attribute ${id}`);
      if (otherStrings.has(value.tag) && value.content.length % (value.tag === 0x1e ? 2 : 1) === 0) continue;
      attributes.set(id, [...(attributes.get(id) ?? []), readText(value)]);
    }
  }
  return attributes;
}

function readText(value: DerElement): string {
  const { utf8String, printableString, ia5String } = tag;
  const text = [utf8String, printableString, ia5String].includes(value.tag) ? fromUtf8(value.content) : null;
  if (text === null) throw invalid(`a name's string of type ${value.tag}`);
  return text;
}

/** A name for the host among the alternative names, or, where there are none, as the subject's common name. */
export function isForHost(certificate: Certificate, host: string): boolean {
  const extension = certificate.extensions.get('2.5.29.17');
  if (extension === undefined) return nameAttributes(certificate.subject).get('2.5.4.3')?.includes(host) === true;
  const names = sequence(parseDer(extension.value)).filter((name) => name.tag === contextTag(2, false));
  return names.some((name) => fromUtf8(name.content) === host);
}

/** SHA-1 of the key in lower hex (RFC 5280 section 4.2.1.2, method 1): how metadata name attestation keys of U2F. */
export async function keyIdentifierOf(certificate: Certificate, verifier: Verifier): Promise<string> {
  return toHex(await verifier.digest('SHA-1', certificate.keyBits()));
}

export interface BasicConstraints {
  readonly ca: boolean;
  readonly pathLength: number | null;
}

/** The basic constraints (RFC 5280 section 4.2.1.9), or null where the certificate has none. */
export function basicConstraints(certificate: Certificate): BasicConstraints | null {
  const extension = certificate.extensions.get('2.5.29.19');
  if (extension === undefined) return null;
  const parts = sequence(parseDer(extension.value));
  const ca = parts[0]?.tag === tag.boolean && boolean(parts.shift());
  const pathLength = parts.length > 0 ? smallInteger(parts.shift()) : null;
  if (parts.length > 0) throw invalid('members behind the basic constraints');
  return { ca, pathLength };
}

function sameBytes(a: DerElement | undefined, b: DerElement | undefined): boolean {
  return a !== undefined && b !== undefined && equal(a.bytes, b.bytes);
}

function invalid(what: string): Fido2Error {
  return new Fido2Error('certificate_invalid', `certificate: ${what}`);
}

function keyInvalid(what: string): Fido2Error {
  return new Fido2Error('public_key_invalid', `certificate: ${what}`);
}
