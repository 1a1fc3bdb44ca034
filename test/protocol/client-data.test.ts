import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeClientData, parseClientData } from '../../src/protocol/client-data.ts';
import { parseJsonObject } from '../../src/protocol/json.ts';
import { codedErrorOrValue } from './properties.ts';

const good = { type: 'webauthn.get', challenge: 'AAAA', origin: 'https://a.test' };

test('crossOrigin is false and topOrigin null where absent', () => {
  expect(parseClientData(JSON.stringify(good), '7.1.6')).toEqual({ ...good, crossOrigin: false, topOrigin: null });
});

test.each([
  ['crossOrigin null', { ...good, crossOrigin: null }],
  ['crossOrigin 1', { ...good, crossOrigin: 1 }],
  ['topOrigin null', { ...good, topOrigin: null }],
  ['topOrigin a list', { ...good, topOrigin: [] }],
  ['a type that is no text', { ...good, type: 1 }],
  ['a challenge that is no text', { ...good, challenge: null }],
  ['an origin that is a list', { ...good, origin: ['https://a.test'] }],
])('%s is refused', (_, data) => {
  const attempt = (): unknown => parseClientData(JSON.stringify(data), '7.1.6');
  expect(attempt).toThrow(expect.objectContaining({ code: 'client_data_invalid', step: '7.1.6' }));
});

test('one byte order mark is removed, not two', () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  expect(decodeClientData(bytes('\ufeff{}'), '7.1.5')).toBe('{}');
  expect(decodeClientData(bytes('\ufeff\ufeff{}'), '7.1.5')).toBe('\ufeff{}');
});

test.each([
  '{"a":1,"a":2}',
  '{"a":1,"\\u0061":2}',
  '{"a":{"b":1},"b":"}:","a":[{"c":1}]}',
  '{"__proto__":1,"__proto__":2}',
])('a member named twice is refused: %s', (text) => {
  expect(parseJsonObject(text)).toBeNull();
});

test.each(['[]', '""', 'null', '1', '', '{', '{"a":1}x', "{'a':1}", '{"a":1,}'])('%j is no object', (text) => {
  expect(parseJsonObject(text)).toBeNull();
});

test('JSON objects are read as JSON.parse reads them', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), (value) => {
      const text = JSON.stringify(value);
      expect(parseJsonObject(text)).toEqual(JSON.parse(text));
    }),
  );
});

test('arbitrary bytes give client data or a coded error', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((text) => new TextEncoder().encode(text)),
      ),
      (bytes) => {
        const data = codedErrorOrValue(() => parseClientData(decodeClientData(bytes, '7.1.5'), '7.1.6'));
        if (data !== undefined) expect(typeof data.origin).toBe('string');
      },
    ),
  );
});
