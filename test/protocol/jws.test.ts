import { generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toBase64url, utf8 } from '../../src/bytes.ts';
import { parseJws, verifyJws } from '../../src/protocol/jws.ts';
import { parseCertificate } from '../../src/protocol/x509.ts';
import { createCertificate, ecKeys, type KeyPair } from '../helpers/certificates.ts';
import { verifier } from './ceremony.ts';
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

describe('a signature', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const keyOf = (keys: KeyPair) => parseCertificate(createCertificate({ subject: [['CN', 'x']], keys })).publicKey();

  function signed(alg: string, hash: string, { privateKey }: KeyPair): string {
    const text = `${part(JSON.stringify({ alg }))}.${payload}`;
    return `${text}.${toBase64url(sign(hash, utf8(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }))}`;
  }

  test.each<[string, string, KeyPair]>([
    ['ES256', 'sha256', ecKeys('P-256')],
    ['ES384', 'sha384', ecKeys('P-384')],
    ['ES512', 'sha512', ecKeys('P-521')],
    ['RS256', 'sha256', rsa],
    ['RS384', 'sha384', rsa],
    ['RS512', 'sha512', rsa],
  ])('%s holds, over what was signed and by its key', async (alg, hash, keys) => {
    const token = signed(alg, hash, keys);
    const other = `${part(JSON.stringify({ alg }))}.${part('{"sub":"u2"}')}.${token.split('.')[2]}`;
    const stranger = alg.startsWith('R') ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : ecKeys();
    await expect(verifyJws(parseJws(token), keyOf(keys), verifier)).resolves.toBe(true);
    await expect(verifyJws(parseJws(other), keyOf(keys), verifier)).resolves.toBe(false);
    await expect(verifyJws(parseJws(token), keyOf(stranger), verifier)).resolves.toBe(false);
  });

  test('every size of its two numbers is read', async () => {
    const keys = ecKeys();
    // one in 128 has a number that is shorter than the rest
    for (let i = 0; i < 400; i++)
      await expect(verifyJws(parseJws(signed('ES256', 'sha256', keys)), keyOf(keys), verifier)).resolves.toBe(true);
  });

  test.each([
    ['none', 'sha256', rsa],
    ['HS256', 'sha256', rsa],
    ['PS256', 'sha256', rsa],
    ['es256', 'sha256', ecKeys()],
    ['RS256', 'sha1', rsa],
    ['ES256', 'sha256', ecKeys('P-384')],
    ['RS256', 'sha256', ecKeys()],
    ['ES256', 'sha256', rsa],
  ])('%s with %s and that key does not', async (alg, hash, keys) => {
    await expect(verifyJws(parseJws(signed(alg, hash, keys)), keyOf(keys), verifier)).resolves.toBe(false);
  });
});
