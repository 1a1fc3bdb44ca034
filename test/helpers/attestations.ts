import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { CborMap, CborValue } from './cbor.ts';
import {
  basicConstraints,
  type CertificateAuthority,
  type CertificateExtension,
  type CertificateOptions,
  createAttestationCertificate,
  createCertificate,
  type KeyPair,
} from './certificates.ts';
import { der, explicit, integer, octets, oid, sequence, set, utf8String } from './der.ts';

/** What a statement is made of. */
export interface AttestationContext {
  readonly authority: CertificateAuthority;
  readonly aaguid: Uint8Array;
  readonly credentialId: Uint8Array;
  /** The credential's own; absent for an algorithm that OpenSSL does not have. */
  readonly keys?: KeyPair;
  readonly authData: Uint8Array;
  readonly clientDataHash: Uint8Array;
  readonly changes: AttestationChanges;
}

/** Deviations, each of one field before it is signed. */
export interface AttestationChanges {
  readonly certificate?: Partial<CertificateOptions>;
  readonly androidChallenge?: Uint8Array;
  /** Fields of Android's authorization lists. */
  readonly software?: readonly Uint8Array[];
  readonly tee?: readonly Uint8Array[];
  /** The value of Apple's extension for a nonce. */
  readonly nonce?: (nonce: Uint8Array) => Uint8Array;
  readonly pubArea?: (bytes: Buffer) => Uint8Array;
  readonly certInfo?: (bytes: Buffer) => Uint8Array;
  /** The TPM's statement: `alg` and its hash. */
  readonly tpmAlgorithm?: readonly [number, string];
  /** What makes the statements within one of the format compound. */
  readonly parts?: readonly ((context: AttestationContext) => Statement)[];
  /** Members of a SafetyNet response's header and payload, and the whole. */
  readonly safetynet?: {
    readonly header?: Readonly<Record<string, unknown>>;
    readonly payload?: Readonly<Record<string, unknown>>;
    readonly response?: (text: string) => string;
  };
  /** TPM_ALG_ID of the name, and its hash. */
  readonly nameAlgorithm?: readonly [number, string];
}

export type Statement = readonly [format: string, statement: CborMap | readonly CborValue[]];

/** When the statements that tell a time are made. */
export const statementTime = Date.UTC(2026, 0, 1);

const es256 = -7;
const hash = (name: string, bytes: Uint8Array): Buffer => createHash(name).update(bytes).digest();

function statementOf(...members: [string, CborValue][]): CborMap {
  return new Map<CborValue, CborValue>(members);
}

/** The COSE algorithm of a key and OpenSSL's hash for it. */
function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): readonly [number, string | null] {
  if (asymmetricKeyType === 'rsa') return [-257, 'sha256'];
  if (asymmetricKeyType === 'ed25519') return [-8, null];
  if (asymmetricKeyType === 'ed448') return [-53, null];
  if (asymmetricKeyDetails?.namedCurve === 'secp384r1') return [-35, 'sha384'];
  if (asymmetricKeyDetails?.namedCurve === 'secp521r1') return [-36, 'sha512'];
  return [asymmetricKeyDetails?.namedCurve === 'secp256k1' ? -47 : es256, 'sha256'];
}

export function packed(context: AttestationContext): Statement {
  const { authority, aaguid, authData, clientDataHash, changes } = context;
  const { certificate, keys } = createAttestationCertificate(authority, aaguid, changes.certificate);
  const [alg, digest] = algorithmOf(keys.privateKey);
  const signature = sign(digest, Buffer.concat([authData, clientDataHash]), keys.privateKey);
  return ['packed', statementOf(['alg', alg], ['sig', signature], ['x5c', [certificate]])];
}

