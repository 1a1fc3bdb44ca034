import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { toBase64url } from '../../../src/bytes.ts';
import { type CborMap, type CborValue, encodeCbor } from '../../helpers/cbor.ts';
import type { AlgorithmName } from '../../helpers/credential-keys.ts';
import { type Authentication, authenticate, refusal, userHandle } from '../ceremony.ts';

/* The cases of the FIDO2 server conformance test, group by group, for the answer of an authentication. */

type Json = Record<string, unknown>;
type Case = readonly [what: string, code: string, step: string, changes: Authentication];

const withMember =
  (name: string, value: unknown) =>
  (json: Json): Json => ({ ...json, [name]: value });
const inResponse =
  (name: string, value: unknown) =>
  (json: Json): Json => ({ ...json, response: { ...(json.response as Json), [name]: value } });
const inClientData = (name: string, value: unknown): Authentication => ({ tamper: { clientData: { [name]: value } } });
const extension: CborMap = new Map<CborValue, CborValue>([['uvm', []]]);

function refuses(cases: readonly Case[]): void {
  test.each(cases)('%s: %s at %s', async (_, code, step, changes) => {
    await expect(authenticate(changes)).rejects.toMatchObject(refusal(code, step));
  });
}

describe('AssertionResponse Resp-1: the structure of the answer', () => {
  test('a valid one holds', async () => {
    expect(await authenticate()).toHaveProperty('signCount');
  });
  refuses([
    ['no id', 'malformed', '7.2.3', { json: withMember('id', undefined) }],
    ['an id that is no text', 'malformed', '7.2.3', { json: withMember('id', 17) }],
    ['an id that is not base64url', 'malformed', '7.2.3', { json: withMember('id', 'a+/=') }],
    ['no type', 'malformed', '7.2.3', { json: withMember('type', undefined) }],
    ['a type that is no text', 'malformed', '7.2.3', { json: withMember('type', null) }],
    ['another type', 'malformed', '7.2.3', { json: withMember('type', 'password') }],
    ['no response', 'malformed', '7.2.3', { json: withMember('response', undefined) }],
    ['a response that is no object', 'malformed', '7.2.3', { json: withMember('response', 'AAAA') }],
    ['no clientDataJSON', 'malformed', '7.2.3', { json: inResponse('clientDataJSON', undefined) }],
    ['clientDataJSON that is no text', 'malformed', '7.2.3', { json: inResponse('clientDataJSON', {}) }],
    ['an empty clientDataJSON', 'client_data_invalid', '7.2.9', { json: inResponse('clientDataJSON', '') }],
    ['no authenticatorData', 'malformed', '7.2.3', { json: inResponse('authenticatorData', undefined) }],
    ['authenticatorData that is no text', 'malformed', '7.2.3', { json: inResponse('authenticatorData', [1]) }],
    ['authenticatorData that is not base64url', 'malformed', '7.2.3', { json: inResponse('authenticatorData', '*') }],
    [
      'an empty authenticatorData',
      'authenticator_data_invalid',
      '7.2.15',
      { json: inResponse('authenticatorData', '') },
    ],
    ['no signature', 'malformed', '7.2.3', { json: inResponse('signature', undefined) }],
    ['a signature that is no text', 'malformed', '7.2.3', { json: inResponse('signature', {}) }],
    ['a signature that is not base64url', 'malformed', '7.2.3', { json: inResponse('signature', 'MEU=') }],
    ['an empty signature', 'signature_invalid', '7.2.21', { json: inResponse('signature', '') }],
    ['a userHandle that is no text', 'malformed', '7.2.3', { json: inResponse('userHandle', 17) }],
    ['a userHandle that is not base64url', 'malformed', '7.2.3', { json: inResponse('userHandle', 'AA==') }],
  ]);
  test.each([undefined, null])('userHandle may be %s for a user who is known', async (absent) => {
    const answer = { expected: { userHandle }, json: inResponse('userHandle', absent) };
    expect(await authenticate(answer)).toHaveProperty('signCount');
  });
});

