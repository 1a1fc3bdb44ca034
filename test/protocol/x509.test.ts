import { X509Certificate } from 'node:crypto';
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
import { bits, boolean, der, explicit, integer, oid, sequence, time, utf8String } from '../helpers/der.ts';
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

  test('unless it is right, as this one', () => {
    const read = parseCertificate(build(v3, integer(1), ...tail, explicit(3, sequence(extension))));
    expect(readBasicConstraints(read)).toEqual({ ca: false, pathLength: null });
    expect(parseCertificate(build(integer(1), ...tail)).version).toBe(1);
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

  test('whatever we accept of changed certificates, OpenSSL accepts and reads alike', () => {
    fc.assert(
      fc.property(fc.constantFrom(...samples), fc.nat(), fc.integer({ min: 1, max: 255 }), (sample, position, mask) => {
        const at = position % sample.length;
        const bytes = Uint8Array.from(sample, (byte, i) => (i === at ? byte ^ mask : byte));
        const ours = codedErrorOrValue(() => readWhole(bytes));
        if (ours === undefined) return;
        const openssl = new X509Certificate(bytes);
        expect(Date.parse(openssl.validTo)).toBe(ours.notAfter);
        expect(Date.parse(openssl.validFrom)).toBe(ours.notBefore);
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

/** Names and extensions stay bytes until somebody asks: here all is asked for. */
function readWhole(bytes: Uint8Array): Certificate {
  const certificate = parseCertificate(bytes);
  certificate.publicKey();
  nameAttributes(certificate.issuer);
  nameAttributes(certificate.subject);
  readBasicConstraints(certificate);
  return certificate;
}
