import { webcrypto } from 'node:crypto';
import { calculateJwkThumbprint, importJWK, jwtVerify, SignJWT } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { toBase64url, utf8 } from '../../src/bytes.ts';
import { generateSigningKey, importSigningKey, type SigningKey, signJwt, verifyJwt } from '../../src/crypto/sign.ts';

const subtle = webcrypto.subtle;
const time = 1_800_000_000_000;
const claims = { iss: 'https://a.test', sub: 'u1', nbf: time / 1000, exp: time / 1000 + 60 };
let pair: Awaited<ReturnType<typeof generateSigningKey>>;
let key: SigningKey;

beforeAll(async () => {
  pair = await generateSigningKey(subtle);
  key = await importSigningKey(subtle, pair);
});

test('the kid is the thumbprint of RFC 7638', async () => {
  expect(pair.kid).toBe(await calculateJwkThumbprint(pair.publicJwk));
});

test('jose verifies what signJwt signed', async () => {
  const token = await signJwt(key, { typ: 'JWT' }, claims);
  const result = await jwtVerify(token, await importJWK(pair.publicJwk, 'ES256'), { currentDate: new Date(time) });
  expect(result.payload).toEqual(claims);
  expect(result.protectedHeader).toEqual({ typ: 'JWT', alg: 'ES256', kid: pair.kid });
});

test('verifyJwt verifies what jose signed', async () => {
  const token = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', kid: pair.kid })
    .sign(await importJWK(pair.privateJwk, 'ES256'));
  expect((await verifyJwt(subtle, token, [pair], time)).claims).toEqual(claims);
});

test('a header cannot name another algorithm or key than those of the key that signs', async () => {
  const token = await signJwt(key, { alg: 'none', kid: 'other' }, claims);
  expect((await verifyJwt(subtle, token, [pair], time)).header).toEqual({ alg: 'ES256', kid: pair.kid });
});

describe('verifyJwt refuses', () => {
  const part = (value: object): string => toBase64url(utf8(JSON.stringify(value)));
  /** Signed by the right key, whatever its header says. */
  const sealed = async (signed: string): Promise<string> => {
    const subtleKey = key.key as webcrypto.CryptoKey;
    const signature = await subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, subtleKey, utf8(signed));
    return `${signed}.${toBase64url(new Uint8Array(signature))}`;
  };
  const refuse = (token: string, code = 'token_invalid', at = time): Promise<void> =>
    expect(verifyJwt(subtle, token, [pair], at)).rejects.toMatchObject({ code });

  test.each(['none', 'HS256', 'RS256', 'ES384', 'es256', undefined])('alg %s', async (alg) => {
    await refuse(await sealed(`${part({ alg, kid: pair.kid })}.${part(claims)}`));
  });
  test('an unpublished kid', async () => {
    const other = await generateSigningKey(subtle);
    await refuse(await signJwt(await importSigningKey(subtle, other), {}, claims));
  });
  test('a key that the token brings along', async () => {
    const other = await generateSigningKey(subtle);
    await refuse(
      await signJwt({ ...(await importSigningKey(subtle, other)), kid: pair.kid }, { jwk: other.publicJwk }, claims),
    );
  });
  test('critical headers', async () => refuse(await signJwt(key, { crit: ['b64'], b64: false }, claims)));
  test('changed claims', async () => {
    const [header, , signature] = (await signJwt(key, {}, claims)).split('.');
    await refuse(`${header}.${part({ ...claims, sub: 'u2' })}.${signature}`);
  });
  test('a signature of another length', async () => refuse(`${(await signJwt(key, {}, claims)).slice(0, -4)}`));
  test('the end of its life', async () => {
    await refuse(await signJwt(key, {}, claims), 'token_expired', time + 60_000);
  });
  test('a token before its time', async () => refuse(await signJwt(key, {}, { ...claims, nbf: time / 1000 + 1 })));
  test('a token without an end', async () => refuse(await signJwt(key, {}, { sub: 'u1' })));
  test('a claim named twice', async () => {
    const [header] = (await signJwt(key, {}, claims)).split('.');
    const signed = `${header}.${toBase64url(utf8(`{"sub":"u1","sub":"u2","exp":${claims.exp}}`))}`;
    await refuse(await sealed(signed));
  });
  test.each(['', '.', 'a.b', 'a.b.c.d', `${'a'.repeat(9000)}.b.c`, 'e30=.e30.'])('%j', async (token) =>
    refuse(token.slice(0)),
  );
});
