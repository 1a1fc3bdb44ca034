import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import 'reflect-metadata';
import { X509Certificate as PeculiarCertificate } from '@peculiar/x509';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Certificate,
  nameAttributes,
  parseCertificate,
  basicConstraints as readBasicConstraints,
} from '../../src/protocol/x509.ts';
import {
  aaguidExtension,
  basicConstraints,
  createAuthority,
  createCertificate,
  ecKeys,
  encodeName,
  keyUsage,
} from '../helpers/certificates.ts';
import { bits, boolean, der, derNull, explicit, integer, oid, sequence, time, utf8String } from '../helpers/der.ts';
import { fromHex, haveVectors, level3Vectors, vectorsNote } from '../helpers/vectors.ts';
import { codedErrorOrValue } from './properties.ts';

const keys = ecKeys('P-384');
const certificate = createCertificate({
  subject: [
    ['C', 'SE'],
    ['O', 'Ünïcode'],
    ['CN', 'a'],
    ['CN', 'b'],
  ],
  keys,
  notAfter: new Date('2055-05-05T05:05:05Z'),
  extensions: [basicConstraints(true, 3), keyUsage('ca'), aaguidExtension(new Uint8Array(16))],
});
const invalid = expect.objectContaining({ code: 'certificate_invalid' });

test('the fields of a certificate', () => {
  const read = parseCertificate(certificate);
  expect(read).toMatchObject({
    version: 3,
    notBefore: Date.UTC(2020, 0, 1),
    notAfter: Date.UTC(2055, 4, 5, 5, 5, 5),
    signatureAlgorithm: -7,
  });
  expect(read.publicKey()).toMatchObject({ kty: 'EC', crv: 'P-384' });
  expect(read.issuer).toEqual(read.subject);
  expect([...nameAttributes(read.subject)]).toEqual([
    ['2.5.4.6', ['SE']],
    ['2.5.4.10', ['Ünïcode']],
    ['2.5.4.3', ['a', 'b']],
  ]);
  expect(readBasicConstraints(read)).toEqual({ ca: true, pathLength: 3 });
  expect([...read.extensions].map(([id, { critical }]) => [id, critical])).toEqual([
    ['2.5.29.19', true],
    ['2.5.29.15', true],
    ['1.3.6.1.4.1.45724.1.1.4', false],
  ]);
});

test('a certificate without basic constraints has none', () => {
  const plain = createCertificate({ subject: [['CN', 'x']], keys });
  expect(readBasicConstraints(parseCertificate(plain))).toBeNull();
});

describe('a certificate is refused', () => {
  const algorithm = sequence(oid('1.2.840.10045.4.3.2'));
  const name = encodeName([['CN', 'x']]);
  const validity = sequence(time(new Date(0)), time(new Date(1e12)));
  const key = new Uint8Array(keys.publicKey.export({ type: 'spki', format: 'der' }));
  const extension = sequence(oid('2.5.29.19'), der(0x04, sequence()));
  const build = (...fields: readonly Uint8Array[]): Uint8Array =>
    sequence(sequence(...fields), algorithm, bits(new Uint8Array(70)));
  const tail = [algorithm, name, validity, name, key] as const;
  const v3 = explicit(0, integer(2));
  const [ecPublicKey, p384] = [oid('1.2.840.10045.2.1'), oid('1.3.132.0.34')] as const;
  const point = bits(key.subarray(-97));
  const ed25519 = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' });
  const spki = [sequence(ecPublicKey, p384), point] as const;
  const rsa = '1.2.840.113549.1.1.1';
  const rsaAlgorithm = sequence(oid(rsa), derNull());
  const modulus = integer(Buffer.concat([Buffer.of(0), Buffer.alloc(256, 0xff)]));

  test('unless it is right, as this one', () => {
    const read = parseCertificate(build(v3, integer(1), ...tail, explicit(3, sequence(extension))));
    expect(readBasicConstraints(read)).toEqual({ ca: false, pathLength: null });
    expect(parseCertificate(build(integer(1), ...tail)).version).toBe(1);
    const keyOf = (spki: Uint8Array) =>
      parseCertificate(build(v3, integer(1), algorithm, name, validity, name, spki)).publicKey();
    expect(keyOf(sequence(...spki))).toMatchObject({ kty: 'EC', crv: 'P-384' });
    expect(keyOf(sequence(rsaAlgorithm, bits(sequence(modulus, integer(65537)))))).toMatchObject({ kty: 'RSA' });
  });

  test.each<[string, Uint8Array]>([
    ['with version 1 spelled out', build(explicit(0, integer(0)), integer(1), ...tail)],
    ['of version 4', build(explicit(0, integer(3)), integer(1), ...tail)],
    ['of version 1 with extensions', build(integer(1), ...tail, explicit(3, sequence(extension)))],
    ['with two algorithms', build(v3, integer(1), sequence(oid('1.2.840.10045.4.3.3')), ...tail.slice(1))],
    ['with a padded serial number', build(v3, der(0x02, Uint8Array.of(0, 1)), ...tail)],
    ['with an extension twice', build(v3, integer(1), ...tail, explicit(3, sequence(extension, extension)))],
    [
      'with members behind the extensions',
      build(v3, integer(1), ...tail, explicit(3, sequence(extension)), integer(1)),
    ],
    ['with an extension cut short', build(v3, integer(1), ...tail, explicit(3, sequence(sequence(oid('1.2.3')))))],
    [
      'with a fourth member',
      sequence(sequence(v3, integer(1), ...tail), algorithm, bits(new Uint8Array(70)), integer(1)),
    ],
    ['with extensions, but none', build(v3, integer(1), ...tail, explicit(3, sequence()))],
    ['without a key', build(v3, integer(1), ...tail.slice(0, -1))],
    [
      'with a third time',
      build(
        v3,
        integer(1),
        algorithm,
        name,
        sequence(time(new Date(0)), time(new Date(0)), time(new Date(0))),
        name,
        key,
      ),
    ],
    ['with bytes behind it', Buffer.concat([certificate, Buffer.of(0)])],
    ['with a name that is no sequence', build(v3, integer(1), algorithm, utf8String('x'), validity, name, key)],
  ])('%s', (_, bytes) => {
    expect(() => parseCertificate(bytes)).toThrow(invalid);
  });

  test.each<[string, Uint8Array]>([
    ['a third member', sequence(...spki, integer(1))],
    ['a third part of its algorithm', sequence(sequence(ecPublicKey, p384, integer(1)), point)],
    ['an RSA key of three numbers', sequence(rsaAlgorithm, bits(sequence(modulus, integer(65537), integer(1))))],
    ['an RSA key without parameters', sequence(sequence(oid(rsa)), bits(sequence(modulus, integer(65537))))],
    ['an Ed25519 key with parameters', sequence(sequence(oid('1.3.101.112'), derNull()), bits(ed25519.subarray(-32)))],
  ])('for a key with %s', (_, spkiBytes) => {
    const read = parseCertificate(build(v3, integer(1), algorithm, name, validity, name, spkiBytes));
    expect(() => read.publicKey()).toThrow(expect.objectContaining({ code: expect.stringMatching(/_invalid$/) }));
  });

  test('for its key only where the key is used', () => {
    const unknown = sequence(sequence(oid('1.2.3')), bits(new Uint8Array(8)));
    const read = parseCertificate(build(v3, integer(1), algorithm, name, validity, name, unknown));
    expect(() => read.publicKey()).toThrow(expect.objectContaining({ code: 'public_key_invalid' }));
  });
});

