import { describe, expect, test } from 'vitest';
import { toBase64url } from '../../src/bytes.ts';
import { encodeCbor } from '../helpers/cbor.ts';
import { ecKeys } from '../helpers/certificates.ts';
import { coseKeyOf } from '../helpers/credential-keys.ts';
import { type Authentication, authenticate, refusal } from './ceremony.ts';

const otherUser = new Uint8Array(16).fill(4);
const otherId = new Uint8Array(32).fill(5);
const withHandle =
  (handle: unknown) =>
  (answer: Record<string, unknown>): unknown => ({
    ...answer,
    response: { ...(answer.response as object), userHandle: handle },
  });

describe('an assertion is refused', () => {
  const cases: readonly (Authentication & { readonly what: string; readonly code: string; readonly step: string })[] = [
    {
      step: '7.2.3',
      code: 'malformed',
      what: 'no signature',
      json: (json) => ({ ...json, response: { ...(json.response as object), signature: undefined } }),
    },
    {
      step: '7.2.3',
      code: 'credential_id_mismatch',
      what: 'id that is not rawId',
      json: (json) => ({ ...json, id: toBase64url(otherId) }),
    },
    {
      step: '7.2.4',
      code: 'malformed',
      what: 'extension outputs that are a list',
      json: (json) => ({ ...json, clientExtensionResults: [] }),
    },
    {
      step: '7.2.5',
      code: 'credential_not_allowed',
      what: 'a credential outside of allowCredentials (w3c/webauthn#753)',
      expected: { allowCredentials: [otherId] },
    },
    {
      step: '7.2.6',
      code: 'credential_unknown',
      what: 'a credential that is not the record',
      stored: { credentialId: otherId },
    },
    {
      step: '7.2.6',
      code: 'credential_unknown',
      what: 'a credential that nobody has registered',
      stored: null,
    },
    {
      step: '7.2.6',
      code: 'user_handle_mismatch',
      what: "another user's credential in a session",
      expected: { userHandle: otherUser },
    },
    {
      step: '7.2.6',
      code: 'user_handle_missing',
      what: 'nobody known and nobody named (CVE-2025-26788)',
      json: withHandle(undefined),
    },
    {
      step: '7.2.6',
      code: 'user_handle_mismatch',
      what: "a victim's handle with one's own credential (CVE-2026-46419)",
      json: withHandle(toBase64url(otherUser)),
    },
    {
      step: '7.2.6',
      code: 'user_handle_mismatch',
      what: 'a handle of 65 bytes',
      stored: { userHandle: new Uint8Array(65) },
      json: withHandle(toBase64url(new Uint8Array(65))),
    },
    { step: '7.2.6', code: 'user_handle_mismatch', what: 'an empty handle', json: withHandle('') },
    {
      step: '7.2.8',
      code: 'client_data_invalid',
      what: 'client data that is not UTF-8',
      tamper: { clientDataJSON: (bytes) => new Uint8Array([...bytes, 0xc0]) },
    },
    {
      step: '7.2.9',
      code: 'client_data_invalid',
      what: 'client data that is not an object',
      tamper: { clientDataJSON: () => new TextEncoder().encode('[]') },
    },
    {
      step: '7.2.10',
      code: 'type_mismatch',
      what: 'the other type',
      tamper: { clientData: { type: 'webauthn.create' } },
    },
    {
      step: '7.2.11',
      code: 'challenge_mismatch',
      what: 'another challenge',
      tamper: { clientData: { challenge: 'AAAA' } },
    },
    {
      step: '7.2.12',
      code: 'origin_mismatch',
      what: 'another scheme (CVE-2026-30964)',
      tamper: { clientData: { origin: 'http://login.example.org' } },
    },
    {
      step: '7.2.12',
      code: 'origin_mismatch',
      what: 'another port (CVE-2026-30964)',
      tamper: { clientData: { origin: 'https://login.example.org:444' } },
    },
    {
      step: '7.2.12',
      code: 'origin_mismatch',
      what: 'a host that ends alike (webauthn-rs 0.5.5)',
      tamper: { clientData: { origin: 'https://evil-login.example.org' } },
    },
    { step: '7.2.13', code: 'cross_origin_mismatch', what: 'a frame', tamper: { clientData: { crossOrigin: true } } },
    {
      step: '7.2.14',
      code: 'top_origin_mismatch',
      what: 'a page around it',
      tamper: { clientData: { topOrigin: 'https://top.test' } },
    },
    {
      step: '7.2.15',
      code: 'authenticator_data_invalid',
      what: 'truncated authenticator data',
      tamper: { authData: (bytes) => bytes.subarray(0, 36) },
    },
    {
      step: '7.2.15',
      code: 'authenticator_data_invalid',
      what: 'an attested credential',
      tamper: {
        flags: (flags) => flags | 64,
        authData: (bytes) => Buffer.concat([bytes, Buffer.alloc(18), encodeCbor(new Map())]),
      },
    },
    { step: '7.2.15', code: 'rp_id_mismatch', what: 'another relying party', tamper: { rpId: 'example.org' } },
    {
      step: '7.2.15',
      code: 'rp_id_mismatch',
      what: 'appid that nobody asked for',
      tamper: { rpId: 'https://example.org/appid.json', clientExtensionResults: { appid: true } },
    },
    {
      step: '7.2.15',
      code: 'rp_id_mismatch',
      what: 'the application identifier without its output',
      tamper: { rpId: 'https://example.org/appid.json' },
      expected: { appid: 'https://example.org/appid.json' },
    },
    {
      step: '7.2.16',
      code: 'user_presence_missing',
      what: 'no user presence',
      tamper: { flags: (flags) => flags & ~1 },
    },
    {
      step: '7.2.17',
      code: 'user_verification_missing',
      what: 'no user verification',
      options: { userVerification: false },
    },
    {
      step: '7.2.18',
      code: 'backup_state_invalid',
      what: 'a backup of what cannot be backed up',
      tamper: { flags: (flags) => flags | 16 },
    },
    {
      step: '7.2.19',
      code: 'backup_eligibility_changed',
      what: 'an eligibility that appeared',
      tamper: { flags: (flags) => flags | 8 },
    },
    {
      step: '7.2.19',
      code: 'backup_eligibility_changed',
      what: 'an eligibility that vanished',
      stored: { backupEligible: true },
    },
    {
      step: '7.2.21',
      code: 'signature_invalid',
      what: 'a changed signature',
      tamper: { signature: (bytes) => Uint8Array.from(bytes, (byte, i) => (i === 20 ? byte ^ 1 : byte)) },
    },
    {
      step: '7.2.21',
      code: 'signature_invalid',
      what: 'an empty signature',
      tamper: { signature: () => new Uint8Array(0) },
    },
    {
      step: '7.2.21',
      code: 'signature_invalid',
      what: "another key's signature",
      stored: { publicKey: encodeCbor(coseKeyOf(ecKeys().publicKey, 'ES256')) },
    },
    {
      step: '7.2.21',
      code: 'algorithm_mismatch',
      what: 'a record of a key that signs with SHA-1',
      stored: { publicKey: encodeCbor(new Map([[3, -65535]])) },
    },
    {
      step: '7.2.21',
      code: 'public_key_invalid',
      what: 'a record whose key is broken',
      stored: { publicKey: encodeCbor(new Map([[3, -7]])) },
    },
    {
      step: '7.2.22',
      code: 'sign_count_regressed',
      what: 'a counter that stands',
      tamper: { signCount: 7 },
      stored: { signCount: 7 },
    },
    {
      step: '7.2.22',
      code: 'sign_count_regressed',
      what: 'a counter that went back',
      tamper: { signCount: 6 },
      stored: { signCount: 7 },
    },
    { step: '7.2.22', code: 'sign_count_regressed', what: 'a counter that vanished', tamper: { signCount: 0 } },
    {
      step: '7.2.23',
      code: 'extension_invalid',
      what: 'an unsolicited output by policy',
      tamper: { clientExtensionResults: { appid: false } },
      expected: { unsolicitedExtensions: 'refuse' },
    },
  ];
  test.each(cases)('$step $what: $code', async ({ code, step, ...changes }) => {
    await expect(authenticate(changes)).rejects.toMatchObject(refusal(code, step));
  });
});
