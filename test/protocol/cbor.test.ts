import { Decoder } from 'cbor-x/decode-no-eval';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonical, decodeCbor, scanCbor } from '../../src/protocol/cbor.ts';
import { encodeCbor } from '../helpers/cbor.ts';
import { fromHex } from '../helpers/vectors.ts';
import { cborValues, codedErrorOrValue, countReads } from './properties.ts';

describe('accepts', () => {
  test.each([
    ['00'],
    ['17'],
    ['1818'],
    ['190100'],
    ['1a00010000'],
    ['1b0000000100000000'],
    ['1b001fffffffffffff'],
    ['20'],
    ['3903e7'],
    ['40'],
    ['4401020304'],
    ['60'],
    ['62c3bc'],
    ['80'],
    ['83010203'],
    ['a0'],
    ['a201020304'],
    ['a2616101626161f6'],
    ['a3012023406130f4'],
    ['f4'],
    ['f5'],
    ['f6'],
    ['8181818100'],
  ])('%s', (hex) => {
    expect(scanCbor(fromHex(hex))).toBe(hex.length / 2);
  });

  test('an item in the midst of bytes, by its offset', () => {
    expect(scanCbor(fromHex('ffff83010203ffff'), 2)).toBe(6);
  });
});

describe('refuses', () => {
  test.each([
    ['', 'nothing'],
    ['18', 'a head cut off'],
    ['1817', 'an integer longer than needed, 1 byte'],
    ['1900ff', 'an integer longer than needed, 2 bytes'],
    ['1a0000ffff', 'an integer longer than needed, 4 bytes'],
    ['1b00000000ffffffff', 'an integer longer than needed, 8 bytes'],
    ['3817', 'a negative integer longer than needed'],
    ['1b0020000000000000', 'an integer past 2^53'],
    ['3bffffffffffffffff', 'a negative integer past 2^53'],
    ['1c', 'a reserved head'],
    ['1f', 'an indefinite integer'],
    ['5f42010243030405ff', 'an indefinite byte string'],
    ['7f6161ff', 'an indefinite text'],
    ['9f01ff', 'an indefinite array'],
    ['9f', 'the one byte that took cbor-x seconds'],
    ['bf0102ff', 'an indefinite map'],
    ['ff', 'a break alone'],
    ['5801ff', 'a byte string whose length is longer than needed'],
    ['4201', 'a byte string cut off'],
    ['5affffffff00', 'a byte string of 4 GiB'],
    ['9affffffff', 'an array of 4 G items'],
    ['baffffffff', 'a map of 4 G items'],
    ['61ff', 'text that is not UTF-8'],
    ['62c080', 'text in overlong UTF-8'],
    ['63eda080', 'text with a surrogate'],
    ['c000', 'a tag'],
    ['c249010000000000000000', 'a big number'],
    ['d9dfff8000', 'a record of cbor-x'],
    ['d81b8261616161', 'the tag that makes a RegExp'],
    ['d81c80', 'a shareable value'],
    ['f7', 'undefined'],
    ['f0', 'an unassigned simple value'],
    ['f820', 'a simple value in a byte'],
    ['f97e00', 'a half float'],
    ['fa47c35000', 'a float'],
    ['fb3ff0000000000000', 'a double'],
    ['a2020001', 'a map cut off'],
    ['a20200' + '0100', 'map keys out of order'],
    ['a201000100', 'a map key twice'],
    ['a26161002000', 'a text key before an integer'],
    ['a262616100' + '616200', 'a longer key first'],
    ['a1400000', 'a byte string as a key'],
    ['a1800000', 'an array as a key'],
    ['a1a000', 'a map as a key'],
    ['a1f400', 'false as a key'],
    ['a1f93c0000', 'the float 1.0 as a key'],
    ['818181818100', 'five levels'],
  ])('%s: %s', (hex) => {
    expect(() => scanCbor(fromHex(hex))).toThrow(expect.objectContaining({ code: 'cbor_invalid' }));
  });

  test('an item past the size limit', () => {
    const bytes = encodeCbor(new Uint8Array(100));
    expect(scanCbor(bytes, 0, { ...canonical, size: 102 })).toBe(102);
    expect(() => scanCbor(bytes, 0, { ...canonical, size: 101 })).toThrow(
      expect.objectContaining({ code: 'cbor_invalid' }),
    );
  });

  test('a doubled key also where misordered maps are accepted', () => {
    const rules = { ...canonical, misorderedMaps: true };
    expect(scanCbor(fromHex('a202000100'), 0, rules)).toBe(5);
    expect(() => scanCbor(fromHex('a3020001000200'), 0, rules)).toThrow(
      expect.objectContaining({ code: 'cbor_invalid' }),
    );
  });
});

describe('properties', () => {
  test('what the canonical form can say is scanned to its end and decoded to the same', () => {
    fc.assert(
      fc.property(cborValues, (value) => {
        const bytes = encodeCbor(value);
        expect(scanCbor(bytes)).toBe(bytes.length);
        expect(Buffer.from(encodeCbor(decodeCbor(bytes) as typeof value))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  test('what is read, cbor-x reads alike', () => {
    const options = { mapsAsObjects: false, int64AsNumber: true, useRecords: false };
    const decoder = new Decoder(options);
    const either = fc.oneof(cborValues.map(encodeCbor), fc.uint8Array({ maxLength: 40 }));
    fc.assert(
      fc.property(either, (bytes) => {
        const value = codedErrorOrValue(() => decodeCbor(new Uint8Array(bytes)));
        if (value !== undefined) expect(value).toEqual(decoder.decode(new Uint8Array(bytes)));
      }),
      { numRuns: 1000 },
    );
  });

  test('there is no second form of a value: what is accepted encodes back to itself', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const value = codedErrorOrValue(() => decodeCbor(bytes));
        if (value === undefined) return;
        expect(Buffer.from(encodeCbor(value as Parameters<typeof encodeCbor>[0]))).toEqual(Buffer.from(bytes));
      }),
      { numRuns: 3000 },
    );
  });

  test('bytes cut off or changed give a coded error or another value', () => {
    fc.assert(
      fc.property(cborValues, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, position, mask) => {
        const bytes = encodeCbor(value);
        const at = position % bytes.length;
        expect(codedErrorOrValue(() => decodeCbor(bytes.subarray(0, at)))).toBeUndefined();
        const changed = Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ mask : byte));
        const other = codedErrorOrValue(() => decodeCbor(changed));
        if (other !== undefined) expect(other).not.toEqual(value);
      }),
    );
  });

  test('each byte is read a bounded number of times', () => {
    fc.assert(
      fc.property(fc.oneof(cborValues.map(encodeCbor), fc.uint8Array({ maxLength: 200 })), (bytes) => {
        const reads = countReads(bytes, (counted) => codedErrorOrValue(() => scanCbor(counted)));
        expect(reads).toBeLessThanOrEqual(6 * bytes.length + 12);
      }),
    );
  });
});
