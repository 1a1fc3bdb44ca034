import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCertifyInfo, parsePublicArea } from '../../../src/protocol/tpm.ts';
import { extendedKeyUsage, tpmName } from '../../helpers/attestations.ts';
import type { Tamper } from '../../helpers/authenticator.ts';
import {
  aaguidExtension,
  basicConstraints,
  type CertificateOptions,
  createAuthority,
  ecKeys,
} from '../../helpers/certificates.ts';
import { der, explicit, sequence } from '../../helpers/der.ts';
import { refusal, register } from '../ceremony.ts';
import { codedErrorOrValue } from '../properties.ts';
import { flipBit, removeMember, setMember } from './statement.ts';

const authority = createAuthority('Root of the TPM tests');
const aaguid = new Uint8Array(16).fill(7);
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const attest = (tamper: Tamper, algorithm: 'RS256' | 'ES256' = 'RS256') => {
  const keys = algorithm === 'RS256' ? rsa : ecKeys();
  return register({ options: { attestation: 'tpm', authority, algorithm, aaguid, keys }, tamper });
};
const invalid = refusal('attestation_invalid', '7.1.22');

test.each<['RS256' | 'ES256', [number, string]]>([
  ['RS256', [0x0004, 'sha1']],
  ['RS256', [0x000b, 'sha256']],
  ['ES256', [0x000c, 'sha384']],
  ['ES256', [0x000d, 'sha512']],
])('a %s key with the name algorithm %j holds', async (algorithm, nameAlgorithm) => {
  const result = await attest({ attestation: { nameAlgorithm } }, algorithm);
  expect(result).toMatchObject({ format: 'tpm', attestationType: 'attca' });
});

test('and its chain', async () => {
  const options = { attestation: 'tpm', authority, algorithm: 'RS256', keys: rsa } as const;
  expect(await register({ options, expected: { trustAnchors: [authority.certificate] } })).toHaveProperty('aaguid');
});

const patch =
  (at: number, ...bytes: number[]) =>
  (area: Buffer): Uint8Array => {
    const changed = Buffer.from(area);
    changed.set(bytes, at);
    return changed;
  };

const withScheme =
  (scheme: number) =>
  (area: Buffer): Uint8Array =>
    Buffer.concat([area.subarray(0, 12), Buffer.of(0, scheme, 0, 0x0b), area.subarray(14)]);

test('a key that is bound to a scheme holds', async () => {
  expect(await attest({ attestation: { pubArea: withScheme(0x14) } })).toHaveProperty('aaguid');
});

test('SHA-1 holds only where the options list it', async () => {
  const options = { attestation: 'tpm', authority, algorithm: 'RS256', keys: rsa } as const;
  const tamper = { attestation: { tpmAlgorithm: [-65535, 'sha1'] } } as const;
  expect(await register({ options, tamper, expected: { algorithms: [-257, -65535] } })).toHaveProperty('aaguid');
  await expect(register({ options, tamper })).rejects.toMatchObject(invalid);
});

test('an unknown curve is refused', async () => {
  await expect(attest({ attestation: { pubArea: patch(14, 0, 0x10) } }, 'ES256')).rejects.toMatchObject(invalid);
});

