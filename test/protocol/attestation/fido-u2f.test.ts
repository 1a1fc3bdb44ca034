import { expect, test } from 'vitest';
import type { Tamper } from '../../helpers/authenticator.ts';
import type { CborMap, CborValue } from '../../helpers/cbor.ts';
import { createAuthority, ecKeys } from '../../helpers/certificates.ts';
import { refusal, register } from '../ceremony.ts';
import { changeMember, flipBit, removeMember, setMember } from './statement.ts';

const authority = createAuthority('Root of the U2F tests');
const attest = (tamper: Tamper, algorithm: 'ES256' | 'ES384' = 'ES256') =>
  register({ options: { attestation: 'fido-u2f', authority, algorithm }, tamper });

test('a statement that holds, and its chain', async () => {
  const options = { attestation: 'fido-u2f', authority } as const;
  const result = await register({ options, expected: { trustAnchors: [authority.certificate] } });
  expect(result).toMatchObject({ format: 'fido-u2f', attestationType: 'basic' });
});

test.each<[string, Tamper]>([
  ['a signature that does not hold', { signature: flipBit }],
  ['no signature', removeMember('sig')],
  ['no certificate', setMember('x5c', [])],
  ['two certificates', changeMember('x5c', (list) => [...(list as CborValue[]), authority.certificate])],
  ['a certificate on P-384', { attestation: { certificate: { keys: ecKeys('P-384') } } }],
  ['an unknown member', setMember('alg', -7)],
])('%s is refused', async (_, tamper) => {
  await expect(attest(tamper)).rejects.toMatchObject(refusal('attestation_invalid', '7.1.22'));
});

test('a credential whose key is one of ESP256 is refused: U2F has ES256 only', async () => {
  const coseKey = (key: CborMap): CborMap => new Map([...key, [3, -9]]);
  await expect(attest({ coseKey })).rejects.toMatchObject(refusal('attestation_invalid', '7.1.22'));
});

test('a credential on P-384 is refused', async () => {
  await expect(attest({}, 'ES384')).rejects.toMatchObject(refusal('attestation_invalid', '7.1.22'));
});
