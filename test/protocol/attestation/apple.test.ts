import { expect, test } from 'vitest';
import type { Tamper } from '../../helpers/authenticator.ts';
import { createAuthority, ecKeys } from '../../helpers/certificates.ts';
import { octets, sequence } from '../../helpers/der.ts';
import { refusal, register } from '../ceremony.ts';
import { setMember } from './statement.ts';

const authority = createAuthority('Root of the Apple tests');
const attest = (tamper: Tamper = {}) => register({ options: { attestation: 'apple', authority }, tamper });

test('a statement that holds, its chain, and with alg besides', async () => {
  const options = { attestation: 'apple', authority } as const;
  const result = await register({ options, expected: { trustAnchors: [authority.certificate] } });
  expect(result).toMatchObject({ format: 'apple', attestationType: 'anonca' });
  expect(await attest(setMember('alg', -7))).toMatchObject({ format: 'apple' });
});

test.each<[string, Tamper, string?]>([
  ['the nonce of another ceremony', { attestation: { nonce: new Uint8Array(32) } }],
  ['a shorter nonce', { attestation: { nonce: new Uint8Array(31) } }],
  ['no nonce', { attestation: { certificate: { extensions: [] } } }],
  [
    'a nonce without its tag',
    {
      attestation: {
        certificate: { extensions: [{ id: '1.2.840.113635.100.8.2', value: sequence(octets(new Uint8Array(32))) }] },
      },
    },
    'certificate_invalid',
  ],
  ["another key's certificate", { attestation: { certificate: { keys: ecKeys() } } }],
  ['no certificate', setMember('x5c', [])],
  ['an unknown member', setMember('sig', new Uint8Array(8))],
])('%s is refused', async (_, tamper, code = 'attestation_invalid') => {
  await expect(attest(tamper)).rejects.toMatchObject(refusal(code, '7.1.22'));
});
