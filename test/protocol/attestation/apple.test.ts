import { expect, test } from 'vitest';
import type { Tamper } from '../../helpers/authenticator.ts';
import { createAuthority, ecKeys } from '../../helpers/certificates.ts';
import { explicit, integer, octets, sequence } from '../../helpers/der.ts';
import { refusal, register } from '../ceremony.ts';
import { setMember } from './statement.ts';

const authority = createAuthority('Root of the Apple tests');
const tagged = (nonce: Uint8Array): Uint8Array => sequence(explicit(1, octets(nonce)));
const attest = (tamper: Tamper = {}) => register({ options: { attestation: 'apple', authority }, tamper });

test('a statement that holds, its chain, and with alg besides', async () => {
  const options = { attestation: 'apple', authority } as const;
  const result = await register({ options, expected: { trustAnchors: [authority.certificate] } });
  expect(result).toMatchObject({ format: 'apple', attestationType: 'anonca' });
  expect(await attest(setMember('alg', -7))).toMatchObject({ format: 'apple' });
});

test.each<[string, Tamper, string?]>([
  ['the nonce of another ceremony', { attestation: { nonce: () => tagged(new Uint8Array(32)) } }],
  ['a shorter nonce', { attestation: { nonce: (nonce) => tagged(nonce.subarray(1)) } }],
  [
    'something behind the nonce',
    { attestation: { nonce: (nonce) => sequence(explicit(1, octets(nonce)), integer(1)) } },
  ],
  [
    'two nonces',
    { attestation: { nonce: (nonce) => sequence(explicit(1, Buffer.concat([octets(nonce), octets(nonce)]))) } },
  ],
  ['no nonce', { attestation: { certificate: { extensions: [] } } }],
  ['a nonce without its tag', { attestation: { nonce: (nonce) => sequence(octets(nonce)) } }, 'certificate_invalid'],
  ["another key's certificate", { attestation: { certificate: { keys: ecKeys() } } }],
  ['no certificate', setMember('x5c', [])],
  ['an alg that is not the key’s', setMember('alg', -257)],
  ['an alg that is null', setMember('alg', null)],
  ['an unknown member', setMember('sig', new Uint8Array(8))],
])('%s is refused', async (_, tamper, code = 'attestation_invalid') => {
  await expect(attest(tamper)).rejects.toMatchObject(refusal(code, '7.1.22'));
});
