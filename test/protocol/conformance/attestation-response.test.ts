import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { toBase64url } from '../../../src/bytes.ts';
import type { CborMap, CborValue } from '../../helpers/cbor.ts';
import { type AlgorithmName, coseAlgorithms } from '../../helpers/credential-keys.ts';
import { type Registration, refusal, register } from '../ceremony.ts';

/*
 * The cases of the FIDO2 server conformance test, group by group, for the answer of a registration. The groups of the
 * formats are in attestation-statements.test.ts, those of an authentication in assertion-response.test.ts.
 */

type Json = Record<string, unknown>;
type Case = readonly [what: string, code: string, step: string, changes: Registration];

const withMember =
  (name: string, value: unknown) =>
  (json: Json): Json => ({ ...json, [name]: value });
const inResponse =
  (name: string, value: unknown) =>
  (json: Json): Json => ({ ...json, response: { ...(json.response as Json), [name]: value } });
const inClientData = (name: string, value: unknown): Registration => ({ tamper: { clientData: { [name]: value } } });
const objectMember = (name: string, value: CborValue): Registration => ({
  tamper: { attestationObject: (object) => new Map([...object, [name, value] as const]) },
});
const withoutMember = (name: string): Registration => ({
  tamper: { attestationObject: (object) => new Map([...object].filter(([key]) => key !== name)) },
});
const extension: CborMap = new Map<CborValue, CborValue>([['credProtect', 1]]);

function refuses(cases: readonly Case[]): void {
  test.each(cases)('%s: %s at %s', async (_, code, step, changes) => {
    await expect(register(changes)).rejects.toMatchObject(refusal(code, step));
  });
}

describe('AttestationResponse Resp-1: the structure of the answer', () => {
  test('a valid one holds', async () => {
    expect(await register()).toMatchObject({ format: 'none' });
  });
  refuses([
    ['no id', 'malformed', '7.1.3', { json: withMember('id', undefined) }],
    ['an id that is no text', 'malformed', '7.1.3', { json: withMember('id', 17) }],
    ['an id that is not base64url', 'malformed', '7.1.3', { json: withMember('id', 'a+/=') }],
    ['no type', 'malformed', '7.1.3', { json: withMember('type', undefined) }],
    ['a type that is no text', 'malformed', '7.1.3', { json: withMember('type', null) }],
    ['another type', 'malformed', '7.1.3', { json: withMember('type', 'password') }],
    ['no response', 'malformed', '7.1.3', { json: withMember('response', undefined) }],
    ['a response that is no object', 'malformed', '7.1.3', { json: withMember('response', 'AAAA') }],
    ['no clientDataJSON', 'malformed', '7.1.3', { json: inResponse('clientDataJSON', undefined) }],
    ['clientDataJSON that is no text', 'malformed', '7.1.3', { json: inResponse('clientDataJSON', {}) }],
    ['an empty clientDataJSON', 'client_data_invalid', '7.1.6', { json: inResponse('clientDataJSON', '') }],
    ['no attestationObject', 'malformed', '7.1.3', { json: inResponse('attestationObject', undefined) }],
    ['an attestationObject that is no text', 'malformed', '7.1.3', { json: inResponse('attestationObject', [1]) }],
    ['an empty attestationObject', 'cbor_invalid', '7.1.13', { json: inResponse('attestationObject', '') }],
  ]);
});

describe('AttestationResponse Resp-2: the client data', () => {
  refuses([
    ['no type', 'type_mismatch', '7.1.7', inClientData('type', undefined)],
    ['a type that is no text', 'type_mismatch', '7.1.7', inClientData('type', 17)],
    ['an empty type', 'type_mismatch', '7.1.7', inClientData('type', '')],
    ['an unknown type', 'type_mismatch', '7.1.7', inClientData('type', 'webauthn.register')],
    ['the type of an authentication', 'type_mismatch', '7.1.7', inClientData('type', 'webauthn.get')],
    ['no challenge', 'challenge_mismatch', '7.1.8', inClientData('challenge', undefined)],
    ['a challenge that is no text', 'challenge_mismatch', '7.1.8', inClientData('challenge', [9])],
    ['an empty challenge', 'challenge_mismatch', '7.1.8', inClientData('challenge', '')],
    ['a challenge that is not base64url', 'challenge_mismatch', '7.1.8', inClientData('challenge', '%%%')],
    ['another challenge', 'challenge_mismatch', '7.1.8', inClientData('challenge', toBase64url(new Uint8Array(32)))],
    ['no origin', 'origin_mismatch', '7.1.9', inClientData('origin', undefined)],
    ['an origin that is no text', 'origin_mismatch', '7.1.9', inClientData('origin', 17)],
    ['an empty origin', 'origin_mismatch', '7.1.9', inClientData('origin', '')],
    ['an origin of another party', 'origin_mismatch', '7.1.9', inClientData('origin', 'https://evil.test')],
    ['tokenBinding that is no object', 'client_data_invalid', '7.1.6', inClientData('tokenBinding', 'supported')],
    ['tokenBinding without a status', 'client_data_invalid', '7.1.6', inClientData('tokenBinding', { id: 'AAAA' })],
  ]);
  test('an unknown status of tokenBinding is as if there was none, since Level 3', async () => {
    expect(await register(inClientData('tokenBinding', { status: 'other' }))).toHaveProperty('aaguid');
  });
});

