import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { AttestationName, Tamper } from '../../helpers/authenticator.ts';
import type { CborMap, CborValue } from '../../helpers/cbor.ts';
import {
  aaguidExtension,
  basicConstraints,
  type CertificateOptions,
  createAuthority,
  ecKeys,
  type KeyPair,
  type Name,
} from '../../helpers/certificates.ts';
import { octets } from '../../helpers/der.ts';
import { refusal, register } from '../ceremony.ts';
import { changeMember, flipBit, removeMember, setMember } from './statement.ts';

const aaguid = new Uint8Array(16).fill(0x11);
const authority = createAuthority('Root of the packed tests');
const subject: Name = [
  ['C', 'SE'],
  ['O', 'Test'],
  ['OU', 'Authenticator Attestation'],
  ['CN', 'Test'],
];
const good = [basicConstraints(false), aaguidExtension(aaguid)];

function packed(attestation: AttestationName, tamper: Tamper): ReturnType<typeof register> {
  return register({ options: { attestation, aaguid, authority }, tamper });
}

/** A statement by a certificate with some of its fields changed; its signature is right. */
function withCertificate(certificate: Partial<CertificateOptions>): ReturnType<typeof register> {
  return packed('packed-x5c', { attestation: { certificate } });
}

describe('self attestation refuses', () => {
  const cases: readonly [what: string, tamper: Tamper][] = [
    ['a signature that does not hold', { signature: flipBit }],
    ['an alg that is not the key’s', setMember('alg', -35)],
    ['an alg that is text', setMember('alg', '-7')],
    ['no alg', removeMember('alg')],
    ['no sig', removeMember('sig')],
    ['a sig that is text', setMember('sig', 'x')],
    ['ECDAA', setMember('ecdaaKeyId', new Uint8Array(4))],
  ];
  test.each(cases)('%s', async (_, tamper) => {
    await expect(packed('packed-self', tamper)).rejects.toMatchObject(refusal('attestation_invalid', '7.1.22'));
  });
});

test('self attestation with another algorithm than the key’s, under which its signature holds, is refused', async () => {
  const coseKey = (key: CborMap): CborMap => new Map([...key, [3, -7]]);
  const options = { attestation: 'packed-self', algorithm: 'ES384', keys: ecKeys() } as const;
  const attempt = register({ options, tamper: { coseKey } });
  await expect(attempt).rejects.toMatchObject(refusal('attestation_invalid', '7.1.22'));
});

test.each<[string, KeyPair]>([
  ['ES384', ecKeys('P-384')],
  ['ES512', ecKeys('P-521')],
  ['ES256K', generateKeyPairSync('ec', { namedCurve: 'secp256k1' })],
  ['RS256', generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ['EdDSA', generateKeyPairSync('ed25519')],
  ['Ed448', generateKeyPairSync('ed448')],
])("a certificate's key of %s holds, and no signature of another", async (_, keys) => {
  expect(await withCertificate({ keys })).toMatchObject({ attestationType: 'basic' });
  const forged = packed('packed-x5c', { attestation: { certificate: { keys } }, signature: flipBit });
  await expect(forged).rejects.toMatchObject(refusal('attestation_invalid', '7.1.22'));
});

describe('attestation by a certificate refuses', () => {
  const cases: readonly [what: string, tamper: Tamper, code?: string][] = [
    ['a signature that does not hold', { signature: flipBit }],
    ['an alg that does not fit its key', setMember('alg', -257)],
    ['an unknown alg', setMember('alg', -999)],
    ['an empty x5c', setMember('x5c', [])],
    ['an x5c that is no list', setMember('x5c', new Uint8Array(8))],
    ['text in x5c', setMember('x5c', ['certificate'])],
    ['nine certificates', changeMember('x5c', (list) => Array(9).fill((list as CborValue[])[0]))],
    ['an unknown member', setMember('extra', 1)],
    ['a certificate that is none', setMember('x5c', [new Uint8Array(8)]), 'certificate_invalid'],
    [
      'bytes behind the certificate',
      changeMember('x5c', (list) => (list as Uint8Array[]).map((one) => Buffer.concat([one, Buffer.of(0)]))),
      'certificate_invalid',
    ],
  ];
  test.each(cases)('%s', async (_, tamper, code = 'attestation_invalid') => {
    await expect(packed('packed-x5c', tamper)).rejects.toMatchObject(refusal(code, '7.1.22'));
  });
});

describe('the requirements of section 8.2.1', () => {
  test('are met by the certificate of the other tests, with an AAGUID and without', async () => {
    expect(await withCertificate({})).toMatchObject({ attestationType: 'basic' });
    expect(await withCertificate({ extensions: [basicConstraints(false)] })).toMatchObject({
      attestationType: 'basic',
    });
    const serial = { id: '1.3.6.1.4.1.45724.1.1.2', value: octets(aaguid) };
    expect(await withCertificate({ extensions: [...good, serial] })).toMatchObject({ attestationType: 'basic' });
  });

  const without = (type: string): Name => subject.filter(([name]) => name !== type);
  const cases: readonly [what: string, changes: Partial<CertificateOptions>][] = [
    ['no country', { subject: without('C') }],
    ['a country of three letters', { subject: [['C', 'SWE'], ...without('C')] }],
    ['no organization', { subject: without('O') }],
    ['no unit', { subject: without('OU') }],
    ['another unit', { subject: [...without('OU'), ['OU', 'Authenticator attestation']] }],
    ['a second unit', { subject: [...subject, ['OU', 'Sales']] }],
    ['no common name', { subject: without('CN') }],
    ['no basic constraints', { extensions: [aaguidExtension(aaguid)] }],
    ['an authority', { extensions: [basicConstraints(true), aaguidExtension(aaguid)] }],
    ['another AAGUID', { extensions: [basicConstraints(false), aaguidExtension(new Uint8Array(16))] }],
    [
      'a critical AAGUID extension',
      { extensions: [basicConstraints(false), { ...aaguidExtension(aaguid), critical: true }] },
    ],
    ...['1.3.6.1.4.1.45724.1.1.2', '1.3.6.1.4.1.45724.1.1.5'].map((id): [string, Partial<CertificateOptions>] => [
      `the extension ${id} critical`,
      { extensions: [...good, { id, critical: true, value: octets(aaguid) }] },
    ]),
    [
      'an AAGUID of 15 bytes',
      { extensions: [basicConstraints(false), { ...aaguidExtension(aaguid), value: octets(aaguid.subarray(1)) }] },
    ],
  ];
  test.each(cases)('%s is refused', async (_, changes) => {
    const attempt = withCertificate({ subject, extensions: good, ...changes });
    await expect(attempt).rejects.toMatchObject(refusal('attestation_invalid', '7.1.22'));
  });

  test('version 1 is refused as such', async () => {
    const attempt = withCertificate({ subject, version: 1, extensions: [] });
    const message = expect.stringContaining('version 1');
    await expect(attempt).rejects.toMatchObject({ ...refusal('attestation_invalid', '7.1.22'), message });
  });

  test('an AAGUID that is not wrapped is refused', async () => {
    const extension = { ...aaguidExtension(aaguid), value: aaguid };
    const attempt = withCertificate({ extensions: [basicConstraints(false), extension] });
    await expect(attempt).rejects.toMatchObject(refusal('certificate_invalid', '7.1.22'));
  });
});
