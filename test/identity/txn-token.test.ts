import { decodeJwt, decodeProtectedHeader } from 'jose';
import { expect, test } from 'vitest';
import { nodeSubtle } from '../../src/cli/runtime.ts';
import { generateSigningKey, importSigningKey } from '../../src/crypto/sign.ts';
import { makeTxnToken, type TxnTokenRequest } from '../../src/identity/txn-token.ts';

const now = Date.UTC(2026, 0, 1);
const key = await generateSigningKey(nodeSubtle);
const signingKey = await importSigningKey(nodeSubtle, key);

const request: TxnTokenRequest = {
  identity: { sub: 'AAAA', exp: now / 1000 + 120, scope: 'admin', groups: ['admins'], acr: 'phr', name: 'Ana' },
  issuer: 'https://a.example',
  trustDomain: 'a.internal',
  transaction: '00112233445566778899aabbccddeeff',
  address: '192.0.2.1',
  bound: {},
  now,
};

test('holds what the draft requires and nothing that names a person', async () => {
  const token = await makeTxnToken(signingKey, request);
  expect(decodeProtectedHeader(token)).toEqual({ typ: 'txntoken+jwt', alg: 'ES256', kid: key.kid });
  expect(decodeJwt(token)).toEqual({
    iss: 'https://a.example',
    aud: 'a.internal',
    iat: now / 1000,
    exp: now / 1000 + 60,
    txn: '00112233445566778899aabbccddeeff',
    sub: 'AAAA',
    scope: 'admin',
    req_wl: 'https://a.example',
    groups: ['admins'],
    rctx: { req_ip: '192.0.2.1', authn: 'phr' },
  });
});

test('ends with the identity that it was made of', async () => {
  const token = await makeTxnToken(signingKey, { ...request, identity: { ...request.identity, exp: now / 1000 + 7 } });
  expect(decodeJwt(token).exp).toBe(now / 1000 + 7);
});

test.each([
  [{ ...request.identity, exp: now / 1000 }],
  [{ ...request.identity, exp: undefined }],
  [{ ...request.identity, sub: undefined }],
  [{}],
])('there is none for %j', async (identity) => {
  await expect(makeTxnToken(signingKey, { ...request, identity })).rejects.toMatchObject({ code: 'unfit' });
});

test('a token past 4,096 bytes is refused, never cut', async () => {
  const bound = { target: `/${'x'.repeat(4000)}` };
  await expect(makeTxnToken(signingKey, { ...request, bound })).rejects.toMatchObject({ code: 'token_too_large' });
});