export function fidoU2f(context: AttestationContext): Statement {
  const { authority, aaguid, credentialId, authData, clientDataHash, changes } = context;
  const { certificate, keys } = createAttestationCertificate(authority, aaguid, changes.certificate);
  const jwk = ownKeys(context).publicKey.export({ format: 'jwk' });
  const point = Buffer.concat([Buffer.of(4), ...[jwk.x, jwk.y].map((text) => Buffer.from(text ?? '', 'base64url'))]);
  const signed = Buffer.concat([Buffer.of(0), authData.subarray(0, 32), clientDataHash, credentialId, point]);
  return ['fido-u2f', statementOf(['sig', sign('sha256', signed, keys.privateKey)], ['x5c', [certificate]])];
}

function ownKeys({ keys }: AttestationContext): KeyPair {
  if (keys === undefined) throw new Error('this format attests keys of OpenSSL only');
  return keys;
}

/** A certificate of the credential's own key. */
function ownCertificate(context: AttestationContext, extensions: readonly CertificateExtension[]): Uint8Array {
  const { authority, changes } = context;
  return createCertificate({
    subject: [['CN', 'Credential']],
    issuer: authority.name,
    issuerKey: authority.keys.privateKey,
    keys: ownKeys(context),
    extensions,
    ...changes.certificate,
  });
}

export function apple(context: AttestationContext): Statement {
  const { authData, clientDataHash, changes } = context;
  const { nonce = (bytes: Uint8Array) => sequence(explicit(1, octets(bytes))) } = changes;
  const value = nonce(hash('sha256', Buffer.concat([authData, clientDataHash])));
  const extension = { id: '1.2.840.113635.100.8.2', value };
  return ['apple', statementOf(['x5c', [ownCertificate(context, [extension])]])];
}

/** A field of an AuthorizationList; numbers past 30 have a tag of three bytes. */
export function authorization(number: number, value: Uint8Array): Uint8Array {
  if (number < 31) return explicit(number, value);
  const tagged = der(0, value);
  return Buffer.concat([Buffer.of(0xbf, 0x80 | (number >> 7), number & 0x7f), tagged.subarray(1)]);
}

export const signPurpose = authorization(1, set(integer(2)));
export const generatedOrigin = authorization(702, integer(0));

export function androidKey(context: AttestationContext): Statement {
  const { authData, clientDataHash, changes } = context;
  const { androidChallenge = clientDataHash, software = [], tee = [signPurpose, generatedOrigin] } = changes;
  const level = der(0x0a, Buffer.of(1));
  const lists = [sequence(...software), sequence(...tee)];
  const value = sequence(integer(3), level, integer(4), level, octets(androidChallenge), octets(Buffer.of()), ...lists);
  const certificate = ownCertificate(context, [{ id: '1.3.6.1.4.1.11129.2.1.17', value }]);
  const signer = changes.certificate?.keys?.privateKey ?? ownKeys(context).privateKey;
  const signature = sign('sha256', Buffer.concat([authData, clientDataHash]), signer);
  return ['android-key', statementOf(['alg', es256], ['sig', signature], ['x5c', [certificate]])];
}

/** The alternative name of a TPM's certificate. */
export function tpmName(
  manufacturer: string | null = 'id:54455354',
  model: string | null = 'Test',
): CertificateExtension {
  const attribute = (id: string, text: string): Uint8Array => set(sequence(oid(id), utf8String(text)));
  const names = [
    ...(manufacturer === null ? [] : [attribute('2.23.133.2.1', manufacturer)]),
    ...(model === null ? [] : [attribute('2.23.133.2.2', model)]),
    attribute('2.23.133.2.3', 'id:00000001'),
  ];
  return { id: '2.5.29.17', critical: true, value: sequence(explicit(4, sequence(...names))) };
}

export function extendedKeyUsage(purpose = '2.23.133.8.3'): CertificateExtension {
  return { id: '2.5.29.37', value: sequence(oid(purpose)) };
}

const u16 = (value: number): Buffer => Buffer.of(value >> 8, value & 0xff);
const sized = (bytes: Uint8Array): Buffer => Buffer.concat([u16(bytes.length), bytes]);