describe('AttestationResponse Resp-3: the attestation object and the authenticator data', () => {
  test('a valid one holds', async () => {
    expect(await register({ tamper: { extensions: extension } })).toMatchObject({ format: 'none' });
  });
  const authData = (change: (bytes: Uint8Array) => Uint8Array): Registration => ({ tamper: { authData: change } });
  const flags = (change: (flags: number) => number, more: Registration = {}): Registration => ({
    ...more,
    tamper: { flags: change, ...more.tamper },
  });
  refuses([
    ['no fmt', 'attestation_object_invalid', '7.1.13', withoutMember('fmt')],
    ['fmt that is no text', 'attestation_object_invalid', '7.1.13', objectMember('fmt', 17)],
    ['an unknown fmt', 'attestation_format_unknown', '7.1.21', objectMember('fmt', 'tmp')],
    ['no attStmt', 'attestation_object_invalid', '7.1.13', withoutMember('attStmt')],
    ['attStmt that is no map', 'attestation_object_invalid', '7.1.13', objectMember('attStmt', [])],
    ['no authData', 'attestation_object_invalid', '7.1.13', withoutMember('authData')],
    ['authData that are no bytes', 'attestation_object_invalid', '7.1.13', objectMember('authData', 'AAAA')],
    ['empty authData', 'authenticator_data_invalid', '7.1.13', objectMember('authData', new Uint8Array(0))],
    ['authData cut off', 'authenticator_data_invalid', '7.1.13', authData((bytes) => bytes.subarray(0, 36))],
    ['bytes behind authData', 'authenticator_data_invalid', '7.1.13', authData((all) => Buffer.concat([all, all]))],
    ['the hash of another party', 'rp_id_mismatch', '7.1.14', { tamper: { rpId: 'evil.test' } }],
    ['UP not set', 'user_presence_missing', '7.1.15', flags((all) => all & ~1)],
    ['UV not set and required', 'user_verification_missing', '7.1.16', flags((all) => all & ~4)],
    ['BS without BE', 'backup_state_invalid', '7.1.17', flags((all) => all | 16)],
    ['AT not set, its data there', 'authenticator_data_invalid', '7.1.13', flags((all) => all & ~64)],
    ['AT set, its data not there', 'authenticator_data_invalid', '7.1.13', authData((bytes) => bytes.subarray(0, 37))],
    ['ED set, its data not there', 'cbor_invalid', '7.1.13', flags((all) => all | 128)],
    [
      'ED not set, its data there',
      'authenticator_data_invalid',
      '7.1.13',
      flags((all) => all & ~128, { tamper: { extensions: extension } }),
    ],
    [
      'an AT credential longer than the data',
      'authenticator_data_invalid',
      '7.1.13',
      authData((bytes) => Uint8Array.from(bytes, (byte, i) => (i === 53 ? 0xff : byte))),
    ],
  ]);
});

describe('AttestationResponse Resp-4: algorithms', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const names: readonly AlgorithmName[] = [
    ...(['ES256', 'ES384', 'ES512', 'ES256K', 'EdDSA'] as const),
    ...(['RS1', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ];
  test.each(names)('%s holds', async (algorithm) => {
    const keys = /^[RP]S/.test(algorithm) ? { keys: rsa } : {};
    const options = { algorithm, attestation: 'packed-self', ...keys } as const;
    const expected = { algorithms: [coseAlgorithms[algorithm]] };
    expect(await register({ options, expected })).toMatchObject({ algorithm: coseAlgorithms[algorithm] });
  });
});
