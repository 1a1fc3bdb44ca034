import { generateKeyPairSync } from 'node:crypto';
import { fromBase64url, toBase64url, utf8 } from '../../src/bytes.ts';
import type { CborMap } from '../../src/protocol/cbor.ts';
import { decodeCborMap } from '../../src/protocol/cbor.ts';
import type { CreationOptionsJSON } from '../../src/protocol/options.ts';
import type { RegistrationResponseJSON } from '../../src/protocol/response-json.ts';
import type { AttestationName } from '../helpers/authenticator.ts';
import { encodeCbor } from '../helpers/cbor.ts';
import {
  basicConstraints,
  type CertificateOptions,
  createAuthority,
  createCertificate,
  ecKeys,
  type KeyPair,
  keyUsage,
} from '../helpers/certificates.ts';
import { algorithmNames, credentialKeys } from '../helpers/credential-keys.ts';
import { dnsNames } from '../helpers/metadata-blob.ts';
import { fromHex, haveVectors, level3Vectors, recordedDevice } from '../helpers/vectors.ts';
import { createAuthenticator, creation, origin, request, rpId } from '../protocol/ceremony.ts';

/** What a ceremony was asked for; byte strings in base64. */
interface Ceremony {
  readonly clientData: string;
  readonly challenge: string;
  readonly rpId: string;
  readonly origins: readonly string[];
  readonly topOrigins: readonly string[];
  readonly time: number;
}

/** What the functions that are fuzzed read besides their inputs. */
export interface FuzzInputs {
  /** The first byte of an input for `attestation` chooses one. */
  readonly ceremonies: readonly Ceremony[];
  readonly anchors: readonly string[];
  readonly time: number;
  /** Of a BLOB, in base64url; its chain leads to one of the anchors. */
  readonly blobHeader: string;
}

export interface Seeds {
  readonly inputs: FuzzInputs;
  readonly byTarget: Readonly<Record<string, readonly Uint8Array[]>>;
}

interface Recorded {
  readonly ceremony: Ceremony;
  readonly json: RegistrationResponseJSON;
}

const time = Date.UTC(2026, 0, 1);
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** Ceremonies of the software authenticator in each format, the vectors of Level 3 and recorded devices, and their parts. */
export function makeSeeds(): Seeds {
  const authority = createAuthority('Fuzzing');
  const recorded = [...own(authority), ...(haveVectors ? [...vectors(), ...devices()] : [])];
  const objects = recorded.map(({ json }) => bytesOf(json.response.attestationObject));
  const statements = objects.map((object) => decodeCborMap(object, { size: 65536, depth: 5, misorderedMaps: true }));
  const authData = statements.flatMap((object) => bytesIn(object, 'authData'));
  const inner = statements.flatMap((object): CborMap[] => {
    const statement = object.get('attStmt');
    return statement instanceof Map ? [statement] : [];
  });
  const paths = inner.flatMap((statement) => {
    const x5c: unknown = statement.get('x5c');
    return Array.isArray(x5c) ? [x5c.filter((each) => each instanceof Uint8Array)] : [];
  });
  const root = haveVectors ? [fromHex(level3Vectors().attestationRoot.attestation_ca_cert)] : [];
  const anchors = [authority.certificate, ...root];
  const header = { alg: 'RS256', typ: 'JWT', x5c: [base64(authority.certificate)] };
  const payload = utf8(JSON.stringify(metadata(authority.certificate)));
  const blobHeader = toBase64url(utf8(JSON.stringify(header)));
  return {
    inputs: { ceremonies: recorded.map(({ ceremony }) => ceremony), anchors: anchors.map(base64), time, blobHeader },
    byTarget: {
      cbor: [...objects, ...authData.map((bytes) => bytes.subarray(87))],
      key: [
        ...authData.map((bytes) => bytes.subarray(55 + (bytes[53] ?? 0) * 256 + (bytes[54] ?? 0))),
        ...algorithmNames.map((name) => encodeCbor(credentialKeys(name).coseKey)),
      ],
      data: authData,
      attestation: objects.map((object, i) => Buffer.concat([Uint8Array.of(i), object])),
      certificate: [...paths.flat(), ...anchors, ...oddCertificates(authority)],
      chain: paths.map((path) => Buffer.concat(path.map((each) => Buffer.concat([length(each), each])))),
      tpm: inner.flatMap((statement) => [...bytesIn(statement, 'pubArea'), ...bytesIn(statement, 'certInfo')]),
      client: recorded.map(({ json }) => bytesOf(json.response.clientDataJSON)),
      response: [...recorded.map(({ json }) => utf8(JSON.stringify(json))), utf8(JSON.stringify(assertion()))],
      jws: [
        utf8(
          `${toBase64url(utf8('{"alg":"ES256"}'))}.${toBase64url(utf8('{"sub":"u1","iat":1}'))}.${toBase64url(new Uint8Array(64).fill(0x80))}`,
        ),
      ],
      blob: [payload],
    },
  };
}