test('a name or constraints with something behind are refused', () => {
  const attribute = sequence(der(0x31, sequence(oid('2.5.4.3'), utf8String('x'), integer(1))));
  expect(() => nameAttributes(attribute)).toThrow(invalid);
  const value = sequence(boolean(true), integer(1), integer(2));
  const extensions = [{ id: '2.5.29.19', value }];
  const read = parseCertificate(createCertificate({ subject: [['CN', 'x']], keys, extensions }));
  expect(() => readBasicConstraints(read)).toThrow(invalid);
});

describe('a second opinion', () => {
  const authority = createAuthority('Second opinion');
  const samples = [certificate, authority.certificate];

  test.each(samples)('OpenSSL reads the same', (bytes) => {
    const ours = parseCertificate(bytes);
    const openssl = new X509Certificate(bytes);
    expect(Date.parse(openssl.validFrom)).toBe(ours.notBefore);
    expect(Date.parse(openssl.validTo)).toBe(ours.notAfter);
    expect(openssl.ca).toBe(readBasicConstraints(ours)?.ca ?? false);
    expect(openssl.serialNumber.toLowerCase()).toBe(Buffer.from(ours.serialNumber).toString('hex'));
  });

  test('whatever we accept of changed certificates, OpenSSL and a library accept and read alike', () => {
    fc.assert(
      fc.property(fc.constantFrom(...samples), fc.nat(), fc.integer({ min: 1, max: 255 }), (sample, position, mask) => {
        const at = position % sample.length;
        const bytes = Uint8Array.from(sample, (byte, i) => (i === at ? byte ^ mask : byte));
        const ours = codedErrorOrValue(() => readWhole(bytes));
        if (ours === undefined) return;
        const openssl = new X509Certificate(bytes);
        expect(Date.parse(openssl.validTo)).toBe(ours.notAfter);
        expect(Date.parse(openssl.validFrom)).toBe(ours.notBefore);
        expect(BigInt(`0x${openssl.serialNumber.replace('-', '')}`)).toBe(magnitudeOf(ours.serialNumber));
        const peculiar = new PeculiarCertificate(bytes);
        expect([peculiar.notBefore.getTime(), peculiar.notAfter.getTime()]).toEqual([ours.notBefore, ours.notAfter]);
        expect(new Uint8Array(peculiar.subjectName.toArrayBuffer())).toEqual(new Uint8Array(ours.subject));
        expect(new Uint8Array(peculiar.issuerName.toArrayBuffer())).toEqual(new Uint8Array(ours.issuer));
      }),
      { numRuns: 2000 },
    );
  });

  test.skipIf(!haveVectors)(`the root of the Level 3 vectors${vectorsNote}`, () => {
    const root = parseCertificate(fromHex(level3Vectors().attestationRoot.attestation_ca_cert));
    expect(new Date(root.notAfter).getUTCFullYear()).toBe(3024);
    expect(readBasicConstraints(root)?.ca).toBe(true);
  });
});

/** Of a number in two's complement, as OpenSSL prints it behind a sign. */
function magnitudeOf(bytes: Uint8Array): bigint {
  const signed = BigInt.asIntN(bytes.length * 8, BigInt(`0x${Buffer.from(bytes).toString('hex')}`));
  return signed < 0n ? -signed : signed;
}

/** Names and extensions stay bytes until somebody asks: here all is asked for. */
function readWhole(bytes: Uint8Array): Certificate {
  const certificate = parseCertificate(bytes);
  certificate.publicKey();
  nameAttributes(certificate.issuer);
  nameAttributes(certificate.subject);
  readBasicConstraints(certificate);
  return certificate;
}