describe('refuses', () => {
  test.each<[string, Tamper]>([
    ['a signature that does not hold', { signature: flipBit }],
    ['another version', setMember('ver', '1.2')],
    ['no version', removeMember('ver')],
    ['an unknown alg', setMember('alg', -999)],
    ['an alg without a hash', setMember('alg', -8)],
    ['SHA-1 that nobody asked for', setMember('alg', -65535)],
    ['an alg with another hash', setMember('alg', -259)],
    ['no certInfo', removeMember('certInfo')],
    ['no pubArea', removeMember('pubArea')],
    ['a pubArea that is text', setMember('pubArea', 'x')],
    ['an unknown member', setMember('ecdaaKeyId', new Uint8Array(1))],
    ['another magic', { attestation: { certInfo: patch(0, 0) } }],
    ['an attestation of another type', { attestation: { certInfo: patch(4, 0x80, 0x18) } }],
    ['the extraData of another ceremony', { attestation: { certInfo: (info) => patch(6 + 36 + 4, 0, 0, 0)(info) } }],
    ['the name of another object', { attestation: { certInfo: (info) => patch(info.length - 40, 0, 0)(info) } }],
    ['bytes behind certInfo', { attestation: { certInfo: (info) => Buffer.concat([info, Buffer.of(0)]) } }],
    ['certInfo cut off', { attestation: { certInfo: (info) => info.subarray(0, -1) } }],
    ['a pubArea of another key', { attestation: { pubArea: (area) => patch(area.length - 40, 1, 2, 3)(area) } }],
    ['another exponent', { attestation: { pubArea: patch(16, 0, 0, 0, 3) } }],
    ['an unknown key type', { attestation: { pubArea: patch(0, 0, 8) } }],
    ['an unknown name algorithm', { attestation: { pubArea: patch(2, 0, 0x12) } }],
    ['a key that encrypts', { attestation: { pubArea: patch(10, 0, 6) } }],
    ['an unknown scheme', { attestation: { pubArea: withScheme(0x15) } }],
    ['a modulus of another length', { attestation: { pubArea: patch(14, 0x0c, 0) } }],
    ['bytes behind pubArea', { attestation: { pubArea: (area) => Buffer.concat([area, Buffer.of(0)]) } }],
  ])('%s', async (_, tamper) => {
    await expect(attest(tamper)).rejects.toMatchObject(invalid);
  });
});

describe('the requirements of section 8.3.1', () => {
  const usage = extendedKeyUsage();
  const noCa = basicConstraints(false);
  const san = tpmName();
  const names = Buffer.from(san.value).subarray(4);
  const alternativeName = (name: Uint8Array) => ({ ...san, value: sequence(name) });
  test.each<[string, Partial<CertificateOptions>]>([
    ['a subject', { subject: [['CN', 'TPM']] }],
    ['no alternative name', { extensions: [usage, noCa] }],
    ['no manufacturer', { extensions: [tpmName(null), usage, noCa] }],
    ['a manufacturer that is none', { extensions: [tpmName('INTC'), usage, noCa] }],
    ['no model', { extensions: [tpmName('id:54455354', null), usage, noCa] }],
    [
      'an alternative name that is a host',
      { extensions: [alternativeName(der(0x82, Buffer.from('a.test'))), usage, noCa] },
    ],
    ['two names in one', { extensions: [alternativeName(explicit(4, Buffer.concat([names, names]))), usage, noCa] }],
    ['no key usage', { extensions: [san, noCa] }],
    ['another key usage', { extensions: [san, extendedKeyUsage('2.23.133.8.1'), noCa] }],
    ['no basic constraints', { extensions: [san, usage] }],
    ['an authority', { extensions: [san, usage, basicConstraints(true)] }],
    ['another AAGUID', { extensions: [san, usage, noCa, aaguidExtension(new Uint8Array(16))] }],
  ])('%s is refused', async (_, certificate) => {
    await expect(attest({ attestation: { certificate } })).rejects.toMatchObject(invalid);
  });

  test('version 1 is refused as such', async () => {
    const attempt = attest({ attestation: { certificate: { version: 1, extensions: [] } } });
    const message = expect.stringContaining('version 1');
    await expect(attempt).rejects.toMatchObject({ ...invalid, message });
  });

  test('the right AAGUID holds', async () => {
    const certificate = { extensions: [san, usage, noCa, aaguidExtension(aaguid)] };
    expect(await attest({ attestation: { certificate } })).toHaveProperty('aaguid');
  });
});

test('arbitrary structures give a coded error or a structure', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
      const area = codedErrorOrValue(() => parsePublicArea(bytes));
      const info = codedErrorOrValue(() => parseCertifyInfo(bytes));
      expect(area === undefined || info === undefined).toBe(true);
    }),
  );
});
