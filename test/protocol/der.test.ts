import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as der from '../../src/protocol/der.ts';
import { fromHex } from '../helpers/vectors.ts';
import { codedErrorOrValue, countReads } from './properties.ts';

const parse = (hex: string): der.DerElement => der.parseDer(fromHex(hex));
const text = (value: string): string => Buffer.from(value).toString('hex');
const time = (tag: string, value: string): string => tag + value.length.toString(16).padStart(2, '0') + text(value);
const invalid = expect.objectContaining({ code: 'certificate_invalid' });

describe('elements', () => {
  test('a long length', () => {
    expect(parse(`048180${'00'.repeat(128)}`).content.length).toBe(128);
    expect(parse(`04820100${'00'.repeat(256)}`).content.length).toBe(256);
  });
  test('a tag past 30 keeps its class and number', () => {
    expect(parse('bf853e0102').tag).toBe(0xa0 | (702 << 8));
  });
  test.each([
    ['', 'nothing'],
    ['04', 'no length'],
    ['0402ff', 'the end inside'],
    ['0400ff', 'bytes behind'],
    ['048001020000', 'an indefinite length'],
    ['04810101', 'a length longer than needed'],
    ['0482008001', 'a length with a leading zero'],
    ['0484000000017f', 'a length of four bytes'],
    ['9f1e00', 'a tag longer than needed'],
    ['9f803f00', 'a tag with a leading zero'],
    ['9f818181013f00', 'a tag of four bytes'],
    ['9f', 'a tag cut off'],
  ])('%s is refused: %s', (hex) => {
    expect(() => parse(hex)).toThrow(invalid);
  });
  test('only constructed elements have children', () => {
    expect(der.sequence(parse('3006020101020102'))).toHaveLength(2);
    expect(() => der.children(parse('0403020101'))).toThrow(invalid);
    expect(() => der.sequence(parse('3103020101'))).toThrow(invalid);
  });
});

describe('INTEGER', () => {
  test('its smallest and largest forms', () => {
    expect(der.smallInteger(parse('020100'))).toBe(0);
    expect(der.smallInteger(parse('02047fffffff'))).toBe(0x7fffffff);
    expect(der.unsigned(parse('02020080'))).toEqual(Uint8Array.of(0x80));
    expect(der.integer(parse('0201ff'))).toEqual(Uint8Array.of(0xff));
  });
  test.each(['0200', '02020001', '0202ff80'])('%s is refused', (hex) => {
    expect(() => der.integer(parse(hex))).toThrow(invalid);
  });
  test.each(['0201ff', '02050080000000'])('%s is out of range', (hex) => {
    expect(() => der.smallInteger(parse(hex))).toThrow(invalid);
  });
  test('a negative modulus is refused', () => expect(() => der.unsigned(parse('020180'))).toThrow(invalid));
});

describe('the other types', () => {
  test('BOOLEAN', () => {
    expect(der.boolean(parse('0101ff'))).toBe(true);
    expect(der.boolean(parse('010100'))).toBe(false);
    for (const hex of ['010101', '0100', '0102ffff']) expect(() => der.boolean(parse(hex))).toThrow(invalid);
  });
  test('BIT STRING', () => {
    expect(der.bitString(parse('03020780'))).toEqual({ bits: Uint8Array.of(0x80), unused: 7 });
    expect(der.bitStringBytes(parse('03020080'))).toEqual(Uint8Array.of(0x80));
    for (const hex of ['0300', '030101', '03020880', '030207c0'])
      expect(() => der.bitString(parse(hex))).toThrow(invalid);
    expect(() => der.bitStringBytes(parse('03020780'))).toThrow(invalid);
  });
  test('OBJECT IDENTIFIER', () => {
    expect(der.oid(parse('06082a8648ce3d040302'))).toBe('1.2.840.10045.4.3.2');
    expect(der.oid(parse('0603883703'))).toBe('2.999.3');
    expect(der.oid(parse('06012a'))).toBe('1.2');
    for (const hex of ['0600', '0602802a', '06022a80', '06022a81', '06032a8001', `060a2a${'ff'.repeat(8)}7f`])
      expect(() => der.oid(parse(hex))).toThrow(invalid);
  });
  test('times', () => {
    expect(der.time(parse(time('17', '491231235959Z')))).toBe(Date.UTC(2049, 11, 31, 23, 59, 59));
    expect(der.time(parse(time('17', '500101000000Z')))).toBe(Date.UTC(1950, 0, 1));
    expect(der.time(parse(time('18', '30240101000000Z')))).toBe(Date.UTC(3024, 0, 1));
  });
  test.each([
    ['17', '491231235959', 'no Z'],
    ['17', '499931235959Z', 'month 99'],
    ['17', '490230000000Z', '30 February'],
    ['17', '491231240000Z', 'hour 24'],
    ['17', '491231235960Z', 'second 60'],
    ['17', '4912312359Z', 'no seconds'],
    ['17', '491231235959+0000', 'an offset'],
    ['18', '20250101000000.5Z', 'a fraction'],
    ['18', '491231235959Z', 'a short year'],
    ['18', '00550505050505Z', 'a year before 1950'],
    ['04', '491231235959Z', 'another type'],
  ])('the time %s %s is refused: %s', (tag, value) => {
    expect(() => der.time(parse(time(tag, value)))).toThrow(invalid);
  });
});

test('arbitrary bytes give an element that is those bytes, or a coded error, in linear work', () => {
  const walk = (element: der.DerElement, depth: number): number =>
    depth > 20 || (element.tag & 0x20) === 0
      ? element.content.length
      : der.children(element).reduce((sum, child) => sum + walk(child, depth + 1), 0);
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.uint8Array({ maxLength: 40 }).map((content) => Uint8Array.of(0x30, content.length, ...content)),
  );
  fc.assert(
    fc.property(bytes, (input) => {
      const element = codedErrorOrValue(() => der.parseDer(input));
      if (element === undefined) return;
      expect(element.bytes).toEqual(input);
      codedErrorOrValue(() => walk(element, 0));
      expect(countReads(input, (counted) => codedErrorOrValue(() => der.parseDer(counted)))).toBeLessThanOrEqual(
        2 * input.length + 12,
      );
    }),
    { numRuns: 2000 },
  );
});
