import { sign } from 'node:crypto';
import {
  basicConstraints,
  type CertificateAuthority,
  type CertificateExtension,
  type CertificateOptions,
  createAuthority,
  createCertificate,
  ecKeys,
  type KeyPair,
  keyUsage,
} from './certificates.ts';
import { der, sequence } from './der.ts';

/** Who signs metadata in the tests: a root, an authority below it and the signer, as the real ones stand. */
export interface MetadataSigner {
  readonly root: CertificateAuthority;
  readonly keys: KeyPair;
  /** In DER, the signer's own first, without the root. */
  readonly chain: readonly Uint8Array[];
}

export const signerHost = 'mds.fidoalliance.org';

/** Names of the host among a certificate's alternative names. */
export function dnsNames(...hosts: readonly string[]): CertificateExtension {
  return { id: '2.5.29.17', value: sequence(...hosts.map((host) => der(0x82, Buffer.from(host)))) };
}

export function createSigner(
  changes: { readonly keys?: KeyPair; readonly root?: CertificateAuthority } & Partial<CertificateOptions> = {},
): MetadataSigner {
  const { root = createAuthority('Metadata root'), keys = ecKeys(), ...options } = changes;
  const below = createAuthority('Metadata authority', root);
  const certificate = createCertificate({
    subject: [['CN', signerHost]],
    issuer: below.name,
    issuerKey: below.keys.privateKey,
    extensions: [basicConstraints(false), keyUsage('signature'), dnsNames(signerHost)],
    ...options,
    keys,
  });
  return { root, keys, chain: [certificate, below.certificate] };
}

export interface BlobChanges {
  /** Members of the header that differ; undefined leaves one out. */
  readonly header?: Readonly<Record<string, unknown>>;
  /** Default: the one that fits the key. */
  readonly hash?: string;
  readonly signature?: (signature: Buffer) => Buffer;
}

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A BLOB in the form of FIDO Metadata Service v3.0, section 3.1.7. */
export function createBlob(payload: unknown, signer: MetadataSigner, changes: BlobChanges = {}): string {
  const { keys, chain } = signer;
  const isEc = keys.privateKey.asymmetricKeyType === 'ec';
  const size = keys.privateKey.asymmetricKeyDetails?.namedCurve === 'secp384r1' ? '384' : '256';
  const x5c = chain.map((certificate) => Buffer.from(certificate).toString('base64'));
  const signed = `${part({ alg: `${isEc ? 'ES' : 'RS'}${size}`, typ: 'JWT', x5c, ...changes.header })}.${part(payload)}`;
  const signature = sign(changes.hash ?? `sha${size}`, Buffer.from(signed), {
    key: keys.privateKey,
    dsaEncoding: 'ieee-p1363',
  });
  return `${signed}.${(changes.signature?.(signature) ?? signature).toString('base64url')}`;
}

export const model = '0132d110-bf4e-4208-a403-ab4f5f12efe5';
export const keyIdentifier = '7c0903708b87115b0b422def3138c3c864e44573';

/**
 * Members that the specification has and their forms (FIDO Metadata Statement v3.0, section 4), for a model of FIDO2,
 * one of U2F and one of UAF.
 */
export function createPayload(anchors: readonly Uint8Array[], changes: Readonly<Record<string, unknown>> = {}) {
  return {
    legalHeader: 'Retrieval and use of this BLOB is subject to terms',
    no: 15,
    nextUpdate: '2026-02-01',
    entries: [createEntry({ aaguid: model }, anchors), createEntry({ keyIdentifiers: [keyIdentifier] }, anchors), uaf],
    ...changes,
  };
}

const uaf = { aaid: '1234#5678', statusReports: [{ status: 'NOT_FIDO_CERTIFIED', effectiveDate: '2014-01-04' }] };

export function createEntry(
  of: { readonly aaguid?: string; readonly keyIdentifiers?: readonly string[] },
  anchors: readonly Uint8Array[],
  changes: Readonly<Record<string, unknown>> = {},
) {
  return {
    ...(of.aaguid === undefined ? {} : { aaguid: of.aaguid }),
    ...(of.keyIdentifiers === undefined ? {} : { attestationCertificateKeyIdentifiers: of.keyIdentifiers }),
    metadataStatement: {
      legalHeader: 'Terms of the statement',
      aaguid: of.aaguid,
      description: 'FIDO Alliance Sample FIDO2 Authenticator',
      alternativeDescriptions: { 'fr-FR': 'Exemple' },
      authenticatorVersion: 5,
      protocolFamily: of.aaguid === undefined ? 'u2f' : 'fido2',
      schema: 3,
      upv: [{ major: 1, minor: 0 }],
      authenticationAlgorithms: ['secp256r1_ecdsa_sha256_raw'],
      publicKeyAlgAndEncodings: ['cose'],
      attestationTypes: ['basic_full'],
      userVerificationDetails: [
        [{ userVerificationMethod: 'none' }],
        [
          { userVerificationMethod: 'passcode_external', caDesc: { base: 10, minLength: 4 } },
          { userVerificationMethod: 'presence_internal' },
        ],
      ],
      keyProtection: ['hardware', 'secure_element'],
      matcherProtection: ['on_chip'],
      cryptoStrength: 128,
      attachmentHint: ['external', 'wired', 'nfc'],
      tcDisplay: [],
      attestationRootCertificates: anchors.map((anchor) => Buffer.from(anchor).toString('base64')),
      icon: 'data:image/png;base64,iVBORw0KGgo=',
      authenticatorGetInfo: { versions: ['FIDO_2_0'], aaguid: of.aaguid?.replaceAll('-', '') },
    },
    statusReports: [
      { status: 'FIDO_CERTIFIED', effectiveDate: '2019-01-04' },
      {
        status: 'FIDO_CERTIFIED_L1',
        effectiveDate: '2020-11-19',
        certificationDescriptor: 'Sample',
        certificateNumber: 'FIDO2100020151221001',
        certificationPolicyVersion: '1.0.1',
        certificationRequirementsVersion: '1.0.1',
      },
    ],
    timeOfLastStatusChange: '2020-11-19',
    ...changes,
  };
}