function publicArea(key: KeyObject, nameAlgorithm: number): Buffer {
  const jwk = key.export({ format: 'jwk' });
  const field = (text: string | undefined): Buffer => sized(Buffer.from(text ?? '', 'base64url'));
  const head = (type: number): Buffer =>
    Buffer.concat([u16(type), u16(nameAlgorithm), Buffer.alloc(4), sized(Buffer.of())]);
  const none = u16(0x0010);
  if (jwk.kty === 'RSA') return Buffer.concat([head(1), none, none, u16(2048), Buffer.alloc(4), field(jwk.n)]);
  return Buffer.concat([head(0x23), none, none, u16(3), none, field(jwk.x), field(jwk.y)]);
}

let sharedKeys: KeyPair | undefined;

/** One RSA key for all attestations that need one: such keys take their time. */
function rsaKeys(): KeyPair {
  sharedKeys ??= generateKeyPairSync('rsa', { modulusLength: 2048 });
  return sharedKeys;
}

export function tpm(context: AttestationContext): Statement {
  const { authority, authData, clientDataHash, changes } = context;
  const [alg, algHash] = changes.tpmAlgorithm ?? [-257, 'sha256'];
  const [nameId, nameHash] = changes.nameAlgorithm ?? [0x000b, 'sha256'];
  const honest = publicArea(ownKeys(context).publicKey, nameId);
  const pubArea = changes.pubArea?.(honest) ?? honest;
  const name = Buffer.concat([u16(nameId), hash(nameHash, pubArea)]);
  const extraData = sized(hash(algHash, Buffer.concat([authData, clientDataHash])));
  const head = Buffer.concat([Buffer.of(0xff, 0x54, 0x43, 0x47), u16(0x8017), sized(Buffer.alloc(34))]);
  const info = Buffer.concat([head, extraData, Buffer.alloc(25), sized(name), sized(Buffer.alloc(34))]);
  const certInfo = changes.certInfo?.(info) ?? info;
  const keys = changes.certificate?.keys ?? rsaKeys();
  const certificate = createCertificate({
    subject: [],
    issuer: authority.name,
    issuerKey: authority.keys.privateKey,
    extensions: [tpmName(), extendedKeyUsage(), basicConstraints(false)],
    ...changes.certificate,
    keys,
  });
  const statement = statementOf(
    ['ver', '2.0'],
    ['alg', alg],
    ['x5c', [certificate]],
    ['sig', sign(algHash, certInfo, keys.privateKey)],
    ['certInfo', certInfo],
    ['pubArea', pubArea],
  );
  return ['tpm', statement];
}

/** The alternative name of a host's certificate. */
export function hostName(...hosts: readonly string[]): CertificateExtension {
  return { id: '2.5.29.17', value: sequence(...hosts.map((host) => der(0x82, Buffer.from(host)))) };
}

export function androidSafetynet(context: AttestationContext): Statement {
  const { authority, authData, clientDataHash, changes } = context;
  const keys = changes.certificate?.keys ?? rsaKeys();
  const certificate = createCertificate({
    subject: [['CN', 'attest.android.com']],
    issuer: authority.name,
    issuerKey: authority.keys.privateKey,
    extensions: [hostName('attest.android.com')],
    ...changes.certificate,
    keys,
  });
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const x5c = [Buffer.from(certificate).toString('base64')];
  const nonce = hash('sha256', Buffer.concat([authData, clientDataHash])).toString('base64');
  const payload = { nonce, timestampMs: statementTime, ctsProfileMatch: true, basicIntegrity: true };
  const { safetynet = {} } = changes;
  const signed = `${part({ alg: 'RS256', x5c, ...safetynet.header })}.${part({ ...payload, ...safetynet.payload })}`;
  const response = `${signed}.${sign('sha256', Buffer.from(signed), keys.privateKey).toString('base64url')}`;
  const text = safetynet.response?.(response) ?? response;
  return ['android-safetynet', statementOf(['ver', '17122037'], ['response', Buffer.from(text)])];
}

/** A statement within one of the format compound. */
export function part([format, statement]: Statement): CborMap {
  return statementOf(['fmt', format], ['attStmt', statement]);
}

export function compound(context: AttestationContext): Statement {
  const { parts = [packed, androidKey] } = context.changes;
  return ['compound', parts.map((make) => part(make(context)))];
}
