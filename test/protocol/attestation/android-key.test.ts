import { expect, test } from 'vitest';
import { authorization, generatedOrigin, signPurpose } from '../../helpers/attestations.ts';
import type { Tamper } from '../../helpers/authenticator.ts';
import { createAuthority, ecKeys } from '../../helpers/certificates.ts';
import { derNull, integer, sequence, set } from '../../helpers/der.ts';
import { refusal, register } from '../ceremony.ts';
import { flipBit, removeMember, setMember } from './statement.ts';

const authority = createAuthority('Root of the Android tests');
const attest = (tamper: Tamper) => register({ options: { attestation: 'android-key', authority }, tamper });
const allApplications = authorization(600, derNull());
const imported = authorization(702, integer(2));
const verifyPurpose = authorization(1, set(integer(3)));

test.each<[string, Tamper]>([
  ['a key of the trusted environment', {}],
  ['a key of software', { attestation: { software: [signPurpose, generatedOrigin], tee: [] } }],
  ['fields in both lists', { attestation: { software: [generatedOrigin], tee: [signPurpose] } }],
  ['more purposes', { attestation: { tee: [authorization(1, set(integer(2), integer(3))), generatedOrigin] } }],
])('%s holds', async (_, tamper) => {
  expect(await attest(tamper)).toMatchObject({ format: 'android-key', attestationType: 'basic' });
});

test('only keys of the trusted environment, where that is asked for', async () => {
  const options = { attestation: 'android-key', authority } as const;
  const software = { attestation: { software: [signPurpose, generatedOrigin], tee: [] } };
  const mixed = { attestation: { software: [generatedOrigin], tee: [signPurpose] } };
  const expected = { teeOnly: true };
  expect(await register({ options, expected })).toHaveProperty('aaguid');
  for (const tamper of [software, mixed])
    await expect(register({ options, expected, tamper })).rejects.toMatchObject(
      refusal('attestation_invalid', '7.1.22'),
    );
  const shared = { attestation: { software: [allApplications], tee: [signPurpose, generatedOrigin] } };
  await expect(register({ options, expected, tamper: shared })).rejects.toMatchObject(refusal('attestation_invalid'));
});

test('and its chain', async () => {
  const options = { attestation: 'android-key', authority } as const;
  expect(await register({ options, expected: { trustAnchors: [authority.certificate] } })).toHaveProperty('aaguid');
});

const description = (value: Uint8Array): Tamper => ({
  attestation: { certificate: { extensions: [{ id: '1.3.6.1.4.1.11129.2.1.17', value }] } },
});

test.each<[string, Tamper, string?]>([
  ['a signature that does not hold', { signature: flipBit }],
  ['no alg', removeMember('alg')],
  ['an alg that does not fit', setMember('alg', -257)],
  ['an unknown member', setMember('ver', '2.0')],
  ["another key's certificate", { attestation: { certificate: { keys: ecKeys() } } }],
  ['the challenge of another ceremony', { attestation: { androidChallenge: new Uint8Array(32) } }],
  ['no key description', { attestation: { certificate: { extensions: [] } } }],
  ['a key description of three parts', description(sequence(integer(1), integer(1), integer(1)))],
  ['a key description that is no DER', description(new Uint8Array(3)), 'certificate_invalid'],
  ['an imported key', { attestation: { tee: [signPurpose, imported] } }],
  ['a key imported by the other list', { attestation: { software: [imported] } }],
  ['no origin', { attestation: { tee: [signPurpose] } }],
  ['no purpose', { attestation: { tee: [generatedOrigin] } }],
  ['a key that only verifies', { attestation: { tee: [verifyPurpose, generatedOrigin] } }],
  ['a key for all applications', { attestation: { tee: [signPurpose, allApplications, generatedOrigin] } }],
  ['a key for all applications by the other list', { attestation: { software: [allApplications] } }],
])('%s is refused', async (_, tamper, code = 'attestation_invalid') => {
  await expect(attest(tamper)).rejects.toMatchObject(refusal(code, '7.1.22'));
});
