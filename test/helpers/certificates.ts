import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { bits, boolean, der, explicit, integer, octets, oid, sequence, set, time, utf8String } from './der.ts';

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export interface CertificateExtension {
  readonly id: string;
  readonly critical?: boolean;
  readonly value: Uint8Array;
}

export type Name = readonly (readonly [type: keyof typeof nameTypes, value: string])[];

export interface CertificateOptions {
  readonly subject: Name;
  readonly issuer?: Name;
  readonly keys: KeyPair;
  readonly issuerKey?: KeyObject;
  /** 3 as in "v3"; 1 has no version field. */
  readonly version?: number;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly extensions?: readonly CertificateExtension[];
}

export interface CertificateAuthority {
  readonly name: Name;
  readonly keys: KeyPair;
  readonly certificate: Uint8Array;
}

const nameTypes = { C: '2.5.4.6', O: '2.5.4.10', OU: '2.5.4.11', CN: '2.5.4.3' };

export function ecKeys(curve: 'P-256' | 'P-384' | 'P-521' = 'P-256'): KeyPair {
  return generateKeyPairSync('ec', { namedCurve: curve });
}

export function encodeName(name: Name): Uint8Array {
  return sequence(...name.map(([type, value]) => set(sequence(oid(nameTypes[type]), utf8String(value)))));
}

/** A certificate in DER, signed by `issuerKey` (by itself without one) with SHA-256. */
export function createCertificate(options: CertificateOptions): Uint8Array {
  const { subject, keys, issuer = subject, issuerKey = keys.privateKey, version = 3, extensions = [] } = options;
  const ecdsa = issuerKey.asymmetricKeyType === 'ec';
  const algorithm = ecdsa
    ? sequence(oid('1.2.840.10045.4.3.2'))
    : sequence(oid('1.2.840.113549.1.1.11'), Uint8Array.of(5, 0));
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const tbs = sequence(
    ...(version === 1 ? [] : [explicit(0, integer(version - 1))]),
    integer(serial),
    algorithm,
    encodeName(issuer),
    sequence(
      time(options.notBefore ?? new Date('2020-01-01T00:00:00Z')),
      time(options.notAfter ?? new Date('2049-01-01T00:00:00Z')),
    ),
    encodeName(subject),
    keys.publicKey.export({ type: 'spki', format: 'der' }),
    ...(extensions.length === 0 ? [] : [explicit(3, sequence(...extensions.map(encodeExtension)))]),
  );
  return sequence(tbs, algorithm, bits(sign('sha256', tbs, issuerKey)));
}

function encodeExtension({ id, critical = false, value }: CertificateExtension): Uint8Array {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octets(value));
}

export function basicConstraints(ca: boolean, pathLength?: number): CertificateExtension {
  const length = pathLength === undefined ? [] : [integer(pathLength)];
  return { id: '2.5.29.19', critical: true, value: sequence(...(ca ? [boolean(true), ...length] : [])) };
}

/** Key usage: `keyCertSign` and `cRLSign`, or `digitalSignature`. */
export function keyUsage(kind: 'ca' | 'signature'): CertificateExtension {
  const value = kind === 'ca' ? der(0x03, Uint8Array.of(1, 0x06)) : der(0x03, Uint8Array.of(7, 0x80));
  return { id: '2.5.29.15', critical: true, value };
}

/** id-fido-gen-ce-aaguid of a packed attestation certificate (Level 3, section 8.2.1). */
export function aaguidExtension(aaguid: Uint8Array): CertificateExtension {
  return { id: '1.3.6.1.4.1.45724.1.1.4', value: octets(aaguid) };
}

export function createAuthority(commonName: string, parent?: CertificateAuthority): CertificateAuthority {
  const name: Name = [
    ['C', 'SE'],
    ['O', 'Test'],
    ['CN', commonName],
  ];
  const keys = ecKeys();
  const certificate = createCertificate({
    subject: name,
    keys,
    ...(parent && { issuer: parent.name, issuerKey: parent.keys.privateKey }),
    extensions: [basicConstraints(true), keyUsage('ca')],
  });
  return { name, keys, certificate };
}

/** A certificate that fits the requirements of Level 3, section 8.2.1. */
export function createAttestationCertificate(
  authority: CertificateAuthority,
  aaguid: Uint8Array,
  changes: Partial<CertificateOptions> = {},
): { readonly certificate: Uint8Array; readonly keys: KeyPair } {
  const keys = changes.keys ?? ecKeys();
  const certificate = createCertificate({
    subject: [
      ['C', 'SE'],
      ['O', 'Test'],
      ['OU', 'Authenticator Attestation'],
      ['CN', 'Test authenticator'],
    ],
    issuer: authority.name,
    issuerKey: authority.keys.privateKey,
    extensions: [basicConstraints(false), aaguidExtension(aaguid)],
    ...changes,
    keys,
  });
  return { certificate, keys };
}
