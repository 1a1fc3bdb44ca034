import { generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { derToRaw } from '../../src/crypto/ecdsa-signature.ts';
import { der, integer, sequence } from '../helpers/der.ts';

const one = integer(1);
const bytes = (length: number, first = 1): Uint8Array => Uint8Array.of(first, ...new Uint8Array(length - 1).fill(7));

test('short numbers are aligned to the right', () => {
  expect(derToRaw(sequence(integer(1), integer(0x80)), 2)).toEqual(Uint8Array.of(0, 1, 0, 0x80));
  for (let length = 1; length <= 32; length++) {
    const raw = derToRaw(sequence(integer(bytes(length)), one), 32);
    expect(raw?.subarray(32 - length, 32)).toEqual(bytes(length));
  }
});

test.each([
  ['P-256', 32],
  ['P-384', 48],
  ['P-521', 66],
] as const)("OpenSSL's signatures on %s", (namedCurve, size) => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve });
  const raw = derToRaw(sign('sha256', Buffer.of(1), privateKey), size);
  expect(raw).toHaveLength(2 * size);
});

describe('refuses', () => {
  test.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array(0)],
    ['a third INTEGER', sequence(one, one, one)],
    ['one INTEGER', sequence(one)],
    ['bytes behind the SEQUENCE', Buffer.concat([sequence(one, one), Buffer.of(0)])],
    ['bytes behind the INTEGERs', sequence(one, one, Buffer.of(0))],
    ['another tag', der(0x31, one, one)],
    ['another tag inside', sequence(one, der(0x04, Buffer.of(1)))],
    ['a long length that is not needed', Buffer.concat([Buffer.of(0x30, 0x81, 6), one, one])],
    ['an indefinite length', Buffer.concat([Buffer.of(0x30, 0x80), one, one, Buffer.of(0, 0)])],
    ['zero', sequence(integer(0), one)],
    ['zero as s', sequence(one, integer(0))],
    ['an empty INTEGER', sequence(der(2), one)],
    ['a negative number', sequence(integer(Uint8Array.of(0x80)), one)],
    ['a padded number', sequence(integer(Uint8Array.of(0, 1)), one)],
    ['a number of 33 bytes', sequence(integer(bytes(33)), one)],
    ['an INTEGER past the end', Buffer.of(0x30, 6, 2, 1, 1, 2, 2, 1)],
    ['r || s', new Uint8Array(64).fill(1)],
  ])('%s', (_, signature) => {
    expect(derToRaw(signature, 32)).toBeNull();
  });
});

test('there is one encoding: what is accepted encodes back to itself', () => {
  const number = fc.uint8Array({ minLength: 1, maxLength: 34 });
  fc.assert(
    fc.property(number, number, fc.nat(), fc.nat({ max: 255 }), (r, s, position, mask) => {
      const signature = sequence(integer(r), integer(s));
      const at = position % signature.length;
      const changed = Uint8Array.from(signature, (byte, i) => (i === at ? byte ^ mask : byte));
      const raw = derToRaw(changed, 32);
      if (raw === null) return;
      const half = (start: number): Uint8Array => {
        const part = Buffer.from(raw.subarray(start, start + 32));
        const first = part.findIndex((byte) => byte !== 0);
        const number = part.subarray(first);
        return integer((number[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), number]) : Uint8Array.from(number));
      };
      expect(Buffer.from(sequence(half(0), half(32)))).toEqual(Buffer.from(changed));
    }),
    { numRuns: 2000 },
  );
});
