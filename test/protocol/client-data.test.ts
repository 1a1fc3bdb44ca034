import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeClientData, parseClientData, requireChallenge, requireType } from '../../src/protocol/client-data.ts';
import { parseJsonObject } from '../../src/protocol/json.ts';
import { codedErrorOrValue } from './properties.ts';

const good = { type: 'webauthn.get', challenge: 'AAAA', origin: 'https://a.test' };
const challenge = new Uint8Array(3);

test('members are kept as they came, unknown ones too', () => {
  const data = { ...good, tokenBinding: { status: 'supported' }, extra: [1] };
  expect(parseClientData(JSON.stringify(data), '7.1.6')).toEqual(data);
});

test.each([['supported'], [{}], [{ status: 1 }], [null], [['supported']]])(
  'tokenBinding %j is refused',
  (tokenBinding) => {
    const invalid = expect.objectContaining({ code: 'client_data_invalid', step: '7.2.9' });
    expect(() => parseClientData(JSON.stringify({ ...good, tokenBinding }), '7.2.9')).toThrow(invalid);
  },
);

test.each([
  ['another type', { ...good, type: 'webauthn.create' }],
  ['a type that is no text', { ...good, type: 1 }],
  ['a list of the type', { ...good, type: ['webauthn.get'] }],
  ['no type', { ...good, type: undefined }],
])('%s is refused', (_, data) => {
  const mismatch = expect.objectContaining({ code: 'type_mismatch', step: '7.2.10' });
  expect(() => requireType(data, 'webauthn.get', '7.2.10')).toThrow(mismatch);
});

test.each([
  ['another challenge', { ...good, challenge: 'AAAB' }],
  ['a challenge with padding', { ...good, challenge: 'AAAA=' }],
  ['a challenge with a line break', { ...good, challenge: 'AAAA\n' }],
  ['a challenge that is no text', { ...good, challenge: null }],
  ['a list of the challenge', { ...good, challenge: ['AAAA'] }],
  ['no challenge', { ...good, challenge: undefined }],
])('%s is refused', (_, data) => {
  const mismatch = expect.objectContaining({ code: 'challenge_mismatch', step: '7.2.11' });
  expect(() => requireChallenge(data, challenge, '7.2.11')).toThrow(mismatch);
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
        if (data !== undefined) expect(JSON.parse(JSON.stringify(data))).toEqual(data);
      },
    ),
  );
});
