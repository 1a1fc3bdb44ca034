import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toBase64url, utf8 } from '../../src/bytes.ts';
import { parseJws } from '../../src/protocol/jws.ts';
import { codedErrorOrValue } from './properties.ts';

const part = (text: string): string => toBase64url(utf8(text));
const header = part('{"alg":"ES256"}');
const payload = part('{"sub":"u1"}');

test('the parts of a token', () => {
  expect(parseJws(`${header}.${payload}.AAAA`)).toEqual({
    header: { alg: 'ES256' },
    payload: { sub: 'u1' },
    signature: new Uint8Array(3),
    signed: utf8(`${header}.${payload}`),
  });
});

describe('refuses', () => {
  test.each([
    ['nothing', ''],
    ['two parts', `${header}.${payload}`],
    ['four parts', `${header}.${payload}.AAAA.AAAA`],
    ['five parts, as an encrypted token', `${header}.AAAA.AAAA.AAAA.AAAA`],
    ['padding', `${header}.${payload}.AA==`],
    ['stray bits', `${header}.${payload}.AB`],
    ['the other base64', `${header}.${payload}.+/+/`],
    ['white space', `${header}.${payload}.AAAA\n`],
    ['a header that is no object', `${part('[]')}.${payload}.AAAA`],
    ['a header that is no JSON', `${part('alg')}.${payload}.AAAA`],
    ['a header that is no UTF-8', `${toBase64url(Uint8Array.of(0x7b, 0xff, 0x7d))}.${payload}.AAAA`],
    ['a member named twice', `${part('{"alg":"ES256","alg":"none"}')}.${payload}.AAAA`],
    ['a payload that is no object', `${header}.${part('"u1"')}.AAAA`],
    ['more than 8192 characters', `${header}.${payload}.${'A'.repeat(8192)}`],
  ])('%s', (_, token) => {
    expect(() => parseJws(token)).toThrow(expect.objectContaining({ code: 'token_invalid' }));
  });
});

test('arbitrary text and changed tokens give a coded error or what they say', () => {
  const token = `${header}.${payload}.AAAA`;
  const changed = fc
    .tuple(fc.nat({ max: token.length - 1 }), fc.string({ minLength: 1, maxLength: 1 }))
    .map(([at, char]) => token.slice(0, at) + char + token.slice(at + 1));
  fc.assert(
    fc.property(fc.oneof(fc.string(), changed), (text) => {
      const jws = codedErrorOrValue(() => parseJws(text));
      if (jws !== undefined) expect(text.startsWith(new TextDecoder().decode(jws.signed))).toBe(true);
    }),
  );
});
