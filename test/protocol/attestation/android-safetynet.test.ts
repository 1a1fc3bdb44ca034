import { expect, test } from 'vitest';
import { attestationFormats, formatsOfAllTimes } from '../../../src/protocol/attestation/formats.ts';
import { hostName, statementTime } from '../../helpers/attestations.ts';
import type { Tamper } from '../../helpers/authenticator.ts';
import { createAuthority, ecKeys } from '../../helpers/certificates.ts';
import { refusal, register } from '../ceremony.ts';
import { changeMember, removeMember, setMember } from './statement.ts';

const authority = createAuthority('Root of the SafetyNet tests');
const options = { attestation: 'android-safetynet', authority } as const;
const attest = (tamper: Tamper = {}) =>
  register({ options, tamper, expected: { formats: formatsOfAllTimes, trustAnchors: [authority.certificate] } });
const payload = (changes: Record<string, unknown>): Tamper => ({ attestation: { safetynet: { payload: changes } } });
const header = (changes: Record<string, unknown>): Tamper => ({ attestation: { safetynet: { header: changes } } });
const response = (change: (text: string) => string): Tamper => ({ attestation: { safetynet: { response: change } } });
const named = (commonName: string, ...hosts: readonly string[]): Tamper => ({
  attestation: {
    certificate: { subject: [['CN', commonName]], extensions: hosts.length === 0 ? [] : [hostName(...hosts)] },
  },
});

test('a statement that holds, and its chain', async () => {
  expect(await attest()).toMatchObject({ format: 'android-safetynet', attestationType: 'basic' });
});

test('it is off unless asked for', async () => {
  const registration = register({ options, expected: { formats: attestationFormats } });
  await expect(registration).rejects.toMatchObject(refusal('attestation_format_unknown', '7.1.21'));
});

test('a chain to no anchor is refused', async () => {
  const trustAnchors = [createAuthority('Another').certificate];
  const registration = register({ options, expected: { formats: formatsOfAllTimes, trustAnchors } });
  await expect(registration).rejects.toMatchObject(refusal('attestation_untrusted', '7.1.24'));
});

test.each<[string, Tamper]>([
  ['the common name alone', named('attest.android.com')],
  ['one of two alternative names', named('Google', 'www.android.com', 'attest.android.com')],
  ['a response as old as may be', payload({ timestampMs: statementTime - 60_000 })],
  ['a clock a little ahead', payload({ timestampMs: statementTime + 10_000 })],
])('%s is accepted', async (_, tamper) => {
  expect(await attest(tamper)).toMatchObject({ format: 'android-safetynet' });
});

test.each<[string, Tamper, string?]>([
  ['no version', removeMember('ver')],
  ['an empty version', setMember('ver', '')],
  ['a version that is no text', setMember('ver', 1)],
  ['no response', removeMember('response')],
  ['a response that is text', changeMember('response', (bytes) => Buffer.from(bytes as Uint8Array).toString())],
  ['an empty response', setMember('response', Buffer.of())],
  ['a response that is no JWS', response((text) => text.slice(text.indexOf('.')))],
  ['a response that is no UTF-8', setMember('response', Buffer.of(0xff))],
  ['a response past any size', response((text) => text + 'A'.repeat(32_768))],
  ['an unknown member', setMember('alg', -257)],
  ["another ceremony's nonce", payload({ nonce: Buffer.alloc(32).toString('base64') })],
  ['a nonce that is no base64', payload({ nonce: '*' })],
  ['no nonce', payload({ nonce: undefined })],
  ['a device that matches no profile', payload({ ctsProfileMatch: false })],
  ['a profile match that is no boolean', payload({ ctsProfileMatch: 'true' })],
  ['no profile match', payload({ ctsProfileMatch: undefined })],
  ['a response from the future', payload({ timestampMs: statementTime + 10_001 })],
  ['a response older than a minute', payload({ timestampMs: statementTime - 60_001 })],
  ['no time', payload({ timestampMs: undefined })],
  ['no algorithm', header({ alg: 'none' })],
  ['an algorithm of shared keys', header({ alg: 'HS256' })],
  ['no certificate', header({ x5c: [] })],
  ['certificates that are no list', header({ x5c: 'AAAA' })],
  ['a certificate that is no base64', header({ x5c: ['A-_A'] })],
  ["another host's certificate", named('attest.android.com.example.org')],
  ["another host's alternative name", named('attest.android.com', 'example.org')],
  ['a host that ends in the name', named('x', 'evil-attest.android.com')],
  ['an elliptic key', { attestation: { certificate: { keys: ecKeys() } } }],
  ['a signature that does not hold', response((text) => text.replace(/.{6}$/, 'AAAAAA'))],
])('%s is refused', async (_, tamper, code = 'attestation_invalid') => {
  await expect(attest(tamper)).rejects.toMatchObject(refusal(code, '7.1.22'));
});
