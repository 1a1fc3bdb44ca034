import { describe, expect, test } from 'vitest';
import { toBase64url } from '../../src/bytes.ts';
import { type CborValue, encodeCbor } from '../helpers/cbor.ts';
import { createAuthority } from '../helpers/certificates.ts';
import { origin, type Registration, refusal, register } from './ceremony.ts';

const encoder = new TextEncoder();
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const authority = createAuthority('Root of the registration tests');

describe('a registration is refused', () => {
  const other = toBase64url(new Uint8Array(32));
  const cases: readonly (Registration & { readonly what: string; readonly code: string; readonly step: string })[] = [
    { step: '7.1.3', code: 'malformed', what: 'no response', json: ({ response, ...json }) => json },
    {
      step: '7.1.3',
      code: 'credential_id_mismatch',
      what: 'id that is not rawId',
      json: (json) => ({ ...json, id: other }),
    },
    {
      step: '7.1.4',
      code: 'malformed',
      what: 'extension outputs that are a list',
      json: (json) => ({ ...json, clientExtensionResults: [] }),
    },
    {
      step: '7.1.5',
      code: 'client_data_invalid',
      what: 'client data that is not UTF-8',
      tamper: { clientDataJSON: (bytes) => new Uint8Array([...bytes.subarray(0, -1), 0xff, 0x7d]) },
    },
    {
      step: '7.1.6',
      code: 'client_data_invalid',
      what: 'client data that is not JSON',
      tamper: { clientDataJSON: (bytes) => bytes.subarray(1) },
    },
    {
      step: '7.1.6',
      code: 'client_data_invalid',
      what: 'two origins',
      tamper: { clientDataJSON: (bytes) => encoder.encode(text(bytes).replace('{', '{"origin":"https://evil.test",')) },
    },
    { step: '7.1.7', code: 'type_mismatch', what: 'no type', tamper: { clientData: { type: undefined } } },
    {
      step: '7.1.8',
      code: 'challenge_mismatch',
      what: 'no challenge',
      tamper: { clientData: { challenge: undefined } },
    },
    { step: '7.1.9', code: 'origin_mismatch', what: 'no origin', tamper: { clientData: { origin: undefined } } },
    {
      step: '7.1.9',
      code: 'origin_mismatch',
      what: 'a list of origins',
      tamper: { clientData: { origin: [origin] } },
    },
    ...['false', 'true', 0, 1, null].map((crossOrigin) => ({
      step: '7.1.10',
      code: 'cross_origin_mismatch',
      what: `crossOrigin ${JSON.stringify(crossOrigin)}`,
      tamper: { clientData: { crossOrigin } },
      expected: { crossOrigin: true },
    })),
    ...[null, '', ['https://top.test']].map((topOrigin) => ({
      step: '7.1.11',
      code: 'top_origin_mismatch',
      what: `topOrigin ${JSON.stringify(topOrigin)}`,
      tamper: { clientData: { crossOrigin: true, topOrigin } },
      expected: { crossOrigin: true, topOrigins: ['https://top.test'] },
    })),
    { step: '7.1.7', code: 'type_mismatch', what: 'the other type', tamper: { clientData: { type: 'webauthn.get' } } },
    {
      step: '7.1.8',
      code: 'challenge_mismatch',
      what: 'another challenge',
      tamper: { clientData: { challenge: other } },
    },
    {
      step: '7.1.8',
      code: 'challenge_mismatch',
      what: 'an empty challenge',
      tamper: { clientData: { challenge: '' } },
      expected: { challenge: new Uint8Array(0) },
    },
    ...[
      'http://login.example.org',
      'https://login.example.org:8443',
      'https://login.example.org.evil.test',
      'https://evil-login.example.org',
      'https://evil-example.org',
      'https://sub.login.example.org',
      'https://example.org',
      'https://LOGIN.example.org',
      'https://login.example.org/',
      'https://login.example.org@evil.test',
      'null',
      '',
    ].map((evil) => ({
      step: '7.1.9',
      code: 'origin_mismatch',
      what: `the origin ${JSON.stringify(evil)}`,
      tamper: { clientData: { origin: evil } },
    })),
    { step: '7.1.10', code: 'cross_origin_mismatch', what: 'a frame', tamper: { clientData: { crossOrigin: true } } },
    {
      step: '7.1.11',
      code: 'top_origin_mismatch',
      what: 'a page around it and no crossOrigin',
      tamper: { clientData: { topOrigin: origin, crossOrigin: undefined } },
    },
    {
      step: '7.1.11',
      code: 'top_origin_mismatch',
      what: 'a listed page around it with crossOrigin false',
      tamper: { clientData: { topOrigin: 'https://top.test' } },
      expected: { crossOrigin: true, topOrigins: ['https://top.test'] },
    },
    {
      step: '7.1.11',
      code: 'top_origin_mismatch',
      what: 'a page around it that is not listed',
      tamper: { clientData: { crossOrigin: true, topOrigin: 'https://evil.test' } },
      expected: { crossOrigin: true, topOrigins: ['https://top.test'] },
    },
    {
      step: '7.1.13',
      code: 'attestation_object_invalid',
      what: 'a fourth member of the attestation object',
      tamper: { attestationObject: (object) => new Map<CborValue, CborValue>([...object, ['extra', 1]]) },
    },
    {
      step: '7.1.13',
      code: 'authenticator_data_invalid',
      what: 'no attested credential',
      tamper: {
        authData: (bytes) => Uint8Array.from(bytes.subarray(0, 37), (byte, i) => (i === 32 ? byte & ~64 : byte)),
      },
    },
    {
      step: '7.1.13',
      code: 'authenticator_data_invalid',
      what: 'bytes behind the key',
      tamper: { authData: (bytes) => new Uint8Array([...bytes, 0]) },
    },
    {
      step: '7.1.13',
      code: 'credential_id_mismatch',
      what: 'a credential that is not the attested one',
      json: (json) => ({ ...json, id: other, rawId: other }),
    },
    { step: '7.1.14', code: 'rp_id_mismatch', what: 'another relying party', tamper: { rpId: 'example.org' } },
    {
      step: '7.1.15',
      code: 'user_presence_missing',
      what: 'no user presence',
      tamper: { flags: (flags) => flags & ~1 },
    },
    {
      step: '7.1.16',
      code: 'user_verification_missing',
      what: 'no user verification',
      options: { userVerification: false },
    },
    {
      step: '7.1.17',
      code: 'backup_state_invalid',
      what: 'a backup of what cannot be backed up',
      options: { backedUp: true },
    },
    {
      step: '7.1.20',
      code: 'algorithm_mismatch',
      what: 'an algorithm nobody asked for',
      options: { algorithm: 'ES384' },
      expected: { algorithms: [-7] },
    },
    {
      step: '7.1.20',
      code: 'algorithm_mismatch',
      what: 'an algorithm that is not supported',
      tamper: { coseKey: (key) => new Map([...key, [3, -999]]) },
      expected: { algorithms: [-999] },
    },
    {
      step: '7.1.20',
      code: 'public_key_invalid',
      what: 'ES256 on P-384',
      options: { algorithm: 'ES384' },
      tamper: { coseKey: (key) => new Map([...key, [3, -7]]) },
    },
    {
      step: '7.1.20',
      code: 'public_key_invalid',
      what: 'an OKP key with ES256',
      options: { algorithm: 'EdDSA' },
      tamper: { coseKey: (key) => new Map([...key, [3, -7]]) },
    },
    {
      step: '7.1.20',
      code: 'public_key_invalid',
      what: 'a point off the curve',
      tamper: { coseKey: (key) => new Map([...key, [-3, new Uint8Array(32).fill(1)]]) },
    },
    ...['Packed', 'packed ', 'NONE', '', 'unknown', 'constructor', '__proto__'].map((fmt) => ({
      step: '7.1.21',
      code: 'attestation_format_unknown',
      what: `the format ${JSON.stringify(fmt)}`,
      tamper: {
        attestationObject: (object: ReadonlyMap<CborValue, CborValue>) => new Map([...object, ['fmt', fmt]] as const),
      },
    })),
    {
      step: '7.1.22',
      code: 'attestation_invalid',
      what: 'none with a statement',
      tamper: { statement: () => new Map([['x', 1]]) },
    },
    {
      step: '7.1.24',
      code: 'attestation_untrusted',
      what: 'a chain to nobody',
      options: { attestation: 'packed-x5c' },
      expected: { trustAnchors: [authority.certificate] },
    },
    {
      step: '7.1.24',
      code: 'attestation_required',
      what: 'none where an attestation is required',
      expected: { attestationRequired: true },
    },
    {
      step: '7.1.24',
      code: 'attestation_required',
      what: 'self attestation where an attestation is required',
      options: { attestation: 'packed-self' },
      expected: { attestationRequired: true, trustAnchors: [authority.certificate] },
    },
    {
      step: '7.1.25',
      code: 'credential_id_too_long',
      what: 'an identifier of 1024 bytes',
      tamper: { credentialId: new Uint8Array(1024) },
    },
    {
      step: '7.1.26',
      code: 'already_registered',
      what: 'a known credential',
      expected: { credentialExists: async () => true },
    },
    {
      step: '7.1.28',
      code: 'extension_invalid',
      what: 'a weaker protection than enforced',
      tamper: { extensions: new Map([['credProtect', 2]]) },
      expected: {
        extensions: { credentialProtectionPolicy: 'userVerificationRequired', enforceCredentialProtectionPolicy: true },
      },
    },
    {
      step: '7.1.28',
      code: 'extension_invalid',
      what: 'an unsolicited extension by policy',
      tamper: { extensions: new Map([['minPinLength', 4]]) },
      expected: { extensions: { credProps: true }, unsolicitedExtensions: 'refuse' },
    },
  ];
  test.each(cases)('$step $what: $code', async ({ code, step, ...changes }) => {
    await expect(register(changes)).rejects.toMatchObject(refusal(code, step));
  });

  test('CBOR behind the attestation object', async () => {
    const json = (answer: Record<string, unknown>): unknown => {
      const { attestationObject, ...response } = answer.response as Record<string, string>;
      const bytes = Buffer.concat([Buffer.from(attestationObject ?? '', 'base64url'), encodeCbor(0)]);
      return { ...answer, response: { ...response, attestationObject: toBase64url(bytes) } };
    };
    await expect(register({ json })).rejects.toMatchObject(refusal('cbor_invalid', '7.1.13'));
  });
});