describe('AssertionResponse Resp-2: the client data', () => {
  refuses([
    ['no type', 'type_mismatch', '7.2.10', inClientData('type', undefined)],
    ['a type that is no text', 'type_mismatch', '7.2.10', inClientData('type', 17)],
    ['an empty type', 'type_mismatch', '7.2.10', inClientData('type', '')],
    ['an unknown type', 'type_mismatch', '7.2.10', inClientData('type', 'webauthn.sign')],
    ['the type of a registration', 'type_mismatch', '7.2.10', inClientData('type', 'webauthn.create')],
    ['no challenge', 'challenge_mismatch', '7.2.11', inClientData('challenge', undefined)],
    ['a challenge that is no text', 'challenge_mismatch', '7.2.11', inClientData('challenge', [9])],
    ['an empty challenge', 'challenge_mismatch', '7.2.11', inClientData('challenge', '')],
    ['a challenge that is not base64url', 'challenge_mismatch', '7.2.11', inClientData('challenge', '%%%')],
    ['another challenge', 'challenge_mismatch', '7.2.11', inClientData('challenge', toBase64url(new Uint8Array(32)))],
    ['no origin', 'origin_mismatch', '7.2.12', inClientData('origin', undefined)],
    ['an origin that is no text', 'origin_mismatch', '7.2.12', inClientData('origin', 17)],
    ['an empty origin', 'origin_mismatch', '7.2.12', inClientData('origin', '')],
    ['an origin of another party', 'origin_mismatch', '7.2.12', inClientData('origin', 'https://evil.test')],
    ['tokenBinding that is no object', 'client_data_invalid', '7.2.9', inClientData('tokenBinding', 'supported')],
    ['tokenBinding without a status', 'client_data_invalid', '7.2.9', inClientData('tokenBinding', { id: 'AAAA' })],
  ]);
  test('an unknown status of tokenBinding is as if there was none, since Level 3', async () => {
    expect(await authenticate(inClientData('tokenBinding', { status: 'other' }))).toHaveProperty('signCount');
  });
});

describe('AssertionResponse Resp-3: the authenticator data', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const algorithms: readonly AlgorithmName[] = ['ES256', 'ES384', 'ES512', 'EdDSA', 'RS256', 'PS256'];
  test.each(algorithms)('%s holds', async (algorithm) => {
    const keys = algorithm.endsWith('S256') && algorithm !== 'ES256' ? { keys: rsa } : {};
    expect(await authenticate({ options: { algorithm, ...keys } })).toHaveProperty('signCount');
  });
  test('extensions hold', async () => {
    expect(await authenticate({ tamper: { extensions: extension } })).toHaveProperty('signCount');
  });
  test('UV not set holds where it is preferred', async () => {
    const preferred = { options: { userVerification: false }, expected: { userVerification: 'preferred' } } as const;
    expect(await authenticate(preferred)).toMatchObject({ userVerified: false });
  });
  const append = (bytes: Uint8Array): Uint8Array => Buffer.concat([bytes, encodeCbor(extension)]);
  refuses([
    ['UP not set', 'user_presence_missing', '7.2.16', { tamper: { flags: (all) => all & ~1 } }],
    ['UV not set and required', 'user_verification_missing', '7.2.17', { options: { userVerification: false } }],
    ['the hash of another party', 'rp_id_mismatch', '7.2.15', { tamper: { rpId: 'evil.test' } }],
    ['bytes that no flag announces', 'authenticator_data_invalid', '7.2.15', { tamper: { authData: append } }],
    ['a counter that stands', 'sign_count_regressed', '7.2.22', { tamper: { signCount: 1 } }],
    ['a counter that went back', 'sign_count_regressed', '7.2.22', { stored: { signCount: 100 } }],
  ]);
});
