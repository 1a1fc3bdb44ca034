import { createLocalJWKSet, jwtVerify } from 'jose';
import { expect, test } from 'vitest';
import { nodeSubtle } from '../../src/cli/runtime.ts';
import { generateSigningKey, importSigningKey } from '../../src/crypto/sign.ts';
import type { Credential } from '../../src/identity/credential.ts';
import { makeIdentityToken, type TokenRequest } from '../../src/identity/identity-token.ts';
import { jwksOf, withNewKey } from '../../src/identity/signing-keys.ts';

const now = Date.UTC(2026, 0, 1);
const schedule = { publish: 0, rotate: 1, retire: 1 };
const key = await generateSigningKey(nodeSubtle);
const signingKey = await importSigningKey(nodeSubtle, key);
const jwks = createLocalJWKSet(jwksOf(withNewKey(null, key, now, schedule)));

const request: TokenRequest = {
  user: {
    v: 1,
    id: 'AAAAAAAAAAAAAAAAAAAAAA',
    name: 'ana',
    displayName: 'Ana Sößmann',
    groups: ['admins', 'staff'],
    disabled: false,
    created: 0,
    credentials: [],
  },
  session: { id: 'session' },
  authentication: { time: now / 1000 - 60, userVerified: true },
  issuer: 'https://a.example',
  audience: 'https://app.example',
  scope: null,
  groupMap: false,
  life: 120_000,
  id: 'jti',
  now,
};

const aCredential: Credential = {
  id: 'id',
  publicKey: '',
  algorithm: -7,
  signCount: 0,
  transports: [],
  backupEligible: false,
  backedUp: false,
  uvInitialized: true,
  aaguid: '00000000-0000-0000-0000-000000000001',
  format: 'packed',
  name: 'Key',
  created: 0,
  lastUsed: null,
};

test('jose verifies the token and finds every claim', async () => {
  const token = await makeIdentityToken(signingKey, request);
  const { payload, protectedHeader } = await jwtVerify(token, jwks, {
    currentDate: new Date(now),
    issuer: 'https://a.example',
    audience: 'https://app.example',
    algorithms: ['ES256'],
  });
  expect(protectedHeader).toEqual({ typ: 'JWT', alg: 'ES256', kid: key.kid });
  expect(payload).toEqual({
    iss: 'https://a.example',
    aud: 'https://app.example',
    sub: 'AAAAAAAAAAAAAAAAAAAAAA',
    preferred_username: 'ana',
    name: 'Ana Sößmann',
    groups: ['admins', 'staff'],
    iat: now / 1000,
    nbf: now / 1000,
    exp: now / 1000 + 120,
    jti: 'jti',
    sid: 'session',
    acr: 'phr',
    amr: ['pop', 'swk', 'user', 'mfa'],
    auth_time: now / 1000 - 60,
  });
});

test('without user verification nothing claims more than one factor', async () => {
  const token = await makeIdentityToken(signingKey, { ...request, authentication: { time: 1, userVerified: false } });
  const { payload } = await jwtVerify(token, jwks, { currentDate: new Date(now) });
  expect(payload.amr).toEqual(['pop', 'swk', 'user']);
});

test.each([0, -1, 300_001, Number.NaN, Number.POSITIVE_INFINITY])('a life of %d ms is never signed', async (life) => {
  await expect(makeIdentityToken(signingKey, { ...request, life })).rejects.toMatchObject({ code: 'unfit' });
});

test('a token over 4 KB is refused, never cut', async () => {
  const groups = Array.from({ length: 100 }, (_, i) => `group-${i}-`.padEnd(60, 'x'));
  const user = { ...request.user, groups };
  await expect(makeIdentityToken(signingKey, { ...request, user })).rejects.toMatchObject({ code: 'token_too_large' });
});

test.each([
  [{ attested: true, backupEligible: false }, 'phrh', 'hwk'],
  [{ attested: true, backupEligible: true }, 'phr', 'swk'],
  [{ attested: false, backupEligible: false }, 'phr', 'swk'],
  [{ backupEligible: false }, 'phr', 'swk'],
])('hardware is told where it is proven: %o', async (known, acr, amr) => {
  const credential = { ...aCredential, ...known };
  const { payload } = await jwtVerify(await makeIdentityToken(signingKey, { ...request, credential }), jwks, {
    currentDate: new Date(now),
  });
  expect(payload).toMatchObject({ acr, amr: ['pop', amr, 'user', 'mfa'] });
});
