import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aaguidText, parseAuthenticatorData } from '../../src/protocol/authenticator-data.ts';
import { type CborValue, encodeCbor } from '../helpers/cbor.ts';
import { ecKeys } from '../helpers/certificates.ts';
import { coseKeyOf } from '../helpers/credential-keys.ts';
import { codedErrorOrValue } from './properties.ts';

const key = encodeCbor(coseKeyOf(ecKeys().publicKey, 'ES256'));
const head = (flags: number): Uint8Array => Uint8Array.of(...new Uint8Array(32).fill(7), flags, 0xff, 0xff, 0xff, 0xfe);
const attested = Buffer.concat([new Uint8Array(16).fill(1), Uint8Array.of(0, 3), Uint8Array.of(4, 5, 6), key]);
const extensions = encodeCbor(new Map<CborValue, CborValue>([['credProtect', 2]]));
const join = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

test('every member', () => {
  const data = parseAuthenticatorData(join(head(0xdd), attested, extensions));
  expect(data).toMatchObject({
    userPresent: true,
    userVerified: true,
    backupEligible: true,
    backedUp: true,
    signCount: 0xfffffffe,
    attested: { credentialId: Uint8Array.of(4, 5, 6), publicKey: new Uint8Array(key) },
  });
  expect(data.extensions).toEqual(new Map([['credProtect', 2]]));
});

test.each([
  [0x00, [false, false, false, false]],
  [0x01, [true, false, false, false]],
  [0x04, [false, true, false, false]],
  [0x08, [false, false, true, false]],
  [0x10, [false, false, false, true]],
  [0x22, [false, false, false, false]],
])('the flags %i', (flags, expected) => {
  const data = parseAuthenticatorData(head(flags));
  expect([data.userPresent, data.userVerified, data.backupEligible, data.backedUp]).toEqual(expected);
});

describe('refuses', () => {
  test.each<[string, Uint8Array, string?]>([
    ['36 bytes', head(0).subarray(0, 36)],
    ['bytes that no flag announces', join(head(0), extensions)],
    ['an attested credential that no flag announces', join(head(0), attested)],
    ['a flag without its attested credential', head(0x40)],
    [
      'a credential identifier longer than the rest',
      join(head(0x40), attested.subarray(0, 16), Uint8Array.of(0xff, 0xff, 1)),
    ],
    ['a key cut off', join(head(0x40), attested.subarray(0, -1)), 'cbor_invalid'],
    ['bytes behind the key', join(head(0x40), attested, Uint8Array.of(0))],
    ['a flag without its extensions', join(head(0xc0), attested), 'cbor_invalid'],
    ['extensions that are no map', join(head(0x80), encodeCbor([1])), 'cbor_invalid'],
    ['an extension named by a number', join(head(0x80), encodeCbor(new Map([[1, 1]])))],
    ['bytes behind the extensions', join(head(0x80), extensions, Uint8Array.of(0))],
  ])('%s', (_, bytes, code = 'authenticator_data_invalid') => {
    expect(() => parseAuthenticatorData(bytes)).toThrow(expect.objectContaining({ code }));
  });
});

test('bytes anywhere in a larger buffer are read from their own start', () => {
  const larger = join(new Uint8Array(9), head(1));
  expect(parseAuthenticatorData(larger.subarray(9)).signCount).toBe(0xfffffffe);
});

test('bytes cut off or changed give a coded error or what the bytes say', () => {
  const whole = join(head(0xc5), attested, extensions);
  fc.assert(
    fc.property(fc.nat({ max: whole.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      expect(codedErrorOrValue(() => parseAuthenticatorData(whole.subarray(0, at)))).toBeUndefined();
      const changed = Uint8Array.from(whole, (byte, i) => (i === at ? byte ^ mask : byte));
      const data = codedErrorOrValue(() => parseAuthenticatorData(changed));
      if (data !== undefined) expect(data.rpIdHash).toEqual(changed.subarray(0, 32));
    }),
  );
});

test('an AAGUID as text', () => {
  const bytes = Uint8Array.from({ length: 16 }, (_, i) => i);
  expect(aaguidText(bytes)).toBe('00010203-0405-0607-0809-0a0b0c0d0e0f');
});