/** Certificates with what those of statements do not have. */
function oddCertificates({ name, keys }: ReturnType<typeof createAuthority>): Uint8Array[] {
  const subject = [['CN', 'Odd']] as const;
  const of = (pair: KeyPair, extensions: CertificateOptions['extensions'] = []): Uint8Array =>
    createCertificate({ subject, issuer: name, issuerKey: keys.privateKey, keys: pair, extensions });
  return [
    of(generateKeyPairSync('rsa', { modulusLength: 2048 })),
    of(generateKeyPairSync('ed25519')),
    of(ecKeys('P-384'), [basicConstraints(true, 3), keyUsage('ca')]),
    of(ecKeys('P-521'), [dnsNames('attest.android.com', 'example.org')]),
    of(keys, [{ id: '2.5.29.30', value: Uint8Array.of(0x30, 0) }]),
  ];
}

function own(authority: ReturnType<typeof createAuthority>): Recorded[] {
  const names: readonly AttestationName[] = [
    ...(['none', 'packed-self', 'packed-x5c', 'fido-u2f', 'apple'] as const),
    ...(['android-key', 'android-safetynet', 'tpm', 'compound'] as const),
  ];
  return names.map((attestation) => {
    const aaguid = attestation === 'fido-u2f' ? new Uint8Array(16) : new Uint8Array(16).fill(7);
    const json = createAuthenticator({ attestation, authority, aaguid }).create(creation);
    return recordOf(json, creation.challenge, rpId, origin, time);
  });
}

function assertion() {
  const authenticator = createAuthenticator();
  authenticator.create(creation);
  return authenticator.get(request);
}

function vectors(): Recorded[] {
  const text = (hex: string): string => toBase64url(fromHex(hex));
  return level3Vectors().vectors.map(({ registration }) => {
    const { credential_id, clientDataJSON, attestationObject, challenge } = registration;
    const json: RegistrationResponseJSON = {
      id: text(credential_id),
      rawId: text(credential_id),
      type: 'public-key',
      response: { clientDataJSON: text(clientDataJSON), attestationObject: text(attestationObject) },
      clientExtensionResults: {},
    };
    return recordOf(json, text(challenge), 'example.org', 'https://example.org', time);
  });
}

const deviceFiles = [
  ['attestationTPMSHA1Options', 'attestationTPMSHA1Response'],
  ['attestationTPMSHA256Options', 'attestationTPMSHA256Response'],
  ['attestationAndroidKeyOptions', 'attestationAndroidKeyResponse'],
  ['attestationAppleOptions', 'attestationAppleResponse'],
  ['attestationOptionsU2F', 'attestationResultsU2F'],
  ['attestationOptionsPacked', 'attestationResultsPacked'],
  ['attestationOptionsPacked512', 'attestationResultsPacked512'],
  ['attestationOptionsATKey', 'attestationResultsATKey'],
  ['attestationOptionsTrustKeyT110', 'attestationResultTrustKeyT110'],
] as const;

function devices(): Recorded[] {
  return deviceFiles.map(([optionsName, responseName]) => {
    const options = recordedDevice<CreationOptionsJSON>(optionsName);
    const json = recordedDevice<RegistrationResponseJSON>(responseName);
    const data: { origin: string } = JSON.parse(Buffer.from(bytesOf(json.response.clientDataJSON)).toString());
    return recordOf(json, options.challenge, options.rp.id ?? '', data.origin, Date.UTC(2021, 0, 1));
  });
}

function recordOf(
  json: RegistrationResponseJSON,
  challenge: string,
  rpId: string,
  origin: string,
  at: number,
): Recorded {
  const clientData = base64(bytesOf(json.response.clientDataJSON));
  const topOrigins = ['https://example.com'];
  return {
    ceremony: { clientData, challenge: base64(bytesOf(challenge)), rpId, origins: [origin], topOrigins, time: at },
    json,
  };
}

function metadata(certificate: Uint8Array) {
  const statement = {
    description: 'An authenticator',
    attestationRootCertificates: [base64(certificate)],
    userVerificationDetails: [[{ userVerificationMethod: 'fingerprint_internal' }]],
  };
  const report = { status: 'FIDO_CERTIFIED_L1', effectiveDate: '2020-01-01', certificate: base64(certificate) };
  const entries = [
    { aaguid: '00000000-0000-0000-0000-000000000001', metadataStatement: statement, statusReports: [report] },
    { attestationCertificateKeyIdentifiers: ['0'.repeat(40)], statusReports: [{ status: 'REVOKED' }] },
    { aaid: '1234#5678', statusReports: [] },
  ];
  return { legalHeader: 'Terms', no: 1, nextUpdate: '2026-02-01', entries };
}

function bytesIn(map: CborMap, name: string): Uint8Array[] {
  const value = map.get(name);
  return value instanceof Uint8Array ? [value] : [];
}

function bytesOf(text: string): Uint8Array {
  const bytes = fromBase64url(text);
  if (bytes === null) throw new Error(`${text} is not base64url`);
  return bytes;
}

const length = ({ length: bytes }: Uint8Array): Uint8Array => Uint8Array.of(bytes >> 8, bytes & 0xff);
